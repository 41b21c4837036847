from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.errors import StoreError, UsageError
from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import GlyphStore, StoreWriter
from handgen.training.data import Pairs, Split, split_store

CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def pairs(store):
    return Pairs(store, Split("ABCDEFGab", ""), [store.styles[number].name for number in store.targets])


def labels(store, rows):
    return store.labels["char"][rows].tolist()


def source_rows(pairs):
    return pairs._rows(np.arange(len(pairs)))[0]


def small_store(path, *styles):
    """Write a store of ``(name, role, characters)``."""
    with StoreWriter(path, size=64, charset="abc", raster=Raster()) as writer:
        for name, role, chars in styles:
            number = writer.add_style(StyleRecord(name, role))
            images = np.full((len(chars), 64, 64), number, np.uint8)
            writer.append(images, chars, number, list(range(len(chars))))
    return GlyphStore(path)


def test_a_pair_shows_one_character_in_two_styles(store, pairs):
    assert labels(store, source_rows(pairs)) == labels(store, pairs.target)
    assert set(store.labels["style"][source_rows(pairs)]) == set(store.sources)
    names = [store.styles[number].name for number in store.labels["style"][pairs.target]]
    assert names == [("kalam", "indie-flower")[number] for number in pairs.style]
    assert len(pairs) == 18


def test_a_batch_is_what_the_store_holds(store, pairs):
    which = np.array([3, 0, 17])
    batch = pairs.batch(which, CPU, torch.zeros(3, 0))
    for images, rows in ((batch.content, source_rows(pairs)), (batch.target, pairs.target)):
        assert images.shape == (3, 1, 64, 64)
        assert images.dtype == torch.float32
        assert np.allclose((images[:, 0].numpy() + 1) * 127.5, store.images[rows[which]], atol=1e-3)
    assert batch.style.tolist() == pairs.style[which].tolist()


def test_every_pair_comes_once_a_pass(pairs):
    passes = pairs.numbers(0, 5 * len(pairs), seed=4).reshape(5, len(pairs))
    for one in passes:
        assert sorted(one.tolist()) == list(range(len(pairs)))
    assert len({tuple(one) for one in passes.tolist()}) == 5
    assert pairs.numbers(0, len(pairs), seed=5).tolist() != passes[0].tolist()


@settings(max_examples=50)
@given(st.lists(st.integers(0, 40), max_size=12), st.integers(0, 100), st.integers(0, 2**40))
def test_what_comes_at_a_position_does_not_depend_on_the_batches(pairs, batches, first, seed):
    whole = pairs.numbers(first, sum(batches), seed).tolist()
    parts, at = [], first
    for count in batches:
        parts += pairs.numbers(at, count, seed).tolist()
        at += count
    assert parts == whole


@given(st.floats(0, 0.9), st.integers(0, 2**40))
def test_held_out_characters_are_not_learned_from(store, share, seed):
    split = split_store(store, "pairs", share, seed)
    assert set(split.train).isdisjoint(split.held_out)
    assert Counter(split.train + split.held_out) == Counter(store.charset)
    assert len(split.held_out) == (max(1, round(40 * share)) if share else 0)
    styles = [store.styles[number].name for number in store.targets]
    assert set(labels(store, Pairs(store, split, styles).target)) == set(split.train)
    assert split == split_store(store, "pairs", share, seed)


def test_a_second_stage_measures_on_what_the_first_did_not_see(store, bigger_store):
    first = split_store(store, "pairs", 0.1, seed=0)
    for seed in range(5):
        second = split_store(bigger_store, "pairs", 0.1, seed, seen=first.train)
        assert set(second.held_out) <= set(first.held_out) | set("5678")
        held = split_store(bigger_store, "pairs", 0.1, seed, seen=first.train, held=first.held_out).held_out
        assert len(set(held) - set(first.held_out)) == max(0, len(held) - len(first.held_out))  # new ones are learned
    assert len(split_store(store, "pairs", 0.9, 0, seen=first.train).held_out) == 36


def test_one_character_is_learned_from(tmp_path):
    store = small_store(tmp_path / "s", ("hei", "source", "a"), ("kai", "target", "a"))
    assert split_store(store, "pairs", 0.5, 0).train == "a"


@pytest.mark.parametrize(
    ("styles", "message"),
    [
        ([("hei", "source", "abc")], "has no target style"),
        ([("kai", "target", "abc")], "has no source style"),
        ([("hei", "source", "ab"), ("kai", "target", "c")], "have no character in common"),
    ],
)
def test_a_store_without_pairs_is_refused(tmp_path, styles, message):
    store = small_store(tmp_path / "s", *styles)
    with pytest.raises(StoreError, match=f"{message}.*Make one with 'handgen render --font SOURCE --target HAND'"):
        split_store(store, "pairs", 0.1, 0)


def test_characters_that_no_style_has_are_no_pairs(store):
    with pytest.raises(StoreError, match="nothing for this run"):
        Pairs(store, Split("永", ""), ["kalam"])


def test_finetuning_takes_the_named_styles_alone(store):
    chosen = Pairs(store, Split(store.charset, ""), ["kalam", "indie-flower"], ["indie-flower"])
    assert set(chosen.style.tolist()) == {1}
    assert len(chosen) == 40


@pytest.mark.parametrize(
    ("only", "remedy"), [("kalm", "Did you mean 'kalam'?"), ("gone", "Known: kalam, indie-flower.")]
)
def test_finetuning_on_a_style_that_the_store_lacks_is_refused(store, only, remedy):
    with pytest.raises(UsageError) as caught:
        Pairs(store, Split(store.charset, ""), ["gone", "kalam", "indie-flower"], [only])
    assert f"has no target style '{only}'" in str(caught.value)
    assert str(caught.value).endswith(remedy)


def test_several_samples_of_a_character_are_pairs_each(tmp_path):
    store = small_store(tmp_path / "s", ("hei", "source", "ab"), ("hand", "target", "aab"))
    assert labels(store, Pairs(store, Split("ab", ""), ["hand"]).target) == ["a", "a", "b"]


def test_a_sample_is_fixed_and_takes_each_style_alike(pairs):
    chosen = pairs.sample(4, seed=0)
    assert chosen.tolist() == pairs.sample(4, seed=0).tolist()
    assert Counter(pairs.style[chosen].tolist()) == {0: 4, 1: 4}
    assert sorted(pairs.sample(100, seed=0).tolist()) == list(range(len(pairs)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_store_kept_on_a_gpu_gives_the_same_batches(pairs):
    which, noise, gpu = np.array([3, 0, 17]), torch.zeros(3, 0), torch.device("cuda")
    before = pairs.batch(which, CPU, noise)
    pairs.keep_on(gpu)
    assert pairs._images is not None
    assert torch.equal(pairs.batch(which, gpu, noise).target.cpu(), before.target)
