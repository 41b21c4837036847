"""The pen as ``synth`` sees it: what draws, and writers as its styles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.errors import UsageError
from handgen.fonts.charsets import load_charset
from handgen.models.base import DrawnStyle, Draws, Generator, StyleSpec
from handgen.registry import nearest
from handgen.seeds import generator, keys
from handgen.strokes.ink import draw
from handgen.strokes.library import ORDER, parse_order, usual_charset
from handgen.strokes.motion import Hand, write
from handgen.strokes.pens import PENS
from handgen.strokes.prompts import StrokePrompts
from handgen.strokes.writer import DIM, NUMBERS, Population, Writer, load_writers

NAME = "pen"
_RANGE = "Give two numbers from 0 to 1, as 0,0.3."
_USUAL = 16
"""Writers, if no number of them is asked for."""
_VERSION = 3
"""Of what the pen makes of a writer: a dataset that was begun with another is not gone on with."""


@dataclass(frozen=True)
class PenRequest:
    """What a user asks of a pen; see the options of ``synth``.

    Raises:
        UsageError: a range, size or source that makes no sense.
    """

    writer: Path | None = None
    cursiveness: tuple[float, float] | None = None
    strokes: str = ",".join(ORDER)
    size: int = 64

    def __post_init__(self) -> None:
        parse_order(self.strokes)
        if not 16 <= self.size <= 512:
            raise UsageError(f"--size {self.size} is not possible", "Give 16 to 512 pixels.")
        if self.cursiveness is not None:
            low, high = self.cursiveness
            if not 0 <= low <= high <= 1:
                raise UsageError(
                    f"--cursiveness {low:g},{high:g} is no range", "Give two numbers from 0 to 1, as 0,0.3."
                )
            if self.writer is not None:
                raise UsageError("--writer has a cursiveness of its own", "Leave out --cursiveness.")


def parse_range(text: str) -> tuple[float, float] | None:
    """Return the range that ``--cursiveness`` means: two numbers, or one for both; None for nothing.

    Raises:
        UsageError: it is none.
    """
    if not text:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2:
        raise UsageError(f"--cursiveness {text} is no range", _RANGE)
    return numbers[0], numbers[-1]


class WriterSpec(StyleSpec):
    """Styles that are writers: given by name, and then drawn from a population.

    Args:
        population: how writers are spread.
        writers: by name; empty = none has one, and any number is drawn as writer1, writer2, ...
        seed: of those that are called by such a name.
    """

    def __init__(self, population: Population, writers: Mapping[str, Writer], seed: int = 0) -> None:
        self._population, self._writers, self._seed = population, writers, seed

    @property
    def names(self) -> tuple[str, ...]:
        """The writers that were given, or some drawn ones."""
        return tuple(self._writers) or tuple(f"writer{number + 1}" for number in range(_USUAL))

    def pick(self, names: Sequence[str]) -> list[DrawnStyle]:
        """Return writers by name; where none was given, writer7 is the seventh that ``draw`` draws."""
        if not self._writers:
            return [self._drawn(_number(name), self._seed) for name in names]
        for name in names:
            if name not in self._writers:
                raise UsageError(f"unknown writer '{name}'", nearest(name, self._writers))
        return [DrawnStyle(name, torch.from_numpy(self._population.z_of(self._writers[name])), {}) for name in names]

    def draw(self, count: int, seed: int) -> list[DrawnStyle]:
        """Return the given writers first, and then drawn ones."""
        given = list(self._writers)[:count]
        picked = self.pick(given) if given else []
        return picked + [self._drawn(number, seed) for number in range(len(picked), count)]

    def continuous(self) -> DrawnStyle:
        """Return the style that is another writer for every sample."""
        return DrawnStyle("continuous", torch.zeros(DIM), {}, fresh=DIM)

    def between(self, first: DrawnStyle, second: DrawnStyle, share: float) -> DrawnStyle:
        """Return a writer between two: numbers on a straight line, and of habits and pens so much of either."""
        z = torch.lerp(first.vector, second.vector, share)
        z[len(NUMBERS) :] = first.vector[len(NUMBERS) :]
        vector = torch.cat([z, second.vector[len(NUMBERS) :], torch.tensor([share])])
        return DrawnStyle(f"{share:.2f}", vector, {})

    def _drawn(self, number: int, seed: int) -> DrawnStyle:
        z = generator(seed, "writer", number).standard_normal(DIM).astype(np.float32)
        return DrawnStyle(f"writer{number + 1}", torch.from_numpy(z), {})


def _number(name: str) -> int:
    digits = name.removeprefix("writer")
    if not name.startswith("writer") or not (digits.isascii() and digits.isdigit()) or not 1 <= int(digits) <= 10**6:
        raise UsageError(f"unknown writer '{name}'", "They are called writer1, writer2, ...; or give a --writer file.")
    return int(digits) - 1


class PenModel(Generator):
    """Writes characters stroke by stroke.

    Args:
        size: side of the images in pixels.
        population: how writers are spread.
        writers: given ones, by name.
        seed: of writers that are called writer1, writer2, ...
    """

    draws: ClassVar[Draws] = "strokes"
    block: ClassVar[int | None] = 256

    def __init__(self, size: int, population: Population, writers: Mapping[str, Writer], seed: int = 0) -> None:
        self.size, self.population = size, population
        self._spec = WriterSpec(population, writers, seed)

    @property
    def style_spec(self) -> StyleSpec:
        """Writers."""
        return self._spec

    def generate(self, content: StrokePrompts, style: Tensor) -> Tensor:
        """Write; see ``Generator.generate``. Vectors may be those of ``WriterSpec.between``."""
        z = style.cpu().numpy().astype(np.float64)
        z, rest = z[:, :DIM], z[:, DIM:]
        hand = Hand(self.population.numbers(z), keys(self.population.traits(z)))
        pens: NDArray[Any] = self.population.pens(z)
        nearest = hand.key
        if rest.size:
            share, other = rest[:, -1:], keys(self.population.traits(rest[:, :-1]))
            hand, nearest = hand.towards(other, share[:, 0]), np.where(share[:, 0] < 0.5, nearest, other)
            one = np.eye(len(PENS))
            pens = (1 - share) * one[pens] + share * one[self.population.pens(rest[:, :-1])]
        # Where nothing is to vary, all follows from the writer and the character.
        sample = content.sample if content.vary else keys(nearest, content.book.codes[content.characters], 5)
        written = write(content.book, content.characters, hand, sample, content.vary)
        images = draw(written, hand, pens, sample, self.size)
        return torch.from_numpy(images)[:, None].float().div_(127.5).sub_(1)

    def describe(self, style: DrawnStyle) -> dict[str, Any]:
        """Return a writer's parameters."""
        return {} if style.fresh else {"writer": asdict(self.population.writer(style.vector.numpy()))}


def open_pen(request: PenRequest, seed: int = 0) -> tuple[dict[str, Any], PenModel]:
    """Return the facts of a pen, as a checkpoint has them of a model, and the pen.

    Args:
        request: what is asked of it.
        seed: of the run: which writers are called writer1, writer2, ...

    Raises:
        HandgenError: the file of writers cannot be used.
    """
    population = Population(cursiveness=request.cursiveness)
    writers = load_writers(request.writer) if request.writer else {}
    given = json.dumps({name: asdict(writer) for name, writer in writers.items()}, sort_keys=True)
    facts = {
        "model": NAME,
        "config": {
            "strokes": ",".join(parse_order(request.strokes)),
            "cursiveness": list(request.cursiveness) if request.cursiveness else None,
            "writers": hashlib.sha256(given.encode()).hexdigest() if writers else None,
            "pen": _VERSION,
        },
        "size": request.size,
        "styles": [{"name": name, "role": "writer"} for name in writers],
        "charset": load_charset(usual_charset(parse_order(request.strokes))),
        "held_out": "",
        "raster": {},
        "images": 0,
        "seed": 0,
    }
    return facts, PenModel(request.size, population, writers, seed)
