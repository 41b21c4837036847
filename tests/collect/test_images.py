from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from handgen.characters import nfc
from handgen.cli import run
from handgen.collect.images import FURTHER, ImagesReader
from handgen.collect.labels import char_in_name
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
    path = folder("永/001.png", "永/b.jpg", "U+0041/1.png")
    reader = ImagesReader(path)
    assert (reader.labels, reader.total, reader.chars) == ("folder", 3, "A永")
    assert found(reader) == [("set", "A"), ("set", "永"), ("set", "永")]


def test_writers_above_the_characters(folder):
    path = folder("anna/永/1.png", "bert/永/1.png", "bert/A/1.png", "new/bert, jr/A/1.png")
    assert found(ImagesReader(path)) == [("anna", "永"), ("bert", "A"), ("bert", "永"), ("new-bert--jr", "A")]
    assert found(ImagesReader(path, style="all")) == [("all", char) for char in "永A永A"]


def test_the_character_in_the_file_name(folder):
    path = folder("A_01.png", "一-3.png", "U+4E00.png", "b/x (2).png", "long name.png", "U+110000.png")
    writings, intake = taken(ImagesReader(path))
    assert [(w.style, w.char) for w in writings] == [("set", "A"), ("set", "一"), ("set", "一"), ("b", "x")]
    assert {skip.where: skip.reason for skip in intake.skips} == {
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
    wanted = nfc(char)
    assert char_in_name(f"U+{ord(char):04X}_{number}") == (wanted if is_written(wanted) else "")


def test_labels_csv(folder, tmp_path):
    path = folder("1.png", "2.png", "3.png", "4.png")
    Image.new("L", (9, 9)).save(tmp_path / "secret.png")
    (path / "link.png").symlink_to(tmp_path / "secret.png")
    rows = ["filename,words,style", "1.png,e\u0301,anna", "2.png,永,bert", "3.png,ab,anna", "4.png,,anna"]
    rows += ["5.png,A,anna", "../secret.png,A,anna", "link.png,A,anna", f"{tmp_path}/secret.png,A,anna"]
    (path / "labels.csv").write_text("\n".join(rows), encoding="utf-8-sig")
    writings, intake = taken(ImagesReader(path))
    assert [(w.style, w.char) for w in writings] == [("anna", "\u00e9"), ("bert", "永")]
    reasons = ["several characters", "unknown label", "no such file", *["outside the folder"] * 3]
    assert [skip.reason for skip in intake.skips] == reasons


def test_labels_csv_without_a_header_is_refused(folder):
    path = folder("1.png")
    (path / "labels.csv").write_text("1.png,A\n")
    with pytest.raises(UsageError, match=r"columns 1\.png, A\. Give it a header: filename,words"):
        ImagesReader(path)


def test_writers_whose_names_look_alike_stay_two(folder):
    path = folder(*(f"{writer}/{char}_1.png" for writer in ("a b", "a,b", "a-b", "张三") for char in "AB"))
    assert found(ImagesReader(path)) == [(name, c) for name in ("a-b", "a-b-2", "a-b-3", "张三") for c in "AB"]


def test_what_cannot_be_read_is_listed(folder):
    path = folder("A/1.png", "B/1.png")
    (path / "A" / "1.png").write_bytes(b"no image")
    (path / "A" / "2.png").write_bytes((path / "B" / "1.png").read_bytes()[:60])
    (path / "C").mkdir()
    writings, intake = taken(ImagesReader(path))
    assert [w.char for w in writings] == ["B"]
    assert [(skip.reason, skip.where) for skip in intake.skips] == [
        ("empty folder", "C"),
        ("damaged", "A/1.png"),
        ("damaged", "A/2.png"),
    ]


def test_what_is_no_folder_of_images_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no image is in the folder"):
        ImagesReader(tmp_path)
    (tmp_path / "a.zip").write_bytes(b"PK")
    (tmp_path / "1.png").write_bytes(b"")
    for name, said in (("gone", "does not exist"), ("a.zip", "Unpack it"), ("1.png", "Give the folder it is in")):
        with pytest.raises(UsageError) as error:
            ImagesReader(tmp_path / name)
        assert said in str(error.value)


LETTERS = [f"{char}/{number}.png" for char in "ABCDE" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("names", "way", "characters"),
    [
        ([*LETTERS, "backup/1.png"], "folder", "ABCDE"),
        ([*LETTERS, "1.png"], "folder", "ABCDE"),
        ([*LETTERS, "all/old/B_1.png"], "folder", "ABCDE"),
        ([f"w{n}/{name}" for n in (1, 2) for name in LETTERS] + ["w1/notes/2.png"], "folder", "ABCDE"),
        ([f"{n}/{char}_01.png" for n in (1, 2) for char in "永和九"] + ["1/007.png"], "name", "永和九"),
        (["张/永.png", "张/和.png", "王/永.png"], "name", "永和"),
        ([f"{char}-{number}.png" for char in "AB" for number in "12"] + ["scan.png", "A/1.png"], "name", "AB"),
        (["永/a.png", "永/b.png", "永/001.png", "和/001.png"], "folder", "永和"),
        ([f"w1/{digit}.png" for digit in range(10)], "name", "0123456789"),
        ([f"{digit}/{digit}_{number}.png" for digit in "01" for number in "12"], "folder", "01"),
        ([f"w1/{digit}.png" for digit in range(10)] + ["w2/3.png", "w2/5.png"], "name", "0123456789"),
        (["w1/A.png", "w1/1.png", "w2/A.png"], "name", "A1"),
        ([f"{digit}_{number}.png" for digit in "57" for number in "123"], "name", "57"),
        ([f"{char}/{number}_x.png" for char in "永和" for number in "12"], "folder", "永和"),
        (["0x6c38/1.png", "U+4E5D/1.png", "uni548C/1.png", "uni548C/2.png"], "folder", "永九和"),
    ],
)
def test_most_of_the_tree_decides_where_labels_stand(names, way, characters, folder):
    reader = ImagesReader(folder(*names))
    writings, intake = taken(reader)
    assert reader.labels == way
    assert {writing.char for writing in writings} == set(characters)
    assert len(writings) + len(intake.skips) == len(names)


@pytest.mark.parametrize(
    "names",
    [
        [f"{number}.png" for number in range(1, 13)],
        ["scan1.png", "scan2.png", "A/1.png"],
        ["A/1.png", "B_1.png"],
        ["A/b.png", "A/c.png", "A/d.png"],
        [f"A/{char}.png" for char in "BCDEF"] + ["A/01.png"],
        ["upper_A/1.png", "upper_B/2.png", "lower_a/1.png"],
        [f"张三/{number}.png" for number in range(1, 6)],
        [f"{number}_{char}.png" for number, char in enumerate("ABCDEF")],
        [f"{number} scan.png" for number in range(1, 8)],
        [f"{number}_{char}.png" for number, char in enumerate("ABCDEFGHIJKL")],
    ],
)
def test_unclear_names_are_asked_about(names, folder):
    path = folder(*names)
    with pytest.raises(UsageError, match=r"--labels folder or --labels name"):
        ImagesReader(path)
    assert ImagesReader(path, labels="name").labels == "name"


def test_examples_are_shown_before_anything_is_written(folder, capsys, tmp_path):
    path = folder(*LETTERS, "backup/1.png")
    command = ["import", "images", str(path), "--no-font", "--out", str(tmp_path / "out")]
    assert run([*command, "--dry-run"]) == 0
    plan = capsys.readouterr().out
    assert all(f"{char}/1.png -> {char}" in plan for char in "ABC")
    assert plan.count(" -> ") == 5
    assert not (tmp_path / "out").exists()
    assert run(command) == 0
    assert "backup/1.png: its folder is not called like one character" in capsys.readouterr().out


def test_what_is_not_read_is_counted_by_kind(folder, capsys, tmp_path):
    path = folder("A/1.png", "A/2.png")
    for name in ("A/photo.HEIC", "A/b.heic", "A/c.psd", ".hidden/x.png", "A/@eaDir/1.png", "notes.txt"):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes(b"x")
    (path / "A" / "empty.png").touch()
    os.mkfifo(path / "A" / "pipe.png")
    (path / "A" / "gone.png").symlink_to(path / "nowhere.png")
    (path / "B").symlink_to(path / "A")
    (path / "A" / "up").symlink_to(path)
    reader = ImagesReader(path)
    assert found(reader) == [("set", "A"), ("set", "A"), ("set", "B"), ("set", "B")]
    counts = {reason.split(",")[0].split(":")[0]: count for reason, count in reader.ignored.items()}
    assert counts == {
        "HEIC file": 4,
        "PSD file": 2,
        "hidden folder": 1,
        "folder of the system": 2,
        ".txt": 1,
        "empty file": 2,
        "pipe or device": 2,
        "broken link": 2,
        "link to a folder above it": 2,
    }
    assert run(["import", "images", str(path), "--no-font", "--dry-run", "--out", str(tmp_path / "out")]) == 0
    assert "4 × HEIC file, which is not read: save them as PNG or JPEG" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("encoding", "change"),
    [
        ("utf-8", lambda text: text),
        ("utf-8-sig", lambda text: text.replace("\n", "\r\n")),
        ("utf-16", lambda text: text.replace(",", "\t")),
        ("utf-8", lambda text: text.replace(",", ";")),
        ("utf-8", lambda text: text.replace("filename,words,style", "File,Text,Writer")),
    ],
)
def test_labels_csv_as_spreadsheets_save_it(encoding, change, folder):
    path = folder("imgs/a.png", "imgs/b.png", "imgs/c.png")
    text = change("filename,words,style\nimgs\\a.png,A,anna\nimgs/b.png,u+4e00,anna\n")
    (path / "labels.csv").write_bytes(text.encode(encoding))
    writings, intake = taken(ImagesReader(path))
    assert [(w.style, w.char) for w in writings] == [("anna", "A"), ("anna", "一")]
    assert [(skip.reason, skip.where) for skip in intake.skips] == [("not in labels.csv", "imgs/c.png")]


def test_labels_csv_with_a_comma_as_it_stands(folder):
    path = folder("1.png", "2.png")
    (path / "labels.csv").write_text('filename,words\n1.png,,\n2.png,"\n')
    assert found(ImagesReader(path)) == [("set", ","), ("set", '"')]
    (path / "labels.csv").write_text('filename,words\n1.png,","\n2.png,""""\nmore.png,"a\nb"\n')
    assert found(ImagesReader(path)) == [("set", ","), ("set", '"')]


def test_further_pages_of_a_file_are_told(folder):
    path = folder("A/1.png")
    frames = [Image.open(path / "A" / "1.png"), Image.new("L", (40, 40), 9)]
    for name in ("moves.gif", "pages.tif"):
        frames[0].save(path / "A" / name, save_all=True, append_images=frames[1:])
    writings, intake = taken(ImagesReader(path))
    assert len(writings) == 3
    assert {skip.where: skip.reason for skip in intake.skips} == dict.fromkeys(("A/moves.gif", "A/pages.tif"), FURTHER)
