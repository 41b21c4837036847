from __future__ import annotations

import json
import os
import pickle
import shutil

import pytest
import torch
from safetensors.torch import save_file

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints import find
from handgen.checkpoints.files import Checkpoint
from handgen.errors import CheckpointError, HandgenError, UsageError
from handgen.sources import loading

FACTS = {"model": "zi2zi", "name": "银"}
TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(7), "c": torch.ones(2, dtype=torch.bfloat16)}


@pytest.fixture
def saved(tmp_path):
    checkpoint.save(tmp_path / "a.safetensors", TENSORS, FACTS)
    return tmp_path / "a.safetensors"


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_what_is_saved_comes_back(saved):
    loaded = checkpoint.load(saved)
    assert loaded.facts == FACTS
    assert set(loaded.tensors) == set(TENSORS)
    assert all(torch.equal(tensor, loaded.tensors[name]) for name, tensor in TENSORS.items())
    assert loaded.tensors["c"].dtype == torch.bfloat16


def test_memory_layout_does_not_matter(tmp_path):
    image = torch.rand(2, 3, 4, 5)
    checkpoint.save(tmp_path / "a", {"x": image.to(memory_format=torch.channels_last)}, FACTS)
    assert torch.equal(checkpoint.load(tmp_path / "a").tensors["x"], image)


def test_the_digest_is_of_the_content(saved, tmp_path):
    moved = shutil.copy(saved, tmp_path / "b.safetensors")
    digest = checkpoint.load(saved).digest()
    assert digest == checkpoint.load(moved).digest()
    assert digest != Checkpoint(saved, TENSORS | {"b": torch.tensor(8)}, FACTS).digest()
    assert digest != Checkpoint(saved, TENSORS, FACTS | {"name": "锒"}).digest()


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_file_cut_short_is_refused(trained, share):
    path = trained / "state.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match=r"state\.safetensors is damaged .*Copy it again") as caught:
        checkpoint.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text("<!DOCTYPE html><html>404</html>"), "is damaged"),
        (lambda path: save_file({"a": torch.ones(1)}, path), "is no checkpoint of handgen"),
        (lambda path: save_file({"a": torch.ones(1)}, path, metadata={"format": "pt"}), "is no checkpoint of handgen"),
        (
            lambda path: save_file({}, path, metadata={"facts": "{}", "format": "99", "handgen": "9.0"}),
            r"was made by another version of handgen \(9\.0\)",
        ),
        (lambda path: save_file({}, path, metadata={"facts": "{", "format": "1"}), "is damaged"),
        (lambda path: save_file({}, path, metadata={"facts": "[]", "format": "1"}), "is damaged"),
    ],
    ids=["html", "foreign", "foreign with a header", "version", "facts", "a list"],
)
def test_other_files_are_refused(tmp_path, write, message):
    path = tmp_path / "a.safetensors"
    write(path)
    with pytest.raises(CheckpointError, match=message):
        checkpoint.load(path)


@pytest.mark.parametrize("write", [torch.save, lambda trap, path: path.write_bytes(pickle.dumps(trap))])
def test_a_pickle_is_refused_and_its_code_not_run(tmp_path, write):
    sprung = tmp_path / "sprung"
    write(Trap(sprung), tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"a PyTorch file \(a pickle\)"):
        checkpoint.load(tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"a PyTorch file \(a pickle\)"):
        loading.load_for_training(tmp_path, "zi2zi")
    assert not sprung.exists()


@pytest.mark.parametrize("name", ["missing.safetensors", "", "missing/model.safetensors"])
def test_no_file(tmp_path, name):
    with pytest.raises(UsageError, match="no checkpoint at"):
        checkpoint.load(tmp_path / name)


def test_a_model_file_holds_what_draws_and_no_more(trained):
    model, state = (checkpoint.load(trained / name) for name in ("model.safetensors", "state.safetensors"))
    assert {name.split(".")[0] for name in model.tensors} == {"generator", "codes"}
    assert {name.split(".")[0] for name in state.tensors} == {"model", "averaged", "optimizer"}
    assert model.style_names == ["kalam", "indie-flower"]
    assert model.facts["styles"][0]["origin"]["family"] == "Kalam"
    assert model.facts["images"] == 8
    for name, tensor in checkpoint.select("averaged.", state.tensors).items():
        assert torch.equal(tensor, model.tensors[f"generator.{name}"])


@pytest.mark.parametrize(
    "change",
    [
        {"model": "zi3zi"},
        {"size": 128},
        {"config": {"width": 8}},
        {"config": {"width": -1}},
        {"config": {"color": "red"}},
        {"styles": [{"name": "kalam"}]},
        {"styles": None},
    ],
    ids=str,
)
def test_a_model_file_that_does_not_fit_is_refused(trained, change):
    loaded = checkpoint.load(trained / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"model\.safetensors does not fit") as caught:
        loading.build(Checkpoint(loaded.path, loaded.tensors, loaded.facts | change))
    assert "\n" not in str(caught.value)


def test_a_tensor_too_few_or_too_many_is_named(trained):
    loaded = checkpoint.load(trained / "model.safetensors")
    fewer = {name: tensor for name, tensor in loaded.tensors.items() if name != "generator.last.conv.bias"}
    with pytest.raises(CheckpointError, match=r"generator\.last\.conv\.bias"):
        loading.build(Checkpoint(loaded.path, fewer, loaded.facts))
    with pytest.raises(CheckpointError, match="extra"):
        loading.build(Checkpoint(loaded.path, loaded.tensors | {"extra": torch.ones(1)}, loaded.facts))


