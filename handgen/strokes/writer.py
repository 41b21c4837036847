"""A writer: a few named numbers from which a hand follows, and how they are spread over people.

Most spreads are logit-normal on the parameter's range: x = low + (high - low) / (1 + exp(-(m + s z))) with z from
N(0, 1). So every parameter keeps its range, every writer is a point z, and z can be had back from x.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.errors import HandgenError, UsageError
from handgen.files import write_json
from handgen.settings import Settings, setting
from handgen.strokes.pens import PENS, SHARES

VERSION = 2
_WHENCE = "'handgen synth --model pen' writes one, writers.json, beside its dataset."
_KIND = "handgen writer"
_INSIDE = 1e-5


def _number(default: float, help: str, low: float, high: float) -> Any:
    return setting(default, help, minimum=low, maximum=high, panel="Writer")


@dataclass(frozen=True)
class Writer(Settings):
    """A hand. Lengths are shares of the square that a character is written in, unless said otherwise."""

    cursiveness: float = _number(0.2, "From print (0) to running hand (1): what is joined, cut short, rounded.", 0, 1)
    join_reach: float = _number(0.45, "Longest gap that a join crosses, at full cursiveness.", 0.1, 1.0)
    join_weight: float = _number(0.6, "Width of a join, as a share of a stroke's.", 0.2, 1)
    join_curve: float = _number(0.5, "Joins are straight (0) or swing out (1).", 0, 1)
    rounding: float = _number(0.25, "How round corners are, beyond what cursiveness does.", 0, 1)
    shortening: float = _number(0.5, "How much running strokes are cut short and pulled to one another.", 0, 1)
    dots: float = _number(0.5, "How readily neighboring dots become one stroke, at full cursiveness.", 0, 1)
    slant: float = _number(0.03, "Lean of uprights to the right: x per y.", -0.4, 0.6)
    tilt: float = _number(0.05, "Rise of horizontals to the right: y per x.", -0.2, 0.3)
    aspect: float = _number(1.0, "Width by height.", 0.7, 1.4)
    size: float = _number(0.86, "Side of a usual character.", 0.5, 1)
    size_rhythm: float = _number(0.04, "Spread of the size from one drawing to the next.", 0, 0.2)
    baseline: float = _number(0.015, "Spread of the height on the line from one drawing to the next.", 0, 0.1)
    balance_x: float = _number(0.0, "Room of the right part (-) or of the left (+) of a character.", -0.5, 0.5)
    balance_y: float = _number(0.0, "Room of the lower part (-) or of the upper (+).", -0.5, 0.5)
    breadth: float = _number(1.0, "Length of strokes across, against what is usual.", 0.8, 1.25)
    height: float = _number(1.0, "Length of strokes down, against what is usual.", 0.8, 1.25)
    structure: float = _number(0.02, "How far whole parts are from their usual position, always alike.", 0, 0.08)
    habit: float = _number(0.3, "How oddly strokes are placed, turned and scaled: alike in each drawing.", 0, 1)
    looseness: float = _number(0.25, "The same, and each time anew.", 0, 1)
    bow_across: float = _number(0.02, "Bend of strokes across, as a share of their length; up is +.", -0.15, 0.15)
    bow_down: float = _number(0.01, "Bend of strokes down, likewise; to the left is +.", -0.15, 0.15)
    tremor: float = _number(0.15, "Shaking of the hand: 1 is 1.5 % of the square.", 0, 1)
    width: float = _number(0.055, "Width of a line with a pen of width 1.", 0.02, 0.12)
    pressure: float = _number(0.5, "How much the line's width follows speed, setting down and lifting.", 0, 1)
    nib: float = _number(40.0, "Angle of a broad nib, in degrees.", 0, 90)
    darkness: float = _number(0.9, "Darkness of the ink.", 0.5, 1)
    person: int = setting(0, "Whose odd habits: another number is another person.", minimum=0, maximum=99_999)
    pen: str = setting("ball", "What is written with.", choices=tuple(PENS), panel="Writer")


PERSONS = 100_000
_REST = ("person", "pen")
NUMBERS = tuple(f.name for f in dataclasses.fields(Writer) if f.name not in _REST)
DIM = len(NUMBERS) + len(_REST)
"""Values of a writer's z: the numbers in order, then the person and the pen."""
_LOW, _HIGH = (
    np.array([f.metadata[end] for f in dataclasses.fields(Writer) if f.name in NUMBERS])
    for end in ("minimum", "maximum")
)

