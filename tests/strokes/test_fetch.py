from __future__ import annotations

import gzip
import json
import zipfile

import pytest

from handgen.cli import run
from handgen.strokes.counts import read_counts
from handgen.strokes.kanjivg import read_kanjivg
from tests.fonts.test_fetch import names, tgz

FILES = ["LICENSE-strokes.txt", "stroke-counts.tsv", "strokes.json", "strokes.jsonl.gz"]


def drawn(count):
    line = [[100, 200], [300, 400]]
    return json.dumps({"strokes": ["M 1 2 L 3 4 Z"] * count, "medians": [line] * count, "radStrokes": [0]}).encode()


@pytest.fixture
def good():
    return {
        "package/一.json": drawn(1),
        "package/𠀀.json": drawn(5),
        "package/package.json": b"{}",
        "package/ARPHICPL.TXT": b"ARPHIC PUBLIC LICENSE",
        "package/APL/gb/ARPHICPL.TXT": b"another",
    }


@pytest.fixture
def fetch(tmp_path, clients, capsys):
    """Run the command on a package of the given files: return the exit code, and what it said."""

    def call(files, *options):
        clients(tgz(tmp_path, files))
        code = run(["fonts", "fetch", "strokes", "--out", str(call.out), *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    call.out = tmp_path / "fonts"
    return call


def test_strokes_come_with_counts_license_and_provenance(fetch, good):
    code, said = fetch(good)
    assert (code, "fetched 1: strokes" in said) == (0, True)
    folder = fetch.out / "strokes"
    assert names(fetch.out) == ["strokes"]
    assert names(folder) == FILES
    assert read_counts(folder / "stroke-counts.tsv") == {"一": 1, "𠀀": 5}
    assert (folder / "LICENSE-strokes.txt").read_bytes() == good["package/ARPHICPL.TXT"]
    assert json.loads((folder / "strokes.json").read_text())["source"]["package"] == "hanzi-writer-data"
    with gzip.open(folder / "strokes.jsonl.gz", "rt", encoding="utf-8") as file:
        records = {record["character"]: record for record in map(json.loads, file)}
    assert [len(records[char]["medians"]) for char in "一𠀀"] == [1, 5]


def test_what_is_there_stays_unless_forced(fetch, good):
    fetch(good)
    more = good | {"package/二.json": drawn(2)}
    assert "already there 1" in fetch(more)[1]
    assert len(read_counts(fetch.out / "strokes" / "stroke-counts.tsv")) == 2
    assert fetch(more, "--force")[0] == 0
    assert len(read_counts(fetch.out / "strokes" / "stroke-counts.tsv")) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"package/一.json": b"{"}, "the stroke data 一.json is damaged"),
        ({"package/一.json": b'{"strokes": ["M"], "medians": []}'}, "1 strokes and 0 medians"),
        ({"package/一.json": b"[]"}, "the stroke data 一.json is damaged"),
        ({"package/ARPHICPL.TXT": None}, "holds no license"),
        ({"package/一.json": None, "package/𠀀.json": None}, "holds no strokes"),
        ({"package/../evil.json": b"x"}, "paths that lead outside its folder"),
    ],
)
def test_a_package_without_what_it_should_hold_leaves_nothing(fetch, good, change, message):
    code, said = fetch({name: data for name, data in {**good, **change}.items() if data is not None})
    assert code == 1
    assert message in " ".join(said.split())
    assert names(fetch.out) == []


def test_a_dry_run_fetches_nothing(fetch, good):
    assert "hanzi-writer-data" in fetch(good, "--dry-run")[1]
    assert not fetch.out.exists()


SVG = """<?xml version="1.0"?><!DOCTYPE svg [<!ATTLIST path xmlns:kvg CDATA #FIXED "x">]>
<svg xmlns="http://www.w3.org/2000/svg"><g id="kvg:StrokePaths_00041">
<path id="kvg:00041-s1" kvg:type="x" d="M54,14c-8,19,-31,70,-34,78"/><path id="kvg:00041-s2" d="M54 14L9 9"/>
</g><g><text transform="matrix(1 0 0 1 45 18)">1</text></g></svg>"""
WHEEL = {
    "kanji/00041.svg": SVG.encode(),
    "kanji/00041-Kaisho.svg": b"a variant",
    "kanjivg-20260714.dist-info/licenses/COPYING": b"CC BY-SA 3.0",
}


@pytest.fixture
def fetch_kanjivg(tmp_path, clients, capsys, monkeypatch):
    monkeypatch.setenv("FAKE_WANTED", "kanjivg==20260714")

    def call(files):
        archive = tmp_path / "kanjivg-20260714-py3-none-any.whl"
        with zipfile.ZipFile(archive, "w") as wheel:
            for name, data in files.items():
                wheel.writestr(name, data)
        clients(archive)
        code = run(["fonts", "fetch", "kanjivg", "--out", str(tmp_path / "fonts")])
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def test_kanjivg_comes_with_its_license(fetch_kanjivg, tmp_path):
    assert fetch_kanjivg(WHEEL)[0] == 0
    folder = tmp_path / "fonts" / "strokes"
    assert names(folder) == ["LICENSE-kanjivg.txt", "kanjivg-about.json", "kanjivg.json"]
    assert json.loads((folder / "kanjivg.json").read_text()) == {"A": ["M54,14c-8,19,-31,70,-34,78", "M54 14L9 9"]}
    assert [len(stroke) for stroke in read_kanjivg(folder, "A")["A"]] == [9, 2]
    assert json.loads((folder / "kanjivg-about.json").read_text())["license"] == "CC-BY-SA-3.0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kanji/00041.svg": SVG[:-9].encode()}, "00041.svg is damaged (no strokes, or cut short)"),
        ({"kanji/00041.svg": SVG.replace("L9 9", "L9").encode()}, "00041.svg is damaged"),
        ({"kanji/00041.svg": b"<svg></svg>"}, "no strokes"),
        ({"kanjivg-20260714.dist-info/licenses/COPYING": None}, "holds no license"),
        ({"kanji/00041.svg": None}, "holds no strokes"),
    ],
)
def test_a_damaged_kanjivg_leaves_nothing(fetch_kanjivg, tmp_path, change, message):
    code, said = fetch_kanjivg({name: data for name, data in {**WHEEL, **change}.items() if data is not None})
    assert (code, message in " ".join(said.split())) == (1, True), said
    assert not (tmp_path / "fonts" / "strokes").exists()
