from __future__ import annotations

import pytest
import torch

from handgen.checkpoints import files as checkpoint
from handgen.errors import TrainingError


def quiet(progress):
    pass


def limit(trainer, images, error):
    """Let the toy run out of memory with more than ``images`` images."""
    model = trainer.model
    prepare = model.prepare

    def limited(batch):
        if len(batch.target) > images:
            raise error
        return prepare(batch)

    trainer.optimizer._prepare = limited


def of_cpu():
    """The error of torch when the CPU's memory is used up."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    return RuntimeError(str(caught.value))


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), of_cpu()])
@pytest.mark.parametrize(
    ("given", "fits", "message"),
    [
        ({"batch": 16, "width": 12}, 5, "16 images .* Use --accumulate 4 or --batch 4 or --width 3."),
        ({"batch": 12, "width": 12}, 3, "12 images .* Use --accumulate 4 or --batch 3 or --width 3."),
        ({"batch": 16, "width": 2, "accumulate": 2}, 2, "8 images .* Use --accumulate 8 or --batch 4."),
        ({"batch": 2, "width": 12}, 1, "2 images .* Use --accumulate 2 or --width 6."),  # --batch 1 is refused
        ({"batch": 4, "width": 12}, 0, "4 images .* Use --width 3."),
        ({"batch": 4, "width": 2}, 0, "4 images .* Use a smaller network."),
    ],
)
def test_what_would_fit_is_named(make_trainer, toy_model, given, fits, message, error):
    trainer = make_trainer("toy", **given)
    limit(trainer, fits, error)
    with pytest.raises(TrainingError, match=f"^{message}$"):
        trainer.run(quiet)


def test_the_last_checkpoint_is_kept_and_the_advice_is_sound(make_trainer, toy_model):
    given = {"batch": 8, "width": 8}
    first = make_trainer("toy", images=8, **given)
    first.run(quiet)
    before = (first.folder.path / "state.safetensors").read_bytes()
    more = make_trainer("toy", images=16, **given)
    limit(more, 2, torch.OutOfMemoryError("out of memory"))
    with pytest.raises(TrainingError, match="--accumulate 4"):
        more.run(quiet)
    assert (first.folder.path / "state.safetensors").read_bytes() == before
    again = make_trainer("toy", images=16, accumulate=4, **given)
    limit(again, 2, torch.OutOfMemoryError("out of memory"))
    assert again.run(quiet)
    assert checkpoint.load(first.folder.path / "state.safetensors").facts["images"] == 16


def test_other_errors_are_not_taken_for_it(make_trainer, toy_model):
    trainer = make_trainer("toy")
    limit(trainer, 0, RuntimeError("size mismatch"))
    with pytest.raises(RuntimeError, match="size mismatch"):
        trainer.run(quiet)
