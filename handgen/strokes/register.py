"""Standard strokes laid over the glyphs of a hand: where each stroke of the standard is in the glyph, and how thick.

The standard's points are the centers of a mixture of Gaussians that is to explain the glyph's centerlines, as in
coherent point drift (Myronenko & Song, "Point set registration", 2010): their common displacement is smooth. Three
things differ. The prior on displacements is a Gaussian process that moves a stroke more easily as a whole than it
bends it; a centerline's pixel is explained by a point only where both run the same way; and the spread of the
Gaussians falls on a fixed schedule. First a map of the whole character is fitted, then the displacement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handgen.strokes.base import POINTS
from handgen.strokes.reading import PAPER, Lines, centerlines, half_widths, joined, quality, trimmed

KNOTS = 10
"""Points of a stroke that are fitted; those between them follow smoothly."""
PICKED = np.round(np.linspace(0, POINTS - 1, KNOTS)).astype(np.int64)
"""Their indexes among the points of a table's stroke."""
_BATCH = 32
_WHOLE = (0.10, 0.04, 6)
_PARTS = (0.05, 0.012, 12)
"""Spread of the Gaussians at first and at last, in sides of the square, and how many steps lie between."""
_OUTLIERS = 0.08
"""Share of centerlines that no stroke of the standard explains, such as joins."""
_NOTHING = -60.0
_TURNED = 2.5
"""How much less likely a point explains a line that runs across it: by exp(-2 * this)."""
_FIELD, _FIELD_REACH = 0.04, 0.30
_STROKE, _BEND, _BEND_REACH = 0.035, 0.02, 0.35
"""Standard deviations of displacements: of all strokes together, near ones alike; of each stroke; and within one."""
_STIFF = 0.02
"""How strongly the map of the whole character is held to the style's, in centerline pixels a point."""
_DIRECTIONS = 5
"""In which a stroke is displaced: the shift, and four ways to bend."""


@dataclass(frozen=True)
class Placed:
    """Standard strokes of one character, laid over a glyph.

    Attributes:
        points: float32 ``[strokes, KNOTS, 2]`` in the unit square, y down.
        widths: float32 ``[strokes, KNOTS]``, of the line, in sides of the square.
        joined: bool ``[strokes]``, whether the pen stays down after it.
        recall: share of the glyph's centerlines near a stroke or a join, 0 to 1.
        precision: share of the strokes near a centerline, 0 to 1.
    """

    points: NDArray[np.float32]
    widths: NDArray[np.float32]
    joined: NDArray[np.bool_]
    recall: float
    precision: float


def register(
    strokes: Sequence[NDArray[np.float32]], images: NDArray[np.uint8], *, placed: bool = False, quick: bool = False
) -> Iterator[Placed]:
    """Lay standard strokes over glyphs of one style.

    Args:
        strokes: of each character, ``[n, POINTS, 2]``, as a table has them.
        images: the glyphs, uint8 ``[len(strokes), size, size]``, 0 = ink.
        placed: the glyphs as a whole are already where the strokes are, and as large.
        quick: look at half of the pixels, and let every line of a glyph be as wide as its mean.

    Yields:
        The strokes of each character, in order.
    """
    middle, scale = (np.zeros(2, np.float32), np.ones(2, np.float32)) if placed else _frame(strokes, images)
    order = sorted(range(len(strokes)), key=lambda number: len(strokes[number]))  # alike ones together, to pad little
    made: dict[int, Placed] = {}
    for start in range(0, len(order), _BATCH):
        some = order[start : start + _BATCH]
        moved = [strokes[i][:, PICKED] * scale + middle for i in some]
        found = _register(moved, images[some], [_lengths(strokes[i]) for i in some], quick)
        made.update(zip(some, found, strict=True))
    yield from (made[number] for number in range(len(order)))


def _lengths(strokes: NDArray[np.float32]) -> NDArray[np.float32]:
    step = np.diff(strokes, axis=1)
    lengths: NDArray[np.float32] = np.sqrt((step**2).sum(2)).sum(1)
    return lengths


