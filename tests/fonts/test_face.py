from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTCollection, TTFont
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from hypothesis import given
from hypothesis import strategies as st

from handgen.errors import FontError, HandgenError, UsageError
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef, describe, open_face
from handgen.fonts.find import resolve_font
from handgen.fonts.raster import Placement, Rasterizer
from tests.conftest import rectangle

PLACEMENT = Placement(48, 48, 32, 44)


def draw(path, char, **ref):
    return Rasterizer(FontRef(path, **ref), 64, PLACEMENT).draw(char)


@given(
    st.text("ab.#@2 [", min_size=1).filter(lambda name: name.strip(" .") and name == name.strip()),
    st.integers(0, 30),
    st.sampled_from(["", "Bold", "Extra Light"]),
)
def test_spec_round_trips(name, face, instance):
    ref = FontRef(Path(name), face, instance)
    assert FontRef.parse(ref.spec) == ref


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("fonts/lxgw-wenkai.ttf", "lxgw-wenkai"),
        ("Caveat[wght].ttf", "caveat"),
        ("Caveat[wght].ttf@Bold", "caveat-bold"),
        ("NotoSansSC-Regular.otf", "noto-sans-sc"),
        ("NotoSansCJK-Regular.ttc#2", "noto-sans-cjk-2"),
        ("IndieFlower_Regular.woff2", "indie-flower"),
        ("华文行楷.ttf", "华文行楷"),
        ("Regular.ttf", "regular"),
    ],
)
def test_style_names_are_for_people(spec, name):
    assert FontRef.parse(spec).style_name == name


@pytest.mark.parametrize("flavor", ["woff", "woff2"])
def test_web_fonts_draw_the_same_ink(tiny_font, tmp_path, flavor):
    plain = tiny_font("plain.ttf", {"g": [rectangle(100, -200, 500, 500), rectangle(200, 100, 400, 400)[::-1]]})
    path = tmp_path / f"packed.{flavor}"
    with TTFont(plain) as font:
        font.flavor = flavor
        font.save(path)
    assert path.read_bytes()[:4] in (b"wOFF", b"wOF2")
    assert np.array_equal(draw(path, "g"), draw(plain, "g"))
    assert describe(path)[0].family == "Tiny"


def test_a_collection_opens_at_each_face(tiny_font, tmp_path):
    fonts = [tiny_font(f"{i}.ttf", {"a": [rectangle(0, 0, 300 * i, 500)]}, family=f"Face {i}") for i in (1, 2)]
    collection = TTCollection()
    collection.fonts = [TTFont(path) for path in fonts]
    path = tmp_path / "both.ttc"
    collection.save(path)
    for face, font in enumerate(fonts):
        assert np.array_equal(draw(path, "a", face=face), draw(font, "a"))
    assert [(info.ref.face, info.family) for info in describe(path)] == [(0, "Face 1"), (1, "Face 2")]
    with pytest.raises(UsageError, match=r"no face 2.*faces 0 to 1"):
        open_face(FontRef(path, 2))


def test_a_named_instance_changes_the_weight(caveat):
    regular, bold = draw(caveat, "m"), draw(caveat, "m", instance="bold")
    assert (bold < 128).sum() > 1.2 * (regular < 128).sum()
    assert describe(caveat)[0].instances == ("Regular", "Bold")
    with pytest.raises(UsageError, match=r"no instance 'Blod'.*'Bold'"):
        open_face(FontRef(caveat, instance="Blod"))


def test_an_instance_of_a_plain_font_is_refused(tiny_font):
    path = tiny_font("plain.ttf", {"a": [rectangle(0, 0, 500, 500)]})
    with pytest.raises(UsageError, match="not a variable font"):
        open_face(FontRef(path, instance="Bold"))
    with pytest.raises(UsageError, match=r"no face 1.*one face"):
        open_face(FontRef(path, 1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"PK\x03\x04rest", "ZIP archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"\x89PNG\r\n\x1a\n", "is not a font"),
        (b"\x00\x01\x00\x00", "damaged"),
        (b"ttcf\x00\x01", "damaged"),
        (b"wOF2" + bytes(60), "damaged"),
        (b"wOFF" + bytes(60), "damaged"),
    ],
    ids=["empty", "html", "zip", "lfs", "png", "ttf", "ttc", "woff2", "woff"],
)
def test_what_is_no_font_is_named_in_one_line(tmp_path, content, message):
    path = tmp_path / "bad.ttf"
    path.write_bytes(content)
    with pytest.raises(FontError, match=message) as caught:
        open_face(FontRef(path))
    assert "bad.ttf" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FontError, match=r"no font file .*none\.ttf"):
        open_face(FontRef(tmp_path / "none.ttf"))


