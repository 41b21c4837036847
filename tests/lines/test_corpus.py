from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np
import pytest

from handgen.errors import HandgenError, UsageError
from handgen.lines.corpus import CorpusTexts, open_corpus
from handgen.lines.cut import Limits

POEM = "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。\n"


@pytest.fixture
def write(tmp_path):
    def make(text, name="text.txt", encoding="utf-8"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return make


ANY = Limits(1, 25)


def texts_of(path, limits=ANY, seed=0, drawn=None):
    corpus = open_corpus(path)
    return CorpusTexts(corpus, drawn or "".join(corpus.counts), limits, seed)


def test_every_short_line_is_taken_once_before_any_is_taken_again(write):
    lines = [f"第{number}行字" for number in range(500)]
    texts = texts_of(write("\ufeff" + "\r\n\r\n".join(lines)))
    for turn in range(2):
        assert sorted(texts.text(turn * 500 + number) for number in range(500)) == sorted(lines)
    assert [texts.text(number) for number in range(20)] != lines[:20]


def test_a_text_depends_on_the_seed_and_its_number_alone(write):
    path = write(POEM * 100 + "很长的一行" * 300)
    forward = [texts_of(path, Limits(3, 9)).text(number) for number in range(30)]
    texts = texts_of(path, Limits(3, 9))
    assert [texts.text(number) for number in reversed(range(30))] == forward[::-1]
    assert [texts_of(path, Limits(3, 9), seed=1).text(number) for number in range(30)] != forward
    assert all(3 <= len(text) <= 9 for text in forward)
    assert texts.text(10**12)


def test_long_text_is_covered_and_lengths_vary(write):
    paragraph = "".join(chr(0x4E00 + number) for number in range(2000))
    texts = texts_of(write(paragraph), Limits(2, 20))
    found = [texts.text(number) for number in range(1000)]
    assert len(set("".join(found))) > 1990
    assert {len(text) for text in found} == set(range(2, 21))
    assert all(text in paragraph for text in found)


def test_counts_are_of_clean_text(write):
    corpus = open_corpus(write("e\u0301 １　２\u200b\n中 中"))
    assert corpus.counts == Counter({"é": 1, "１": 1, "２": 1, "中": 2})


def test_a_folder_is_read_in_order_of_names(write, tmp_path):
    write("乙乙", "b/two.txt")
    write("甲甲", "a.txt")
    write(b"\xff\xff", "notes.bin")
    texts = texts_of(tmp_path)
    assert sorted(texts.text(number) for number in range(2)) == ["乙乙", "甲甲"]
    assert [file.name for file in texts.corpus.files] == ["a.txt", "two.txt"]


@pytest.mark.parametrize("before", ["", "好\n" * 7, "好" * 40_000 + "\n" + "字" * 50_000])
def test_bytes_that_are_not_utf8_are_found(write, before):
    path = write(before.encode() + b"ab\xffcd")
    line = before.count("\n") + 1
    byte = len(before.rsplit("\n", 1)[-1].encode()) + 3
    with pytest.raises(UsageError, match=rf"text.txt is not UTF-8 \(line {line}, byte {byte}\)"):
        open_corpus(path)


def test_a_file_cut_within_a_character_is_not_utf8(write):
    with pytest.raises(UsageError, match="line 1, byte 4"):
        open_corpus(write("好字".encode()[:-1]))


@pytest.mark.parametrize("text", ["", "\ufeff", " \n　\n\t"])
def test_an_empty_corpus_is_refused(write, text):
    with pytest.raises(UsageError, match="holds no text"):
        open_corpus(write(text))


def test_a_missing_corpus_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no text file at"):
        open_corpus(tmp_path / "none.txt")
    with pytest.raises(UsageError, match=r"no \.txt file in"):
        open_corpus(tmp_path)


def test_characters_that_cannot_be_drawn_are_counted_and_cut_out(write):
    path = write(POEM + "龘龘龘鱻\n明龘月\n")
    drawn = "".join(set(POEM) - {"\n", "霜"})
    corpus = open_corpus(path)
    assert corpus.left_out(frozenset(drawn)) == Counter({"龘": 4, "鱻": 1, "霜": 1})
    with pytest.raises(UsageError, match=r"3 characters that cannot be drawn: 龘 U\+9F98 \(4\)"):
        corpus.require(frozenset(drawn))
    texts = CorpusTexts(corpus, drawn, Limits(1, 25), 0)
    assert {texts.text(number) for number in range(40)} <= {
        "床前明月光，疑是地上",
        "举头望明月，低头思故乡。",
        "明",
        "月",
    }


def test_nothing_left_is_refused(write):
    with pytest.raises(UsageError, match="no text of 30 to 40"):
        texts_of(write(POEM), Limits(30, 40))
    with pytest.raises(UsageError, match="no text of"):
        texts_of(write("……\n！！！\n"))


def test_a_corpus_that_changes_is_noticed(write):
    path = write(POEM * 10)
    texts = texts_of(path)
    path.write_bytes(b"\xff" * 5000)
    with pytest.raises(HandgenError, match="was changed"):
        texts.text(0)


@pytest.mark.parametrize("line", ["一行普通的中文，不长。\n", "没有换行的文字，一直写下去。", "字", "word "])
def test_a_large_corpus_costs_little_memory(write, line):
    """And its passages are short and lose not one character."""
    count = 3_000_000 // len(line.encode())
    path = write(line * count)
    tracemalloc.start()
    corpus = open_corpus(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 << 20
    assert corpus.counts.total() == len(line.strip()) * count
    starts, stops = corpus.passages[:, 1], corpus.passages[:, 2]
    np.testing.assert_array_equal(starts[1:], stops[:-1])
    assert (stops - starts).max() <= 3 << 15
    assert CorpusTexts(corpus, line, Limits(1, 8), 0).text(12345) in path.read_text("utf-8")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029"])
@pytest.mark.parametrize("count", [500, 40_000])
def test_every_kind_of_line_end_parts_lines(write, end, count):
    lines = [f"{number}行" for number in range(count)]
    corpus = open_corpus(write(end.join(lines)))
    assert corpus.passages[:, 4].sum() == count
    texts = CorpusTexts(corpus, "".join(corpus.counts), ANY, 0)
    assert corpus.texts(texts.limits.longest).sum() == count
    if count == 500:
        assert sorted(texts.text(number) for number in range(count)) == sorted(lines)


def test_short_lines_of_a_large_corpus_are_all_used(write, monkeypatch):
    from handgen.lines import corpus

    monkeypatch.setattr(corpus, "_PASSAGES", 100)
    lines = [f"{number}行" for number in range(1000)]
    texts = texts_of(write("\r".join(lines)))
    assert len(texts.corpus.passages) <= 110
    assert {texts.text(number) for number in range(1000)} == set(lines)


def test_a_line_end_across_two_blocks_is_one(write):
    filler = "a" * ((1 << 16) - 1)
    corpus = open_corpus(write(f"{filler}\r\nb\r\n\xff".encode("latin-1")[:-1]))
    assert corpus.passages[:, 4].sum() == 2
    with pytest.raises(UsageError, match="line 3, byte 1"):
        open_corpus(write(f"{filler}\r\nb\r\n".encode() + b"\xff"))


def test_text_out_of_a_pipe(tmp_path):
    import os
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("永和九年\n岁在癸丑\n", encoding="utf-8"))
    writer.start()
    texts = texts_of(pipe)
    writer.join()
    assert {texts.text(number) for number in range(2)} == {"永和九年", "岁在癸丑"}
