"""The settings of pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from handgen.errors import UsageError
from handgen.pages.formats import PAGE_FORMATS
from handgen.registry import nearest
from handgen.settings import Settings, setting

PAGES = "Pages"
"""Title of the panel in the help."""
PLAIN, RULED, SQUARED, FORM = "plain", "ruled", "squared", "form"
PAPERS = (PLAIN, RULED, SQUARED, FORM)
CONVERSATIONS = "conversations"
_LARGEST = 10_000
"""Longest side of a page in pixels."""


@dataclass(frozen=True)
class PageRequest(Settings):
    """The settings of pages; those of their lines are in ``LineRequest``.

    Raises:
        UsageError: there is no such paper or format, or a size is not valid.
    """

    page_size: str = setting(
        "1240x1754", "Width and height in pixels; 1240x1754 is A4 at 150 dpi.", metavar="WIDTHxHEIGHT", panel=PAGES
    )
    paper: str = setting(
        "plain,ruled,squared,form",
        "What pages are, each as often: plain, ruled, squared, form; commas between.",
        panel=PAGES,
    )
    page_format: str = setting(
        "alto,page,coco",
        "What tells where lines are: alto (ALTO 4), page (PAGE XML 2019), coco (JSON), conversations (JSONL); commas "
        "between.",
        metavar="FORMATS",
        panel=PAGES,
    )
    page_image: str = setting("jpg", "Of the images of pages.", choices=("jpg", "png"), panel=PAGES)
    page_boxes: bool = setting(
        False, "Let answers in conversations say where each line is.", flags=("--page-boxes",), panel=PAGES
    )
    hyphens: float = setting(
        0.3, "Share of the words that are divided where a line ends.", minimum=0, maximum=1, panel=PAGES
    )
    skew: float = setting(1.0, "Most degrees that a page lies askew.", minimum=0, maximum=15, panel=PAGES)
    insertions: float = setting(
        0.0, "Share of the lines with a word inserted above them.", minimum=0, maximum=1, panel=PAGES
    )
    inserted: str = setting(
        "{}", "What labels say of such a word, with {} for it, as ^{}^.", metavar="TEXT", panel=PAGES
    )
    overwrites: float = setting(
        0.0, "Share of the lines with a word written over a wrong one.", minimum=0, maximum=1, panel=PAGES
    )
    overwritten: str = setting(
        "{}", "What labels say there, with {} for the word that is right.", metavar="TEXT", panel=PAGES
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _listed("--paper", self.papers, PAPERS)
        _listed("--page-format", self.page_formats, [entry.name for entry in PAGE_FORMATS])
        self.size  # noqa: B018 - checks it
        if self.page_boxes and CONVERSATIONS not in self.page_formats:
            raise UsageError("--page-boxes is for conversations", "Add --page-format conversations.")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels.

        Raises:
            UsageError: ``page_size`` is no size, or too large.
        """
        found = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", self.page_size.strip())
        if found is None or not all(1 <= int(side) <= _LARGEST for side in found.groups()):
            wanted = f"Write WIDTHxHEIGHT in pixels up to {_LARGEST:,}, as 1240x1754."
            raise UsageError(f"--page-size {self.page_size} is no size of a page", wanted)
        return int(found[1]), int(found[2])

    @property
    def papers(self) -> tuple[str, ...]:
        """The papers, as a tuple."""
        return tuple(word.strip() for word in self.paper.split(",") if word.strip())

    @property
    def page_formats(self) -> tuple[str, ...]:
        """The page formats, each once, as a tuple."""
        return tuple(dict.fromkeys(word.strip() for word in self.page_format.split(",") if word.strip()))


def _listed(option: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Check the words of an option.

    Raises:
        UsageError: there is no word, or an unknown one.
    """
    if not given:
        raise UsageError(f"{option} names nothing", f"Give some of: {', '.join(known)}.")
    for word in given:
        if word not in known:
            raise UsageError(f"{option}: there is no '{word}'", nearest(word, known))
