from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from handgen.collect.images import ImagesReader, char_in_name
from handgen.errors import UsageError
from handgen.fonts.charsets import is_written
from tests.collect.conftest import taken


@pytest.fixture
def folder(tmp_path, hand):
    """Make a folder of images: ``folder("永/1.png", ...)``."""

    def make(*names):
        for name in names:
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(hand("A", 40)).save(path)
        return tmp_path / "set"

    return make


def found(reader, **limits):
    return [(writing.style, writing.char) for writing in taken(reader, **limits)[0]]


def test_a_folder_a_character(folder):
    place = folder("永/001.png", "永/b.jpg", "U+0041/1.png")
    reader = ImagesReader(place)
    assert (reader.labels, reader.total, reader.chars) == ("folder", 3, "A永")
    assert found(reader) == [("set", "A"), ("set", "永"), ("set", "永")]


def test_writers_above_the_characters(folder):
    place = folder("anna/永/1.png", "bert/永/1.png", "bert/A/1.png", "new/bert, jr/A/1.png")
    assert found(ImagesReader(place)) == [("anna", "永"), ("bert", "A"), ("bert", "永"), ("new-bert--jr", "A")]
    assert found(ImagesReader(place, style="all")) == [("all", char) for char in "永A永A"]


def test_the_character_in_the_file_name(folder):
    place = folder("A_01.png", "一-3.png", "U+4E00.png", "b/x (2).png", "long name.png", "U+110000.png")
    writings, intake = taken(ImagesReader(place))
    assert [(w.style, w.char) for w in writings] == [("set", "A"), ("set", "一"), ("set", "一"), ("b", "x")]
    assert {skip.where: skip.reason for skip in intake.places} == {
        "long name.png": "unknown label",
        "U+110000.png": "unknown label",
    }


@pytest.mark.parametrize(
    ("stem", "char"),
    [
        ("A", "A"),
        ("A_1", "A"),
        ("__1", "_"),
        ("-", "-"),
        ("ab", ""),
        ("é_1", "é"),
        ("U+0041-2", "A"),
        ("U", "U"),
        ("", ""),
    ],
)
def test_names(stem, char):
    assert char_in_name(stem) == char


@given(st.characters(), st.integers(0, 99))
def test_every_character_can_be_spelt(char, number):
    wanted = unicodedata.normalize("NFC", char)
    assert char_in_name(f"U+{ord(char):04X}_{number}") == (wanted if is_written(wanted) else "")


def test_labels_csv(folder, tmp_path):
    place = folder("1.png", "2.png", "3.png", "4.png")
    Image.new("L", (9, 9)).save(tmp_path / "secret.png")
    (place / "link.png").symlink_to(tmp_path / "secret.png")
    rows = ["filename,words,style", "1.png,e\u0301,anna", "2.png,永,bert", "3.png,ab,anna", "4.png,,anna"]
    rows += ["5.png,A,anna", "../secret.png,A,anna", "link.png,A,anna", f"{tmp_path}/secret.png,A,anna"]
    (place / "labels.csv").write_text("\n".join(rows), encoding="utf-8-sig")
    writings, intake = taken(ImagesReader(place))
    assert [(w.style, w.char) for w in writings] == [("anna", "\u00e9"), ("bert", "永")]
    reasons = ["several characters", "unknown label", "no such file", *["outside the folder"] * 3]
    assert [skip.reason for skip in intake.places] == reasons


def test_labels_csv_without_a_header_is_refused(folder):
    place = folder("1.png")
    (place / "labels.csv").write_text("1.png,A\n")
    with pytest.raises(UsageError, match=r"columns 1\.png, A\. Give it a header: filename,words"):
        ImagesReader(place)


def test_what_cannot_be_read_is_listed(folder):
    place = folder("A/1.png", "B/1.png")
    (place / "A" / "1.png").write_bytes(b"no image")
    (place / "A" / "2.png").write_bytes((place / "B" / "1.png").read_bytes()[:60])
    (place / "C").mkdir()
    writings, intake = taken(ImagesReader(place))
    assert [w.char for w in writings] == ["B"]
    assert [(skip.reason, skip.where) for skip in intake.places] == [
        ("empty folder", "C"),
        ("damaged", "A/1.png"),
        ("damaged", "A/2.png"),
    ]


def test_what_is_no_folder_of_images_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no image is in the folder"):
        ImagesReader(tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        ImagesReader(tmp_path / "gone")
