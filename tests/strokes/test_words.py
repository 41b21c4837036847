"""Words as the pen writes them: the order, and what comes after the word."""

from __future__ import annotations

import numpy as np
import pytest

from handgen.fonts.face import FontRef
from handgen.strokes.forms import Forms
from handgen.strokes.words import Letters, Manner, write_words

X_HEIGHT = 0.46


@pytest.fixture(scope="module")
def forms(caveat):
    made = Forms.open([FontRef(caveat)], "abcdefghijklmnopqrstuvwxyzéî", ())
    made.prepare()
    return made


def _letters(forms, text):
    chars = text.replace(" ", "")
    rows = np.array([forms.chars.index(char) for char in chars])
    table = forms.pick(rows, np.zeros(len(rows), np.int64), np.zeros(len(rows), np.uint64)).table
    points = table.points.astype(float)
    strokes = np.stack([points[:, :, 0] - 0.5, 0.851 - points[:, :, 1]], axis=2)
    spaced = np.array([at == 0 or text[at - 1] == " " for at, char in enumerate(text) if char != " "])
    return Letters(chars, spaced, strokes, np.repeat(np.arange(len(chars)), np.diff(table.first)), X_HEIGHT)


def _manner(count, joins):
    even = np.full(count, 1.0)
    return Manner(np.full(count, joins), 0.1 * even, 0.4 * even, 0.05 * even, even)


TEXT = "midi tire une île été"


@pytest.mark.parametrize("joins", [False, True])
def test_all_strokes_are_written_once_in_the_order_of_the_letters_and_dots_after_the_word(forms, joins):
    letters = _letters(forms, TEXT)
    path = write_words(letters, _manner(len(letters.chars), joins))
    assert len(path.strokes) - path.join.sum() == len(letters.strokes)
    assert np.array_equal(np.sort(path.owner[~path.join]), letters.owner)
    word = np.cumsum(letters.after_space)[path.owner]
    assert (np.diff(word) >= 0).all(), "a word is finished before the next one"
    late = set()
    for number in np.unique(word):
        of_word = path.late[word == number]
        assert (np.diff(of_word.astype(int)) >= 0).all(), "the pen comes back after the word"
        body = path.owner[(word == number) & ~path.late]
        assert (np.diff(body) >= 0).all()
        late |= {letters.chars[owner] for owner in path.owner[(word == number) & path.late]}
    assert late >= set("it") & set(letters.chars)
    assert "é" in late
    assert not path.late[path.join].any()
    assert path.join.any() == joins


def test_a_join_leads_from_ink_of_a_letter_to_ink_of_the_next(forms):
    letters = _letters(forms, "minute une aile")
    path = write_words(letters, _manner(len(letters.chars), True))
    assert path.join.sum() >= 8
    for row in np.flatnonzero(path.join):
        here = path.owner[row]
        for end, letter in ((path.strokes[row, 0], here), (path.strokes[row, -1], here + 1)):
            ink = path.strokes[(path.owner == letter) & ~path.join].reshape(-1, 2)
            assert np.hypot(*(ink - end).T).min() < 0.02
        assert not letters.after_space[here + 1]


def test_words_are_farther_apart_than_letters(forms):
    letters = _letters(forms, "nu nu nu")
    path = write_words(letters, _manner(6, False))
    right = np.array([path.strokes[path.owner == row][:, :, 0].max() for row in range(6)])
    left = np.array([path.strokes[path.owner == row][:, :, 0].min() for row in range(6)])
    gaps = left[1:] - right[:-1]
    assert gaps[[1, 3]].min() > gaps[[0, 2, 4]].max()
