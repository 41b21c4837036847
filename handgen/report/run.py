"""A training run's page: settings, curves, measurements, and what it draws."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handgen.checkpoints.record import read_stats
from handgen.checkpoints.run import CONFIG
from handgen.errors import CheckpointError
from handgen.metrics import better
from handgen.report.charts import lines
from handgen.report.evaluation import RESULTS, number, spoken, style_table, tables
from handgen.report.page import Chart, Page, settings_of
from handgen.report.pictures import Album
from handgen.training.health import loss_names, of_kind, verdict


def is_run(path: Path) -> bool:
    """Tell whether a folder is one that a training run writes."""
    return (path / CONFIG).is_file()


def run_page(path: Path) -> Page:
    """Return the page of a run folder.

    Raises:
        CheckpointError: its settings or its record are damaged.
    """
    config = _read(path / CONFIG)
    stats = read_stats(path)
    page = Page(path.resolve().name, "training run")
    losses = of_kind(stats, "losses")
    seen = int(stats[-1]["images"]) if stats else 0
    page.facts = [("model", str(config.get("model", "?"))), ("images seen", f"{seen:,}")]
    measured = of_kind(stats, "held-out")
    if measured:
        mean = measured[-1]["styles"].get("mean", {})
        page.facts += [(f"held-out {spoken(name)}", number(name, value)) for name, value in mean.items()]
        page.tables.append(style_table("On held-out characters, at the end of training", measured[-1]["styles"]))
    if losses:
        page.remarks = verdict(stats, str(config.get("gan_loss", "vanilla")))
    evaluated = path / RESULTS
    page.tables += tables(_read(evaluated)) if evaluated.is_file() else []
    page.charts = _charts(stats, losses, measured)
    album = Album()
    fakes = sorted(path.glob("fakes-*.png"))
    for caption, file in [
        ("true glyphs", path / "reals.png"),
        *((f"drawn after {int(file.stem.partition('-')[2]):,} images", file) for file in fakes[-1:]),
        ("worst held-out glyphs: drawn, and true below", path / "worst.png"),
    ]:
        uri = album.add_file(file)
        page.sheets += [(caption, uri)] if uri else []
    page.settings = settings_of(config)
    return page


def _charts(
    stats: Sequence[Mapping[str, Any]], losses: list[Mapping[str, Any]], measured: list[Mapping[str, Any]]
) -> list[Chart]:
    charts = []
    phases = dict.fromkeys(key.partition("/")[0] for line in losses for key in line if key.endswith(" weighted"))
    for phase in phases:
        names = loss_names(losses, phase)
        series = {name: _series(losses, f"{name} weighted") for name in names}
        charts.append(
            Chart(
                f"Losses of {phase}", lines(series, f"losses of {phase}", logarithmic=True), "As weighted in the sum."
            )
        )
    for name in measured[-1]["styles"]["mean"] if measured else ():
        styles = [style for style in measured[-1]["styles"] if style != "mean"][:5]
        series = {
            style: [(line["images"], line["styles"][style][name]) for line in measured if name in line["styles"][style]]
            for style in ["mean", *styles]
        }
        title, word = f"Held-out {spoken(name)}", better(name)
        charts.append(Chart(title, lines(series, title), f"{word[:1].upper()}{word[1:]}." if word else ""))
    diversity = of_kind(stats, "diversity")
    series = {name: _series(diversity, name) for name in ("generated", "real")}
    word = "How much drawings of one character differ, beside real ones; near 0 the model has collapsed."
    charts.append(Chart("Diversity", lines(series, "diversity"), word))
    return [chart for chart in charts if chart.svg]


def _series(rows: Sequence[Mapping[str, Any]], key: str) -> list[tuple[float, float]]:
    return [(line["images"], line[key]) for line in rows if line.get(key) is not None]


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error})", "Copy it again, or make it again.") from error
