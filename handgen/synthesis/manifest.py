"""What a dataset says of itself: what decides its samples, and what is worth knowing of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handgen.degrade.pipeline import Pipeline
from handgen.formats.conversations import PLAN_KEY, instructions_of
from handgen.sources.base import Source
from handgen.synthesis import rejects
from handgen.synthesis.gate import Gate
from handgen.synthesis.licenses import licenses_of
from handgen.synthesis.lines import Lines
from handgen.synthesis.request import Request
from handgen.synthesis.samples import Synthesis

KEYS = 3
"""Version of what samples follow from their numbers; a dataset begun with another version is not continued."""


def identity(
    request: Request,
    glyphs: Synthesis,
    pipeline: Pipeline,
    counts: Sequence[int],
    lines: Lines | None,
    block: int,
) -> dict[str, Any]:
    """Return everything that decides what the samples are."""
    return {
        "count": request.count,
        "seed": request.seed,
        "keys": KEYS,
        **glyphs.source.identity(),
        "characters": glyphs.source.chars,
        "balanced": not glyphs.plan.frequencies,
        "counts": [] if request.balance else list(counts),
        "degrade": pipeline.spec(),
        "block": block,
        "format": request.format,
        **({PLAN_KEY: instructions_of(request.instructions)} if request.instructions else {}),
        **({"shards": request.shards} if request.shards > 1 else {}),
        **(glyphs.gate.identity() if glyphs.gate else {}),
        **(lines.identity() if lines else {}),
    }


def digest(whole: dict[str, Any]) -> str:
    """Return the SHA-256 of an identity."""
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def source_info(source: Source) -> dict[str, Any]:
    """Return what is worth knowing of what draws: each style, what cannot be drawn, licenses."""
    return {
        "style_table": style_table(source),
        "skipped": dict(source.skipped),
        "licenses": licenses_of(source),
        **source.facts(),
    }


def style_table(source: Source) -> list[dict[str, Any]]:
    """Return what each style is made of."""
    return [{"name": style.name, **source.describe(number)} for number, style in enumerate(source.styles)]


def gate_info(gate: Gate | None, folders: Sequence[Path]) -> dict[str, Any]:
    """Return what a gate did to the samples in these folders of a dataset."""
    return {} if gate is None else {"gate": rejects.summary(folders)}
