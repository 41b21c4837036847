"""One image of a line out of the images of its glyphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.glyphs.ink import INK, inked
from handgen.lines.layout import Floats, Habits, Ink, Layout, draw_habits, is_wide, lay_out
from handgen.lines.onward import joined
from handgen.strokes.ends import Ends

Box = tuple[int, int, int, int]

_FRINGE = 2
"""Pixels around a glyph's ink that are drawn with it: the pale edge of its strokes."""
_EDGE = 1.5
"""Pixels of paper there are at least around the ink."""
_CORNER = "，。、．,."
_TURNED = "（）()[]［］{}｛｝<>《》〈〉「」『』【】〔〕〖〗“”‘’…—-_=~～"


@dataclass(frozen=True)
class Line:
    """One line of handwriting.

    Attributes:
        text: what it shows: the text asked for, less the characters whose glyphs had no ink.
        image: uint8 ``[height, width]``, 0 = ink, 255 = paper.
        boxes: for each character of ``text`` the box of its ink, ``(x0, y0, x1, y1)`` in pixels, x1
            and y1 one past the last; None for a space. Characters that are drawn as one share their box.
        notes: what is worth keeping of how it is written.
    """

    text: str
    image: NDArray[np.uint8]
    boxes: list[Box | None]
    notes: dict[str, Any] = field(default_factory=dict)


def compose(
    glyphs: NDArray[np.uint8],
    text: str,
    *,
    height: int,
    seed: int,
    line: int,
    vertical: bool = False,
    drops: Mapping[str, float] | None = None,
    writer: int | None = None,
    ends: Ends | None = None,
) -> Line:
    """Put a line together.

    Where ink meets ink the darker wins. All of it stays on the image. A glyph without ink (no
    pixel below ``layout.INK``) is left out, and so is its character.

    Args:
        glyphs: uint8 ``[n, side, side]``, side >= 16: one drawing for each character of ``text``
            that is no space, in order, each where it belongs in its em box.
        text: clean: single spaces, none at the ends.
        height: of the image in pixels; its width where the line is vertical.
        seed: of the run.
        line: the line's number; with the seed it decides how the line is written.
        vertical: write from top to bottom. Brackets, dashes and runs of Latin letters or digits
            are turned clockwise; a single one of these stands upright.
        drops: how much lower than on its canvas a character belongs, in canvas sides; see ``drops_of``.
        writer: whose lines are much alike; see ``layout.draw_habits``.
        ends: where a pen enters and leaves each glyph: it goes on from one character to the next where ``onward``
            says so. What is between them is neither's box; ``notes["joined"]`` has the positions in ``text`` of the
            characters that are joined to the next.

    Returns:
        The line; without one glyph with ink its text is empty and its image blank.
    """
    kept = inked(glyphs, 1, 2)
    ends = ends if ends is None or kept.all() else _lifted_before_gaps(ends, kept)
    text, glyphs = _without(text, kept), glyphs[kept]
    if not len(glyphs):
        return Line("", np.full((height, height), 255, np.uint8), [])
    chars = [char for char in text if char != " "]
    spaced = _after_space(text)
    wide = np.array([is_wide(char) for char in chars])
    drop = np.array([(drops or {}).get(char, 0.0) for char in chars])
    if vertical:
        wide, turned = _standing(chars, wide, spaced)
        glyphs = _turn(glyphs, chars, turned)
        drop = np.where(turned, -drop, 0.0)
    habits = draw_habits(seed, line, len(chars), writer)
    layout = lay_out(Ink.of(glyphs), wide, spaced, drop, habits)
    image, boxes, origin, scale = _draw(glyphs, layout, habits, height)
    notes: dict[str, Any] = {}
    if ends is not None and ends.reach.any():
        placed = origin, layout.size * scale
        after = joined(image, chars, spaced, ends.turned() if vertical else ends, placed, vertical=vertical)
        notes = {"joined": [_positions(text)[number] for number in after]} if after else {}
    if vertical:
        image, boxes = np.ascontiguousarray(image.T), boxes[:, [1, 0, 3, 2]]
    found = iter(boxes.tolist())
    return Line(text, image, [None if char == " " else tuple(next(found)) for char in text], notes)


def _positions(text: str) -> list[int]:
    """Return where the characters that are no spaces are in a text."""
    return [number for number, char in enumerate(text) if char != " "]


def _lifted_before_gaps(ends: Ends, kept: NDArray[np.bool_]) -> Ends:
    """Return the ends of the glyphs that are kept; the pen does not go on over one that is not."""
    made = Ends(ends.values.copy())
    made.values[np.append(~kept[1:], True), -1] = 0
    return made[kept]


def _without(text: str, kept: NDArray[np.bool_]) -> str:
    """Return ``text`` without the characters that are not kept, and without the spaces this leaves idle."""
    if kept.all():
        return text
    marks = iter(kept)
    return " ".join("".join(char for char in text if char == " " or next(marks)).split())


def _after_space(text: str) -> NDArray[np.bool_]:
    """Return for each character that is no space whether it follows one."""
    return np.array([before == " " for before, char in zip("x" + text, text, strict=False) if char != " "])


