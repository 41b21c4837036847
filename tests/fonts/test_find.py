from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from handgen.errors import FontError, UsageError
from handgen.fonts import find
from handgen.fonts.charsets import load_charset
from handgen.fonts.face import FontRef, describe
from handgen.fonts.find import (
    find_fonts,
    font_cache,
    guess_kind,
    resolve_font,
    search_folders,
    suitable_targets,
)
from tests.conftest import rectangle

SQUARE = [rectangle(100, 0, 700, 700)]


@pytest.fixture(autouse=True)
def only_pip_fonts(tmp_path, monkeypatch):
    """Leave no fonts but those of pip packages, and work in an empty folder."""
    monkeypatch.setattr(find, "_system_folders", lambda: [tmp_path / "system"])
    monkeypatch.setenv("HANDGEN_FONTS", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


def put(source, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(source, path))


def found(family):
    return [font for font in find_fonts() if font.family == family]


def test_fonts_of_pip_packages(heiti, caveat):
    (sans,) = found("Noto Sans SC")
    assert (sans.ref, sans.script, sans.kind, sans.license) == (FontRef(heiti), "han", "hei", "OFL-1.1")
    (hand,) = found("Caveat")
    assert (hand.ref, hand.script, hand.kind, hand.where) == (FontRef(caveat), "latin", "pen", "pip")


def test_the_nearer_place_wins_face_by_face(tmp_path, kalam):
    put(kalam, tmp_path / "cache" / "b.ttf")
    put(kalam, tmp_path / "system" / "c.ttf")
    local = put(kalam, Path("fonts/deep/a.ttf"))
    sites = {font.subfamily: (font.where, font.ref.path) for font in found("Kalam")}
    assert sites["Regular"] == ("./fonts", local)
    assert sites["Bold"][0] == "pip"
    local.unlink()
    assert {font.where for font in found("Kalam") if font.subfamily == "Regular"} == {"cache"}


def test_two_files_of_one_place_are_both_kept_but_a_link_is_not(tiny_font, tmp_path):
    tiny_font("a.ttf", {"a": SQUARE}, family="Untitled")
    put(tmp_path / "a.ttf", Path("fonts/a.ttf"))
    put(tmp_path / "a.ttf", Path("fonts/b.ttf"))
    Path("fonts/c.ttf").symlink_to("a.ttf")
    assert [font.ref.path.name for font in found("Untitled")] == ["a.ttf", "b.ttf"]


def test_broken_files_are_listed_and_harm_nothing(heiti):
    folder = Path("fonts")
    folder.mkdir()
    (folder / "page.ttf").write_text("<!DOCTYPE html><html></html>")
    (folder / "cut.otf").write_bytes(heiti.read_bytes()[:5000])
    (folder / "gone.ttf").symlink_to("nowhere.ttf")
    (folder / "notes.txt").write_text("not a font")
    (folder / ".hidden").mkdir()
    put(heiti, folder / ".hidden" / "x.otf")
    broken = {font.family: font.broken for font in find_fonts() if font.broken}
    assert set(broken) == {"page", "cut", "gone"}
    assert "web page" in broken["page"]
    assert found("Noto Sans SC")
    with pytest.raises(FontError, match="web page"):
        resolve_font("page.ttf")


def test_a_replaced_file_is_looked_at_again(tiny_font, tmp_path):
    path = put(tiny_font("one.ttf", {"a": SQUARE}, family="One"), Path("fonts/x.ttf"))
    os.utime(path, ns=(0, 0))
    assert found("One")
    put(tiny_font("two.ttf", {"a": SQUARE}, family="Two"), path)
    assert found("Two")
    assert not found("One")


@pytest.mark.parametrize("text", ["Heiti", "Heiti.ttf", "黑体", "heiti", "Noto Sans SC", "NotoSansSC-Regular.otf"])
def test_names_of_the_chinese_sans(text, heiti):
    assert resolve_font(text) == FontRef(heiti)


@pytest.mark.parametrize("text", ["Caveat", "caveat", "Caveat.ttf", "Caveat[wght].ttf"])
def test_names_of_caveat(text, caveat):
    assert resolve_font(text) == FontRef(caveat)
    assert resolve_font(f"{text}@Bold") == FontRef(caveat, instance="Bold")


def test_a_family_means_its_regular_face(kalam):
    assert resolve_font("Kalam") == FontRef(kalam)
    assert resolve_font("Kalam-Bold").path.name == "Kalam-Bold.ttf"


def test_a_font_really_called_heiti_comes_before_the_alias(kalam):
    put(kalam, Path("fonts/Heiti.ttf"))
    assert resolve_font("Heiti.ttf") == FontRef(Path("fonts/Heiti.ttf"))
    Path("Heiti.ttf").write_bytes(kalam.read_bytes())
    assert resolve_font("Heiti.ttf") == FontRef(Path("Heiti.ttf"))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("Ma Shan Zheng", "handgen fonts fetch 'Ma Shan Zheng'"),
        ("liu-jian-mao-cao.ttf", "handgen fonts fetch 'Liu Jian Mao Cao'"),
        ("Cavaet", "Did you mean 'Caveat'"),
        ("qqqqqq", "handgen fonts fetch zh|en"),
        ("楷体", "handgen fonts fetch 'LXGW WenKai'"),
        ("somewhere/Heiti.ttf", "handgen fonts list"),
    ],
)
def test_what_is_not_found_gets_a_remedy(text, remedy):
    with pytest.raises(UsageError) as caught:
        resolve_font(text)
    assert Path(text).name in caught.value.message
    assert remedy in caught.value.remedy


def families(refs):
    return [describe(ref.path)[ref.face].family for ref in refs]


def test_targets_are_handwritten_one_face_a_family_without_the_source(caveat):
    names = families(suitable_targets(load_charset("latin62"), FontRef(caveat)))
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert {"Kalam", "Zeyada", "Indie Flower", "Satisfy"} <= set(names)
    assert not {"Caveat", "Permanent Marker", "Noto Sans SC"} & set(names)


def test_without_a_written_font_any_other_that_covers_will_do(heiti):
    assert families(suitable_targets(load_charset("gb2312-1"), FontRef(heiti))) == ["Noto Serif SC"]


def test_no_target_at_all(heiti):
    assert suitable_targets("ሀሁሂ", FontRef(heiti)) == []


@pytest.mark.parametrize(
    ("family", "script", "kind"),
    [
        ("KouzanBrushFont", "han", "brush"),
        ("AR PL KaitiM GB", "han", "kai"),
        ("方正硬笔行书", "han", "running"),
        ("Kaisei Thing", "han", "display"),
        ("Source Han Sans SC", "han", "hei"),
        ("Open Sans", "latin", "sans"),
        ("Some-Hand", "latin", "pen"),
        ("Handel Gothic", "latin", "sans"),
        ("DejaVu Serif", "latin", "serif"),
    ],
)
def test_a_kind_is_guessed_from_whole_words(family, script, kind):
    assert guess_kind(family, script) == kind


def test_the_font_cache_can_be_moved(monkeypatch, tmp_path, kalam):
    put(kalam, tmp_path / "cache" / "k.ttf")
    assert font_cache() == tmp_path / "cache"
    assert tmp_path / "cache" in search_folders()
    monkeypatch.delenv("HANDGEN_FONTS")
    monkeypatch.setattr(find.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert font_cache() == tmp_path / "data" / "handgen" / "fonts"
