"""What every registered model must do, on real glyphs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from handgen.models import MODELS
from handgen.training import checkpoint
from handgen.training.evaluate import measure
from tests.conftest import render_store, same_state


@pytest.fixture(params=[entry.name for entry in MODELS])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def eight(tmp_path_factory, heiti, kalam, indie_flower):
    """Four characters in two hands."""
    return render_store(tmp_path_factory.mktemp("stores") / "eight", heiti, (kalam, indie_flower), "ABeg")


def inputs(trainer, count):
    """Content and style vectors of the first held-out pairs."""
    batch = trainer.held_out.batch(np.arange(count), trainer.device, torch.zeros(count, trainer.model.noise))
    spec = trainer.model.style_spec
    vectors = torch.stack([style.vector for style in spec.pick(spec.names)])
    return batch.content, vectors[batch.style]


def test_one_step_trains_every_parameter_of_every_phase(name, make_trainer):
    trainer = make_trainer(name, images=8, batch=8, ema=0)
    before = {key: parameter.detach().clone() for key, parameter in trainer.model.named_parameters()}
    owned = [id(p) for phase in trainer.model.phases for p in trainer.model.phase_parameters(phase)]
    assert len(owned) == len(set(owned)) == len(before)
    assert trainer.run(lambda progress: None)
    unchanged = [key for key, parameter in trainer.model.named_parameters() if torch.equal(parameter, before[key])]
    assert unchanged == []


def test_losses_are_finite_and_logged_raw_and_weighted(name, make_trainer):
    trainer = make_trainer(name)
    seen = []
    trainer.run(seen.append)
    (line,) = (json.loads(text) for text in (trainer.folder.path / "stats.jsonl").read_text().splitlines()[:1])
    losses = seen[-1].losses
    assert line["kind"] == "losses"
    assert set(losses) < set(line)
    assert np.isfinite(list(losses.values())).all()
    for phase in trainer.model.phases:
        raw = [key for key in losses if key.startswith(f"{phase}/") and not key.endswith(" weighted")]
        assert raw
        for key in raw:
            if "accuracy" in key:
                assert 0 <= losses[key] <= 1
                continue
            weight = trainer.model.weights.get(key.split("/")[1], 1.0)
            assert losses[f"{key} weighted"] == pytest.approx(weight * losses[key], rel=1e-4)


def test_a_phase_reaches_its_own_parameters(name, make_trainer):
    trainer = make_trainer(name)
    step = trainer.model.prepare(trainer.data.batch(np.arange(4), trainer.device, torch.zeros(4, trainer.model.noise)))
    for phase in trainer.model.phases:
        terms = trainer.model.losses(phase, step)
        losses = {name: value for name, value in terms.items() if value.requires_grad}
        assert losses
        assert all(value.shape == () for value in losses.values())
        parameters = list(trainer.model.phase_parameters(phase))
        assert None not in torch.autograd.grad(sum(losses.values()), parameters, retain_graph=True, allow_unused=True)


@pytest.mark.parametrize("size", [64, 128])
def test_it_draws_images_in_range(name, size):
    kind = MODELS.load(name)
    model = kind(kind.Config(width=4), size, ("a", "b"), "xyz").eval()
    vectors = torch.stack([style.vector for style in model.style_spec.draw(3, seed=0)])
    content = torch.rand(3, 1, size, size) * 2 - 1
    with torch.inference_mode():
        drawn = model.generate(content, vectors)
    assert drawn.shape == content.shape
    assert drawn.abs().max() <= 1
    assert not torch.equal(drawn[0], drawn[1])


def test_a_saved_model_draws_the_same(name, make_trainer):
    trainer = make_trainer(name)
    trainer.run(lambda progress: None)
    content, vectors = inputs(trainer, 4)
    loaded = checkpoint.build(checkpoint.load(trainer.folder.path / "model.safetensors"))
    loaded.to(memory_format=torch.channels_last)  # as it was trained: another layout adds up in another order
    with torch.inference_mode(), trainer.evaluating() as model:
        assert torch.equal(model.generate(content, vectors), loaded.generate(content, vectors))
    spec = loaded.style_spec
    assert spec.names == trainer.styles
    for mine, theirs in zip(spec.draw(4, seed=1), trainer.model.style_spec.draw(4, seed=1), strict=True):
        assert mine.name == theirs.name
        assert torch.equal(mine.vector, theirs.vector)


def test_a_glyph_does_not_depend_on_its_neighbours(name, make_trainer):
    trainer = make_trainer(name)
    trainer.run(lambda progress: None)
    content, vectors = inputs(trainer, 6)
    with trainer.evaluating() as model, torch.inference_mode():
        together = model.generate(content, vectors)
        alone = torch.cat([model.generate(c[None], v[None]) for c, v in zip(content, vectors, strict=True)])
    assert torch.allclose(together, alone, atol=1e-5)


def test_a_run_that_was_stopped_goes_on_bit_by_bit(name, make_trainer):
    budget = {"images": 56, "batch": 2}
    whole = make_trainer(name, out="whole", **budget)
    whole.run(lambda progress: None)
    stopped = make_trainer(name, out="half", **budget)
    assert not stopped.run(lambda progress: stopped.stop())
    resumed = make_trainer(name, out="half", **budget)
    assert 0 < resumed.images == stopped.images < 56
    assert resumed.run(lambda progress: None)
    same_state(whole.folder.path, resumed.folder.path)


def test_it_learns_eight_glyphs_by_heart(name, make_trainer, eight):
    trainer = make_trainer(name, on=eight, images=800, batch=8, width=8, ema=100, lr=4e-3, holdout=0)
    source, target = (eight.images[rows].astype(float) / 255 for rows in trainer.data._rows(np.arange(8)))
    assert abs(source - target).mean() > 0.1
    trainer.run(lambda progress: None)
    with trainer.evaluating() as model:
        assert measure(model, trainer.data, trainer.styles, trainer.device)["mean"]["l1"] < 0.05
