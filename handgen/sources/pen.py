"""The pen as a source: it writes stroke by stroke, and writers are its styles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.errors import UsageError
from handgen.fonts.charsets import load_charset
from handgen.glyphs.store import is_store
from handgen.models.base import DrawnStyle, StyleSpec
from handgen.registry import nearest
from handgen.seeds import SampleKey, generator, keys
from handgen.sources.base import Drawing, Opening, Rows, Source, choose_styles, latents
from handgen.sources.like import read_hand
from handgen.sources.prompts import StrokePrompts
from handgen.sources.spec import SourceSpec
from handgen.strokes import fit, library
from handgen.strokes.ends import Ends, ends_of
from handgen.strokes.ink import draw_laid
from handgen.strokes.library import Library, find_strokes, parse_order, usual_charset
from handgen.strokes.motion import Hand, write
from handgen.strokes.pens import PENS
from handgen.strokes.prompts import StrokePrompt
from handgen.strokes.writer import DIM, NUMBERS, Population, Writer, load_writers, save_writers

NAME = "pen"
WRITERS = "writers.json"
"""Beside a dataset: the writers that wrote it."""
_USUAL = 16
"""Writers, if no number of them is asked for."""
_VERSION = 6
"""Of what the pen makes of a writer: a dataset that was begun with another is not gone on with."""
_EXTENT = 0.85
"""Longer side of the ink of images that are cut out around it, as the pen would write them."""
_BLOCK = 256


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
        """Return writers by name; beyond those that were given, writer7 is the seventh that ``draw`` draws."""
        return [self._picked(name) for name in names]

    def _picked(self, name: str) -> DrawnStyle:
        if name in self._writers:
            return DrawnStyle(name, torch.from_numpy(self._population.z_of(self._writers[name])), {})
        number = _number(name)
        if self._writers and (number is None or number < len(self._writers)):
            raise UsageError(f"unknown writer '{name}'", nearest(name, self._writers))
        if number is None:
            raise UsageError(
                f"unknown writer '{name}'", "They are called writer1, writer2, ...; or give a --writer file."
            )
        return self._drawn(number, self._seed)

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


def _number(name: str) -> int | None:
    """Return the number, from 0, that a drawn writer's name tells; None for another name."""
    digits = name.removeprefix("writer")
    if not name.startswith("writer") or not (digits.isascii() and digits.isdigit()) or not 1 <= int(digits) <= 10**6:
        return None
    return int(digits) - 1


def write_characters(
    population: Population, prompt: StrokePrompt, z: NDArray[np.float64], size: int
) -> tuple[NDArray[np.uint8], Ends]:
    """Write.

    Args:
        population: how writers are spread.
        prompt: the characters.
        z: float64 ``[n, DIM]``, the writer of each; or ``[n, 2 * DIM - len(NUMBERS) + 1]``, as ``WriterSpec.between``
            has it.
        size: side of the images in pixels.

    Returns:
        uint8 ``[n, size, size]``, 0 = ink, 255 = paper; and where the pen enters and leaves.
    """
    z, rest = z[:, :DIM], z[:, DIM:]
    hand = Hand(population.numbers(z), keys(population.persons(z)))
    pens: NDArray[Any] = population.pens(z)
    closest = hand.key
    if rest.size:
        share, other = rest[:, -1:], keys(population.persons(rest[:, :-1]))
        hand, closest = hand.towards(other, share[:, 0]), np.where(share[:, 0] < 0.5, closest, other)
        one = np.eye(len(PENS))
        pens = (1 - share) * one[pens] + share * one[population.pens(rest[:, :-1])]
    # Where nothing is to vary, all follows from the writer and the character.
    sample = prompt.sample if prompt.vary else keys(closest, prompt.table.codes[prompt.characters], 5)
    written = write(prompt.table, prompt.characters, hand, sample, prompt.vary)
    images, laid = draw_laid(written, hand, pens, sample, size)
    return images, ends_of(written, laid, hand, prompt.table.codes[prompt.characters], sample)


