"""StrokeRNN: predicts how a style writes the strokes of a character, from the standard strokes.

After Tang et al., "FontRNN: generating large-scale Chinese fonts via recurrent neural network" (2019). FontRNN reads
the pen trajectory of a character in a standard font and predicts that of another font: mixtures of Gaussians for the
movement, and the state of the pen, as in Graves (2013) and sketch-rnn (Ha & Eck 2018).

Two things differ. The unit is the stroke, not the point: the network predicts a smooth displacement and a width for
each standard stroke. So a character takes about ten steps instead of a hundred, and no stroke can be lost. And the
training strokes were not recorded with a pen: registration finds them in the glyphs of each style.
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
from handgen.models.mixture import Mixture
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
"""Typical sizes of the series terms of displacements and widths. The network's numbers are divided by them."""
_USUAL_WIDTH = 0.07
"""The line width, in sides of the image, that corresponds to a predicted width of 0."""
_DROPPED = 0.3
"""Probability in training that the previous stroke is hidden, so that the network does not rely on it too much."""
_TURN, _STRETCH, _SHIFT, _SHIFT_STROKE = 0.03, 0.05, 0.02, 0.012
"""Standard deviations of the augmentation: rotation in radians, stretch as a share, shifts in sides of the image."""


@dataclass(frozen=True)
class StrokeRNNConfig(Settings):
    """Settings of StrokeRNN."""

    strokes: str = setting(
        ",".join(library.ORDER),
        "Sources of standard strokes, in order of preference, as for synth's --strokes.",
        panel=NETWORK,
    )
    width: int = setting(128, "Width of the layers.", minimum=4, maximum=2048, panel=NETWORK)
    layers: int = setting(
        3, "Layers of attention over the strokes of a character.", minimum=1, maximum=48, panel=NETWORK
    )
    code_dim: int = setting(64, "Length of a style code.", minimum=2, maximum=1024, panel=NETWORK)
    components: int = setting(4, "Gaussians in a mixture.", minimum=1, maximum=64, panel=NETWORK)
    dropout: float = setting(0.05, "Share of activations that training drops.", minimum=0, maximum=0.9, panel=NETWORK)
    augment: float = setting(
        1.0,
        "Amount of random rotation, stretch and shift of standard and written strokes in training; 0 = none.",
        minimum=0,
        maximum=4,
        panel=NETWORK,
    )
    temperature: float = setting(
        0.5,
        "Factor of the standard deviations in drawing, for synth's --vary 1.",
        minimum=0,
        maximum=2,
        panel=NETWORK,
    )
    lambda_join: float = setting(0.3, "Weight of the loss of the pen's state (up or down).", minimum=0, panel=LOSSES)

    def __post_init__(self) -> None:
        super().__post_init__()
        library.parse_order(self.strokes)


