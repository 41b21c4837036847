from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.degrade.presets import PRESETS
from handgen.lines.cut import Limits
from handgen.lines.draws import Draw
from handgen.pages.amend import Amendments, DrawnLine, with_insertion, with_overwriting
from handgen.pages.baseline import base_line, polygon
from handgen.pages.text import as_sentences, divided, joined, pieces_of
from handgen.pages.warp import PageWarp, resampled
from handgen.seeds import generator
from handgen.synthesis import pages


def chance(*key):
    return Draw(generator(0, *key), "", Limits())


@given(
    st.text("abcdeéèst ,.'-!?漢字。、אבג", min_size=1, max_size=60)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
def test_pieces_put_together_are_the_text(text):
    pieces = pieces_of(text)
    assert joined(pieces) == text
    for cut in range(1, len(pieces)):
        assert joined(pieces[:cut]) + (" " if pieces[cut].spaced else "") + joined(pieces[cut:]) == text


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("particulier", ("particu-", "lier")),
        ("impraticables", ("impratica-", "bles")),
        ("jardin,", ("jar-", "din,")),
        ("Heureusement", ("Heureuse-", "ment")),
        ("mardi", None),  # too little is left after the cut
        ("d'hiver", None),
        ("quelque", ("quel-", "que")),
        ("OTAN", None),
        ("1234567", None),
        ("漢", None),
    ],
)
def test_words_are_divided_between_syllables(word, parts):
    (piece,) = pieces_of(word)
    found = divided(piece, 1.0)
    assert (found and tuple(each.text for each in found)) == parts
    if found:
        assert found[0].text[:-1] + found[1].text == word
        assert divided(found[0], 1.0) is None
    assert divided(piece, 0.1) is None


def test_sentences_have_capitals_and_ends():
    words = "la maison est grande et le jardin aussi mais nous ne venons que rarement en hiver car il fait froid ici"
    text = as_sentences(words, chance("sentences"))
    assert text[0] == "L"
    assert text.endswith(".")
    assert text.count(".") > 1
    assert all(after[:1].isupper() for after in text.split(". ")[1:])
    assert text.lower().replace(".", "") == words
    assert as_sentences("天气很好", chance("other")) == "天气很好。"
    assert as_sentences("One. two! three?", chance("other")) == "One. Two! Three?"


@pytest.mark.parametrize("shape", ["level", "slope", "wave"])
def test_a_base_line_is_found_under_descenders_and_quotes(shape):
    text = 'qu\'il pleuve, jugeons "toujours" par paix; gypse'
    curve = {
        "level": lambda x: 80 + 0 * x,
        "slope": lambda x: 80 - 0.04 * x,
        "wave": lambda x: 80 + 4 * np.sin(x / 180),
    }[shape]
    boxes = []
    for number, char in enumerate(text):
        level = curve(20.0 * number + 8)
        top, bottom = (level - 30, level - 18) if char in "'\"" else (level - 22, level)
        bottom += 11 if char in "gjpqy,;" else 0
        boxes.append(None if char == " " else (20 * number, round(top), 20 * number + 16, round(bottom)))
    base = base_line(text, boxes, 48)
    assert np.abs(base[:, 1] - curve(base[:, 0])).max() < 2.5
    around = polygon(boxes, base, 2)
    assert around[:, 1].min() <= min(box[1] for box in boxes if box)
    assert around[:, 1].max() >= max(box[3] for box in boxes if box)


@given(st.integers(0, 1000))
def test_a_warp_and_its_inverse(seed):
    warp = PageWarp.drawn(np.random.default_rng(seed), (800, 600), 2.0, 8.0)
    points = np.random.default_rng(seed).uniform(0, 600, (20, 2))
    assert np.abs(warp.origins(warp.moved(points)) - points).max() < 0.05


def test_ink_moves_as_points_do():
    warp = PageWarp.drawn(np.random.default_rng(3), (400, 300), 4.0, 6.0)
    flat = np.full((300, 400), 255, np.uint8)
    flat[98:103, 198:203] = 0
    rows, columns = np.nonzero(resampled(flat, warp.grid()) < 128)
    (there,) = warp.moved(np.array([[200.5, 100.5]]))
    assert abs(columns.mean() + 0.5 - there[0]) < 0.5
    assert abs(rows.mean() + 0.5 - there[1]) < 0.5


def block_writer(text):
    """Draw each letter as a block."""
    image = np.full((40, 10 * len(text) + 10), 255, np.uint8)
    boxes = []
    for number, char in enumerate(text):
        box = (10 * number + 5, 14, 10 * number + 13, 30)
        boxes.append(None if char == " " else box)
        if char != " ":
            image[box[1] : box[3], box[0] : box[2]] = 0
    meta = {"joined": [number for number, char in enumerate(text) if char == "s"]}
    return DrawnLine(text, image, boxes, boxes, meta)


TEXT = "nous avons bien mangé hier soir"


@pytest.mark.parametrize("said", ["{}", "^{}^", ""])
def test_an_inserted_word_is_above_and_the_label_says_it_as_it_is_told(said):
    line = with_insertion(TEXT, block_writer, Amendments(1.0, said), chance("insert"))
    word = line.meta["inserted"]
    assert line.text == " ".join(TEXT.replace(word, said.replace("{}", word)).split())
    assert len(line.text) == len(line.boxes) == len(line.base)
    assert {line.text[position] for position in line.meta["joined"]} == {"s"}
    if said:
        start = line.text.index(word)
        above = line.boxes[start : start + len(word)]
        rest = [box for box in line.boxes[:start] + line.boxes[start + len(word) :] if box]
        assert max(box[3] for box in above) <= min(box[1] for box in rest) + 3
        assert line.base[start : start + len(word)] == [None] * len(word)
        for x0, y0, x1, y1 in above:
            assert (line.image[y0:y1, x0:x1] < 128).mean() > 0.4


@pytest.mark.parametrize("said", ["{}", "<over>{}</over>", ""])
def test_a_word_is_written_over_another(said):
    line = with_overwriting(TEXT, block_writer, Amendments(0, "{}", 1.0, said), chance("over"))
    wrong = line.meta["overwritten"]
    word = next(word for word in TEXT.split() if sorted(word) == sorted(wrong) and word not in (wrong,))
    assert line.text == " ".join(TEXT.replace(word, said.replace("{}", word)).split())
    assert len(line.text) == len(line.boxes) == len(line.base)
    joined = line.meta["joined"]
    assert {line.text[position] for position in joined} <= {"s"}
    assert len(joined) == TEXT.count("s") - (0 if said else word.count("s"))
    shown = [box for char, box in zip(line.text, line.boxes, strict=True) if char != " "]
    assert sum(box is not None for box in shown) == len(TEXT.replace(" ", "")) - (0 if said else len(word))


def test_nothing_is_put_right_where_no_word_can_be():
    for text in ("a", "12 34 56", "x y"):
        assert with_insertion(text, block_writer, Amendments(1.0), chance("none")) is None
        assert with_overwriting(text, block_writer, Amendments(1.0), chance("none")) is None


def test_ink_is_for_pages_as_the_remedy_says():
    assert set(PRESETS["ink"].effects) <= set(pages.INK_ONLY)
