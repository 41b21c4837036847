"""The gate on whole runs, with a reader that turns many drawings away."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from handgen.check.report import check_folder
from handgen.cli import run
from handgen.errors import DatasetError
from handgen.formats import FORMATS
from handgen.sources.base import Drawing
from handgen.synthesis import rejects
from tests.readers import items
from tests.synthesis.conftest import Fickle, listed


def synth(model, out, *words):
    assert run(["synth", "--model", str(model), "--out", str(out), "--count", "200", *map(str, words)]) == 0


def test_batch_and_workers_change_nothing(trained, fickle, tmp_path):
    synth(trained, tmp_path / "one", *fickle, "--batch", 1, "--workers", 1)
    synth(trained, tmp_path / "two", *fickle, "--batch", 200, "--workers", 2)
    assert items(tmp_path / "one") == items(tmp_path / "two")
    assert listed(tmp_path / "one") == listed(tmp_path / "two")


def test_an_interrupted_run_lists_each_reject_once(trained, fickle, tmp_path, monkeypatch):
    from handgen.synthesis import write

    synth(trained, tmp_path / "whole", *fickle)
    monkeypatch.setattr(write, "_WRITE", 50)
    words = ["synth", "--model", str(trained), "--out", str(tmp_path / "part"), "--count", "200", *fickle]
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
    assert did["redrawn"] == sum(line["outcome"] == "redrawn" for line in lines) > 10
    assert did["redrawn"] + did["dropped"] == len(lines)
    assert sum(sum(row.values()) for row in did["styles"].values()) == len(lines)
    assert (manifest["plan"]["gate"], manifest["count"]) == ("redraw", 200)
    with Image.open(out / "rejects.png") as sheet:
        assert sheet.width > 200
    metas = [json.loads(value) for key, value in items(out).items() if key.startswith(b"meta-")]
    unread = [meta for meta in metas if meta["gate"]["p"] is None]
    assert len(metas) == 200
    assert 0 < len(unread) < 20  # "3", which the reader does not know
    assert all(meta["gate"]["p"] == pytest.approx(0.9) for meta in metas if meta not in unread)


@pytest.mark.parametrize("name", [entry.name for entry in FORMATS])
def test_every_format_keeps_the_list_beside_it(trained, fickle, tmp_path, name):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    synth(trained, tmp_path / name, *fickle, "--format", name, "--gate", "mark", "--count", 60)
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
        {"position": -1}, {"position": "x"}, {"position": 1e30}, {"position": []},
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


def test_the_plan_says_what_the_gate_does_and_the_result_who_was_not_read(trained, fickle, tmp_path, capsys):
    words = ["--gate", "mark", "--count", 6]
    synth(trained, tmp_path / "set", *fickle, *words)
    said = " ".join(capsys.readouterr().out.split())
    assert "gate mark licenses" in said
    assert "all read as" not in said


def test_synth_says_that_its_gate_says_little(trained, fickle, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        Fickle, "confidence", lambda self, images, labels: (np.full(len(images), 0.01), np.ones(len(images)))
    )
    synth(trained, tmp_path / "set", *fickle)
    assert "warning: the gate says little: 100 % of the first" in capsys.readouterr().err
