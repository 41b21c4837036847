"""One font's forms: the strokes of its glyphs, found once and checked.

Where standard strokes are known they are laid over the glyph, so that order, direction and joins are known; where
that does not explain the glyph's ink, or nothing is known of the character, its centerlines are put into strokes as
a graph says. What is drawn again along the strokes is compared with the glyph, and a bad trace is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from handgen.fonts.align import source_placement
from handgen.fonts.charsets import load_charset
from handgen.fonts.coverage import Coverage, survey
from handgen.fonts.face import FontRef
from handgen.fonts.outline import Outlines
from handgen.fonts.raster import Placement, Rasterizer
from handgen.metrics.skeleton import thinned
from handgen.strokes.base import JOINED, LIFTED, ONWARD, POINTS, Strokes, StrokeTable, resampled
from handgen.strokes.motion import IDEOGRAPHIC, lengths_of
from handgen.strokes.paint import paint
from handgen.strokes.register import PICKED, Placed, register
from handgen.strokes.series import TERMS, cosines, fitted
from handgen.strokes.trace import traced_all

ABSENT, REJECTED, REGISTERED, TRACED = 0, 1, 2, 3
"""What became of a character: the font does not draw it; its trace is bad; standard strokes; the centerlines' graph."""
_OWN = {REGISTERED: 0.6, TRACED: 1.0}
"""How much of their shape strokes keep under a writer's pen, by how they were found."""
LONGEST = 0.9
"""A traced stroke longer than this is kept in pieces, so that its points stay near each other. In squares."""

_LOW, _SPAN, _STEPS = -1.0, 3.0, 65535
"""Coordinates are kept over this range, in so many steps."""
_BATCH = 64
_PAPER = 128
_COARSE, _FINE = 64, 128
"""Pixels of the square's side: for standard strokes, and for graphs."""
_ROOM = 0.125
"""Around the square, for what sticks out of it: tails and swashes."""
_HAN_MIDDLE, _HAN_SIZE = np.array([0.4976, 0.4805]), 0.792
"""Medians over GB2312 level 1 of Hanzi Writer's data: middle of a character, root of width times height."""
LATIN_TOP, LATIN_BASE = 0.141, 0.851
"""Where KanjiVG's capitals end."""
_CAPITALS = "BDEHKLNRTXZ"
_FEWEST = 3
_RECALL, _PRECISION = 0.86, 0.86
"""Of the ink drawn again; below either a trace is bad."""
_BROADEST = 0.25
"""No line is so wide: what is, is a blot."""
_LONGER = 1.45
"""A character whose strokes are so many times as long as others', against the standard's, is another character."""
_LINES = 0.9
"""Share of the centerlines that standard strokes explain, and the other way round; below it the graph is asked."""


@dataclass(frozen=True)
class FontForms:
    """The strokes of some characters as one font has them, in the unit square, y down.

    Attributes:
        chars: the characters.
        first: int64 ``[chars + 1]``, where the strokes of each begin; one without a form has none.
        points: uint16 ``[strokes, POINTS, 2]``, as ``encoded`` makes them: a font's forms are many.
        held: uint8 ``[strokes]``: ``LIFTED``, ``JOINED`` or ``ONWARD`` after it.
        way: uint8 ``[chars]``: ``ABSENT``, ``REJECTED``, ``REGISTERED`` or ``TRACED``.
        fit: float32 ``[chars, 2]``: recall and precision of the ink drawn again.
    """

    chars: str
    first: NDArray[np.int64]
    points: NDArray[np.uint16]
    held: NDArray[np.uint8]
    way: NDArray[np.uint8]
    fit: NDArray[np.float32]


@dataclass(frozen=True)
class _Form:
    """Of one character: ``[n, POINTS, 2]``, ``[n]`` and what became of it."""

    points: NDArray[np.float32]
    held: NDArray[np.uint8]
    way: int
    fit: tuple[float, float]


def trace_font(font: FontRef, chars: str, standard: Mapping[str, NDArray[np.float32]]) -> FontForms:
    """Find the strokes of characters as a font draws them.

    Every script of a font is brought to the size and position that standard strokes have: Chinese characters by their
    mean box, all else by the capitals; proportions stay.

    Args:
        font: the face.
        chars: the characters, each once.
        standard: standard strokes of those that have some, ``[n, POINTS, 2]``.

    Raises:
        FontError, UsageError: the font cannot be opened.
    """
    outlines = Outlines(font)
    found: dict[str, _Form] = {}
    coverage = survey(outlines, chars)
    for han in (True, False):
        some = "".join(char for char in coverage.drawn if _is_han(char) == han)
        if some:
            placement = _han_placement(outlines) if han else _latin_placement(outlines)
            found.update(_forms(outlines, some, standard if han else {}, placement))
    return _packed(chars, _without_others(found, standard))


