"""StrokeRNN: predicts how a style writes the strokes of a character, from the standard strokes.

After Tang et al., "FontRNN: generating large-scale Chinese fonts via recurrent neural network" (2019), which reads
the trajectory of a character in a standard font and writes that of another font, with mixtures of Gaussians for the
movement and states of the pen, as Graves (2013) and sketch-rnn (Ha & Eck 2018) have them.

Two things differ. The unit is the stroke, not the point: the network predicts a smooth displacement and a width of
each standard stroke. A character takes some ten steps instead of a hundred, and no stroke can be lost. The training
strokes were not recorded from people: registration finds them in the glyphs of each style.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from handgen.models.base import STROKES, Batch, Model, PromptKind, Resolved, StyleSpec, TrainingGlyphs
from handgen.models.mixture import Mixture, pen_state
from handgen.models.strokenet import STROKE_DIM, StrokeNet
from handgen.models.styles import CodeTable, gaussian_code
from handgen.seeds import keys, uniforms_of
from handgen.settings import Settings, setting
from handgen.strokes import library
from handgen.strokes.base import POINTS, StrokeTable
from handgen.strokes.copybook import FILE, Task, open_copybook
from handgen.strokes.paint import paint
from handgen.strokes.prompts import StrokePrompt
from handgen.strokes.register import PICKED
from handgen.strokes.series import TERMS, WIDTHS, cosines

NETWORK, LOSSES = "Network", "Losses"
_CODE_SEED = 2019
_OFFSET = (0.036, 0.019, 0.007, 0.0036, 0.002, 0.0014)
_WIDTH = (0.016, 0.012, 0.009)
"""What terms of displacements and widths are divided by, so that they are of order one."""
_USUAL = 0.07
"""Width of a line that the network need not change, in sides."""
_DROPPED = 0.3
"""Share of training steps that hide how the stroke before was written, so that the network does not rely on it."""
_TURN, _STRETCH, _SHIFT, _SHIFT_STROKE = 0.03, 0.05, 0.02, 0.012
"""Deviations of the shared movement of standard and written strokes in training: radians, shares, sides."""


@dataclass(frozen=True)
class StrokeRNNConfig(Settings):
    """Settings of StrokeRNN."""

    strokes: str = setting(
        ",".join(library.ORDER),
        "Where standard strokes come from, first that has a character: as synth's --strokes.",
        panel=NETWORK,
    )
    width: int = setting(128, "Width of the layers.", minimum=4, maximum=2048, panel=NETWORK)
    layers: int = setting(
        3, "Layers of attention over the strokes of a character.", minimum=1, maximum=48, panel=NETWORK
    )
    code_dim: int = setting(64, "Length of a style code.", minimum=2, maximum=1024, panel=NETWORK)
    components: int = setting(4, "Gaussians in a mixture.", minimum=1, maximum=64, panel=NETWORK)
    dropout: float = setting(0.05, "Share of activations left out in training.", minimum=0, maximum=0.9, panel=NETWORK)
    augment: float = setting(
        1.0,
        "How much standard and written strokes are moved together in training; 0 = not at all.",
        minimum=0,
        maximum=4,
        panel=NETWORK,
    )
    temperature: float = setting(
        0.5,
        "Spread of drawings: deviations times this, where synth's --vary is 1.",
        minimum=0,
        maximum=2,
        panel=NETWORK,
    )
    lambda_join: float = setting(0.3, "Weight of the pen's state.", minimum=0, panel=LOSSES)

    def __post_init__(self) -> None:
        super().__post_init__()
        library.parse_order(self.strokes)


@dataclass(frozen=True)
class Step:
    """Characters to be learned.

    Attributes:
        knots: standard strokes, ``[B, S, KNOTS, 2]``.
        there: bool ``[B, S]``.
        said: how the style writes them, ``[B, S, STROKE_DIM]``, each number of order one.
        style: ``[B, code_dim]``.
    """

    knots: Tensor
    there: Tensor
    said: Tensor
    style: Tensor


class StrokeRNN(Model):
    """StrokeRNN: its networks and losses, and how to draw with it."""

    Config: ClassVar = StrokeRNNConfig
    phases: tuple[str, ...] = ("G",)
    critics: ClassVar = ()
    prompt_kind: ClassVar[PromptKind] = STROKES
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64, "beta1": 0.9, "clip_grad": 1.0}
    codes: Tensor

    def __init__(self, config: StrokeRNNConfig, size: int, styles: Sequence[str], charset: str) -> None:
        super().__init__()
        self.config, self.size = config, size
        self.styles = tuple(styles)
        self.generator: StrokeNet = StrokeNet(
            config.width, config.layers, config.code_dim, config.components, config.dropout
        )
        codes = [gaussian_code(name, config.code_dim, _CODE_SEED) for name in styles]
        self.register_buffer("codes", torch.stack(codes))
        self._scale = torch.tensor([s for s in _OFFSET for _ in range(2)] + [*_WIDTH, 1.0])
        self._standard = StandardStrokes(config.strokes)
        self._learned: _TrainingStrokes | None = None

    @classmethod
    def resolve(cls, config: StrokeRNNConfig, chars: str, recorded: Mapping[str, Any]) -> Resolved:
        """Find the standard strokes."""
        found = library.find_strokes(chars, library.parse_order(config.strokes))
        of = ", ".join(f"{count:,} of {name}" for name, count in found.table.sources.items())
        return Resolved(config, {"standard": library.digest(found.table)}, (f"standard strokes: {of}",))

    def inspect_data(self, glyphs: TrainingGlyphs) -> tuple[str, ...]:
        """Register the standard strokes on all glyphs, or read the registration that an earlier run kept."""
        table = self._standard.table(glyphs.chars)
        strokes = {char: table.points[table.first[i] : table.first[i + 1]] for i, char in enumerate(table.chars)}
        task = Task(glyphs.chars, glyphs.style, glyphs.images, glyphs.fingerprint)
        copy = open_copybook(Path(glyphs.folder) / FILE, task, strokes, library.digest(table), self.styles)
        device = self.codes.device
        knots = [strokes[task.chars[row]][:, PICKED] for row in np.flatnonzero(np.diff(copy.first)).tolist()]
        said = np.concatenate(
            [copy.offsets.reshape(-1, 2 * TERMS), copy.widths - [_USUAL, *[0] * (WIDTHS - 1)], copy.joined[:, None]], 1
        )
        self._learned = _TrainingStrokes(
            torch.from_numpy(copy.first).to(device),
            torch.from_numpy(np.concatenate(knots)).to(device),
            (torch.from_numpy(said.astype(np.float32)) / self._scale).to(device),
        )
        return tuple(copy.report(task, self.styles))

    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        """Everything learns in one phase; there is no critic."""
        return self.generator.parameters() if phase == "G" else ()

    @property
    def weights(self) -> Mapping[str, float]:
        """The weight of the pen's state; the density's is 1."""
        return {"join": self.config.lambda_join}

    def prepare(self, batch: Batch) -> Step:
        """Look up how the batch's glyphs are written; glyphs that were left out have no strokes."""
        assert self._learned is not None, "inspect_data comes first"
        knots, there, said = self._learned.rows(batch.number)
        if self.training and self.config.augment:
            knots, said = self._moved(knots, said)
        return Step(knots, there, said, self.codes[batch.style])

    def _moved(self, knots: Tensor, said: Tensor) -> tuple[Tensor, Tensor]:
        """Move standard and written strokes together: each character by an affine map, each stroke by a shift."""
        amount, batch, count = self.config.augment, *knots.shape[:2]
        noise = torch.randn(batch, 5, device=knots.device) * amount
        turn, grow = _TURN * noise[:, 0], 1 + _STRETCH * noise[:, 1:3]
        cos, sin = turn.cos(), turn.sin()
        matrix = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1) * grow[:, None]
        shift = _SHIFT * noise[:, None, 3:] + _SHIFT_STROKE * amount * torch.randn(batch, count, 2, device=knots.device)
        knots = (knots - 0.5) @ matrix[:, None].transpose(2, 3) + 0.5 + shift[:, :, None]
        scale = self._scale[: 2 * TERMS].to(said.device).view(TERMS, 2)
        offsets = said[..., : 2 * TERMS].reshape(batch, count, TERMS, 2) * scale
        offsets = (offsets @ matrix[:, None].transpose(2, 3)) / scale
        return knots, torch.cat([offsets.flatten(2), said[..., 2 * TERMS :]], -1)

    def losses(self, phase: str, step: Step) -> dict[str, Tensor]:
        """Return the negative log likelihood of the written strokes, and the cross entropy of the pen's state."""
        before = nn.functional.pad(step.said[:, :-1], (0, 0, 1, 0))
        if self.training:
            before = before * (torch.rand(*step.there.shape, 1, device=before.device) >= _DROPPED)
        read = self.generator.read(step.knots, step.there, step.style)
        numbers, _ = self.generator(read, before, step.there)
        said = step.said[step.there]
        pairs, singles = said[:, : 2 * TERMS].reshape(-1, TERMS, 2), said[:, 2 * TERMS : -1]
        surprise = self._mixture(numbers[:, :-1]).surprise(pairs, singles)
        join = pen_state(numbers[:, -1].float(), said[:, -1])
        count = max(1, len(said))
        return {"nll": surprise.sum() / (count * (STROKE_DIM - 1)), "join": join.sum() / count}

    def _mixture(self, numbers: Tensor) -> Mixture:
        return Mixture.of(numbers.float(), self.config.components, TERMS, WIDTHS)

    def prompt(self, content: Tensor, char: Tensor, code: Tensor) -> StrokePrompt:
        """Return the standard strokes of characters, to be drawn in their likeliest form."""
        chars = [chr(number) for number in code.tolist()]
        table = self._standard.table(chars)
        number_of = {char: number for number, char in enumerate(table.chars)}
        rows = np.array([number_of.get(char, -1) for char in chars], np.int64)
        return StrokePrompt(table, rows, np.zeros(len(rows), np.uint64), 0.0)

    def generate(self, content: StrokePrompt, style: Tensor) -> Tensor:
        """Write characters in the styles ``[B, code_dim]``; one without strokes is left white."""
        knots, whole, there = _padded(content.table, content.characters)
        device, warm = self.codes.device, self.config.temperature * content.vary
        standard = torch.from_numpy(knots).to(device), torch.from_numpy(there).to(device)
        written = self._written(*standard, style.to(device), content.sample, warm) * self._scale.to(device)
        said: NDArray[np.float32] = written.cpu().numpy()[there]
        offsets = said[:, : 2 * TERMS].reshape(-1, TERMS, 2)
        points = whole[there] + np.einsum("kt,sta->ska", cosines(POINTS, TERMS), offsets)
        widths = said[:, 2 * TERMS : -1] @ cosines(POINTS, WIDTHS).T + np.float32(_USUAL)
        owner = np.nonzero(there)[0]
        images = paint(points, widths, said[:, -1] > 0.5, owner, len(there), self.size)
        return torch.from_numpy(images)[:, None].float().div_(127.5).sub_(1).to(style.device)

    def _written(self, knots: Tensor, there: Tensor, style: Tensor, sample: NDArray[np.uint64], warm: float) -> Tensor:
        """Return how strokes are written, ``[B, S, STROKE_DIM]``, one after the other."""
        batch, count = there.shape
        luck = _luck(sample, count).to(knots.device)
        warmth = torch.full((batch,), warm, device=knots.device)
        read = self.generator.read(knots, there, style)
        said, state = [torch.zeros(batch, STROKE_DIM, device=knots.device)], None
        every = torch.ones(batch, 1, dtype=torch.bool, device=knots.device)
        for number in range(count):
            numbers, state = self.generator(read[:, number : number + 1], said[-1][:, None], every, state)
            chance = luck[:, number]
            normal = torch.special.ndtri(chance[:, 2:].clamp(2**-40, 1 - 2**-40)).float()
            pairs, singles = self._mixture(numbers[:, :-1]).draw(chance[:, 0].float(), normal, warmth)
            down = numbers[:, -1].float().sigmoid()
            joined = torch.where(warmth > 0, chance[:, 1].float() < down, down > 0.5)
            said.append(torch.cat([pairs.flatten(1), singles, joined[:, None].float()], 1))
        return torch.stack(said[1:], 1) if count else torch.zeros(batch, 0, STROKE_DIM)

    @property
    def style_spec(self) -> StyleSpec:
        """The table of style codes."""
        return CodeTable(self.styles, self.codes)

    def load_matching(self, weights: Mapping[str, Tensor], styles: Sequence[str]) -> list[str]:
        """Start from trained weights; a style's code follows from its name, so none is moved."""
        return super().load_matching({**weights, "codes": self.codes}, styles)


