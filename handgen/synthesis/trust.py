"""Whether a gate is worth anything: how well its recognizer reads, and how sure it is of what it lets pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from handgen.errors import UsageError
from handgen.lines.gated import DROPPED

LEAST = 0.9
"""Share of the glyphs of fonts it never saw that a recognizer must read to be asked."""
_ALIKE = (0.7, 0.95)
"""What will do as well, as an alphabet has letters that nobody tells apart (o, O and 0): the share that it reads, and
the share that are among its five likeliest."""
_REMEDY = "Train it for longer with 'handgen train recognizer', name another one with --recognizer, or use --gate off."
_PASSED, _UNSURE, _FEWEST = 0.9, 0.1, 20


def refuse_weak(file: Path, facts: Mapping[str, Any]) -> None:
    """Refuse to gate with a recognizer that reads too little.

    Its rate is that of the middle one of the fonts that it was measured on: one that nobody can read is no fault
    of its own.

    Args:
        file: of the recognizer.
        facts: that it keeps of itself.

    Raises:
        UsageError: it reads less than ``LEAST`` of a font that it never saw, or its training is not finished.
    """
    if "measured" not in facts:
        return
    measured = facts["measured"].values()
    if not measured and not facts.get("floors"):
        raise UsageError(f"the recognizer {file} is not finished, and how well it reads is not known", _REMEDY)
    if not measured:
        return
    rate, among = (median(float(values[name]) for values in measured) for name in ("top1", "top5"))
    if rate < LEAST and not (rate >= _ALIKE[0] and among >= _ALIKE[1]):
        raise UsageError(
            f"the recognizer {file} reads {100 * rate:.3g} % of glyphs in fonts that it never saw, too few for a gate "
            f"(at least {100 * LEAST:g} %)",
            _REMEDY,
        )


def doubt(records: Iterable[Mapping[str, Any]], characters: int) -> str:
    """Say so if a gate lets nearly everything pass though its recognizer believes little of it; empty if all is well.

    Args:
        records: of samples: what a glyph's meta holds as ``Sifted`` has it, or a line's.
        characters: that the recognizer tells apart.
    """
    read = [one for record in records for one in _of_glyphs(record)]
    known = [(p, passed) for p, passed in read if p is not None]
    if len(known) < _FEWEST:
        return ""
    passed, middle = sum(right for _, right in known) / len(known), median(p for p, _ in known)
    if passed < _PASSED or middle >= _UNSURE:
        return ""
    return (
        f"the gate says little: {100 * passed:.3g} % of the first {len(known):,} glyphs pass, though the recognizer "
        f"gives half of the labels a probability below {middle:.2g} (by chance {1 / characters:.2g}); look at "
        "preview.png, and train the model or the recognizer for longer"
    )


def _of_glyphs(record: Mapping[str, Any]) -> list[tuple[float | None, bool]]:
    """Return the confidence in each glyph of a sample, and whether it passed at first."""
    if isinstance(record["p"], list):
        faults, right = record.get("faults", ()), list(record["p"])
        for fault in faults:
            if fault["outcome"] != DROPPED:
                right.remove(fault["p"])
        return [*((p, True) for p in right), *((fault["first"], False) for fault in faults)]
    return [(record["p"], not record.keys() & {"first", "rejected"})]
