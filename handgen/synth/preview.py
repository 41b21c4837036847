"""Pictures of what a model draws: styles by characters, the walk between two styles, plain samples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.checkpoints.files import Checkpoint
from handgen.degrade.contact_sheet import effect_sheet
from handgen.degrade.pipeline import Pipeline
from handgen.errors import FontError, UsageError
from handgen.fonts.align import Alignment, source_placement
from handgen.fonts.charsets import unique_chars
from handgen.fonts.coverage import survey
from handgen.fonts.find import resolve_font
from handgen.fonts.outline import Outlines
from handgen.fonts.raster import Rasterizer
from handgen.glyphs.store import to_bytes
from handgen.models.base import DrawnStyle, Generator, StyleSpec
from handgen.models.styles import Latents, vectors
from handgen.seeds import generator
from handgen.sources.find import find_model
from handgen.sources.pen import PenRequest
from handgen.synth.content import Content, load_content
from handgen.synth.dataset import choose_styles
from handgen.synth.plan import Plan
from handgen.synth.samples import Synthesis, alignment_of
from handgen.synth.source import open_source, style_records

MOST = 100
"""Rows, and columns, that a picture may have."""
_ALL, _SOME, _FEW = 64, 24, 8
_SAMPLES = 8
_COLUMNS, _SIDE = 12, 64
_SPECIMEN = "永和九年岁在癸丑暮春之初AaBbEeGgQqRr"
"""What is drawn with a font: the first of these that it has."""

Row = tuple[str, NDArray[np.uint8]]


@dataclass(frozen=True)
class Picture:
    """What to show.

    Attributes:
        rows: caption and images, uint8 ``[n, size, size]`` or ``[n, size, size, 3]``, of each row.
        title: a line above them; may be empty.
        left_out: characters and styles that are not shown, because there are more than ``MOST``.
    """

    rows: list[Row]
    title: str = ""
    left_out: int = 0


@dataclass(frozen=True)
class Wanted:
    """What a user asks of ``preview``; see the options of the command."""

    model: Path
    charset: str | None = None
    text: str | None = None
    font: str | None = None
    seed: int = 0
    pen: PenRequest = field(default_factory=PenRequest)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


class Preview:
    """A model made ready to be looked at."""

    def __init__(self, wanted: Wanted) -> None:
        """Load the model.

        Raises:
            UsageError, CheckpointError: there is none, or it does not fit.
        """
        self._wanted = wanted
        self._checkpoint: Checkpoint
        self._model: Generator
        self._checkpoint, self._model = open_source(wanted.model, wanted.device, wanted.pen, wanted.seed)
        if self._model.draws == "nothing" and (wanted.charset or wanted.text):
            raise UsageError(f"a {self.kind} is not told what to draw", "Leave out --text and --charset.")

    @property
    def kind(self) -> str:
        """The model's name in the registry."""
        return str(self._checkpoint.facts["model"])

    def grid(self, styles: str) -> Picture:
        """Draw a row for each style, under the source's: the same characters in each.

        A model that draws nothing in particular shows samples.

        Args:
            styles: as ``--styles`` of ``synth``.

        Raises:
            UsageError: no such style or characters.
        """
        if self._model.draws == "nothing":
            if styles:
                raise UsageError(f"a {self.kind} has no styles", "Leave out --styles.")
            return Picture([("", row) for row in self._samples()], f"{self.kind}: samples")
        content = self._content(_SOME)
        chosen = choose_styles(self._model.style_spec, styles, self._wanted.seed)
        shown, chars = chosen[:MOST], content.chars[:MOST]
        alignments = self._alignments(shown)
        every = np.arange(len(shown) * len(chars)).reshape(len(shown), len(chars))
        drawn = self._drawn(content, shown, alignments, every)
        rows: list[Row] = [(style.name, images) for style, images in zip(shown, drawn, strict=True)]
        if self._model.draws == "glyph":
            rows.insert(0, ("source", content.glyphs[: len(chars)]))
        return Picture(rows, left_out=len(chosen) - len(shown) + len(content.chars) - len(chars))

    def walk(self, first: str, second: str, steps: int) -> Picture:
        """Draw a row for each character, in ``steps`` styles from ``first`` to ``second``.

        The way is that of ``StyleSpec.between``.

        Args:
            first: a trained style; with latents also z1, z2, ..., which ``--styles N`` draws.
            second: another.
            steps: how many, both ends counted.

        Raises:
            UsageError: no such style, or the model has none with a name.
        """
        spec = self._model.style_spec
        if not spec.names:
            raise UsageError(f"a {self.kind} has no styles with a name to walk between", "Leave out --interpolate.")
        ends = [_named(spec, name, self._wanted.seed) for name in (first, second)]
        shares = np.linspace(0, 1, steps)
        path = [spec.between(ends[0], ends[1], float(share)) for share in shares]
        a, b = self._alignments(ends)
        alignments = [_aligned_between(a, b, float(share)) for share in shares]
        content = self._content(_FEW)
        chars = content.chars[:MOST]
        along = np.tile(np.arange(len(chars)), (steps, 1))
        drawn = self._drawn(content, path, alignments, along).swapaxes(0, 1)
        captions = [char if char.isascii() else f"U+{ord(char):04X}" for char in chars]
        title = f"from {first} to {second}, on {spec.path}"
        return Picture(list(zip(captions, drawn, strict=True)), title, len(content.chars) - len(chars))

    def degraded(self, pipeline: Pipeline, styles: str) -> Picture:
        """Draw a row for each effect of a pipeline alone, and one for all together; styles take turns in it.

        Raises:
            UsageError: no such style or characters; the pipeline has no effect; the model draws nothing in particular.
        """
        if self._model.draws == "nothing":
            raise UsageError(f"a {self.kind} is not told what to draw", "Name a font with --font.")
        content = self._content(_COLUMNS)
        count = min(len(content.chars), MOST)
        chosen = choose_styles(self._model.style_spec, styles, self._wanted.seed)[:count]
        alignments = self._alignments(chosen)
        every = np.arange(len(chosen) * count).reshape(len(chosen), count)
        drawn = self._drawn(content, chosen, alignments, every)
        clean = drawn[np.arange(count) % len(chosen), np.arange(count)]
        return Picture(effect_sheet(pipeline, clean, self._wanted.seed), left_out=len(content.chars) - count)

    def _alignments(self, styles: Sequence[DrawnStyle]) -> list[Alignment]:
        records = style_records(self._checkpoint, self._model)
        return [alignment_of(style, records) for style in styles]

    def _content(self, some: int) -> Content:
        """Load the characters asked for, else ``some`` of the model's, unseen ones first."""
        wanted, facts = self._wanted, self._checkpoint.facts
        if wanted.text is not None and wanted.charset is not None:
            raise UsageError("--charset and --text exclude each other", "Give one of them.")
        chars = None
        if wanted.text is not None:
            chars = unique_chars(wanted.text)
        elif wanted.charset is None:
            chars = self._usual_chars(facts["held_out"], facts["charset"], some)
        if chars == "":
            raise UsageError("--text holds no character", "Type some.")
        return load_content(facts, charset=wanted.charset, font=wanted.font, chars=chars)

    def _usual_chars(self, held_out: str, charset: str, some: int) -> str:
        known = sorted({*held_out, *charset})
        if some == _SOME and len(known) <= _ALL:
            return "".join(known)
        pool = sorted(held_out) if len(held_out) >= some else known
        picked = generator(self._wanted.seed, "preview").choice(len(pool), min(some, len(pool)), replace=False)
        return "".join(pool[place] for place in sorted(picked))

    def _drawn(
        self,
        content: Content,
        styles: Sequence[DrawnStyle],
        alignments: Sequence[Alignment],
        index: NDArray[np.int64],
    ) -> NDArray[np.uint8]:
        """Draw the first characters in every style; what is random in them follows from ``index``.

        Args:
            content: the characters.
            styles: the styles.
            alignments: of the styles.
            index: int64 ``[styles, characters]``.

        Returns:
            uint8 ``[styles, characters, size, size]``.
        """
        plan = Plan(len(content.chars), len(styles), self._wanted.seed)
        synthesis = Synthesis(self._model, content, styles, alignments, plan, 0.0, self._wanted.device)
        style, character = (places.ravel() for places in np.indices(index.shape))
        blocks = [slice(start, start + synthesis.block) for start in range(0, index.size, synthesis.block)]
        drawn = [synthesis.draw(index.ravel()[block], character[block], style[block])[0] for block in blocks]
        images = np.concatenate(drawn)
        return images.reshape(*index.shape, *images.shape[1:])

    @torch.inference_mode()
    def _samples(self) -> NDArray[np.uint8]:
        index = np.arange(_SAMPLES**2, dtype=np.int64)
        style = self._model.style_spec.continuous()
        noise = vectors([style] * len(index), index, self._wanted.seed).to(self._wanted.device)
        images = to_bytes(self._model.generate(torch.zeros(len(index), dtype=torch.int64), noise))[:, 0].cpu().numpy()
        return images.reshape(_SAMPLES, _SAMPLES, *images.shape[1:])


