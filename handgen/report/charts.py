"""Charts as inline SVG; their colors are the page's, so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from handgen.report.text import plain

_WIDTH, _HEIGHT = 640, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 10, 26
_POINTS = 240
_COLORS = 6
_BROADEST = 96
Points = Sequence[tuple[float, float]]


def bars(counts: Sequence[tuple[str, int]], label: str) -> Markup:
    """Draw a histogram: a bar for each (caption, count), in the given order.

    Args:
        counts: what is counted, and how often it occurs.
        label: what the bars stand for, for those who cannot see them.
    """
    if not counts:
        return Markup("")
    most = max(count for _, count in counts) or 1
    inner, floor = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _BOTTOM
    pitch = min(inner / len(counts), _BROADEST)
    gap = min(2.0, pitch / 4)
    parts = _frame(0, most)
    every = max(1, math.ceil(len(counts) / 12))
    for position, (name, count) in enumerate(counts):
        height = (floor - _TOP) * count / most
        x = _LEFT + position * pitch
        parts.append(
            Markup(
                '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}: {}</title></rect>'
            ).format(x + gap / 2, floor - height, pitch - gap, height, plain(name), f"{count:,}")
        )
        if position % every == 0:
            parts.append(_text(x + pitch / 2, _HEIGHT - 8, name, "middle"))
    return _svg(parts, label)


def lines(series: Mapping[str, Points], label: str) -> Markup:
    """Draw curves over the number of images seen.

    Args:
        series: name -> (images, value), in order; values that are not finite are left out.
        label: what they are.
    """
    shown = {name: kept for name, points in series.items() if len(kept := _thinned(points)) > 1}
    if not shown:
        return Markup("")
    values = [y for points in shown.values() for _, y in points]
    low, high = min(0.0, *values), max(values)
    last = max(points[-1][0] for points in shown.values()) or 1
    span = (high - low) or 1.0
    parts = _frame(low, high or 1.0)
    parts += [
        _text(_LEFT, _HEIGHT - 8, "0", "middle"),
        _text(_WIDTH - _RIGHT, _HEIGHT - 8, f"{last:,.0f} images", "end"),
    ]
    for position, (name, points) in enumerate(shown.items()):
        path = " ".join(
            f"{_LEFT + (_WIDTH - _LEFT - _RIGHT) * x / last:.1f},"
            f"{_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * (y - low) / span:.1f}"
            for x, y in points
        )
        parts.append(
            Markup('<polyline class="line c{}" points="{}"><title>{}</title></polyline>').format(
                position % _COLORS, path, plain(name)
            )
        )
    return _svg(parts, label) + _legend(list(shown))


def _thinned(points: Points) -> list[tuple[float, float]]:
    """Average down to what the width can show."""
    kept = [(x, y) for x, y in points if math.isfinite(y)]
    step = math.ceil(len(kept) / _POINTS) or 1
    parts = (kept[start : start + step] for start in range(0, len(kept), step))
    return [(part[-1][0], sum(y for _, y in part) / len(part)) for part in parts]


def _frame(low: float, high: float) -> list[Markup]:
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * share
        parts.append(
            Markup('<line class="rule" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(_LEFT, _WIDTH - _RIGHT, y, y)
        )
        parts.append(_text(_LEFT - 6, y + 4, f"{low + (high - low) * share:,.4g}", "end"))
    return parts


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, plain(text))


def _svg(parts: Sequence[Markup], label: str) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, label, Markup("").join(parts)
    )


def _legend(names: Sequence[str]) -> Markup:
    items = Markup("").join(
        Markup('<li><i class="swatch c{}"></i>{}</li>').format(position % _COLORS, escape(plain(name)))
        for position, name in enumerate(names)
    )
    return Markup('<ul class="legend">{}</ul>').format(items)
