"""Networks built from checkpoints, and which of their tensors belong in which file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from torch import Tensor, nn

from handgen.checkpoints.files import MODEL, STATE, Checkpoint, load, select
from handgen.checkpoints.find import find_model
from handgen.errors import CheckpointError, UsageError
from handgen.models import MODELS
from handgen.models.base import Model
from handgen.settings import Settings


def build(checkpoint: Checkpoint) -> Model:
    """Return the model of a model file, in evaluation mode on the CPU.

    Raises:
        CheckpointError: settings or weights do not fit this version's model.
    """
    refuse_added(checkpoint)
    facts = checkpoint.model
    remedy = "Train it again with this version of handgen."
    try:
        kind = MODELS.load(facts.model)
        model: Model = kind(kind.Config(**facts.config), facts.size, facts.style_names, facts.charset)
        missing, unexpected = model.load_state_dict(checkpoint.tensors, strict=False)
    except (KeyError, TypeError, RuntimeError, UsageError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(f"the checkpoint {checkpoint.path} does not fit ({reason})", remedy) from error
    lacking = [name for name in missing if name.startswith("generator.") or not name.startswith(_training_only(model))]
    if lacking or unexpected:
        raise CheckpointError(
            f"the checkpoint {checkpoint.path} does not fit ({(lacking + unexpected)[0]} is missing or unknown)", remedy
        )
    _refuse_not_finite(checkpoint)
    return model.eval()


def _refuse_not_finite(checkpoint: Checkpoint) -> None:
    """Refuse weights that a run which diverged has left: all that they draw is blank, or noise."""
    spoiled = [
        name
        for name, tensor in checkpoint.tensors.items()
        if tensor.is_floating_point() and not bool(tensor.isfinite().all())
    ]
    if spoiled:
        raise CheckpointError(
            f"the weights of {checkpoint.path} are not finite ({spoiled[0]} and {len(spoiled) - 1:,} more)",
            "Train it again with a lower --lr, or take an earlier model.",
        )


def refuse_added(checkpoint: Checkpoint) -> None:
    """Refuse the file of a style that was added to a model.

    Raises:
        UsageError: it is one; says how to draw with it.
    """
    if "base" in checkpoint.facts:
        raise UsageError(
            f"{checkpoint.path} is a style that was added to a model",
            f"Name the model with --model, and the style with --styles {checkpoint.path.stem}.",
        )


def load_for_training(checkpoint: Path, model: str) -> Checkpoint:
    """Read a run folder, state file, model file or shipped weights, by name, to begin a new run with.

    Tensors are named as the model's.

    Raises:
        UsageError: it holds another kind of model.
        CheckpointError: as ``load``.
    """
    path = checkpoint
    if checkpoint.is_dir():  # a state holds the discriminator too; a shipped model may come without one
        path = checkpoint / (STATE if (checkpoint / STATE).is_file() else MODEL)
    elif not checkpoint.exists():
        path = find_model(checkpoint, ())
    loaded = load(path)
    refuse_added(loaded)
    if loaded.model.model != model:
        raise UsageError(f"{path} holds a {loaded.model.model}, not a {model}", "Name another --from.")
    tensors = select("model.", loaded.tensors) or loaded.tensors
    averaged = {f"generator.{name}": tensor for name, tensor in select("averaged.", loaded.tensors).items()}
    return Checkpoint(path, tensors | averaged, loaded.facts)


def refuse_unfit(start: Checkpoint, left: Iterable[str], model: Model, config: Settings) -> None:
    """Refuse trained weights that left part of what draws as it was, or that hold more than it takes.

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
    other = [(key, value, now[key]) for key, value in start.model.config.items() if now.get(key, value) != value]
    differing = ", ".join(f"{key} {before} -> {here}" for key, before, here in other)
    raise UsageError(
        f"the weights in {start.path} do not fit these settings and this store ({differing or 'another size'})",
        "Give the settings that they were trained with.",
    )


def _training_only(model: Model) -> tuple[str, ...]:
    """Return the prefixes of the parts that a model file leaves out: every child but the generator."""
    return tuple(f"{name}." for name, _ in model.named_children() if name != "generator")


def drawing_tensors(model: Model, averaged: nn.Module) -> dict[str, Tensor]:
    """Return what a model file holds: ``averaged`` instead of the generator, no training-only parts."""
    left_out = (*_training_only(model), "generator.")
    own = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith(left_out)}
    return own | {f"generator.{name}": tensor for name, tensor in averaged.state_dict().items()}