def _standing(
    chars: list[str], wide: NDArray[np.bool_], spaced: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which characters keep a square box in a vertical line, and which are turned."""
    alone = np.append(wide[1:], True) & np.insert(wide[:-1], 0, True)
    turned = ~(wide | alone) | np.array([char in _TURNED for char in chars])
    return wide | alone, turned


def _turn(glyphs: NDArray[np.uint8], chars: list[str], turned: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the glyphs of a vertical line as a horizontal one has them: all mirrored in the diagonal.

    A quarter turn clockwise and that mirror together are a turn upside down without sideways.
    """
    out = glyphs.swapaxes(1, 2).copy()
    out[turned] = glyphs[turned, ::-1]
    for number, char in enumerate(chars):
        if char in _CORNER and not turned[number]:
            out[number] = _opposite(out[number])
    return out


def _opposite(glyph: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Move a glyph's ink to the opposite corner of its canvas: from the lower left to the upper right."""
    shift = [len(glyph) - 1 - int(np.flatnonzero(inked(glyph, axis))[[0, -1]].sum()) for axis in (1, 0)]
    return np.roll(glyph, shift, axis=(0, 1))


def _draw(
    glyphs: NDArray[np.uint8], layout: Layout, habits: Habits, height: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64], Floats, float]:
    """Draw a laid-out line.

    Returns:
        uint8 ``[height, width]``; int ``[n, 4]`` boxes; ``[n, 2]``, where the canvases begin; and pixels per side.
    """
    left, top, right, bottom = layout.box
    before, after, above = (max(margin * height, _EDGE) for margin in habits.margins)
    scale = min(habits.fill * height, (height - 2 * above) / (bottom - top))
    free = height - scale * (bottom - top) - 2 * _EDGE
    x = (layout.x - left) * scale + before
    y = (layout.y - top) * scale + _EDGE + free / 2 + min(free, height / 3) * (habits.balance - 0.5)
    width = round(before + (right - left) * scale + after)
    zoom = layout.size * scale / glyphs.shape[-1]
    columns, first_x = _filters(inked(glyphs, 1), x, zoom)
    rows, first_y = _filters(inked(glyphs, 2), y, zoom)
    ink = np.subtract(255, glyphs, dtype=np.float32)
    patches = np.clip(rows @ ink @ columns.swapaxes(1, 2), 0, 255).round().astype(np.uint8)
    image = np.zeros((height + 2 * patches.shape[1], width + 2 * patches.shape[2]), np.uint8)
    for patch, x0, y0 in zip(patches, first_x + patches.shape[2], first_y + patches.shape[1], strict=True):
        under = image[y0 : y0 + patch.shape[0], x0 : x0 + patch.shape[1]]
        np.maximum(under, patch, out=under)
    image = image[patches.shape[1] : -patches.shape[1], patches.shape[2] : -patches.shape[2]]
    return np.invert(image), _boxes(patches, first_x, first_y), np.stack([x, y], axis=1), scale


def _filters(marked: NDArray[np.bool_], start: Floats, zoom: Floats) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return what resamples one axis of the glyphs, and the pixel where each patch begins.

    A triangle as wide as a source pixel where glyphs grow, and as a target pixel where they shrink.

    Args:
        marked: ``[n, side]``: where the glyphs have ink; nothing far from it is drawn.
        start: ``[n]``: where the canvases begin, in target pixels.
        zoom: ``[n]``: target pixels per source pixel.

    Returns:
        ``[n, patch, side]`` weights, and ``[n]``.
    """
    side = marked.shape[1]
    low = np.maximum(marked.argmax(axis=1) - _FRINGE, 0)
    high = np.minimum(side - marked[:, ::-1].argmax(axis=1) + _FRINGE, side)
    first = np.floor(start + low * zoom).astype(np.int64)
    count = int((np.ceil(start + high * zoom).astype(np.int64) - first).max())
    center = ((first - start)[:, None] + np.arange(count) + 0.5) / zoom[:, None] - 0.5
    reach = np.maximum(1, 1 / zoom)
    # The canvas goes on in paper, so that weights at its edge add up to one like all others.
    beyond = int(np.ceil(reach.max()))
    source = np.arange(-beyond, side + beyond, dtype=np.float32)
    near = reach.astype(np.float32)[:, None, None] - np.abs(center.astype(np.float32)[:, :, None] - source)
    weights = np.maximum(0, near, out=near)
    weights /= np.maximum(weights.sum(axis=2, keepdims=True), 1e-3)
    inside = source[beyond : beyond + side]
    kept = (inside >= low[:, None]) & (inside < high[:, None])
    return weights[:, :, beyond : beyond + side] * kept[:, None], first


def _boxes(patches: NDArray[np.uint8], first_x: NDArray[np.int64], first_y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the boxes of the ink of some patches; of half of the darkest where all of it is pale."""
    least = np.minimum(255 - INK, patches.max(axis=(1, 2)) // 2)
    dark = patches > least[:, None, None]
    edges = []
    for axis, first in ((1, first_x), (2, first_y)):
        some = dark.any(axis=axis)
        edges.append((first + some.argmax(axis=1), first + some.shape[1] - some[:, ::-1].argmax(axis=1)))
    (x0, x1), (y0, y1) = edges
    return np.stack([x0, y0, x1, y1], axis=1)