@dataclass(frozen=True)
class _TrainingStrokes:
    """All strokes that a run learns from; those of glyph g are ``first[g]`` to ``first[g + 1]``."""

    first: Tensor
    knots: Tensor
    said: Tensor

    def rows(self, glyphs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return standard strokes ``[B, S, KNOTS, 2]``, which are there ``[B, S]``, and how they are written."""
        start, stop = self.first[glyphs], self.first[glyphs + 1]
        most = max(1, int((stop - start).max()))
        rows = start[:, None] + torch.arange(most, device=start.device)
        there = rows < stop[:, None]
        rows = torch.where(there, rows, 0)
        return self.knots[rows], there, self.said[rows] * there[..., None]


class StandardStrokes:
    """Standard strokes of characters, read when they are first asked for.

    Args:
        order: of sources, as ``--strokes``.
    """

    def __init__(self, order: str) -> None:
        self._order = library.parse_order(order)
        self._tables: dict[str, StrokeTable] = {}

    def table(self, chars: Iterable[str]) -> StrokeTable:
        """Return a table with the characters that have strokes; it may hold more characters.

        Raises:
            UsageError: none of them has strokes.
        """
        wanted = "".join(sorted(set(chars)))
        if wanted not in self._tables:
            for known, table in self._tables.items():
                if set(wanted) <= set(known):
                    return table
            self._tables[wanted] = library.find_strokes(wanted, self._order).table
        return self._tables[wanted]


def _padded(
    table: StrokeTable, characters: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Return standard strokes ``[B, S, KNOTS, 2]``, the same with all their points, and which are there ``[B, S]``."""
    known = characters >= 0
    start = np.where(known, table.first[characters], 0)
    count = np.where(known, table.first[characters + 1] - start, 0)
    rows = start[:, None] + np.arange(max(1, int(count.max(initial=0))))
    there = np.arange(rows.shape[1]) < count[:, None]
    whole = table.points[np.where(there, rows, 0)]
    return np.ascontiguousarray(whole[:, :, PICKED]), whole, there


def _luck(sample: NDArray[np.uint64], count: int) -> Tensor:
    """Return uniform numbers ``[B, count, ...]`` in [0, 1), a function of the sample and of the stroke's number."""
    each = keys(sample[:, None], np.arange(count)[None], 17).ravel()
    return torch.from_numpy(uniforms_of(each, 2 + 2 * TERMS + WIDTHS)).view(len(sample), count, -1)