_SPREADS: dict[str, tuple[float, float]] = {
    "cursiveness": (0.33, 1.5), "join_reach": (0.45, 0.8), "join_weight": (0.6, 0.9), "join_curve": (0.45, 1.0),
    "rounding": (0.25, 1.1), "shortening": (0.5, 0.9), "dots": (0.5, 1.0), "slant": (0.03, 0.55), "tilt": (0.05, 0.6),
    "aspect": (0.99, 0.75), "size": (0.85, 0.65), "size_rhythm": (0.035, 0.7), "baseline": (0.014, 0.7),
    "balance_x": (0.0, 0.9), "balance_y": (0.0, 0.9), "breadth": (1.0, 0.8), "height": (1.0, 0.8),
    "structure": (0.024, 0.8), "habit": (0.27, 0.8), "looseness": (0.2, 0.8), "bow_across": (0.012, 0.6),
    "bow_down": (0.005, 0.5), "tremor": (0.12, 0.9), "width": (0.052, 0.6), "pressure": (0.5, 0.9), "nib": (40.0, 0.6),
    "darkness": (0.9, 0.9),
}  # fmt: skip
"""Median, and s of the logit-normal, of each number over the writers of a default population."""


@dataclass(frozen=True)
class Population:
    """How writers are spread.

    Attributes:
        spreads: name of a number -> its median and its s; those that are not named keep the default.
        shares: of each pen in ``PENS``.
        cursiveness: if given, cursiveness is even between these two instead of its spread.
    """

    spreads: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    shares: tuple[float, ...] = SHARES
    cursiveness: tuple[float, float] | None = None

    def numbers(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the numbers of writers ``z`` (``[n, DIM]``), in the order of ``NUMBERS``."""
        middle, spread = self._logits()
        made = _LOW + (_HIGH - _LOW) / (1 + np.exp(-np.clip(middle + spread * z[:, : len(NUMBERS)], -30, 30)))
        if self.cursiveness is not None:
            low, high = self.cursiveness
            made[:, NUMBERS.index("cursiveness")] = low + (high - low) * _below(z[:, NUMBERS.index("cursiveness")])
        return np.asarray(made, np.float64)

    def pens(self, z: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the pens of writers, int64 ``[n]``, indexes in ``PENS``."""
        shares = np.cumsum(self.shares) / np.sum(self.shares)
        return np.searchsorted(shares[:-1], _below(z[:, -1]), side="right").astype(np.int64)

    def persons(self, z: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the numbers of the persons whose odd habits writers have, int64 ``[n]``."""
        return np.minimum(_below(z[:, -2]) * PERSONS, PERSONS - 1).astype(np.int64)

    def writer(self, z: NDArray[np.float64]) -> Writer:
        """Return the writer that ``z`` (``[DIM]``) stands for."""
        one = z[None].astype(np.float64)
        numbers = np.clip(self.numbers(one)[0], _LOW, _HIGH)
        pen, person = tuple(PENS)[int(self.pens(one)[0])], int(self.persons(one)[0])
        named = {name: round(float(value), 6) for name, value in zip(NUMBERS, numbers, strict=True)}
        return Writer(**named, person=person, pen=pen)

    def z_of(self, writer: Writer) -> NDArray[np.float32]:
        """Return the ``[DIM]`` that stands for a writer.

        Raises:
            UsageError: no writer of this population has that pen, or such a cursiveness.
        """
        middle, spread = self._logits()
        share = (np.array([getattr(writer, name) for name in NUMBERS]) - _LOW) / (_HIGH - _LOW)
        share = np.clip(share, _INSIDE, 1 - _INSIDE)
        z = (np.log(share / (1 - share)) - middle) / spread
        if self.cursiveness is not None:
            raise UsageError("--cursiveness says nothing of a writer that is given", "Leave one of them out.")
        index = tuple(PENS).index(writer.pen)
        if not self.shares[index]:
            raise UsageError(f"no writer of this population uses a {writer.pen}", "Use another population.")
        middle_of_pen = (sum(self.shares[:index]) + self.shares[index] / 2) / sum(self.shares)
        rest = torch.special.ndtri(torch.tensor([(writer.person + 0.5) / PERSONS, middle_of_pen], dtype=torch.float64))
        return np.concatenate([z, rest.numpy()]).astype(np.float32)

    @property
    def spread(self) -> NDArray[np.float64]:
        """The s of each number, in the order of ``NUMBERS``."""
        return self._logits()[1]

    def _logits(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        spreads = {**_SPREADS, **self.spreads}
        median, spread = np.array([spreads[name] for name in NUMBERS]).T
        share = np.clip((median - _LOW) / (_HIGH - _LOW), _INSIDE, 1 - _INSIDE)
        return np.log(share / (1 - share)), np.maximum(spread, 1e-3)


def _below(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Phi(z), the share of N(0, 1) below z."""
    share: NDArray[np.float64] = torch.special.ndtr(torch.from_numpy(np.ascontiguousarray(z))).numpy()
    return share


def save_writers(path: Path, writers: Mapping[str, Writer]) -> None:
    """Write writers by name as JSON, whole or not at all."""
    write_json(path, {"kind": _KIND, "version": VERSION, "writers": {k: asdict(w) for k, w in writers.items()}})


def load_writers(path: Path) -> dict[str, Writer]:
    """Read what ``save_writers`` wrote.

    Raises:
        UsageError: there is no such file, or a parameter is unknown or out of its range.
        HandgenError: it is damaged, no file of writers, or one of another version.
    """
    if not path.is_file():
        raise UsageError(f"no file of writers at {path}", "Check --writer.")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise HandgenError(f"{path} is no file of writers", _WHENCE) from None
    except ValueError as error:
        raise HandgenError(f"the file of writers {path} is damaged ({error})", "Write it again.") from error
    if not isinstance(value, dict) or value.get("kind") != _KIND or not isinstance(value.get("writers"), dict):
        raise HandgenError(f"{path} is no file of writers", _WHENCE)
    if value.get("version") != VERSION:
        raise HandgenError(
            f"{path} is of version {value.get('version')} of writers, not {VERSION}",
            "Make it again.",
        )
    if not value["writers"]:
        raise HandgenError(f"{path} holds no writer", "Make it again.")
    return {str(name): _writer(path, name, given) for name, given in value["writers"].items()}


def _writer(path: Path, name: str, given: Any) -> Writer:
    if not isinstance(given, dict):
        raise HandgenError(f"{path}, writer {name} is no set of parameters", "Make the file again.")
    known = {*NUMBERS, *_REST}
    if unknown := sorted(given.keys() - known):
        raise UsageError(f"{path}, writer {name}: unknown parameter {unknown[0]}", "Take it out.")
    for key, value in given.items():
        if key != "pen" and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UsageError(f"{path}, writer {name}: {key} is no number", "Give it a number.")
    if not isinstance(given.get("person", 0), int):
        raise UsageError(f"{path}, writer {name}: person is no whole number", "Give it one.")
    try:
        return Writer(**given)
    except UsageError as error:
        raise UsageError(f"{path}, writer {name}: {error.message.lstrip('-')}", error.remedy) from None
