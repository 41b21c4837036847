"""What users filter samples by: the keys of a sample's meta that mean the same whatever drew it, and whatever holds it.

LMDB keeps them in ``meta-%09d``, imagefolder in columns, Parquet in the JSON of its ``meta`` column, WebDataset in the
JSON of a sample, the formats of files in ``meta.jsonl``, ALTO in tags, PAGE XML in user attributes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Facts:
    """What is known of a sample; None is unknown, and is not kept.

    Attributes:
        writer: who wrote it; samples of one writer have the same. A font is a writer, and so is a style of a model.
        cursiveness: from print (0) to running hand (1).
        slant: lean to the right, in degrees.
        neatness: how sure the reader is of the label it was given, 0 to 1, on average over the characters. Nobody reads
            lines that a pen writes as a whole: of these it is 1 less the mean of the writer's habit, looseness and
            cursiveness.
        pen: what it is written with, such as ball, brush, pencil or blue ballpoint.
        paper: what it is written on: plain, ruled, squared or form.
        source: what drew it: fonts, pen, traced, the name of a model or a store.
        font: family of the font that its letters are those of.
        license: of that font, or of what else they come from; several with commas between.
    """

    writer: str | None = None
    cursiveness: float | None = None
    slant: float | None = None
    neatness: float | None = None
    pen: str | None = None
    paper: str | None = None
    source: str | None = None
    font: str | None = None
    license: str | None = None

    def meta(self) -> dict[str, str | float]:
        """Return what is known."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value is not None}


FACTS = tuple(each.name for each in dataclasses.fields(Facts))


def facts_of(meta: Mapping[str, Any]) -> dict[str, str | float]:
    """Return the facts in a sample's meta; what has another type is left out."""
    return {key: meta[key] for key in FACTS if isinstance(meta.get(key), str | int | float)}
