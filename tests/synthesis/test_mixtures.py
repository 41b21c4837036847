"""Datasets of several sources: all that holds for one holds for them."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from handgen.cli import run
from handgen.seeds import SampleKey
from handgen.sources.base import Drawing, no_notes
from handgen.sources.spec import SourceSpec
from handgen.synthesis import gate as gates
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare, samples
from handgen.synthesis.request import LineRequest, Request
from tests.readers import items, read_as_trainers_do
from tests.synthesis.conftest import Fickle, listed

COUNT = 600


@pytest.fixture(scope="module")
def mixed(trained, handwriting, kalam):
    """The words of a mixture of three sources with shares of 3, 2 and 1."""
    words = ["--model", f"{trained}=3", "--model", f"{handwriting}=2", "--model", "fonts=1", "--fonts", str(kalam)]
    return [*words, "--charset", "ABCDEFG", "--count", str(COUNT)]


def synth(out, *words):
    assert run(["synth", "--out", str(out), *map(str, words)]) == 0
    return out


@pytest.fixture(scope="module")
def whole(mixed, tmp_path_factory):
    """The mixture as one run wrote it."""
    return synth(tmp_path_factory.mktemp("mixed") / "one", *mixed, "--gate", "off")


def metas(out):
    return [json.loads(value) for key, value in sorted(items(out).items()) if key.startswith(b"meta-")]


def test_a_dataset_says_which_source_drew_each_sample(whole, capsys):
    out = whole
    capsys.readouterr()
    assert run(["check", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["defects"] == 0
    counts = Counter(meta["source"] for meta in metas(out))
    assert counts == {"small": COUNT // 2, "hands": COUNT // 3, "fonts": COUNT // 6}
    labels = Counter(
        (label, meta["source"]) for (label, _), meta in zip(read_as_trainers_do(out), metas(out), strict=True)
    )
    assert {label for label, source in labels if source == "hands"} == set("ABCDE")
    own = [count for (_, source), count in labels.items() if source == "small"]
    assert max(own) - min(own) <= 6
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    table = {style["name"]: style["source"] for style in manifest["info"]["style_table"]}
    assert all(table[meta["style"]] == meta["source"] for meta in metas(out))
    assert [each["share"] for each in manifest["info"]["sources"]] == [0.5, 0.333333, 0.166667]
    assert [each["share"] for each in manifest["plan"]["sources"]] == [3, 2, 1]
    wrong = {(meta["style"], label) for (label, _), meta in zip(read_as_trainers_do(out), metas(out), strict=True)}
    assert ("ann", "D") not in wrong
    assert ("bo", "A") not in wrong


def test_batch_workers_and_shards_change_nothing(mixed, whole, tmp_path):
    assert items(synth(tmp_path / "two", *mixed, "--gate", "off", "--batch", 7, "--workers", 2)) == items(whole)
    shards = synth(tmp_path / "tree", *mixed, "--gate", "off", "--shards", 2)
    found = [image for part in sorted(shards.glob("*/data.mdb")) for _, image in read_as_trainers_do(part.parent)]
    assert all(np.array_equal(a, b) for a, (_, b) in zip(found, read_as_trainers_do(whole), strict=True))


KILLED = """
import os, signal, sys
from handgen.cli import run
from handgen.formats.lmdb import LmdbWriter
from handgen.synthesis import write
write._WRITE = 100
real, calls = LmdbWriter.write, []
def killed(self, samples):
    real(self, samples)
    self._flush()
    calls.append(1)
    if len(calls) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
