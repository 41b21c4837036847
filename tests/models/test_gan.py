from __future__ import annotations

import pytest
import torch

from handgen.cli import run
from handgen.models import MODELS
from handgen.models.base import Batch
from handgen.models.gan import GAN, GANConfig, Maxout

UNLABELED = [entry.name for entry in MODELS if not MODELS.load(entry.name).prompt_kind.labeled]


@pytest.fixture(params=UNLABELED)
def trainer(request, make_trainer):
    trained = make_trainer(request.param)
    trained.run(lambda progress: None)
    return trained


def test_maxout_is_the_greatest_of_its_pieces():
    layer = Maxout(3, 2)
    x = torch.randn(4, 3)
    pieces = layer.pieces(x)
    assert torch.equal(layer(x), torch.stack([pieces[:, :5].amax(1), pieces[:, 5:].amax(1)], dim=1))


def test_what_is_drawn_follows_from_the_noise_alone():
    model = GAN(GANConfig(width=8, latent_dim=3), 64, ("a", "b"), "xyz").eval()
    noise, blank = torch.randn(2, 3), torch.zeros(2, 1, 64, 64)
    style = torch.zeros(2, dtype=torch.int64)
    batch = Batch(blank, blank, style, style, noise, torch.zeros(2))
    assert torch.equal(model.draw_batch(batch), model.generate(batch.char, noise))
    assert torch.equal(model.generate(batch.char + 1, noise), model.generate(batch.char, noise))
    assert not torch.equal(*model.generate(batch.char, noise))
    assert model.style_spec.names == ()
    assert model.style_spec.continuous().fresh == 3


def test_no_labeled_set_is_written(trainer, tmp_path, capsys):
    out = tmp_path / "dataset"
    capsys.readouterr()
    assert run(["synth", "--model", str(trainer.folder.path), "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f"error: a {trainer.name} is not told which character to draw" in line
    assert "handgen preview --model" in line
    assert line.endswith(f"one that can: {', '.join(e.name for e in MODELS if e.name not in UNLABELED)}.")
    assert not out.exists()
