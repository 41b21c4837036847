"""Pages: what ``synth --pages`` adds. A run writes two datasets, the pages and the lines on them."""

from __future__ import annotations

import bisect
import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import torch
from PIL import Image

from handgen.errors import UsageError
from handgen.files import replacing
from handgen.formats import FORMATS
from handgen.formats.base import Sample, Writer
from handgen.glyphs.store import PREVIEW
from handgen.lines.page import page as side_by_side
from handgen.lines.texts import Texts
from handgen.pages.amend import Amendments
from handgen.pages.compose import PageComposer, PageStyle, line_crop
from handgen.pages.record import Page
from handgen.pages.settings import PageRequest
from handgen.pages.writer import PageWriter
from handgen.synthesis import rejects

if TYPE_CHECKING:
    from handgen.synthesis.lines import Lines

PAGES, LINES = "pages", "lines"
"""Folders of a run."""
LONGEST_TEXT = 200
"""Characters of the texts that paragraphs are made of, at most."""
INK_ONLY = frozenset(
    ("slant", "aspect", "size", "elastic", "pen_width", "real_ink", "bleed", "ink", "dropout", "pencil")
)
"""Effects that leave paper white, and a line where it is."""
_ROOM = 6, 3
"""The least room for writing on a page: line heights along a line, and down the page."""
_MARGINS = 0.22
"""Share of a page's width and height that margins take, at most."""
_SHOWN, _SHOWN_HEIGHT = 4, 900
Progress = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Pages:
    """Pages made ready.

    Attributes:
        request: what was asked for.
        lines: draws lines, and has their texts.
        composer: composes pages.
        boxes: keep the boxes of characters beside the labels of lines.
        left_out: effects that do more than to ink, and so are none for the lines of a page.
    """

    request: PageRequest
    lines: Lines
    composer: PageComposer
    boxes: bool
    left_out: tuple[str, ...] = ()

    @classmethod
    def prepare(cls, request: PageRequest, lines: Lines) -> Pages:
        """Put lines and paper together.

        A page has paper and light of its own, so that its lines get of the effects those of the ink alone.

        Args:
            request: what is asked for.
            lines: made ready, of texts that suit paragraphs (``LONGEST_TEXT``).

        Raises:
            UsageError: a page is too small for a line.
        """
        made = lines.synthesis
        check_room(request, made.height)
        whole = made.degrade
        ink = whole.only(INK_ONLY) if whole else None
        left = [step.effect.name for step in whole.steps if step not in ink.steps] if whole and ink else []
        amend = Amendments(request.insertions, request.inserted, request.overwrites, request.overwritten)
        style = PageStyle(request.size, request.papers, request.hyphens, request.skew, amend=amend)
        synthesis = dataclasses.replace(made, boxes=True, degrade=ink if ink and ink.steps else None)
        plan = cast("_PagePlan", made.plan)
        composer = PageComposer(synthesis, plan.texts_of, plan.style, style)
        return cls(request, lines, composer, made.boxes, tuple(left))

    def identity(self) -> dict[str, Any]:
        """Everything that decides what a page is, beyond what decides its lines."""
        settings = dataclasses.asdict(self.request)
        settings["page_formats"] = list(self.request.page_formats)
        return {"pages": True, **{key: value for key, value in settings.items() if key != "page_format"}}

    def made(self, start: int, stop: int, workers: int) -> Iterator[Page]:
        """Yield the pages numbered ``start`` to ``stop``, in order; each is made by one thread."""
        with ThreadPoolExecutor(workers, initializer=partial(torch.set_num_threads, 1)) as pool:
            under_way: deque[Future[Page]] = deque()
            try:
                for number in range(start, stop):
                    under_way.append(pool.submit(self.composer.page, number))
                    if len(under_way) > workers:
                        yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def samples_of(self, page: Page, first: int) -> list[Sample]:
        """Return the lines of a page as samples, the first of which has the number ``first``."""
        samples = []
        for number, (block, line) in enumerate(page.written):
            image, line = line_crop(page, line)
            meta = {**line.meta, "block": block.kind, "line": number}
            meta |= {"field": block.name} if block.name else {}
            meta |= {"boxes": list(line.chars)} if self.boxes else {}
            samples.append(Sample(first + number, line.text, image, meta))
        return samples