@dataclass(frozen=True, eq=False)
class PenSource(Source):
    """Characters written stroke by stroke.

    Attributes:
        population: how writers are spread.
        spec: which writers there are.
        strokes: of the characters.
        order: where strokes were looked for, first to last.
        vary: how much each drawing differs from the next, 0 to 1.
        given: hash of writers that were given, or taken from images; empty if there are none.

    The others are those of ``Source``.
    """

    options: ClassVar = frozenset({"styles", "like", "vary", "font", "writer", "cursiveness", "strokes", "size"})

    population: Population
    spec: WriterSpec
    strokes: Library
    order: tuple[str, ...]
    vary: float
    given: str

    @classmethod
    def open(cls, spec: SourceSpec, chars: str, how: Opening) -> PenSource:
        """Find strokes and writers; see ``Source.open``."""
        side, order = spec.side(how.size), parse_order(spec.strokes)
        found = find_strokes(chars, order, spec.font)
        population, writers = _writers(spec, side, found)
        writer_spec = WriterSpec(population, writers, how.seed)
        text = json.dumps({name: asdict(writer) for name, writer in writers.items()}, sort_keys=True)
        styles = choose_styles(writer_spec, spec.styles, how.seed)
        given = hashlib.sha256(text.encode()).hexdigest() if writers else ""
        return cls(
            spec.source, found.table.chars, side, styles, found.skipped, _BLOCK, True, population, writer_spec, found,
            order, spec.vary, given,
        )  # fmt: skip

    @classmethod
    def usual_chars(cls, spec: SourceSpec) -> str:
        """Return a charset that there are strokes of."""
        return load_charset(usual_charset(parse_order(spec.strokes)))

    @classmethod
    def list_styles(cls, spec: SourceSpec) -> list[dict[str, Any]]:
        """Return the writers of the file that was given; others are called writer1, writer2, ..."""
        return [{"name": name, "role": "writer"} for name in (load_writers(spec.writer) if spec.writer else ())]

    def draw(self, characters: Rows, styles: Rows, key: SampleKey) -> Drawing:
        """Write; see ``Source.draw``."""
        z, notes = latents([self.styles[style] for style in styles.tolist()], key)
        prompt = StrokePrompts(self.strokes.table).batch(characters, styles, key, self.vary)
        images, ends = write_characters(self.population, prompt, z.numpy().astype(np.float64), self.size)
        return Drawing(images, notes, ends)

    def identity(self) -> dict[str, Any]:
        """Return the strokes, how writers are spread, and who writes."""
        font = self.strokes.font
        return {
            "model": NAME,
            "pen": _VERSION,
            "size": self.size,
            "order": list(self.order),
            "strokes": library.digest(self.strokes.table),
            "content_font": replace(font, path=Path(font.path.name)).spec if font else None,
            "content_font_sha256": self.strokes.font_sha256 or None,
            "cursiveness": list(self.population.cursiveness) if self.population.cursiveness else None,
            "writers": self.given or None,
            "styles": [style.name for style in self.styles],
            "vary": self.vary,
        }

    def describe(self, style: int) -> dict[str, Any]:
        """Return a writer's parameters."""
        drawn = self.styles[style]
        found = {} if drawn.fresh else {"writer": asdict(self.population.writer(drawn.vector.numpy()))}
        return super().describe(style) | found

    def facts(self) -> dict[str, Any]:
        """Return where the strokes come from."""
        return StrokePrompts(self.strokes.table).facts()

    def save_beside(self, folder: Path) -> None:
        """Write the writers that have a name."""
        save_named(folder, self.styles, self.population)

    def walk(self, first: str, second: str, steps: int) -> tuple[Source, str]:
        """Return it with the writers between two; see ``Source.walk``."""
        a, b = self.spec.pick([first, second])
        between = [self.spec.between(a, b, float(share)) for share in np.linspace(0, 1, steps)]
        return replace(self, styles=between), self.spec.path


def save_named(folder: Path, styles: Sequence[DrawnStyle], population: Population) -> None:
    """Write the writers that have a name into a dataset's folder."""
    named = [style for style in styles if not style.fresh]
    if named:
        save_writers(folder / WRITERS, {style.name: population.writer(style.vector.numpy()) for style in named})


def _writers(spec: SourceSpec, size: int, found: Library) -> tuple[Population, dict[str, Writer]]:
    """Return how writers are spread, and those that were given, or that wrote what ``--like`` names."""
    if spec.like is None:
        return Population(cursiveness=spec.range), load_writers(spec.writer) if spec.writer else {}
    if spec.writer or spec.cursiveness:
        raise UsageError("--like excludes --writer and --cursiveness", "Give one of them.")
    if is_store(spec.like):
        writers = fit.fit_store(spec.like, found.table)
    else:
        path = spec.like.resolve()
        name = path.name if path.is_dir() else path.stem
        writers = {name: fit.fit_writer(read_hand(spec.like, size, _EXTENT * size), found.table)}
    return fit.fit_population([*writers.values()]), writers
