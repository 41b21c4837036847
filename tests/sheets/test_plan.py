from __future__ import annotations

import numpy as np
import pytest

from handgen.errors import FontError, UsageError
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef
from handgen.sheets.layout import EDGE, MARKER, PAPERS, ROOM, code_corner, grid, marker_places
from handgen.sheets.plan import plan_sheet, save_sheet_pdf
from tests.sheets.conftest import DPI, MM, box_place, printed


@pytest.mark.parametrize(
    ("name", "paper", "pages"),
    [
        ("latin62", "a4", 1),
        ("latin62", "letter", 1),
        ("hanzi100", "a4", 1),
        ("hanzi300", "a4", 3),
        ("hanzi775", "a4", 6),
    ],
)
def test_named_sets_take_few_pages(heiti, name, paper, pages):
    chars = load_charset(name)
    sheet = plan_sheet(chars, FontRef(heiti), paper=paper)
    assert len(sheet.pages) == pages
    assert "".join(page.chars for page in sheet.pages) == chars
    assert [page.number for page in sheet.pages] == list(range(1, pages + 1))
    assert 14 <= sheet.pages[0].layout.box <= 20
    assert len({page.sheet for page in sheet.pages}) == 1


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("box", [10, 14, 17.5, 20, 40])
def test_boxes_keep_clear_of_all_else(paper, inside, box):
    layout = grid(paper, box, inside)
    assert min(layout.columns, layout.rows) >= 3
    _, code_top, _, code_height = code_corner(paper)
    last = layout.columns * layout.rows - 1
    (left, top), (right, bottom) = layout.origin(0), (side + layout.box + ROOM for side in layout.origin(last))
    assert left - ROOM >= 5
    assert right <= paper.width - 5
    assert top - ROOM > code_top + code_height + 4
    assert bottom < paper.height - EDGE - MARKER
    assert all(left < paper.width - MARKER for left, _ in marker_places(paper))


def test_the_print_shows_what_the_layout_says(heiti, tmp_path):
    sheet = plan_sheet("永一A", FontRef(heiti), title="three", repeat=2)
    save_sheet_pdf(sheet, tmp_path / "a.pdf")
    (page,) = printed(tmp_path / "a.pdf")
    assert [round(side * 25.4 / DPI) for side in page.size] == [210, 297]
    ink = 255 - np.asarray(page).astype(int)
    layout = sheet.pages[0].layout
    assert sheet.pages[0].chars == "永永一一AA"
    for number in range(6):
        x, y, side = (round(value) for value in box_place(layout, number))
        third = side // 3
        for row, column in ((y, x + third), (y + side, x + third), (y + third, x), (y + third, x + side)):
            assert 40 < ink[row - 3 : row + 4, column - 3 : column + 4].max() < 110  # a light line
        assert ink[y - round(4.2 * MM) : y - 6, x : x + side].sum() > 5000  # the guide above it
        assert ink[y + 10 : y + side // 3, x + 10 : x + side // 3].max() == 0
    x, y, side = box_place(layout, 6)
    assert ink[round(y) - 5 : round(y + side), round(x) : round(x + side)].max() == 0
    for left, top in marker_places(layout.paper):
        assert ink[round((top + 0.8) * MM), round((left + 0.8) * MM)] > 250


def test_guides_inside_fill_the_box(heiti, tmp_path):
    sheet = plan_sheet("永口", FontRef(heiti), inside=True)
    save_sheet_pdf(sheet, tmp_path / "a.pdf")
    x, y, side = (round(value) for value in box_place(sheet.pages[0].layout, 1))
    ink = 255 - np.asarray(printed(tmp_path / "a.pdf")[0]).astype(int)[y + 8 : y + side - 8, x + 8 : x + side - 8]
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    assert ink.max() < 110
    assert abs((rows[0] + rows[-1]) / 2 - ink.shape[0] / 2) < 0.06 * side
    assert abs((columns[0] + columns[-1]) / 2 - ink.shape[1] / 2) < 0.04 * side
    assert columns[-1] - columns[0] > side / 2


def test_the_same_sheet_is_the_same_file(heiti, tmp_path):
    sheet = plan_sheet("永一", FontRef(heiti))
    for name in "ab":
        save_sheet_pdf(sheet, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert plan_sheet("永二", FontRef(heiti)).pages[0].sheet != sheet.pages[0].sheet


def test_what_the_font_lacks_has_no_box(kalam):
    sheet = plan_sheet("A永B", FontRef(kalam))
    assert sheet.pages[0].chars == "AB"
    assert sheet.skipped == {"missing": "永"}
    with pytest.raises(FontError, match="draws none of the 1 characters"):
        plan_sheet("永", FontRef(kalam))


def test_nonsense_is_refused(heiti):
    with pytest.raises(UsageError, match="unknown paper 'a5'"):
        plan_sheet("A", FontRef(heiti), paper="a5")
    with pytest.raises(UsageError, match="--box 3 is out of range"):
        plan_sheet("A", FontRef(heiti), box=3)