@dataclass(frozen=True)
class Step:
    """The strokes of a batch of B characters with up to S strokes each.

    Attributes:
        knots: ``[B, S, KNOTS, 2]``, points of the standard strokes in the unit square.
        exists: bool ``[B, S]``, which strokes exist.
        written: ``[B, S, STROKE_DIM]``, how the style writes them; displacements and widths divided by typical sizes.
        style: ``[B, code_dim]``, the style codes.
    """

    knots: Tensor
    exists: Tensor
    written: Tensor
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
        """Register the standard strokes on all glyphs, or load the registration from the run folder."""
        table = self._standard.table(glyphs.chars)
        strokes = {char: table.points[table.first[i] : table.first[i + 1]] for i, char in enumerate(table.chars)}
        task = Task(glyphs.chars, glyphs.style, glyphs.images, glyphs.fingerprint)
        copy = open_copybook(Path(glyphs.folder) / FILE, task, strokes, library.digest(table), self.styles)
        device = self.codes.device
        knots = [strokes[task.chars[row]][:, PICKED] for row in np.flatnonzero(np.diff(copy.first)).tolist()]
        widths = copy.widths - [_USUAL_WIDTH, *[0] * (WIDTHS - 1)]
        written = np.concatenate([copy.offsets.reshape(-1, 2 * TERMS), widths, copy.joined[:, None]], 1)
        self._learned = _TrainingStrokes(
            torch.from_numpy(copy.first).to(device),
            torch.from_numpy(np.concatenate(knots)).to(device),
            (torch.from_numpy(written.astype(np.float32)) / self._scale).to(device),
        )
        return tuple(copy.report(task, self.styles))

    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        """All parameters learn in one phase; there is no critic."""
        return self.generator.parameters() if phase == "G" else ()

    @property
    def weights(self) -> Mapping[str, float]:
        """The weight of the loss of the pen's state; that of the strokes weighs 1."""
        return {"join": self.config.lambda_join}

    def prepare(self, batch: Batch) -> Step:
        """Look up the strokes of the batch's glyphs. Glyphs that could not be registered have no strokes."""
        assert self._learned is not None, "inspect_data comes first"
        knots, exists, written = self._learned.rows(batch.number)
        if self.training and self.config.augment:
            knots, written = self._augmented(knots, written)
        return Step(knots, exists, written, self.codes[batch.style])

    def _augmented(self, knots: Tensor, written: Tensor) -> tuple[Tensor, Tensor]:
        """Augment standard and written strokes alike: an affine map for each character, a shift for each stroke."""
        amount, batch, count = self.config.augment, *knots.shape[:2]
        noise = torch.randn(batch, 5, device=knots.device) * amount
        turn, grow = _TURN * noise[:, 0], 1 + _STRETCH * noise[:, 1:3]
        cos, sin = turn.cos(), turn.sin()
        matrix = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1) * grow[:, None]
        shift = _SHIFT * noise[:, None, 3:] + _SHIFT_STROKE * amount * torch.randn(batch, count, 2, device=knots.device)
        knots = (knots - 0.5) @ matrix[:, None].transpose(2, 3) + 0.5 + shift[:, :, None]
        scale = self._scale[: 2 * TERMS].to(written.device).view(TERMS, 2)
        offsets = written[..., : 2 * TERMS].reshape(batch, count, TERMS, 2) * scale
        offsets = (offsets @ matrix[:, None].transpose(2, 3)) / scale
        return knots, torch.cat([offsets.flatten(2), written[..., 2 * TERMS :]], -1)

    def losses(self, phase: str, step: Step) -> dict[str, Tensor]:
        """Return the negative log likelihood of the written strokes and the cross entropy of the pen's state.

        Both are means over the existing strokes; the first is also divided by the numbers that describe a stroke.
        """
        before = nn.functional.pad(step.written[:, :-1], (0, 0, 1, 0))
        if self.training:
            before = before * (torch.rand(*step.exists.shape, 1, device=before.device) >= _DROPPED)
        read = self.generator.read(step.knots, step.exists, step.style)
        numbers, _ = self.generator(read, before, step.exists)
        written = step.written[step.exists]
        pairs, singles = written[:, : 2 * TERMS].reshape(-1, TERMS, 2), written[:, 2 * TERMS : -1]
        nll = self._mixture(numbers[:, :-1]).nll(pairs, singles)
        join = nn.functional.binary_cross_entropy_with_logits(numbers[:, -1].float(), written[:, -1], reduction="sum")
        count = max(1, len(written))
        return {"nll": nll.sum() / (count * (STROKE_DIM - 1)), "join": join / count}

    def _mixture(self, numbers: Tensor) -> Mixture:
        return Mixture.of(numbers.float(), self.config.components, TERMS, WIDTHS)

    def prompt(self, content: Tensor, char: Tensor, code: Tensor) -> StrokePrompt:
        """Return the standard strokes of characters, to be drawn in their most likely form."""
        chars = [chr(number) for number in code.tolist()]
        table = self._standard.table(chars)
        number_of = {char: number for number, char in enumerate(table.chars)}
        rows = np.array([number_of.get(char, -1) for char in chars], np.int64)
        return StrokePrompt(table, rows, np.zeros(len(rows), np.uint64), 0.0)

    def generate(self, content: StrokePrompt, style: Tensor) -> Tensor:
        """Write characters in the styles ``[B, code_dim]``; a character without strokes gives a white image."""
        knots, whole, exists = _padded(content.table, content.characters)
        device, temperature = self.codes.device, self.config.temperature * content.vary
        standard = torch.from_numpy(knots).to(device), torch.from_numpy(exists).to(device)
        drawn = self._draw_strokes(*standard, style.to(device), content.sample, temperature) * self._scale.to(device)
        written: NDArray[np.float32] = drawn.cpu().numpy()[exists]
        offsets = written[:, : 2 * TERMS].reshape(-1, TERMS, 2)
        points = whole[exists] + np.einsum("kt,sta->ska", cosines(POINTS, TERMS), offsets)
        widths = written[:, 2 * TERMS : -1] @ cosines(POINTS, WIDTHS).T + np.float32(_USUAL_WIDTH)
        owner = np.nonzero(exists)[0]
        images = paint(points, widths, written[:, -1] > 0.5, owner, len(exists), self.size)
        return torch.from_numpy(images)[:, None].float().div_(127.5).sub_(1).to(style.device)

    def _draw_strokes(
        self, knots: Tensor, exists: Tensor, style: Tensor, sample: NDArray[np.uint64], temperature: float
    ) -> Tensor:
        """Draw the strokes one after the other; return them as in ``Step.written``.

        Args:
            knots: ``[B, S, KNOTS, 2]``.
            exists: bool ``[B, S]``.
            style: ``[B, code_dim]``.
            sample: ``[B]``, decides all random numbers of a character.
            temperature: factor of the standard deviations; 0 = the most likely form.
        """
        batch, count = exists.shape
        device = knots.device
        random = _uniforms(sample, count)  # double precision stays on the CPU: Apple's GPUs have none
        component, pen = random[..., :2].float().to(device).unbind(-1)
        normal = torch.special.ndtri(random[..., 2:].clamp(2**-40, 1 - 2**-40)).float().to(device)
        temperatures = torch.full((batch,), temperature, device=device)
        read = self.generator.read(knots, exists, style)
        written, state = [torch.zeros(batch, STROKE_DIM, device=device)], None
        every = torch.ones(batch, 1, dtype=torch.bool, device=device)
        for stroke in range(count):
            numbers, state = self.generator(read[:, stroke : stroke + 1], written[-1][:, None], every, state)
            mixture = self._mixture(numbers[:, :-1])
            pairs, singles = mixture.draw(component[:, stroke], normal[:, stroke], temperatures)
            down = numbers[:, -1].float().sigmoid()
            joined = torch.where(temperatures > 0, pen[:, stroke] < down, down > 0.5)
            written.append(torch.cat([pairs.flatten(1), singles, joined[:, None].float()], 1))
        return torch.stack(written[1:], 1)

    @property
    def style_spec(self) -> StyleSpec:
        """The table of style codes."""
        return CodeTable(self.styles, self.codes)

    def load_matching(self, weights: Mapping[str, Tensor], styles: Sequence[str]) -> list[str]:
        """Copy trained weights, but no style codes: these depend on the styles' names alone."""
        return super().load_matching({**weights, "codes": self.codes}, styles)


