from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.errors import CheckpointError, HandgenError, UsageError
from handgen.models import MODELS
from handgen.ocr.reader import RECOGNIZER, save_recognizer
from handgen.ocr.recognizer import Recognizer
from handgen.sources import loading
from handgen.strokes.counts import write_counts

MODELS_WITH = ["zi2zi", "bicyclegan"]
CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghmnqrt23"


@pytest.fixture(params=MODELS_WITH)
def name(request):
    return request.param


@pytest.fixture
def reading(tmp_path):
    """Write a recognizer that was never trained: ``reading(charset, folder)``."""

    def make(charset=CHARS, folder="reader"):
        torch.manual_seed(0)
        path = tmp_path / folder / RECOGNIZER
        save_recognizer(path, Recognizer(charset, width=4), {})
        return path

    return make


def first_step(trainer):
    batch = trainer.data.batch(np.arange(4), trainer.device, torch.zeros(4, trainer.model.noise))
    return trainer.model.losses("G", trainer.model.prepare(batch))


def test_the_recognizers_gradient_reaches_all_that_draws(make_trainer, reading, name):
    trainer = make_trainer(name, lambda_recognizer=1.0, recognizer=str(reading()))
    loss = first_step(trainer)["recognizer"]
    parameters = [p for p in trainer.model.generator.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    assert sum(gradient is not None and bool(gradient.any()) for gradient in gradients) > 0.9 * len(parameters)


def test_the_recognizer_is_no_part_of_the_model(make_trainer, reading, name):
    with_it, without = (
        make_trainer(name, out=out, **given)
        for out, given in (("with", {"lambda_recognizer": 1.0, "recognizer": str(reading())}), ("without", {}))
    )
    ours, theirs = (trainer.model.state_dict() for trainer in (with_it, without))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[key]) for key, tensor in ours.items())
    assert [n for n, _ in with_it.model.named_parameters()] == [n for n, _ in without.model.named_parameters()]


def test_a_model_draws_and_goes_on_when_the_recognizer_has_moved_or_gone(make_trainer, reading, tmp_path):
    name = "zi2zi"
    file, again = reading(), {"lambda_recognizer": 2.0, "schedule": "constant", "ema": 0}
    first = make_trainer(name, recognizer=str(file.parent), **again)
    assert first.run(lambda progress: None)
    assert json.loads((first.folder.path / "config.json").read_text())["recognizer"] == str(file)
    (line,) = [line for line in first.folder.stats() if line["kind"] == "losses"]
    assert line["G/recognizer weighted"] == pytest.approx(2 * line["G/recognizer"], rel=1e-3)
    assert 1 < line["G/recognizer"] < 10  # guessing among 40 costs 3.7

    moved = file.rename(tmp_path / "moved.safetensors")
    resumed = make_trainer(name, recognizer=str(moved), images=12, **again)
    whole = make_trainer(name, recognizer=str(moved), images=12, out="whole", **again)
    assert (resumed.images, whole.images) == (8, 0)
    assert resumed.run(lambda progress: None)
    assert whole.run(lambda progress: None)
    assert same_tensors(whole, resumed)

    moved.unlink()
    model = loading.build(checkpoint.load(first.folder.path / "model.safetensors"))
    assert model.style_spec.names == first.styles


def same_tensors(one, other):
    ours, theirs = one.model.state_dict(), other.model.state_dict()
    return all(torch.equal(tensor, theirs[key]) for key, tensor in ours.items())


