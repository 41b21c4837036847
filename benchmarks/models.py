"""Model files to time: one that costs nothing, and one of the usual size whose weights nobody trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from handgen.checkpoints import files as checkpoint
from handgen.collect.draw import SourceJob, look_at_source
from handgen.fonts.align import Alignment
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.fonts.find import resolve_font
from handgen.models.base import Batch, Model, StyleSpec
from handgen.models.styles import CodeTable, gaussian_code
from handgen.models.zi2zi import Zi2Zi, Zi2ZiConfig
from handgen.settings import Settings
from handgen.sources import loading

STYLES = 15
_FRAMES = (
    Alignment(1.02, 0.98, 0.0, 0.01),
    Alignment(1.25, 1.22, 0.01, -0.03),
    Alignment(0.92, 1.1, 0.02, 0.0),
    Alignment(1.1, 1.05, -0.01, 0.06),
    Alignment(0.9, 0.93, 0.0, -0.01),
)


class Free(Model):
    """A model that draws what it is shown."""

    Config = Settings
    phases = ()

    def __init__(self, config: Settings, size: int, styles: list[str], charset: str) -> None:
        super().__init__()
        self.generator = nn.Identity()
        self._spec = CodeTable(styles, torch.stack([gaussian_code(name, 128, 0) for name in styles]))

    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        return content

    @property
    def style_spec(self) -> StyleSpec:
        return self._spec

    @property
    def weights(self) -> Mapping[str, float]:
        return {}

    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        return ()

    def prepare(self, batch: Batch) -> None:
        """Do nothing: it has no phases, so there is nothing to learn."""

    def losses(self, phase: str, step: Any) -> dict[str, Tensor]:
        return {}


def chars_of(count: int) -> str:
    """Return ``count`` characters: the first of GB2312, or the Latin ones if they are 62."""
    return load_charset("latin62" if count == 62 else "gb2312")[:count]


def save_free(path: Path, size: int, chars: str) -> None:
    """Write a model that costs nothing, of these characters in Heiti."""
    _save(path, "free", {}, {}, size, chars)


def save_untrained(path: Path, size: int, chars: str) -> None:
    """Write a Zi2Zi of the default settings; how fast it draws does not depend on what it learned."""
    config = Zi2ZiConfig()
    torch.manual_seed(0)
    model = Zi2Zi(config, size, _styles(), chars)
    _save(path, "zi2zi", loading.drawing_tensors(model, model.generator), asdict(config), size, chars)


def _styles() -> list[str]:
    return [f"hand-{number}" for number in range(STYLES)]


def _save(
    path: Path, model: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any], size: int, chars: str
) -> None:
    font: FontRef = resolve_font("Heiti")
    source = next(iter(look_at_source(SourceJob(font, chars, size))))
    raster = {
        "size": size,
        "source": font.spec,
        "sha256": source.origin.sha256,
        "placement": asdict(source.placement),
    }
    styles = [
        {"name": name, "role": "target", "origin": {}, "alignment": asdict(_FRAMES[number % len(_FRAMES)])}
        for number, name in enumerate(_styles())
    ]
    facts = {"model": model, "config": config, "size": size, "styles": styles, "raster": raster}
    checkpoint.save(path, tensors, {**facts, "charset": chars, "held_out": "", "images": 0, "seed": 0})
