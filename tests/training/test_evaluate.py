from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import GlyphStore, StoreWriter, to_unit
from handgen.models import MODELS
from handgen.models.base import CHARACTERS, GLYPHS, NOTHING
from handgen.models.styles import CodeTable, Latents
from handgen.training.data import Split, split_store
from handgen.training.evaluate import measure_diversity
from tests.models.toy import Toy, ToyConfig

CPU = torch.device("cpu")
CHARS = "abc"


@pytest.fixture
def handmade(tmp_path):
    """Make a store: ``handmade({style name: {char: [gray, ...]}})``; every glyph is of one gray."""

    def make(targets):
        with StoreWriter(tmp_path / "store", size=8, charset=CHARS, raster=Raster()) as writer:
            for name, glyphs in {"print": {char: [0] for char in CHARS}, **targets}.items():
                number = writer.add_style(StyleRecord(name, "source" if name == "print" else "target"))
                for char, grays in glyphs.items():
                    images = np.stack([np.full((8, 8), gray, np.uint8) for gray in grays])
                    writer.append(images, [char] * len(grays), number, range(len(grays)))
        return GlyphStore(tmp_path / "store")

    return make


class Gray(Toy):
    """Draws the first number of the style vector as gray in [-1, 1], and records its prompts."""

    def __init__(self, spec, prompt_kind=GLYPHS):
        super().__init__(ToyConfig(), 8, ("any",), CHARS)
        self.spec, self.prompt_kind, self.told = spec, prompt_kind, []

    def generate(self, content, style):
        self.told.append(content)
        return style[:, :1, None, None].clamp(-1, 1).expand(-1, 1, 8, 8)

    @property
    def style_spec(self):
        return self.spec


class Noisy(CodeTable):
    """Trained styles with noise for each sample."""

    def pick(self, names):
        return [replace(style, fresh=1) for style in super().pick(names)]


def table(kind=CodeTable, **grays):
    return kind(list(grays), torch.tensor(list(grays.values()))[:, None])


def measured(model, store, held_out="", train=CHARS):
    return measure_diversity(model, store, Split(train, held_out), CHARS, CPU)


def test_trained_styles_against_the_same_styles_of_the_store(handmade):
    store = handmade({"x": {"a": [0], "b": [0]}, "y": {"a": [51], "b": [102]}, "untrained": {"a": [255], "b": [255]}})
    model = Gray(table(x=0.0, y=0.2, elsewhere=1.0))
    result = measured(model, store)
    assert result == pytest.approx({"generated": 0.1, "real": 0.3, "ratio": 1 / 3}, abs=1e-4)


def test_mixtures_do_not_count(handmade):
    store = handmade({"x": {"a": [0]}, "y": {"a": [255]}})
    assert measured(Gray(table(x=-1.0, y=1.0)), store)["ratio"] == 1


def test_held_out_characters_come_first_and_at_most_some(store):
    split = split_store(store, "pairs", 0.1, 0)
    names = [store.styles[number].name for number in store.targets]
    model = Gray(CodeTable(names, torch.tensor([[0.0], [1.0]])))
    result = measure_diversity(model, store, split, split.train, CPU)
    told = [content[0] for content in model.told]
    assert len(told) == 24
    chars = store.labels["char"]
    held_out = [to_unit(store.images[row])[None] for row in store.rows(0) if chars[row] in split.held_out]
    assert all(any(torch.equal(one, glyph) for glyph in held_out) for one in told[: len(held_out)])
    assert not any(torch.equal(one, glyph) for glyph in held_out for one in told[len(held_out) :])
    assert result["generated"] == 0.5
    assert 0.01 < result["real"] < 0.5


@pytest.mark.parametrize("targets", [{"x": {"a": [0], "b": [9]}}, {"x": {"a": [0]}, "y": {"b": [9]}}])
def test_nothing_to_compare(handmade, targets):
    nothing = {"generated": None, "real": None, "ratio": None}
    assert measured(Gray(table(x=0.0, y=1.0)), handmade(targets)) == nothing


def test_a_model_of_one_style_has_nothing_to_compare(handmade):
    store = handmade({"x": {"a": [0]}, "y": {"a": [255]}})
    assert measured(Gray(table(x=0.0)), store)["ratio"] is None


def test_one_style_with_noise_is_compared_with_its_samples(handmade):
    store = handmade({"x": {"a": [0, 255, 0, 255]}})
    noisy = measured(Gray(table(Noisy, x=0.0), CHARACTERS), store)
    assert noisy["real"] == pytest.approx(2 / 3, abs=1e-4)
    assert 0.2 < noisy["generated"] < 0.6


def test_latents_are_compared_with_all_styles(handmade):
    store = handmade({"x": {"a": [0], "b": [0]}, "y": {"a": [255], "b": [0]}})
    result = measured(Gray(Latents(["x"], torch.zeros(1, 1))), store)
    assert result["real"] == 0.5
    assert 0.2 < result["generated"] < 0.6


def test_what_a_model_is_told(handmade):
    store = handmade({"x": {"b": [0], "c": [0]}, "y": {"b": [1], "c": [1]}})
    model = Gray(table(x=0.0, y=1.0), CHARACTERS)
    measured(model, store, held_out="c", train="b")
    assert [content.tolist() for content in model.told] == [[2, 2], [1, 1]]


def test_a_model_that_is_told_nothing_is_compared_as_a_whole(handmade):
    store = handmade({"x": {"a": [0], "b": [255]}})
    result = measured(Gray(Latents((), torch.empty(0, 1)), NOTHING), store)
    assert result["real"] == 1
    assert 0.2 < result["generated"] < 0.6


def test_a_collapsed_model_has_none(handmade):
    store = handmade({"x": {"a": [0]}, "y": {"a": [255]}})
    assert measured(Gray(table(x=0.5, y=0.5)), store) == {"generated": 0, "real": 1, "ratio": 0}


@pytest.mark.parametrize("name", [entry.name for entry in MODELS])
def test_every_model(store, name):
    kind = MODELS.load(name)
    styles = [store.styles[number].name for number in store.targets][: 1 if kind.one_style else None]
    split = split_store(store, kind.needs, 0.1, 0)
    chars = split.train[:12]
    small = {"width": 4, "code_dim": 8}
    config = kind.Config(**{field.name: small[field.name] for field in fields(kind.Config) if field.name in small})
    torch.manual_seed(0)
    model = kind(config, store.size, styles, split.train).eval()
    before = torch.random.get_rng_state()
    result = measure_diversity(model, store, split, chars, CPU)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert result == measure_diversity(model, store, split, chars, CPU)
    if model.prompt_kind is GLYPHS and len(model.style_spec.names) == 1:
        assert result["ratio"] is None
    else:
        assert result["ratio"] == pytest.approx(result["generated"] / result["real"], abs=2e-3)


def test_real_glyphs_drawn_as_they_are_have_a_ratio_of_one(store):
    """A model whose drawings are copies of the store's glyphs."""
    names = [store.styles[number].name for number in store.targets]
    split = split_store(store, "pairs", 0.1, 0)
    rows = [{str(store.labels["char"][row]): row for row in store.rows(number)} for number in store.targets]

    class Copy(Gray):
        def generate(self, content, style):
            char = split.train[int(content[0])]
            return torch.stack([to_unit(store.images[rows[int(number)][char]])[None] for number in style[:, 0]])

    model = Copy(CodeTable(names, torch.tensor([[0.0], [1.0]])), CHARACTERS)
    result = measure_diversity(model, store, split, split.train, CPU)
    assert result["generated"] == result["real"] > 0.01
    assert result["ratio"] == 1
