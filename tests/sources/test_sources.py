"""What every source promises, by a sweep over the registry; and what each draws."""

from __future__ import annotations

import numpy as np
import pytest

from handgen.errors import UsageError
from handgen.glyphs.store import GlyphStore
from handgen.seeds import SampleKey
from handgen.sources import SOURCES
from handgen.sources.find import kind_of
from handgen.sources.opening import open_sources, source_class, usual_chars
from handgen.sources.spec import SourceSpec
from tests.strokes.conftest import stroke_data

__all__ = ["stroke_data"]
CHARS = "ABCDE"


@pytest.fixture
def specs(trained, handwriting, kalam, zeyada, stroke_data):
    """A spec of every source in the registry."""
    return {
        "model": SourceSpec(source=str(trained)),
        "pen": SourceSpec(source="pen", styles="3", strokes="trace", font=str(kalam)),
        "fonts": SourceSpec(source="fonts", fonts=f"{kalam},{zeyada}"),
        "store": SourceSpec(source=str(handwriting)),
        "traced": SourceSpec(source="traced", fonts=f"{kalam},{zeyada}"),
    }


def opened(*specs, chars=CHARS, seed=0):
    return open_sources(specs, chars, seed=seed, device="cpu")


def pairs(source):
    """Every style with every character that it can draw."""
    style, character = (rows.ravel() for rows in np.indices((len(source.styles), len(source.chars))))
    able = np.ones(len(style), bool) if source.coverage is None else source.coverage[style, character]
    return character[able], style[able]


def faults(source, again):
    """Return what a source does not keep of its contract."""
    characters, styles = pairs(source)
    key = SampleKey.of(7, np.arange(len(characters)))
    drawn = source.draw(characters, styles, key)
    found = []
    if drawn.images.shape != (len(characters), source.size, source.size) or drawn.images.dtype != np.uint8:
        found.append(f"images are {drawn.images.dtype} {drawn.images.shape}")
    if not (drawn.images < 128).any((1, 2)).all():
        found.append("a drawing is blank")
    if len(drawn.notes) != len(characters):
        found.append("notes are missing")
    same = again.draw(characters, styles, key)
    if not np.array_equal(drawn.images, same.images):
        found.append("opened twice, it draws differently")
    rows = np.array([3, 1])
    alone = source.draw(characters[rows], styles[rows], key[rows])
    if np.abs(alone.images.astype(int) - drawn.images[rows]).max() > 2:
        found.append("a drawing depends on those beside it")
    other = source.draw(characters, styles, key.again(1))
    if np.array_equal(drawn.images, other.images):
        found.append("a further attempt is no other drawing")
    if len({style.name for style in source.styles}) != len(source.styles):
        found.append("styles are called alike")
    if not set(source.chars) <= set(CHARS):
        found.append("characters that nobody asked for")
    if source.identity() != again.identity():
        found.append("its identity changes")
    for number in range(len(source.styles)):
        source.describe(number)
    return found


def test_every_source_keeps_the_contract(specs):
    found = {}
    for entry in SOURCES:
        spec = specs[entry.name]
        assert kind_of(spec.source) == entry.name
        assert isinstance(usual_chars([spec]), str)
        source_class(spec).list_styles(spec)
        if problems := faults(opened(spec), opened(spec)):
            found[entry.name] = problems
    assert not found


def test_fonts_are_drawn_as_they_are_and_letters_keep_their_line(specs):
    from dataclasses import replace

    chars = "agHx"
    source = opened(replace(specs["fonts"], vary=0.0), chars=chars)
    assert [style.name for style in source.styles] == ["kalam", "zeyada"]
    for style in range(2):
        rows = np.arange(4)
        ink = source.draw(rows, rows * 0 + style, SampleKey.of(0, rows)).images < 128
        tops, bottoms = ink.any(2).argmax(1), 64 - ink.any(2)[:, ::-1].argmax(1)
        a, g, tall, x = range(4)
        assert bottoms[g] > bottoms[tall] + 3  # a descender
        assert tops[tall] < tops[x] - 3  # a capital
        assert abs(bottoms[a] - bottoms[x]) < 6
    assert source.describe(0)["origin"]["license"]
    assert source.drops(0) == {}


def test_a_font_that_lacks_characters_leaves_them_to_others(tiny_font, kalam):
    from tests.conftest import rectangle

    small = tiny_font("small.ttf", {"A": [rectangle(100, 0, 700, 700)]})
    source = opened(SourceSpec(source="fonts", fonts=f"{kalam},{small}"), chars="AB\u0e01")
    assert (source.chars, source.skipped) == ("AB", {"not in the fonts": "\u0e01"})
    assert source.coverage.tolist() == [[True, True], [True, False]]


def test_a_store_gives_several_drawings_and_knows_who_wrote_what(handwriting):
    source = opened(SourceSpec(source="store", data=handwriting, vary=0.0), chars="ABCDEF")
    assert (source.chars, source.skipped) == ("ABCDE", {"not in the store": "F"})
    assert source.coverage.tolist() == [[True, True, True, False, False], [False, True, True, True, True]]
    rows = np.ones(60, int)
    images = source.draw(rows, rows, SampleKey.of(0, np.arange(60))).images
    store = GlyphStore(handwriting)
    mine = store.images[(store.labels["char"] == "B") & (store.labels["style"] == 1)]
    found = {image.tobytes() for image in images}
    assert found == {image.tobytes() for image in mine}
    assert len(found) == 3


def test_impossible_sources(specs, handwriting, kalam, tmp_path):
    found = []
    for spec, complaint in (
        (SourceSpec(source="store"), "Name it with --data"),
        (SourceSpec(source="store", data=tmp_path), "no glyph store"),
        (SourceSpec(source=str(handwriting), styles="cy"), "unknown style 'cy'"),
        (SourceSpec(source=str(handwriting), styles="3"), "there are 2"),
        (SourceSpec(source="fonts", fonts="Nosuchfont"), "no font called"),
        (SourceSpec(source="fonts", fonts=str(kalam), data=handwriting), "both name fonts"),
        (SourceSpec(source="fonts", data=handwriting), "is no font"),
        (SourceSpec(source="nowhere"), "no run folder and no weights"),
    ):
        try:
            opened(spec)
        except UsageError as error:
            if complaint not in str(error):
                found.append(f"{spec.source}: {error}")
        else:
            found.append(f"{spec.source}: {complaint} was not said")
    assert not found


def test_styles_that_a_number_draws_can_be_named(trained, handwriting):
    drawn = opened(SourceSpec(source=str(trained), styles="6"), seed=3)
    named = opened(
        SourceSpec(source=str(trained), styles=f"mix5,{drawn.styles[0].name},{drawn.styles[5].name}"), seed=3
    )
    assert [style.name for style in named.styles] == [drawn.styles[number].name for number in (4, 0, 5)]
    assert all((a.vector == drawn.styles[n].vector).all() for a, n in zip(named.styles, (4, 0, 5), strict=True))
    for wrong in ("mix1", "mix0", "z2"):
        with pytest.raises(UsageError, match="unknown style"):
            opened(SourceSpec(source=str(trained), styles=wrong))