@pytest.mark.parametrize("keep", [0.02, 0.2, 0.5, 0.9])
def test_a_font_cut_short_never_shows_a_traceback(kalam, tmp_path, keep):
    path = tmp_path / "short.ttf"
    data = kalam.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    complaints = [str(error) for error in (refusal(draw, path, "g"), refusal(describe, path)) if error]
    assert all("short.ttf" in text for text in complaints)


def refusal(use, *args):
    try:
        use(*args)
    except HandgenError as error:
        return error


@pytest.mark.parametrize("filled", [False, True])
def test_a_download_that_broke_off_is_damaged_and_no_font_of_blanks(caveat, tmp_path, filled):
    whole = Path(caveat).read_bytes()
    sound = survey(FontRef(Path(caveat)), "abcdefgh")
    path = tmp_path / "half.ttf"
    refused = 0
    for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
        part = whole[: int(len(whole) * share)]
        path.write_bytes(part + bytes(len(whole) - len(part)) * filled)
        try:
            coverage = survey(FontRef(path), "abcdefgh")
        except FontError:
            refused += 1
            with pytest.raises(FontError, match=r"half\.ttf"):
                describe(path)
        else:
            assert coverage.drawn == sound.drawn
            assert np.array_equal(coverage.boxes, sound.boxes)
    assert refused >= 4


@pytest.mark.parametrize("flavor", ["woff", "woff2"])
def test_a_web_font_that_broke_off_is_damaged(flavor, tiny_font, tmp_path):
    path = tmp_path / f"packed.{flavor}"
    with TTFont(tiny_font("plain.ttf", {"g": [rectangle(100, -200, 500, 500)]})) as font:
        font.flavor = flavor
        font.save(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(FontError, match="damaged"):
        open_face(FontRef(path))


def test_rubbish_in_place_of_its_head_is_no_font(caveat, tmp_path):
    data = bytearray(Path(caveat).read_bytes())
    with TTFont(caveat) as font:
        head = font.reader.tables["head"]
    data[head.offset : head.offset + head.length] = bytes(range(head.length))
    path = tmp_path / "rubbish.ttf"
    path.write_bytes(data)
    with pytest.raises(FontError, match=r"rubbish\.ttf is damaged"):
        survey(FontRef(path), "ab")


@pytest.mark.parametrize("tag", ["GSUB", "GPOS"])
def test_a_font_cut_in_what_shapes_letters_is_damaged(tag, caveat, tmp_path):
    """Its letters are whole, and would stand elsewhere, or unjoined, without a word."""
    data = bytearray(Path(caveat).read_bytes())
    with TTFont(caveat) as font:
        table = font.reader.tables[tag]
    row = data.index(tag.encode(), 12)
    moved = data[table.offset : table.offset + table.length]
    data[row + 8 : row + 12] = len(data).to_bytes(4, "big")
    path = tmp_path / "last.ttf"
    path.write_bytes(data + moved)
    sound = survey(FontRef(path), "ab")
    assert sound.drawn == "ab"
    path.write_bytes(data + moved[: len(moved) // 2])
    with pytest.raises(FontError, match=r"last\.ttf is damaged \(its end is missing"):
        survey(FontRef(path), "ab")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_or_a_folder_in_the_stead_of_a_font_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe.ttf")
    (tmp_path / "folder.ttf").mkdir()
    for name, what in (("pipe", "a pipe"), ("folder", "a folder")):
        with pytest.raises(UsageError, match=f"{name}\\.ttf is {what}"):
            resolve_font(str(tmp_path / f"{name}.ttf"))


def test_what_other_packages_log_of_fonts_does_not_reach_the_terminal(caveat, tmp_path):
    font = TTFont(caveat)
    name = bytearray(font.reader["name"])
    name[2:4] = (len(name) * 9).to_bytes(2, "big")  # far more records than there are
    font.tables["name"] = DefaultTable("name")
    font["name"].data = bytes(name)
    font.save(tmp_path / "names.ttf")
    code = (
        "import logging; from pathlib import Path; from handgen.fonts.face import describe\n"
        "describe(Path('names.ttf'))\n"
        "logging.getLogger('matplotlib.font_manager').warning('Matplotlib is building the font cache')"
    )
    made = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
