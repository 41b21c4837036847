"""A warp of images: any number of affine maps and smooth displacements, combined into one resampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from handgen.deform.fields import Field

_INK = 0.9
"""Darker pixels (0 = ink, 1 = paper) count as ink that must stay on the canvas."""
_EDGE = 0.75
"""Distance in pixels between the edge of the canvas and ink that was moved inside."""
_TRIES = 12
_STEPS = 1 << 14
"""Displacements are multiples of 1 / _STEPS, so that sums of them are exact; see ``fields``."""


@dataclass(frozen=True)
class Warp:
    """A map from each point p of the result to its source: ``matrix @ (p - offset) + field(p)``.

    Points are in image heights from the center of the image, x to the right, y down.

    Attributes:
        matrix: float64 ``[B, 2, 2]``.
        offset: float64 ``[B, 2]``, the result is shifted by this much.
        bends: displacements: the axis (0 = x, 1 = y), smooth fields, and their amplitudes ``[B]`` in heights.
        like: images ``[B, C, H, W]`` of the size that is warped.
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]
    bends: tuple[tuple[int, Field, NDArray[np.float64]], ...]
    like: Tensor

    @classmethod
    def none(cls, images: Tensor) -> Warp:
        """Return the warp that leaves ``images`` as they are."""
        return cls(np.tile(np.eye(2), (len(images), 1, 1)), np.zeros((len(images), 2)), (), images)

    @classmethod
    def from_source(cls, images: Tensor, matrix: NDArray[np.float64], shift: NDArray[np.float64]) -> Warp:
        """Return the warp whose point p comes from ``matrix @ p + shift``; ``[B, 2, 2]``, and ``[B, 2]`` in heights."""
        offset = np.asarray(-np.linalg.solve(matrix, shift[..., None])[..., 0], np.float64)
        return cls(matrix, offset, (), images)

    @property
    def length(self) -> float:
        """Width of the images in heights."""
        return self.like.shape[-1] / self.like.shape[-2]

    def linear(
        self,
        xx: float | NDArray[np.float64] = 1.0,
        xy: float | NDArray[np.float64] = 0.0,
        yx: float | NDArray[np.float64] = 0.0,
        yy: float | NDArray[np.float64] = 1.0,
    ) -> Warp:
        """Return this warp followed by ``x, y -> xx x + xy y, yx x + yy y``, each ``[B]``."""
        matrix = np.empty_like(self.matrix)
        matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 1, 0], matrix[:, 1, 1] = xx, xy, yx, yy
        inverse = np.linalg.inv(matrix)
        offset = (matrix * self.offset[:, None]).sum(2)
        return replace(self, matrix=(self.matrix[..., None] * inverse[:, None]).sum(2), offset=offset)

    def shifted(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> Warp:
        """Return this warp followed by a shift; ``x`` and ``y`` are ``[B]``, in heights."""
        return replace(self, offset=self.offset + np.stack([x, y], 1))

    def bent(self, axis: int, field: Field, amplitude: NDArray[np.float64]) -> Warp:
        """Return this warp with one more displacement; see ``bends``."""
        return replace(self, bends=(*self.bends, (axis, field, amplitude)))

    def resample(self, images: Tensor, *, inside: bool = True, mode: str = "bilinear") -> Tensor:
        """Warp images, 1 = paper; outside of the canvas there is paper.

        Args:
            images: ``[B, C, H, W]`` of the size of ``like``.
            inside: move ink that would leave the canvas inside, and make it smaller if it must be.
            mode: ``bilinear``; or ``bicubic``, which blurs thin strokes less, but may leave [0, 1] a little.
        """
        return resampled(images, self.grid(images, inside=inside), mode)

    def grid(self, images: Tensor, *, inside: bool = True) -> Tensor:
        """Return the source of each pixel as ``grid_sample`` takes it: ``[B, H, W, 2]``, -1 to 1 from edge to edge."""
        matrix, offset = self._kept_inside(images) if inside else self._as_is()
        height, width = images.shape[-2:]
        x = ((torch.arange(width) + 0.5) / height - width / height / 2).to(images.device)
        y = (((torch.arange(height) + 0.5) / height - 0.5)[:, None]).to(images.device)
        grid = images.new_empty(len(images), 2, height, width)
        for axis, scale in ((0, 2 / self.length), (1, 2.0)):
            row = x * _column(matrix[:, axis, 0] * scale, images) + _column(offset[:, axis] * scale, images)
            along = grid[:, axis : axis + 1]
            torch.add(row, y * _column(matrix[:, axis, 1] * scale, images), out=along)
            bends = [(field, amplitude * scale) for bent, field, amplitude in self.bends if bent == axis]
            if bends:
                along += _sum(bends, height, images.device)[:, None]
        return grid.permute(0, 2, 3, 1)

    def _as_is(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return matrix and offset, so that source = matrix @ result + offset."""
        return self.matrix, -(self.matrix * self.offset[:, None]).sum(2)

    def _kept_inside(self, images: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return matrix and offset, so that source = matrix @ result + offset and the ink's box stays inside."""
        height, width = images.shape[-2:]
        box = ink_box(images)
        forward = np.linalg.inv(self.matrix)
        corners = np.stack([np.stack([box[:, i], box[:, 2 + j]], 1) for i in (0, 1) for j in (0, 1)], 1)
        moved = (forward[:, None] * corners[:, :, None]).sum(3) + self.offset[:, None]
        # A point moves against the field's displacement, as the matrix turns and scales it.
        reach = np.zeros_like(self.offset)
        for axis, _, amplitude in self.bends:
            reach[:, axis] += amplitude
        slack = (np.abs(forward) * reach[:, None]).sum(2)
        low, high = moved.min(1) - slack, moved.max(1) + slack
        room = np.array([width / height, 1.0]) / 2 - _EDGE / height
        scale = np.minimum(1.0, 2 * room / np.maximum(high - low, 1e-9))
        shift = np.clip(0.0, -room - low * scale, room - high * scale)
        # result = scale * (forward @ source + self.offset) + shift
        matrix = self.matrix / scale[:, None]
        offset = -(self.matrix * (self.offset + shift / scale)[:, None]).sum(2)
        return matrix, offset


def resampled(images: Tensor, grid: Tensor, mode: str = "bilinear") -> Tensor:
    """Resample images, 1 = paper, at the points of ``grid`` (``[B, H, W, 2]``); outside there is paper."""
    return 1 - F.grid_sample(1 - images, grid, mode=mode, padding_mode="zeros", align_corners=False)


def kept_inside(grid: Tensor, box: NDArray[np.float64]) -> Tensor:
    """Scale and shift a grid so that the ink's box stays on the canvas: no edge pixel of the result comes from it.

    ``Warp.grid(inside=True)`` leaves room for the largest possible displacement; this function measures the real one.
    The map must turn images by less than 45 degrees.

    Args:
        grid: ``[B, H, W, 2]`` from ``Warp.grid(inside=False)``; it is overwritten.
        box: ``[B, 4]``, the ink's box before the warp, see ``ink_box``.
    """
    height, width = grid.shape[1:3]
    low = torch.from_numpy(box[:, [0, 2]].astype(np.float32)).to(grid.device)
    high = torch.from_numpy(box[:, [1, 3]].astype(np.float32)).to(grid.device)
    scale = torch.tensor([2 * height / width, 2.0], device=grid.device)
    margin = 2 * _EDGE / torch.tensor([width, height], device=grid.device)
    low, high = low * scale - margin, high * scale + margin
    for _ in range(_TRIES):
        begin, end = _edges(grid, low, high)
        wider = ((high - low) / (end - begin).clamp_min(1e-3)).clamp(1, 1.5).amax(1, keepdim=True)
        shift = torch.minimum(torch.maximum(torch.zeros_like(low), high - wider * end), low - wider * begin)
        moved = (wider > 1) | (shift != 0)
        if not bool(moved.any()):
            break
        grid = grid.mul_(wider[:, None, None]).add_(shift[:, None, None])
    return grid


def _edges(grid: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Return how close the sources of the canvas's edges come to the ink's box: two tensors ``[B, 2]`` of x and y.

    The first has the greatest x of the left edge and y of the top edge, the second the least of the right and bottom
    edge. Only edge pixels whose source lies beside the box count; without any, the value is infinite.
    """
    first: list[Tensor] = []
    last: list[Tensor] = []
    for axis in (0, 1):
        for number, found in ((0, first), (-1, last)):
            edge = grid.select(2 - axis, number)
            own, other = edge[..., axis], edge[..., 1 - axis]
            beside = (other > low[:, 1 - axis, None]) & (other < high[:, 1 - axis, None])
            if number == 0:
                found.append(torch.where(beside, own, -torch.inf).amax(1))
            else:
                found.append(torch.where(beside, own, torch.inf).amin(1))
    return torch.stack(first, 1), torch.stack(last, 1)


def _column(values: NDArray[np.float64], images: Tensor) -> Tensor:
    return torch.as_tensor(values.astype(np.float32), device=images.device).view(-1, 1, 1, 1)


def _sum(bends: Sequence[tuple[Field, NDArray[np.float64]]], height: int, device: torch.device) -> Tensor:
    """Return the sum of smooth fields, each times its amplitude (``[B]``): ``[B, height, W]``."""
    rows = torch.cat([field.rows(amplitude, _STEPS, device) for field, amplitude in bends], 1)
    down = [np.broadcast_to(field.down, (height, field.down.shape[1])) for field, _ in bends]
    return torch.matmul(torch.from_numpy(np.concatenate(down, 1)).to(device), rows)


def ink_box(images: Tensor) -> NDArray[np.float64]:
    """Return left, right, top and bottom of the ink, in heights from the center, ``[B, 4]``; zeros without ink."""
    height, width = images.shape[-2:]
    least = images.amin(1) if images.shape[1] > 1 else images[:, 0]
    both = torch.cat([least.amin(1), least.amin(2)], 1).cpu().numpy() < _INK  # one small copy from a GPU
    sides = []
    for marked, length in ((both[:, :width], width), (both[:, width:], height)):
        first, last = marked.argmax(1), length - marked[:, ::-1].argmax(1)
        some = marked.any(1)
        sides += [np.where(some, at / height - length / height / 2, 0.0) for at in (first, last)]
    return np.stack(sides, 1)
