"""What a model learned from fonts is as square as these; its Chinese characters are narrowed to people's proportions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handgen.glyphs.records import Origin
from handgen.seeds import SampleKey
from handgen.sources.opening import open_sources
from handgen.sources.spec import SourceSpec


def proportion(source):
    """Return the mean log width by height of what a source draws of its characters."""
    count = 60
    rows = np.arange(count) % len(source.chars)
    ink = source.draw(rows, np.zeros(count, np.int64), SampleKey.of(3, np.arange(count))).images < 128
    wide, high = ink.any(1).sum(1), ink.any(2).sum(1)
    return float(np.log(wide / high).mean())


@pytest.fixture
def opened(trained):
    def open_one(**given):
        spec = SourceSpec(source=str(trained), styles="1", **given)
        source = open_sources([spec], "ABCDE", seed=0, device="cpu")
        return source

    return open_one


def as_chinese(source):
    """Let a source take its letters for Chinese characters."""
    source.__dict__["_codes"] = np.full(len(source.chars), ord("国"), np.uint64)
    return source


def test_only_chinese_characters_of_models_of_fonts_are_narrowed_and_only_if_drawings_vary(opened):
    letters, chinese = proportion(opened(vary=1)), proportion(as_chinese(opened(vary=1)))
    assert chinese < letters - 0.12
    assert proportion(as_chinese(opened(vary=0))) == proportion(opened(vary=0))
    written = as_chinese(opened(vary=1))
    facts = written.checkpoint.model
    styles = tuple(replace(style, origin=Origin(kind="images")) for style in facts.styles)
    written.checkpoint.__dict__["model"] = replace(facts, styles=styles)
    assert proportion(written) == letters