def degraded_font(pipeline: Pipeline, font: str, chars: str | None, seed: int) -> Picture:
    """Draw a font's glyphs, a row for each effect of a pipeline alone, and one for all together.

    Args:
        pipeline: the effects.
        font: a file or name, as ``resolve_font`` has it.
        chars: the characters; some that it has by default.
        seed: of the effects.

    Raises:
        UsageError, FontError: no such font, or it draws none of the characters; the pipeline has no effect.
    """
    outlines = Outlines(resolve_font(font))
    found = survey(outlines, unique_chars(chars or _SPECIMEN))
    if not found.drawn:
        raise FontError(f"{font} draws none of the characters", "Give others with --text.")
    shown = found.drawn[: MOST if chars else _COLUMNS]
    boxes = found.boxes[: len(shown)]
    glyphs = Rasterizer(outlines, _SIDE, source_placement(boxes, _SIDE)).draw_all(shown)
    return Picture(effect_sheet(pipeline, glyphs, seed), left_out=len(found.drawn) - len(shown) if chars else 0)


def one_model(place: Path | None, names: tuple[str, str]) -> tuple[Path | None, tuple[str, str]]:
    """Return the model that styles written ``RUN:STYLE`` belong to, else ``place``, and their bare names.

    Raises:
        UsageError: they belong to more than one.
    """
    parts = [name.rpartition(":") for name in names]
    places = [place] * (place is not None) + [Path(run) for run, _, _ in parts if run]
    if len({find_model(each, ()).resolve() for each in places}) > 1:
        raise UsageError(
            f"cannot interpolate between styles of different models ({' and '.join(map(str, places))})",
            "Name two styles of one.",
        )
    return (places[0] if places else None), (parts[0][2], parts[1][2])


def _named(spec: StyleSpec, name: str, seed: int) -> DrawnStyle:
    """Return a style by its name; latents are z1, z2, ... in the order of ``draw``."""
    number = re.fullmatch(r"z([1-9][0-9]{0,2})", name)
    if number and isinstance(spec, Latents) and name not in spec.names:
        return spec.draw(int(number[1]), seed)[-1]
    return spec.pick([name])[0]


def _aligned_between(a: Alignment, b: Alignment, share: float) -> Alignment:
    values = {f.name: (1 - share) * getattr(a, f.name) + share * getattr(b, f.name) for f in fields(Alignment)}
    return Alignment(**values)
