from __future__ import annotations

import pytest

from handgen.errors import HandgenError, UsageError
from handgen.strokes.counts import COUNTS, find_counts, read_counts, write_counts


def test_what_is_written_is_read(tmp_path):
    counts = {"银": 11, "锒": 12, "一": 1, "𠀀": 5}
    write_counts(tmp_path / COUNTS, counts)
    assert read_counts(tmp_path / COUNTS) == counts
    assert (tmp_path / COUNTS).read_text(encoding="utf-8").splitlines()[0] == "一\t1"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("银 11", "line 2 is not"),
        ("银", "line 2 is not"),
        ("银行\t17", "line 2 is not"),
        ("银\t0", "line 2 is not"),
        ("银\t-3", "line 2 is not"),
        ("银\t11\t", "line 2 is not"),
        ("银\t１１", "line 2 is not"),
        ("", "line 2 is not"),
        ("一\t2", "line 2 has 一 a second time"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, message):
    path = tmp_path / "mine.tsv"
    path.write_text(f"一\t1\n{line}\n二\t2\n", encoding="utf-8")
    with pytest.raises(HandgenError, match=message) as error:
        read_counts(path)
    assert str(path) in str(error.value)


def test_another_encoding_is_one_line(tmp_path):
    path = tmp_path / "gbk.tsv"
    path.write_bytes("银\t11\n".encode("gbk"))
    with pytest.raises(HandgenError, match="is not UTF-8"):
        read_counts(path)


def test_what_was_fetched_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDGEN_FONTS", str(tmp_path / "cache"))
    with pytest.raises(UsageError, match=r"no stroke counts were found.*handgen fonts fetch strokes"):
        find_counts(None)
    write_counts(tmp_path / "cache" / "strokes" / COUNTS, {"一": 1})
    assert find_counts(None) == tmp_path / "cache" / "strokes" / COUNTS
    write_counts(tmp_path / "fonts" / "strokes" / COUNTS, {"一": 1})
    assert find_counts(None).resolve() == tmp_path / "fonts" / "strokes" / COUNTS
    assert find_counts(tmp_path / "cache" / "strokes") == find_counts(tmp_path / "cache" / "strokes" / COUNTS)
    with pytest.raises(UsageError, match="no stroke counts at"):
        find_counts(tmp_path / "elsewhere.tsv")