@dataclass(frozen=True)
class _TrainingStrokes:
    """All strokes that a run learns from, in one table; glyph g has the rows ``first[g]`` to ``first[g + 1] - 1``.

    Attributes:
        first: int64 ``[glyphs + 1]``.
        knots: ``[N, KNOTS, 2]``, as ``Step.knots``.
        written: ``[N, STROKE_DIM]``, as ``Step.written``.
    """

    first: Tensor
    knots: Tensor
    written: Tensor

    def rows(self, glyphs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return ``knots``, ``exists`` and ``written`` of a ``Step`` for glyphs, int64 ``[B]``."""
        start, stop = self.first[glyphs], self.first[glyphs + 1]
        most = max(1, int((stop - start).max()))
        rows = start[:, None] + torch.arange(most, device=start.device)
        exists = rows < stop[:, None]
        rows = torch.where(exists, rows, 0)
        return self.knots[rows], exists, self.written[rows] * exists[..., None]


class StandardStrokes:
    """Standard strokes of characters, loaded when they are first needed.

    Args:
        order: sources of strokes in order of preference, as for ``--strokes``.
    """

    def __init__(self, order: str) -> None:
        self._order = library.parse_order(order)
        self._tables: dict[str, StrokeTable] = {}

    def table(self, chars: Iterable[str]) -> StrokeTable:
        """Return a table of strokes for those of the characters that have any. It may hold further characters.

        Raises:
            UsageError: none of the characters has strokes.
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
    """Return the standard strokes of characters, int64 ``[B]`` (rows of ``table``; -1 = none), padded to S strokes.

    Returns:
        Their knots ``[B, S, KNOTS, 2]``, all their points ``[B, S, POINTS, 2]``, and which strokes exist ``[B, S]``.
    """
    known = characters >= 0
    start = np.where(known, table.first[characters], 0)
    count = np.where(known, table.first[characters + 1] - start, 0)
    rows = start[:, None] + np.arange(max(1, int(count.max(initial=0))))
    exists = np.arange(rows.shape[1]) < count[:, None]
    whole = table.points[np.where(exists, rows, 0)]
    return np.ascontiguousarray(whole[:, :, PICKED]), whole, exists


def _uniforms(sample: NDArray[np.uint64], count: int) -> Tensor:
    """Return uniform numbers ``[B, count, n]`` in [0, 1), which depend on ``sample`` ``[B]`` and the stroke alone."""
    each = keys(sample[:, None], np.arange(count)[None], 17).ravel()
    return torch.from_numpy(uniforms_of(each, 2 + 2 * TERMS + WIDTHS)).view(len(sample), count, -1)