def test_the_newest_recognizer_is_taken_and_kept_to(make_trainer, reading, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no recognizer was found in runs/"):
        make_trainer("zi2zi", lambda_recognizer=1.0)
    reading(folder="runs/first")
    first = make_trainer("zi2zi", lambda_recognizer=1.0)
    first.run(lambda progress: None)
    reading("AB", folder="runs/second")
    resumed = make_trainer("zi2zi", lambda_recognizer=1.0, images=12)
    assert resumed.config.recognizer == first.config.recognizer == "runs/first/recognizer.safetensors"
    assert make_trainer("zi2zi", lambda_recognizer=1.0, out="other").config.recognizer.startswith("runs/second/")
    with pytest.raises(UsageError, match=r"holds a run with other settings \(another recognizer\)"):
        make_trainer("zi2zi", lambda_recognizer=1.0, recognizer="runs/second")


def test_a_recognizer_of_no_use_is_refused_before_anything_is_written(make_trainer, reading, trained, tmp_path):
    short = reading(folder="short")
    short.write_bytes(short.read_bytes()[:-100])
    for file, error, message in [
        (tmp_path / "none", UsageError, "no recognizer at "),
        (short, CheckpointError, "is damaged"),
        (trained, CheckpointError, "holds a zi2zi, not a recognizer"),
        (reading("银锒"), UsageError, "knows none of this run's 36 characters"),
    ]:
        with pytest.raises(error, match=message):
            make_trainer("zi2zi", lambda_recognizer=1.0, recognizer=str(file))
    with pytest.raises(UsageError, match="--recognizer without --lambda-recognizer has no effect"):
        make_trainer("zi2zi", recognizer=str(reading()))
    assert not (tmp_path / "run").exists()


def test_the_command_says_how_many_characters_are_read(store, reading, tmp_path, capsys):
    command = ["train", "zi2zi", "--data", str(store.path), "--out", str(tmp_path / "run"), "--width", "4"]
    command += ["--batch", "4", "--images", "4", "--lambda-recognizer", "1", "--recognizer", str(reading("ABC"))]
    assert run([*command, "--dry-run"]) == 0
    assert "knows 3 of 36 characters" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()
    assert run(command) == 0
    assert "of 36 characters" in capsys.readouterr().out
    assert "of 36 characters" in (tmp_path / "run" / "log.txt").read_text()
    assert run([*command[:-1], str(tmp_path), "--dry-run"]) == 2
    assert "no recognizer at" in capsys.readouterr().err


@pytest.fixture
def counts(tmp_path):
    """Numbers of strokes of the store's characters."""
    path = tmp_path / "counts.tsv"
    write_counts(path, {char: 1 + number % 4 for number, char in enumerate(CHARS)})
    return path


def test_the_discriminator_learns_from_real_glyphs_and_the_generator_from_its_own(make_trainer, counts, name):
    trainer, batch = counting(make_trainer, name, counts)
    model = trainer.model
    step = model.prepare(batch)
    on_real, on_fake = (model.losses(phase, step)["strokes"] for phase in ("D", "G"))
    counter = list(model.discriminator.get_submodule("strokes").parameters())
    assert all(gradient.any() for gradient in torch.autograd.grad(on_real, counter, retain_graph=True))
    generator = [p for p in model.generator.parameters() if p.requires_grad]
    assert not any(torch.autograd.grad(on_real, generator, allow_unused=True, retain_graph=True))
    reached = torch.autograd.grad(on_fake, generator, allow_unused=True)
    assert sum(gradient is not None and bool(gradient.any()) for gradient in reached) > 0.9 * len(generator)
    assert {id(p) for p in counter} < {id(p) for p in model.phase_parameters("D")}


def counting(make_trainer, name, counts):
    trainer = make_trainer(name, lambda_strokes=1.0, stroke_counts=str(counts))
    return trainer, trainer.data.batch(np.arange(8), trainer.device, torch.randn(8, trainer.model.noise))


def test_characters_of_no_known_count_do_without(make_trainer, counts, name):
    write_counts(counts, dict.fromkeys(CHARS[::2], 3))
    trainer, batch = counting(make_trainer, name, counts)
    model = trainer.model.eval()
    known = torch.tensor([trainer.charset[number] in CHARS[::2] for number in batch.char])
    assert 0 < known.sum() < 8
    expected = (model.discriminator.get_submodule("strokes")(batch.target[known]) - np.log(3)).square().sum() / 8
    assert torch.allclose(model.stroke_loss(batch.target, batch.char)["strokes"], expected)
    assert model.stroke_loss(batch.target, torch.full((8,), -1))["strokes"] == 0


def test_a_counter_learns_to_count(make_trainer, counts):
    torch.manual_seed(0)
    trainer, batch = counting(make_trainer, "zi2zi", counts)
    model = trainer.model
    optimizer = torch.optim.Adam(model.discriminator.get_submodule("strokes").parameters(), lr=2e-3)
    for _ in range(60):
        loss = model.stroke_loss(batch.target, batch.char)["strokes"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05  # from 0.7, which is what guessing one number costs at best: 0.25


def test_a_model_that_counts_trains_and_comes_back_without_its_file(make_trainer, counts, name):
    given = {"lambda_strokes": 0.5, "stroke_counts": str(counts), "schedule": "constant"}
    first = make_trainer(name, **given)
    assert first.run(lambda progress: None)
    (line,) = [line for line in first.folder.stats() if line["kind"] == "losses"]
    for phase in ("D", "G"):
        assert line[f"{phase}/strokes weighted"] == pytest.approx(line[f"{phase}/strokes"] / 2, rel=1e-3)
    assert make_trainer(name, images=12, **given).images == 8
    counts.unlink()
    assert loading.build(checkpoint.load(first.folder.path / "model.safetensors")).config.lambda_strokes


def test_stroke_counts_of_no_use_are_refused_before_anything_is_written(make_trainer, counts, tmp_path):
    with pytest.raises(UsageError, match="no stroke counts at"):
        make_trainer("zi2zi", lambda_strokes=1.0, stroke_counts=str(tmp_path / "none"))
    write_counts(counts, {"银": 11})
    with pytest.raises(UsageError, match=r"counts\.tsv knows none of this run's 36 characters"):
        make_trainer("zi2zi", lambda_strokes=1.0, stroke_counts=str(counts))
    counts.write_text("A three\n")
    with pytest.raises(HandgenError, match=r"counts\.tsv, line 1 is not"):
        make_trainer("zi2zi", lambda_strokes=1.0, stroke_counts=str(counts))
    with pytest.raises(UsageError, match="--stroke-counts without --lambda-strokes has no effect"):
        make_trainer("zi2zi", stroke_counts=str(counts))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_attention_begins_as_no_change_and_changes_no_shape(name, size):
    kind = MODELS.load(name)
    without, with_it = (
        kind(kind.Config(width=4, attention=on), size, ("a", "b"), "xyz").eval() for on in (False, True)
    )
    missing, unexpected = with_it.load_state_dict(without.state_dict(), strict=False)
    assert not unexpected
    assert {key.rpartition(".attention.")[2] for key in missing} == {
        "gamma", "query.weight", "key.weight", "value.weight", "out.weight"
    }  # fmt: skip
    content = torch.rand(2, 1, size, size) * 2 - 1
    vectors = torch.stack([style.vector for style in without.style_spec.pick(("a", "b"))])
    with torch.inference_mode():
        assert torch.equal(with_it.generate(content, vectors), without.generate(content, vectors))


def test_attention_learns_and_comes_back(make_trainer, name):
    trainer = make_trainer(name, attention=True, images=16)
    before = {key: tensor.clone() for key, tensor in trainer.model.named_parameters() if ".attention." in key}
    assert len(before) == 5
    assert trainer.run(lambda progress: None)
    now = dict(trainer.model.named_parameters())
    assert [key for key in before if torch.equal(before[key], now[key])] == []
    loaded = loading.build(checkpoint.load(trainer.folder.path / "model.safetensors"))
    assert loaded.config.attention


def test_every_place_sees_all_others():
    from handgen.models.layers import SelfAttention

    torch.manual_seed(0)
    layer = SelfAttention(16)
    torch.nn.init.ones_(layer.gamma)
    x = torch.randn(1, 16, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad((layer(x) - x)[0, :, 3, 5].sum(), x)
    assert gradient[0].abs().sum(dim=0).min() > 0
    flat = x[0].flatten(1)
    f, g, h = (part.weight[:, :, 0, 0] @ flat for part in (layer.key, layer.query, layer.value))
    beta = (f.T @ g).softmax(dim=0)  # equation 1: of every i, for each j
    expected = layer.out.weight[:, :, 0, 0] @ (h @ beta) + flat  # equations 2 and 3
    assert torch.allclose(layer(x)[0].flatten(1), expected, atol=1e-5)
