from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from handgen.errors import UsageError
from handgen.sources.like import read_hand, usual_extent

SIZE, EXTENT = 64, 56.0


@pytest.fixture(scope="module")
def page(heiti):
    """Write text as a picture, 0 = ink: ``page("永", canvas=(64, 64))``; tight around the ink without a canvas."""

    def make(text, canvas=None, pixels=40, pad=0):
        font = ImageFont.truetype(str(heiti), pixels)
        left, top, right, bottom = font.getbbox(text)
        width, height = canvas or (right - left + 2 * pad, bottom - top + 2 * pad)
        picture = Image.new("L", (width, height), 255)
        where = ((width - (right - left)) // 2 - left, (height - (bottom - top)) // 2 - top)
        ImageDraw.Draw(picture).text(where, text, fill=0, font=font)
        return picture

    return make


@pytest.fixture(scope="module")
def clean(page):
    return np.asarray(page("永", canvas=(SIZE, SIZE)))


def read(path, picture):
    picture.save(path)
    return read_hand(path, SIZE, EXTENT)


def ink_box(glyph):
    rows, columns = np.nonzero(glyph < 128)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_what_render_drew_is_left_as_it_is(store, tmp_path):
    glyphs = np.stack([store.images[row] for row in store.rows(store.targets[0])])
    for number, glyph in enumerate(glyphs):
        Image.fromarray(glyph).save(tmp_path / f"{number:03}.png")
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "deeper").mkdir()
    found = read_hand(tmp_path, SIZE, usual_extent(glyphs))
    assert found.shape == glyphs.shape
    # Ink that is black nowhere is made black.
    assert np.abs(found.astype(int) - glyphs).max() <= 255 - (255 - glyphs.max(axis=(1, 2)).astype(int)).min()
    assert np.abs(found.astype(int) - glyphs).mean() < 1


@given(paper=st.integers(0, 255), ink=st.integers(0, 255))
def test_levels_and_polarity_do_not_matter(tmp_path_factory, clean, paper, ink):
    if abs(paper - ink) < 45:
        return
    path = tmp_path_factory.getbasetemp() / "levels.png"
    levels = np.round(paper + (1 - clean / 255) * (ink - paper)).astype(np.uint8)
    found = read(path, Image.fromarray(levels))[0]
    assert np.abs(found.astype(int) - clean).max() <= 255 / abs(paper - ink) + 1
    assert (found[clean == 255] == 255).all()


@pytest.mark.parametrize("negative", [False, True])
def test_a_photograph_becomes_ink_on_white_paper(page, tmp_path, negative):
    true = page("永", canvas=(320, 320), pixels=200)
    rows, columns = np.indices((320, 320))
    noise = np.random.default_rng(0).normal(0, 5, (320, 320))
    photograph = 70 + 0.55 * np.asarray(true, float) - 0.2 * columns + 0.1 * rows + noise
    photograph = photograph.clip(0, 255).astype(np.uint8)
    found = read(tmp_path / "photograph.jpg", Image.fromarray(255 - photograph if negative else photograph))[0]
    expected = np.asarray(true.resize((SIZE, SIZE), Image.Resampling.BOX)).astype(int)
    assert np.abs(found - expected).mean() < 4
    assert (found[expected == 255] > 250).mean() > 0.99


def test_every_kind_of_file_reads_alike(clean, tmp_path):
    gray = Image.fromarray(clean)
    ink = Image.merge("RGBA", [Image.new("L", gray.size, 0)] * 3 + [Image.fromarray(255 - clean)])
    for name, picture in {
        "rgb.png": gray.convert("RGB"),
        "palette.png": gray.convert("P"),
        "transparent.png": ink,
        "deep.png": Image.fromarray(clean.astype(np.uint16) * 257),
        "deep.tif": Image.fromarray(clean.astype(np.uint16) * 257),
        "gray.webp": gray,
    }.items():
        how = {"lossless": True} if name.endswith("webp") else {}
        picture.save(tmp_path / name, **how)
        assert np.abs(read_hand(tmp_path / name, SIZE, EXTENT)[0].astype(int) - clean).max() <= 1, name


