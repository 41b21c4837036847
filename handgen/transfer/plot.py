"""``results.png``: how much of the real set is read after learning from each training set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handgen.files import replacing

_DOT, _MEAN, _CHANCE = "#56b4e9", "#0072b2", "#888888"
_ROW, _HEAD, _WIDTH = 0.36, 1.3, 7.0


def save_plot(path: Path, results: dict[str, Any]) -> None:
    """Draw the table: a row a set, a dot for each repetition, and mean and standard deviation.

    Args:
        path: of the PNG.
        results: as ``Transfer.results`` returns them.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sets = results["sets"]
    figure = Figure(figsize=(_WIDTH, _HEAD + _ROW * len(sets)), layout="constrained")
    axes = figure.subplots()
    for row, values in enumerate(sets.values()):
        read = [100 * value for value in values["read"]]
        axes.plot(read, [row] * len(read), "o", color=_DOT, markersize=5, alpha=0.7, markeredgewidth=0)
        spread = 100 * (values["sd"] or 0)
        axes.errorbar(100 * values["mean"], row, xerr=spread, fmt="|", color=_MEAN, markersize=13, capsize=3)
    chance = 100 / len(results["characters"])
    axes.axvline(chance, color=_CHANCE, linestyle="--", linewidth=1)
    axes.text(chance, 0, " chance", transform=axes.get_xaxis_transform(), fontsize=8, color=_CHANCE, va="bottom")
    axes.set_yticks(range(len(sets)), list(sets))
    axes.set_ylim(len(sets) - 0.5, -0.5)
    axes.set_xlabel(f"% read of {results['tested']:,} real images ({results['real']})")
    axes.grid(axis="x", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    count = next(iter(sets.values()))["images"] if sets else 0
    axes.set_title(f"the same recognizer, {count:,} images in each training set", fontsize=10, loc="left")
    with replacing(path) as temporary:
        FigureCanvasAgg(figure).print_figure(temporary, dpi=110, format="png")
