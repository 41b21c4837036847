"""Charts as inline SVG, drawn by Matplotlib; their colors are the page's, so that they follow light and dark.

Letters become paths, and a font that comes with handgen draws the Chinese ones: nobody needs a font to read them.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from handgen.report.text import plain
from handgen.report.typeface import han_font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 480, 210
_POINT = 72
_POINTS, _STEPS = 240, 30
_COLORS = 6
_LEAST_SLOTS = 6
"""So many bars have room for, whatever their number: one bar is no wall."""
_ROOM, _LETTER, _WIDE_LETTER, _GAP = 410, 6, 10, 10
"""Points that captions have room in, that one of their letters takes, that a Chinese one takes, and between two."""
_WIDE_FROM = 0x2E80
_NARROW, _DECADES = 3, 30
"""Below the first ratio of greatest and least value an axis is not logarithmic; below the second it has finer marks."""
_LINEAR_SHARE = 1e-3
"""Where a logarithmic axis has values of both signs, it is linear below this share of the largest."""
_VARIABLES = {"#010101": "--ink", "#020202": "--quiet", "#030303": "--rule"} | {
    f"#0400{number:02x}": f"--c{number}" for number in range(_COLORS)
}
_COLOR_OF = {variable: color for color, variable in _VARIABLES.items()}
Points = Sequence[tuple[float, float]]


def bars(counts: Sequence[tuple[str, int]], label: str) -> Markup:
    """Draw a histogram: a bar for each (caption, count), in the given order.

    Args:
        counts: what is counted, and how often it occurs.
        label: what the bars stand for, for those who cannot see them.
    """
    if not counts:
        return Markup("")
    with _axes() as (figure, axes):
        drawn = axes.bar(range(len(counts)), [count for _, count in counts], color=_COLOR_OF["--c0"])
        for number, bar in enumerate(drawn):
            bar.set_gid(f"item-{number}")
        widest = max(_width(plain(name)) for name, _ in counts) + _GAP
        every = math.ceil(max(len(counts), _LEAST_SLOTS) * widest / _ROOM)
        axes.set_xticks(range(0, len(counts), every), [plain(name) for name, _ in counts[::every]], parse_math=False)
        axes.set_xlim(-0.6, max(len(counts), _LEAST_SLOTS) - 0.4)
        axes.yaxis.set_major_locator(_few(4))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        return _svg(figure, label, [f"{plain(name)}: {count:,}" for name, count in counts])


def overlaid(values: Mapping[str, NDArray[np.float64]], label: str) -> Markup:
    """Draw histograms over one another, of the shares of each set: the first filled, the others as outlines.

    Args:
        values: name -> numbers, one at least; what is beyond the 2nd and the 98th percentile goes to the ends.
        label: what the numbers are, for those who cannot see them.
    """
    ends = np.array([np.percentile(each, (2, 98)) for each in values.values()])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    span = max(high - low, 1e-3)
    edges = np.linspace(low - span / _STEPS, high + span / _STEPS, _STEPS + 1)
    with _axes() as (figure, axes):
        for number, each in enumerate(values.values()):
            shares = np.histogram(each.clip(edges[0], edges[-1]), edges)[0] / len(each)
            color = _COLOR_OF[f"--c{number % _COLORS}"]
            axes.stairs(shares, edges, fill=not number, color=color, linewidth=1.6, alpha=None if number else 0.55)
        axes.set_ylim(bottom=0)
        axes.locator_params(axis="both", nbins=4)
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
        return _svg(figure, label, []) + _legend(list(values))


def lines(series: Mapping[str, Points], label: str, *, logarithmic: bool = False) -> Markup:
    """Draw curves over the number of images seen.

    Args:
        series: name -> (images, value), in order; values that are not finite are left out.
        label: what they are.
        logarithmic: the axis of the values is.
    """
    shown = {name: kept for name, points in series.items() if len(kept := _thinned(points)) > 1}
    if not shown:
        return Markup("")
    values = [y for points in shown.values() for _, y in points]
    from matplotlib.ticker import LogLocator

    with _axes() as (figure, axes):
        for number, points in enumerate(shown.values()):
            (line,) = axes.plot(*zip(*points, strict=True), color=_COLOR_OF[f"--c{number % _COLORS}"], linewidth=1.6)
            line.set_gid(f"item-{number}")
        logarithmic = logarithmic and max(values) >= _NARROW * min(values)
        if logarithmic and min(values) > 0:
            axes.set_yscale("log", subs=[])
            if max(values) < _DECADES * min(values):
                axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        elif logarithmic and any(values):
            axes.set_yscale("symlog", linthresh=max(map(abs, values)) * _LINEAR_SHARE)
        else:
            axes.set_ylim(bottom=min(0.0, *values))
            axes.locator_params(axis="y", nbins=4)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.6g}")
        axes.yaxis.set_minor_formatter(lambda value, _: "")
        axes.xaxis.set_major_locator(_few(4))
        axes.xaxis.set_major_formatter(lambda value, _: _thousands(value))
        axes.set_xlim(left=0)
        axes.set_xlabel("images", color=_COLOR_OF["--quiet"])
        return _svg(figure, label, [plain(name) for name in shown]) + _legend(list(shown))


def _thinned(points: Points) -> list[tuple[float, float]]:
    """Average down to what the width can show."""
    kept = [(x, y) for x, y in points if math.isfinite(y)]
    step = math.ceil(len(kept) / _POINTS) or 1
    parts = (kept[start : start + step] for start in range(0, len(kept), step))
    return [(part[-1][0], sum(y for _, y in part) / len(part)) for part in parts]


def _width(caption: str) -> int:
    return sum(_WIDE_LETTER if ord(char) >= _WIDE_FROM else _LETTER for char in caption)


def _few(most: int) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most, integer=True)


def _thousands(value: float) -> str:
    """Write 250,000 as 250k, and 1,500,000 as 1.5M."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


