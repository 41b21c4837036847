"""The gate: every drawing is read, and one that does not show its label is drawn again, or replaced.

What is random in a new drawing follows from the seed, the sample's number and the number of the try,
and a block is always drawn and read whole. So sample i still depends on the seed and i alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.run import CONFIG
from handgen.errors import DatasetError, HandgenError, UsageError
from handgen.glyphs.ink import inked
from handgen.glyphs.store import GlyphStore
from handgen.glyphs.together import recorded_stores
from handgen.models.base import DrawnStyle
from handgen.ocr.reader import find_recognizer, load_reader
from handgen.ocr.readers import GlyphReader
from handgen.ocr.suspicion import SURE, floor
from handgen.seeds import generator

OFF, MARK, REDRAW, AUTO = "off", "mark", "redraw", "auto"
MODES = (OFF, MARK, REDRAW, AUTO)
FLOORS = "gate"
"""The fact of a shipped model that holds ``recognizer_digest`` and, of each trained style, ``floors``."""
CALIBRATION = 128
"""Glyphs of a style that its floor is taken from."""
_STYLES, _CHARACTERS = 8, 16
"""So many other styles, then other characters, are tried in place of what cannot be drawn."""


class Draw(Protocol):
    """Draws glyphs as ``Synthesis.draw`` does; ``attempt`` is 0 for the first drawing of a sample."""

    def __call__(
        self,
        index: NDArray[np.int64],
        characters: NDArray[np.int64],
        styles: NDArray[np.int64],
        *,
        attempt: int,
    ) -> tuple[NDArray[np.uint8], Tensor]:
        """Return images uint8 ``[n, size, size]``, and the vectors of their styles, float32 ``[n, dim]``."""
        ...


@dataclass
class Sifted:
    """A block after the gate.

    Attributes:
        images: uint8 ``[n, size, size]``.
        vectors: of their styles, float32 ``[n, dim]``.
        characters: int64 ``[n]``, what they show; the planned ones, but for those that were replaced.
        styles: int64 ``[n]``, likewise.
        records: of each sample, for its meta: ``p``, the confidence in the label, None if the recognizer does
            not know it; ``first``, that of the first drawing, if it did not pass; ``tries``, further drawings
            that were made; ``instead``, the planned char and style, if they were given up; ``rejected``, if
            it did not pass and is kept.
    """

    images: NDArray[np.uint8]
    vectors: Tensor
    characters: NDArray[np.int64]
    styles: NDArray[np.int64]
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
        floors: ``[styles]``, the least margin that passes.
        seed: of the run.
    """

    reader: GlyphReader
    digest: str
    mode: str
    tries: int
    chars: str
    styles: Sequence[str]
    floors: tuple[float, ...]
    seed: int

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
        floors = dict(zip(self.styles, self.floors, strict=True))
        return {"gate": self.mode, "tries": self.tries, "recognizer_digest": self.digest, "floors": floors}

    def read(
        self, images: NDArray[np.uint8], characters: NDArray[np.int64], styles: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return p(label), and by how much its margin is above its style's floor; both ``[n]``, NaN if unknown.

        Paper without ink shows no character, one that the recognizer does not know included.
        """
        numbers = np.array([self.reader.number(self.chars[place]) for place in characters.tolist()], np.int64)
        known = numbers >= 0
        p, over = np.full(len(images), np.nan), np.full(len(images), np.nan)
        if known.any():
            p[known], margins = self.reader.confidence(images[known], numbers[known])
            over[known] = margins - np.array(self.floors)[styles[known]]
        blank = ~inked(images, 1, 2)
        p[blank], over[blank] = 0.0, -np.inf
        return p, over

    @torch.inference_mode()
    def sift(
        self, draw: Draw, index: NDArray[np.int64], characters: NDArray[np.int64], styles: NDArray[np.int64]
    ) -> Sifted:
        """Draw a block of samples until each shows its label.

        Raises:
            DatasetError: nothing was found that can be drawn in place of a sample.
        """
        images, vectors = draw(index, characters, styles, attempt=0)
        done = Sifted(images, vectors, characters.copy(), styles.copy(), [])
        p, over = self.read(images, characters, styles)
        first, tries = p.copy(), np.zeros(len(index), np.int64)
        left = np.flatnonzero(over < 0)
        choices = {row: self._choices(int(index[row]), characters[row], styles[row]) for row in left.tolist()}
        made = 0
        while self.redraws and len(left):
            if made == len(choices[int(left[0])]):
                raise self._stuck(characters[left[0]], styles[left[0]])
            chars, hands = np.array([choices[row][made] for row in left.tolist()], np.int64).T
            made += 1
            again, again_vectors = draw(index[left], chars, hands, attempt=made)
            p_again, over = self.read(again, chars, hands)
            tries[left] = made
            good = ~(over < 0)
            rows = left[good]
            done.images[rows], done.vectors[rows] = again[good], again_vectors[torch.from_numpy(good)]
            done.characters[rows], done.styles[rows], p[rows] = chars[good], hands[good], p_again[good]
            left = left[~good]
        rejected = set(left.tolist())
        for row in range(len(index)):
            record = self._record(p[row], first[row], int(tries[row]))
            if (done.characters[row], done.styles[row]) != (characters[row], styles[row]):
                record["instead"] = {"char": self.chars[characters[row]], "style": self.styles[styles[row]]}
            done.records.append(record | ({"rejected": True} if row in rejected else {}))
        return done

    def best(
        self, draw: Draw, index: NDArray[np.int64], characters: NDArray[np.int64], styles: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], list[dict[str, Any]]]:
        """Draw glyphs that cannot be replaced, as those of a line: of all tries the one that reads best.

        Returns:
            Images uint8 ``[n, size, size]``, and a record of each as ``Sifted`` has it: ``rejected``, if no try
            passed.
        """
        images, _ = draw(index, characters, styles, attempt=0)
        p, over = self.read(images, characters, styles)
        first, tries = p.copy(), np.zeros(len(index), np.int64)
        for attempt in range(1, self.tries + 1 if self.redraws else 0):
            left = np.flatnonzero(over < 0)
            if not len(left):
                break
            again, _ = draw(index[left], characters[left], styles[left], attempt=attempt)
            p_again, now = self.read(again, characters[left], styles[left])
            tries[left] += 1
            better = now > over[left]
            rows = left[better]
            images[rows], over[rows], p[rows] = again[better], now[better], p_again[better]
        rejected = np.flatnonzero(over < 0)
        return images, [
            self._record(p[row], first[row], int(tries[row])) | ({"rejected": True} if row in rejected else {})
            for row in range(len(index))
        ]

    def _record(self, p: float, first: float, tries: int) -> dict[str, Any]:
        """Return what is kept of one sample: see ``Sifted``."""
        record: dict[str, Any] = {"p": None if math.isnan(p) else round(float(p), 4)}
        return record | ({"first": round(float(first), 4), "tries": tries} if tries else {})

    def _choices(self, index: int, character: int, style: int) -> list[tuple[int, int]]:
        """Return what to draw in turn: the same again, in other styles, other characters."""
        rng = generator(self.seed, "instead", index)
        others = _some(rng, len(self.styles), style, _STYLES)
        chars = _some(rng, len(self.chars), character, _CHARACTERS)
        same = [(character, style)] * self.tries
        return [*same, *((character, other) for other in others), *((other, style) for other in chars)]

    def _stuck(self, character: int, style: int) -> DatasetError:
        return DatasetError(
            f"'{self.chars[character]}' in style {self.styles[style]} does not read as such, nor does anything that "
            "was tried in its place",
            "Look at 'handgen preview', train the model or the recognizer for longer, or use --gate mark or off.",
        )


def _some(rng: np.random.Generator, count: int, but: int, most: int) -> list[int]:
    """Return up to ``most`` different numbers below ``count``, ``but`` not among them."""
    found = rng.choice(count - 1, min(most, count - 1), replace=False) if count > 1 else np.array([], np.int64)
    return [int(each) + (each >= but) for each in found]


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
        UsageError: there is no such mode, no recognizer, the model's own is missing, or one knows none of the
            characters.
        CheckpointError: it is damaged.
    """
    if mode not in MODES:
        raise UsageError(f"--gate {mode} is unknown", f"Use {OFF}, {MARK} or {REDRAW}.")
    if mode == OFF:
        if recognizer is not None:
            raise UsageError("--recognizer says nothing when --gate is off", "Leave one of them out.")
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
    reader = load_reader(file, device)
    unknown = [char for char in chars if reader.number(char) < 0]
    if len(unknown) == len(chars):
        if asked:
            raise UsageError(
                f"the recognizer {file} knows none of the characters",
                "Train one on these with 'handgen train recognizer', or use --gate off.",
            )
        return None, f"the recognizer {file} knows none of the characters"
    found = reader, checkpoint.load(file).digest()
    if unknown:
        shown = "".join(unknown[:40]) + ("…" if len(unknown) > 40 else "")
        return found, f"the recognizer does not know {len(unknown):,} characters, which pass unread: {shown}"
    return found, ""


def calibrate(
    reader: GlyphReader,
    styles: Sequence[DrawnStyle],
    store: GlyphStore | None,
    drawn: Callable[[int], Drawn],
    known: Mapping[str, float] = MappingProxyType({}),
) -> tuple[float, ...]:
    """Return the floor of each style: the margin that all but 2 % of its sound glyphs have, at most log 3.

    Args:
        reader: reads glyphs.
        styles: the styles to draw in. A mixture has the mean floor of its parents, by their shares.
        store: has the real glyphs of trained styles, if it still exists. If not, a font that the recognizer was
            trained or measured on has the floor that it found then.
        drawn: draws some glyphs of the style with this number, which stand in for real ones that are missing;
            a few bad ones among them hardly move the floor.
        known: floors of trained styles that were measured before, on real glyphs that are not here any more.
    """
    real = {**reader.floors, **known}
    for number, style in enumerate(store.styles) if store else ():
        if store and any(style.name in each.weights for each in styles):
            rows = store.rows(number)
            rows = np.sort(generator(0, "gate", style.name).permutation(rows)[:CALIBRATION])
            labels = [str(char) for char in store.labels["char"][rows]]
            real[style.name] = _floor(reader, np.array(store.images[rows]), labels)
    floors = []
    for number, drawn_style in enumerate(styles):
        if drawn_style.weights and real.keys() >= drawn_style.weights.keys():
            total = sum(drawn_style.weights.values())
            floors.append(sum(real[name] * share for name, share in drawn_style.weights.items()) / total)
        else:
            floors.append(_floor(reader, *drawn(number)))
    return tuple(round(value, 2) for value in floors)


Drawn = tuple[NDArray[np.uint8], Sequence[str]]
"""Images uint8 ``[n, size, size]``, and what they should show."""


def _floor(reader: GlyphReader, images: NDArray[np.uint8], labels: Sequence[str]) -> float:
    numbers = np.array([reader.number(label) for label in labels], np.int64)
    known = numbers >= 0
    if not known.any():
        return 0.0
    return floor(reader.confidence(images[known], numbers[known])[1], most=SURE)


def known_floors(facts: Mapping[str, Any], digest: str) -> dict[str, float]:
    """Return the floors that a shipped model's facts have for the recognizer with this digest; none by default."""
    kept = facts.get(FLOORS, {})
    return dict(kept["floors"]) if kept.get("recognizer_digest") == digest else {}


def store_of(model: Path) -> GlyphStore | None:
    """Return the glyph store that a model was trained with, if it still is where it was."""
    try:
        return recorded_stores(json.loads((model.parent / CONFIG).read_text(encoding="utf-8"))["data"])
    except (OSError, ValueError, KeyError, TypeError, HandgenError):
        return None
