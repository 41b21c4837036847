"""``curves.png``: a run's losses, discriminator accuracy, held-out metrics and diversity over images seen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from handgen.files import replacing
from handgen.metrics import better
from handgen.training.health import COLLAPSED, WON, Stats, loss_names, of_kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = "curves.png"
_COLUMNS = 3
_POINTS = 300
"""The most points of a curve; longer ones are averaged down, since a panel is not wider."""
_DECADES = 1e-4
"""Losses below this share of the largest are cut off, so that the others have room."""
_WIDE = 20
"""The scale is logarithmic if the largest value is more than 20 times the smallest."""
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""The colors of Okabe & Ito 2008, which color-blind readers can tell apart."""
_QUIET = "#8a8a8a"

Draw = Callable[["Axes"], None]


def save_curves(path: Path, stats: Stats) -> bool:
    """Draw the curves of a run and save them as a PNG, whole or not at all.

    Args:
        path: the file of the picture.
        stats: lines of stats.jsonl.

    Returns:
        Whether it was drawn; a single line of losses is too little.
    """
    lines = of_kind(stats, "losses")
    if len(lines) < 2:
        return False
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = _panels(stats, lines)
    rows = -(-len(panels) // _COLUMNS)
    with rc_context({"font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 10, "axes.titleweight": "bold"}):
        figure = Figure(figsize=(4.2 * _COLUMNS, 2.9 * rows), dpi=100, layout="constrained")
        FigureCanvasAgg(figure)
        for position, (title, draw) in enumerate(panels):
            axes = figure.add_subplot(rows, _COLUMNS, position + 1)
            draw(axes)
            _dress(axes, title, lines[-1]["images"])
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png")
    return True


def _panels(stats: Stats, lines: Stats) -> list[tuple[str, Draw]]:
    """Return the title of each panel for which there are numbers, and the function that draws it."""
    phases = dict.fromkeys(key.partition("/")[0] for key in lines[-1] if "/" in key)
    panels: list[tuple[str, Draw]] = [
        (f"{phase}: weighted losses", partial(_losses, lines=lines, phase=phase))
        for phase in phases
        if loss_names(lines, phase)
    ]
    if any("D/real accuracy" in line for line in lines):
        panels.append(("D: accuracy", partial(_accuracy, lines=lines)))
    measured = of_kind(stats, "held-out")
    panels += [
        (f"held-out {metric.replace('_', ' ')} ({better(metric)})", partial(_held_out, lines=measured, metric=metric))
        for metric in (measured[-1]["styles"]["mean"] if measured else ())
    ]
    compared = [line for line in of_kind(stats, "diversity") if line["ratio"] is not None]
    if compared:
        panels.append(("diversity: drawn / real", partial(_diversity, lines=compared)))
    return panels


def _losses(axes: Axes, lines: Stats, phase: str) -> None:
    curves = {name.partition("/")[2]: _series(lines, f"{name} weighted") for name in loss_names(lines, phase)}
    for number, (name, (images, values)) in enumerate(curves.items()):
        again, color = divmod(number, len(_COLORS))
        axes.plot(images, values, color=_COLORS[color], ls=("-", "--", ":")[again % 3], lw=1.2, label=name)
    every = np.concatenate([values for _, values in curves.values()])
    positive = every[every > 0]
    if not (every < 0).any() and len(positive) and positive.max() > _WIDE * positive.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.set_ylim(bottom=max(positive.min() * 0.8, positive.max() * _DECADES))


def _accuracy(axes: Axes, lines: Stats) -> None:
    for color, kind in zip(_COLORS, ("real", "fake"), strict=False):
        axes.plot(*_series(lines, f"D/{kind} accuracy"), color=color, lw=1.2, label=f"on {kind}")
    _level(axes, 1.0, "D has won", WON)
    _level(axes, 0.5, "D guesses", 0.5)
    axes.set_ylim(0, 1.05)


def _held_out(axes: Axes, lines: Stats, metric: str) -> None:
    images = [line["images"] for line in lines]
    styles = dict.fromkeys(style for line in lines for style in line["styles"] if style != "mean")
    for number, style in enumerate(styles if len(styles) > 1 else ()):
        values = [line["styles"].get(style, {}).get(metric, np.nan) for line in lines]
        axes.plot(images, values, color=_QUIET, lw=0.7, alpha=0.6, label="" if number else "a style")
    means = [line["styles"]["mean"].get(metric, np.nan) for line in lines]  # earlier versions measured less
    axes.plot(images, means, color=_COLORS[0], lw=1.8, marker="o", ms=3.5, label="mean")


def _diversity(axes: Axes, lines: Stats) -> None:
    images, ratios = _series(lines, "ratio")
    axes.plot(images, ratios, color=_COLORS[0], lw=1.8, marker="o", ms=3.5)
    _level(axes, 1.0, "as real", 1.0)
    _level(axes, 0.0, "collapsed", COLLAPSED)
    axes.set_ylim(0, max(1.1, 1.1 * ratios.max()))


def _level(axes: Axes, level: float, meaning: str, end: float) -> None:
    """Draw a line at ``level``, shade the range from there to ``end``, and write ``meaning`` beside it."""
    axes.axhline(level, color=_QUIET, lw=1, ls=(0, (4, 3)))
    axes.axhspan(level, end, color=_QUIET, alpha=0.15, lw=0)
    middle = (level + end) / 2
    axes.annotate(meaning, (1.02, middle), xycoords=("axes fraction", "data"), va="center", color=_QUIET)


def _dress(axes: Axes, title: str, last: int) -> None:
    from matplotlib.ticker import EngFormatter, MaxNLocator

    axes.set_title(title, loc="left")
    if axes.get_legend_handles_labels()[1]:
        below = bool(axes.texts)  # below the notes of _level, if there are any
        axes.legend(
            loc="lower left" if below else "upper left",
            bbox_to_anchor=(1.0, -0.02 if below else 1.02),
            frameon=False,
            handlelength=1.2,
            borderaxespad=0.3,
        )
    axes.set_xlabel("images seen")
    axes.set_xlim(0, last * 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.grid(color="#e4e4e4", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2, colors="#444444")


def _series(lines: Stats, key: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return images seen and values of one key, averaged down to at most ``_POINTS`` points."""
    found = np.array([(line["images"], line[key]) for line in lines if key in line], np.float64)
    parts = np.array_split(found, _POINTS) if len(found) > _POINTS else [found[i : i + 1] for i in range(len(found))]
    images, values = np.array([part.mean(axis=0) for part in parts]).T
    return images, values