@contextlib.contextmanager
def _axes() -> Iterator[tuple[Figure, Axes]]:
    """Yield an empty chart in the page's colors."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties, fontManager

    families = ["DejaVu Sans"]
    if found := han_font():
        fontManager.addfont(found.path)
        families.append(FontProperties(fname=found.path).get_name())
    rule, quiet = _COLOR_OF["--rule"], _COLOR_OF["--quiet"]
    settings: dict[Any, Any] = {
        "svg.fonttype": "path",
        "svg.hashsalt": "handgen",
        "font.family": families,
        "font.size": 10,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # what no font has is an empty box
        figure = Figure(figsize=(_WIDTH / _POINT, _HEIGHT / _POINT), layout="constrained", facecolor="none")
        axes = figure.subplots()
        axes.set_facecolor("none")
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=rule, linewidth=0.8)
        axes.tick_params(which="both", length=0, labelcolor=quiet)
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(rule)
        yield figure, axes


def _svg(figure: Figure, label: str, titles: Sequence[str]) -> Markup:
    """Return the figure, each of whose items says under the mouse what it is."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    for useless in (r"<!--.*?-->", r"<metadata>.*?</metadata>", r"<style.*?</style>", r"<defs>\s*</defs>"):
        text = re.sub(useless, "", text, flags=re.DOTALL)
    for color, variable in _VARIABLES.items():
        text = text.replace(color, f"var({variable})")
    for number, title in enumerate(titles):
        text = text.replace(f'<g id="item-{number}">', f"<g><title>{escape(title)}</title>", 1)
    text = re.sub(r'<g id="(?:figure|axes|patch|text|line2d|matplotlib|xtick|ytick)[\w.]*">', "<g>", text)
    mark = f"c{zlib.crc32(text.encode()):08x}-"  # ids are the whole page's
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{mark}", text)
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}" xmlns:xlink="http://www.w3.org/1999/xlink">')
    return head.format(_WIDTH, _HEIGHT, label) + Markup(text[text.index(">") + 1 :].strip())


def _legend(names: Sequence[str]) -> Markup:
    items = Markup("").join(
        Markup('<li><i class="swatch c{}"></i>{}</li>').format(number % _COLORS, escape(plain(name)))
        for number, name in enumerate(names)
    )
    return Markup('<ul class="legend">{}</ul>').format(items)
