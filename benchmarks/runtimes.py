"""The networks that come with handgen in other runtimes: how fast, how far from what PyTorch draws, and how read.

Each runtime draws the same blocks, on one thread, in turn, timed in processor time. int8 is static quantization of the
convolutions, with ranges from other prompts; fields of displacement and the last layer stay float32, because they move
and draw pixels. What is not installed is left out: ``pip install 'handgen[onnx]' onnxruntime openvino``.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.row import Row, Scale, Told
from handgen.checkpoints import files as checkpoint
from handgen.export.onnx import Graph, generator_graph, recognizer_graph, write_graph
from handgen.glyphs.store import to_bytes, to_unit
from handgen.metrics.ssim import structural_similarity
from handgen.models.styles import vectors
from handgen.ocr.reader import Reader, load_recognizer
from handgen.seeds import SampleKey
from handgen.sources.model import ModelSource
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import prepare
from handgen.synthesis.request import OFF
from handgen.synthesis.samples import Synthesis
from handgen.weights import MODEL, shipped, shipped_recognizers

Arrays = Mapping[str, NDArray[Any]]
Run = Callable[[Arrays], NDArray[np.float32]]
EAGER = "PyTorch float32"
_ROUNDS = 6
"""In each round of the scale; the least processor time counts."""
_CALIBRATION = 4
"""Blocks that tell int8 which values there are."""
_KEPT = ("heads", "last")
"""Of layers that stay float32, what their names have."""


@dataclass(frozen=True)
class Case:
    """A network and what it is given.

    Attributes:
        name: of it.
        graph: the network, as it is exported.
        network: the same as handgen has it, of tensors.
        call: gives it arrays and returns one.
        blocks: what it is given to draw or to read.
        calibration: more of that, for ranges.
        told: what to say of what came out, given also what ``network`` makes of the same.
    """

    name: str
    graph: Graph
    network: Callable[..., Tensor]
    call: Callable[[Callable[..., Tensor], Arrays], NDArray[np.float32]]
    blocks: list[Arrays]
    calibration: list[Arrays]
    told: Callable[[NDArray[np.float32], NDArray[np.float32]], str]

    @property
    def eager(self) -> Run:
        """Runs it as handgen does."""
        return partial(self.call, self.network)


def measure(scale: Scale, device: torch.device, told: Told) -> list[Row]:
    """Time each network that comes with handgen, and the recognizer, in every runtime that is installed."""
    if device.type != "cpu":
        told("runtimes are compared on a CPU")
        return []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            return [row for case in cases(scale) for row in _rows(case, scale, Path(folder), told)]
    finally:
        torch.set_num_threads(threads)


def cases(scale: Scale) -> Iterator[Case]:
    """Yield what is compared: the generators and, on what the first of them draws, the recognizer."""
    reader = next((Reader(load_recognizer(file), torch.device("cpu")) for file in shipped_recognizers()), None)
    drawn: tuple[NDArray[np.uint8], list[str]] | None = None
    for name, folder in shipped().items():
        synthesis = prepare(make_request(folder / MODEL, count=1000, styles="15", gate=OFF)).glyphs
        count = max(1, scale.samples // 250)
        blocks, chars = zip(*(_block(synthesis, number) for number in range(count)), strict=True)
        labels = [char for some in chars for char in some]
        more = [_block(synthesis, number)[0] for number in range(count, count + _CALIBRATION)]
        source = synthesis.source
        assert isinstance(source, ModelSource)
        graph, tell = generator_graph(checkpoint.load(folder / MODEL)), partial(_drawn_like, reader, labels)
        case = Case(f"{name}, drawing", graph, source.drawer.generate, _draws, list(blocks), more, tell)
        yield case
        if drawn is None:
            images = to_bytes(torch.from_numpy(np.concatenate([case.eager(block) for block in blocks])))[:, 0].numpy()
            drawn = images, labels
    if reader and drawn:
        parts = np.array_split(drawn[0], max(1, len(drawn[0]) // 128))
        given: list[Arrays] = [{"image": to_unit(part)[:, None].numpy()} for part in parts]
        graph, tell = recognizer_graph(load_recognizer(shipped_recognizers()[0])), partial(_read_like, reader, drawn[1])
        yield Case("the recognizer", graph, reader.recognizer, _reads, given, given[:_CALIBRATION], tell)


def _block(synthesis: Synthesis, number: int) -> tuple[Arrays, list[str]]:
    source = synthesis.source
    assert isinstance(source, ModelSource)
    index = np.arange(synthesis.block, dtype=np.int64) + number * synthesis.block
    characters, styles = synthesis.plan.at(index)
    key = SampleKey.of(0, index)
    content = source.content.prompts.batch(characters, styles, key, 0.0)
    codes = vectors([source.styles[style] for style in styles], key.shared("latent"))
    return {"content": content.numpy(), "style": codes.numpy()}, [source.chars[row] for row in characters.tolist()]


def _draws(network: Callable[..., Tensor], given: Arrays) -> NDArray[np.float32]:
    content, style = (torch.from_numpy(given[name]) for name in ("content", "style"))
    made: NDArray[np.float32] = network(content, style).float().numpy()
    return made


def _reads(network: Callable[..., Tensor], given: Arrays) -> NDArray[np.float32]:
    images = torch.from_numpy(given["image"]).contiguous(memory_format=torch.channels_last)
    made: NDArray[np.float32] = network(images).float().log_softmax(1).numpy()
    return made


def _rows(case: Case, scale: Scale, folder: Path, told: Told) -> list[Row]:
    runs = {EAGER: case.eager, **_others(case, scale, folder, told)}
    wanted = np.concatenate([case.eager(block) for block in case.blocks])
    best: dict[str, float] = {}
    for _ in range(scale.rounds * _ROUNDS):
        for name, run in runs.items():
            began = time.process_time()
            run(case.blocks[0])
            taken = time.process_time() - began
            best[name] = min(best.get(name, taken), taken)
    count, rows = len(next(iter(case.blocks[0].values()))), []
    for name, run in runs.items():
        note = case.told(np.concatenate([run(block) for block in case.blocks]), wanted)
        seconds = max(best[name], 1e-9)
        rows.append(Row(case.name, name, count, seconds, peer=name == EAGER, note=note))
        told(f"{case.name}, {name}: {1000 * seconds / count:.3f} ms; {note}")
    return rows


def _others(case: Case, scale: Scale, folder: Path, told: Told) -> dict[str, Run]:
    """Return the runtimes beside PyTorch as it is; what cannot be had is told."""
    made: dict[str, Run] = {"PyTorch bfloat16": partial(_bfloat16, case.eager)}
    if scale.costly and shutil.which("g++"):
        made["torch.compile"] = partial(case.call, torch.compile(case.network, dynamic=False))
    if lacking := [name for name in ("onnx", "onnxruntime") if importlib.util.find_spec(name) is None]:
        told(f"without ONNX: {' and '.join(lacking)} are not installed")
        return made
    file = folder / f"{case.name.partition(',')[0]}.onnx"
    files = {"float32": file}
    write_graph(case.graph, file)
    if scale.costly:
        files["int8"] = _quantized(file, case)
    has_openvino = importlib.util.find_spec("openvino") is not None
    if not has_openvino:
        told("without OpenVINO: it is not installed")
    for precision, graph in files.items():
        made[f"ONNX Runtime {precision}"] = _onnx_runtime(graph)
        if has_openvino:
            made[f"OpenVINO {precision}"] = _openvino(graph, list(case.graph.inputs), "f32")
    if has_openvino:
        made["OpenVINO bfloat16"] = _openvino(file, list(case.graph.inputs), "bf16")
    return made


def _bfloat16(eager: Run, given: Arrays) -> NDArray[np.float32]:
    with torch.autocast("cpu", torch.bfloat16):
        return eager(given)


def _onnx_runtime(file: Path) -> Run:
    onnxruntime = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda given: session.run(None, dict(given))[0]


def _openvino(file: Path, names: list[str], precision: str) -> Run:
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    core = importlib.import_module("openvino").Core()
    model = core.compile_model(core.read_model(file), "CPU", settings)
    return lambda given: np.array(model([given[name] for name in names])[0])


def _quantized(file: Path, case: Case) -> Path:
    """Return the file of the network with convolutions and products in int8."""
    onnx, quantization = (importlib.import_module(name) for name in ("onnx", "onnxruntime.quantization"))

    class Prompts(quantization.CalibrationDataReader):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            self.rest = iter(case.calibration)

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            given = next(self.rest, None)
            return None if given is None else dict(given)

    ready, made = file.with_suffix(".ready.onnx"), file.with_suffix(".int8.onnx")
    quantization.shape_inference.quant_pre_process(str(file), str(ready), skip_symbolic_shape=True)
    kinds = ["Conv", "ConvTranspose", "MatMul", "Gemm"]
    nodes = [node.name for node in onnx.load(str(ready)).graph.node if node.op_type in kinds]
    quantization.quantize_static(
        str(ready),
        str(made),
        Prompts(),
        per_channel=True,
        reduce_range=True,  # without VNNI, sums of two products of 8 bits overflow
        op_types_to_quantize=kinds,
        nodes_to_exclude=[name for name in nodes if any(part in name for part in _KEPT)],
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    return made


def _drawn_like(
    reader: Reader | None, labels: list[str], made: NDArray[np.float32], wanted: NDArray[np.float32]
) -> str:
    one, other = (to_bytes(torch.from_numpy(each)) for each in (made, wanted))
    alike = structural_similarity(one.float() / 255, other.float() / 255).mean().item()
    most = int((one.int() - other.int()).abs().max())
    told = f"SSIM {alike:.4f}, greatest difference {most} of 255"
    return told + (_rate(reader, one[:, 0].numpy(), labels) if reader else "")


def _rate(reader: Reader, images: NDArray[np.uint8], labels: list[str]) -> str:
    numbers = np.array([reader.number(char) for char in labels])
    known = numbers >= 0
    if not known.any():
        return ""
    read = reader.read(images[known], top=1).chars[:, 0]
    return f", read {(read == numbers[known]).mean():.1%}"


def _read_like(reader: Reader, labels: list[str], made: NDArray[np.float32], wanted: NDArray[np.float32]) -> str:
    numbers = np.array([reader.number(char) for char in labels])
    read, usual = made.argmax(1), wanted.argmax(1)
    return f"reads {(read == numbers).mean():.1%}, and {(read == usual).mean():.1%} as PyTorch does"
