"""A small reader of lines: convolutions and connectionist temporal classification, quick to train on one CPU core.

Graves et al., "Connectionist temporal classification", ICML 2006.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

HEIGHT = 32
"""Pixels of every line."""
_STEP = 4
"""Pixels along the line for each output."""
_BLANK = 0
_WIDEST = 1600
"""Pixels; longer lines are squeezed."""
_POOLED = 32
"""Batches whose lines are sorted by width together."""

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class LabeledLines:
    """Lines and what they say.

    Attributes:
        images: uint8 ``[HEIGHT, w]`` each, 0 = ink.
        labels: their texts.
        groups: what tells a line's writer or style; lines of one are resampled together.
    """

    images: list[Image]
    labels: list[str]
    groups: list[str]

    def __len__(self) -> int:
        return len(self.images)


class LineNetwork(nn.Module):
    """Convolutions over a line, then along it.

    Args:
        classes: characters, and one for none.
        width: channels of the first stage.
    """

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        first, second, third, last = width, 2 * width, 3 * width, 8 * width
        self.stages = nn.Sequential(
            *_stage(1, first, stride=(2, 2)),
            *_stage(first, second),
            nn.MaxPool2d((2, 2)),
            *_stage(second, third),
            nn.MaxPool2d((2, 1)),
            *_stage(third, third),
            nn.MaxPool2d((2, 1)),
        )
        self.flat = nn.Sequential(nn.Conv1d(third * HEIGHT // 16, last, 1, bias=False), nn.BatchNorm1d(last), nn.ReLU())
        self.along = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(last, last, 5, padding=2 * reach, dilation=reach, bias=False), nn.BatchNorm1d(last), nn.ReLU()
            )
            for reach in (1, 2)
        )
        self.named = nn.Conv1d(last, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``[B, classes, W / 4]`` of lines, float ``[B, 1, 32, W]``, 1 = ink."""
        found = self.flat(self.stages(images).flatten(1, 2))
        for layer in self.along:
            found = found + layer(found)
        made: Tensor = self.named(found)
        return made


def _stage(before: int, after: int, stride: tuple[int, int] = (1, 1)) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]


class LineReader:
    """Reads lines.

    Args:
        chars: what it can say.
        width: channels of the network's first stage.
        seed: of its first weights.
    """

    def __init__(self, chars: str, width: int, seed: int) -> None:
        self.chars = chars
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.network = LineNetwork(len(chars) + 1, width)

    def learn(
        self, lines: LabeledLines, *, images: int, batch: int, lr: float, seed: int, watch: Callable[[int], None]
    ) -> None:
        """Learn from lines.

        Args:
            lines: what to learn from; all again in another order when they are used up.
            images: how many lines are seen in all.
            batch: lines per step, of about equal width.
            lr: highest learning rate; it rises in the first tenth and falls as a cosine.
            seed: of their order.
            watch: told the images seen.
        """
        number = {char: index + 1 for index, char in enumerate(self.chars)}
        network, steps = self.network.train(), max(1, images // batch)
        optimizer = torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1, pct_start=0.1)
        for step, rows in zip(range(steps), _batches(lines, batch, seed), strict=False):
            logits = network(_padded([lines.images[row] for row in rows]))
            texts = [[number[char] for char in lines.labels[row] if char in number] for row in rows]
            lengths = torch.tensor([max(1, lines.images[row].shape[1] // _STEP) for row in rows])
            loss = F.ctc_loss(
                logits.permute(2, 0, 1).log_softmax(2),
                torch.tensor([char for text in texts for char in text]),
                lengths,
                torch.tensor([len(text) for text in texts]),
                zero_infinity=True,
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            watch((step + 1) * batch)

    @torch.no_grad()
    def read(self, images: Sequence[Image], batch: int = 32) -> list[str]:
        """Return what lines say: of each step the likeliest character, repeated ones once."""
        network, found = self.network.eval(), [""] * len(images)
        order = sorted(range(len(images)), key=lambda row: images[row].shape[1])
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            best = network(_padded([images[row] for row in rows])).argmax(1).numpy()
            for row, said in zip(rows, best, strict=True):
                said = said[: max(1, images[row].shape[1] // _STEP)]
                kept = said[(said != _BLANK) & (said != np.concatenate([[_BLANK], said[:-1]]))]
                found[row] = "".join(self.chars[char - 1] for char in kept.tolist())
        return found


def _batches(lines: LabeledLines, batch: int, seed: int) -> Iterator[list[int]]:
    """Yield rows without end: all of them in random order, those of one batch of about equal width."""
    random = np.random.default_rng(seed)
    widths = np.array([image.shape[1] for image in lines.images])
    while True:
        order = random.permutation(len(lines))
        for start in range(0, len(order), batch * _POOLED):
            some = order[start : start + batch * _POOLED]
            some = some[np.argsort(widths[some], kind="stable")]
            parts = np.array_split(some, math.ceil(len(some) / batch))
            for part in random.permutation(len(parts)).tolist():
                yield parts[part].tolist()


def _padded(images: Sequence[Image]) -> Tensor:
    """Return lines as float ``[B, 1, 32, W]``, 1 = ink, on paper as wide as the widest needs."""
    width = -(-max(image.shape[1] for image in images) // _STEP) * _STEP
    made = np.zeros((len(images), 1, HEIGHT, width), np.float32)
    for row, image in enumerate(images):
        made[row, 0, :, : image.shape[1]] = 1 - image / np.float32(255)
    return torch.from_numpy(made)


def leveled(image: Image) -> Image:
    """Return a gray line of any height as one of ``HEIGHT`` pixels."""
    from PIL import Image as Pictures

    high, wide = image.shape
    width = min(max(_STEP, round(wide * HEIGHT / high)), _WIDEST)
    if (high, wide) == (HEIGHT, width):
        return image
    picture = Pictures.fromarray(np.ascontiguousarray(image))
    return np.asarray(
        picture.resize((width, HEIGHT), Pictures.Resampling.BOX if high > HEIGHT else Pictures.Resampling.BILINEAR)
    )


def distance(first: str, second: str) -> int:
    """Return Levenshtein's distance: how many characters to insert, delete or replace."""
    if not first or not second:
        return max(len(first), len(second))
    codes = np.array([*map(ord, second)])
    span = np.arange(len(second) + 1)
    row = span.copy()
    for number, char in enumerate(first, 1):
        best = np.concatenate([[number], np.minimum(row[1:] + 1, row[:-1] + (codes != ord(char)))])
        # Insertions run along the row: the least of what is before, plus the way from there.
        row = np.minimum.accumulate(best - span) + span
    return int(row[-1])
