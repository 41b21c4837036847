"""``results.png``: what of a real set is read after learning from each training set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handgen.files import replacing

_DOT, _MEAN = "#56b4e9", "#0072b2"
_ROW, _HEAD, _WIDTH = 0.36, 1.3, 7.0
_MORE = 4.0
"""Inches of width for each further real set."""


def save_plot(path: Path, *results: dict[str, Any]) -> None:
    """Draw tables side by side: a row a set, a dot for each repetition, and mean and standard deviation.

    Args:
        path: of the PNG.
        results: as ``Transfer.results`` and ``LineTransfer.results`` return them, one at least.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(name for each in results for name in each["sets"]))
    width = _WIDTH + _MORE * (len(results) - 1)
    figure = Figure(figsize=(width, _HEAD + _ROW * len(names)), layout="constrained")
    for number, (axes, each) in enumerate(
        zip(figure.subplots(1, len(results), squeeze=False)[0], results, strict=True)
    ):
        _draw(axes, each, names)
        axes.set_yticks(range(len(names)), [] if number else names)
    first = next(iter(results[0]["sets"].values()), {"images": 0})
    count = f"{first['images']:,} images" if "images" in first else f"{first['lines']:,} lines"
    figure.suptitle(f"the same recognizer, {count} in each training set", fontsize=10, x=0.01, ha="left")
    with replacing(path) as temporary:
        FigureCanvasAgg(figure).print_figure(temporary, dpi=110, format="png")


def _draw(axes: Any, results: dict[str, Any], names: list[str]) -> None:
    of_lines = "characters" not in results
    for row, name in enumerate(names):
        if not (values := results["sets"].get(name)):
            continue
        each = [100 * value for value in values["cer" if of_lines else "read"]]
        axes.plot(each, [row] * len(each), "o", color=_DOT, markersize=5, alpha=0.7, markeredgewidth=0)
        spread = 100 * (values["sd"] or 0)
        axes.errorbar(100 * values["mean"], row, xerr=spread, fmt="|", color=_MEAN, markersize=13, capsize=3)
    if of_lines:
        axes.set_xlabel(f"% wrong characters of {results['tested']:,} real lines ({results['real']})")
    else:
        chance = 100 / len(results["characters"])
        axes.set_xlabel(f"% read of {results['tested']:,} real images ({results['real']}; chance: {chance:.2g})")
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
