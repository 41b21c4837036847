"""Tables of what was measured, with a plain sentence on each number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handgen.metrics import METRICS
from handgen.report.page import Table

RESULTS = ".handgen.eval.json"
"""What ``handgen eval`` leaves in a dataset or run. Hidden, so that no trainer takes it for data: Hugging Face
guesses a folder's format from the endings in it, and a split from names such as eval."""
_WORDS = {
    "l1": "Mean absolute difference of grey values from the true glyph: 0 is the same image. Lower is better.",
    "rmse": "Like L1, but large differences weigh more, as where a stroke is missing. Lower is better.",
    "ssim": "Structural similarity: 1 is the same image, 0 has nothing of its structure. Higher is better.",
    "reads": "Share of images that the recogniser reads as their label. Higher is better.",
    "suspicious": "Share of images that read so little like their label that they deserve a look. Lower is better.",
    "judge": "Share that an independent reader (PP-OCR) reads as the label; it took no part in making them.",
    "samples": "How many images were read.",
    "glyphs": "How many glyphs were compared.",
}


def tables(result: Mapping[str, Any]) -> list[Table]:
    """Return the tables of an evaluation's result; none if there is no result."""
    found = []
    if styles := result.get("styles"):
        found.append(style_table("By style", styles))
    if characters := result.get("characters"):
        worst = [item for item in characters.items() if _wanting(item[1])][:24]
        rows = [[name, *(_number(value) for value in values.values())] for name, values in worst]
        if worst:
            found.append(Table("Worst characters", ["character", *worst[0][1]], rows))
    if like := result.get("like"):
        word = "Fréchet distance of the recogniser's features: 0 for sets that look alike. Lower is better."
        rows = [[str(like["path"]), _number(like["distance"])]]
        found.append(Table("Distance to another set", ["set", "distance"], rows, {"distance": word}))
    if confusions := result.get("confusions"):
        rows = [[row["label"], row["read"] or "nothing", f"{row['count']:,}"] for row in confusions[:24]]
        found.append(Table("Read as something else", ["label", "read as", "times"], rows))
    return found


def style_table(title: str, styles: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table with a row for each style and a column for each number that any of them has."""
    names = list(dict.fromkeys(name for values in styles.values() for name in values))
    rows = [[style, *(_number(values.get(name)) for name in names)] for style, values in styles.items()]
    known = {entry.name: entry.summary for entry in METRICS}
    words = {name: _WORDS.get(name, known.get(name, "")) for name in names}
    return Table(title, ["style", *names], rows, {name: word for name, word in words.items() if word})


def _wanting(values: Mapping[str, Any]) -> bool:
    """Tell whether a character is worth a row: one that every reader always reads is not."""
    read = [values[key] for key in ("reads", "judge") if values.get(key) is not None]
    return "samples" not in values or any(share < 1 for share in read)


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)
