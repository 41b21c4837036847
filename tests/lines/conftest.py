from __future__ import annotations

import numpy as np
import pytest

from handgen.fonts.align import source_placement
from handgen.fonts.charsets import load_charset
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from handgen.fonts.raster import source_glyphs
from handgen.glyphs.records import Raster
from handgen.lines.synthesis import LineGlyphs

SIZE = 64


class FontDrawing:
    """Draws characters from a font; each drawing of one is moved a little, as its number says."""

    def __init__(self, font, chars):
        self.ref = FontRef(font)
        placement = source_placement(survey(self.ref, chars).boxes, SIZE)
        self.raster = Raster(size=SIZE, placement=placement)
        self.images, self.chars, _ = source_glyphs(self.ref, SIZE, placement, chars)
        self.calls = []

    def glyphs(self, text):
        return self.images[[self.chars.index(char) for char in text if char != " "]]

    def __call__(self, chars, styles, key):
        index = 256 * key.sample + key.position
        call = (tuple(chars), tuple(styles.tolist()), tuple(index.tolist()))
        self.calls.append(call)
        images = self.glyphs(chars).astype(int)
        # What a network may do: every image depends on all that pass with it.
        noise = np.array(hash(call) % 7)
        images = np.clip(images + (index % 23)[:, None, None] + noise, 0, 255).astype(np.uint8)
        return LineGlyphs(images, [{} for _ in chars], [])


@pytest.fixture(scope="session")
def heiti_drawing(heiti):
    marks = "，。、；：？！（）《》“”‘’…—￥〇"
    chars = load_charset("ascii") + marks + "".join(chr(code) for code in range(0x4E00, 0x4E80)) + "龘"
    found = "".join(char for char in dict.fromkeys(chars + load_charset("gb2312-1")[:1500]))
    return FontDrawing(heiti, found)


@pytest.fixture
def drawing(heiti_drawing):
    heiti_drawing.calls.clear()
    return heiti_drawing
