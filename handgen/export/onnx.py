"""Networks as ONNX files, for ONNX Runtime, OpenVINO and others: the network alone, and a JSON file of what it takes.

A generator takes what its prompt is and style vectors, which the JSON file has by name; a recognizer takes glyphs and
returns log probabilities of its characters. Pixels are in [-1, 1], -1 = ink. Any number of samples pass together.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from handgen import weights
from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.files import Checkpoint
from handgen.errors import UsageError
from handgen.extras import load_extra
from handgen.files import replacing, writable_folder, write_json
from handgen.models.base import CHARACTERS, GLYPHS, NOTHING, STROKES, Model
from handgen.ocr.reader import KIND, Reader, find_recognizer, load_recognizer
from handgen.ocr.recognizer import Recognizer
from handgen.sources import loading
from handgen.sources.find import find_model

EXTRA = "onnx"
_OPSET = 17
"""Of 2022: the first that every runtime of today reads, and that has all that networks here are made of."""
_TRACED = 2
"""Samples that a network is traced with; it takes any number of them."""


@dataclass(frozen=True)
class Graph:
    """A network to write.

    Attributes:
        name: of its files.
        network: in evaluation mode; it takes ``inputs`` in their order.
        inputs: by name, what it is traced with, ``[_TRACED, ...]`` each.
        output: what comes out.
        facts: what else a user needs to know of it.
    """

    name: str
    network: nn.Module
    inputs: dict[str, Tensor]
    output: str
    facts: dict[str, Any]


class _Drawing(nn.Module):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, prompt: Tensor, style: Tensor | None = None) -> Tensor:
        return self.model.generate(prompt, prompt.new_zeros((prompt.shape[0], 0)) if style is None else style)


class _DrawingFromNothing(nn.Module):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, style: Tensor) -> Tensor:
        return self.model.generate(style.new_zeros(len(style), dtype=torch.int64), style)


class _Reading(nn.Module):
    def __init__(self, recognizer: Recognizer) -> None:
        super().__init__()
        self.recognizer = recognizer

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.recognizer(images)
        return logits.log_softmax(1)


def drawing_graph(model: Model, size: int) -> Graph:
    """Return the network that a model draws with, images of ``size`` pixels.

    Raises:
        UsageError: it draws stroke by stroke, which is no network alone.
    """
    if model.prompt_kind is STROKES:
        raise UsageError(
            "a model that writes stroke by stroke with a pen is no network alone",
            "Export one that draws glyphs, such as a zi2zi.",
        )
    names = model.style_spec.names
    styles = model.style_spec.pick(names) if names else []
    dim = len((styles or model.style_spec.draw(1, 0))[0].vector)
    prompts = {
        GLYPHS: {"content": torch.ones(_TRACED, 1, size, size)},
        CHARACTERS: {"character": torch.zeros(_TRACED, dtype=torch.int64)},
        NOTHING: {},
    }[model.prompt_kind]
    inputs = prompts | ({"style": torch.zeros(_TRACED, dim)} if dim else {})
    about = {"size": size, "styles": {style.name: style.vector.tolist() for style in styles}}
    network = _Drawing(model) if prompts else _DrawingFromNothing(model)
    return Graph("model", network.eval(), inputs, "image", about)


def generator_graph(loaded: Checkpoint) -> Graph:
    """Return the network of a model file; errors are those of ``loading.build`` and ``drawing_graph``."""
    facts = loaded.model
    graph = drawing_graph(loading.build(loaded), facts.size)
    prompts = {"source_font": facts.raster.source} if "content" in graph.inputs else {"charset": facts.charset}
    return replace(graph, facts={"kind": facts.model, **prompts, **graph.facts})


def recognizer_graph(recognizer: Recognizer) -> Graph:
    """Return the network of a recognizer, as the gate reads with it: normalizations folded, calibrated."""
    network = Reader(recognizer, torch.device("cpu")).recognizer
    side = recognizer.size
    facts = {"kind": KIND, "size": side, "charset": recognizer.charset}
    images = torch.ones(_TRACED, 1, side, side)
    return Graph("recognizer", _Reading(network).eval(), {"image": images}, "log_probability", facts)


def write_graph(graph: Graph, file: Path) -> None:
    """Write a network as an ONNX file, whole or not at all.

    Raises:
        UsageError: it does what ONNX cannot say.
        HandgenError: the package onnx is not installed; the disk is full or not writable.
    """
    load_extra("onnx", EXTRA)
    with replacing(file) as temporary, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # the exporter by tracing is an old one, and needs no further package
        try:
            torch.onnx.export(
                graph.network,
                tuple(graph.inputs.values()),
                str(temporary),
                dynamo=False,
                opset_version=_OPSET,
                input_names=list(graph.inputs),
                output_names=[graph.output],
                dynamic_axes={name: {0: "samples"} for name in (*graph.inputs, graph.output)},
            )
        except torch.onnx.OnnxExporterError as error:
            reason = " ".join(str(error).split())[:120]
            raise UsageError(f"the {graph.name} is no ONNX file ({reason})", "Export one of handgen's own.") from error


def export_onnx(run: Path, out: Path, recognizer: Path | None = None) -> dict[str, int]:
    """Write the networks of a run as ONNX files, each with a JSON file that says what it takes.

    Args:
        run: run folder, file, or the name of shipped weights; of a model or of a recognizer.
        out: the folder to write: ``model.onnx`` or ``recognizer.onnx``, and ``.json`` beside it.
        recognizer: who is to be written as well, as ``find_recognizer`` has it.

    Returns:
        Bytes of each file, by name.

    Raises:
        UsageError: there is no such run, or its model is no network alone.
        HandgenError: the package onnx is not installed; a file is damaged, or the disk full.
    """
    load_extra("onnx", EXTRA)
    file = _file_of(run)
    loaded = checkpoint.load(file)
    is_reader = loaded.facts.get("kind") == KIND
    graphs = [recognizer_graph(load_recognizer(file)) if is_reader else generator_graph(loaded)]
    if recognizer is not None and not is_reader:
        graphs.append(recognizer_graph(load_recognizer(recognizer)))
    writable_folder(out)
    return {name: size for graph in graphs for name, size in _written(graph, out).items()}


def _written(graph: Graph, out: Path) -> dict[str, int]:
    file, about = out / f"{graph.name}.onnx", out / f"{graph.name}.json"
    write_graph(graph, file)
    inputs = {name: ["samples", *given.shape[1:]] for name, given in graph.inputs.items()}
    write_json(about, {"inputs": inputs, "output": graph.output, "pixels": "-1 = ink, 1 = paper", **graph.facts})
    return {each.name: each.stat().st_size for each in (file, about)}


def _file_of(run: Path) -> Path:
    """Return the file of a model or, where a folder has none, of its recognizer."""
    if run.is_dir() and not (run / weights.MODEL).is_file() and (run / weights.RECOGNIZER).is_file():
        return find_recognizer(run)
    return find_model(run, ())
