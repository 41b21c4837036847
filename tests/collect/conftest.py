from __future__ import annotations

import functools
import struct

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont


@functools.cache
def written(font, char, pixels):
    """A tight crop of a font's character as a scanner sees it: gray ink on white."""
    face = ImageFont.truetype(str(font), pixels)
    left, top, right, bottom = face.getbbox(char)
    picture = Image.new("L", (right - left + 2, bottom - top + 2), 255)
    ImageDraw.Draw(picture).text((1 - left, 1 - top), char, fill=40, font=face)
    return np.asarray(picture)


@pytest.fixture(scope="session")
def hand(kalam):
    """Crops of a hand: ``hand("A", 50)``."""
    return functools.partial(written, kalam)


def record(char, image, *, size=None, width=None, height=None, code=None):
    """One record of a .gnt file, by the published layout; what is given instead of the truth is damage."""
    height_, width_ = image.shape
    code = char.encode("gb18030").ljust(2, b"\0") if code is None else code
    size = 8 + len(code) + image.size if size is None else size
    sides = (width_ if width is None else width, height_ if height is None else height)
    return struct.pack("<I", size) + code + struct.pack("<HH", *sides) + image.tobytes()


def taken(reader, **limits):
    """Everything that a reader yields, and the intake that it told."""
    from handgen.collect.base import Intake

    intake = Intake(**limits)
    writings = []
    for writing in reader.writings(intake):
        intake.take(writing.style, writing.char)
        writings.append(writing)
    return writings, intake
