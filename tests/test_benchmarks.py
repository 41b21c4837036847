"""The benchmarks run, and what they write is put together rightly. How fast anything is, no test asks."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch

from benchmarks import growth, models, recipes, results, runtimes, synth
from benchmarks.__main__ import main
from benchmarks.originals import ORIGINALS
from benchmarks.results import Measured
from benchmarks.row import SCALES, Row, in_process
from handgen.export.onnx import recognizer_graph
from handgen.ocr.reader import Reader
from handgen.ocr.recognizer import Recognizer

CPU = {
    "cpu": "a CPU",
    "cores": 2,
    "memory_gib": 8.0,
    "gpu": "",
    "system": "Linux",
    "python": "3.11",
    "torch": "2.13",
    "handgen": "0.1.0",
}
ROWS = [
    Row("a", "slow peer", 10, 2.0, peer=True),
    Row("a", "peer", 20, 2.0, peer=True),
    Row("a", "handgen", 300, 2.0, share=0.5),
    Row("b", "1,000 samples", 1000, 4.0, peak_mib=100.0, x=1000),
]


def test_ratios_are_to_the_fastest_peer():
    text = results.markdown([Measured("writers", "Records", "About.", "full", 9.0, CPU, ROWS)])
    assert "| handgen | 150 | 15.00 | 50% |" in text
    assert "| slow peer | 5.0 | 0.50 |" in text
    assert "| 1,000 samples | 250 | 4.0 | 100 |" in text  # no column of ratios where there is no peer
    assert "## a CPU, 2 cores, 8 GiB" in text


def test_a_part_replaces_its_like_and_no_other(tmp_path):
    order = ["render", "train"]
    train = Measured("train", "Step", "About.", "full", 1.0, CPU, ROWS)
    parts = results.merged([], train, order)
    parts = results.merged(parts, replace(train, machine=CPU | {"gpu": "a GPU"}), order)
    parts = results.merged(parts, replace(train, part="render"), order)
    parts = results.merged(parts, replace(train, scale="quick"), order)
    assert [(part.part, part.machine["gpu"], part.scale) for part in parts] == [
        ("render", "", "full"),
        ("train", "", "quick"),
        ("train", "a GPU", "full"),
    ]
    results.save(tmp_path, parts)
    assert results.load(tmp_path) == parts
    assert (tmp_path / results.PLOT).stat().st_size > 1000
    assert results.markdown(parts).count("\n## ") == 2


@pytest.mark.parametrize("name", ORIGINALS)
def test_an_original_learns(name):
    torch.manual_seed(0)
    original = ORIGINALS[name](32, 4, 2, torch.device("cpu"))
    original.of_g.param_groups[0]["lr"] = 5e-3
    content = torch.ones(4, 1, 32, 32)
    target = content.clone()
    target[:, :, 8:24, 12:20] = -1

    def distance():
        with torch.no_grad():
            if name == "zi2zi":
                drawn = original.generator(content, original.codes[[0, 1, 0, 1]])[0]
            else:
                drawn = original._draw(content, original.encoder(target)[0])
            return (drawn - target).abs().mean().item()

    before = distance()
    for _ in range(30):
        original.step(content, target, torch.tensor([0, 1, 0, 1]))
    assert distance() < 0.8 * before


def test_parts_run_and_are_merged(tmp_path, monkeypatch):
    given = ["train", "writers", "--tiny", "--device", "cpu", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *given])
    main()
    parts = results.load(tmp_path)
    assert [part.part for part in parts] == ["writers", "train"]
    assert all(row.share > 0 for row in parts[1].rows)
    assert all(row.rate > 0 for part in parts for row in part.rows)
    assert json.loads((tmp_path / results.JSON).read_text(encoding="utf-8"))[0]["machine"]["cores"] > 0


def test_a_dataset_is_timed_in_a_process_of_its_own(tmp_path):
    models.save_free(tmp_path / "free.safetensors", 64, models.chars_of(62))
    how = {"name": "130", "x": 130}
    row = in_process("benchmarks.growth:started", growth.BY_COUNT, str(tmp_path / "free.safetensors"), 130, how)
    assert (row.count, row.x, row.name) == (130, 130, "130")
    assert row.peak_mib > 0 or sys.platform != "linux"


def test_networks_run_in_what_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes.shutil, "which", lambda name: None)  # compiling takes a minute
    torch.manual_seed(0)
    recognizer = Recognizer("ABC", 32, 8).eval()
    given = [{"image": torch.rand(4, 1, 32, 32).numpy()}]
    network, graph = Reader(recognizer, torch.device("cpu")).recognizer, recognizer_graph(recognizer)
    case = runtimes.Case("r", graph, network, runtimes._reads, given, given, lambda a, b: f"{abs(a - b).max():.2f}")
    with torch.inference_mode():
        rows = {row.name: row for row in runtimes._rows(case, SCALES["quick"], tmp_path, print)}
    assert [row.name for row in rows.values() if row.peer] == [runtimes.EAGER]
    assert "PyTorch bfloat16" in rows
    for name in ("ONNX Runtime float32", "ONNX Runtime int8"):
        assert (name in rows) == (all(find_spec(each) for each in ("onnx", "onnxruntime")))
    exact = [row for name, row in rows.items() if name.endswith("float32")]
    assert {row.note for row in exact} == {"0.00"}


def test_a_recipe_is_timed_by_stage():
    rows = {row.name: row for row in recipes._stages("latin", "ABC", "cpu", print)}
    assert {"--degrade grain", "encoding"} < rows.keys()
    assert any(name.startswith("drawing, ") for name in rows)
    assert all(row.rate > 0 and row.note for row in rows.values())


def test_the_naive_loop_counts_what_it_writes():
    row = synth.naive(64, "永和九年", 10)
    assert (row.count, row.peer) == (10, True)


def test_without_the_gpu_asked_for_nothing_is_measured(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--device", "cuda:9", "--limit", "600", "--out", str(tmp_path)])
    main()
    assert capsys.readouterr().out.startswith("nothing is measured: --device cuda:9: torch sees ")
    assert not list(tmp_path.iterdir())


def test_an_unknown_part_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "rendr"])
    with pytest.raises(SystemExit):
        main()
    assert "unknown part rendr" in capsys.readouterr().err
