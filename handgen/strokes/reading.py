"""What registration reads off glyphs: centerlines and which way they run, how thick ink is, and what is joined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handgen.metrics.skeleton import thinned

PAPER = 128
_BLUR = 1.2
_NEAR = 0.027
"""What is so near is the same position, in sides of the square."""
_END = 0.4
"""How much of a stroke may be cut off at either end."""
_GAP, _FAR = 0.06, 0.4
"""A join is at least, and at most, so long."""
_BETWEEN = 12
_FINE = 3
"""Points that lines are looked at in, for each of their own."""


@dataclass(frozen=True)
class Lines:
    """The centerlines of some glyphs, in the unit square.

    Attributes:
        points: float32 ``[B, N, 2]``, middles of their pixels.
        ways: float32 ``[B, N, 2]``, cosine and sine of twice their angle, shorter where it is unsure.
        there: bool ``[B, N]``, false beyond a glyph's last pixel.
        weight: how many pixels each stands for.
    """

    points: Tensor
    ways: Tensor
    there: Tensor
    weight: float = 1.0

    def sparse(self, size: int) -> Lines:
        """Return half of the pixels, evenly along lines whichever way they run, of images of ``size`` pixels."""
        x, y = (self.points * size - 0.5).round().long().unbind(2)
        keep = ((x + 2 * y) % 4 < 2) & self.there
        most = max(1, int(keep.sum(1).max()))
        order = torch.argsort(keep.long(), dim=1, descending=True, stable=True)[:, :most]
        points, ways = (each.gather(1, order[..., None].expand(-1, -1, 2)) for each in (self.points, self.ways))
        return Lines(points, ways, keep.gather(1, order), 2 * self.weight)


def centerlines(images: NDArray[np.uint8]) -> Lines:
    """Return the centerlines of glyphs uint8 ``[B, size, size]``, 0 = ink."""
    size = images.shape[-1]
    ink = torch.from_numpy(images) < PAPER
    skeleton = thinned(ink)
    found = [mask.nonzero().flip(1).float().add_(0.5).div_(size) for mask in skeleton]
    longest = max(1, *map(len, found))
    points = torch.stack([F.pad(each, (0, 0, 0, longest - len(each))) for each in found])
    there = torch.stack([torch.arange(longest) < len(each) for each in found])
    points_at = (points * 2 - 1)[:, :, None]
    ways = F.grid_sample(_ways(torch.from_numpy(images)), points_at, align_corners=False)[:, :, :, 0].transpose(1, 2)
    return Lines(points, ways, there)


def _ways(images: Tensor) -> Tensor:
    """Return how ink runs, ``[B, 2, size, size]``: the structure tensor's direction, as long as it is sure (0 to 1)."""
    ink = _blurred(1 - images[:, None].float() / 255, _BLUR)
    across = F.pad(ink, (1, 1, 0, 0), mode="replicate")
    down = F.pad(ink, (0, 0, 1, 1), mode="replicate")
    dx, dy = across[..., 2:] - across[..., :-2], down[..., 2:, :] - down[..., :-2, :]
    xx, yy, xy = (_blurred(part, _BLUR) for part in (dx * dx, dy * dy, dx * dy))
    # Lines run across their gradient, so twice the angle is turned by 180 degrees.
    return torch.cat([yy - xx, -2 * xy], 1) / (xx + yy).clamp(min=1e-6)


def _blurred(image: Tensor, sigma: float) -> Tensor:
    reach = int(3 * sigma)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1).float() ** 2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    padded = F.pad(image, (reach, reach, reach, reach), mode="replicate")
    made: Tensor = F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))
    return made


def half_widths(images: NDArray[np.uint8], scale: int = 2, most: float = 0.16) -> Tensor:
    """Return how far the paper is from each point: float32 ``[B, 1, size * scale, size * scale]``, in sides.

    Args:
        images: uint8 ``[B, size, size]``, 0 = ink.
        scale: how much finer the map is than the images.
        most: the farthest that is looked for, in sides.
    """
    side = images.shape[-1] * scale
    fine = F.interpolate(torch.from_numpy(images)[:, None].float(), scale_factor=scale, mode="bilinear")
    reach = int(most * side)
    squared = torch.where(fine < PAPER, torch.full_like(fine, float(reach**2)), 0.0)
    for axis in (2, 3):
        pad = (0, 0, reach, reach) if axis == 2 else (reach, reach, 0, 0)
        padded = F.pad(squared, pad)  # there is paper around
        for shift in range(2 * reach + 1):
            squared = torch.minimum(squared, padded.narrow(axis, shift, side) + float((shift - reach) ** 2))
    far: Tensor = (squared.sqrt() - 0.5).clamp(min=0) / side
    return far


