"""Counts how labeled images are read, batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.evaluation.distance import Moments
from handgen.ocr.readers import GlyphReader, Judge
from handgen.ocr.suspicion import FALSE_ALARMS, suspicious


class Tally:
    """Counts how a recognizer and a judge read labeled images.

    Args:
        reader: the recognizer; None = only the judge reads.
        judge: the independent reader; None = only the recognizer reads.
        moments: is updated with the recognizer's features, if given.
    """

    def __init__(self, reader: GlyphReader | None, judge: Judge | None = None, moments: Moments | None = None) -> None:
        self._reader, self._judge, self._moments = reader, judge, moments
        self._numbers: list[int] = []
        self._styles: list[str] = []
        self._labels: list[str] = []
        self._read: list[str] = []
        self._confidence: list[float] = []
        self._margins: list[float] = []
        self._judged: list[bool] = []

    def add(
        self, images: NDArray[np.uint8], labels: Sequence[str], styles: Sequence[str], numbers: Sequence[int]
    ) -> None:
        """Read a batch.

        Args:
            images: uint8 ``[n, H, W]``, 0 = ink.
            labels: the character of each.
            styles: the name of each style; empty for an image without one.
            numbers: the number of each sample, for the list of suspicious ones.
        """
        self._numbers += numbers
        self._styles += styles
        self._labels += labels
        if self._judge is not None:
            self._judged += [text == label for text, label in zip(self._judge(images), labels, strict=True)]
        if self._reader is not None:
            self._recognize(self._reader, images, labels)

    def _recognize(self, reader: GlyphReader, images: NDArray[np.uint8], labels: Sequence[str]) -> None:
        if self._moments is not None:
            self._moments.update(reader.features(images))
        numbers = np.array([reader.number(label) for label in labels], np.int64)
        known = np.flatnonzero(numbers >= 0)
        read, confidence, margins = list(labels), np.full(len(labels), np.nan), np.full(len(labels), np.nan)
        if len(known):
            confidence[known], margins[known] = reader.confidence(images[known], numbers[known])
        wrong = np.flatnonzero(margins < 0)  # with a positive margin, the label is the best reading
        if len(wrong):
            best = reader.read(images[wrong], top=1)
            for row, number, sure in zip(wrong, best.chars[:, 0], best.confidence[:, 0], strict=True):
                read[row], confidence[row] = reader.charset[int(number)], float(sure)
        self._read += read
        self._confidence += confidence.tolist()
        self._margins += margins.tolist()

    def result(self, false_alarms: float = FALSE_ALARMS) -> dict[str, Any]:
        """Return the counts as JSON values.

        Args:
            false_alarms: share of good samples that may be called suspicious.

        Returns:
            ``styles``: style name -> values, and at the end ``all``; ``characters``: character -> values, worst
            first. Values are ``samples``, their number, and the shares ``reads`` and ``suspicious`` (with a
            recognizer) and ``judge`` (with a judge). With a recognizer also ``confusions``: label, read and count, most
            frequent first; ``suspicious``: number, label, read, confidence, margin and style, worst first; and
            ``unknown``: the number of samples whose label it does not know.
        """
        margins = np.array(self._margins if self._reader else [np.nan] * len(self._labels))
        of_style, of_label = rows_of(self._styles), rows_of(self._labels)
        numbers = np.empty(len(margins), np.int64)
        for number, rows in enumerate(of_style.values()):
            numbers[rows] = number
        bad = suspicious(margins, numbers, false_alarms)
        styles = {name: self._shares(rows, margins, bad) for name, rows in of_style.items()}
        known = {label: self._shares(rows, margins, bad) for label, rows in of_label.items()}
        key = "reads" if self._reader else "judge"
        worst = sorted(
            known.items(), key=lambda item: (2.0 if item[1][key] is None else item[1][key], -item[1]["samples"])
        )
        found: dict[str, Any] = {
            "styles": {**styles, "all": self._shares(np.arange(len(margins)), margins, bad)},
            "characters": dict(worst),
        }
        if self._reader:
            wrong = Counter((self._labels[row], self._read[row]) for row in np.flatnonzero(margins < 0))
            rows = np.flatnonzero(bad)
            found["confusions"] = [{"label": a, "read": b, "count": count} for (a, b), count in wrong.most_common(200)]
            found["suspicious"] = [self._suspect(int(row)) for row in rows[np.argsort(margins[rows], kind="stable")]]
            found["unknown"] = int(np.isnan(margins).sum())
        return found

    def _shares(self, rows: NDArray[np.int64], margins: NDArray[np.float64], bad: NDArray[np.bool_]) -> dict[str, Any]:
        shares: dict[str, Any] = {"samples": len(rows)}
        if self._reader:
            known = rows[~np.isnan(margins[rows])]
            shares["reads"] = round(float((margins[known] > 0).mean()), 4) if len(known) else None
            shares["suspicious"] = round(float(bad[known].mean()), 4) if len(known) else None
        if self._judge:
            shares["judge"] = round(float(np.array(self._judged)[rows].mean()), 4) if len(rows) else None
        return shares

    def _suspect(self, row: int) -> dict[str, Any]:
        return {
            "number": self._numbers[row],
            "label": self._labels[row],
            "read": self._read[row],
            "confidence": round(self._confidence[row], 4),
            "margin": round(self._margins[row], 2),
            "style": self._styles[row],
        }


def rows_of(names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Return name -> its indices in ``names``, in the order of first appearance."""
    found: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        found.setdefault(name, []).append(row)
    return {name: np.array(rows, np.int64) for name, rows in found.items()}
