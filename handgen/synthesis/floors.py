"""Floors: the margin that a gate asks of each style, from its sound glyphs.

Writers by the hundred are drawn and read before a run begins, which takes ten seconds of a core and more. So their
floors are kept in the user's data folder, under a hash of all that decides them. A file there is whole or not at all,
and may be deleted. The floors of the writers that draw by default come with the weights, under such a hash, too.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.errors import HandgenError
from handgen.files import user_data, write_json
from handgen.glyphs.store import GlyphStore
from handgen.models.base import DrawnStyle
from handgen.ocr.readers import GlyphReader
from handgen.ocr.suspicion import SURE, floor
from handgen.seeds import SampleKey, generator
from handgen.sources.base import Progress, Source, joined
from handgen.weights import FIRST, ROOT

SHIPPED = ROOT / FIRST / "floors.json"
"""Floors that come with handgen: a hash of what decides them -> the floor of each style."""
CALIBRATION = 128
"""Glyphs of a style that its floor is taken from, where styles are few."""
_FEWEST, _TOGETHER = 24, 8192
"""Glyphs of a style where they are many, and of all together: a run of hundreds of writers is to begin soon."""
_VERSION = 2
"""Of what is drawn to measure floors: those of another are measured again."""
_MANY = 32
"""So few styles are measured faster than their files would be worth."""


def floors_of(
    reader: GlyphReader, digest: str, source: Source, workers: int = 1, progress: Progress | None = None
) -> tuple[float, ...]:
    """Return the floor of each style of a source: the margin that all but 2 % of its sound glyphs have, at most log 3.

    Args:
        reader: reads glyphs.
        digest: of the recognizer's weights.
        source: draws; each of a mixture is asked for itself.
        workers: threads that draw and read.
        progress: called with what is done, for how many styles it is done, and how many there are.
    """
    made: list[float] = []
    for part in source.parts:
        facts = part.source.gate_facts()
        known = facts.floors if facts.measured_by == digest else {}
        threads = workers if part.source.parallel else 1
        measure = functools.partial(_kept_or_measured, reader, digest, part.source, threads, progress)
        made += calibrate(reader, part.source.styles, facts.store, measure, known)
    return tuple(made)


def _kept_or_measured(
    reader: GlyphReader,
    digest: str,
    source: Source,
    workers: int,
    progress: Progress | None,
    styles: Sequence[int],
) -> list[float]:
    """Return the floors of styles that have to be drawn, from an earlier run or anew."""
    name = key_of(digest, source, styles)
    file = user_data() / "handgen" / "floors" / f"{name}.json"
    if len(styles) >= _MANY and (kept := shipped().get(name) or _read(file)) and len(kept) == len(styles):
        return kept
    made = measured(reader, source, styles, workers, progress)
    if len(styles) >= _MANY:
        _keep(file, made)
    return made


def key_of(digest: str, source: Source, styles: Sequence[int]) -> str:
    """Return a hash of all that decides the floors of styles that are drawn and read.

    Args:
        digest: of the recognizer's weights.
        source: draws.
        styles: their numbers.
    """
    parts = [_VERSION, _glyphs(styles), digest, source.identity(), source.chars, list(styles)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def measured(
    reader: GlyphReader,
    source: Source,
    styles: Sequence[int],
    workers: int = 1,
    progress: Progress | None = None,
) -> list[float]:
    """Return the floors of styles by some drawings of each; arguments as for ``floors_of`` and ``key_of``."""
    count, made = _glyphs(styles), []
    # One thread each, however many there are: a network's last bits may depend on their number.
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for value in pool.map(lambda style: margin_floor(reader, *_examples(source, style, count)), styles):
            made.append(value)
            if progress:
                progress(f"seeing how legible {source.name} is", len(made), len(styles))
    return made


@functools.cache
def shipped() -> Mapping[str, list[float]]:
    """Return the floors that come with handgen, by ``key_of``; none if their file is missing or damaged."""
    try:
        found = json.loads(SHIPPED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _glyphs(styles: Sequence[int]) -> int:
    """Return how many glyphs of each style are drawn."""
    return int(np.clip(_TOGETHER // len(styles), _FEWEST, CALIBRATION))


def _read(file: Path) -> list[float]:
    """Return floors that are kept; none if there are none, or the file is damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    sound = isinstance(found, list) and all(isinstance(value, float) for value in found)
    return found if sound else []


def _keep(file: Path, floors: list[float]) -> None:
    """Keep floors, where that may be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, floors)
    except (OSError, HandgenError):
        return


def _examples(source: Source, style: int, count: int) -> Examples:
    rng = generator(0, "gate", style)
    if source.coverage is None:
        characters = rng.integers(len(source.chars), size=count)
    else:
        characters = rng.choice(np.flatnonzero(source.coverage[style]), count)
    key, styles = SampleKey.of(0, np.arange(count)), np.full(count, style)
    blocks = [slice(start, start + source.block) for start in range(0, count, source.block)]
    drawn = joined([source.draw(characters[block], styles[block], key[block]) for block in blocks])
    return drawn.images, [source.chars[character] for character in characters.tolist()]


Examples = tuple[NDArray[np.uint8], Sequence[str]]
"""Images uint8 ``[n, size, size]``, and what they should show."""


def calibrate(
    reader: GlyphReader,
    styles: Sequence[DrawnStyle],
    store: GlyphStore | None,
    measure: Callable[[Sequence[int]], Sequence[float]],
    known: Mapping[str, float] = MappingProxyType({}),
) -> tuple[float, ...]:
    """Return the floors of styles; see ``floors_of``.

    Args:
        reader: reads glyphs.
        styles: the styles to draw in. A mixture has the mean floor of its parents, by their shares.
        store: has the real glyphs of trained styles, if it still exists. If not, a font that the recognizer was
            trained or measured on has the floor that it found then.
        measure: returns the floors of the styles with these numbers from drawn glyphs, which stand in for real ones
            that are missing; a few bad ones among them hardly move a floor.
        known: floors of trained styles that were measured before, on real glyphs that are not here any more.
    """
    real = {**reader.floors, **known}
    for number, style in enumerate(store.styles) if store else ():
        if store and any(style.name in each.weights for each in styles):
            rows = store.rows(number)
            rows = np.sort(generator(0, "gate", style.name).permutation(rows)[:CALIBRATION])
            labels = [str(char) for char in store.labels["char"][rows]]
            real[style.name] = margin_floor(reader, np.array(store.images[rows]), labels)
    lacking = [
        number for number, style in enumerate(styles) if not (style.weights and real.keys() >= style.weights.keys())
    ]
    measured = dict(zip(lacking, measure(lacking) if lacking else (), strict=True))
    floors = [
        measured[number] if number in measured else _of_parents(real, style.weights)
        for number, style in enumerate(styles)
    ]
    return tuple(round(value, 2) for value in floors)


def _of_parents(floors: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return sum(floors[name] * share for name, share in weights.items()) / sum(weights.values())


def margin_floor(reader: GlyphReader, images: NDArray[np.uint8], labels: Sequence[str]) -> float:
    """Return the floor of a style by some of its glyphs, uint8 ``[n, size, size]``, and what they should show."""
    numbers = np.array([reader.number(label) for label in labels], np.int64)
    known = numbers >= 0
    if not known.any():
        return 0.0
    return floor(reader.confidence(images[known], numbers[known])[1], most=SURE)
