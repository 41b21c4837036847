"""Facts about samples that users filter by: keys of a sample's meta with one meaning for all sources and formats.

They are stored in ``meta-%09d`` of an LMDB, in columns of an imagefolder, in the JSON of Parquet's ``meta`` column, in
the JSON of a WebDataset sample, in ``meta.jsonl`` of the other file formats, in ALTO's tags and in PAGE XML's user
attributes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Facts:
    """The facts about one sample. None means unknown; unknown facts are not stored.

    Attributes:
        writer: the writer's name, the same for all samples of one writer. A font counts as a writer, and so does a
            style of a model.
        cursiveness: 0 = print, 1 = fully joined.
        slant: lean to the right, in degrees.
        neatness: 0 to 1. The confidence of a recognizer in the label, averaged over the characters. Lines that the pen
            writes as a whole are not read by a recognizer; for them it is 1 minus the mean of the writer's habit,
            looseness and cursiveness.
        pen: the writing tool, such as ball, brush, pencil or blue ballpoint.
        paper: plain, ruled, squared or form.
        source: what drew the sample: fonts, pen, traced, or the name of a model or a store.
        font: family of the font whose letters are shown.
        license: license of that font or of the other origin of the letters; several are separated by commas.
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
        """Return the known facts as a dict."""
        return {key: value for key, value in dataclasses.asdict(self).items() if value is not None}


FACTS = tuple(each.name for each in dataclasses.fields(Facts))


def facts_of(meta: Mapping[str, Any]) -> dict[str, str | float]:
    """Return the facts in a sample's meta; values that are neither text nor number are left out."""
    return {key: meta[key] for key in FACTS if isinstance(meta.get(key), str | int | float)}