def _without_others(found: Mapping[str, _Form], standard: Mapping[str, NDArray[np.float32]]) -> dict[str, _Form]:
    """Reject what is far longer than the standard's strokes are: fonts draw 國 where 国 is asked for."""
    known = [char for char, form in found.items() if char in standard and form.way >= REGISTERED]
    if not known:
        return dict(found)
    ratio = {char: _way(found[char].points) / max(_way(standard[char]), 1e-3) for char in known}
    most = _LONGER * float(np.median(list(ratio.values())))
    return {c: replace(form, way=REJECTED) if ratio.get(c, 0) > most else form for c, form in found.items()}


def _way(points: NDArray[np.float32]) -> float:
    return float(lengths_of(points).sum())


def _is_han(char: str) -> bool:
    return ord(char) >= IDEOGRAPHIC


def _forms(
    outlines: Outlines, chars: str, standard: Mapping[str, NDArray[np.float32]], placement: Placement
) -> dict[str, _Form]:
    found: dict[str, _Form] = {}
    known = "".join(char for char in chars if char in standard)
    if known:
        images = Rasterizer(outlines, _COARSE, placement).draw_all(known)
        made = _registered([standard[char] for char in known], images)
        found.update((char, form) for char, form in zip(known, made, strict=True) if form.way == REGISTERED)
    found.update(_graphs(outlines, "".join(char for char in chars if char not in found), placement))
    return found


def _registered(standard: list[NDArray[np.float32]], images: NDArray[np.uint8]) -> list[_Form]:
    """Lay standard strokes over glyphs; what does not fit is ``REJECTED``."""
    placed = list(register(standard, images, placed=True, quick=True))
    made = _whole_strokes(standard, placed)
    fit = _fit(made, images)
    sound = (fit[:, 0] >= _RECALL) & (fit[:, 1] >= _PRECISION)
    sound &= np.array([min(each.recall, each.precision) >= _LINES for each in placed])
    return [
        _Form(points, each.joined.astype(np.uint8) * JOINED, REGISTERED if ok else REJECTED, (float(r), float(p)))
        for points, each, ok, (r, p) in zip(made, placed, sound, fit, strict=True)
    ]


def _whole_strokes(standard: list[NDArray[np.float32]], placed: list[Placed]) -> list[NDArray[np.float32]]:
    """Return standard strokes, ``[n, POINTS, 2]``, moved as the few points of them were that registration moves."""
    counts = np.array([len(each) for each in standard])
    usual = np.concatenate(standard)
    moved = np.concatenate([each.points for each in placed]) - usual[:, PICKED]
    points = usual + np.einsum("pt,nta->npa", cosines(POINTS, TERMS), fitted(moved, TERMS))
    return np.split(points.astype(np.float32), np.cumsum(counts)[:-1])


def _graphs(outlines: Outlines, chars: str, placement: Placement) -> dict[str, _Form]:
    """Put the centerlines of glyphs into strokes."""
    found: dict[str, _Form] = {}
    for start in range(0, len(chars), _BATCH):
        some = chars[start : start + _BATCH]
        for zoom in (1.0, 0.5):
            side = round(_FINE * (1 + 2 * _ROOM))
            images, inside = _drawn(outlines, some, placement, side, _FINE * zoom)
            if zoom == 1 and not inside.all():
                # What is larger than the canvas is looked at from farther away.
                later = "".join(char for char, fits in zip(some, inside, strict=True) if not fits)
                images, some = images[inside], "".join(char for char in some if char not in later)
            else:
                later = ""
            if some:
                found.update(zip(some, _traced(images, side / (_FINE * zoom)), strict=True))
            some = later
            if not some:
                break
    return found


