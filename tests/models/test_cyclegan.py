from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.errors import UsageError
from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import GlyphStore, StoreWriter
from handgen.models.base import Batch
from handgen.models.cyclegan import CycleGAN, CycleGANConfig, ImagePool
from handgen.training.data import Domains, Pairs, split_store
from handgen.training.evaluate import measure
from tests.conftest import render_store, same_state
from tests.readers import read_as_trainers_do


def train(make_trainer, **given):
    trainer = make_trainer("cyclegan", **given)
    trainer.run(lambda progress: None)
    return trainer


def images_of(*values):
    """Images of a single gray each, all different."""
    return torch.tensor(values, dtype=torch.float32)[:, None, None, None].expand(-1, 1, 4, 4)


@settings(max_examples=60)
@given(st.integers(1, 12), st.lists(st.integers(1, 9), max_size=30), st.integers(0, 2**32))
def test_a_pool_shows_the_new_or_what_it_kept(slots, batches, seed):
    torch.manual_seed(seed)
    pool, made = ImagePool(slots, 4), 0
    for count in batches:
        kept = set(pool.images[pool.held][:, 0, 0, 0].tolist())
        new = [float(made + i + 1) for i in range(count)]
        made += count
        shown = pool(images_of(*new))[:, 0, 0, 0].tolist()
        after = pool.images[pool.held][:, 0, 0, 0].tolist()
        assert len(shown) == count
        assert all(one == mine or one in kept for one, mine in zip(shown, new, strict=True))
        # An image is shown or kept, or both if its slot was empty; no image is lost or duplicated.
        assert len(after) == len(set(after)) <= slots
        assert set(shown) | set(after) == kept | set(new)
        assert set(shown) & set(after) <= set(new)


def test_a_full_pool_shows_an_older_image_every_other_time():
    torch.manual_seed(0)
    pool, new = ImagePool(50, 4), 0
    pool.held[:] = True
    for step in range(1, 201):
        new += int((pool(images_of(*[step] * 8)) == step).all(dim=(1, 2, 3)).sum())
    assert 0.45 < new / 1600 < 0.55


def test_the_pool_goes_on_bit_by_bit(make_trainer):
    budget = {"batch": 4, "pool": 2, "schedule": "constant", "ema": 0}
    whole = train(make_trainer, out="whole", images=16, **budget)
    half = train(make_trainer, out="half", images=8, **budget)
    assert half.model.pool.held.all()
    resumed = make_trainer("cyclegan", out="half", images=16, **budget)
    assert torch.equal(resumed.model.pool.images, half.model.pool.images)
    assert resumed.model.pool.images.abs().max() > 0.5
    resumed.run(lambda progress: None)
    same_state(whole.folder.path, resumed.folder.path)
    assert not any("pool" in key for key in checkpoint.load(whole.folder.path / "model.safetensors").tensors)


def store_of(path, *styles):
    """Write a store of ``(role, characters)``, whose styles are called after their roles."""
    with StoreWriter(path, size=64, charset="abc", raster=Raster()) as writer:
        for role, chars in styles:
            number = writer.add_style(StyleRecord(role, role))
            writer.append(np.zeros((len(chars), 64, 64), np.uint8), sorted(chars), number, list(range(len(chars))))
    return GlyphStore(path)


def shown(data, count):
    """Characters of the source and of the target glyphs that a run of ``count`` images shows."""
    rows = data._rows(data.numbers(0, count, seed=3))
    return tuple([str(char) for char in data._store.labels["char"][one]] for one in rows)


def test_disjoint_domains_have_no_character_in_common(make_trainer):
    trainer = make_trainer("cyclegan", disjoint=True)
    sources, targets = (set(chars) for chars in shown(trainer.data, 400))
    assert sources | targets == set(trainer.split.train)
    assert not sources & targets
    assert abs(len(sources) - len(targets)) <= 1
    assert not (sources | targets) & set(trainer.split.held_out)
    assert isinstance(trainer.held_out, Pairs)


@settings(max_examples=20)
@given(st.sets(st.sampled_from("abcdefghij"), min_size=2), st.sets(st.sampled_from("abcdefghij"), min_size=2))
def test_only_what_both_have_is_parted(tmp_path_factory, of_source, of_target):
    store = store_of(tmp_path_factory.mktemp("store") / "s", ("source", of_source), ("target", of_target))
    data = Domains(store, split_store(store, "domains", 0, 0), ["target"], disjoint=True)
    sources, targets = (set(chars) for chars in shown(data, 40))
    assert sources | targets == of_source | of_target
    assert not sources & targets
    assert of_source - of_target <= sources
    assert of_target - of_source <= targets


