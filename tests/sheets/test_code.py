from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.sheets import code
from handgen.sheets.layout import CODE_COLUMNS, CODE_ROWS, PAPERS, Page, grid

CHARS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs")), min_size=1, max_size=75)
LAYOUTS = st.builds(grid, st.sampled_from(PAPERS), st.integers(20, 80).map(lambda half: half / 2), st.booleans())
PAGES = st.builds(Page, LAYOUTS, CHARS, st.integers(1, 60_000), st.integers(1, 60_000), st.integers(0, 2**32 - 1))


@settings(max_examples=15)
@given(PAGES)
def test_what_is_printed_is_read(page):
    assert code.decode(code.encode(page)) == page


@pytest.fixture(scope="module")
def page():
    return Page(grid(PAPERS[0], 14), "永字八法" * 33, 2, 3, 0xC0FFEE)


def test_sheets_printed_in_the_past_stay_readable(page):
    """The cells that handgen 0.9 printed, when the code was its own."""
    printed = "00fa1bc1f37c66ea82959a3f7761f9d25594eba5834e6c0314f0534a4324ea9d"
    assert hashlib.sha256(code.encode(page).tobytes()).hexdigest() == printed


@pytest.mark.parametrize(("wrong", "readable"), [(16, True), (17, False)])
def test_so_many_bytes_of_each_half_may_be_wrong(page, wrong, readable):
    cells = code.encode(page)
    columns = np.random.default_rng(wrong).choice(CODE_COLUMNS, wrong, replace=False)
    cells[np.random.default_rng(0).integers(0, 8, wrong), columns] ^= True
    cells[np.random.default_rng(1).integers(8, 16, wrong), columns] ^= True
    if readable:
        assert code.decode(cells) == page
    else:
        with pytest.raises(code.UnreadableError, match="cannot be read"):
            code.decode(cells)


def test_a_pen_and_a_stain_do_no_harm(page):
    cells = code.encode(page)
    cells[:, 40:48] = True  # a stain 6 mm wide over the whole band
    cells[5] = cells[5] ^ (np.arange(CODE_COLUMNS) < 7)  # a stroke
    assert code.decode(cells) == page


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_code(seed):
    cells = np.random.default_rng(seed).random((CODE_ROWS, CODE_COLUMNS)) < 0.5
    with pytest.raises(code.UnreadableError, match="cannot be read"):
        code.decode(cells)


@pytest.mark.parametrize("cells", [np.zeros, np.ones])
def test_white_and_black_are_no_code(cells):
    with pytest.raises(code.UnreadableError):
        code.decode(cells((CODE_ROWS, CODE_COLUMNS), bool))


def test_a_code_of_later_times_says_so(page, monkeypatch):
    monkeypatch.setattr(code, "VERSION", 2)
    cells = code.encode(page)
    monkeypatch.undo()
    with pytest.raises(code.UnreadableError, match="later handgen"):
        code.decode(cells)


@pytest.mark.parametrize(("chars", "least"), [("a永", 150), ("a𠀀", 75)])
def test_the_code_has_room_for_a_page(chars, least):
    room = code.room_for(chars)
    assert room >= least
    page = Page(grid(PAPERS[0], 14), (chars * room)[:room], 1, 1, 0)
    assert code.decode(code.encode(page)) == page