def trimmed(points: Tensor, lines: Lines) -> Tensor:
    """End strokes where their glyph's lines end: the middle stays where it is, the ends are drawn back to a centerline.

    Args:
        points: ``[B, S, k, 2]``.
        lines: the centerlines.
    """
    batch, count, knots, _ = points.shape
    fine = _finer(points)
    near = (_distance(fine.flatten(1, 2), lines) < 0.75 * _NEAR).view(batch, count, -1)
    t = torch.linspace(0, 1, fine.shape[2])
    first = torch.where(near & (t <= _END), t, 1.0).amin(2)
    last = torch.where(near & (t >= 1 - _END), t, 0.0).amax(2)
    first = torch.where(first > _END, 0.0, first)[..., None]  # nowhere near: it says nothing about ends
    last = torch.where(last < 1 - _END, 1.0, last)[..., None]
    t = torch.linspace(0, 1, knots)
    t = torch.where(t < _END, first + (_END - first) * t / _END, t)
    t = torch.where(t > 1 - _END, 1 - _END + (last - 1 + _END) * (t - 1 + _END) / _END, t)
    at = t * (knots - 1)
    low = at.long().clamp(0, knots - 2)
    part = (at - low)[..., None]
    here, onward = (points.gather(2, (low + step)[..., None].expand(-1, -1, -1, 2)) for step in (0, 1))
    return here * (1 - part) + onward * part


def joined(points: Tensor, there: Tensor, widths: Tensor, images: NDArray[np.uint8]) -> Tensor:
    """Tell after which strokes the pen stays down: there is ink all the way to the next, which no stroke explains.

    Args:
        points: ``[B, S, k, 2]``.
        there: bool ``[B, S]``, false beyond a character's last stroke.
        widths: ``[B, S, k]``, of the lines.
        images: the glyphs, uint8 ``[B, size, size]``.

    Returns:
        Bool ``[B, S]``; false for the last stroke.
    """
    batch, count, _, _ = points.shape
    start, end = points[:, :-1, -1], points[:, 1:, 0]
    share = torch.linspace(0, 1, _BETWEEN + 2)[1:-1, None]
    way = (start[:, :, None] + share * (end - start)[:, :, None]).flatten(1, 2)
    ink = 1 - torch.from_numpy(images)[:, None].float() / 255
    dark = F.grid_sample(ink, way[:, :, None] * 2 - 1, align_corners=False)[:, 0, :, 0] > 0.4
    fine = _finer(points).flatten(1, 2)
    thick = F.interpolate(widths.flatten(0, 1)[:, None], size=points.shape[2] * _FINE, mode="linear")
    reach = 0.4 * _NEAR + 0.35 * thick
    reach = torch.where(there[..., None], reach.view(batch, count, -1), -1.0).flatten(1)
    alone = (torch.cdist(way, fine) > reach[:, None]).all(2)
    dark, alone = (each.view(batch, count - 1, _BETWEEN).float().mean(2) for each in (dark, alone))
    gap = (end - start).norm(dim=2)
    found = (dark > 0.9) & (alone > 0.3) & (gap > _GAP) & (gap < _FAR) & there[:, 1:]
    return F.pad(found, (0, 1))


def quality(points: Tensor, lengths: Tensor, lines: Lines) -> tuple[Tensor, Tensor]:
    """Return which share of centerlines has a stroke near it, and which share of strokes a centerline: ``[B]`` each.

    Args:
        points: ``[B, S, k, 2]``.
        lengths: of the strokes, ``[B, S]``; 0 = none.
        lines: the centerlines.
    """
    fine = _finer(points)
    weight = lengths[..., None].expand(-1, -1, fine.shape[2]).flatten(1)
    apart = torch.cdist(lines.points, fine.flatten(1, 2))
    apart = apart.masked_fill(~lines.there[..., None] | (weight[:, None] <= 0), 9.0)
    found = (apart.amin(2) < _NEAR) & lines.there
    sound = (apart.amin(1) < _NEAR) * weight
    return found.sum(1) / lines.there.sum(1).clamp(min=1), sound.sum(1) / weight.sum(1).clamp(min=1e-6)


def _distance(points: Tensor, lines: Lines) -> Tensor:
    """Return how far points ``[B, M, 2]`` are from the nearest centerline, ``[B, M]``."""
    return torch.cdist(points, lines.points).masked_fill(~lines.there[:, None], 9.0).amin(2)


def _finer(points: Tensor) -> Tensor:
    """Return polylines ``[B, S, k, 2]`` with more points between theirs."""
    flat = points.flatten(0, 1).transpose(1, 2)
    made = F.interpolate(flat, size=points.shape[2] * _FINE, mode="linear", align_corners=True)
    finer: Tensor = made.transpose(1, 2).reshape(*points.shape[:2], -1, 2)
    return finer
