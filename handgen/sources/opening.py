"""From what is asked for to what draws: one source, or several with shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from handgen.errors import UsageError
from handgen.settings import option_name
from handgen.sources import MODEL, SOURCES
from handgen.sources.base import Opening, Progress, Source
from handgen.sources.find import kind_of
from handgen.sources.mixture import Mixture, whole_shares
from handgen.sources.spec import OWN, SourceSpec


def source_class(spec: SourceSpec) -> type[Source]:
    """Return the class of what draws."""
    loaded: type[Source] = SOURCES.load(kind_of(spec.source))
    return loaded


def usual_chars(specs: Sequence[SourceSpec]) -> str:
    """Return the characters that are drawn unless told otherwise: those of the first source."""
    return source_class(specs[0]).usual_chars(specs[0])


def fitted(specs: Sequence[SourceSpec]) -> tuple[SourceSpec, ...]:
    """Return specs without what was asked of all sources and says nothing to some.

    Raises:
        UsageError: a setting says nothing to any of them.
    """
    idle = sorted({name for spec in specs for name in spec.given()} - OWN)
    takers = [source_class(spec).options for spec in specs]
    for name in idle:
        if not any(name in options for options in takers):
            able = [entry.name for entry in SOURCES if name in SOURCES.load(entry.name).options]
            raise UsageError(
                f"{option_name(name)} says nothing to {' and '.join(spec.source for spec in specs)}",
                f"Add --model {' or '.join('RUN' if each == MODEL else each for each in able)}, or leave it out.",
            )
    return tuple(
        replace(spec, **{name: _default(name) for name in spec.given() if name not in options | OWN})
        for spec, options in zip(specs, takers, strict=True)
    )


def _default(name: str) -> Any:
    return getattr(SourceSpec(), name)


def open_sources(
    specs: Sequence[SourceSpec],
    chars: str,
    *,
    seed: int,
    device: str,
    progress: Progress | None = None,
    workers: int = 1,
    suit: str = "",
) -> Source:
    """Open sources; several become a mixture.

    Args:
        specs: what is asked of each; those without a share are left out.
        chars: the characters to draw, each once.
        seed: of the run, which styles may follow from.
        device: where networks draw.
        progress: of what takes long; see ``Opening``.
        workers: processes for what takes long; see ``Opening``.
        suit: the characters that fonts suit which are not named; ``chars`` by default.

    Raises:
        UsageError, HandgenError: a source cannot be had, draws none of the characters, or draws images of another size
            than the others.
    """
    shares = whole_shares([spec.share for spec in specs])
    used = [(spec, share) for spec, share in zip(fitted(specs), shares, strict=True) if share]
    size = _common_size([spec for spec, _ in used])
    how = Opening(seed, device, size, progress, workers, suit)
    opened = [source_class(spec).open(spec, chars, how) for spec, _ in used]
    if len(opened) == 1:
        return opened[0]
    sizes = {source.size for source in opened}
    if len(sizes) > 1:
        named = ", ".join(f"{source.name} {source.size}" for source in opened)
        raise UsageError(
            f"the sources draw images of different sizes ({named} pixels)", "Give --size, or other models."
        )
    return Mixture.of(opened, [share for _, share in used], chars)


def _common_size(specs: Sequence[SourceSpec]) -> int | None:
    """Return the side that those sources have which cannot choose.

    Raises:
        UsageError: they differ.
    """
    own = {spec.source: size for spec in specs if (size := source_class(spec).own_size(spec))}
    if len(set(own.values())) > 1:
        named = ", ".join(f"{name} {size}" for name, size in own.items())
        raise UsageError(f"the sources draw images of different sizes ({named} pixels)", "Choose sources of one size.")
    return next(iter(own.values()), None)
