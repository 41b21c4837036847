"""The gate: every drawing is read, and one that does not show its label is drawn again, or replaced.

What is random in a new drawing follows from the seed, the sample's number and the number of the try,
and a block is always drawn and read whole. So sample i still depends on the seed and i alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.checkpoints import files as checkpoint
from handgen.errors import DatasetError, UsageError
from handgen.glyphs.ink import INK, inked
from handgen.ocr.reader import find_recognizer, load_reader
from handgen.ocr.readers import GlyphReader
from handgen.seeds import SampleKey, generator
from handgen.sources.base import Drawing
from handgen.synthesis.request import AUTO, OFF, REDRAW
from handgen.synthesis.trust import refuse_weak

Rows = NDArray[np.int64]
_STYLES, _CHARACTERS = 8, 16
"""So many other styles, then other characters, are tried instead of what cannot be drawn."""


class Draw(Protocol):
    """Draws characters as ``Source.draw`` does, any number at once."""

    def __call__(self, characters: Rows, styles: Rows, key: SampleKey, /) -> Drawing:
        """Return drawings of characters in styles."""
        ...


@dataclass
class Sifted:
    """A block after the gate.

    Attributes:
        drawing: of each sample.
        characters: int64 ``[n]``, what they show; the planned ones, but for those that were replaced.
        styles: int64 ``[n]``, likewise.
        records: of each sample, for its meta: ``p``, the confidence in the label, None if it was not read, or the
            recognizer does not know it; ``first``, that of the first drawing, if it did not pass; ``as``, the
            character that this was read as, empty for paper without ink; ``tries``, further drawings that were made;
            ``instead``, the planned char and style, if they were given up; ``rejected``, if it did not pass and is
            kept.
    """

    drawing: Drawing
    characters: Rows
    styles: Rows
    records: list[dict[str, Any]]


@dataclass(frozen=True)
class Gate:
    """Reads drawings.

    Attributes:
        reader: reads glyphs.
        digest: of the recognizer's weights.
        mode: ``mark`` or ``redraw``.
        tries: how often a drawing is made again before something else is drawn.
        chars: what can be drawn.
        styles: names of the styles.
        floors: ``[styles]``, the least margin that passes; NaN where drawings are not read.
        seed: of the run.
        sources: int64 ``[styles]``, number of each style's source: another style is one of the same; all are of one by
            default.
        coverage: ``[styles, chars]``, which style can draw which character; every one can by default.
        unread: names of the sources whose drawings are not read.
    """

    reader: GlyphReader
    digest: str
    mode: str
    tries: int
    chars: str
    styles: Sequence[str]
    floors: tuple[float, ...]
    seed: int
    sources: Rows | None = None
    coverage: NDArray[np.bool_] | None = None
    unread: tuple[str, ...] = ()

    @property
    def redraws(self) -> bool:
        """Whether what does not pass is drawn again; else it is only marked."""
        return self.mode == REDRAW

    @property
    def unknown(self) -> str:
        """The characters that cannot be read: they pass."""
        return "".join(char for char in self.chars if self.reader.number(char) < 0)

    def identity(self) -> dict[str, Any]:
        """What decides which samples pass."""
        floors = {style: least for style, least in zip(self.styles, self.floors, strict=True) if not math.isnan(least)}
        return {"gate": self.mode, "tries": self.tries, "recognizer_digest": self.digest, "floors": floors}

    def read(
        self, images: NDArray[np.uint8], characters: Rows, styles: Rows
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return p(label), and by how much its margin is above its style's floor; both ``[n]``, NaN if not read.

        Paper without ink shows no character, nor does ink without paper, whether anybody reads it or not.
        """
        numbers = np.array([self.reader.number(self.chars[row]) for row in characters.tolist()], np.int64)
        floors = np.array(self.floors)[styles]
        read = (numbers >= 0) & ~np.isnan(floors)
        p, over = np.full(len(images), np.nan), np.full(len(images), np.nan)
        if read.any():
            p[read], margins = self.reader.confidence(images[read], numbers[read])
            over[read] = margins - floors[read]
        blank = ~(inked(images, 1, 2) & (images.max((1, 2)) >= INK))
        p[blank], over[blank] = 0.0, -np.inf
        return p, over

    def sift(self, draw: Draw, characters: Rows, styles: Rows, key: SampleKey) -> Sifted:
        """Draw a block of samples until each shows its label.

        Raises:
            DatasetError: nothing was found that can be drawn instead of a sample.
        """
        done = Sifted(draw(characters, styles, key), characters.copy(), styles.copy(), [])
        p, over = self.read(done.drawing.images, characters, styles)
        first, tries = p.copy(), np.zeros(len(key), np.int64)
        left = np.flatnonzero(over < 0)
        read_as = self._read_as(done.drawing.images, left)
        choices = {row: self._choices(int(key.sample[row]), characters[row], styles[row]) for row in left.tolist()}
        made = 0
        while self.redraws and len(left):
            for row in left.tolist():
                if made == len(choices[row]):
                    raise self._stuck(characters[row], styles[row])
            chars, others = np.array([choices[row][made] for row in left.tolist()], np.int64).T
            made += 1
            again = draw(chars, others, key[left].again(made))
            p_again, over = self.read(again.images, chars, others)
            tries[left] = made
            good = ~(over < 0)
            rows = left[good]
            done.drawing.put(rows, again, good)
            done.characters[rows], done.styles[rows], p[rows] = chars[good], others[good], p_again[good]
            left = left[~good]
        rejected = set(left.tolist())
        for row in range(len(key)):
            record = self._record(p[row], first[row], int(tries[row]), read_as.get(row))
            if (done.characters[row], done.styles[row]) != (characters[row], styles[row]):
                record["instead"] = {"char": self.chars[characters[row]], "style": self.styles[styles[row]]}
            done.records.append(record | ({"rejected": True} if row in rejected else {}))
        return done

    def best(self, draw: Draw, characters: Rows, styles: Rows, key: SampleKey) -> tuple[Drawing, list[dict[str, Any]]]:
        """Draw glyphs that cannot be replaced, as those of a line: of all tries the one that reads best.

        Returns:
            The drawings, and a record of each as ``Sifted`` has it: ``rejected``, if no try passed.
        """
        drawing = draw(characters, styles, key)
        p, over = self.read(drawing.images, characters, styles)
        first, tries = p.copy(), np.zeros(len(key), np.int64)
        read_as = self._read_as(drawing.images, np.flatnonzero(over < 0))
        for attempt in range(1, self.tries + 1 if self.redraws else 0):
            left = np.flatnonzero(over < 0)
            if not len(left):
                break
            again = draw(characters[left], styles[left], key[left].again(attempt))
            p_again, now = self.read(again.images, characters[left], styles[left])
            tries[left] += 1
            better = now > over[left]
            rows = left[better]
            drawing.put(rows, again, better)
            over[rows], p[rows] = now[better], p_again[better]
        rejected = np.flatnonzero(over < 0)
        return drawing, [
            self._record(p[row], first[row], int(tries[row]), read_as.get(row))
            | ({"rejected": True} if row in rejected else {})
            for row in range(len(key))
        ]

    def _read_as(self, images: NDArray[np.uint8], rows: Rows) -> dict[int, str]:
        """Return the likeliest character of each of these images, by row; "" without ink."""
        if not len(rows):
            return {}
        some = images[rows]
        likeliest = self.reader.read(some, top=1).chars[:, 0].tolist()
        chars = [self.reader.charset[number] for number in likeliest]
        return {
            row: char if here else ""
            for row, char, here in zip(rows.tolist(), chars, inked(some, 1, 2).tolist(), strict=True)
        }

    def _record(self, p: float, first: float, tries: int, read_as: str | None) -> dict[str, Any]:
        """Return what is kept of one sample: see ``Sifted``."""
        record: dict[str, Any] = {"p": None if math.isnan(p) else round(float(p), 4)}
        record |= {"first": round(float(first), 4), "tries": tries} if tries else {}
        return record | ({} if read_as is None else {"as": read_as})

    def _choices(self, index: int, character: int, style: int) -> list[tuple[int, int]]:
        """Return what to draw in turn: the same again, in other styles, other characters."""
        rng = generator(self.seed, "instead", index)
        peers = np.arange(len(self.styles))
        chars = np.arange(len(self.chars))
        if self.sources is not None:
            peers = np.flatnonzero(self.sources == self.sources[style])
        if self.coverage is not None:
            peers, chars = peers[self.coverage[peers, character]], np.flatnonzero(self.coverage[style])
        others = _some(rng, peers, style, _STYLES)
        instead = _some(rng, chars, character, _CHARACTERS)
        same = [(character, style)] * self.tries
        return [*same, *((character, other) for other in others), *((other, style) for other in instead)]

    def _stuck(self, character: int, style: int) -> DatasetError:
        return DatasetError(
            f"'{self.chars[character]}' in style {self.styles[style]} does not read as such, nor does anything that "
            "was tried instead",
            "Look at 'handgen preview', train the model or the recognizer for longer, or use --gate mark or off.",
        )