def test_every_glyph_of_both_domains_comes_once_a_pass(store):
    split = split_store(store, "domains", 0, 0)
    data = Domains(store, split, ["kalam", "indie-flower"])
    sources, targets = (np.array(chars) for chars in shown(data, 80))
    assert sorted(targets) == sorted(2 * split.train)
    assert sorted(sources[:40]) == sorted(sources[40:]) == sorted(split.train)
    assert np.mean(sources == targets) < 0.2  # by chance alone
    parts = [data.numbers(first, 16, seed=3) for first in range(0, 80, 16)]
    assert np.array_equal(np.concatenate(parts), data.numbers(0, 80, seed=3))


def test_what_is_paired_cannot_be_disjoint(make_trainer):
    for name in ("zi2zi", "cgan"):
        with pytest.raises(UsageError, match="--disjoint is for models that learn without pairs"):
            make_trainer(name, disjoint=True)


def some_batch(count=4):
    images = torch.rand(2, count, 1, 64, 64) * 2 - 1
    zeros = torch.zeros(count, dtype=torch.int64)
    return Batch(*images, zeros, zeros, torch.zeros(count, 0), torch.rand(count))


def small(**weights):
    torch.manual_seed(0)
    return CycleGAN(CycleGANConfig(width=4, **weights), 64, ("a",), "")


def test_untrained_generators_draw_what_they_are_given():
    glyphs = (torch.rand(2, 1, 64, 64) > 0.3).float() * 2 - 1
    with torch.inference_mode():
        assert (small().eval().generate(glyphs, torch.zeros(2, 0)) - glyphs).abs().mean() < 0.15


@pytest.mark.parametrize(
    ("weights", "names"),
    [
        ({}, {"gan", "cycle"}),
        ({"lambda_identity": 5.0}, {"gan", "cycle", "identity"}),
        ({"lambda_gan": 0.0}, {"cycle"}),
    ],
    ids=["default", "identity", "cycle alone"],
)
def test_a_loss_of_no_weight_is_not_computed(weights, names):
    model = small(**weights)
    assert set(model.losses("G", model.prepare(some_batch()))) == names


def test_statistics_are_those_of_sources_alone():
    model = small(lambda_identity=1.0).train()
    step = model.prepare(some_batch())
    before = {key: value.clone() for key, value in model.generator.named_buffers() if "running" in key}
    assert before
    model.losses("G", step)
    after = dict(model.generator.named_buffers())
    assert [key for key, value in before.items() if not torch.equal(value, after[key])] == []


def test_there_and_back_leads_where_it_began(make_trainer, tmp_path, heiti, kalam):
    store = render_store(tmp_path / "store", heiti, (kalam,), "ABDReghm")
    trainer = make_trainer("cyclegan", on=store, images=240, batch=8, lr=2e-3, holdout=0)
    glyphs = trainer.data.batch(np.arange(8), trainer.device, torch.zeros(8, 0)).content
    trainer.run(lambda progress: None)
    with torch.inference_mode():  # as the cycle loss sees it: both ways in training
        there = trainer.model.train().generate(glyphs, torch.zeros(8, 0))
        back = trainer.model.inverse(there, torch.zeros(8, 0))
    moved, left = ((images - glyphs).abs().mean() / 2 for images in (there, back))
    assert moved > 0.05
    assert left < 0.4 * moved


def test_many_writers_are_one_hand(make_trainer):
    trainer = train(make_trainer, disjoint=True)
    assert trainer.model.style_spec.names == ("hand",)
    (style,) = trainer.model.style_spec.draw(1, seed=0)
    assert dict(style.weights) == {"kalam": 0.5, "indie-flower": 0.5}
    with trainer.evaluating() as model:
        measured = measure(model, trainer.held_out, trainer.styles, trainer.device)
    assert set(measured) == {"kalam", "indie-flower", "mean"}
    one = make_trainer("cyclegan", out="one", finetune_styles="kalam")
    assert (one.styles, one.model.style_spec.names) == (("kalam",), ("kalam",))


def test_what_it_draws_is_a_dataset(make_trainer, tmp_path, capsys):
    trainer = train(make_trainer, disjoint=True)
    model, out = str(trainer.folder.path), tmp_path / "dataset"
    assert run(["synth", "--model", model, "--out", str(out), "--count", "80"]) == 0
    assert run(["check", str(out)]) == 0
    assert {label for label, _ in read_as_trainers_do(out)} == set(trainer.store.charset)
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["plan"]["styles"] == ["hand"]


def test_a_store_without_a_hand_is_refused_before_training(tmp_path, capsys):
    store = store_of(tmp_path / "store", ("source", "ABC"))
    assert run(["train", "cyclegan", "--data", str(store.path), "--out", str(tmp_path / "run")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"error: the glyph store {store.path} has no target style. "
        "Make one with 'handgen render --font SOURCE --target HAND', or add a store that has it with --data."
    )
    assert not (tmp_path / "run").exists()
