from __future__ import annotations

import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lmdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.check.report import check_folder
from handgen.check.samples import samples_in
from handgen.cli import run
from handgen.errors import UsageError
from handgen.synthesis.shards import cut
from tests.readers import items, read_as_trainers_do

COUNT, SHARDS = 1000, 3
LEAVES = [f"shard-{number:05d}" for number in range(SHARDS)]


def options(model, out, *more):
    common = ("--count", COUNT, "--shards", SHARDS, "--styles", 3)
    return list(map(str, ["synth", "--model", model, "--out", out, *common, *more]))


@pytest.fixture(scope="module")
def undisturbed(trained, tmp_path_factory):
    out = tmp_path_factory.mktemp("shards") / "whole"
    assert run(options(trained, out)) == 0
    return out


@given(st.integers(1, 10**7), st.integers(1, 300), st.sampled_from([1, 64, 256]))
def test_shards_follow_on_and_are_of_a_size(count, shards, block):
    if shards > count:
        with pytest.raises(UsageError, match="shards"):
            cut(count, shards, block)
        return
    parts = cut(count, shards, block)
    assert [part.start for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == count
    sizes = [part.stop - part.start for part in parts]
    assert min(sizes) > 0
    assert max(sizes) - min(sizes) <= 2 * block


def test_the_union_is_the_run_in_one(trained, undisturbed, tmp_path):
    whole = tmp_path / "one"
    assert run(["synth", "--model", str(trained), "--out", str(whole), "--count", str(COUNT), "--styles", "3"]) == 0
    expected = items(whole)
    number = 0
    for leaf in LEAVES:
        found = items(undisturbed / leaf)
        for row in range(1, int(found[b"num-samples"]) + 1):
            number += 1
            for kind in (b"image", b"label", b"meta", b"wh"):
                assert found[b"%b-%09d" % (kind, row)] == expected[b"%b-%09d" % (kind, number)]
    assert number == COUNT
    for file in ("charset.txt", "preview.png"):
        assert filecmp.cmp(undisturbed / file, whole / file, shallow=False)


def test_trainers_find_all_leaves_and_nothing_else(undisturbed):
    """Trainers that walk a tree read every folder without folders in it (FIELD: dtrb, PARSeq, PaddleOCR)."""
    leaves = [Path(name) for name, folders, _ in os.walk(undisturbed) if not folders]
    assert sorted(leaf.name for leaf in leaves) == LEAVES
    assert sum(len(read_as_trainers_do(leaf)) for leaf in leaves) == COUNT


def test_check_eval_and_convert_take_it_for_one(undisturbed, tmp_path, capsys):
    (report,) = check_folder(undisturbed).datasets
    assert (report.samples, report.shards, report.path) == (COUNT, SHARDS, undisturbed)
    assert not report.findings.sorted()
    numbers = [number for samples in samples_in(undisturbed) for number in samples.numbers]
    assert numbers == list(range(1, COUNT + 1))
    assert run(["convert", str(undisturbed), str(tmp_path / "flat"), "--format", "lmdb"]) == 0
    assert len(read_as_trainers_do(tmp_path / "flat")) == COUNT


def test_a_shard_that_is_missing_is_noticed_and_made_again(trained, undisturbed, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(undisturbed, copy)
    shutil.rmtree(copy / LEAVES[1])
    assert check_folder(copy).count("defect") == 1
    assert run(["convert", str(copy), str(tmp_path / "flat"), "--format", "lmdb"]) == 2
    assert "lacks some of its shards" in capsys.readouterr().err
    assert run(options(trained, copy)) == 0
    same(copy, undisturbed)


def test_an_unfinished_tree_is_a_defect(trained, undisturbed, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(undisturbed, copy)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps(manifest | {"complete": False}), encoding="utf-8")
    assert check_folder(copy).count("defect") == 1


def same(tree, other):
    """The same files, byte for byte, but for locks."""

    def files(folder):
        return {
            str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and "lock" not in path.name
        }

    assert files(tree) == files(other)
    for file in files(tree):
        if not file.endswith("data.mdb"):
            assert filecmp.cmp(tree / file, other / file, shallow=False), file
    for leaf in LEAVES:
        assert items(tree / leaf) == items(other / leaf)


HELD = Path(__file__).with_name("held")
"""A folder for PYTHONPATH: the first process that has written some samples of a shard waits to be killed."""


def kill_the_held(out, mark, over):
    """Kill the worker that is held; return whether its shard was half written, or None if the run is over before."""
    while not mark.exists():
        if over():
            return None
        time.sleep(0.01)
    pid, leaf = mark.read_text().split()
    with lmdb.open(str(out / leaf), readonly=True, lock=False) as env:
        begun = env.stat()["entries"] > 0
    finished = json.loads((out / leaf / "manifest.json").read_text())["complete"]
    os.kill(int(pid), signal.SIGKILL)
    return begun and not finished


@pytest.fixture
def held(tmp_path, monkeypatch):
    """The file that a held process writes; from now on, new processes are held."""
    path = [str(HELD), str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    monkeypatch.setenv("HELD_MARK", str(tmp_path / "held"))
    return tmp_path / "held"


killing = pytest.mark.skipif(sys.platform != "linux", reason="kills a process by its number")


@killing
def test_a_killed_process_is_replaced_and_its_shard_redone(trained, undisturbed, held, tmp_path):
    out, over = tmp_path / "out", threading.Event()
    with ThreadPoolExecutor(1) as aside:
        killed = aside.submit(kill_the_held, out, held, over.is_set)
        try:
            assert run(options(trained, out, "--processes", 2, "--batch", 64)) == 0
        finally:
            over.set()
    assert killed.result()
    same(out, undisturbed)


@killing
def test_a_killed_worker_of_ray_is_replaced_and_its_shard_redone(trained, undisturbed, held, tmp_path):
    pytest.importorskip("ray")
    out = tmp_path / "out"
    code = "import sys; from handgen.cli import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *options(trained, out, "--ray", "local", "--processes", 1, "--batch", 64)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    killed = kill_the_held(out, held, lambda: process.poll() is not None)
    message = process.communicate(timeout=600)[1]
    if "error: Ray did not start on this machine" in message:
        pytest.skip("Ray gives itself 30 seconds to start, and this machine is busy")
    assert process.returncode == 0, message
    assert killed
    same(out, undisturbed)


def refused(capsys, code, complaint, arguments):
    capsys.readouterr()
    assert run(arguments) == code
    lines = capsys.readouterr().err.strip().splitlines()
    said = [line for line in lines if not line.startswith("writing: ")]  # a slow machine is told how far it is
    assert len(said) == 1, lines
    assert complaint in said[0]


def test_refusals(trained, undisturbed, tmp_path, capsys):
    out = tmp_path / "out"
    refused(capsys, 1, "no Ray cluster answers at 127.0.0.1:1", options(trained, out, "--ray", "127.0.0.1:1"))
    refused(capsys, 2, "is no address", options(trained, out, "--ray", "somewhere"))
    one = ["synth", "--model", str(trained), "--out", str(out), "--count", "3"]
    refused(capsys, 2, "Add --shards", [*one, "--processes", "2"])
    refused(capsys, 2, "make no 4 shards", [*one, "--shards", "4"])
    refused(capsys, 2, "other settings", options(trained, undisturbed, "--seed", 1))


def test_what_a_process_meets_is_told_by_the_run(trained, undisturbed, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    shutil.rmtree(out / LEAVES[2])
    (out / LEAVES[2]).write_text("no folder", encoding="utf-8")
    refused(capsys, 2, f"{LEAVES[2]} is not a folder", options(trained, out, "--processes", 2))
