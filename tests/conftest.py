from __future__ import annotations

from pathlib import Path

import fontpkg
import pylopdf_fonts_zh_cn
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

UPEM = 1000


def rectangle(left, bottom, right, top):
    """A contour in font units, clockwise as TrueType wants it."""
    return [(left, bottom), (left, top), (right, top), (right, bottom)]


BOX = (rectangle(100, 0, 700, 800), rectangle(650, 50, 650, 750)[::-1])
"""The shape of .notdef unless another is given."""


def _glyph(contours):
    pen = TTGlyphPen(None)
    for contour in contours:
        pen.moveTo(contour[0])
        for point in contour[1:]:
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def build_font(path, shapes, *, notdef=BOX, advance=1000, family="Tiny"):
    """Write a TrueType font that draws each character of ``shapes`` as its contours."""
    names = {char: f"u{ord(char):04X}" for char in shapes}
    builder = FontBuilder(UPEM, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(char): name for char, name in names.items()})
    glyphs = {".notdef": _glyph(notdef), **{names[char]: _glyph(shapes[char]) for char in shapes}}
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (advance, getattr(glyph, "xMin", 0)) for name, glyph in glyphs.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return Path(path)


@pytest.fixture
def tiny_font(tmp_path):
    """Make a font: ``tiny_font("name.ttf", {char: [contour, ...]}, notdef=..., advance=..., family=...)``."""

    def make(name, shapes, **options):
        return build_font(tmp_path / name, shapes, **options)

    return make


@pytest.fixture(scope="session")
def heiti():
    """A Chinese sans, from pip: all of GB2312, CFF outlines."""
    return Path(pylopdf_fonts_zh_cn.sans_path())


@pytest.fixture(scope="session")
def caveat():
    """A Latin hand, from pip: a variable font."""
    return Path(fontpkg.path("Caveat"))


@pytest.fixture(scope="session")
def kalam():
    return Path(fontpkg.path("Kalam"))


@pytest.fixture(scope="session")
def zeyada():
    return Path(fontpkg.path("Zeyada"))


@pytest.fixture(scope="session")
def indie_flower():
    return Path(fontpkg.path("Indie Flower"))
