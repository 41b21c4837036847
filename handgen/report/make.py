"""Finds out what a folder is, and makes its page."""

from __future__ import annotations

from pathlib import Path

from handgen.check.report import Track
from handgen.evaluation.likeness import Compared
from handgen.formats.find import one_dataset
from handgen.report.beside import comparison_of
from handgen.report.dataset import dataset_page
from handgen.report.page import Page
from handgen.report.run import is_run, run_page


def make_page(path: Path, track: Track | None = None, compared: Compared | None = None) -> Page:
    """Return the page of a dataset or a run folder.

    Args:
        path: the folder.
        track: shows progress.
        compared: the dataset's ink beside that of real handwriting.

    Raises:
        UsageError: it is neither, or it holds several datasets.
        CheckpointError: the run is damaged.
    """
    if is_run(path):
        return run_page(path)
    page = dataset_page(one_dataset(path), track)
    page.beside = comparison_of(compared) if compared else None
    return page
