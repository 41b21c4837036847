from __future__ import annotations

import shutil

import pytest
import torch

from handgen.checkpoints import files as checkpoint
from handgen.errors import CheckpointError, StoreError, UsageError
from handgen.files import sha256
from handgen.sources import added, loading
from handgen.training.adapt import StyleSearch
from handgen.training.adding import AdditionPlan, split_style
from handgen.training.settings import AddSettings
from tests.conftest import render_store, train_small

CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghmnqrt23"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def mine(tmp_path_factory, heiti, zeyada):
    """A store with a hand that ``trained`` was not trained on, and the same source."""
    return render_store(tmp_path_factory.mktemp("mine") / "zeyada", heiti, (zeyada,), CHARS)


@pytest.fixture(scope="module")
def trained(store, tmp_path_factory):
    return train_small(store, tmp_path_factory.mktemp("runs") / "base")


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the run folder, which the test may change."""
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(trained, folder)
    return folder


def adaptation(trained, mine, **given):
    model = loading.build(checkpoint.load(trained))
    split = split_style(mine, "zeyada", 0.2, 0)
    settings = AddSettings(**{"code_images": 32, "adapter_images": 96, "adapter_rank": 2, "add_style": "z", **given})
    return StyleSearch(model, mine, "zeyada", split, settings, batch=8, seed=0, device=CPU)


@pytest.mark.parametrize("rank", [2, 0])
def test_each_stage_comes_nearer_to_a_new_hand_and_comes_out_the_same_twice(trained, mine, rank):
    before = checkpoint.load(trained)
    search = adaptation(trained, mine, adapter_rank=rank)
    seen = []
    found = search.run(lambda progress: seen.append(progress.images))
    l1 = {key: row["l1"] for key, row in found.held_out.items()}
    assert l1["adapted"] < l1["code"] < l1["nearest"]
    assert found.nearest in {"kalam", "indie-flower"}
    assert seen[-1] <= search.images == 128
    assert bool([name for name in found.changes if name.startswith("down.")]) == (rank > 0)
    again = adaptation(trained, mine, adapter_rank=rank).run(lambda progress: None)
    assert torch.equal(found.code, again.code)
    assert all(torch.equal(found.changes[name], again.changes[name]) for name in found.changes)
    assert checkpoint.load(trained).digest() == before.digest()


def test_a_code_alone_is_a_style_too(trained, mine):
    found = adaptation(trained, mine, code_images=8, adapter_images=0).run(lambda progress: None)
    assert (found.changes, found.best_at) == ({}, 0)
    assert found.held_out["adapted"] == found.held_out["code"]


def test_held_out_characters_are_not_learned(mine):
    split = split_style(mine, "zeyada", 0.1, 0)
    assert (len(split.train), len(split.held_out)) == (36, 4)
    assert sorted(split.train + split.held_out) == sorted(CHARS)
    assert len(split_style(mine, "zeyada", 0.0, 0).held_out) == 3


def add(run, mine, **given):
    settings = AddSettings(**{"add_style": "z", "code_images": 16, "adapter_images": 16, **given})
    return AdditionPlan("zi2zi", run, mine, "", settings, batch=8, seed=0, holdout=0.1, device=CPU)


def test_the_file_belongs_to_its_model_alone(run, mine):
    add(run, mine).run(lambda progress: None)
    base = checkpoint.load(run / "model.safetensors")
    adapter, facts = added.load(base, "z")
    assert adapter.record.name == "z"
    assert adapter.record.origin.family == "Zeyada"
    assert (facts["base"], facts["glyphs"], facts["hand"]) == (base.digest(), 36, "zeyada")
    assert (run / "styles" / "z.png").is_file()
    path = run / "styles" / "z.safetensors"
    assert path.stat().st_size < (run / "model.safetensors").stat().st_size

    checkpoint.save(base.path, {**base.tensors, "codes": base.tensors["codes"] + 1}, base.facts)
    other = checkpoint.load(base.path)
    with pytest.raises(CheckpointError, match="belongs to another model"):
        added.load(other, "z")
    assert "another model" in added.summaries(other)[0]["error"]


@pytest.mark.parametrize("damage", ["cut", "text", "other", "shape"])
def test_a_damaged_file_is_named_and_hurts_no_other_style(run, mine, damage):
    add(run, mine).run(lambda progress: None)
    base = checkpoint.load(run / "model.safetensors")
    path = run / "styles" / "z.safetensors"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "text":
        path.write_text("not a tensor")
    elif damage == "other":
        shutil.copy(base.path, path)
    else:
        kept = checkpoint.load(path)
        checkpoint.save(path, {name: each.flatten()[1:] for name, each in kept.tensors.items()}, kept.facts)
    drawer = added.with_added(base, loading.build(base))
    assert drawer.style_spec.pick(["kalam"])
    with pytest.raises(CheckpointError, match=r"z\.safetensors"):
        drawer.style_spec.pick(["z"])


def test_bad_requests_are_refused_before_anything_is_learned(run, mine, store, tmp_path, heiti, caveat, zeyada):
    digest = sha256(run / "model.safetensors")
    for name in ("kalam", "12", "a,b", "../a", "", "continuous", "a b"):
        with pytest.raises(UsageError, match="name"):
            add(run, mine, add_style=name)
    with pytest.raises(UsageError, match=r"2 styles .*--finetune-styles"):
        add(run, store)
    few = render_store(tmp_path / "few", heiti, (zeyada,), "ABCD")
    with pytest.raises(StoreError, match=r"source font drawn at another position|4 characters"):
        add(run, few)
    with pytest.raises(StoreError, match="another source font"):
        add(run, render_store(tmp_path / "caveat", caveat, (zeyada,), CHARS))
    with pytest.raises(StoreError, match="128 pixels"):
        add(run, render_store(tmp_path / "large", heiti, (zeyada,), CHARS, size=128))
    with pytest.raises(StoreError, match="4 characters"):
        split_style(few, "zeyada", 0.1, 0)
    (run / "styles").mkdir()
    (run / "styles" / "z.safetensors").touch()
    with pytest.raises(UsageError, match="there is a style called 'z' already"):
        add(run, mine)
    assert sha256(run / "model.safetensors") == digest
