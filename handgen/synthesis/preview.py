"""Pictures of what a model draws: styles by characters, the walk between two styles, plain samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgen.degrade.contact_sheet import effect_sheet
from handgen.degrade.pipeline import Pipeline
from handgen.errors import FontError, UsageError
from handgen.fonts.align import source_placement
from handgen.fonts.charsets import load_charset, unique_chars
from handgen.fonts.coverage import survey
from handgen.fonts.find import resolve_font
from handgen.fonts.outline import Outlines
from handgen.fonts.raster import Rasterizer
from handgen.seeds import SampleKey, generator
from handgen.sources import MODEL
from handgen.sources.base import Source, draw_in_blocks
from handgen.sources.find import find_model, kind_of
from handgen.sources.model import unlabeled
from handgen.sources.opening import open_sources, source_class
from handgen.sources.spec import SourceSpec

MOST = 100
"""Rows, and columns, that a picture may have."""
_ALL, _SOME, _FEW = 64, 24, 8
_SAMPLES, _ROWS = 8, 16
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
class PreviewRequest:
    """What a user asks of ``preview``; see the options of the command."""

    sources: tuple[SourceSpec, ...]
    charset: str | None = None
    text: str | None = None
    seed: int = 0
    device: str = "cpu"


class Preview:
    """Something that draws, made ready to be looked at; drawings of one character differ by style alone."""

    def __init__(self, request: PreviewRequest) -> None:
        """Find what draws.

        Raises:
            UsageError, CheckpointError: there is none, or it does not fit.
        """
        self._request = replace(request, sources=tuple(replace(spec, vary=0.0) for spec in request.sources))
        self._unlabeled = self._find_unlabeled()
        if self._unlabeled and (request.charset or request.text):
            raise UsageError(f"a {self._unlabeled[0]} is not told what to draw", "Leave out --text and --charset.")

    def _find_unlabeled(self) -> tuple[str, NDArray[np.uint8]] | None:
        """Return the kind of a model that draws nothing in particular, and samples of it."""
        spec = self._request.sources[0]
        if kind_of(spec.source) != MODEL or len(self._request.sources) > 1:
            return None
        file = find_model(Path(spec.source), ())
        return unlabeled(file, self._request.device, _SAMPLES**2, self._request.seed)

    def grid(self, styles: str) -> Picture:
        """Draw a row for each style, under the source's: the same characters in each.

        A model that draws nothing in particular shows samples.

        Args:
            styles: as ``--styles`` of ``synth``.

        Raises:
            UsageError: no such style or characters.
        """
        if self._unlabeled:
            if styles:
                raise UsageError(f"a {self._unlabeled[0]} has no styles", "Leave out --styles.")
            images = self._unlabeled[1].reshape(_SAMPLES, _SAMPLES, *self._unlabeled[1].shape[1:])
            return Picture([("", row) for row in images], f"{self._unlabeled[0]}: samples")
        source = self._open(_SOME, styles)
        shown, count = source.styles[:MOST], min(len(source.chars), MOST)
        if len(shown) == 1 and shown[0].fresh:
            return self._everyone(source, count)
        drawn = self._drawn(source, np.arange(len(shown) * count).reshape(len(shown), count))
        rows: list[Row] = [(style.name, images) for style, images in zip(shown, drawn, strict=True)]
        if (content := source.content_glyphs()) is not None:
            rows.insert(0, ("source", content[:count]))
        return Picture(rows, left_out=len(source.styles) - len(shown) + len(source.chars) - count)

    def _everyone(self, source: Source, count: int) -> Picture:
        """Draw the same characters in some of the styles that are another for every sample, a row each."""
        line = np.repeat(np.arange(_ROWS), count)
        key = SampleKey.of(self._request.seed, line, np.tile(np.arange(1, count + 1), _ROWS))
        characters, styles = np.tile(np.arange(count), _ROWS), np.zeros(len(line), np.int64)
        images = draw_in_blocks(source, characters, styles, key).images
        drawn = images.reshape(_ROWS, count, *images.shape[1:])
        return Picture([(f"{source.styles[0].name} {row + 1}", some) for row, some in enumerate(drawn)])

    def walk(self, first: str, second: str, steps: int) -> Picture:
        """Draw a row for each character, in ``steps`` styles from ``first`` to ``second``.

        Args:
            first: a trained style; with latents also z1, z2, ..., which ``--styles N`` draws.
            second: another.
            steps: how many, both ends counted.

        Raises:
            UsageError: no such style, or no way between styles.
        """
        if self._unlabeled:
            kind = self._unlabeled[0]
            raise UsageError(f"a {kind} has no styles with a name to walk between", "Leave out --interpolate.")
        source = self._open(_FEW, "")
        way, path = source.walk(first, second, steps)
        count = min(len(source.chars), MOST)
        drawn = self._drawn(way, np.tile(np.arange(count), (steps, 1))).swapaxes(0, 1)
        captions = [char if char.isascii() else f"U+{ord(char):04X}" for char in source.chars[:count]]
        title = f"from {first} to {second}, on {path}"
        return Picture(list(zip(captions, drawn, strict=True)), title, len(source.chars) - count)

    def degraded(self, pipeline: Pipeline, styles: str) -> Picture:
        """Draw a row for each effect of a pipeline alone, and one for all together; styles take turns in it.

        Raises:
            UsageError: no such style or characters; the pipeline has no effect; the model draws nothing in particular.
        """
        if self._unlabeled:
            raise UsageError(f"a {self._unlabeled[0]} is not told what to draw", "Name a font with --font.")
        source = self._open(_COLUMNS, styles)
        count = min(len(source.chars), MOST)
        several = min(len(source.styles), count)
        drawn = self._drawn(source, np.arange(several * count).reshape(several, count))
        clean = drawn[np.arange(count) % several, np.arange(count)]
        return Picture(effect_sheet(pipeline, clean, self._request.seed), left_out=len(source.chars) - count)

    def _open(self, some: int, styles: str) -> Source:
        """Open the sources for the characters asked for, else ``some`` of the usual ones."""
        request = self._request
        if request.text is not None and request.charset is not None:
            raise UsageError("--charset and --text exclude each other", "Give one of them.")
        if request.text is not None:
            chars = unique_chars(request.text)
        elif request.charset is not None:
            chars = load_charset(request.charset)
        else:
            chars = self._usual_chars(some)
        if not chars:
            raise UsageError("--text holds no character", "Type some.")
        specs = [replace(spec, styles=styles or spec.styles) for spec in request.sources]
        return open_sources(specs, chars, seed=request.seed, device=request.device)

    def _usual_chars(self, some: int) -> str:
        """Return characters to show: those that were held out from training, if there are enough of them."""
        spec = self._request.sources[0]
        held_out = source_class(spec).unseen_chars(spec)
        known = sorted({*held_out, *source_class(spec).usual_chars(spec)})
        if some == _SOME and len(known) <= _ALL:
            return "".join(known)
        pool = sorted(held_out) if len(held_out) >= some else known
        picked = generator(self._request.seed, "preview").choice(len(pool), min(some, len(pool)), replace=False)
        return "".join(pool[number] for number in sorted(picked))

    def _drawn(self, source: Source, index: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Draw the first characters in the first styles; what is random in them follows from ``index``.

        Args:
            source: draws.
            index: int64 ``[styles, characters]``.

        Returns:
            uint8 ``[styles, characters, size, size]``; white where a style cannot draw a character.
        """
        style, character = (rows.ravel() for rows in np.indices(index.shape))
        able = np.ones(index.size, bool) if source.coverage is None else source.coverage[style, character]
        key = SampleKey.of(self._request.seed, index.ravel())
        images = np.full((index.size, source.size, source.size), 255, np.uint8)
        images[able] = draw_in_blocks(source, character[able], style[able], key[able]).images
        return images.reshape(*index.shape, *images.shape[1:])


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


def one_model(path: Path | None, names: tuple[str, str]) -> tuple[Path | None, tuple[str, str]]:
    """Return the model that styles written ``RUN:STYLE`` belong to, else ``path``, and their bare names.

    Raises:
        UsageError: they belong to more than one.
    """
    parts = [name.rpartition(":") for name in names]
    models = [path] * (path is not None) + [Path(run) for run, _, _ in parts if run]
    if len({find_model(each, ()).resolve() for each in models}) > 1:
        raise UsageError(
            f"cannot interpolate between styles of different models ({' and '.join(map(str, models))})",
            "Name two styles of one.",
        )
    return (models[0] if models else None), (parts[0][2], parts[1][2])