def _frame(
    strokes: Sequence[NDArray[np.float32]], images: NDArray[np.uint8], most: int = 256
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the offset and scale, ``[2]`` each, that bring standard strokes onto a style's glyphs as a whole."""
    some = np.unique(np.linspace(0, len(strokes) - 1, most).astype(int))
    lines = centerlines(images[some])
    ours = [_moments(torch.from_numpy(strokes[i]).flatten(0, 1)) for i in some]
    theirs = [_moments(points[there]) for points, there in zip(lines.points, lines.there, strict=True) if there.any()]
    (middle, spread), (there, wide) = (torch.stack(each).median(0).values for each in (ours, theirs))
    scale = (wide / spread.clamp(min=1e-3)).clamp(0.5, 2)
    return (there - scale * middle).numpy(), scale.numpy()


def _moments(points: Tensor) -> Tensor:
    return torch.stack([points.mean(0), points.std(0, correction=0)])


def _register(
    strokes: list[NDArray[np.float32]], images: NDArray[np.uint8], lengths: list[NDArray[np.float32]], quick: bool
) -> list[Placed]:
    """Lay strokes ``[n, KNOTS, 2]`` over glyphs, together."""
    counts = [len(each) for each in strokes]
    most = max(counts)
    points = torch.stack([F.pad(torch.from_numpy(s), (0, 0, 0, 0, 0, most - len(s))) for s in strokes])
    long = torch.stack([F.pad(torch.from_numpy(s), (0, most - len(s))) for s in lengths])
    prior = (long / long.sum(1, keepdim=True) / KNOTS)[:, :, None].expand(-1, -1, KNOTS).flatten(1)
    lines = centerlines(images)
    seen = lines.sparse(images.shape[-1]) if quick else lines
    placed = trimmed(_drift(_whole(points, prior, seen), prior, seen), lines)
    if quick:
        mean = (images < PAPER).sum((1, 2)) / np.maximum(lines.there.sum(1).numpy(), 1) / images.shape[-1]
        widths = torch.from_numpy(mean.astype(np.float32))[:, None, None].expand(-1, most, KNOTS)
    else:
        thick = F.max_pool2d(half_widths(images), 3, 1, 1)
        widths = 2 * F.grid_sample(thick, placed.flatten(1, 2)[:, :, None] * 2 - 1, align_corners=False)
        widths = widths.view(len(strokes), most, KNOTS)
    down = joined(placed, long > 0, widths, images)
    recall, precision = quality(placed, long, lines)
    return [
        Placed(placed[i, :n].numpy(), widths[i, :n].numpy(), down[i, :n].numpy(), float(recall[i]), float(precision[i]))
        for i, n in enumerate(counts)
    ]


def _steps(schedule: tuple[float, float, int]) -> Iterator[float]:
    first, last, count = schedule
    yield from (first * (last / first) ** (step / (count - 1)) for step in range(count))


def _explained(points: Tensor, prior: Tensor, lines: Lines, spread: float) -> tuple[Tensor, Tensor]:
    """Return by how many pixels each point is called for, ``[B, M]``, and the sums of these pixels, ``[B, M, 2]``."""
    ahead = torch.cat([points[:, :, 1:2] - points[:, :, :1], points[:, :, 2:] - points[:, :, :-2],
                       points[:, :, -1:] - points[:, :, -2:-1]], 2).flatten(1, 2)  # fmt: skip
    x, y = ahead[..., :1], ahead[..., 1:]
    ways = torch.cat([x * x - y * y, 2 * x * y], 2) / (x * x + y * y).clamp(min=1e-12)
    flat, inverse = points.flatten(1, 2), 1 / spread**2
    weight = (prior * (1 - _OUTLIERS) / (_OUTLIERS * 2 * np.pi * spread**2)).clamp(min=1e-30).log() - _TURNED
    # The logarithm of a Gaussian is a sum of products, so one product of matrices makes them all.
    ours = torch.cat([flat * inverse, (weight - (flat**2).sum(2) * inverse / 2)[..., None], _TURNED * ways], 2)
    ours = torch.cat([ours, torch.full_like(x, -inverse / 2)], 2)
    squares = (lines.points**2).sum(2, keepdim=True)
    theirs = torch.cat([lines.points, torch.ones_like(squares), lines.ways, squares], 2)
    # Below this it is nothing beside the outliers; and numbers next to 0 take ten times as long.
    likely = torch.bmm(theirs, ours.transpose(1, 2)).clamp_(min=_NOTHING).exp_()
    share = lines.weight * lines.there[..., None] / (likely.sum(2, keepdim=True) + 1)
    sums = torch.bmm(likely.transpose(1, 2), torch.cat([share, share * lines.points], 2))
    return sums[..., 0], sums[..., 1:]


def _whole(points: Tensor, prior: Tensor, lines: Lines) -> Tensor:
    """Move a whole character by the affine map that explains its glyph best, held near the identity."""
    flat = points.flatten(1, 2)
    ones = torch.ones_like(flat[..., :1])
    middle = (flat * prior[..., None]).sum(1, keepdim=True)
    basis = torch.cat([flat - middle, ones], 2)
    pixels = lines.weight * lines.there.sum(1).float()[:, None, None]
    # A shift is free compared with a stretch: characters differ in both, flat ones have but one direction.
    ridge = torch.diag(torch.tensor([_STIFF, _STIFF, _STIFF / 10])) * pixels
    made = flat
    for spread in _steps(_WHOLE):
        count, total = _explained(made.view_as(points), prior, lines, spread)
        wanted = total - count[..., None] * flat
        normal = (basis * count[..., None]).transpose(1, 2) @ basis + ridge
        made = flat + basis @ torch.linalg.solve(normal, basis.transpose(1, 2) @ wanted)
    return made.view_as(points)


def _drift(points: Tensor, prior: Tensor, lines: Lines) -> Tensor:
    """Displace the points of strokes: the Gaussian process's mean, given the pixels that each explains.

    Every stroke's displacement is a sum of the few directions in which the process varies along a stroke.
    """
    batch, count, _, _ = points.shape
    basis = _directions()
    covariance = _covariance(points, basis)
    eye = torch.eye(count * _DIRECTIONS)
    made = points
    for spread in _steps(_PARTS):
        called, total = _explained(made, prior, lines, spread)
        wanted = (total - called[..., None] * points.flatten(1, 2)).view(batch, count, KNOTS, 2)
        pull = torch.einsum("kd,bska->bsda", basis, wanted).flatten(1, 2)
        weight = torch.einsum("kd,bsk,ke->bsde", basis, called.view(batch, count, KNOTS), basis)
        rows = weight @ covariance.view(batch, count, _DIRECTIONS, -1)
        solved = torch.linalg.solve(rows.flatten(1, 2) + spread**2 * eye, pull)
        moved = (covariance @ solved).view(batch, count, _DIRECTIONS, 2)
        made = points + torch.einsum("kd,bsda->bska", basis, moved)
    return made


def _along() -> Tensor:
    """Return the covariance of displacements within a stroke, ``[KNOTS, KNOTS]``."""
    t = torch.linspace(0, 1, KNOTS)
    made: Tensor = _STROKE**2 + _BEND**2 * torch.exp(-((t[:, None] - t) ** 2) / (2 * _BEND_REACH**2))
    return made


def _directions() -> Tensor:
    """Return the principal directions of displacements within a stroke, ``[KNOTS, _DIRECTIONS]``, orthonormal."""
    found: Tensor = torch.linalg.eigh(_along())[1][:, -_DIRECTIONS:]
    return found


def _covariance(points: Tensor, basis: Tensor) -> Tensor:
    """Return the covariance of the displacements of points ``[B, S, KNOTS, 2]`` in ``basis``: ``[B, M, M]``."""
    batch, count, _, _ = points.shape
    flat = points.flatten(1, 2)
    field = _FIELD**2 * torch.exp(-(torch.cdist(flat, flat) ** 2) / (2 * _FIELD_REACH**2))
    field = field.view(batch, count, KNOTS, count, KNOTS)
    field = torch.einsum("kd,bskrl,le->bsdre", basis, field, basis).reshape(batch, count * _DIRECTIONS, -1)
    made: Tensor = field + torch.kron(torch.eye(count), basis.T @ _along() @ basis)
    return made
