"""Reads writing sheets: photographs and scans of pages that ``handgen sheet`` printed and somebody filled in.

The page code says which sheet and page it is, and which characters belong in its boxes. So pages can come in any order
and from any number of sheets; a page that was scanned twice is read twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handgen.collect.base import Intake, Reader, Writing
from handgen.collect.files import files_in, style_name
from handgen.errors import UsageError
from handgen.extras import load_extra
from handgen.glyphs.records import Origin
from handgen.sheets.boxes import TAKEN, Box, cut_boxes, share_with_lines
from handgen.sheets.find import Found, NoPageError, find_page
from handgen.sheets.flatten import shifts
from handgen.sheets.ink import AS_DARK, find_ink
from handgen.sheets.layout import Page
from handgen.sheets.overview import Overview
from handgen.sheets.pictures import EXTRA, NO_PICTURE, SUFFIXES, Picture, read_pictures

NOT_GIVEN = "page that was not given"
_HAND = "hand"
_LINES_LEFT = 0.08
"""If the ink in more than this share of the boxes has a line, printed lines were read as ink (but 一 is a line too)."""


@dataclass
class _Sheet:
    """How many pages a sheet has, and the numbers of those that were read."""

    pages: int
    read: set[int] = field(default_factory=set)


class SheetReader(Reader):
    """Reads scans of writing sheets.

    Args:
        scans: PNG, JPEG, TIFF or PDF files, and folders of them; a folder's name is the writer of its scans.
        style: one name for all writers.

    Raises:
        UsageError: a file does not exist, or a folder has no scan.
        HandgenError: OpenCV is not installed.
    """

    kind = "sheet"

    def __init__(self, scans: list[Path], style: str | None = None) -> None:
        load_extra("cv2", EXTRA)
        self._scans: list[tuple[Path, str]] = []
        for path in scans:
            own = style or (path.resolve().name if path.is_dir() else _HAND)
            self._scans += [(file, style_name(own)) for file in _files(path)]
        self.total = len(self._scans)
        self._sheets: dict[tuple[str, str], _Sheet] = {}
        self._overview = Overview()

    def plan(self) -> dict[str, Any]:
        """Return the first scans and their number."""
        first = ", ".join(str(file) for file, _ in self._scans[:3])
        return {"scans": f"{first}{' ...' if len(self._scans) > 3 else ''} ({len(self._scans):,} files)"}

    def origin(self, style: str) -> Origin:
        """Return the sheets and pages of a writer."""
        sheets = {
            sheet: tuple(sorted(found.read)) for (writer, sheet), found in self._sheets.items() if writer == style
        }
        return Origin(kind=self.kind, sheets=sheets)

    def pictures(self, folder: Path) -> list[Path]:
        """Save pictures of the pages; a color around each box shows whether it was taken, and if not, why."""
        return self._overview.save(folder)

    def writings(self, intake: Intake) -> Iterator[Writing]:
        """Yield the contents of the boxes, page by page."""
        for number, (file, style) in enumerate(self._scans):
            intake.at(number)
            if not intake.wants(style):
                continue
            for picture in read_pictures(file):
                yield from self._page(picture, style, intake)
        for (style, sheet), found in self._sheets.items():
            for lacking in sorted(set(range(1, found.pages + 1)) - found.read):
                intake.skip(NOT_GIVEN, f"sheet {sheet}, page {lacking} of {found.pages}", style)
        intake.at(len(self._scans))

    def _page(self, picture: Picture, style: str, intake: Intake) -> Iterator[Writing]:
        try:
            found, boxes = read_page(picture)
        except NoPageError as error:
            intake.skip(str(error), picture.where, style)
            return
        page = found.page
        self._sheets.setdefault((style, page.name), _Sheet(page.pages)).read.add(page.number)
        self._overview.add(picture.where, found, boxes)
        for box in boxes:
            where = _where(picture.where, page, box)
            if box.state == TAKEN:
                yield Writing(style, box.char, box.image, where, paper=255)
            else:
                intake.skip(box.state, where, style, box.char)


def read_page(picture: Picture) -> tuple[Found, list[Box]]:
    """Find the page in a picture, and read its boxes.

    Raises:
        NoPageError: there is no page that can be read; the message says why.
        HandgenError: OpenCV is not installed.
    """
    if picture.gray is None:
        raise NoPageError(NO_PICTURE)
    found = find_page(picture.gray)
    off = shifts(found.dark, found.page)
    boxes = cut_boxes(found.page, find_ink(found, off), off)
    if share_with_lines(boxes, found.page.layout) > _LINES_LEFT:
        raise NoPageError(AS_DARK)
    return found, boxes


def _where(scan: str, page: Page, box: Box) -> str:
    row, column = divmod(box.number, page.layout.columns)
    return f"{scan}: page {page.number}, row {row + 1}, box {column + 1}"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = files_in(path, SUFFIXES)
        if not files:
            raise UsageError(f"no scan is in the folder {path}", "It takes PNG, JPEG, TIFF, WebP and PDF.")
        return files
    if not path.is_file():
        raise UsageError(f"no file {path}", "Check the path.")
    return [path]
