"""Styles added to a trained model: one small file each, in ``styles/`` beside the model's.

Those of weights that come with handgen are kept in the user's own data folder: the installation stays as it is, and
they are found from any folder.

A file holds a style code and changes to the generator's weights (``models.adapters``), and knows
the model that it belongs to by its digest.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.files import Checkpoint
from handgen.errors import CheckpointError, HandgenError, UsageError
from handgen.files import PACKAGE, user_data
from handgen.glyphs.records import StyleRecord
from handgen.models.adapters import Adapted, Adapter, apply_changes
from handgen.models.base import Generator, Model
from handgen.typed import FieldError

FOLDER, KIND = "styles", "added style"
_CODE = "code"
_SUFFIX = ".safetensors"
_NAME = re.compile(r"(?!\d+$)\w[\w.-]*")
_RESERVED = frozenset({"continuous"})


def path_of(model: Path, name: str) -> Path:
    """Return where the style ``name`` of a model file is kept."""
    return _folder(model) / f"{name}{_SUFFIX}"


def short_name(model: Path) -> str:
    """Return what ``--model`` takes for a model file: its run folder, or the name of weights that come with handgen."""
    if PACKAGE in model.resolve().parents:
        return model.parent.name
    return str(model.parent if model.name == checkpoint.MODEL else model)


def added_names(model: Path) -> list[str]:
    """Return the names of the styles that were added to a model file; they are not looked into."""
    return sorted(file.stem for file in _folder(model).glob(f"*{_SUFFIX}"))


def _folder(model: Path) -> Path:
    """Return the folder beside a model file; of one that comes with handgen, one of the user's own."""
    if PACKAGE in model.resolve().parents:
        own = os.environ.get("HANDGEN_STYLES")
        return (Path(own).expanduser() if own else user_data() / "handgen" / FOLDER) / model.parent.name
    return model.parent / FOLDER


def check_name(name: str, base: Checkpoint) -> None:
    """Refuse what cannot be the name of a new style of ``base``.

    Raises:
        UsageError: ``--styles`` could not tell it from something else, or it is taken.
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise UsageError(
            f"--add-style '{name}' is no name for a style", "Use letters, digits, '.', '-' and '_', and not a number."
        )
    if name in base.style_names:
        raise UsageError(f"{base.path} was trained on a style called '{name}'", "Choose another name.")
    if path_of(base.path, name).exists():
        raise UsageError(
            f"there is a style called '{name}' already",
            f"Choose another name, or delete {path_of(base.path, name)}.",
        )


def save(base: Checkpoint, adapter: Adapter, facts: Mapping[str, Any]) -> Path:
    """Write an adapter beside the model that it belongs to; return where.

    Raises:
        HandgenError: the disk is full or not writable.
    """
    path = path_of(base.path, adapter.name)
    whole = {"kind": KIND, "base": base.digest(), "style": adapter.record.to_json(), **facts}
    checkpoint.save(path, {_CODE: adapter.code, **adapter.changes}, whole)
    return path


def load(base: Checkpoint, name: str) -> tuple[Adapter, dict[str, Any]]:
    """Read a style that was added to ``base``; return its adapter and its facts.

    Raises:
        UsageError: there is none.
        CheckpointError: it is damaged, no such file, or belongs to another model.
    """
    path = path_of(base.path, name)
    loaded = checkpoint.load(path)
    facts, tensors = loaded.facts, dict(loaded.tensors)
    if facts.get("kind") != KIND or not {"base", "style"} <= facts.keys() or _CODE not in tensors:
        raise CheckpointError(f"{path} is no style that was added to a model", "Move it elsewhere.")
    if facts["base"] != base.digest():
        raise CheckpointError(
            f"the style {path} belongs to another model than {base.path}, or to an earlier state of it",
            "Delete it, and add the style again with --add-style.",
        )
    code = tensors.pop(_CODE)
    try:
        record = replace(StyleRecord.from_json(facts["style"], "style"), name=name)
    except FieldError as error:
        raise CheckpointError(f"{path} is damaged ({error})", "Add the style again with --add-style.") from error
    return Adapter(name, code, tensors, record, _digest(loaded)), facts


def _digest(loaded: Checkpoint) -> str:
    return hashlib.sha256(loaded.digest().encode()).hexdigest()


def summaries(base: Checkpoint) -> list[dict[str, Any]]:
    """Return a record of each style that was added to ``base``; what is wrong with it under ``error``."""
    return [_summary(base, name) for name in added_names(base.path)]


def _summary(base: Checkpoint, name: str) -> dict[str, Any]:
    try:
        adapter, facts = load(base, name)
    except HandgenError as error:
        return {"name": name, "added": True, "error": error.message}
    return {**adapter.record.to_json(), "added": True, "glyphs": facts.get("glyphs")}


def with_added(base: Checkpoint, model: Model) -> Generator:
    """Return the model of ``base`` with the styles that were added to it; the model itself if there are none.

    Args:
        base: where it was loaded from.
        model: in evaluation mode, on its device.
    """
    names = [name for name in added_names(base.path) if name not in base.style_names]
    if not model.adaptable or not names:
        return model
    return Adapted(model, names, functools.partial(_fitting, base, model))


def _fitting(base: Checkpoint, model: Model, name: str) -> Adapter:
    """Load an adapter that fits the generator of ``model``, on its device."""
    adapter, _ = load(base, name)
    parameters = dict(model.generator.named_parameters())
    device = next(iter(parameters.values())).device
    moved = {key: tensor.to(device) for key, tensor in adapter.changes.items()}
    try:
        made = apply_changes(parameters, moved)
        fits = all(made[key].shape == parameters[key].shape for key in made)
    except (KeyError, RuntimeError):
        fits = False
    if not fits:
        raise CheckpointError(
            f"the style {path_of(base.path, name)} does not fit this version's {base.model.model}",
            "Add it again with --add-style.",
        )
    return Adapter(name, adapter.code, moved, adapter.record, adapter.digest)
