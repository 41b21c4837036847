from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.errors import StoreError
from handgen.fonts.raster import Placement
from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import GlyphStore, StoreWriter
from handgen.glyphs.together import StoresTogether, open_stores

DRAWN = Raster(sha256="abc", placement=Placement(50.0, 50.0, 8.0, 12.0))


def make(path, *styles, raster=DRAWN, size=16):
    """Write a store of ``(name, role, characters)``; every image has a gray of its own."""
    charset = "".join(sorted({char for _, _, chars in styles for char in chars}))
    with StoreWriter(path, size=size, charset=charset, raster=raster) as writer:
        for name, role, chars in styles:
            images = np.random.default_rng(len(chars)).integers(0, 256, (len(chars), size, size), np.uint8)
            samples = [chars[:n].count(char) for n, char in enumerate(chars)]
            writer.append(images, chars, writer.add_style(StyleRecord(name, role)), samples)
    return path


@pytest.fixture
def two(tmp_path):
    one = make(tmp_path / "one", ("hei", "source", "abc"), ("kai", "target", "abc"))
    return one, make(tmp_path / "two", ("anna", "target", "bbd"), ("kai", "target", "d"), ("hei", "source", "bd"))


def test_styles_of_one_name_are_one(two):
    store = open_stores(two)
    assert [(style.name, style.role) for style in store.styles] == [
        ("hei", "source"),
        ("kai", "target"),
        ("anna", "target"),
    ]
    assert [store.labels["char"][store.rows(number)].tolist() for number in range(3)] == [
        ["a", "b", "c", "b", "d"],
        ["a", "b", "c", "d"],
        ["b", "b", "d"],
    ]
    assert (store.charset, store.raster, store.folders) == ("abcd", DRAWN, two)


def test_images_are_those_of_the_stores(two):
    store, parts = open_stores(two), [GlyphStore(path).images for path in two]
    whole = np.concatenate(parts)
    assert (len(store.images), store.images.shape, store.images.nbytes) == (12, whole.shape, whole.nbytes)
    assert store.size == 16
    every = (slice(None), slice(4, 9), np.array([11, 0, 6, 6]), np.array([], np.int64), 7, np.array([[0, 7], [8, 2]]))
    for rows in every:
        assert np.array_equal(store.images[rows], whole[rows])


def test_one_store_is_itself(two):
    assert type(open_stores(two[0])) is GlyphStore
    assert type(open_stores([two[0], two[0]])) is GlyphStore


def test_a_store_of_real_samples_alone_borrows_the_source(tmp_path, two):
    real = make(tmp_path / "real", ("bert", "target", "ac"), raster=Raster(size=16))
    for order in ((real, two[0]), (two[0], real)):
        store = open_stores(order)
        assert store.raster == DRAWN
        assert [store.styles[number].name for number in store.sources] == ["hei"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 32}, r"differ in size \(16 and 32 pixels\)"),
        ({"raster": replace(DRAWN, sha256="other")}, "another source font than .*--match"),
        ({"raster": replace(DRAWN, placement=Placement(51.0, 50.0, 8.0, 12.0))}, "another position or scale .*--match"),
    ],
)
def test_stores_that_do_not_fit_are_refused(tmp_path, two, options, message):
    other = make(tmp_path / "other", ("hei", "source", "ab"), ("bert", "target", "ab"), **options)
    with pytest.raises(StoreError, match=message):
        open_stores([two[0], other])


def test_a_hand_that_is_called_like_the_source_is_refused(tmp_path, two):
    other = make(tmp_path / "other", ("hei", "target", "ab"), raster=Raster())
    with pytest.raises(StoreError, match="'hei' is the source in one"):
        open_stores([two[0], other])


@settings(max_examples=20)
@given(st.lists(st.integers(0, 11)))
def test_any_rows(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("s")
    parts = [GlyphStore(make(folder / name, (name, "target", "a" * count))) for name, count in (("x", 5), ("y", 7))]
    whole = np.concatenate([part.images for part in parts])
    assert np.array_equal(StoresTogether(parts).images[np.array(rows, np.int64)], whole[rows])
