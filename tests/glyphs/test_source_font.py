from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from fontTools.ttLib import TTFont

from handgen.errors import UsageError
from handgen.files import sha256
from handgen.fonts.align import source_placement
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from handgen.fonts.find import resolve_font
from handgen.glyphs.records import Raster
from handgen.glyphs.source_font import AGREES, SourceLook, find_source_font, look_of, look_of_font

CHARS = "的一是不了人我在有中大上ABCDEFG"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Handgen's own font folder, empty; and no ./fonts."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("HANDGEN_FONTS", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def recorded(ref):
    """What is recorded of a font, as if it were elsewhere; and what it looks like."""
    placement = source_placement(survey(ref, CHARS).boxes, 64)
    raster = Raster(size=64, source=ref.path.name, sha256=sha256(ref.path), placement=placement)
    return raster, look_of_font(ref, raster, CHARS)


def renamed(font, path, *, family="", version=""):
    """Write a font under other names, and as another file."""
    edited = TTFont(font)
    for number, text in ((1, family), (16, family), (5, version)):
        if text:
            for record in [each for each in edited["name"].names if each.nameID == number]:
                edited["name"].setName(text, number, record.platformID, record.platEncID, record.langID)
    edited.save(path)
    return path


def test_the_same_file_is_found_whatever_it_is_called(cache, heiti):
    """``fonts fetch zh`` brings the file that the shipped weights know under its name in the pip package."""
    raster, look = recorded(FontRef(heiti))
    shutil.copy(heiti, cache / "noto-sans-sc.otf")
    found = find_source_font(raster, SourceLook())
    assert (found.same, found.note, found.sha256) == (True, "", sha256(heiti))
    # In an installation without that pip package only the fetched file is there; and a name does not matter at all.
    shutil.move(cache / "noto-sans-sc.otf", cache / "x.otf")
    gone = replace(raster, source="/nowhere/Other-Name.otf")
    assert find_source_font(gone, look).same
    assert resolve_font("NotoSansSC-Regular.otf").path.name == "NotoSansSC-Regular.otf"


def test_a_file_of_the_same_name_is_not_taken_for_it(cache, heiti):
    raster, look = recorded(FontRef(heiti))
    (cache / heiti.name).write_bytes(resolve_font("Noto Serif SC").path.read_bytes())
    found = find_source_font(raster, look)
    assert found.same
    assert found.ref.path != cache / heiti.name


def test_a_near_relative_goes_on_if_its_glyphs_agree(cache, kalam, zeyada):
    raster, look = recorded(FontRef(kalam))
    mine = renamed(kalam, cache / "newer.ttf", family="Mine", version="Version 9.1")
    raster = replace(raster, source="Mine-Regular.ttf", sha256="0" * 64)
    look = replace(look, family="Mine", version="Version 9.0")
    found = find_source_font(raster, look)
    assert (found.ref.path.name, found.same) == (mine.name, False)
    assert "newer.ttf Version 9.1, not the Mine-Regular.ttf of training: its glyphs agree, to 0.0 levels" in found.note
    unknown = find_source_font(raster, replace(look, sketches={}))
    assert "its glyphs were not compared" in unknown.note
    # The same version goes first.
    exact = renamed(kalam, cache / "older.ttf", family="Mine", version="Version 9.0")
    assert find_source_font(raster, look).ref.path.name == exact.name
    # Another font that is called so is refused.
    for path in cache.iterdir():
        path.unlink()
    renamed(zeyada, cache / "zeyada.ttf", family="Mine")
    with pytest.raises(
        UsageError, match=r"zeyada\.ttf is called alike, but draws other glyphs .* Give one with --font"
    ):
        find_source_font(raster, look)


def test_nothing_is_there(cache):
    gone = Raster(size=64, source="/nowhere/Ma-Shan-Zheng.ttf", sha256="1" * 64)
    with pytest.raises(UsageError, match=r"Get it with: handgen fonts fetch 'Ma Shan Zheng', or give one with --font"):
        find_source_font(gone, SourceLook())


def test_a_store_looks_as_its_font_does(store, heiti):
    look = look_of(store)
    again = look_of_font(FontRef(heiti), store.raster, "".join(look.sketches))
    assert look == again
    assert look.family
    assert look.version.startswith("Version")
    assert len(look.sketches) > 20


def test_families_differ_by_more_than_the_limit(heiti, kalam):
    """The limit tells fonts apart: another family is further off, and the same font in another build is not."""
    raster, look = recorded(FontRef(heiti))
    other = look_of_font(resolve_font("Noto Serif SC"), raster, CHARS)

    def apart(first, second):
        pairs = [(bytes.fromhex(first.sketches[char]), bytes.fromhex(second.sketches[char])) for char in first.sketches]
        return sum(abs(a - b) for one, two in pairs for a, b in zip(one, two, strict=True)) / sum(
            len(a) for a, _ in pairs
        )

    assert apart(look, look) == 0
    assert apart(look, other) > 2 * AGREES