def test_training_begins_with_averaged_weights(trained, toy_model):
    state = checkpoint.load(trained / "state.safetensors")
    started = loading.load_for_training(trained, "zi2zi")
    for name, tensor in checkpoint.select("averaged.", state.tensors).items():
        assert torch.equal(started.tensors[f"generator.{name}"], tensor)
    (trained / "state.safetensors").unlink()
    assert loading.load_for_training(trained, "zi2zi").path == trained / "model.safetensors"
    with pytest.raises(UsageError, match="holds a zi2zi, not a toy"):
        loading.load_for_training(trained, "toy")


def test_the_latest_run_is_found(tmp_path):
    with pytest.raises(UsageError, match="no trained model was found"):
        find.find_model(None, [tmp_path])
    for number, name in enumerate(("old", "new")):
        checkpoint.save(tmp_path / name / "model.safetensors", TENSORS, FACTS)
        os.utime(tmp_path / name / "model.safetensors", (number, number))
    (tmp_path / "unfinished").mkdir()
    runs = sorted(tmp_path.iterdir())
    assert find.find_model(None, runs) == tmp_path / "new" / "model.safetensors"
    assert find.find_model(tmp_path / "old", runs) == tmp_path / "old" / "model.safetensors"
    assert find.find_model(tmp_path / "old" / "x", runs) == tmp_path / "old" / "x"


def run_folder(path, images, budget, ssim=0.6, strokes=0.7, ratio=0.8, at=0):
    """Make a folder with the record of a run."""
    checkpoint.save(path / "model.safetensors", TENSORS, FACTS)
    os.utime(path / "model.safetensors", (at, at))
    (path / "config.json").write_text(json.dumps({"handgen": "0", "images": budget}))
    mean = {"l1": 0.1, "ssim": ssim, "stroke_recall": strokes, "stroke_precision": strokes}
    lines = [
        {"images": images, "kind": "losses", "G/l1": 0.5, "images_per_s": 9.0},
        {"images": images, "kind": "diversity", "generated": ratio, "real": 1.0, "ratio": ratio},
        {"images": images, "kind": "held-out", "styles": {"mean": mean}},
    ]
    (path / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_run_that_is_no_good_yet_is_not_the_usual_one(tmp_path, monkeypatch):
    shipped = {name: tmp_path / "weights" / name for name in ("zh", "latin")}
    good = run_folder(tmp_path / "good", 100, 100, at=1)
    weak = {
        "stopped after 99 of 100 images": run_folder(tmp_path / "stopped", 99, 100, at=2),
        "SSIM 0.10": run_folder(tmp_path / "fog", 100, 100, ssim=0.1, at=3),
        "0% of the strokes": run_folder(tmp_path / "blank", 100, 100, strokes=0.0, at=4),
        "0.05 of the diversity": run_folder(tmp_path / "same", 100, 100, ratio=0.05, at=5),
    }
    for words, folder in weak.items():
        chosen = find.choose_model(None, [folder, good])
        assert chosen.file == good / "model.safetensors"
        assert words in chosen.why
        assert f"--model {folder}" in chosen.why
    newest = [*weak.values()][-1]
    chosen = find.choose_model(None, [*weak.values()])  # nothing is shipped here
    assert (chosen.file.parent, "although its styles draw nearly the same" in chosen.why) == (newest, True)
    monkeypatch.setattr("handgen.weights.shipped", lambda: shipped)
    chosen = find.choose_model(None, [*weak.values()])
    assert chosen.file == shipped["zh"] / "model.safetensors"
    assert "zh, which comes with handgen; not" in chosen.why
    assert find.choose_model(None, [*weak.values(), good]).file.parent == good
    (good / "stats.jsonl").write_text("{\n")
    assert "stats.jsonl is damaged" in find.choose_model(None, [good]).why


def test_optimizers_come_back_in_the_layout_of_their_parameters(tmp_path):
    def step(optimizer, parameter):
        optimizer.zero_grad()
        (parameter * torch.linspace(-1, 1, parameter.numel()).reshape(parameter.shape)).square().sum().backward()
        optimizer.step()

    def make(value):
        parameter = torch.nn.Parameter(value.clone(memory_format=torch.preserve_format))
        return parameter, torch.optim.Adam([parameter], fused=True)

    parameter, optimizer = make(torch.rand(4, 3, 2, 2).to(memory_format=torch.channels_last))
    step(optimizer, parameter)
    checkpoint.save(tmp_path / "a", checkpoint.optimizer_tensors("G", optimizer), FACTS)
    copy, restored = make(parameter.detach())
    checkpoint.restore_optimizer("G", restored, checkpoint.load(tmp_path / "a").tensors)
    assert restored.state[copy]["exp_avg"].stride() == copy.stride()
    step(optimizer, parameter)
    step(restored, copy)
    assert torch.equal(parameter, copy)


def test_facts_are_kept_as_text_a_person_can_read(saved):
    header = saved.read_bytes()[8:]
    assert json.dumps("银", ensure_ascii=False).encode()[1:-1] in header


def test_saving_to_no_folder_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HandgenError, match="file/a"):
        checkpoint.save(tmp_path / "file" / "a", TENSORS, FACTS)
