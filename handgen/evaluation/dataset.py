"""Evaluation of a dataset: how much of it is read as its labels, and which samples are suspicious."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.check.report import Track
from handgen.check.samples import Passed, Samples, samples_in
from handgen.errors import UsageError
from handgen.evaluation.distance import Moments, frechet
from handgen.evaluation.tally import Tally
from handgen.formats.find import is_finished, manifest_of
from handgen.glyphs.contact_sheet import save_sheet
from handgen.ocr.readers import GlyphReader, Judge
from handgen.ocr.suspicion import FALSE_ALARMS
from handgen.seeds import uniforms

_ROW, _ROWS = 12, 8
"""Samples in a row of the picture of suspicious samples, and rows in it."""

_OTHER_READER = "Name one that does with --recognizer, or train one with 'handgen train recognizer'."


def evaluate_dataset(
    path: Path,
    reader: GlyphReader | None,
    judge: Judge | None = None,
    *,
    like: Path | None = None,
    share: float = 1.0,
    false_alarms: float = FALSE_ALARMS,
    track: Track | None = None,
    skip_bad: bool = False,
) -> dict[str, Any]:
    """Read the samples of a dataset or a glyph store that show a single character.

    Args:
        path: its folder.
        reader: the recognizer; None = only the judge reads.
        judge: an independent reader; None = only the recognizer reads.
        like: another dataset or store, to measure the distance to.
        share: the share of the samples to read, 0 to 1; which ones depends on their numbers alone.
        false_alarms: share of good samples that may be called suspicious.
        track: shows progress.
        skip_bad: leave out samples that cannot be decoded, instead of stopping at the first.

    Returns:
        The values of ``Tally.result``, and where they apply: ``unfinished``, True if the dataset is not complete yet;
        ``lines``, the number of samples with several characters, which are not read; ``left_out``, the samples that
        cannot be decoded; ``like``, the ``path`` of the other dataset and the Fréchet ``distance`` to it.

    Raises:
        UsageError: there is no dataset, or no sample of a single character; there is neither a recognizer nor a judge;
            ``like`` without a recognizer; the recognizer knows none of the characters.
        DatasetError: a sample cannot be decoded, without ``skip_bad``.
    """
    _check_readers(reader, judge, like)
    moments, passed = Moments() if like is not None else None, Passed(skip_bad)
    tally = Tally(reader, judge, moments)
    count = 0
    for samples in samples_in(path, track, passed):
        some = samples if share >= 1 else _chosen(samples, share)
        if some.numbers:
            tally.add(some.images, some.labels, some.styles, some.numbers)
            count += len(some.numbers)
    if not count:
        raise UsageError(
            f"{path} holds no image of a single character",
            "Lines of text are not evaluated: look at them with 'handgen report'.",
        )
    result: dict[str, Any] = {"kind": "dataset", "samples": count, **tally.result(false_alarms)}
    if passed.lines:
        result["lines"] = passed.lines
    if passed.left_out:
        result["left_out"] = [asdict(each) for each in passed.left_out]
    if not is_finished(path):
        result["unfinished"] = True
    if result.get("unknown") == count and judge is None:
        raise UsageError(f"the recognizer knows no character of {path}", _OTHER_READER)
    if like is not None and moments is not None and reader is not None:
        other = _moments_of(like, reader, track, skip_bad)
        result["like"] = {"path": str(like), "distance": _distance(moments, other, path, like)}
    return result


def _moments_of(path: Path, reader: GlyphReader, track: Track | None, skip_bad: bool) -> Moments:
    """Return the mean and covariance of a recognizer's features of all samples of a dataset or a store."""
    moments = Moments()
    for samples in samples_in(path, track, Passed(skip_bad)):
        moments.update(reader.features(samples.images))
    return moments


def _distance(moments: Moments, others: Moments, path: Path, like: Path) -> float:
    """Return the Fréchet distance of two datasets.

    Raises:
        UsageError: one has fewer than two images.
    """
    if min(moments.count, others.count) < 2:
        raise UsageError(f"{path} and {like} need at least two images", "Choose larger sets.")
    return round(frechet(moments, others), 4)


def _check_readers(reader: GlyphReader | None, judge: Judge | None, like: Path | None) -> None:
    if reader is None and judge is None:
        raise UsageError("there is nothing to read with", "Give --judge rapidocr, or a recognizer with --recognizer.")
    if like is not None and reader is None:
        raise UsageError("--like needs a recognizer, whose features it compares", "Name one with --recognizer.")


def gated_by(path: Path) -> str | None:
    """Return the digest of the recognizer that a dataset was gated with (``--gate redraw``); None if there was none.

    That recognizer is no independent measure of the dataset, since it chose the samples.
    """
    try:
        plan = manifest_of(path)["plan"]
        return str(plan["recognizer_digest"]) if plan["gate"] == "redraw" else None
    except (KeyError, TypeError):
        return None


def save_suspicious(picture: Path, path: Path, result: dict[str, Any], track: Track | None = None) -> bool:
    """Save a picture of the most suspicious samples, worst first.

    Args:
        picture: the PNG file to write.
        path: the dataset.
        result: what ``evaluate_dataset`` returned.
        track: shows progress.

    Returns:
        Whether there were suspicious samples; if not, nothing is written.
    """
    worst = result.get("suspicious", [])[: _ROW * _ROWS]
    images = _images(path, {sample["number"] for sample in worst}, track)
    rows = []
    for start in range(0, len(worst), _ROW):
        some = [sample for sample in worst[start : start + _ROW] if sample["number"] in images]
        for shape in dict.fromkeys(images[sample["number"]].shape for sample in some):
            same = [sample for sample in some if images[sample["number"]].shape == shape]
            caption = f"#{same[0]['number']} to #{same[-1]['number']}"
            rows.append((caption, np.stack([images[sample["number"]] for sample in same])))
    if rows:
        save_sheet(picture, rows, title="read least like their labels, worst first")
    return bool(rows)


def _images(path: Path, wanted: Collection[int], track: Track | None) -> dict[int, NDArray[np.uint8]]:
    if not wanted:
        return {}
    return {
        number: image
        for samples in samples_in(path, track, Passed(skip=True))
        for number, image in zip(samples.numbers, samples.images, strict=True)
        if number in wanted
    }


def _chosen(samples: Samples, share: float) -> Samples:
    """Choose samples by their numbers alone, so that the choice does not depend on the batches."""
    random = uniforms(0, "evaluate", np.array(samples.numbers, np.int64), 1)[:, 0]
    rows = np.flatnonzero(random < share)
    labels, styles, writers = (
        [values[row] for row in rows] for values in (samples.labels, samples.styles, samples.writers)
    )
    return Samples(samples.images[rows], labels, styles, [samples.numbers[row] for row in rows], writers)
