"""Fonts whose small letters are capitals are known for what they are."""

from __future__ import annotations

import string

import pytest
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from handgen.fonts.contours import small_letters_are_capitals
from handgen.fonts.face import FontRef
from handgen.fonts.find import kind_of
from handgen.sources.base import Opening
from handgen.sources.fonts import FontsSource
from handgen.sources.spec import SourceSpec


@pytest.fixture(scope="module", params=["the same glyphs", "smaller outlines"])
def capitals(request, kalam, tmp_path_factory):
    """Kalam under another name, in which small letters are capitals."""
    font = TTFont(kalam)
    for record in font["name"].names:
        record.string = record.toUnicode().replace("Kalam", "Shouting Hand")
    names, glyphs = font.getBestCmap(), font.getGlyphSet()
    for char in string.ascii_lowercase:
        small, capital = names[ord(char)], names[ord(char.upper())]
        if request.param == "the same glyphs":
            for table in font["cmap"].tables:
                if ord(char) in table.cmap:
                    table.cmap[ord(char)] = capital
        else:
            pen = TTGlyphPen(glyphs)
            glyphs[capital].draw(TransformPen(pen, (0.8, 0, 0, 0.75, 40, 0)))
            font["glyf"][small] = pen.glyph()
    path = tmp_path_factory.mktemp("capitals") / "shouting-hand.ttf"
    font.save(path)
    return FontRef(path)


def test_they_are_found_by_their_outlines(capitals, kalam, caveat):
    assert small_letters_are_capitals(capitals)
    assert kind_of(capitals) == "caps"
    for other in (kalam, caveat):
        assert not small_letters_are_capitals(FontRef(other))


def test_who_names_one_is_told(capitals, kalam):
    def warnings(chars, *fonts):
        spec = SourceSpec(source="fonts", fonts=",".join(map(str, fonts)), size=32)
        return FontsSource.open(spec, chars, Opening()).warnings

    (line,) = warnings("abcABC", capitals.path, kalam)
    assert line.startswith("shouting-hand: small letters are drawn as capitals")
    assert not warnings("ABC123", capitals.path)
    assert not warnings("abcABC", kalam)
