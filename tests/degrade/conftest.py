from __future__ import annotations

import numpy as np
import pytest

HAN = "永和国魔馨赢银锒鑫曦己已巳土士未末人入八大太犬木本"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def draw(path, chars, size):
    """Characters of a font as uint8 ``[n, size, size]``."""
    from handgen.fonts.align import source_placement
    from handgen.fonts.coverage import survey
    from handgen.fonts.face import FontRef
    from handgen.fonts.outline import Outlines
    from handgen.fonts.raster import Rasterizer

    outlines = Outlines(FontRef(path))
    coverage = survey(outlines, chars)
    return Rasterizer(outlines, size, source_placement(coverage.boxes, size)).draw_all(coverage.drawn)


@pytest.fixture(scope="session")
def han(heiti):
    """24 Chinese characters at 64 pixels."""
    return draw(heiti, HAN, 64)[:24]


@pytest.fixture(scope="session")
def line(heiti, caveat):
    """Four text lines of 32 x 301 pixels, ink up to the edges."""
    cells = np.concatenate([draw(heiti, HAN, 32), draw(caveat, LATIN[:20], 32)])
    return np.stack([np.concatenate(list(cells[k : k + 10]), axis=1)[:, :301] for k in range(4)])
