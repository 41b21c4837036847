"""What a model file says of its model, beside the tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.source_font import SourceLook
from handgen.typed import Record


@dataclass(frozen=True)
class ModelFacts(Record):
    """What ``synth`` must know of a model, and what was recorded of how it was made.

    Attributes:
        model: name of its class in the registry.
        config: the settings of its own.
        size: side of its images in pixels.
        styles: those it was trained on, in order.
        charset: the characters seen in training.
        held_out: those kept from it.
        raster: how its source was drawn.
        images: seen in training.
        seed: of the run.
        name: of shipped weights.
        writes: the characters that shipped weights write by default, if not those of their store.
        settings: of the run that made shipped weights.
        measured: on held-out glyphs, by style.
        gate: what a recognizer must see of a label, by style, and the digest of that recognizer.
        half_precision: by how many levels of gray drawings in half precision differ.
        source_look: what the source font looked like in training.
        source_moved: by how many levels of gray the source differs from the one in training.
    """

    model: str
    config: Mapping[str, Any]
    size: int
    styles: tuple[StyleRecord, ...]
    charset: str
    held_out: str
    raster: Raster
    images: int
    seed: int
    name: str = ""
    writes: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)
    gate: Mapping[str, Any] = field(default_factory=dict)
    source_look: SourceLook = SourceLook()  # noqa: RUF009 - frozen
    half_precision: Mapping[str, Any] = field(default_factory=dict)
    source_moved: Mapping[str, Any] = field(default_factory=dict)

    @property
    def style_names(self) -> list[str]:
        """Names of the styles it was trained on."""
        return [style.name for style in self.styles]

    @property
    def usual_characters(self) -> str:
        """The characters that ``synth`` writes unless told otherwise: those of the store, or what was shipped says."""
        return self.writes or "".join(sorted(self.charset + self.held_out))
