from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgen.sheets import code, reed_solomon
from handgen.sheets.layout import CODE_COLUMNS, CODE_ROWS, PAPERS, Page, grid

CHARS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs")), min_size=1, max_size=75)
LAYOUTS = st.builds(grid, st.sampled_from(PAPERS), st.integers(20, 80).map(lambda half: half / 2), st.booleans())
PAGES = st.builds(Page, LAYOUTS, CHARS, st.integers(1, 60_000), st.integers(1, 60_000), st.integers(0, 2**32 - 1))


@settings(max_examples=15)
@given(PAGES)
def test_what_is_printed_is_read(page):
    assert code.decode(code.encode(page)) == page


@settings(max_examples=20)
@given(st.binary(min_size=1, max_size=60), st.integers(1, 16), st.randoms(use_true_random=False))
def test_half_of_the_parity_bytes_may_be_wrong(data, half, random):
    word = bytearray(reed_solomon.encode(data, 2 * half))
    assert len(word) == len(data) + 2 * half
    for place in random.sample(range(len(word)), min(half, len(word))):
        word[place] ^= random.randrange(1, 256)
    assert reed_solomon.decode(bytes(word), 2 * half) == data


@pytest.fixture(scope="module")
def page():
    return Page(grid(PAPERS[0], 14), "永字八法" * 33, 2, 3, 0xC0FFEE)


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
