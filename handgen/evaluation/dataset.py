"""A dataset without its truth: how much of it reads as its labels, and what deserves a look."""

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
    """Read every single character of a dataset or a glyph store.

    Args:
        path: its folder.
        reader: the recognizer.
        judge: an independent reader.
        like: another dataset or store, to measure the distance to.
        share: read this share of the samples, drawn by their numbers alone.
        false_alarms: share of sound samples that may be called suspicious.
        track: shows progress.
        skip_bad: leave out samples that cannot be read, instead of stopping at the first.

    Returns:
        As ``Tally.result``; ``unfinished``, True if more of the dataset is to come; ``lines``, how many samples are no
        single characters; ``left_out``, those that cannot be read, with ``skip_bad``; and ``like``: the other's
        ``path`` and the Fréchet ``distance``.

    Raises:
        UsageError: there is no dataset, or no sample of one character; nobody reads; ``like`` without a recognizer;
            a recognizer of another charset.
        DatasetError: a sample cannot be read, without ``skip_bad``.
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
            "Lines of text are not read here: look at them with 'handgen report'.",
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
    """Return the moments of a recognizer's features of all samples of a dataset or a store."""
    moments = Moments()
    for samples in samples_in(path, track, Passed(skip_bad)):
        moments.update(reader.features(samples.images))
    return moments


def _distance(moments: Moments, others: Moments, path: Path, like: Path) -> float:
    """Return the Fréchet distance of two datasets.

    Raises:
        UsageError: one has less than two images.
    """
    if min(moments.count, others.count) < 2:
        raise UsageError(f"{path} and {like} need two images at least", "Choose larger sets.")
    return round(frechet(moments, others), 4)


def _check_readers(reader: GlyphReader | None, judge: Judge | None, like: Path | None) -> None:
    if reader is None and judge is None:
        raise UsageError("there is nobody to read", "Give --judge rapidocr, or a recognizer with --recognizer.")
    if like is not None and reader is None:
        raise UsageError("--like needs a recognizer, whose features it compares", "Name one with --recognizer.")


def gated_by(path: Path) -> str | None:
    """Return the digest of the recognizer without whose consent no sample came into a dataset; None if there is none.

    What that recognizer reads of the dataset says nothing.
    """
    try:
        plan = manifest_of(path)["plan"]
        return str(plan["recognizer_digest"]) if plan["gate"] == "redraw" else None
    except (KeyError, TypeError):
        return None


def save_suspicious(picture: Path, path: Path, result: dict[str, Any], track: Track | None = None) -> bool:
    """Show the worst of the suspicious samples, worst first; return whether there were any.

    Args:
        picture: where to save it, a PNG.
        path: the dataset.
        result: of ``evaluate_dataset``.
        track: shows progress.
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
    """Draw samples by their numbers alone, so that the same are read whatever the batches are."""
    dice = uniforms(0, "evaluate", np.array(samples.numbers, np.int64), 1)[:, 0]
    rows = np.flatnonzero(dice < share)
    labels, styles = ([values[row] for row in rows] for values in (samples.labels, samples.styles))
    return Samples(samples.images[rows], labels, styles, [samples.numbers[row] for row in rows])
