"""StrokeRNN on a hand whose strokes are known, because they were drawn here."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from handgen.checkpoints import files as checkpoint
from handgen.cli import run
from handgen.errors import HandgenError
from handgen.glyphs.records import Raster, StyleRecord
from handgen.glyphs.store import GlyphStore, StoreWriter
from handgen.models.strokernn import StrokeRNN, StrokeRNNConfig
from handgen.seeds import keys
from handgen.sources import loading
from handgen.strokes.copybook import FILE
from handgen.strokes.prompts import StrokePrompt
from handgen.training.evaluate import measure
from tests.conftest import same_state
from tests.readers import items, read_as_trainers_do
from tests.strokes.conftest import HANZI, stroke_data, table
from tests.strokes.test_register import SIZE, drawn, moved

__all__ = ["stroke_data", "table"]
CHARS = "".join(HANZI)[:6]
SMALL = {"width": 32, "layers": 1, "code_dim": 8, "strokes": "hanzi"}


@pytest.fixture
def written_store(stroke_data, tmp_path, table):
    """Standard characters as the source, and two hands that write them: one upright, one that moves strokes.

    One character has no strokes, and one is drawn as another.
    """
    standard = [table.strokes(char) for char in CHARS]
    chars = [*CHARS, "\ue000", "一"]
    path = tmp_path / "store"
    with StoreWriter(path, size=SIZE, charset=CHARS + "\ue000", raster=Raster(source="drawn", sha256="here")) as writer:
        for name, role, strokes in (
            ("standard", "source", standard),
            ("upright", "target", [(each - 0.5) * np.float32(0.8) + np.float32(0.5) for each in standard]),
            ("moving", "target", [moved(each) for each in standard]),
        ):
            images = drawn(strokes)
            everything = np.concatenate([images, images[:1], images[3:4]])
            style = writer.add_style(StyleRecord(name, role))
            writer.append(everything, chars, style, [0] * 7 + [1])
    return GlyphStore(path)


def test_it_learns_hands_by_heart_and_says_what_it_left_out(make_trainer, written_store):
    trainer = make_trainer(
        "strokernn", on=written_store, images=4800, batch=16, lr=5e-3, ema=200, holdout=0, dropout=0, augment=0, **SMALL
    )
    assert trainer.run(lambda progress: None)
    log = (trainer.folder.path / "log.txt").read_text(encoding="utf-8")
    assert "standard strokes: 6 of hanzi" in log
    assert "strokes laid over 12 of 16 glyphs" in log
    for name in ("upright", "moving"):
        assert f"left out of {name}, no strokes are known: 1 (\ue000)" in log
        assert f"left out of {name}, the strokes do not fit the glyph: 1 (一)" in log
    with trainer.evaluating() as model:
        kept = np.flatnonzero([char != "\ue000" for char in trainer.data.everything(trainer.folder.path).chars])
        found = model.draw_batch(trainer.data.batch(kept, trainer.device, torch.zeros(len(kept), 0)))
        true = torch.from_numpy(written_store.images[trainer.data.target[kept]])[:, None].float() / 127.5 - 1
    error = (found - true).abs().mean(dim=(1, 2, 3)) / 2
    wrong = written_store.labels["sample"][trainer.data.target[kept]] == 1
    assert error[~wrong].mean() < 0.03
    apart = (true[~wrong][:6] - true[~wrong][6:]).abs().mean() / 2
    assert apart > 0.06  # the hands differ by more


def test_a_run_goes_on_with_the_strokes_it_kept(make_trainer, written_store, monkeypatch):
    whole = make_trainer("strokernn", on=written_store, out="whole", images=12, schedule="constant", **SMALL)
    whole.run(lambda progress: None)
    half = make_trainer("strokernn", on=written_store, out="half", images=8, schedule="constant", **SMALL)
    half.run(lambda progress: None)
    monkeypatch.setattr("handgen.strokes.copybook.make_copybook", lambda *args: pytest.fail("they were laid anew"))
    resumed = make_trainer("strokernn", on=written_store, out="half", images=12, schedule="constant", **SMALL)
    assert resumed.run(lambda progress: None)
    same_state(whole.folder.path, resumed.folder.path)
    (half.folder.path / FILE).write_bytes(b"x" * 100)
    again = make_trainer("strokernn", on=written_store, out="half", images=20, schedule="constant", **SMALL)
    with pytest.raises(HandgenError, match=r"copybook.npz is damaged .* Delete it and run the same command again"):
        again.inspect_data(again.folder)


def test_what_it_writes_is_a_dataset(make_trainer, written_store, tmp_path, capsys):
    trainer = make_trainer("strokernn", on=written_store, images=64, batch=16, holdout=0.2, **SMALL)
    trainer.run(lambda progress: None)
    model = ("synth", "--model", str(trainer.folder.path), "--charset", "".join(HANZI) + "A", "--gate", "off")

    def made(name, *options, count=100):
        out = tmp_path / name
        assert run([*model, "--out", str(out), "--count", str(count), *map(str, options)]) == 0
        return out

    whole = made("whole")
    assert "left out, without strokes: 1 (A)" in " ".join(capsys.readouterr().err.split())
    read = read_as_trainers_do(whole)
    assert {label for label, _ in read} == set(HANZI)
    assert len({image.tobytes() for _, image in read}) == 100
    assert run(["check", str(whole)]) == 0
    images = {key: value for key, value in items(whole).items() if key.startswith(b"image-")}
    shorter = items(made("short", "--batch", 7, "--workers", 2, count=70))
    assert all(images[key] == value for key, value in shorter.items() if key.startswith(b"image-"))
    same = read_as_trainers_do(made("same", "--vary", 0, "--styles", "moving"))
    assert len({image.tobytes() for _, image in same}) == len(HANZI)
    manifest = json.loads((whole / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["info"]["stroke_sources"] == {"hanzi": len(HANZI)}
    assert run([*model, "--out", str(tmp_path / "like"), "--like", str(tmp_path)]) == 2
    assert "this model cannot take a style from images" in capsys.readouterr().err
    preview = str(tmp_path / "p.png")
    assert run(["preview", "--model", str(trainer.folder.path), "--text", CHARS, "--out", preview]) == 0


def test_it_measures_characters_that_it_never_saw(make_trainer, written_store):
    trainer = make_trainer("strokernn", on=written_store, images=16, holdout=0.4, **SMALL)
    trainer.run(lambda progress: None)
    (line,) = trainer.folder.measurements()
    assert set(line["styles"]) == {"upright", "moving", "mean"}
    loaded = loading.build(checkpoint.load(trainer.folder.path / "model.safetensors"))
    result = measure(loaded, trainer.held_out, trainer.styles, trainer.device)
    assert result["mean"]["l1"] == pytest.approx(line["styles"]["mean"]["l1"], abs=2e-3)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return StrokeRNN(StrokeRNNConfig(width=16, layers=1, code_dim=4), 32, ("a", "b"), "x").eval()


@torch.inference_mode()
def test_a_character_without_strokes_is_white_and_drawings_follow_from_their_keys(model, table):
    style = model.codes[[0, 1, 0]]
    told = StrokePrompt(table, np.array([1, -1, 1]), keys(np.array([5, 6, 5])), 1.0)
    drawn = model.generate(told, style)
    assert (drawn[1] == 1).all()
    assert torch.equal(drawn[0], drawn[2])
    other = model.generate(StrokePrompt(table, np.array([1]), keys(np.array([7])), 1.0), style[:1])
    assert not torch.equal(other[0], drawn[0])


@torch.inference_mode()
def test_what_moves_the_standard_moves_the_hand(model):
    knots, said = torch.rand(3, 4, 10, 2), torch.randn(3, 4, 16)
    torch.manual_seed(1)
    moved_knots, moved_said = model._augmented(knots, said)
    scale = model._scale[:2]
    # The tip of an arrow from a standard point to a written one is transformed by the same matrix as the points.
    arrow = knots[:, :, :1] + said[..., None, :2] * scale
    torch.manual_seed(1)
    moved_arrow, _ = model._augmented(torch.cat([knots[:, :, 1:], arrow], 2), said)
    assert torch.allclose(moved_arrow[:, :, -1], moved_knots[:, :, 0] + moved_said[..., :2] * scale, atol=1e-5)
