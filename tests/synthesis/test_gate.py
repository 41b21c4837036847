"""The gate: with a real recognizer on real glyphs, and on whole runs with a reader that turns many drawings away."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from handgen.check.report import check_folder
from handgen.cli import run
from handgen.errors import DatasetError, UsageError
from handgen.formats import FORMATS
from handgen.ocr.reader import load_reader, save_recognizer
from handgen.ocr.recognizer import Recognizer
from handgen.seeds import SampleKey
from handgen.sources.base import Drawing, no_notes
from handgen.sources.opening import open_sources
from handgen.sources.spec import SourceSpec
from handgen.synthesis import gate as gates
from handgen.synthesis import rejects
from handgen.synthesis.floors import calibrate, floors_of
from handgen.synthesis.gate import Gate, find_reader
from handgen.synthesis.trust import doubt
from tests.ocr.conftest import digits, reading  # noqa: F401 - fixtures
from tests.readers import items

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
def make_gate(reading):  # noqa: F811
    reader = load_reader(reading, torch.device("cpu"))

    def make(mode="redraw", tries=2):
        return Gate(reader, "digest", mode, tries, DIGITS, STYLES, (0.0, 0.0), 0)

    return make


def block():
    index = np.arange(20, dtype=np.int64)
    return index % 10, index // 10, SampleKey.of(0, index)


def shows(gate, sifted):
    return gate.read(sifted.drawing.images, sifted.characters, sifted.styles)[1]


def test_a_wrong_drawing_is_made_again(make_gate, digits):  # noqa: F811
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


def test_what_is_never_right_is_drawn_in_another_style_or_replaced(make_gate, digits):  # noqa: F811
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


def test_blank_paper_shows_nothing_a_character_that_nobody_reads_included(make_gate, digits):  # noqa: F811
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


def test_marking_draws_nothing_again(make_gate, digits):  # noqa: F811
    sifted = make_gate("mark").sift(Planted(digits, lambda char, style, attempt: char == 3), *block())
    assert {3, 13} <= {row for row, record in enumerate(sifted.records) if record.get("rejected")}
    assert not any("tries" in record for record in sifted.records)


def test_lines_take_the_best_of_the_tries(make_gate, digits):  # noqa: F811
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


def test_a_model_that_never_draws_its_labels_is_an_error(make_gate, digits):  # noqa: F811
    with pytest.raises(DatasetError, match="does not read as such"):
        make_gate().sift(Planted(digits, lambda char, style, attempt: True), *block())


def test_floors_come_from_real_glyphs_and_never_ask_for_more_than_thrice(reading, digits):  # noqa: F811
    from handgen.models.base import DrawnStyle

    reader = load_reader(reading, torch.device("cpu"))
    mixed = DrawnStyle("mix", torch.zeros(2), {"kalam": 0.75, "zeyada": 0.25})
    pure = [DrawnStyle(name, torch.zeros(2), {name: 1.0}) for name in STYLES]

    def never(style):
        raise AssertionError

    first, second, mixture = calibrate(reader, [*pure, mixed], digits, never)
    assert max(first, second) <= round(np.log(3), 2)
    assert mixture == pytest.approx(0.75 * first + 0.25 * second, abs=0.01)


def test_floors_of_many_writers_are_measured_once(reading, tmp_path, monkeypatch):  # noqa: F811
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


class Fickle:
    """Knows Latin letters, and turns away every sixth image by its bytes."""

    charset = "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghmnqrt2"
    floors = MappingProxyType({})

    def number(self, char):
        return self.charset.find(char)

    def confidence(self, images, labels):
        bad = np.array([zlib.crc32(image.tobytes()) % 6 == 0 for image in images])
        return np.where(bad, 0.1, 0.9).astype(np.float32), np.where(bad, -5.0, 5.0).astype(np.float32)

    def read(self, images, *, top=5):
        return SimpleNamespace(chars=np.full((len(images), top), self.charset.index("Q")))


@pytest.fixture
def fickle(monkeypatch, reading):  # noqa: F811
    monkeypatch.setattr(gates, "load_reader", lambda file, device: Fickle())
    return ["--recognizer", str(reading)]


def synth(model, out, *words):
    assert run(["synth", "--model", str(model), "--out", str(out), "--count", "300", *map(str, words)]) == 0


def listed(out):
    return [json.loads(line) for line in (out / "rejects.jsonl").read_text(encoding="utf-8").splitlines()]


def test_batch_and_workers_change_nothing(trained, fickle, tmp_path):
    synth(trained, tmp_path / "one", *fickle, "--batch", 1, "--workers", 1)
    synth(trained, tmp_path / "two", *fickle, "--batch", 300, "--workers", 2)
    assert items(tmp_path / "one") == items(tmp_path / "two")
    assert listed(tmp_path / "one") == listed(tmp_path / "two")


def test_an_interrupted_run_lists_each_reject_once(trained, fickle, tmp_path, monkeypatch):
    from handgen.synthesis import write

    synth(trained, tmp_path / "whole", *fickle)
    monkeypatch.setattr(write, "_WRITE", 50)
    words = ["synth", "--model", str(trained), "--out", str(tmp_path / "part"), "--count", "300", *fickle]
    real = write.rejects.note
    calls = []

    def noting(folder, samples):
        real(folder, samples)
        calls.append(1)
        if len(calls) == 4:  # listed, and not written yet
            raise KeyboardInterrupt

    monkeypatch.setattr(write.rejects, "note", noting)
    assert run(words) == 130
    assert run(words) == 0
    assert items(tmp_path / "part") == items(tmp_path / "whole")
    assert listed(tmp_path / "part") == listed(tmp_path / "whole")


def test_the_dataset_says_what_the_gate_did(trained, fickle, tmp_path):
    out = tmp_path / "set"
    synth(trained, out, *fickle)
    assert not check_folder(out).count("defect")
    manifest = json.loads((out / "manifest.json").read_text())
    did, lines = manifest["info"]["gate"], listed(out)
    assert did["redrawn"] == sum(line["outcome"] == "redrawn" for line in lines) > 20
    assert did["redrawn"] + did["dropped"] == len(lines)
    assert sum(sum(row.values()) for row in did["styles"].values()) == len(lines)
    assert (manifest["plan"]["gate"], manifest["count"]) == ("redraw", 300)
    with Image.open(out / "rejects.png") as sheet:
        assert sheet.width > 200
    metas = [json.loads(value) for key, value in items(out).items() if key.startswith(b"meta-")]
    unread = [meta for meta in metas if meta["gate"]["p"] is None]
    assert len(metas) == 300
    assert 0 < len(unread) < 20  # "3", which the reader does not know
    assert all(meta["gate"]["p"] == pytest.approx(0.9) for meta in metas if meta not in unread)


@pytest.mark.parametrize("name", [entry.name for entry in FORMATS])
def test_every_format_keeps_the_list_beside_it(trained, fickle, tmp_path, name):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    synth(trained, tmp_path / name, *fickle, "--format", name, "--gate", "mark")
    assert not check_folder(tmp_path / name).count("defect")
    assert {line["outcome"] for line in listed(tmp_path / name)} == {"kept"}


def test_shards_have_lists_of_their_own_and_the_tree_their_sum(trained, fickle, tmp_path):
    synth(trained, tmp_path / "one", *fickle)
    synth(trained, tmp_path / "tree", *fickle, "--shards", 2)
    sums = [json.loads((tmp_path / name / "manifest.json").read_text())["info"]["gate"] for name in ("one", "tree")]
    assert sums[0] == sums[1]
    assert (tmp_path / "tree" / "rejects.png").is_file()


def test_a_damaged_list_is_named(tmp_path):
    sound = {"index": 1, "style": "a", "char": "x", "outcome": "kept", "tries": 0}
    changes = [
        {"outcome": "lost"}, {"index": 1e99}, {"index": -1}, {"tries": None}, {"wrote": {"char": "x"}}, {"char": "z"},
        {"style": "nobody"}, {"wrote": {"char": "x", "style": "b"}},
    ]  # fmt: skip
    source, plan = SimpleNamespace(styles=[SimpleNamespace(name="a")], chars="xy"), SimpleNamespace(seed=0)
    synthesis = SimpleNamespace(source=source, plan=plan)
    for line in [b'{"index": 1', b"[]", b"\xff", *(json.dumps(sound | change).encode() for change in changes)]:
        (tmp_path / "rejects.jsonl").write_bytes(json.dumps(sound).encode() + b"\n" + line + b"\n")
        with pytest.raises(DatasetError, match=r"rejects\.jsonl.*Delete"):
            rejects.save_rejects(tmp_path, [(tmp_path, 0)], synthesis)


LINES = ("--lines", "--height", 32, "--max-chars", 6, "--count", 90)


@pytest.mark.parametrize("mode", ["redraw", "mark"])
def test_lines_say_what_the_gate_did_to_each_character(trained, fickle, tmp_path, mode):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("ABA CAB, BADE\nThe HEN ran far\n", encoding="utf-8")
    out = tmp_path / "set"
    synth(trained, out, *fickle, *LINES, "--corpus", corpus, "--gate", mode, "--tries", 1)
    assert not check_folder(out).count("defect")
    rejects = listed(out)
    did = json.loads((out / "manifest.json").read_text())["info"]["gate"]
    assert {name: did[name] for name in ("redrawn", "dropped", "kept")} == {
        name: sum(line["outcome"] == name for line in rejects) for name in ("redrawn", "dropped", "kept")
    }
    assert did["kept"] > 20 if mode == "mark" else min(did["redrawn"], did["dropped"]) > 0
    written = items(out)
    faults = []
    for number in range(1, 91):
        meta, label = json.loads(written[b"meta-%09d" % number]), written[b"label-%09d" % number].decode()
        assert len(meta["gate"]["p"]) == len(label.replace(" ", ""))
        if mode == "redraw" and not any(fault["outcome"] == "kept" for fault in meta["gate"].get("faults", ())):
            assert all(p is None or p == pytest.approx(0.9) for p in meta["gate"]["p"])
        faults += [{"index": number - 1, "style": meta["style"], **fault} for fault in meta["gate"].get("faults", ())]
    assert faults == rejects
    with Image.open(out / "rejects.png") as sheet:
        assert sheet.width > 200
    again = tmp_path / "again"
    synth(
        trained, again, *fickle, *LINES, "--corpus", corpus, "--gate", mode, "--tries", 1, "--workers", 2, "--batch", 9
    )
    assert items(again) == written


def test_rejects_are_drawn_again_with_the_keys_they_had():
    told = {}

    def draw(characters, styles, key):
        told.update(sample=key.sample.tolist(), position=key.position.tolist(), attempt=key.attempt.tolist())
        return Drawing(np.zeros((len(key), 4, 4), np.uint8), [])

    source, plan = SimpleNamespace(styles=[SimpleNamespace(name="a")], chars="xy"), SimpleNamespace(seed=0)
    synthesis = SimpleNamespace(source=source, plan=plan, draw=draw)
    what = {"char": "y", "style": "a"}
    rejects._drawn(synthesis, [{"index": 5}], [what], [2])
    assert told == {"sample": [5], "position": [0], "attempt": [2]}
    rejects._drawn(synthesis, [{"index": 5, "position": 3}], [what], [1])
    assert told == {"sample": [5], "position": [4], "attempt": [1]}


def refused(capsys, *words):
    assert run(["synth", *map(str, words)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


def test_the_gate_never_turns_itself_off_in_silence(trained, reading, tmp_path, capsys, monkeypatch):  # noqa: F811
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


def test_a_recognizer_that_is_cut_short_is_one_line(trained, reading, tmp_path, capsys):  # noqa: F811
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


def test_the_plan_says_what_the_gate_does_and_the_result_who_was_not_read(trained, fickle, tmp_path, capsys):
    words = ["--gate", "mark", "--count", 6]
    synth(trained, tmp_path / "set", *fickle, *words)
    said = " ".join(capsys.readouterr().out.split())
    assert "gate mark licenses" in said
    assert "all read as" not in said


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


def test_synth_says_that_its_gate_says_little(trained, fickle, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        Fickle, "confidence", lambda self, images, labels: (np.full(len(images), 0.01), np.ones(len(images)))
    )
    synth(trained, tmp_path / "set", *fickle)
    assert "warning: the gate says little: 100 % of the first" in capsys.readouterr().err
