"""The gate with a real recognizer on real glyphs; test_rejects.py has whole runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.errors import DatasetError, UsageError
from handgen.files import user_data
from handgen.fonts.charsets import load_charset
from handgen.ocr.reader import RECOGNIZER, load_reader, save_recognizer
from handgen.ocr.recognizer import Recognizer
from handgen.seeds import SampleKey
from handgen.sources.base import Drawing, no_notes
from handgen.sources.opening import open_sources
from handgen.sources.spec import SourceSpec
from handgen.synthesis.floors import calibrate, floors_of
from handgen.synthesis.gate import Gate, find_reader
from handgen.synthesis.recipe import find_recipe, read_recipe
from handgen.synthesis.trust import doubt

DIGITS = "0123456789"
STYLES = ("kalam", "zeyada")


class Planted:
    """Draws real digits, but another one where a fault is planted.

    Args:
        store: of digits.
        wrong: (character, style, attempt) -> whether the drawing shows the next digit.
    """

    def __init__(self, store, wrong):
        self._wrong = wrong
        self._images = {}
        for number, style in enumerate(store.styles):
            for row in store.rows(number):
                self._images[style.name, str(store.labels["char"][row])] = np.array(store.images[row])

    def __call__(self, characters, styles, key):
        attempts = key.attempt.tolist()
        shown = [
            (char + 1) % 10 if self._wrong(char, style, attempt) else char
            for char, style, attempt in zip(characters.tolist(), styles.tolist(), attempts, strict=True)
        ]
        images = [self._images[STYLES[style], DIGITS[char]] for char, style in zip(shown, styles.tolist(), strict=True)]
        return Drawing(np.stack(images), no_notes(len(images)))


@pytest.fixture
def make_gate(reading):
    reader = load_reader(reading, torch.device("cpu"))

    def make(mode="redraw", tries=2):
        return Gate(reader, "digest", mode, tries, DIGITS, STYLES, (0.0, 0.0), 0)

    return make


def block():
    index = np.arange(20, dtype=np.int64)
    return index % 10, index // 10, SampleKey.of(0, index)


def shows(gate, sifted):
    return gate.read(sifted.drawing.images, sifted.characters, sifted.styles)[1]


def test_a_wrong_drawing_is_made_again(make_gate, digits):
    gate = make_gate()
    sifted = gate.sift(Planted(digits, lambda char, style, attempt: char == 3 and attempt == 0), *block())
    assert (shows(gate, sifted) >= 0).all()
    assert sifted.characters.tolist() == block()[0].tolist()
    again = {row for row, record in enumerate(sifted.records) if "tries" in record}
    assert {3, 13} <= again
    for row in (3, 13):
        assert sifted.records[row]["tries"] >= 1
        assert sifted.records[row]["first"] < 0.5 < sifted.records[row]["p"]
        assert sifted.records[row]["as"] in set(DIGITS) - {"3"}
    assert all(("as" in record) == ("first" in record) for record in sifted.records)


def test_what_is_never_right_is_drawn_in_another_style_or_replaced(make_gate, digits):
    gate = make_gate()
    sifted = gate.sift(Planted(digits, lambda char, style, attempt: char == 3 and style == 0), *block())
    assert (shows(gate, sifted) >= 0).all()
    assert (sifted.characters[3], sifted.styles[3]) == (3, 1)
    assert sifted.records[3]["instead"] == {"char": "3", "style": "kalam"}
    sifted = gate.sift(Planted(digits, lambda char, style, attempt: char == 3), *block())
    assert (shows(gate, sifted) >= 0).all()
    assert sifted.characters[3] != 3
    assert sifted.styles[3] == 0
    assert sifted.records[3]["instead"] == {"char": "3", "style": "kalam"}


def test_blank_paper_shows_nothing_a_character_that_nobody_reads_included(make_gate, digits):
    draw = Planted(digits, lambda char, style, attempt: False)

    def fading(characters, styles, key):
        drawn = draw(characters, styles, key)
        drawn.images[(characters == 3) & (styles == 0)] = 255
        return drawn

    gate = replace(make_gate(), chars="012三456789")
    assert gate.unknown == "三"
    sifted = gate.sift(fading, *block())
    assert (sifted.drawing.images < 128).any(axis=(1, 2)).all()
    assert sifted.records[3]["instead"] == {"char": "三", "style": "kalam"}
    assert sifted.records[3]["as"] == ""
    assert sifted.records[13] == {"p": None}


def test_marking_draws_nothing_again(make_gate, digits):
    sifted = make_gate("mark").sift(Planted(digits, lambda char, style, attempt: char == 3), *block())
    assert {3, 13} <= {row for row, record in enumerate(sifted.records) if record.get("rejected")}
    assert not any("tries" in record for record in sifted.records)


def test_lines_take_the_best_of_the_tries(make_gate, digits):
    gate = make_gate()
    draw = Planted(digits, lambda char, style, attempt: char == 3 and attempt < 2)
    characters, styles, key = block()
    drawn, records = gate.best(draw, characters, styles, key)
    assert np.array_equal(drawn.images, draw(characters, styles, key.again(2)).images)
    for row in (3, 13):
        assert records[row]["tries"] == 2
        assert records[row]["first"] < 0.5 < records[row]["p"]
        assert "rejected" not in records[row]
    never = Planted(digits, lambda char, style, attempt: char == 3)
    for gate, tries in ((make_gate(), {2}), (make_gate("mark"), {0})):
        records = gate.best(never, characters, styles, key)[1]
        assert {3, 13} <= {row for row, record in enumerate(records) if "rejected" in record}
        assert {records[row].get("tries", 0) for row in (3, 13)} == tries


def test_a_model_that_never_draws_its_labels_is_an_error(make_gate, digits):
    with pytest.raises(DatasetError, match="does not read as such"):
        make_gate().sift(Planted(digits, lambda char, style, attempt: True), *block())


def test_floors_come_from_real_glyphs_and_never_ask_for_more_than_thrice(reading, digits):
    from handgen.models.base import DrawnStyle

    reader = load_reader(reading, torch.device("cpu"))
    mixed = DrawnStyle("mix", torch.zeros(2), {"kalam": 0.75, "zeyada": 0.25})
    pure = [DrawnStyle(name, torch.zeros(2), {name: 1.0}) for name in STYLES]

    def never(style):
        raise AssertionError

    first, second, mixture = calibrate(reader, [*pure, mixed], digits, never)
    assert max(first, second) <= round(np.log(3), 2)
    assert mixture == pytest.approx(0.75 * first + 0.25 * second, abs=0.01)


def test_floors_of_many_writers_are_measured_once(reading, tmp_path, monkeypatch):
    from handgen.synthesis import floors as module

    monkeypatch.setattr(module, "user_data", lambda: tmp_path)
    reader = load_reader(reading, torch.device("cpu"))
    some = SourceSpec(source="pen", strokes="trace", font="Caveat", styles="33", size=32)
    source = open_sources([some], "0123456789", seed=0, device="cpu")
    measured = floors_of(reader, "digest", source, workers=2)
    assert len(set(measured)) > 1
    assert floors_of(reader, "other", source) == measured
    with monkeypatch.context() as context:
        context.setattr(module, "margin_floor", lambda *_: pytest.fail("measured again"))
        assert floors_of(reader, "digest", source) == measured
        with pytest.raises(BaseException, match="measured again"):
            floors_of(reader, "digest", open_sources([replace(some, vary=0.5)], "0123456789", seed=0, device="cpu"))
    for file in (tmp_path / "handgen" / "floors").iterdir():
        file.write_text(file.read_text()[:-9])
    assert floors_of(reader, "digest", source) == measured


def test_the_floors_of_the_usual_writers_come_with_handgen(tmp_path, monkeypatch):
    """Of an installation that has fetched neither fonts nor strokes; who changes hands or the pen measures again."""
    from handgen.synthesis import floors as module

    def no_fonts(*_):
        raise UsageError("none is here", "")

    monkeypatch.setattr("handgen.sources.traced.find_named", no_fonts)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    if user_data() != tmp_path:
        pytest.skip("the data folder is elsewhere on this system")
    request = read_recipe(find_recipe(Path("zh")))
    writers = [spec for spec in request.sources if spec.source == "traced"]
    source = open_sources(writers, load_charset(request.charset), seed=request.seed, device="cpu")
    recognizer = module.SHIPPED.with_name(RECOGNIZER)
    digest = checkpoint.load(recognizer).digest()
    key = module.key_of(digest, source, range(len(source.styles)))
    assert key in module.shipped(), "hands, pen or recognizer have changed: python -m examples.weights.floors"
    monkeypatch.setattr(module, "margin_floor", lambda *_: pytest.fail("measured"))
    reader = load_reader(recognizer, torch.device("cpu"))
    assert floors_of(reader, digest, source) == tuple(module.shipped()[key])
    assert not list(tmp_path.iterdir())


def refused(capsys, *words):
    assert run(["synth", *map(str, words)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


def test_the_gate_never_turns_itself_off_in_silence(trained, reading, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--model", trained, "--count", 10, "--out", "set"]
    assert "no recognizer" in refused(capsys, *words, "--gate", "redraw")
    assert "no recognizer" in refused(capsys, *words, "--recognizer", "nowhere")
    assert "knows none" in refused(capsys, *words, "--recognizer", reading, "--charset", "ABC")
    assert "unknown" in refused(capsys, *words, "--gate", "on")
    assert "--gate is off" in refused(capsys, *words, "--gate", "off", "--recognizer", reading)
    assert not Path("set").exists()
    assert run(["synth", *map(str, words), "--dry-run"]) == 0
    assert "off: there is no recognizer in runs/" in " ".join(capsys.readouterr().out.split())
    assert run(["synth", *map(str, words), "--dry-run", "--json"]) == 0
    assert "the gate is off: there is no recognizer" in capsys.readouterr().err


def test_a_recognizer_that_is_cut_short_is_one_line(trained, reading, tmp_path, capsys):
    short = tmp_path / "recognizer.safetensors"
    short.write_bytes((reading / "recognizer.safetensors").read_bytes()[:5000])
    words = ["synth", "--model", str(trained), "--count", "10", "--out", str(tmp_path / "set")]
    assert run([*words, "--recognizer", str(short)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_recognizer_that_came_with_weights_and_is_gone_is_missed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = torch.device("cpu"), "AB", None
    for mode in ("auto", "mark", "redraw"):
        with pytest.raises(UsageError, match="came with these weights is missing"):
            find_reader(mode, None, *here, owed=True)
    assert find_reader("off", None, *here, owed=True) == (None, "")
    assert find_reader("auto", None, *here)[0] is None


def finished(path, **facts):
    """Write a recognizer that says this of itself."""
    save_recognizer(path, Recognizer("ab", 32, 4), {"images": 1000, **facts})
    return path


def test_a_recognizer_that_reads_too_little_is_no_gate(tmp_path):
    cpu, rates = (
        torch.device("cpu"),
        lambda *top1, top5=0.8: {str(number): {"top1": rate, "top5": top5} for number, rate in enumerate(top1)},
    )
    weak = finished(tmp_path / "weak.safetensors", measured=rates(0.95, 0.4, 0.414))
    with pytest.raises(UsageError, match=r"weak.safetensors reads 41.4 % of glyphs .*--gate off"):
        find_reader("auto", weak, cpu, "ab")
    with pytest.raises(UsageError, match="is not finished"):
        find_reader("mark", finished(tmp_path / "begun.safetensors", measured={}), cpu, "ab")
    assert find_reader("off", weak, cpu, "ab") == (None, "")
    alphabet = finished(tmp_path / "alphabet.safetensors", measured=rates(0.8, 0.85, top5=0.99))  # o is like O and 0
    assert find_reader("auto", alphabet, cpu, "ab")[0]
    good = finished(tmp_path / "good.safetensors", measured=rates(0.95, 0.4, 0.98))  # nobody reads the second font
    assert find_reader("auto", good, cpu, "ab")[0]


def test_a_gate_that_believes_nothing_and_passes_all_is_reported():
    sure, unsure = [{"p": 0.98}] * 40, [{"p": 0.002}] * 40
    odd = {"p": 0.9, "first": 0.001, "as": "x", "tries": 1}
    assert doubt(sure, 100) == doubt([*sure, *unsure], 100) == doubt([*unsure, *[odd] * 20], 100) == ""
    assert "100 % of the first 40 glyphs pass" in doubt(unsure, 100)
    assert "below 0.002 (by chance 0.01)" in doubt([*unsure, odd], 100)
    assert doubt([{"p": None}] * 40, 100) == doubt(unsure[:5], 100) == ""
    fault = {"outcome": "redrawn", "first": 0.001, "p": 0.002}
    assert doubt([{"p": [0.002] * 30}, {"p": [0.002] * 10, "faults": [fault, {**fault, "outcome": "dropped"}]}], 9)
    assert not doubt([{"p": [0.002] * 10, "faults": [fault] * 9}] * 4, 9)
