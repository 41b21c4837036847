"""Checkpoints: safetensors files; what is not a tensor is JSON in the header.

There are two kinds. A *model* file has the averaged weights and the facts that ``synth`` needs. A
*state* file has everything that is needed to resume a run exactly. Both are replaced atomically, and
neither can contain code.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from handgen import weights
from handgen.checkpoints.facts import ModelFacts
from handgen.errors import CheckpointError, UsageError
from handgen.files import from_os_error, replacing
from handgen.typed import FieldError
from handgen.version import __version__

FORMAT = 1
MODEL, STATE = weights.MODEL, "state.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint.

    Attributes:
        path: its file.
        tensors: name -> tensor.
        facts: the parsed JSON of its header.
    """

    path: Path
    tensors: dict[str, Tensor]
    facts: dict[str, Any]

    @functools.cached_property
    def model(self) -> ModelFacts:
        """The checked facts of a model file.

        Raises:
            CheckpointError: these are not the facts of a model, or those of another version.
        """
        try:
            return ModelFacts.from_json(self.facts)
        except FieldError as error:
            raise CheckpointError(
                f"the checkpoint {self.path} does not fit this version of handgen ({error})", "Train it again."
            ) from error

    @property
    def style_names(self) -> list[str]:
        """Names of the trained styles, in order."""
        return self.model.style_names

    def digest(self) -> str:
        """Return a hash of tensors and facts. It does not depend on the path of the file."""
        hasher = hashlib.sha256(json.dumps(self.facts, sort_keys=True, ensure_ascii=False).encode())
        for name in sorted(self.tensors):
            hasher.update(name.encode())
            hasher.update(self.tensors[name].contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return hasher.hexdigest()


def save(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: its file.
        tensors: name -> tensor, on any device.
        facts: what to store as JSON.

    Raises:
        HandgenError: the disk is full or not writable.
    """
    header = {"handgen": __version__, "format": str(FORMAT), "facts": json.dumps(facts, ensure_ascii=False)}
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        with replacing(path) as temporary:
            save_file(contiguous, temporary, metadata=header)
    except SafetensorError as error:
        raise CheckpointError(f"cannot write {path} ({error})", "Free some space and run the command again.") from error


def to_half(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of shipped weights: kernels and matrices in half precision.

    Biases, normalizations and running statistics stay in single precision: they are small, and statistics may exceed
    the range of half precision. A kernel that exceeds it stays in single precision, too.
    """
    made = {}
    for name, tensor in tensors.items():
        half = tensor.half() if tensor.dtype == torch.float32 and tensor.dim() > 1 else tensor
        made[name] = half if half.isfinite().all() else tensor
    return made


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; tensors in half precision are converted to single precision.

    Raises:
        UsageError: there is no such file.
        CheckpointError: the file is damaged, not a checkpoint of handgen, or of another version.
    """
    return _read(path, with_tensors=True)


def peek(path: Path) -> Checkpoint:
    """Read a checkpoint without its tensors; errors are those of ``load``."""
    return _read(path, with_tensors=False)


def facts_of(path: Path) -> dict[str, Any]:
    """Return the facts of a checkpoint; errors are those of ``load``."""
    return peek(path).facts


def _copy_in_single(tensor: Tensor) -> Tensor:
    """Return a copy, in single precision if it was in half. Without the copy, Windows could not replace the file."""
    return tensor.float() if tensor.dtype == torch.float16 else tensor.clone()


def _refuse_pickle(path: Path) -> None:
    """Refuse the files of ``torch.save`` and ``pickle``: loading one could run any program.

    Raises:
        CheckpointError: it is such a file.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise from_os_error(error, path) from error
    if head == b"PK\x03\x04" or head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise CheckpointError(
            f"{path} is a PyTorch file (a pickle), no checkpoint of handgen",
            "Name a run folder of 'handgen train', or its model.safetensors.",
        )


def _begins_as_one(path: Path) -> bool:
    """Return whether a file begins like a safetensors file: the length of the header, then a brace."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


def _read(path: Path, *, with_tensors: bool) -> Checkpoint:
    if not path.is_file():
        raise UsageError(f"no checkpoint at {path}", "Name a run folder or its model file.")
    _refuse_pickle(path)
    if path.suffix != ".safetensors" and not _begins_as_one(path):
        raise CheckpointError(f"{path} is no checkpoint of handgen", "Name a run folder or its model file.")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if "facts" not in header:
                raise CheckpointError(f"{path} is no checkpoint of handgen", "Name a run folder or its model file.")
            if header.get("format") != str(FORMAT):
                made_by = header.get("handgen", "unknown")
                raise CheckpointError(f"{path} was made by another version of handgen ({made_by})", "Train it again.")
            facts = json.loads(header["facts"])
            if not isinstance(facts, dict):
                raise ValueError("its facts are no JSON object")
            names = file.keys() if with_tensors else ()
            tensors = {name: _copy_in_single(file.get_tensor(name)) for name in names}
            return Checkpoint(path, tensors, facts)
    except (SafetensorError, ValueError, RecursionError, OverflowError) as error:
        raise CheckpointError(
            f"the checkpoint {path} is damaged ({error})", "Copy it again, or train again."
        ) from error


def optimizer_tensors(phase: str, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the state of an optimizer as tensors, named ``optimizer.<phase>.<number of the parameter>.<slot>``."""
    state = optimizer.state_dict()["state"]
    return {
        f"optimizer.{phase}.{number}.{slot}": torch.as_tensor(value)
        for number, slots in state.items()
        for slot, value in slots.items()
    }


def restore_optimizer(phase: str, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Load the state of an optimizer that ``optimizer_tensors`` returned."""
    prefix = f"optimizer.{phase}."
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            number, slot = name[len(prefix) :].split(".")
            state.setdefault(int(number), {})[slot] = _laid_out_as(parameters[int(number)], tensor)
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out_as(parameter: Tensor, tensor: Tensor) -> Tensor:
    """Return ``tensor`` in the memory layout of ``parameter``.

    In files, all tensors are contiguous. Fused Adam ignores strides, so a parameter and its moments must have the
    same layout.
    """
    return torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor


def select(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose name starts with ``prefix``, by the rest of their name."""
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
