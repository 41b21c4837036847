from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.sources import loading
from handgen.training.engine import Engine
from tests.conftest import same_state

SMALL = ("--width", "4", "--code-dim", "8", "--batch", "4")


@pytest.fixture
def command(store, tmp_path, capsys):
    """Run ``handgen train MODEL`` on a small store; return the exit code, stdout and stderr."""

    def call(*options, model="zi2zi", small=SMALL, data=store.path):
        code = run(["train", model, "--data", str(data), "--out", str(call.out), *small, *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    call.out = tmp_path / "run"
    return call


def one_line(err):
    """The message, less the progress bar."""
    assert "Traceback" not in err
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    return line


def test_what_nobody_can_label_is_to_be_looked_at(command):
    code, out, _ = command("--images", "8", model="dcgan", small=("--width", "4", "--batch", "4"))
    assert code == 0
    assert f"next:      handgen preview --model {command.out}" in out.splitlines()
    assert run(["preview", "--model", str(command.out), "--out", str(command.out.parent / "samples.png")]) == 0


def test_it_trains_and_says_what_is_next(command):
    code, out, _ = command("--images", "8")
    assert code == 0
    assert "72 glyphs, 2 styles, 8 held-out glyphs, on " in out
    assert "starting to 8 images" in out
    for word in ("kalam", "indie-flower", "mean", "ssim", "model.safetensors", "fakes-000000008.png"):
        assert word in out
    assert f"handgen synth --styles 2 --count 100000 --model {command.out}" in out


def test_json_is_all_that_reaches_stdout(command):
    code, out, _ = command("--images", "8", "--json")
    assert code == 0
    result = json.loads(out)
    assert (result["images"], result["done"]) == (8, True)
    assert result["model"] == str(command.out / "model.safetensors")
    assert {"l1", "rmse", "ssim", "stroke_recall"} <= set(result["held_out"]["mean"])


@pytest.mark.parametrize("as_json", [True, False])
def test_a_dry_run_shows_the_plan_and_writes_nothing(command, as_json):
    code, out, _ = command("--dry-run", "--lr", "0.0005", *["--json"] * as_json)
    assert code == 0
    assert not command.out.exists()
    if as_json:
        plan = json.loads(out)
        assert (plan["lr"], plan["width"], plan["size"], plan["styles"]) == (0.0005, 4, 64, ["kalam", "indie-flower"])
    else:
        assert "0.0005" in out
        assert "indie-flower" in out


BAD = [
    (("--batch", "0"), "--batch 0 is too small. The least is 2."),
    (("--images", "0"), "--images 0 is too small. The least is 1."),
    (("--lr", "-1"), "--lr -1.0 is too small"),
    (("--holdout", "1"), "--holdout 1.0 is too large. The most is 0.9."),
    (("--width", "2"), "--width 2 is too small. The least is 4."),
    (("--decoder", "transposed"), "--decoder transposed is unknown. Did you mean 'transpose'?"),
    (("--decoder", "foo"), "--decoder foo is unknown. Known: resize, transpose."),
    (("--precision", "fp8"), "--precision fp8 is unknown. Known: auto, fp32, bf16, fp16."),
    (("--accumulate", "3"), "--batch 4 cannot be split into 3 equal parts. Use a multiple of 3, e.g. --batch 6."),
    (("--device", "gpu"), "unknown device 'gpu'. Use auto, cpu, cuda, cuda:N or mps."),
    (("--finetune-styles", "kalm"), "has no target style 'kalm'. Did you mean 'kalam'?"),
    (("--from", "no/such/run"), "no checkpoint at no/such/run"),
    (("--data", "no/such/store"), "no glyph store at no/such/store. Make one with 'handgen render"),
]


def test_bad_values_are_one_line_and_write_nothing(command):
    wrong = []
    for options, message in BAD:
        code, _, err = command(*options)
        if code != 2 or message not in one_line(err) or command.out.exists():
            wrong.append((options, code, err))
    assert not wrong


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_that_is_not_there(command):
    code, _, err = command("--device", "cuda")
    assert code == 2
    assert one_line(err) == "error: --device cuda: torch sees 0 CUDA devices here. Use --device cpu or auto."


@pytest.mark.parametrize("option", [(), ("--help",)])
def test_an_unknown_model_suggests_the_nearest(capsys, option):
    assert run(["train", "zi2zy", *option]) == 2
    assert one_line(capsys.readouterr().err) == "error: unknown model 'zi2zy'. Did you mean 'zi2zi'?"


def test_a_run_that_diverges_is_one_line(command):
    code, _, err = command("--images", "200", "--lr", "1e30")
    assert code == 1
    assert "is not finite" in one_line(err)


def test_a_damaged_state_is_one_line(command):
    command("--images", "8")
    state = command.out / "state.safetensors"
    state.write_bytes(state.read_bytes()[:1000])
    code, _, err = command("--images", "16")
    assert code == 1
    assert "state.safetensors is damaged" in one_line(err)


def test_the_second_stage(command, tmp_path):
    command("--images", "8")
    first, command.out = command.out, tmp_path / "second"
    second = ("--from", str(first), "--freeze-encoder", "--finetune-styles", "kalam", "--images", "8")
    code, _, err = command(*second, small=("--batch", "4"))
    assert code == 2
    assert "width 4 -> 24" in one_line(err)
    code, out, _ = command(*second)
    assert code == 0
    assert "36 glyphs, 2 styles" in out
    before, after = (checkpoint.load(run / "model.safetensors").tensors for run in (first, command.out))
    changed = {name.split(".")[1] for name in before if name != "codes" and not torch.equal(before[name], after[name])}
    assert changed == {"ups", "displacement", "last"}


def test_a_registered_model_has_a_command_of_its_own(command, toy_model, capsys):
    assert run(["train", "--help"]) == 0
    assert "a toy" in capsys.readouterr().out
    assert run(["train", "toy", "--help-all"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "--lambda-l1" in out
    assert "--images" in out
    assert "--decoder" not in out
    code, out, _ = command("--images", "8", model="toy", small=("--width", "3", "--batch", "4"))
    assert code == 0
    assert "handgen synth" in out
    assert loading.build(checkpoint.load(command.out / "model.safetensors")).config.width == 3


def arguments(store, out):
    budget = ("--images", "64", "--save-every", "24")
    return ["train", "zi2zi", "--data", str(store.path), "-o", str(out), *SMALL, *budget]


@pytest.fixture(scope="module")
def undisturbed(store, tmp_path_factory):
    """A run that nobody interrupted."""
    out = tmp_path_factory.mktemp("runs") / "undisturbed"
    assert run(arguments(store, out)) == 0
    return out


def interrupt(number):
    """Let this process get a signal in the middle of a run: after 36 images, the last 12 of which are not saved."""
    step = Engine._step

    def last_step(engine):
        losses = step(engine)
        if engine.images == 36:
            os.kill(os.getpid(), number)
        return losses

    return last_step


KILLED = """
import signal, sys
from handgen.cli import run
from tests.cli.test_train import Engine, interrupt

Engine._step = interrupt(signal.SIGKILL)
run(sys.argv[1:])
"""


def goes_on(store, out, undisturbed, images):
    """Assert that the same command goes on from ``images``, and ends as a run that was not interrupted."""
    assert checkpoint.load(out / "state.safetensors").facts["images"] == images
    assert run(arguments(store, out)) == 0
    same_state(undisturbed, out)
    model, other = (checkpoint.load(run / "model.safetensors") for run in (out, undisturbed))
    assert model.digest() == other.digest()
    measured = [json.loads((run / "stats.jsonl").read_text().splitlines()[-1]) for run in (out, undisturbed)]
    assert measured[0] == measured[1]


def test_a_killed_run_ends_as_one_that_was_not(store, tmp_path, undisturbed):
    out = tmp_path / "run"
    command = [sys.executable, "-c", KILLED, *arguments(store, out)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    goes_on(store, out, undisturbed, 24)


def test_a_stopped_run_ends_as_one_that_was_not(store, tmp_path, undisturbed, monkeypatch, capsys):
    out = tmp_path / "run"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background command ignores it
    try:
        with monkeypatch.context() as context:
            context.setattr(Engine, "_step", interrupt(signal.SIGINT))
            assert run(arguments(store, out)) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert "stopped and saved at 36 images; the same command goes on from there" in capsys.readouterr().out
    goes_on(store, out, undisturbed, 36)