def _some(rng: np.random.Generator, among: Rows, but: int, most: int) -> list[int]:
    """Return up to ``most`` different ones of some numbers, ``but`` not among them."""
    others = among[among != but]
    return (
        [int(each) for each in others[rng.choice(len(others), min(most, len(others)), replace=False)]]
        if len(others)
        else []
    )


def find_reader(
    mode: str,
    recognizer: Path | None,
    device: torch.device,
    chars: str,
    beside: Path | None = None,
    owed: bool = False,
) -> tuple[tuple[GlyphReader, str] | None, str]:
    """Find who reads for the gate that is asked for.

    Args:
        mode: ``off``, ``mark``, ``redraw``; or ``auto``: redraw, if there is a recognizer that knows a character.
        recognizer: its run folder or file; None = the one beside the model, else the newest in ``runs/``; if
            ``mode`` asks for one, else the one that comes with handgen.
        device: where to read.
        chars: what is to be drawn.
        beside: the one that came with the model.
        owed: whether one came with it, be it here or not.

    Returns:
        The reader and the digest of its weights, None if there is to be no gate; and what a user should know
        of it, empty if nothing.

    Raises:
        UsageError: there is no recognizer, the model's own is missing, it reads too little, or one knows none of the
            characters.
        CheckpointError: it is damaged.
    """
    if mode == OFF:
        return None, ""
    if owed and recognizer is None and beside is None:
        raise UsageError(
            "the recognizer that came with these weights is missing",
            "Put recognizer.safetensors back beside the model, name one with --recognizer, or use --gate off.",
        )
    asked = mode != AUTO or recognizer is not None
    try:
        file = find_recognizer(recognizer or beside, shipped=asked)
    except UsageError:
        if asked:
            raise
        return None, "there is no recognizer in runs/; 'handgen train recognizer' makes one"
    loaded = checkpoint.load(file)
    refuse_weak(file, loaded.facts)
    reader = load_reader(file, device)
    unknown = [char for char in chars if reader.number(char) < 0]
    if len(unknown) == len(chars):
        if asked:
            raise UsageError(
                f"the recognizer {file} knows none of the characters",
                "Train one on these with 'handgen train recognizer', or use --gate off.",
            )
        return None, f"the recognizer {file} knows none of the characters"
    found = reader, loaded.digest()
    if unknown:
        shown = "".join(unknown[:40]) + ("…" if len(unknown) > 40 else "")
        return found, f"the recognizer does not know {len(unknown):,} characters, which pass unread: {shown}"
    return found, ""
