"""What is known of a style, as the facts of its samples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from handgen.formats.facts import Facts
from handgen.glyphs.records import Origin
from handgen.sources.base import Source


def facts_of_style(source: Source, style: int, name: str) -> Facts:
    """Return what is known of the samples of a style before they are drawn.

    Args:
        source: draws.
        style: its number.
        name: of the source, or of the one of a mixture that draws this style.
    """
    described = source.describe(style)
    origin = Origin.from_json(described.get("origin", {}))
    who: Mapping[str, Any] = described.get("writer", {})
    licenses: Mapping[str, str] = described.get("licenses", {})
    return Facts(
        writer=None if source.styles[style].fresh else source.styles[style].name,
        cursiveness=round(float(who["cursiveness"]), 3) if "cursiveness" in who else None,
        slant=round(math.degrees(math.atan(who["slant"])), 1) if "slant" in who else None,
        pen=who.get("pen"),
        source=name,
        font=origin.family or None,
        license=origin.license or ", ".join(dict.fromkeys(licenses.values())) or None,
    )
