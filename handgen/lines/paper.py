"""What happens on paper beside the text: words begun wrongly and crossed out, and ink of the lines above and below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.fonts.contours import Outline, joined
from handgen.lines.draws import Draw
from handgen.lines.joins import ribbon

Floats = NDArray[np.float64]
WORD = "{}"
"""In what a label says of a crossed-out word: the word."""


@dataclass(frozen=True)
class Paper:
    """What happens to some lines.

    Attributes:
        corrections: share of the lines that have a word crossed out, 0 to 1.
        struck: what the label says instead of it, with ``{}`` for the word; nothing by default.
        neighbors: share of the lines that ink of the lines above or below reaches into, 0 to 1.
    """

    corrections: float = 0.0
    struck: str = ""
    neighbors: float = 0.0


PLAIN = Paper()
"""Nothing but the text."""


@dataclass(frozen=True)
class Slip:
    """A text with a word that is crossed out.

    Attributes:
        text: all that is written.
        start: the first character that is crossed out.
        stop: one past the last.
        label: what the label says, and of each of its characters which of ``text`` it is at.
        positions: int, as many as ``label`` has characters.
    """

    text: str
    start: int
    stop: int
    label: str
    positions: tuple[int, ...]


def slip(text: str, draw: Draw, struck: str) -> Slip | None:
    """Let a writer begin a word wrongly, cross it out and write it again; None where no word is long enough.

    Args:
        text: of a line.
        draw: makes the choices.
        struck: what the label says instead of the word, see ``Paper``.
    """
    words = text.split(" ")
    long = [index for index, word in enumerate(words) if sum(map(str.isalpha, word)) > 2]
    if not long:
        return None
    index = draw.pick(long)
    wrong = _misspelled(words[index], draw)
    start = sum(len(word) + 1 for word in words[:index])
    stop = start + len(wrong)
    written = f"{text[:start]}{wrong} {text[start:]}"
    said = struck.replace(WORD, wrong)
    said += " " if said else ""
    label = text[:start] + said + text[start:]
    after = range(stop + 1, len(written))
    return Slip(written, start, stop, label, (*range(start), *[start] * len(said), *after))


def _misspelled(word: str, draw: Draw) -> str:
    """Return a word as far as somebody gets before the mistake shows."""
    letters = [index for index, char in enumerate(word) if char.isalpha()]
    kept = letters[draw.between(1, len(letters) - 1)] + 1
    if draw.chance(0.5):
        return word[:kept]
    first, second = letters[-2], letters[-1]
    swapped = [*word]
    swapped[first], swapped[second] = swapped[second], swapped[first]
    return "".join(swapped)


def strokes_across(points: Floats, width: float, draw: Draw) -> Outline:
    """Return the strokes that cross ink out: one or two lines through it, or a zigzag over it.

    Args:
        points: float64 ``[n, 2]``, of the ink.
        width: of a stroke.
        draw: makes the choices.
    """
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    over = 0.08 * (top - bottom) + width
    left, right = left - over, right + over
    middle = float(np.median(points[:, 1]))  # tails and loops do not count for much
    height = top - bottom
    if draw.chance(0.35):
        turns = draw.between(3, 6)
        x = np.linspace(left, right, 2 * turns + 1)
        y = middle + 0.3 * height * np.where(np.arange(len(x)) % 2, 1, -1) * (0.7 + 0.6 * draw.fraction())
        way = [np.stack([x, y], axis=1)]
    else:
        x = np.linspace(left, right, 7)
        way = []
        for number in range(draw.between(1, 2)):
            base = middle + (number * 0.22 - 0.05) * height
            bow, tilt = 0.1 * (draw.fraction() - 0.5), 0.25 * (draw.fraction() - 0.5)
            t = np.linspace(-1, 1, len(x))
            way.append(np.stack([x, base + height * (bow * (1 - t**2) + tilt * t)], axis=1))
    return joined([ribbon(line, width) for line in way])[0]


def beside(image: NDArray[np.uint8], other: NDArray[np.uint8], draw: Draw, *, above: bool) -> NDArray[np.uint8]:
    """Let ink of a neighboring line reach into a line.

    Args:
        image: uint8 ``[H, W]``.
        other: uint8 ``[H, W2]``, the line above or below, of the same height.
        draw: makes the choices.
        above: whether it is above.
    """
    height, width = image.shape
    pitch = round(height * (0.72 + 0.25 * draw.fraction()))
    wide = np.full((height, max(width, other.shape[1])), 255, np.uint8)
    start = draw.between(0, wide.shape[1] - other.shape[1])
    wide[:, start : start + other.shape[1]] = other
    wide = wide[:, :width]
    done = image.copy()
    if above:
        done[: height - pitch] = np.minimum(done[: height - pitch], wide[pitch:])
    else:
        done[pitch:] = np.minimum(done[pitch:], wide[: height - pitch])
    return done
