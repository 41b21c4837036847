"""Tables of what was measured, with a plain sentence on each number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handgen.metrics import METRICS
from handgen.report.page import Table

RESULTS = ".handgen.eval.json"
"""What ``handgen eval`` leaves in a dataset or run. Hidden, so that no trainer takes it for data: Hugging Face
guesses a folder's format from the endings in it, and a split from names such as eval."""
_WORDS = {
    "l1": "Mean absolute difference of gray values from the true glyph: 0 is the same image. Lower is better.",
    "rmse": "Like L1, but large differences weigh more, as where a stroke is missing. Lower is better.",
    "ssim": "Structural similarity: 1 is the same image, 0 has nothing of its structure. Higher is better.",
    "stroke_recall": "Share of the true strokes' centerlines that the drawn ones run along: what is missing from 1 was "
    "left out or drawn elsewhere. Higher is better.",
    "stroke_precision": "Share of the drawn strokes' centerlines that run along the true ones: what is missing from 1 "
    "should not be there. Higher is better.",
    "broken_strokes": "Pieces of ink that a drawn glyph has more than the true one, on average. Lower is better.",
    "merged_strokes": "Pieces of ink that it has fewer, as where two strokes run together or one is lost. "
    "Lower is better.",
    "ink_ratio": "Drawn over true ink: above 1 strokes are too thick or too many, below 1 too thin or too few. "
    "1 is best.",
    "reads": "Share of images that the recognizer reads as their label. Higher is better.",
    "reads_true": "The same of the true glyphs: what the drawn ones can hope for.",
    "suspicious": "Share of images that read so little like their label that they deserve a look. Lower is better.",
    "judge": "Share that an independent reader (PP-OCR) reads as the label; it took no part in making them. "
    "Higher is better.",
    "judge_true": "The same of the true glyphs: what the drawn ones can hope for.",
    "distance": "Fréchet distance between the recognizer's features of drawn and of true glyphs: 0 for sets that look "
    "alike, larger for few glyphs. Lower is better.",
    "samples": "How many images were read.",
    "glyphs": "How many glyphs were compared.",
}
_DECIMALS = {"l1": 4, "rmse": 4, "ssim": 4, "broken_strokes": 2, "merged_strokes": 2, "ink_ratio": 2, "distance": 2}
_SHARE = 3


def spoken(name: str) -> str:
    """Return how people read the name of a number."""
    return name.replace("_", " ")


def remarks(result: Mapping[str, Any]) -> list[str]:
    """Return what a reader of an evaluation's result should beware of."""
    found = []
    if result.get("unfinished"):
        found.append("when this was measured, the dataset was not finished")
    if result.get("gated_by_reader"):
        found.append("its gate kept what this recognizer reads, so 'reads' says little; ask --judge rapidocr")
    return found


def tables(result: Mapping[str, Any]) -> list[Table]:
    """Return the tables of an evaluation's result; none if there is no result."""
    found = []
    if styles := result.get("styles"):
        found.append(style_table("By style", styles))
    if characters := result.get("characters"):
        worst = [item for item in characters.items() if _wanting(item[1])][:24]
        if worst:
            found.append(_table("Worst characters", "character", dict(worst)))
    if like := result.get("like"):
        word = "Fréchet distance of the recognizer's features: 0 for sets that look alike. Lower is better."
        rows = [[str(like["path"]), number("distance", like["distance"])]]
        found.append(Table("Distance to another set", ["set", "distance"], rows, {"distance": word}))
    if confusions := result.get("confusions"):
        rows = [[row["label"], row["read"] or "nothing", f"{row['count']:,}"] for row in confusions[:24]]
        found.append(Table("Read as something else", ["label", "read as", "times"], rows))
    return found


def style_table(title: str, styles: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table with a row for each style and a column for each number that any of them has, and their words."""
    table = _table(title, "style", styles)
    summaries = {entry.name: entry.summary for entry in METRICS}
    words = {spoken(name): word for name, word in (summaries | _WORDS).items()}
    return replace(table, words={name: words[name] for name in table.head if name in words})


def _table(title: str, of: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for values in rows.values() for name in values))
    cells = [[row, *(number(name, values.get(name)) for name in names)] for row, values in rows.items()]
    return Table(title, [of, *map(spoken, names)], cells)


def _wanting(values: Mapping[str, Any]) -> bool:
    """Tell whether a character is worth a row: one that every reader always reads is not."""
    read = [values[key] for key in ("reads", "judge") if values.get(key) is not None]
    return "samples" not in values or any(share < 1 for share in read)


def number(name: str, value: float | None) -> str:
    """Write what was measured under ``name``: with as many decimals as it is worth, and a dash for nothing."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{_DECIMALS.get(name, _SHARE)}f}"
