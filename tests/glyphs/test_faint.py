"""Ink that is faint, deep or transparent, told from paper that is only grainy."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from handgen.glyphs.ink import ink_within_border
from handgen.glyphs.pictures import read_gray

INK_SHARE = 0.25


def strokes(ink, paper, width=3):
    image = Image.new("L", (90, 90), paper)
    draw = ImageDraw.Draw(image)
    draw.line((20, 20, 70, 60), fill=ink, width=width)
    draw.line((20, 70, 60, 20), fill=ink, width=width)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)))


def grain(levels, deviation, seed=0):
    noise = np.random.default_rng(seed).normal(0, deviation, levels.shape)
    return np.clip(levels + noise, 0, 255).astype(np.uint8)


def has_ink(image):
    return bool((ink_within_border(np.asarray(image, np.float32)) > INK_SHARE).any())


@pytest.mark.parametrize(("ink", "paper"), [(170, 200), (205, 230), (150, 200), (200, 170)])
def test_faint_pencil_is_ink(ink, paper):
    assert all(has_ink(grain(strokes(ink, paper), deviation)) for deviation in (0, 1, 2, 3))


def test_grain_is_none():
    blank = np.full((90, 90), 215.0)
    shade = blank - np.linspace(0, 12, 90) ** 1.5
    blurred = np.asarray(Image.fromarray(grain(blank, 40)).filter(ImageFilter.GaussianBlur(2)))
    flat = [grain(paper, deviation, seed) for paper in (blank, shade) for deviation in (1, 4, 8) for seed in range(10)]
    assert not any(has_ink(image) for image in [*flat, blurred // 2 + 100])


def saved(image):
    data = io.BytesIO()
    image.save(data, "PNG")
    return read_gray(data.getvalue())


@pytest.mark.parametrize("depth", [10, 12, 14, 16])
def test_all_depths_in_files_of_sixteen_bits(depth):
    levels = strokes(20, 240).astype(np.uint16)
    gray = saved(Image.fromarray((levels.astype(np.uint32) * (2**depth - 1) // 255).astype(np.uint16)))
    assert np.abs(gray.astype(int) - levels).max() <= 1


@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (30, 60, 200), (250, 240, 120)])
def test_strokes_of_one_color_on_nothing_are_ink_by_alpha(color):
    alpha = 255 - strokes(0, 255)
    image = np.dstack([np.full((90, 90, 3), color, np.uint8), alpha])
    assert np.array_equal(saved(Image.fromarray(image)), 255 - alpha)


def test_light_colors_on_nothing_were_drawn_on_black_and_paper_stays_paper():
    alpha = 255 - strokes(0, 255)
    colors = np.where((np.arange(90) < 45)[:, None, None], [255, 255, 255], [255, 190, 120]).astype(np.uint8)
    light = saved(Image.fromarray(np.dstack([np.broadcast_to(colors, (90, 90, 3)), alpha])))
    assert has_ink(light)
    page = np.dstack([np.repeat(strokes(40, 250)[..., None], 3, 2), np.full((90, 90), 255, np.uint8)])
    page[:4, :4, 3] = 0  # a scan with a corner cut off
    assert np.abs(saved(Image.fromarray(page)).astype(int) - strokes(40, 250)).max() <= 5
