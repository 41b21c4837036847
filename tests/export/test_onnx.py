"""Networks as ONNX files draw and read what PyTorch does, for any number of samples."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from handgen.cli import run
from handgen.errors import UsageError
from handgen.export.onnx import drawing_graph, generator_graph, recognizer_graph, write_graph
from handgen.models import MODELS
from handgen.models.base import STROKES
from handgen.ocr.recognizer import Recognizer

runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install onnxruntime")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'handgen[onnx]'")

NEAR = 1e-3
SIZE = 32
MORE = {"zi2zi": [{"attention": True}, {"decoder": "transpose", "patch": 2}], "bicyclegan": [{"inject": "all"}]}


def given(graph, count):
    """Return random inputs of ``count`` samples."""
    random = torch.Generator().manual_seed(count)
    return {
        name: torch.randint(3, (count,), generator=random)
        if tensor.dtype == torch.int64
        else torch.rand(count, *tensor.shape[1:], generator=random) * 2 - 1
        for name, tensor in graph.inputs.items()
    }


def difference(graph, file):
    """Return the greatest difference between the file's outputs and the network's, and how far these are spread."""
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    worst, spread = 0.0, 0.0
    for count in (1, 5):
        inputs = given(graph, count)
        with torch.inference_mode():
            wanted = graph.network(*inputs.values()).numpy()
        (made,) = session.run([graph.output], {name: tensor.numpy() for name, tensor in inputs.items()})
        assert made.shape == wanted.shape
        worst, spread = max(worst, float(np.abs(made - wanted).max())), max(spread, float(np.ptp(wanted)))
    return worst, spread


def shaken(model):
    """Set parameters that are 0 at first, such as those of displacement, to other values."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(std=0.05)
    return model.eval()


def test_every_model_that_is_a_network_alone_draws_the_same(tmp_path):
    kinds = [(entry.name, {}) for entry in MODELS] + [(name, more) for name, some in MORE.items() for more in some]
    wrong, done = [], 0
    for number, (name, more) in enumerate(kinds):
        kind = MODELS.load(name)
        small = {"width": 4} if "width" in kind.Config.__dataclass_fields__ else {}
        model = shaken(kind(kind.Config(**small, **more), SIZE, ["one"] if kind.one_style else ["one", "two"], "ABC"))
        if model.prompt_kind is STROKES:
            with pytest.raises(UsageError, match="stroke by stroke"):
                drawing_graph(model, SIZE)
            continue
        graph, file = drawing_graph(model, SIZE), tmp_path / f"{number}.onnx"
        write_graph(graph, file)
        worst, spread = difference(graph, file)
        done += 1
        if worst > NEAR * spread:
            wrong.append(f"{name} {more}: {worst:g} of {spread:g}")
    assert done > 5
    assert not wrong


def test_a_recognizer_reads_the_same(tmp_path):
    torch.manual_seed(0)
    recognizer = Recognizer("ABCDE", size=32, width=8)
    recognizer.temperature.fill_(1.7)
    graph = recognizer_graph(recognizer.eval())
    write_graph(graph, tmp_path / "reader.onnx")
    worst, spread = difference(graph, tmp_path / "reader.onnx")
    assert worst < NEAR * spread
    with torch.inference_mode():
        (image,) = given(graph, 4).values()
        logits = recognizer(image) / recognizer.temperature
        torch.testing.assert_close(graph.network(image), logits.log_softmax(1), atol=1e-4, rtol=1e-4)


def test_the_command_writes_networks_and_what_they_take(digit_run, reading, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(["models", "export", str(digit_run), "--onnx", "--recognizer", str(reading), "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {
        "model.onnx", "model.json", "recognizer.onnx", "recognizer.json",
    }  # fmt: skip
    about = json.loads((out / "model.json").read_text())
    assert about["inputs"] == {"content": ["samples", 1, 64, 64], "style": ["samples", 8]}
    assert about["kind"] == "zi2zi"
    assert len(about["styles"]["kalam"]) == 8
    from handgen.checkpoints import files as checkpoint

    worst, spread = difference(generator_graph(checkpoint.load(digit_run / "model.safetensors")), out / "model.onnx")
    assert worst < NEAR * spread
    assert json.loads((out / "recognizer.json").read_text())["charset"] == "0123456789"
    alone = tmp_path / "alone"
    assert run(["models", "export", str(reading), "--onnx", "--out", str(alone)]) == 0
    assert (alone / "recognizer.onnx").read_bytes() == (out / "recognizer.onnx").read_bytes()


def test_weights_need_a_name_and_onnx_does_not_take_what_it_ignores(digit_run, capsys):
    assert run(["models", "export", str(digit_run)]) == 2
    assert "--name" in capsys.readouterr().err
    assert run(["models", "export", str(digit_run), "--onnx", "--charset", "digits"]) == 2
    assert "--charset" in capsys.readouterr().err
