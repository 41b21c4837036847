"""What people write with, and what it does to a line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pen:
    """A kind of pen; every amount is a share of the line's width unless said otherwise.

    Attributes:
        width: of its line, in units of the writer's ``width``.
        speed: how much thinner a fast line is, at full pressure of the writer.
        nib: how much a broad nib thins a line along its edge, and thickens one across it.
        press: how much thicker a stroke begins, where the pen is set down.
        taper: how much thinner it ends, where the pen is lifted.
        ink: darkness of its ink, 0 to 1.
        grain: how much paper shows through, 0 to 1.
        finer: how much finer it writes characters of many strokes than others do, at usual pressure: a line that
            swells needs room.
        summary: a line for people.
    """

    width: float
    speed: float
    nib: float
    press: float
    taper: float
    ink: float
    grain: float
    finer: float
    summary: str


PENS: dict[str, Pen] = {
    "ball": Pen(0.75, 0.15, 0.0, 0.05, 0.10, 0.95, 0.05, 0.0, "an even line that hardly feels speed"),
    "fountain": Pen(0.95, 0.35, 0.45, 0.15, 0.30, 1.0, 0.0, 0.0, "a broad nib: its line depends on direction"),
    "pencil": Pen(0.85, 0.30, 0.0, 0.10, 0.25, 0.72, 0.35, 0.0, "gray, with the paper's grain in it"),
    "brush": Pen(1.10, 0.60, 0.10, 0.20, 0.65, 1.0, 0.0, 0.24, "swells with pressure, and ends in a point"),
    "marker": Pen(1.40, 0.08, 0.15, 0.0, 0.0, 0.97, 0.0, 0.0, "broad and even"),
}
"""In the order in which shares of them are given."""

SHARES = (0.36, 0.24, 0.16, 0.12, 0.12)
"""How many writers use which pen, by default."""
