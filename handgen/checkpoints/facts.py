"""The facts of a model file: everything about the model except its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.source_font import SourceLook
from handgen.typed import Record


@dataclass(frozen=True)
class ModelFacts(Record):
    """What ``synth`` needs to know about a model, and how the model was made.

    The attributes from ``name`` on are empty in the file of a run; ``handgen models export`` sets them, except for
    ``source_look``.

    Attributes:
        model: name of its class in the registry.
        config: the model's own settings.
        size: side of its images in pixels.
        styles: records of the trained styles, in order.
        charset: the training characters.
        held_out: the held-out characters.
        raster: how the source glyphs were drawn.
        images: images seen in training.
        seed: the seed of the run.
        name: the name of the weights.
        writes: the characters to write by default; empty = ``charset`` and ``held_out``.
        settings: the settings of the run.
        measured: measurements on held-out glyphs, as ``export.measured.measured`` returns them.
        gate: ``recognizer_digest``, and ``floors``: style -> the margin that the gate asks.
        source_look: statistics of the source font in training, to recognize another font.
        half_precision: the difference in gray levels between drawings in single and in half precision.
        source_moved: the difference in gray levels between the source font and another build of it in training.
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
        """Names of the trained styles, in order."""
        return [style.name for style in self.styles]

    @property
    def usual_characters(self) -> str:
        """The characters that ``synth`` writes by default: ``writes``, or else training and held-out characters."""
        return self.writes or "".join(sorted(self.charset + self.held_out))