def test_a_glyph_stays_at_its_place_unless_it_was_cut_out(page, tmp_path):
    corner = Image.new("L", (128, 128), 255)
    corner.paste(page("永"), (10, 60))
    kept = np.divide(ink_box(np.asarray(corner)), 2)
    assert np.abs(np.subtract(ink_box(read(tmp_path / "a.png", corner)[0]), kept)).max() <= 1
    narrow = page("永", canvas=(64, 128))
    left, top, right, bottom = ink_box(np.asarray(narrow))
    kept = np.divide([left + 32, top, right + 32, bottom], 2)
    assert np.abs(np.subtract(ink_box(read(tmp_path / "b.png", narrow)[0]), kept)).max() <= 1
    for pixels in (20, 40, 300):
        picture = page("永", pixels=pixels)
        cut_out = picture.crop(tuple(map(int, ink_box(np.asarray(picture)))))
        left, top, right, bottom = ink_box(read(tmp_path / "c.png", cut_out)[0])
        assert abs(max(right - left, bottom - top) - EXTENT) <= 1
        assert abs(left + right - SIZE) <= 1
        assert abs(top + bottom - SIZE) <= 1


def test_glyphs_cut_out_together_keep_their_proportion(page, tmp_path):
    pictures = [page(letter, canvas=(84, 86), pixels=120) for letter in "Aa"]
    for number, picture in enumerate(pictures):
        picture.save(tmp_path / f"{number}.png")
    boxes = [ink_box(glyph) for glyph in (*read_hand(tmp_path, SIZE, 48.0), *map(np.asarray, pictures))]
    capital, small, true_capital, true_small = (bottom - top for _, top, _, bottom in boxes)
    assert capital / small == pytest.approx(true_capital / true_small, rel=0.05)
    assert capital / 48 == pytest.approx(2 * true_capital / (true_capital + true_small), rel=0.05)


@pytest.mark.parametrize("char", "一二三八川心口国…—ハ=AWmij")
def test_one_wide_character_is_one(page, tmp_path, char):
    for how in ({}, {"pad": 6}, {"canvas": (SIZE, SIZE)}):
        assert read(tmp_path / "one.png", page(char, **how)).shape == (1, SIZE, SIZE)


@pytest.mark.parametrize("text", ["ABC", "hello", "小川", "永和九年", "1234567890"])
def test_several_characters_are_refused(page, tmp_path, text):
    with pytest.raises(UsageError, match=r"several\.png shows several characters"):
        read(tmp_path / "several.png", page(text, pad=4))


def test_nothing_to_read(page, tmp_path):
    def refused(complaint, path):
        with pytest.raises(UsageError, match=complaint):
            read_hand(path, SIZE, EXTENT)

    noise = np.random.default_rng(0).normal(200, 6, (200, 200)).clip(0, 255).astype(np.uint8)
    shade = np.linspace(120, 240, 200).astype(np.uint8)[None].repeat(200, axis=0)
    pictures = {"white": np.full((64, 64), 255, np.uint8), "black": np.zeros((64, 64), np.uint8)}
    for name, levels in {**pictures, "noise": noise, "shade": shade}.items():
        Image.fromarray(levels).save(tmp_path / f"{name}.png")
        refused(rf"{name}\.png is blank", tmp_path / f"{name}.png")
    page("永", pixels=6).save(tmp_path / "tiny.png")
    refused(r"tiny\.png is only \d x \d pixels", tmp_path / "tiny.png")
    (tmp_path / "letter.png").write_text("Dear Sir")
    refused(r"letter\.png cannot be read", tmp_path / "letter.png")
    whole = tmp_path / "whole.jpg"
    page("永", canvas=(300, 300), pixels=200).save(whole)
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:2000])
    refused(r"cut\.jpg cannot be read", tmp_path / "cut.jpg")
    refused("no image or folder at .*gone", tmp_path / "gone")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "manifest.json").write_text('{"complete": true}')
    refused("set is a dataset", tmp_path / "set")
    (tmp_path / "empty").mkdir()
    refused("no image is in the folder .*empty", tmp_path / "empty")


def test_a_folder_of_mixed_sizes_names_two(page, tmp_path):
    for name, side in (("a.png", 64), ("b.png", 64), ("c.png", 80)):
        page("永", canvas=(side, side)).save(tmp_path / name)
    with pytest.raises(UsageError, match=r"a\.png is 64 x 64, c\.png is 80 x 80"):
        read_hand(tmp_path, SIZE, EXTENT)
