"""Samples that cannot be used: check, eval and import name them as convert does, and go on without them if asked."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image, ImageDraw

from handgen.check.bad import json_lines
from handgen.cli import run
from handgen.files import PACKAGE
from tests.check.conftest import png, save, sound

RECOGNIZER = PACKAGE / "weights" / "zh" / "recognizer.safetensors"
EVAL = ["--no-save", "--recognizer", str(RECOGNIZER), "--sheet"]
READS = pytest.mark.skipif(not RECOGNIZER.is_file(), reason="this copy comes without weights")
CAUSES = {
    2: "no image that can be read", 3: "the label has the control character U+0009", 4: "the label is not UTF-8",
    5: "truncated",
}  # fmt: skip


def picture(char):
    image = Image.new("L", (48, 48), 255)
    ImageDraw.Draw(image).rectangle((8 + ord(char) % 9, 12, 40, 15 + ord(char) % 11), fill=0)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def inked(count):
    """A sound dataset whose pictures show strokes."""
    records = sound(count)
    labels = {key: value.decode() for key, value in records.items() if key.startswith(b"label")}
    return records | {key.replace(b"label", b"image"): picture(char) for key, char in labels.items()}


@pytest.fixture
def faulty(tmp_path):
    """Six samples; the second to the fifth are bad, each in another way."""
    records = {**inked(6), b"image-000000002": b"garbage", b"label-000000003": b"\t", b"label-000000004": b"\xff"}
    records[b"image-000000005"] = png(9)[:300]
    return save(tmp_path / "faulty", records)


def listed(entries):
    return {each["sample"]: each["cause"] for each in entries}


def are_causes(found):
    assert found.keys() == CAUSES.keys()
    assert [cause for number, cause in CAUSES.items() if cause not in found[number]] == []


def test_check_judges_what_is_left(faulty, capsys):
    assert run(["check", str(faulty)]) == 1
    capsys.readouterr()
    assert run(["check", str(faulty), "--skip-bad"]) == 0
    said = capsys.readouterr().out
    assert "left out 4" in said
    assert "#2 image-000000002: no image that can be read" in said
    assert run(["check", str(faulty), "--skip-bad", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    are_causes(listed(found["left_out"]))
    assert found["datasets"][0]["samples"] == 2


@READS
def test_eval_stops_or_lists(faulty, tmp_path, capsys):
    command = ["eval", str(faulty), *EVAL, str(tmp_path / "worst.png")]
    assert run(command) == 1
    said = capsys.readouterr().err
    assert "sample 2 (image-000000002)" in said
    assert "--skip-bad" in said
    assert " 0x" not in said
    assert run([*command, "--skip-bad", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    are_causes(listed(result["left_out"]))
    assert result["samples"] == 2


@READS
def test_eval_counts_lines_of_text(tmp_path, capsys):
    records = {**inked(3), b"label-000000002": "永和九年".encode()}
    out = save(tmp_path / "lines", records)
    assert run(["eval", str(out), *EVAL, str(tmp_path / "worst.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lines"] == 1


@READS
def test_eval_tells_of_a_set_that_promises_more(tmp_path, capsys):
    out = save(tmp_path / "more", {**inked(3), b"num-samples": b"5"})
    assert run(["eval", str(out), *EVAL, str(tmp_path / "worst.png")]) == 1
    assert "num-samples" in capsys.readouterr().err


def test_import_lists_or_stops(faulty, tmp_path, capsys):
    command = ["import", "lmdb", str(faulty), "--no-font", "--out", str(tmp_path / "store")]
    assert run([*command, "--no-skip-bad"]) == 1
    said = capsys.readouterr().err
    assert "sample 2 (image-000000002)" in said
    assert "no image that can be read" in said
    assert run(command) == 0
    said = capsys.readouterr().out
    assert "sample 2 (image-000000002): damaged (和) (no image that can be read)" in said
    lines = (tmp_path / "store" / "left_out.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["where"].split()[1] for line in lines] == ["2", "3", "4", "5"]
    whole = save(tmp_path / "whole", inked(2))
    assert run(["import", "lmdb", str(whole), "--no-font", "--replace", "--out", str(tmp_path / "store")]) == 0
    assert not (tmp_path / "store" / "left_out.jsonl").exists()


def test_names_that_are_no_utf8_are_listed():
    name = b"\xe7\xb0.png".decode("utf-8", "surrogateescape")
    (line,) = json_lines([{"name": name, "sample": 1}]).encode("utf-8").splitlines()
    assert json.loads(line) == {"name": name, "sample": 1}
