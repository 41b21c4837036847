from __future__ import annotations

import freetype
import pytest
from fontTools import subset
from fontTools.ttLib import TTFont

from handgen.errors import FontError
from handgen.fonts.face import FontRef, open_face
from handgen.fonts.merge import merge_apart, merge_slices
from tests.conftest import rectangle

SLICES = ("ABCDEFGHaeiou", "fgmnxyéàô", "éàôñçü0123", "pqrsÂÃ½½")


def glyph_image(face, char):
    face.load_char(char, freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_HINTING)
    slot = face.glyph
    return (slot.bitmap.width, slot.bitmap_left, slot.bitmap_top, slot.advance.x, bytes(slot.bitmap.buffer))


def opened(path):
    face = open_face(FontRef(path))
    face.set_pixel_sizes(0, 96)
    return face


def cut(path, folder, texts, **options):
    paths = []
    for number, text in enumerate(texts):
        font = TTFont(path)
        cutter = subset.Subsetter(subset.Options(flavor="woff2", **options))
        cutter.populate(text=text)
        cutter.subset(font)
        font.flavor = "woff2"
        paths.append(folder / f"slice-{number}.woff2")
        font.save(paths[-1])
    return paths


@pytest.mark.parametrize("named", [True, False])
def test_a_merged_font_draws_what_its_slices_draw(tmp_path, kalam, named):
    paths = cut(kalam, tmp_path, SLICES, glyph_names=named)
    merged = merge_slices(paths, tmp_path, "kalam")
    assert merged == tmp_path / "kalam.ttf"
    face = opened(merged)
    assert set(TTFont(merged).getBestCmap()) == {ord(char) for text in SLICES for char in text}
    for path, text in zip(paths, SLICES, strict=True):
        piece = opened(path)
        for char in text:
            assert glyph_image(face, char) == glyph_image(piece, char), char


def test_limits_hold_for_every_glyph(tmp_path, kalam):
    merged = merge_slices(cut(kalam, tmp_path, SLICES), tmp_path, "kalam")
    font = TTFont(merged)
    claimed = font["maxp"].maxPoints, font["head"].yMax
    font["maxp"].recalc(font)
    assert claimed[0] >= font["maxp"].maxPoints
    assert claimed[1] >= font["head"].yMax


def test_one_name_for_two_shapes(tmp_path, tiny_font):
    first = tiny_font("1.ttf", {char: [rectangle(0, 0, 500, 500)] for char in "abc"})
    second = tiny_font("2.ttf", {"a": [rectangle(0, 0, 200, 700)]})
    font = TTFont(second)
    for table in font["cmap"].tables:
        table.cmap = {ord("d"): "u0061"}
    font.save(second)
    face = opened(merge_slices([second, first], tmp_path, "both"))
    assert glyph_image(face, "a") == glyph_image(opened(first), "a")
    assert glyph_image(face, "d") == glyph_image(opened(second), "d")


def test_cff_outlines_are_kept_from_one_file_and_refused_from_slices(tmp_path, heiti):
    paths = cut(heiti, tmp_path, ["永a"])
    merged = merge_slices(paths, tmp_path, "heiti")
    assert merged.suffix == ".otf"
    assert glyph_image(opened(merged), "永") == glyph_image(opened(heiti), "永")
    with pytest.raises(FontError, match="not static TrueType outlines"):
        merge_slices(paths * 2, tmp_path, "heiti")


@pytest.mark.parametrize("merge", [merge_slices, merge_apart])
def test_slices_of_two_fonts_are_refused(tmp_path, kalam, tiny_font, merge):
    tiny = tiny_font("tiny.ttf", {"z": [rectangle(0, 0, 500, 500)]})
    with pytest.raises(FontError, match="they differ in units, metrics or hints"):
        merge([*cut(kalam, tmp_path, SLICES[:1]), tiny], tmp_path, "mixed")


def test_a_process_of_its_own_writes_the_same_font(tmp_path, kalam):
    paths = cut(kalam, tmp_path, SLICES)
    here, apart = merge_slices(paths, tmp_path, "here"), merge_apart(paths, tmp_path, "apart")
    assert apart == tmp_path / "apart.ttf"
    one, other = TTFont(here), TTFont(apart)
    assert one.getBestCmap() == other.getBestCmap()
    assert one["glyf"] == other["glyf"]
    with pytest.raises(OSError, match="none"):
        merge_apart(paths, tmp_path / "none", "lost")


def test_a_damaged_slice_is_named(tmp_path, kalam):
    (path,) = cut(kalam, tmp_path, SLICES[:1])
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FontError, match="slices of kalam"):
        merge_slices([path], tmp_path, "kalam")
