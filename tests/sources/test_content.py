from __future__ import annotations

import numpy as np
import pytest
import torch

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.facts import ModelFacts
from handgen.errors import FontError, UsageError
from handgen.glyphs.records import Raster
from handgen.glyphs.source_font import SourceLook
from handgen.models.base import CHARACTERS, GLYPHS
from handgen.seeds import SampleKey
from handgen.sources.content import load_content

CGAN = ModelFacts("cgan", {}, 64, (), "ABC", "", Raster(), 0, 0)
CPU = torch.device("cpu")


def glyphs_of(trained, chars, font=None):
    return load_content(checkpoint.load(trained).model, GLYPHS, chars, font, CPU)


def test_characters_by_number_need_no_font():
    content = load_content(CGAN, CHARACTERS, "CA", None, CPU)
    rows = np.arange(2)
    assert content.chars == "CA"
    assert content.prompts.batch(rows, rows, SampleKey.of(0, rows), 1.0).tolist() == [2, 0]
    assert (content.font, content.font_sha256, content.glyphs) == (None, "", None)
    assert content.skipped == {}


def test_characters_that_were_not_learned_are_left_out_and_named():
    content = load_content(CGAN, CHARACTERS, "BCz", None, CPU)
    assert (content.chars, content.skipped) == ("BC", {"not learned by the model": "z"})
    with pytest.raises(UsageError, match=r"learned none of the 2 characters\. Give a --charset of these: ABC"):
        load_content(CGAN, CHARACTERS, "xz", None, CPU)


def test_a_font_where_none_is_needed(heiti):
    with pytest.raises(UsageError, match=r"a cgan draws without a source font\. Leave out --font"):
        load_content(CGAN, CHARACTERS, "AB", str(heiti), CPU)


def test_content_is_what_the_store_showed(trained, store):
    rows = {str(store.labels["char"][row]): store.images[row] for row in store.rows(store.sources[0])}
    content = glyphs_of(trained, "".join(rows))
    assert set(content.chars) == set(rows)
    assert content.font_note == ""
    for char, glyph in zip(content.chars, content.glyphs, strict=True):
        np.testing.assert_array_equal(glyph, rows[char])


def test_characters_the_font_lacks_are_left_out_and_named(trained):
    content = glyphs_of(trained, "A\U0001f600B\u0e01")
    assert content.chars == "AB"
    assert content.skipped == {"missing in the source font": "\U0001f600\u0e01"}
    with pytest.raises(FontError, match="draws none"):
        glyphs_of(trained, "\U0001f600\U0001f601")


def test_the_source_font_gone(trained, tmp_path):
    from dataclasses import replace

    facts = checkpoint.load(trained).model
    gone = replace(facts, raster=replace(facts.raster, source=str(tmp_path / "no-such-font.ttf"), sha256="0" * 64))
    gone = replace(gone, source_look=SourceLook())
    with pytest.raises(UsageError, match="Give one with --font"):
        load_content(gone, GLYPHS, "AB", None, CPU)
