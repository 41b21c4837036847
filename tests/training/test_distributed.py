from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.distributed import Ranks, SharedBatchNorm2d, share_statistics
from handgen.errors import UsageError

ROOT = str(Path(__file__).parents[2])
ENVIRONMENT = os.environ | {"PYTHONPATH": ROOT}
"""The environment of scripts in this folder, which import handgen from the repository."""
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def losses(folder):
    lines = map(json.loads, (folder / "stats.jsonl").read_text().splitlines())
    return [line for line in lines if line["kind"] == "losses"]


@pytest.mark.parametrize(("batch", "parts", "size"), [(8, 1, 1), (8, 2, 1), (8, 1, 4), (12, 3, 2)])
def test_the_ranks_share_out_every_part_of_a_batch(batch, parts, size):
    rows = [Ranks(rank, size).rows(batch, parts) for rank in range(size)]
    for part in range(parts):
        taken = [number for rank in range(size) for number in range(batch)[rows[rank][part]]]
        assert taken == list(range(part * batch // parts, (part + 1) * batch // parts))


def test_a_batch_that_cannot_be_shared_out_is_refused():
    message = r"--batch 8 cannot be split into 2 equal parts on 3 processes\. Use a multiple of 6, e\.g\. --batch 12\."
    with pytest.raises(UsageError, match=message):
        Ranks(0, 3).rows(8, 2)


def test_shared_statistics_keep_the_names_and_what_was_learned():
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Sequential(nn.BatchNorm2d(3)))
    network(torch.randn(4, 1, 8, 8))
    before = network.state_dict()
    share_statistics(network)
    assert isinstance(network[1][0], SharedBatchNorm2d)
    assert {name: tensor.tolist() for name, tensor in network.state_dict().items()} == {
        name: tensor.tolist() for name, tensor in before.items()
    }


RANKS = [sys.executable, str(Path(__file__).with_name("ranks.py"))]
SETTINGS = {"images": 24, "batch": 8, "accumulate": 2, "r1": 1.0}
"""R1 differentiates the shared statistics twice; three steps, before rounding is amplified by the game."""
JOBS = [("bicyclegan", {"images": 16, "batch": 8}, {"width": 4}), ("zi2zi", SETTINGS, {"width": 4, "code_dim": 8})]
forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="ranks are forked")


@pytest.fixture(scope="module")
def two_ranks(store, tmp_path_factory):
    """A folder with the runs of two ranks, and the weights of each."""
    out = tmp_path_factory.mktemp("ranks")
    command = [*RANKS, "train", str(store.path), str(out), json.dumps(JOBS)]
    subprocess.run(command, check=True, timeout=600, env=ENVIRONMENT)
    return out


def weights_of(folder, name):
    first, second = (load_file(folder / f"{name}-{rank}.safetensors") for rank in (0, 1))
    assert [key for key in first if not torch.equal(first[key], second[key])] == []
    return first


@forking
def test_ranks_agree_on_where_the_styles_of_a_bicyclegan_are(two_ranks):
    assert weights_of(two_ranks, "bicyclegan")["generator.centers"].any()


@forking
def test_two_ranks_learn_what_one_process_learns(two_ranks, make_trainer):
    first = weights_of(two_ranks, "zi2zi")
    alone = make_trainer("zi2zi", out="alone", **SETTINGS)
    alone.run(lambda progress: None)

    (one,), (other,) = losses(alone.folder.path), losses(two_ranks / "zi2zi")
    compared = [name for name in one if "/" in name and "accuracy" not in name]  # a rounding may tip a count
    assert {name: other[name] for name in compared} == pytest.approx({n: one[n] for n in compared}, rel=1e-3, abs=1e-4)
    statistics = [name for name in first if "running" in name]
    assert statistics
    for name in statistics:
        assert torch.allclose(first[name], alone.model.state_dict()[name], rtol=1e-3, atol=1e-5), name


def rank_of(pid):
    words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next((int(word.removeprefix(b"RANK=")) for word in words if word.startswith(b"RANK=")), None)


def small_run(store, out):
    train = ["train", "zi2zi", "--data", str(store.path), "--out", str(out), "--width", "4", "--code-dim", "8"]
    return [*train, "--batch", "8", "--save-every", "24"]


LOST = "error: another process of this run has ended; the last checkpoint is kept"


def goes_on_alone(store, out, capsys):
    images = checkpoint.load(out / "state.safetensors").facts["images"]
    assert images % 24 < 8
    assert run([*small_run(store, out), "--images", str(images + 8)]) == 0  # by one process, for a change
    assert f"going on from {images} to {images + 8} images" in " ".join(capsys.readouterr().out.split())


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the ranks in /proc")
def test_the_first_rank_is_killed_and_torchrun_ends_the_other(store, tmp_path, capsys):
    out = tmp_path / "run"
    command = [*TORCHRUN, "-m", "handgen", *small_run(store, out), "--images", "100000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (out / "state.safetensors").exists():
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        (pid,) = [int(child) for child in children if rank_of(child) == 0]
        os.kill(pid, signal.SIGKILL)
        _, said = process.communicate(timeout=600)
    assert process.returncode != 0
    assert said.count(LOST) == 1
    goes_on_alone(store, out, capsys)


@forking
def test_another_rank_is_killed_and_the_first_notices(store, tmp_path, capsys):
    out = tmp_path / "run"
    command = [*RANKS, "kill", str(out), *small_run(store, out), "--images", "100000"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=600,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": ROOT},
        check=False,
    )
    assert json.loads(done.stdout.splitlines()[-1])[1] == -signal.SIGKILL, done.stderr
    assert done.returncode != 0
    assert done.stderr.count(LOST) == 1
    goes_on_alone(store, out, capsys)