class _PagePlan(Protocol):
    """Style and texts of each page; ``synthesis.lines.StyledTexts`` has them."""

    def texts_of(self, index: int) -> Texts: ...

    def style(self, index: int) -> int: ...


def check_room(request: PageRequest, height: int) -> None:
    """Refuse a page on which a line has no room.

    Raises:
        UsageError: it is too small.
    """
    width, tall = request.size
    wide, down = _ROOM
    if width * (1 - _MARGINS) < wide * height or tall * (1 - _MARGINS) < down * height:
        least = f"{round(wide * height / (1 - _MARGINS)) + 1}x{round(down * height / (1 - _MARGINS)) + 1}"
        raise UsageError(
            f"a page of {width} x {tall} pixels has no room for a line that is {height} pixels high",
            f"Give --page-size {least} or more, or a smaller --height.",
        )


def write_pages(
    pages: Pages,
    out: Path,
    count: int,
    identity: Mapping[str, Any],
    format: str,
    progress: Progress,
    workers: int,
    info: Callable[[], Mapping[str, Any]],
) -> bool:
    """Write pages and their lines, or the rest of them.

    Args:
        pages: what to write.
        out: the folder of both datasets.
        count: how many pages.
        identity: everything that decides what they are.
        format: of the lines.
        progress: called with how many pages there are by now.
        workers: threads.
        info: what is worth knowing of the finished datasets.

    Returns:
        Whether there was anything to do.

    Raises:
        UsageError: the folder holds something else.
        HandgenError: the disk is full.
    """  # fmt: skip
    check_pages(out, identity, format)
    out.mkdir(parents=True, exist_ok=True)
    kind: type[Writer] = FORMATS.load(format).writer
    with (
        PageWriter(out / PAGES, identity, workers=workers) as sheets,
        kind(out / LINES, identity, workers=workers) as lines,
    ):
        progress(sheets.written)
        if sheets.complete and lines.complete:
            return False
        if not lines.complete:
            _fill(pages, sheets, lines, count, progress, workers)
            lines.finish(info())
        if not sheets.complete:
            sheets.finish(info())
    return True


def _fill(pages: Pages, sheets: PageWriter, lines: Writer, count: int, progress: Progress, workers: int) -> None:
    """Write what is missing of both; each may be ahead of the other where a run was stopped."""
    before = list(sheets.lines_before)
    start = min(len(before) - 1, max(0, bisect.bisect_right(before, lines.written) - 1))
    first = before[start]
    rejects.resume(lines.path, lines.written)
    if not sheets.written:
        save_preview(pages, sheets.path.parent / PREVIEW, min(count, _SHOWN), workers)
    for page in pages.made(start, count, workers):
        samples = pages.samples_of(page, first)
        first += len(samples)
        missing = samples[max(0, lines.written - first + len(samples)) :]
        rejects.note(lines.path, [sample for sample in missing if "gate" in sample.meta])
        lines.write(missing)
        if page.index >= sheets.written:
            sheets.write_pages([sheets.sample_of(page)])
        progress(page.index + 1)


def save_preview(pages: Pages, path: Path, count: int, workers: int) -> None:
    """Show the first pages side by side, a PNG."""
    shown = []
    for page in pages.made(0, count, workers):
        picture = Image.fromarray(page.image)
        scale = min(1.0, _SHOWN_HEIGHT / picture.height)
        shown.append(
            picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BOX)
        )
    with replacing(path) as temporary:
        picture = side_by_side([np.asarray(each) for each in shown], length=10_000)
        picture.quantize(128).save(temporary, format="PNG", optimize=True)


def check_pages(out: Path, identity: Mapping[str, Any], format: str) -> None:
    """Check that pages may be written into a folder, or that it has a run to go on with; nothing is written.

    Raises:
        UsageError: it holds something else.
    """
    _refuse_others(out)
    PageWriter(out / PAGES, identity).check()
    kind: type[Writer] = FORMATS.load(format).writer
    kind(out / LINES, identity).check()


def _refuse_others(out: Path) -> None:
    """Refuse a folder that holds something else.

    Raises:
        UsageError: it does.
    """
    known = {PAGES, LINES, PREVIEW}
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file", "Choose another --out.")
    if out.is_dir() and any(
        each.name not in known and not each.name.startswith(f".{PREVIEW}") for each in out.iterdir()
    ):
        raise UsageError(f"{out} is not empty and holds no pages of handgen", "Choose another --out.")
