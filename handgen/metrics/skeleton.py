"""Centerlines of strokes, in batches and on any device.

scikit-image and OpenCV thin one image at a time, on the CPU only.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""The neighbors of a pixel, (down, right), clockwise from the one above: P2 to P9 of the paper."""


def _deletable() -> Tensor:
    """Return in which neighborhoods a pixel may be deleted, bool ``[2, 256]``: for each half step of the algorithm.

    Bit k of the index says whether neighbor k (``_RING``) is ink.
    """
    n, ne, e, se, s, sw, w, nw = (torch.arange(256) >> k & 1 == 1 for k in range(8))
    crossings = sum(part.int() for part in (~n & (ne | e), ~e & (se | s), ~s & (sw | w), ~w & (nw | n)))
    pairs = sum(part.int() for part in (nw | n, ne | e, se | s, sw | w))
    others = sum(part.int() for part in (n | ne, e | se, s | sw, w | nw))
    thickness = torch.minimum(torch.as_tensor(pairs), torch.as_tensor(others))
    sound = (torch.as_tensor(crossings) == 1) & (thickness >= 2) & (thickness <= 3)
    return torch.stack([sound & ~((n | ne | ~se) & e), sound & ~((s | sw | ~nw) & w)])


_DELETABLE = _deletable()


def thinned(ink: Tensor) -> Tensor:
    """Thin ink to lines one pixel wide, by Guo and Hall 1989, algorithm A1.

    No piece is split or lost, and no hole is closed. It shortens ends less than Zhang and Suen 1984 and does not
    erode diagonal strokes. Thick strokes may get short spurs at their corners.

    Args:
        ink: bool ``[B, h, w]``.

    Returns:
        Bool ``[B, h, w]``, part of ``ink``.
    """
    table = _DELETABLE.to(ink.device)
    padded = F.pad(ink, (1, 1, 1, 1))
    width = padded.shape[-1]
    flat = padded.flatten().byte()
    left = flat.nonzero()[:, 0]  # indices of the remaining ink, which is a small part of the image
    before = -1
    while before != len(left):
        before = len(left)
        for half in table:
            around = torch.zeros(len(left), dtype=torch.uint8, device=ink.device)
            for bit, (down, right) in enumerate(_RING):
                around |= flat[left + (down * width + right)] << bit
            goes = half[around.int()]
            flat[left[goes]] = 0
            left = left[~goes]
    return flat.view(padded.shape)[:, 1:-1, 1:-1].bool()


def covered(lines: Tensor, others: Tensor, tolerance: int) -> Tensor:
    """Return the share of the pixels of ``lines`` that have a pixel of ``others`` nearby.

    An image without ``lines`` gets 1 if it has no ``others`` either, else 0.

    Args:
        lines: bool ``[B, h, w]``.
        others: bool ``[B, h, w]``.
        tolerance: how far away it may be, in pixels; also diagonally.

    Returns:
        ``[B]`` in [0, 1].
    """
    near = F.max_pool2d(others[:, None].float(), 2 * tolerance + 1, stride=1, padding=tolerance)[:, 0] > 0
    total, found = (mask.flatten(1).sum(1) for mask in (lines, lines & near))
    return torch.where(total > 0, found / total.clamp(min=1), (~others.flatten(1).any(1)).float())
