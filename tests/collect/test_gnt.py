"""Files are written here by the published format, with struct alone: the reader shares no code with them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from handgen.collect.gnt import GntReader
from handgen.errors import UsageError
from tests.collect.conftest import record, taken

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))
CHARS = st.sampled_from("A啊永銀𠀀é。9丂€")
RECORDS = st.lists(st.tuples(CHARS, SHAPES.flatmap(lambda shape: arrays(np.uint8, shape))), min_size=1, max_size=8)


def said(writings):
    return [(writing.char, writing.image.tobytes(), writing.image.shape) for writing in writings]


@given(RECORDS)
def test_what_goes_in_comes_out(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("gnt") / "001-c.gnt"
    path.write_bytes(b"".join(record(char, image) for char, image in records))
    writings, intake = taken(GntReader([path]))
    assert said(writings) == [(char, image.tobytes(), image.shape) for char, image in records]
    assert {writing.style for writing in writings} == {"001-c"}
    assert not intake.skipped


DAMAGE = {
    "size too large": ({"size": 1 << 30}, "damaged"),
    "size too small": ({"size": 11}, "damaged"),
    "size of zero": ({"size": 0}, "damaged"),
    "no width": ({"width": 0}, "damaged"),
    "other height": ({"height": 7}, "damaged"),
    "no GB code": ({"code": b"\xff\xff"}, "unknown label"),
    "a control": ({"code": b"\x07\x00"}, "unknown label"),
    "no code at all": ({"code": b"\0\0"}, "unknown label"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_costs_itself_alone(tmp_path, hand, damage):
    change, reason = DAMAGE[damage]
    good = [("永" if n % 2 else "A", hand("永A"[n % 2 - 1], 30 + n)) for n in range(6)]
    parts = [record(char, image) for char, image in good]
    parts[3:3] = [record("B", hand("B", 40), **change)] * 2
    path = tmp_path / "7.gnt"
    path.write_bytes(b"".join(parts))
    writings, intake = taken(GntReader([path]))
    assert said(writings) == [(char, image.tobytes(), image.shape) for char, image in good]
    first = sum(map(len, parts[:3]))
    assert intake.skips[0].where.startswith(f"7.gnt at byte {first:,}")
    assert {skip.reason for skip in intake.skips} == {reason}
    if reason == "unknown label":
        assert intake.skips[1].where.startswith(f"7.gnt at byte {first + len(parts[3]):,}")
        assert sum(intake.skipped.values()) == 2


@pytest.mark.parametrize("left", [1, 9, 100])
def test_a_cut_end_is_said_and_all_before_it_kept(tmp_path, hand, left):
    parts = [record(char, hand(char, 40)) for char in "ABC"]
    path = tmp_path / "7.gnt"
    path.write_bytes(b"".join(parts[:2]) + parts[2][:left])
    writings, intake = taken(GntReader([path]))
    assert [writing.char for writing in writings] == ["A", "B"]
    (skip,) = intake.skips
    assert f"at byte {len(parts[0] + parts[1]):,}" in skip.where
    assert (skip.reason == "the file ends inside a record") == (left == 100)


def test_noise_is_no_record(tmp_path):
    path = tmp_path / "noise.gnt"
    path.write_bytes(np.random.default_rng(0).integers(0, 256, 3 << 20, np.uint8).tobytes())
    writings, intake = taken(GntReader([path]))
    assert (writings, len(intake.skips)) == ([], 1)


def test_a_record_behind_megabytes_of_damage_is_found(tmp_path, hand):
    parts = [record("A", hand("A", 40)), bytes(5 << 20), record("B", hand("B", 40))]
    path = tmp_path / "gap.gnt"
    path.write_bytes(b"".join(parts))
    writings, _ = taken(GntReader([path]))
    assert [writing.char for writing in writings] == ["A", "B"]
    assert writings[1].where == f"gap.gnt at byte {len(parts[0] + parts[1]):,}"


@pytest.mark.parametrize("before", [10, 11, 12, 13, 14, 15, 16, 17])
def test_a_record_at_the_end_of_a_window_is_found(tmp_path, hand, before):
    path = tmp_path / "7.gnt"
    path.write_bytes(b"\xff" * (1 + (1 << 20) - before) + record("永", hand("永", 30)))
    writings, _ = taken(GntReader([path]))
    assert [writing.char for writing in writings] == ["永"]


def test_archives_and_folders_are_streamed_in_order_and_nothing_is_unpacked(tmp_path, hand):
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil/002.gnt", record("A", hand("A", 40)))
        archive.writestr("set/001.gnt", record("B", hand("B", 40)))
        archive.writestr("set/readme.txt", "no glyphs")
    (tmp_path / "in" / "a.gnt").write_bytes(record("永", hand("A", 40)))
    (tmp_path / "in" / "loop").symlink_to(tmp_path, target_is_directory=True)
    before = sorted(tmp_path.rglob("*"))
    writings, _ = taken(GntReader([tmp_path / "in"]))
    assert [(w.style, w.char) for w in writings] == [("a", "永"), ("002", "A"), ("001", "B")]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_damaged_archive_is_skipped_and_the_rest_read(tmp_path, hand):
    (tmp_path / "a.zip").write_bytes(b"PK no archive")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("1.gnt", b"".join(record(char, hand(char, 60)) for char in "AB"))
        archive.writestr("2.gnt", record("C", hand("C", 40)))
    data = bytearray((tmp_path / "b.zip").read_bytes())
    data[200] ^= 255  # its checksum is wrong now
    (tmp_path / "b.zip").write_bytes(data)
    writings, intake = taken(GntReader([tmp_path]))
    assert [w.char for w in writings][-1] == "C"
    assert [skip.where.partition(":")[0] for skip in intake.skips] == ["a.zip", "b.zip/1.gnt"]


def test_files_of_one_name_are_two_writers(tmp_path, hand):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.gnt").write_bytes(record("A", hand("A", 40)))
    found = GntReader([tmp_path / "a" / "1.gnt", tmp_path / "b" / "1.gnt"])
    assert {w.style for w in taken(found)[0]} == {"1", "1-2"}


def test_limits_are_kept(tmp_path, hand):
    for name in "123":
        (tmp_path / f"{name}.gnt").write_bytes(b"".join(record(char, hand(char, 40)) for char in "AABBC"))
    writings, intake = taken(GntReader([tmp_path]), charset="AB", per_char=1, writers=2)
    assert [(w.style, w.char) for w in writings] == [("1", "A"), ("1", "B"), ("2", "A"), ("2", "B")]
    assert not intake.skipped


@pytest.mark.parametrize("name", ["gone.gnt", "notes.txt", "empty"])
def test_what_is_no_gnt_is_refused(tmp_path, name):
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=name):
        GntReader([Path(tmp_path / name)])
