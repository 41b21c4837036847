"""``synth --model pen``: from strokes to a dataset, without a model or a network."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from handgen.cli import run
from handgen.seeds import SampleKey
from handgen.sources.opening import open_sources
from handgen.sources.spec import SourceSpec
from tests.cli.test_synth import refused
from tests.readers import items, read_as_trainers_do
from tests.strokes.conftest import HANZI, stroke_data

__all__ = ["stroke_data"]
CHARS = "".join(HANZI)


@pytest.fixture
def pen(stroke_data, tmp_path):
    """Run ``synth --model pen`` on the characters of the fixture."""

    def call(out, *options, chars=CHARS, code=0):
        arguments = ["synth", "--model", "pen", "--charset", chars, "--out", str(tmp_path / out), "--gate", "off"]
        assert run([*arguments, *map(str, options)]) == code
        return tmp_path / out

    return call


def test_writers_write_a_set_that_trainers_read(pen, capsys):
    out = pen("set", "--styles", 20, "--count", 140)
    read = read_as_trainers_do(out)
    assert len(read) == 140
    assert {label for label, _ in read} == set(CHARS)
    assert all(image.shape == (64, 64) and image.min() < 160 for _, image in read)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["info"]["stroke_sources"] == {"hanzi": len(CHARS)}
    assert manifest["info"]["stroke_licenses"] == {"hanzi": "Arphic-1999, hanzi-writer-data 2.0.1"}
    writers = [style["writer"] for style in manifest["info"]["style_table"]]
    assert len({writer["slant"] for writer in writers}) == 20
    assert len({image.tobytes() for _, image in read}) == 140
    capsys.readouterr()
    assert run(["check", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["defects"] == 0


def test_sample_i_depends_on_seed_and_i_alone(pen):
    whole = items(pen("one", "--styles", 5, "--count", 140))
    assert items(pen("two", "--styles", 5, "--count", 140, "--batch", 7, "--workers", 3)) == whole
    shorter = items(pen("short", "--styles", 5, "--count", 70, "--workers", 1))
    images = [key for key in shorter if key.startswith(b"image-")]
    assert len(images) == 70
    assert all(shorter[key] == whole[key] for key in images)
    other = items(pen("other", "--styles", 5, "--count", 70, "--seed", 1))
    assert other[b"image-000000001"] != whole[b"image-000000001"]
    shards = pen("shards", "--styles", 5, "--count", 140, "--shards", 2)
    found = [image for part in sorted(shards.glob("*/data.mdb")) for _, image in read_as_trainers_do(part.parent)]
    expected = [image for _, image in read_as_trainers_do(shards.parent / "one")]
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_writers_come_back_from_their_file(pen):
    first = pen("first", "--styles", 3, "--count", 60)
    again = pen("again", "--writer", first / "writers.json", "--styles", "writer2", "--count", 60)
    meta = [json.loads(value)["style"] for key, value in items(again).items() if key.startswith(b"meta-")]
    assert set(meta) == {"writer2"}
    assert (again / "writers.json").read_text() != (first / "writers.json").read_text()
    rows, drawn = np.arange(len(CHARS)), []
    for writer in (first / "writers.json", None):
        spec = SourceSpec(source="pen", writer=writer, styles="writer2")
        source = open_sources([spec], CHARS, seed=0, device="cpu")
        drawn.append(source.draw(rows, rows * 0, SampleKey.of(0, rows)).images.astype(int))
    assert np.abs(drawn[0] - drawn[1]).max() < 7  # the very writer, with all habits
    mine = json.loads((again / "writers.json").read_text())["writers"]["writer2"]
    theirs = json.loads((first / "writers.json").read_text())["writers"]["writer2"]
    assert mine["pen"] == theirs["pen"]
    assert {k: v for k, v in mine.items() if k != "pen"} == pytest.approx(
        {k: v for k, v in theirs.items() if k != "pen"}, abs=1e-3
    )


def test_cursiveness_size_vary_and_another_writer_a_sample(pen):
    def cursive(out):
        table = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["info"]["style_table"]
        return [style["writer"]["cursiveness"] for style in table]

    assert max(cursive(pen("neat", "--cursiveness", "0,0.1", "--styles", 9, "--count", 9))) <= 0.1
    assert min(cursive(pen("wild", "--cursiveness", "0.9,1", "--styles", 9, "--count", 9))) >= 0.9
    assert read_as_trainers_do(pen("small", "--size", 32, "--count", 7))[0][1].shape == (32, 32)
    same = read_as_trainers_do(pen("same", "--vary", 0, "--styles", 1, "--count", 140))
    assert len({image.tobytes() for _, image in same}) == len(CHARS)
    free = pen("free", "--styles", "continuous", "--count", 64)
    latents = [json.loads(value)["latent"] for key, value in items(free).items() if key.startswith(b"meta-")]
    assert len({tuple(latent) for latent in latents}) == 64


def test_writers_by_name_and_the_usual_ones_follow_the_seed(pen):
    def slants(out):
        table = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["info"]["style_table"]
        return [style["writer"]["slant"] for style in table]

    named = slants(pen("named", "--styles", "writer3,writer1", "--seed", 5, "--count", 9))
    assert named == slants(pen("many", "--styles", 3, "--seed", 5, "--count", 9))[::-2]
    usual = slants(pen("usual", "--seed", 5, "--count", 9))
    assert len(usual) == 16
    assert usual[2] == named[0]
    assert set(usual).isdisjoint(slants(pen("zero", "--count", 9)))


def test_a_run_folder_of_that_name_is_not_passed_over(pen, trained, tmp_path, capsys):
    (tmp_path / "pen").mkdir()
    pen("fine", "--count", 5)
    shutil.copy(trained, tmp_path / "pen" / "model.safetensors")
    out = ("--out", tmp_path / "out", "--count", 5)
    refused(capsys, 2, "Name the model's file, pen/model.safetensors", "synth", "--model", "pen", *out)
    assert run(["synth", "--model", "pen/model.safetensors", "--charset", "AB", *map(str, out)]) == 0


def test_lines_previews_and_listings(pen, tmp_path, capsys):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("三十一口小灬\n小口十一\n", encoding="utf-8")
    lines = pen("lines", "--lines", "--corpus", corpus, "--boxes", "--count", 12, "--height", 32)
    assert all(image.shape[0] == 32 and set(label) <= set(CHARS + " ") for label, image in read_as_trainers_do(lines))
    assert run(["check", str(lines)]) == 0
    assert run(["preview", "--model", "pen", "--styles", "4", "--text", CHARS, "--out", str(tmp_path / "p.png")]) == 0
    assert run(["preview", "--model", "pen", "--interpolate", "writer1", "writer4", "--text", CHARS, "--seed", "2",
                "--steps", "3", "--out", str(tmp_path / "w.png")]) == 0  # fmt: skip
    capsys.readouterr()
    pen("none", "--writer", lines / "writers.json", "--list-styles", "--json")
    assert [style["name"] for style in json.loads(capsys.readouterr().out)][:2] == ["writer1", "writer2"]
    assert not (tmp_path / "none").exists()


def test_a_character_without_strokes_is_traced_or_left_out(pen, caveat, capsys):
    out = pen("traced", "--count", 10, "--font", caveat, chars="一AQ")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["info"]["stroke_sources"] == {"hanzi": 1, "kanjivg": 1, "trace": 1}
    assert manifest["plan"]["content_font_sha256"]
    capsys.readouterr()
    out = pen("left", "--count", 10, "--strokes", "hanzi", chars="一AQ")
    assert "left out, without strokes: 2 (AQ)" in capsys.readouterr().err
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["info"]["skipped"] == {
        "without strokes": "AQ"
    }


def test_hands_are_fitted_to_a_store(pen, store, monkeypatch):
    monkeypatch.setattr("handgen.strokes.fit._ROUNDS", ((40, 1.0),))  # test_fit.py asks how near they come
    out = pen("fitted", "--like", store.path, "--styles", 6, "--count", 30, "--size", 32, chars="AB一")
    table = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["info"]["style_table"]
    names = [store.styles[number].name for number in store.targets]
    assert [style["name"] for style in table] == [*names, *(f"writer{n + 1}" for n in range(len(names), 6))]


def test_refusals(pen, trained, tmp_path, capsys):
    out = ("--out", tmp_path / "out", "--count", 9)
    pens = ("synth", "--model", "pen", "--charset", CHARS, *out)
    refused(capsys, 2, "is no range", *pens, "--cursiveness", "0.5,0.1")
    refused(capsys, 2, "is no range", *pens, "--cursiveness", "neat")
    refused(capsys, 2, "is no range", *pens, "--cursiveness", "0,1.5")
    refused(capsys, 2, "unknown writer", *pens, "--styles", "anna")
    refused(capsys, 2, "no file of writers", *pens, "--writer", tmp_path / "none.json")
    refused(capsys, 2, "Did you mean 'trace'", *pens, "--strokes", "trac")
    refused(capsys, 2, "Leave out --cursiveness", *pens, "--writer", tmp_path / "w.json", "--cursiveness", "0,1")
    refused(capsys, 2, "no strokes were found", *pens[:4], "\ue000", *out, "--strokes", "hanzi,kanjivg")
    refused(capsys, 2, "Add --model pen", "synth", "--model", trained, *out, "--cursiveness", "0,1")
    assert not (tmp_path / "out").exists()
