"""Exports networks as ONNX files, for ONNX Runtime, OpenVINO and others, with a JSON file that describes the inputs.

A generator takes prompts and style vectors; the JSON file has the vector of each style. A recognizer takes glyphs and
returns log probabilities of its characters. Pixels are in [-1, 1], -1 = ink. The number of samples is free.
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
"""An ONNX version of 2022: today's runtimes read it, and it has all operators that are needed here."""
_TRACED = 2
"""Samples in the example inputs for tracing; the exported network takes any number."""


@dataclass(frozen=True)
class Graph:
    """A network to export.

    Attributes:
        name: the name of its files, without the suffix.
        network: the network in evaluation mode; its arguments are ``inputs``, in order.
        inputs: name -> example for tracing, ``[_TRACED, ...]``.
        output: name of the output.
        facts: further content of the JSON file.
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
    """Return the network that a model draws with.

    Args:
        model: the model.
        size: side of its images in pixels.

    Raises:
        UsageError: the model draws stroke by stroke with a pen, which a network cannot do.
    """
    if model.prompt_kind is STROKES:
        raise UsageError(
            "a model that draws stroke by stroke with a pen cannot be exported as a network",
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
    """Return the network of a recognizer as the gate uses it: with merged normalizations, and calibrated."""
    network = Reader(recognizer, torch.device("cpu")).recognizer
    side = recognizer.size
    facts = {"kind": KIND, "size": side, "charset": recognizer.charset}
    images = torch.ones(_TRACED, 1, side, side)
    return Graph("recognizer", _Reading(network).eval(), {"image": images}, "log_probability", facts)


def write_graph(graph: Graph, file: Path) -> None:
    """Write a network as an ONNX file, whole or not at all.

    Raises:
        UsageError: the network has an operation that ONNX does not support.
        HandgenError: the package onnx is not installed; the disk is full or not writable.
    """
    load_extra("onnx", EXTRA)
    with replacing(file) as temporary, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # the older exporter, by tracing, is deprecated, but needs no further package
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
            raise UsageError(
                f"the {graph.name} cannot be exported as ONNX ({reason})", "Export one of handgen's own."
            ) from error


def export_onnx(run: Path, out: Path, recognizer: Path | None = None) -> dict[str, int]:
    """Write the networks of a run as ONNX files, each with a JSON file that describes its inputs.

    Args:
        run: run folder, file, or name of shipped weights; of a model or a recognizer.
        out: the folder for ``model.onnx`` or ``recognizer.onnx`` and the ``.json`` files.
        recognizer: a recognizer to export, too, as for ``find_recognizer``.

    Returns:
        File name -> size in bytes.

    Raises:
        UsageError: there is no such run, or its model cannot be exported.
        HandgenError: the package onnx is not installed; a file is damaged, or the disk is full.
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
    """Return the model file of a run or, if its folder has only a recognizer, the recognizer's file."""
    if run.is_dir() and not (run / weights.MODEL).is_file() and (run / weights.RECOGNIZER).is_file():
        return find_recognizer(run)
    return find_model(run, ())
