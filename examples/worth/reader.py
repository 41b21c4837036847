"""The recognizer that all sets teach, and how its images are evened: small, the same for every set."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

SIDE, INK = 40, 32
"""Pixels: the canvas that the recognizer sees, and the longer side of the ink on it."""
BATCH, AHEAD = 64, 16
"""Images a step; so many steps' images are drawn together."""

Draw = Callable[[int], tuple[Tensor, Tensor]]
"""Returns so many new images, float32 ``[n, SIDE, SIDE]``, and their classes, int64 ``[n]``."""


def even(images: NDArray[np.generic], *, scanned: bool = False) -> Tensor:
    """Put the ink of images into the middle of the canvas, at one size and one contrast.

    Args:
        images: ``[n, height, width]``, ink dark on light paper, 0 to 255.
        scanned: paper and ink are a tenth and a hundredth of the pixels, in place of the lightest and the darkest.

    Returns:
        Float32 ``[n, SIDE, SIDE]``, ink 1 on paper 0.
    """
    x = torch.as_tensor(np.asarray(images)).float()
    count, height, width = x.shape
    flat = x.reshape(count, -1)
    paper, dark = flat.amax(1), flat.amin(1)
    if scanned:
        paper = flat.kthvalue(int(0.9 * height * width), dim=1).values
        dark = flat.kthvalue(max(1, int(0.01 * height * width)), dim=1).values
    ink = ((paper[:, None, None] - x) / (paper - dark).clamp_min(30)[:, None, None]).clamp(0, 1)
    top, bottom = _extent((ink > 0.35).any(2))
    left, right = _extent((ink > 0.35).any(1))
    window = torch.maximum(bottom - top, right - left).clamp_min(4) * SIDE / INK
    softened = functional.avg_pool2d(functional.pad(ink[:, None], (0, 1, 0, 1)), 2, 1)  # for what shrinks
    step = (torch.arange(SIDE) + 0.5) / SIDE - 0.5
    across = (((left + right) / 2)[:, None] + step * window[:, None] - 0.5) * 2 / width - 1
    down = (((top + bottom) / 2)[:, None] + step * window[:, None] - 0.5) * 2 / height - 1
    shape = (count, SIDE, SIDE)
    grid = torch.stack([across[:, None, :].expand(shape), down[:, :, None].expand(shape)], 3)
    return functional.grid_sample(softened, grid, padding_mode="zeros", align_corners=False)[:, 0]


def _extent(inked: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and one past the last row or column with ink, float32 ``[n]`` each; all of them without ink."""
    length = inked.shape[1]
    index = torch.arange(length, dtype=torch.float32)
    first = torch.where(inked, index, torch.tensor(float(length))).amin(1)
    last = torch.where(inked, index + 1, torch.tensor(0.0)).amax(1)
    blank = last <= first
    first[blank], last[blank] = 0, length
    return first, last


def varied(images: Tensor, rng: torch.Generator) -> Tensor:
    """Turn, slant, stretch and shift images a little, float32 ``[n, SIDE, SIDE]``; return them as ``[n, 1, ...]``."""
    count = len(images)
    drawn = torch.rand(count, 7, generator=rng) * 2 - 1
    angle, slant = drawn[:, 0] * 0.09, drawn[:, 1] * 0.1
    wide, high = torch.exp(drawn[:, 2] * 0.12), torch.exp(drawn[:, 3] * 0.12)
    cos, sin = angle.cos(), angle.sin()
    rows = [
        torch.stack([wide * cos, wide * (slant - sin), drawn[:, 4] * 0.08], 1),
        torch.stack([high * sin, high * cos, drawn[:, 5] * 0.08], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), [count, 1, SIDE, SIDE], align_corners=False)
    return functional.grid_sample(images[:, None], grid, align_corners=False)


class Reader(nn.Module):
    """Three convolutions that halve the image, a fourth, and a linear layer."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        widths = (1, 16, 32, 64, 128)
        layers: list[nn.Module] = []
        for level, (before, after) in enumerate(itertools.pairwise(widths)):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(True)]
            layers += [nn.MaxPool2d(2)] if level < 3 else []
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(0.25), nn.Linear(widths[-1] * (SIDE // 8) ** 2, classes))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits ``[n, classes]`` of images ``[n, 1, SIDE, SIDE]``."""
        logits: Tensor = self.head(self.features(images).flatten(1))
        return logits

    @torch.no_grad()
    def read(self, images: Tensor) -> NDArray[np.int64]:
        """Return the classes, int64 ``[n]``, that images ``[n, SIDE, SIDE]`` look like most."""
        self.eval()
        found: NDArray[np.int64] = (
            torch.cat([self(some[:, None]) for some in torch.split(images, 500)]).argmax(1).numpy()
        )
        return found


def learn(draw: Draw, classes: int, images: int, seed: int, few: tuple[Tensor, Tensor] | None = None) -> Reader:
    """Teach a new recognizer.

    Args:
        draw: draws what it learns from.
        classes: how many there are.
        images: how many it sees.
        seed: of its weights, and of how images are varied; torch must be seeded before what draws is opened.
        few: real images and classes, as ``Draw`` returns them: a quarter of every batch.
    """
    reader, steps = Reader(classes), images // BATCH
    optimizer = torch.optim.AdamW(reader.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    rng = torch.Generator().manual_seed(seed)
    reader.train()
    for step in range(steps):
        if step % AHEAD == 0:
            drawn, labels = draw(BATCH * AHEAD)
        some = slice(step % AHEAD * BATCH, (step % AHEAD + 1) * BATCH)
        seen, classed = drawn[some], labels[some]
        if few:
            picked = torch.randint(len(few[0]), (BATCH // 4,), generator=rng)
            seen = torch.cat([seen[: -len(picked)], few[0][picked]])
            classed = torch.cat([classed[: -len(picked)], few[1][picked]])
        loss = functional.cross_entropy(reader(varied(seen, rng)), classed, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return reader
