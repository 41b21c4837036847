"""Checkpoints: tensors in safetensors, everything else as JSON in the same file's header.

Two kinds: a *model* file holds the averaged weights and all that ``synth`` must know; a *state*
file holds what a run needs to go on exactly. Both are written whole or not at all, and neither
can hold code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from handgen import __version__, weights
from handgen.errors import CheckpointError, UsageError
from handgen.files import replacing
from handgen.models import GENERATORS, MODELS
from handgen.models.base import Model
from handgen.registry import nearest
from handgen.settings import Settings

FORMAT = 1
MODEL, STATE = weights.MODEL, "state.safetensors"
WRITES = "writes"
"""The fact of a shipped model that names the characters it writes by default, if not those of its store."""
_FACTS = frozenset({"model", "config", "size", "styles", "charset", "held_out", "raster", "images", "seed"})


@dataclass(frozen=True)
class Checkpoint:
    """A file's tensors and facts.

    ``facts`` of a model file: model, config, size, styles (a list of records with name, role,
    origin, alignment), charset (characters seen in training), held_out (those kept from it), raster,
    images, seed.
    """

    path: Path
    tensors: dict[str, Tensor]
    facts: dict[str, Any]

    @property
    def style_names(self) -> list[str]:
        """Names of the styles it was trained on."""
        return [style["name"] for style in self.facts["styles"]]

    def digest(self) -> str:
        """Return a hash of weights and facts: the same for a file that was copied or moved."""
        hasher = hashlib.sha256(json.dumps(self.facts, sort_keys=True, ensure_ascii=False).encode())
        for name in sorted(self.tensors):
            hasher.update(name.encode())
            hasher.update(self.tensors[name].contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return hasher.hexdigest()


def save(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

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


def halved(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors as shipped weights have them: kernels and matrices in half precision.

    Biases, norms and running statistics stay as they are: they weigh little, and statistics may leave
    half precision's range. So does a kernel that does.
    """
    made = {}
    for name, tensor in tensors.items():
        half = tensor.half() if tensor.dtype == torch.float32 and tensor.dim() > 1 else tensor
        made[name] = half if half.isfinite().all() else tensor
    return made


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; what is in half precision comes back in single.

    Raises:
        UsageError: there is none.
        CheckpointError: it is cut short, no checkpoint of handgen, or of another version.
    """
    return _read(path, with_tensors=True)


def facts_of(path: Path) -> dict[str, Any]:
    """Read the facts of a checkpoint and leave its tensors where they are; errors are those of ``load``."""
    return _read(path, with_tensors=False).facts


def _single(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == torch.float16 else tensor


def _read(path: Path, *, with_tensors: bool) -> Checkpoint:
    if not path.is_file():
        raise UsageError(f"no checkpoint at {path}", "Name a run folder or its model file.")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if "facts" not in header:
                raise CheckpointError(f"{path} is no checkpoint of handgen", "Name a run folder or its model file.")
            if header.get("format") != str(FORMAT):
                made_by = header.get("handgen", "unknown")
                raise CheckpointError(f"{path} was made by another version of handgen ({made_by})", "Train it again.")
            names = file.keys() if with_tensors else ()
            tensors = {name: _single(file.get_tensor(name)) for name in names}
            return Checkpoint(path, tensors, json.loads(header["facts"]))
    except (SafetensorError, json.JSONDecodeError) as error:
        raise CheckpointError(
            f"the checkpoint {path} is damaged ({error})", "Copy it again, or train again."
        ) from error


def build(checkpoint: Checkpoint) -> Model:
    """Return the model of a model file, in evaluation mode on the CPU.

    Raises:
        CheckpointError: settings or weights do not fit this version's model.
    """
    _require_facts(checkpoint)
    facts = checkpoint.facts
    remedy = "Train it again with this version of handgen."
    try:
        kind = MODELS.load(facts["model"])
        model: Model = kind(kind.Config(**facts["config"]), facts["size"], checkpoint.style_names, facts["charset"])
        missing, unexpected = model.load_state_dict(checkpoint.tensors, strict=False)
    except (KeyError, TypeError, RuntimeError, UsageError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(f"the checkpoint {checkpoint.path} does not fit ({reason})", remedy) from error
    lacking = [name for name in missing if name.startswith("generator.") or not name.startswith(_training_only(model))]
    if lacking or unexpected:
        raise CheckpointError(
            f"the checkpoint {checkpoint.path} does not fit ({(lacking + unexpected)[0]} is missing or unknown)", remedy
        )
    return model.eval()


def _require_facts(checkpoint: Checkpoint) -> None:
    if "base" in checkpoint.facts:
        raise UsageError(
            f"{checkpoint.path} is a style that was added to a model",
            f"Name the model with --model, and the style with --styles {checkpoint.path.stem}.",
        )
    lacking = sorted(_FACTS - checkpoint.facts.keys())
    if lacking:
        raise CheckpointError(
            f"{checkpoint.path} was made by another version of handgen (it lacks {', '.join(lacking)})",
            "Train it again.",
        )


def load_for_training(place: Path, model: str) -> Checkpoint:
    """Read a run folder, state file, model file or shipped weights, by name, to begin a new run with.

    Tensors are named as the model's.

    Raises:
        UsageError: it holds another kind of model.
        CheckpointError: as ``load``.
    """
    path = place
    if place.is_dir():  # a state holds the discriminator too; a shipped model may come without one
        path = place / STATE if (place / STATE).is_file() else place / MODEL
    elif not place.exists():
        path = find_model(place, ())
    loaded = load(path)
    _require_facts(loaded)
    if loaded.facts["model"] != model:
        raise UsageError(f"{path} holds a {loaded.facts['model']}, not a {model}", "Name another --from.")
    tensors = under("model.", loaded.tensors) or loaded.tensors
    averaged = {f"generator.{name}": tensor for name, tensor in under("averaged.", loaded.tensors).items()}
    return Checkpoint(path, tensors | averaged, loaded.facts)


def refuse_unfit(start: Checkpoint, left: Iterable[str], model: Model, config: Settings) -> None:
    """Refuse trained weights that left part of what draws as it was, or that it has no place for.

    Args:
        start: the trained weights.
        left: names of the tensors that they did not fill.
        model: what they were to fill.
        config: its settings.

    Raises:
        UsageError: names the settings that they were trained with.
    """
    training_only = _training_only(model)
    homeless = start.tensors.keys() - model.state_dict().keys()
    if all(name.startswith(training_only) for name in {*left, *homeless}):
        return
    now = asdict(config)  # type: ignore[call-overload]
    other = [(key, value, now[key]) for key, value in start.facts["config"].items() if now.get(key, value) != value]
    differing = ", ".join(f"{key} {before} -> {here}" for key, before, here in other)
    raise UsageError(
        f"the weights in {start.path} do not fit these settings and this store ({differing or 'another size'})",
        "Give the settings that they were trained with.",
    )


def _training_only(model: Model) -> tuple[str, ...]:
    """Return the prefixes of the parts that a model file leaves out: every child but the generator."""
    return tuple(f"{name}." for name, _ in model.named_children() if name != "generator")


def drawing_tensors(model: Model, averaged: nn.Module) -> dict[str, Tensor]:
    """Return what a model file holds: ``averaged`` in the generator's place, no training-only parts."""
    left_out = (*_training_only(model), "generator.")
    own = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith(left_out)}
    return own | {f"generator.{name}": tensor for name, tensor in averaged.state_dict().items()}