def _drawn(
    outlines: Outlines, chars: str, placement: Placement, side: int, unit: float
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw glyphs with the square, of ``unit`` pixels, in the canvas' middle; tell which are inside the canvas."""
    ratio, edge = unit / _COARSE, (side - unit) / 2
    here = Placement(
        placement.scale_x * ratio,
        placement.scale_y * ratio,
        placement.x * ratio + edge,
        placement.baseline * ratio + edge,
    )
    boxes = survey(outlines, chars).boxes
    x, y = here.x + boxes[:, ::2] * here.scale_x, here.baseline - boxes[:, 1::2] * here.scale_y
    inside = (np.minimum(x, y).min(1) >= 0) & (np.maximum(x, y).max(1) <= side)
    return Rasterizer(outlines, side, here).draw_all(chars), inside


def _traced(images: NDArray[np.uint8], scale: float) -> list[_Form]:
    """Trace glyphs on canvases whose side is ``scale`` squares, and compare what is drawn again."""
    made = traced_all(images < _PAPER)
    drawn = [resampled(strokes)[0] for strokes in made]
    # Compared on half of the canvas' pixels, which is as fine as anybody looks.
    small = F.avg_pool2d(torch.from_numpy(images)[:, None].float(), 2)[:, 0].byte().numpy()
    fit = _fit(drawn, small)
    forms = []
    for strokes, (recall, precision) in zip(made, fit, strict=True):
        ok = bool(strokes) and recall >= _RECALL and precision >= _PRECISION
        unit = tuple(((stroke - 0.5) * scale + 0.5).astype(np.float32) for stroke in strokes)
        points, held = in_pieces(unit)
        forms.append(_Form(points, held, TRACED if ok else REJECTED, (float(recall), float(precision))))
    return forms


def in_pieces(strokes: Strokes) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return strokes ``[n, POINTS, 2]``, long ones in pieces, and whether the pen goes on after each, ``[n]``."""
    pieces, held = [], []
    for stroke in strokes:
        step = np.hypot(*np.diff(stroke, axis=0).T) if len(stroke) > 1 else np.zeros(0)
        way = np.r_[0, np.cumsum(step)]
        count = max(1, min(int(np.ceil(way[-1] / LONGEST)), len(stroke) // 4))
        cuts = np.searchsorted(way, way[-1] * np.arange(1, count) / count)
        for first, last in zip([0, *cuts], [*cuts, len(stroke) - 1], strict=True):
            pieces.append(stroke[first : last + 1])
        held += [ONWARD] * (count - 1) + [LIFTED]
    return resampled(pieces)[0], np.array(held, np.uint8)


def _even_width(
    ink: NDArray[np.floating], length: NDArray[np.floating], strokes: NDArray[np.int64]
) -> NDArray[np.floating]:
    """Return how wide even lines with round ends are that have as much ink: A = length w + strokes pi / 4 w^2."""
    caps = np.pi / 4 * np.maximum(strokes, 1)
    width: NDArray[np.floating] = (np.sqrt(length**2 + 4 * caps * ink) - length) / (2 * caps)
    return width


def _fit(drawn: list[NDArray[np.float32]], images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return which share of glyphs' ink has drawn ink near it, and the other way round: float32 ``[n, 2]``.

    Args:
        drawn: strokes of each, ``[k, POINTS, 2]``, in sides of the canvas.
        images: uint8 ``[n, size, size]``, 0 = ink.
    """
    fit = np.zeros((len(images), 2), np.float32)
    size = images.shape[-1]
    for start in range(0, len(images), _BATCH):
        some, part = images[start : start + _BATCH], drawn[start : start + _BATCH]
        ink = torch.from_numpy(some) < _PAPER
        counts = [len(each) for each in part]
        if not sum(counts):
            continue
        owner = np.repeat(np.arange(len(some)), counts)
        lines = np.concatenate([each for each in part if len(each)])
        length = np.bincount(owner, lengths_of(lines).sum(1), len(some)).astype(np.float64)
        width = _even_width(ink.flatten(1).float().mean(1).numpy(), length, np.array(counts))
        wide = np.repeat(np.maximum(width, 1.5 / size)[owner, None].astype(np.float32), POINTS, 1)
        again = torch.from_numpy(paint(lines, wide, np.zeros(len(owner), bool), owner, len(some), size)) < _PAPER
        near = [F.max_pool2d(mask[:, None].float(), 3, 1, 1)[:, 0] > 0 for mask in (ink, again)]
        for column, (mask, other) in enumerate(((ink, near[1]), (again, near[0]))):
            share = (mask & other).flatten(1).sum(1) / mask.flatten(1).sum(1).clamp(min=1)
            fit[start : start + len(some), column] = np.where(width > _BROADEST, 0, share.numpy())
    return fit


def _han_placement(outlines: Outlines) -> Placement:
    """Return where a font's Chinese characters go on a canvas of ``_COARSE`` pixels."""
    probes = survey(outlines, load_charset("gb2312-1")[::50])
    if len(probes.drawn) < _FEWEST:
        return Placement(_COARSE, _COARSE, _COARSE / 2, 0.88 * _COARSE)
    placement, boxes = _line_boxes(outlines, probes)
    middle = np.median((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0)
    size = float(np.median(np.sqrt(np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-3).prod(1))))
    return _moved(placement, _HAN_SIZE * _COARSE / size, middle, _HAN_MIDDLE * _COARSE)


def _latin_placement(outlines: Outlines) -> Placement:
    """Return where a font's letters go: capitals stand on the line and are as high as they should be."""
    probes = survey(outlines, _CAPITALS)
    if len(probes.drawn) < _FEWEST:
        probes = survey(outlines, "0123456789" + "bdhklf")
    if len(probes.drawn) < _FEWEST:
        return Placement(_COARSE, _COARSE, _COARSE / 2, LATIN_BASE * _COARSE)
    placement, boxes = _line_boxes(outlines, probes)
    top, base = np.median(boxes[:, 1]), np.median(boxes[:, 3])
    scale = (LATIN_BASE - LATIN_TOP) * _COARSE / max(float(base - top), 1e-3)
    return _moved(placement, scale, np.array([placement.x, base]), np.array([0.5, LATIN_BASE]) * _COARSE)


def _line_boxes(outlines: Outlines, probes: Coverage) -> tuple[Placement, NDArray[np.float64]]:
    """Return a placement that shows some glyphs, and the boxes of their centerlines there, ``[n, 4]`` in pixels."""
    placement = source_placement(probes.boxes, _FINE, 0.1)
    images = Rasterizer(outlines, _FINE, placement).draw_all(probes.drawn)
    lines = thinned(torch.from_numpy(images < _PAPER)).numpy()
    boxes = []
    for line in lines:
        y, x = np.nonzero(line)
        if len(x):
            boxes.append((x.min() + 0.5, y.min() + 0.5, x.max() + 0.5, y.max() + 0.5))
    return placement, np.array(boxes, np.float64).reshape(-1, 4)


def _moved(placement: Placement, scale: float, there: NDArray[np.float64], here: NDArray[np.float64]) -> Placement:
    """Return a placement so many times as large, which puts what was at ``there`` to ``here``."""
    x, y = here + scale * (np.array([placement.x, placement.baseline]) - there)
    return replace(
        placement, scale_x=placement.scale_x * scale, scale_y=placement.scale_y * scale, x=float(x), baseline=float(y)
    )


def _packed(chars: str, found: Mapping[str, _Form]) -> FontForms:
    """Put the forms of characters into flat arrays; bad ones have no strokes."""
    used = [found.get(char) for char in chars]
    good = [form if form and form.way in (REGISTERED, TRACED) else None for form in used]
    first = np.concatenate([[0], np.cumsum([len(form.points) if form else 0 for form in good])]).astype(np.int64)
    points = np.concatenate([np.empty((0, POINTS, 2), np.float32), *(form.points for form in good if form)])
    held = np.concatenate([np.empty(0, np.uint8), *(form.held for form in good if form)])
    way = np.array([form.way if form else ABSENT for form in used], np.uint8)
    fit = np.array([form.fit if form else (0, 0) for form in used], np.float32).reshape(-1, 2)
    return FontForms(chars, first, encoded(points), held, way, fit)


def encoded(points: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return coordinates in 16 bits, from ``_LOW`` on."""
    made: NDArray[np.uint16] = np.rint(np.clip((points - _LOW) / _SPAN, 0, 1) * _STEPS).astype(np.uint16)
    return made


def decoded(points: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return what ``encoded`` was given, to within 1/40,000 of the square."""
    made: NDArray[np.float32] = points.astype(np.float32) * np.float32(_SPAN / _STEPS) + np.float32(_LOW)
    return made


def standard_forms(table: StrokeTable, asked: str) -> FontForms:
    """Return standard strokes as the forms of a hand."""
    known = {char: number for number, char in enumerate(table.chars)}
    number = np.array([known.get(char, -1) for char in asked])
    counts = np.where(number >= 0, np.diff(table.first)[number], 0)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    rows = [np.arange(table.first[p], table.first[p + 1]) for p in number if p >= 0]
    points = encoded(table.points[np.concatenate(rows)])
    way = np.where(number >= 0, REGISTERED, ABSENT).astype(np.uint8)
    fit = np.where(number[:, None] >= 0, 1, 0).astype(np.float32).repeat(2, 1)
    return FontForms(asked, first, points, np.zeros(len(points), np.uint8), way, fit)


def own_shares(table: FontForms) -> NDArray[np.float32]:
    """Return how much of their shape the strokes of each character keep."""
    made = np.zeros(len(table.chars), np.float32)
    for way, own in _OWN.items():
        made[table.way == way] = own
    return made
