from __future__ import annotations

import json
import shutil

import pytest

from handgen.checkpoints import files as checkpoint
from handgen.errors import CheckpointError, UsageError


def quiet(progress):
    """Ignore the progress."""


def test_a_plan_refuses_what_a_run_refuses_and_writes_nothing(make_trainer, toy_model, trained, tmp_path):
    for given in (
        {"finetune_styles": "nobody"},
        {"accumulate": 3},
        {"width": 8, "start": checkpoint.load(trained / "model.safetensors")},
    ):
        with pytest.raises(UsageError):
            make_trainer("zi2zi", out="new", **given)
        assert not (tmp_path / "new").exists()


def test_a_damaged_state_is_named(make_trainer, toy_model, tmp_path):
    make_trainer("toy", images=8).run(quiet)
    folder = tmp_path / "run"
    state = checkpoint.load(folder / "state.safetensors")
    first = next(name for name in state.tensors if name.startswith("model."))
    less = {name: tensor for name, tensor in state.tensors.items() if name != first}
    for tensors, facts in (
        (less, state.facts),
        (state.tensors | {first: state.tensors[first].flatten()[:1]}, state.facts),
        ({name.replace("optimizer.G.0", "optimizer.G.999"): each for name, each in state.tensors.items()}, state.facts),
        (state.tensors, {}),
        (state.tensors, {"images": "many"}),
        (state.tensors, {"images": None}),
        (state.tensors, []),
    ):
        checkpoint.save(folder / "state.safetensors", tensors, facts)
        with pytest.raises(CheckpointError, match=r"state\.safetensors (does not fit|is damaged)") as caught:
            make_trainer("toy", images=16)
        assert "\n" not in str(caught.value)
    shutil.rmtree(folder)
    assert make_trainer("toy", images=8).run(quiet)
    assert json.loads((folder / "config.json").read_text())["images"] == 8
