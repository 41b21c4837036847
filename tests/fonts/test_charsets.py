from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.characters import nfc
from handgen.errors import UsageError
from handgen.fonts.charsets import CHARSETS, is_written, load_charset, unique_chars


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        ("gb2312-1", 3755, "啊", "座"),
        ("gb2312", 6763, "啊", "齄"),
        ("jis-1", 2965, "亜", "腕"),
        ("big5-1", 5401, "一", "籲"),
        ("hanzi100", 100, "土", "颐"),
        ("hanzi775", 775, "土", "婚"),
        ("latin62", 62, "0", "z"),
        ("digits", 10, "0", "9"),
        ("ascii", 94, "!", "~"),
        ("zh-marks", 33, "、", "〇"),
    ],
)
def test_named_sets_are_the_published_ones(name, count, first, last):
    chars = load_charset(name)
    assert (len(chars), chars[0], chars[-1]) == (count, first, last)
    assert unique_chars(chars) == chars


def test_the_sets_to_write_are_nested_everyday_characters():
    hundred, three, most = (load_charset(f"hanzi{count}") for count in (100, 300, 775))
    assert most.startswith(three)
    assert three.startswith(hundred)
    assert set(most) <= set(load_charset("gb2312-1"))


def test_every_name_is_listed_and_loads_in_any_case():
    assert all(load_charset(name) == load_charset(name.upper()) for name in CHARSETS)


@given(st.text())
def test_characters_are_unique_composed_and_visible(text):
    chars = unique_chars(text)
    assert len(set(chars)) == len(chars)
    assert all(nfc(char) == char for char in chars)
    assert not any(char.isspace() for char in chars)


def test_a_file_loses_its_mark_and_white_space(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_bytes("\ufeff银 锒\r\n银\te\u0301\n".encode())
    assert load_charset(str(path)) == "银锒é"


@pytest.mark.parametrize("literal", ["银锒", "abc", "0123456789", "A", "!?", "永字八法"])
def test_characters_can_be_typed(literal):
    assert load_charset(literal) == literal


def test_a_file_in_another_encoding_is_located(tmp_path):
    path = tmp_path / "gbk.txt"
    path.write_bytes(b"ok\nab" + "银".encode("gbk"))
    with pytest.raises(UsageError, match=r"gbk\.txt is not UTF-8 \(line 2, byte 3\)"):
        load_charset(str(path))


@pytest.mark.parametrize(("spec", "hint"), [("gb2312-2", "gb2312"), ("Latin26", "latin62"), ("big5", "big5-1")])
def test_a_misspelt_name_suggests_the_nearest(spec, hint):
    with pytest.raises(UsageError, match=f"unknown charset '{spec}'.*{hint}"):
        load_charset(spec)


@pytest.mark.parametrize("spec", ["", "  \n", "charsets/none.txt", "none.txt"])
def test_nothing_is_refused(spec):
    with pytest.raises(UsageError):
        load_charset(spec)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(UsageError, match="holds no characters"):
        load_charset(str(tmp_path / "empty.txt"))


@pytest.mark.parametrize("spec", ["abc123", "abcdABCD", "xyz", "hello", "永和abc"])
def test_what_is_near_no_name_is_the_characters(spec):
    assert load_charset(spec) == "".join(dict.fromkeys(spec))


@pytest.mark.parametrize("spec", ["gb2313-1", "latin26", "digit", "hanzi", "big5"])
def test_a_near_miss_of_a_name_is_asked_about(spec):
    with pytest.raises(UsageError, match="unknown charset"):
        load_charset(spec)


def test_a_charset_out_of_a_pipe(tmp_path):
    import os
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=lambda: pipe.write_text("永\ufa19和", encoding="utf-8")).start()
    assert load_charset(str(pipe)) == "永\ufa19和"
    assert load_charset(str(pipe)) == "永\ufa19和"  # what came out of it is kept


def test_code_points_and_lists_of_names():
    for spec, chars in (
        ("u+4e00", "一"),
        ("U+4E00-U+4E02, U+0041", "一丁丂A"),
        ("U+0061 - U+0063 u+0062", "abc"),
        ("U+0020-U+0022", '!"'),
        ("digits,latin62", load_charset("digits") + load_charset("latin62")[10:]),
        ("U+4E00x", "U+4E0x"),
        ("a-z", "a-z"),
    ):
        assert load_charset(spec) == chars, spec
    for spec, message in (
        ("U+110000", "is no character"),
        ("u+d800", "is no character"),
        ("U+0041-U+FFFFFF", "is no character"),
        ("latin62,digts", "Did you mean 'digits'"),
        ("./nowhere", "no charset file"),
    ):
        with pytest.raises(UsageError, match=message):
            load_charset(spec)


def test_a_file_of_code_points_and_marks_without_ink(tmp_path):
    file = tmp_path / "set.txt"
    file.write_text("U+0041\nu+4e00\n")
    assert load_charset(str(file)) == "A一"
    file.write_text("永\ufe00和\U000e0100\n", encoding="utf-8")
    assert load_charset(str(file)) == "永和"
    assert not is_written("\ufe0f")
    assert is_written("\u0301")