def optimiser_tensors(phase: str, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Flatten an optimiser's state to tensors named ``optimiser.<phase>.<parameter>.<slot>``."""
    state = optimiser.state_dict()["state"]
    return {
        f"optimiser.{phase}.{number}.{slot}": torch.as_tensor(value)
        for number, slots in state.items()
        for slot, value in slots.items()
    }


def restore_optimiser(phase: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what ``optimiser_tensors`` took out."""
    prefix = f"optimiser.{phase}."
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            number, slot = name[len(prefix) :].split(".")
            state.setdefault(int(number), {})[slot] = _laid_out_as(parameters[int(number)], tensor)
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _laid_out_as(parameter: Tensor, tensor: Tensor) -> Tensor:
    """Return ``tensor`` in the memory layout of ``parameter``.

    A file holds all tensors row by row, and fused Adam walks through the memory of a parameter
    and of its moments side by side without a look at their strides.
    """
    return torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose name starts with ``prefix``, without it."""
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def find_model(place: Path | None, runs: Sequence[Path], wanted: str = "") -> Path:
    """Return the model file that ``--model`` means.

    Args:
        place: a file, a run folder, or the name of shipped weights; what draws without training keeps its
            name. None = the latest of ``runs``; where there is no run, the shipped weights that suit.
        runs: folders of runs.
        wanted: characters to draw, as far as they are known: shipped weights that learnt the most of them suit.

    Raises:
        UsageError: there is none; says how to make one. Or a name means a run folder as well.
    """
    if place is None:
        files = [file for run in runs for file in [run / MODEL] if file.is_file()]
        return max(files, key=lambda file: file.stat().st_mtime) if files else _shipped_for(wanted)
    if str(place) in GENERATORS:
        if (place / MODEL).is_file() or (place / STATE).is_file():
            raise UsageError(
                f"--model {place} is both the {place} that needs no training and the run folder {place.resolve()}",
                f"Name the model's file, {place / MODEL}; or rename that folder to use the {place}.",
            )
        return place
    if place.exists() or len(place.parts) != 1:
        return place / MODEL if place.is_dir() else place
    if str(place) in weights.shipped():
        return weights.shipped()[str(place)] / MODEL
    if place.suffix:
        return place
    known = [*weights.shipped(), *(entry.name for entry in GENERATORS)]
    raise UsageError(
        f"no run folder and no weights called '{place}'", f"{nearest(str(place), known)} See: handgen models"
    )


def usual_characters(facts: Mapping[str, Any]) -> str:
    """Return the characters that ``synth`` writes unless told otherwise: those of the store, or what was shipped says.

    Args:
        facts: of a model file.
    """
    return str(facts.get(WRITES) or "".join(sorted(facts["charset"] + facts["held_out"])))


def _shipped_for(wanted: str) -> Path:
    """Return the shipped weights that learnt the most of these characters, and little else; the first if none did."""
    files = [folder / MODEL for folder in weights.shipped().values()]
    if not files:
        raise UsageError("no trained model was found in runs/", "Train one with 'handgen train zi2zi'.")

    def suits(file: Path) -> tuple[int, int]:
        learnt = set(usual_characters(facts_of(file)))
        known = len(learnt & set(wanted))
        return known, -len(learnt) if known else 0

    return max(files, key=suits) if wanted else files[0]


def run_name(file: Path) -> str:
    """Return what to call things made with a model file: its run's name, or its own if it was moved."""
    return file.parent.resolve().name if file.name == MODEL else file.stem
