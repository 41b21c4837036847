"""The one warp of images: any number of affine maps and smooth fields, put together and done in one resampling."""

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
"""What is darker counts as ink when it is kept inside."""
_EDGE = 0.75
"""Pixels of paper left at the edge where ink had to be moved."""
_TRIES = 12
_STEPS = 1 << 14
"""Displacements are multiples of the inverse, so that sums of them are exact; see ``fields``."""


@dataclass(frozen=True)
class Warp:
    """Where each pixel of the result comes from: ``matrix @ (x, y) + field(x, y)``.

    Positions are in heights from the middle of the image, x to the right, y down.

    Attributes:
        matrix: float64 ``[B, 2, 2]``.
        offset: float64 ``[B, 2]``, in heights: the result is moved by this much.
        bends: displacements: the axis (0 = x), smooth fields, and their amplitudes ``[B]`` in heights.
        like: images of the size, ``[B, C, H, W]``.
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
        """Return the warp whose pixels come from ``matrix @ (x, y) + shift``: ``[B, 2, 2]`` and ``[B, 2]`` heights."""
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
        """Return this warp followed by a shift, ``[B]`` heights each way."""
        return replace(self, offset=self.offset + np.stack([x, y], 1))

    def bent(self, axis: int, field: Field, amplitude: NDArray[np.float64]) -> Warp:
        """Return this warp with a displacement more; see ``bends``."""
        return replace(self, bends=(*self.bends, (axis, field, amplitude)))

    def resample(self, images: Tensor, *, inside: bool = True, mode: str = "bilinear") -> Tensor:
        """Return the images, 1 = paper, as this warp moves them; what comes from outside is paper.

        Args:
            images: ``[B, C, H, W]`` of the size of ``like``.
            inside: a drawing that would leave the canvas is moved inside, and made smaller if it must be.
            mode: ``bilinear``, or ``bicubic``, which blurs thin strokes less and may leave the range a little.
        """
        return resampled(images, self.grid(images, inside=inside), mode)

    def grid(self, images: Tensor, *, inside: bool = True) -> Tensor:
        """Return where each pixel of the result comes from, as ``grid_sample`` has it: ``[B, H, W, 2]``, -1 to 1."""
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
        """Return matrix and offset, source = matrix @ result + offset."""
        return self.matrix, -(self.matrix * self.offset[:, None]).sum(2)

    def _kept_inside(self, images: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return matrix and offset, source = matrix @ result + offset, that keep the ink's box inside."""
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
    """Return images whose pixels come from where ``grid`` (``[B, H, W, 2]``) says; 1 = paper, which is all around."""
    return 1 - F.grid_sample(1 - images, grid, mode=mode, padding_mode="zeros", align_corners=False)


def kept_inside(grid: Tensor, box: NDArray[np.float64]) -> Tensor:
    """Return a grid changed so that no pixel of the canvas's edge comes from the ink's box, which thus stays inside.

    ``Warp.grid`` leaves room for the greatest displacement there can be; this looks at the one there is. It is for
    maps that turn by less than 45 degrees.

    Args:
        grid: ``[B, H, W, 2]``, as ``Warp.grid`` makes it with ``inside=False``; it is used up.
        box: of the ink before, see ``ink_box``.
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
    """Return where the canvas's edges come from, as far as it is beside the ink's box: ``[B, 2]`` each.

    The greatest x of the left edge and the least of the right one, and likewise y; infinite where nothing is beside.
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
    """Draw smooth fields, each times its amplitude (``[B]``), and add them up, ``[B, height, W]``."""
    rows = torch.cat([field.rows(amplitude, _STEPS, device) for field, amplitude in bends], 1)
    down = [np.broadcast_to(field.down, (height, field.down.shape[1])) for field, _ in bends]
    return torch.matmul(torch.from_numpy(np.concatenate(down, 1)).to(device), rows)


def ink_box(images: Tensor) -> NDArray[np.float64]:
    """Return left, right, top, bottom of the ink in heights from the middle, ``[B, 4]``; 0 if there is none."""
    height, width = images.shape[-2:]
    least = images.amin(1) if images.shape[1] > 1 else images[:, 0]
    both = torch.cat([least.amin(1), least.amin(2)], 1).cpu().numpy() < _INK  # all that leaves a GPU
    sides = []
    for marked, length in ((both[:, :width], width), (both[:, width:], height)):
        first, last = marked.argmax(1), length - marked[:, ::-1].argmax(1)
        some = marked.any(1)
        sides += [np.where(some, at / height - length / height / 2, 0.0) for at in (first, last)]
    return np.stack(sides, 1)
