from __future__ import annotations

import gzip
import json

import pytest

from handgen.cli import run
from handgen.strokes.counts import read_counts
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


def test_strokes_come_with_counts_licence_and_provenance(fetch, good):
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
        ({"package/ARPHICPL.TXT": None}, "holds no licence"),
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