LmdbWriter.write = killed
sys.exit(run(sys.argv[1:]))
"""


def test_a_run_that_was_killed_goes_on(mixed, whole, tmp_path):
    out = tmp_path / "killed"
    process = subprocess.run(
        [sys.executable, "-c", KILLED, "synth", "--out", str(out), *mixed, "--gate", "off"], capture_output=True
    )
    assert process.returncode == -9
    assert 0 < sum(key.startswith(b"image-") for key in items(out)) < COUNT
    assert items(synth(out, *mixed, "--gate", "off")) == items(whole)


def test_samples_of_any_numbers_are_those_of_the_run(trained, kalam):
    sources = (SourceSpec(source=str(trained)), SourceSpec(source="fonts", fonts=str(kalam)))
    made = prepare(Request(sources=sources, charset="ABC", gate="off"))
    whole = [(s.index, s.text, s.meta, s.image.tobytes()) for s in samples(made, 0, 700)]
    assert [(s.index, s.text, s.meta, s.image.tobytes()) for s in samples(made, 333, 340)] == whole[333:340]
    far = list(samples(made, 10**9, 10**9 + 3))
    assert [s.index for s in far] == [10**9, 10**9 + 1, 10**9 + 2]


def test_what_does_not_read_is_replaced_by_the_same_source(mixed, fickle, tmp_path):
    out = synth(tmp_path / "set", *mixed, *fickle)
    counts = Counter(meta["source"] for meta in metas(out))
    assert counts == {"small": COUNT // 2, "hands": COUNT // 3, "fonts": COUNT // 6}
    rejects = listed(out)
    assert len(rejects) > 50
    assert (out / "rejects.png").is_file()
    able = {"ann": "ABC", "bo": "BCDE"}
    for (label, _), meta in zip(read_as_trainers_do(out), metas(out), strict=True):
        assert label in able.get(meta["style"], "ABCDEFG")


def test_lines_are_of_what_their_style_can_write(trained, handwriting, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("AB CAB BAD FACE\nDEED BEAD CAFE\nGAB EGG\n", encoding="utf-8")
    sources = (SourceSpec(source=str(trained), share=1), SourceSpec(source=str(handwriting), share=1))
    lines = LineRequest(corpus=str(corpus), height=32, max_chars=8)
    made = prepare(Request(sources=sources, charset="ABCDEFG", lines=lines, gate="off"))
    drawn = list(samples(made, 0, 80))
    assert Counter(line.meta["source"] for line in drawn) == {"small": 40, "hands": 40}
    assert {line.meta["style"] for line in drawn} == {"kalam", "indie-flower", "ann", "bo"}
    for line in drawn:
        able = {"ann": "ABC", "bo": "BCDE"}.get(line.meta["style"], "ABCDEFG")
        assert set(line.text) <= {*able, " "}
    again = list(samples(made, 41, 43))
    assert [line.image.tobytes() for line in again] == [line.image.tobytes() for line in drawn[41:43]]


def refused(capsys, complaint, *words):
    capsys.readouterr()
    assert run(["synth", "--count", "9", *map(str, words)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    assert complaint in error


def test_refusals(trained, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(capsys, "'two' is no share", "--model", "pen=two", "--model", trained)
    refused(capsys, "share from 0", "--model", "pen=-1", "--model", trained)
    refused(capsys, "sum to 0", "--model", "pen=0", "--model", f"{trained}=0", "--charset", "AB")
    refused(capsys, "no run folder and no weights called 'zhh'", "--model", "zhh=1", "--model", trained)
    refused(capsys, "--cursiveness says nothing to", "--model", trained, "--cursiveness", "0,1")
    refused(capsys, "no recipe called 'zhh'", "--recipe", "zhh")
    assert not list(tmp_path.iterdir())


def test_one_source_with_a_share_is_that_source(trained, tmp_path):
    one = items(synth(tmp_path / "one", "--model", trained, "--count", 60, "--gate", "off"))
    assert items(synth(tmp_path / "two", "--model", f"{trained}=3", "--count", 60, "--gate", "off")) == one
    assert make_request(trained).sources[0].share == 1


def test_by_default_only_what_a_network_drew_is_read(trained, kalam, tmp_path, monkeypatch, reading):
    monkeypatch.setattr(gates, "load_reader", lambda file, device: Fickle())
    monkeypatch.setattr(gates, "find_recognizer", lambda path, shipped: reading / "recognizer.safetensors")
    request = Request(
        sources=(SourceSpec(source=str(trained)), SourceSpec(source="fonts", fonts=str(kalam))),
        charset="ABCDEFG", count=200, out=tmp_path / "set",
    )  # fmt: skip
    found = prepare(request)
    gate = found.glyphs.gate
    assert gate.unread == ("fonts",)
    first, second = found.source.parts
    assert list(gate.identity()["floors"]) == [style.name for style in found.source.styles[: second.first_style]]
    drawn = list(samples(found, 0, 200))
    read = {sample.meta["source"]: sample.meta["gate"]["p"] is not None for sample in drawn}
    assert read == {first.source.name: True, "fonts": False}
    assert all("neatness" not in sample.meta for sample in drawn if sample.meta["source"] == "fonts")
    assert any("first" in sample.meta["gate"] for sample in drawn)
    for whole in (replace(request, gate="redraw"), replace(request, recognizer=reading)):
        assert prepare(whole).glyphs.gate.unread == ()
    alone = prepare(replace(request, sources=request.sources[1:]))
    assert alone.glyphs.gate is None
    assert "--gate redraw" in alone.gate_note


def test_blank_and_black_paper_is_drawn_again_where_nobody_reads():
    gate = gates.Gate(Fickle(), "digest", "redraw", 2, "AB", ["pen"], (math.nan,), 0, unread=("pen",))

    def draw(characters, styles, key):
        images = np.full((len(characters), 8, 8), 255, np.uint8)
        images[:, 2:6, 3] = 0
        images[(characters == 0) & (key.attempt == 0)] = 255
        images[(characters == 1) & (key.attempt == 0)] = 90
        return Drawing(images, no_notes(len(images)))

    key = SampleKey.of(0, np.arange(4))
    sifted = gate.sift(draw, np.array([0, 1, 0, 1]), np.zeros(4, np.int64), key)
    assert [record["tries"] for record in sifted.records] == [1] * 4
    assert all(record["p"] is None for record in sifted.records)
    assert (sifted.drawing.images.min((1, 2)) == 0).all()
    assert (sifted.drawing.images.max((1, 2)) == 255).all()
