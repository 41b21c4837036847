"""Tests which characters a font really draws.

The character map is no proof: a code point can be mapped to a blank, to the font's box for missing
glyphs, or to a shape that a hundred other characters share. So the ink itself is compared.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handgen.fonts.face import FontRef
from handgen.fonts.outline import Box, Outlines

REASONS = {
    "missing": "not in the font's character map",
    "blank": "in the map, but without ink",
    "tofu": "drawn as the font's box for missing glyphs",
    "shared": "drawn with the same shape as three or more other characters",
    "damaged": "its outline cannot be read",
}
"""Why a character is not drawn -> what that means."""

SHARED = 4
"""If this many characters have the same ink, it is a stand-in. Only three may share a shape, as A, Α and А do."""

_SIDE = 64
_PER_EM = 24
_FAINT = 8
"""Ink is compared on a canvas of 64 px with 24 px per em; a glyph whose pixels are all below this level is blank."""


@dataclass(frozen=True)
class Coverage:
    """What a font draws of the characters that were asked for.

    Attributes:
        drawn: the characters with ink of their own, in the order they were asked for.
        boxes: float64 ``[len(drawn), 4]``: left, bottom, right, top of the ink in em, relative to the
            middle of the advance width and the baseline, y up.
        skipped: reason (a key of ``REASONS``) -> characters; reasons without characters are left out.
    """

    drawn: str
    boxes: NDArray[np.float64]
    skipped: dict[str, str] = field(default_factory=dict)


def survey(font: FontRef | Outlines, chars: Iterable[str]) -> Coverage:
    """Sort ``chars`` into those that the font draws and, by reason, those that it does not draw.

    Equal ink has equal boxes. So only glyphs with a suspicious box are rendered: one without area, one
    equal to the box of .notdef, or one that many characters share.

    Raises:
        FontError, UsageError: the font cannot be opened.
    """
    outlines = font if isinstance(font, Outlines) else Outlines(font)
    asked = list(dict.fromkeys(chars))
    reasons: dict[str, str] = {}
    boxes: dict[str, Box] = {}
    hollow: set[str] = set()
    for char in asked:
        glyph = outlines.glyph(char)
        if not glyph:
            reasons[char] = "missing"
        elif not outlines.load(glyph):
            reasons[char] = "damaged"
        else:
            boxes[char] = box = outlines.box()
            if outlines.hollow(box):
                hollow.add(char)
    tofu_box = outlines.box() if outlines.load(0) else None
    tofu = _ink(outlines, 0) if tofu_box else b""
    crowd = Counter(boxes.values())
    inks = {
        char: _ink(outlines, outlines.glyph(char))
        for char, box in boxes.items()
        if char in hollow or box == tofu_box or crowd[box] >= SHARED
    }
    times = Counter(inks.values())
    for char, ink in inks.items():
        if not ink:
            reasons[char] = "blank"
        elif ink == tofu:
            reasons[char] = "tofu"
        elif times[ink] >= SHARED:
            reasons[char] = "shared"
    drawn = [char for char in asked if char not in reasons]
    return Coverage(
        drawn="".join(drawn),
        boxes=np.array([boxes[char] for char in drawn], np.float64).reshape(-1, 4),
        skipped={
            reason: "".join(char for char in asked if reasons.get(char) == reason)
            for reason in REASONS
            if reason in reasons.values()
        },
    )


def _ink(outlines: Outlines, glyph: int) -> bytes:
    """Return a digest of a glyph's ink; empty if there is none."""
    canvas = np.zeros((_SIDE, _SIDE), np.uint8)
    if outlines.load(glyph):
        outlines.fill(canvas, _PER_EM, _PER_EM, _SIDE / 2, _SIDE * 0.6)
    return hashlib.blake2b(canvas.data, digest_size=16).digest() if canvas.max() >= _FAINT else b""
