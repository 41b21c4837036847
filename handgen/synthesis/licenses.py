"""Under which licenses a dataset is drawn: of each source, and as one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from handgen.sources.base import WEIGHTS, Source


def licenses_of(source: Source) -> list[dict[str, Any]]:
    """Return of each source its name, and what it draws with -> license."""
    return [{"source": part.source.name, "licenses": part.source.licenses()} for part in source.parts]


def summary(found: Sequence[dict[str, Any]]) -> str:
    """Return what each source is under, such as ``zh: OFL-1.1 (11), Arphic-1999, weights Apache-2.0``."""
    parts = []
    for row in found:
        weights = [f"weights {license}" for what, license in row["licenses"].items() if what.startswith(WEIGHTS)]
        drawn = [license for what, license in row["licenses"].items() if not what.startswith(WEIGHTS)]
        counts = Counter(drawn).most_common()
        said = ", ".join(license + (f" ({count})" if count > 1 else "") for license, count in counts)
        said = ", ".join([*([said] if said else []), *weights])
        parts.append(f"{row['source']}: {said or 'none known'}")
    return "; ".join(parts)
