"""``synth --lines`` with fonts: whole lines, in any script."""

from __future__ import annotations

import json

import numpy as np
import pytest

from handgen.cli.main import run
from handgen.glyphs.ink import INK
from tests.readers import THEIRS


def synth(out, *options):
    return run(["synth", "--lines", "--gate", "off", "--out", str(out), *map(str, options)])


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("في البدءِ كانَ (abc) ١٢٣\nL’été difficile à Éric\nmélange: كلمة ici\n", encoding="utf-8")
    return path


def test_lines_of_several_scripts(tmp_path, amiri, corpus):
    out = tmp_path / "lines"
    options = ("--model", "fonts", "--fonts", amiri, "--corpus", corpus, "--count", 12, "--boost", 0, "--boxes")
    assert synth(out, *options, "--max-chars", 40, "--degrade", "pen") == 0
    found = THEIRS["lmdb"](out)
    lines = corpus.read_text(encoding="utf-8").splitlines()
    assert {label for label, _, _ in found} == {*lines}
    for label, image, meta in found:
        assert len(meta["boxes"]) == len(label)
        assert -15 < meta["slant"] < 20
        assert np.asarray(image).shape[0] == 48
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["info"]["left_out"] == {}


def test_batches_and_workers_change_nothing(tmp_path, amiri, dancing_script, corpus):
    options = ("--model", "fonts", "--fonts", f"{amiri},{dancing_script}", "--corpus", corpus, "--count", 9, "--boxes")
    found = []
    for number, more in enumerate([("--batch", 4, "--workers", 1), ("--workers", 3)]):
        assert synth(tmp_path / str(number), *options, *more) == 0
        found.append(THEIRS["lmdb"](tmp_path / str(number)))
    for (label, image, meta), (label2, image2, meta2) in zip(*found, strict=True):
        assert (label, meta) == (label2, meta2)
        np.testing.assert_array_equal(image, image2)


def test_a_font_without_the_script_writes_the_rest(tmp_path, dancing_script, corpus, capsys):
    out = tmp_path / "latin"
    assert synth(out, "--model", "fonts", "--fonts", dancing_script, "--corpus", corpus, "--count", 9) == 0
    labels = [label for label, _, _ in THEIRS["lmdb"](out)]
    assert all(ord(char) < 0x2100 and not 0x590 < ord(char) < 0x700 for label in labels for char in label)
    assert "كلمة"[0] in json.loads((out / "manifest.json").read_text(encoding="utf-8"))["info"]["left_out"]


def test_columns_and_generated_texts(tmp_path, heiti):
    out = tmp_path / "columns"
    corpus = r"amounts,cheque-dates,re:[A-Z]{2}-\d{4}"
    options = ("--model", "fonts", "--fonts", heiti, "--corpus", corpus, "--count", 8)
    assert synth(out, *options, "--vertical", "--boost", 0) == 0
    for label, image, _ in THEIRS["lmdb"](out):
        assert image.shape[1] == 48
        assert (image < INK).any()
        assert label


def test_crossed_out_words(tmp_path, dancing_script, capsys):
    options = ("--model", "fonts", "--fonts", dancing_script, "--corpus", "re:[a-z]{4} [a-z]{4}", "--count", 10)
    struck = ("--corrections", 1, "--struck", "<del>{}</del>", "--neighbors", 0.5, "--boost", 0)
    assert synth(tmp_path / "a", *options, *struck) == 0
    for label, _, meta in THEIRS["lmdb"](tmp_path / "a"):
        assert f"<del>{meta['struck']}</del> " in label
    assert synth(tmp_path / "b", *options, "--struck", "#") == 2
    assert "--corrections" in capsys.readouterr().err
    pen = ("--model", "pen", "--strokes", "trace", "--font", str(dancing_script), "--count", 4)
    assert synth(tmp_path / "c", *pen, "--corpus", "numbers", "--corrections", 0.5) == 2
    assert "--model fonts" in capsys.readouterr().err
