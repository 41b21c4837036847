from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from handgen.cli import run
from handgen.degrade.pipeline import Pipeline
from handgen.formats.lmdb import LmdbWriter
from handgen.seeds import SampleKey
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.request import LineRequest
from tests.readers import items, read_as_trainers_do

CORPUS = "ABA CAB, BADE\nThe HEN ran far；end\nXYZ ABC DEF GHI JKL MNO PQR STU\nfgh 龘 mnq\n"


@pytest.fixture
def corpus(tmp_path):
    file = tmp_path / "corpus.txt"
    file.write_text(CORPUS, encoding="utf-8")
    return file


def lines(model, out, *options):
    return run(["synth", "--lines", "--model", str(model), "--out", str(out), *map(str, options)])


def metas(out):
    return [json.loads(value) for key, value in sorted(items(out).items()) if key.startswith(b"meta-")]


def test_labels_widths_and_manifest(trained, corpus, tmp_path, capsys):
    out = tmp_path / "out"
    assert (
        lines(trained, out, "--corpus", corpus, "--count", 90, "--height", 32, "--min-chars", 2, "--max-chars", 9) == 0
    )
    said = capsys.readouterr()
    read = read_as_trainers_do(out)
    assert len(read) == 90
    assert "about 8 texts, each comes about 11.2 times" in " ".join(said.out.split())
    assert all(image.shape[0] == 32 and image.ndim == 2 for _, image in read)
    assert all(2 <= len(label) <= 9 and label == " ".join(label.split()) for label, _ in read)
    assert len({image.shape[1] for _, image in read}) > 10
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    info, plan = manifest["info"], manifest["plan"]
    seen = set("".join(label for label, _ in read)) - {" "}
    assert info["coverage"]["missing"] == "".join(char for char in plan["charset"] if char not in seen)
    assert info["coverage"]["distinct"] == len(seen & set(plan["charset"]))
    assert info["left_out"] == {"龘": 1} or "龘" in "".join(seen)
    assert f"{info['coverage']['distinct']} of {len(plan['charset'])} characters occur" in said.out
    with Image.open(out / "preview.png") as picture:
        assert picture.mode == "L"
        assert picture.width > 300
    assert run(["check", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["defects"] == 0


def test_batch_workers_and_an_interruption_change_nothing(trained, corpus, tmp_path):
    options = ("--corpus", corpus, "--count", 60, "--max-chars", 4, "--degrade", "scan", "--boxes", "--height", 32)
    assert lines(trained, tmp_path / "whole", *options) == 0
    assert lines(trained, tmp_path / "other", *options, "--batch", 1, "--workers", 3) == 0
    assert items(tmp_path / "other") == items(tmp_path / "whole")
    out = tmp_path / "stopped"
    asked = LineRequest(str(corpus), 32, max_chars=4, boxes=True)
    made = prepare(make_request(trained, out=out, count=60, degrade="scan", lines=asked))
    with LmdbWriter(out, made.identity()) as writer:
        writer.write(list(made.synthesis.samples(0, 37)))
        writer._flush()
    assert b"num-samples" not in items(out)
    assert lines(trained, out, *options) == 0
    assert items(out) == items(tmp_path / "whole")
    assert (out / "manifest.json").read_bytes() == (tmp_path / "whole" / "manifest.json").read_bytes()


@pytest.mark.parametrize("way", [(), ("--vertical",)])
def test_boxes_follow_the_ink_and_records_the_damage(trained, corpus, tmp_path, way):
    """A recorded line is degraded again, and every box holds ink of the degraded line."""
    options = ("--corpus", corpus, "--count", 20, "--boost", 0, "--boxes", *way)
    assert lines(trained, tmp_path / "clean", *options) == 0
    assert lines(trained, tmp_path / "photo", *options, "--degrade", "photo") == 0
    pipeline, moved = Pipeline.load("photo"), 0
    pairs = zip(read_as_trainers_do(tmp_path / "clean"), read_as_trainers_do(tmp_path / "photo"), strict=True)
    for (clean, photo), before, after in zip(pairs, metas(tmp_path / "clean"), metas(tmp_path / "photo"), strict=True):
        assert clean[0] == photo[0]
        assert clean[1].shape == photo[1].shape[:2]
        assert photo[1].shape[2] == 3
        assert "mizige" not in after["degraded"]
        turned = clean[1].T if way else clean[1]
        again = pipeline.reapply(np.ascontiguousarray(turned)[None], [after["degraded"]])[0]
        assert np.array_equal(again.swapaxes(0, 1) if way else again, photo[1])
        assert [box is None for box in after["boxes"]] == [char == " " for char in photo[0]]
        height, width = clean[1].shape
        for old, box in zip(before["boxes"], after["boxes"], strict=True):
            if box is None:
                continue
            x0, y0, x1, y1 = box
            assert 0 <= x0 < x1 <= width
            assert 0 <= y0 < y1 <= height
            assert clean[1][old[1] : old[3], old[0] : old[2]].min() < 255
            moved += box != old
    assert moved > 50


def test_one_hand_writes_a_line_and_no_drawing_recurs(latents, tmp_path):
    """A latent drawn anew is the line's, not the character's; each drawing is deformed in its own way."""
    text = tmp_path / "text.txt"
    text.write_text("AAAA\n", encoding="utf-8")
    options = ("--corpus", text, "--count", 6, "--styles", "continuous", "--boost", 0, "--boxes", "--max-chars", 4)
    same = []
    for vary in (0, 1):
        out = tmp_path / str(vary)
        assert lines(latents, out, *options, "--vary", vary) == 0
        assert len({tuple(meta["latent"]) for meta in metas(out)}) == 6
    for vary in (0.0, 1.0):
        made = prepare(make_request(latents, styles="continuous", vary=vary, lines=LineRequest(str(text))))
        key = SampleKey.of(0, np.repeat([0, 1], 4), np.tile([1, 2, 3, 4], 2))
        drawn = made.lines.synthesis.draw("AAAA" * 2, np.zeros(8, int), key).images
        same.append([bool(np.array_equal(drawn[0], other)) for other in drawn])
    assert same[0] == [True] * 4 + [False] * 4
    assert same[1] == [True] + [False] * 7


def refused(capsys, code, complaint, *arguments):
    capsys.readouterr()
    assert run(list(map(str, arguments))) == code
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1, said
    assert complaint in said[0]


def test_refusals(trained, corpus, tmp_path, capsys):
    out = tmp_path / "out"
    model = ("synth", "--lines", "--model", trained, "--out", out)
    bad = tmp_path / "bad.txt"
    bad.write_bytes("好\nabc\n".encode() + b"de\xff")
    refused(capsys, 2, f"{bad} is not UTF-8 (line 3, byte 3)", *model, "--corpus", bad)
    (tmp_path / "empty.txt").write_text(" \n")
    refused(capsys, 2, "holds no text", *model, "--corpus", tmp_path / "empty.txt")
    (tmp_path / "folder").mkdir()
    refused(capsys, 2, "there is no .txt file in", *model, "--corpus", tmp_path / "folder")
    refused(capsys, 2, "Did you mean 'dates'", *model, "--corpus", "datse")
    refused(capsys, 2, "Did you mean 'dates'", *model, "--corpus", "numbers,datse")
    refused(capsys, 2, "min <= max", *model, "--min-chars", 9, "--max-chars", 8)
    refused(capsys, 2, "--corpus", *model, "--text", corpus)
    refused(capsys, 2, "Add --lines", "synth", "--model", trained, "--out", out, "--corpus", corpus)
    odd = tmp_path / "odd.txt"
    odd.write_text("AB \U0001f600 CD\n", encoding="utf-8")
    refused(capsys, 2, "\U0001f600 U+1F600 (1)", *model, "--corpus", odd, "--strict")
    assert not out.exists()
    assert lines(trained, out, "--corpus", odd, "--count", 3, "--max-chars", 30, "--boost", 0) == 0
    said = capsys.readouterr().err
    assert said.count("\U0001f600") == 1
    assert "more than 25 characters" in said
    odd.write_text("AB CD\n", encoding="utf-8")
    assert lines(trained, out, "--corpus", odd, "--count", 3, "--max-chars", 25, "--boost", 0) == 2
    assert "max_chars: 30 there, 25 here; other corpus_sha256" in " ".join(capsys.readouterr().err.split())
    assert Image.open(io.BytesIO(items(out)[b"image-000000001"])).height == 48
