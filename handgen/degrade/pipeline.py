"""A pipeline: several effects, each with a probability, applied to batches of samples."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.deform.warp import Warp
from handgen.degrade import EFFECTS
from handgen.degrade.base import Effect, Params, draws
from handgen.degrade.presets import PRESETS
from handgen.degrade.recipe import read_recipe
from handgen.degrade.step import Step, make_step
from handgen.degrade.warp import Geometry
from handgen.errors import UsageError
from handgen.registry import nearest

Record = dict[str, dict[str, float]]
"""The effects on one sample: effect -> parameter -> number. JSON can store it exactly."""
_ROUNDING = 1e-9
"""Probabilities may add up to this much more than 1."""


@dataclass(frozen=True)
class _DrawnEffect:
    """An effect on a batch: the rows of the images that get it, and its parameters for these."""

    effect: Effect
    rows: NDArray[np.int64]
    params: Params

    def put(self, batch: Tensor) -> Tensor:
        """Return the batch with the effect on its rows; the given batch may be overwritten."""
        if len(self.rows) == len(batch):
            return self.effect.apply(batch, self.params)
        return _put_back(batch, self.rows, self.effect.apply(_taken(batch, self.rows), self.params))


class Pipeline:
    """Effects in the order of ``EFFECTS``.

    Args:
        name: name for messages and manifests.
        steps: the effects, in any order, each once.

    Raises:
        UsageError: an effect occurs twice, or the probabilities of the effects of a group add up to more than 1.
    """

    def __init__(self, name: str, steps: Sequence[Step]) -> None:
        order = {entry.name: position for position, entry in enumerate(EFFECTS)}
        self.name = name
        self.steps = tuple(sorted(steps, key=lambda step: order[step.effect.name]))
        groups: dict[str, float] = {}
        for position, step in enumerate(self.steps):
            effect = step.effect
            if position and self.steps[position - 1].effect.name == effect.name:
                raise UsageError(f"{name}: effect '{effect.name}' is there twice", "Name each effect once.")
            groups[effect.group] = groups.get(effect.group, 0.0) + step.probability
        for group, total in groups.items():
            if group and total > 1 + _ROUNDING:
                several = ", ".join(step.effect.name for step in self.steps if step.effect.group == group)
                raise UsageError(
                    f"{name}: the probabilities of {several} add up to {total:g}",
                    "A sample gets at most one of them, so the sum must not exceed 1.",
                )

    @classmethod
    def load(cls, name: str) -> Pipeline:
        """Return the pipeline of a preset or of a YAML file.

        Raises:
            UsageError: there is no such preset or file, or the file has an error (the message names the line).
        """
        if name in PRESETS:
            return cls(name, [make_step(effect, facts) for effect, facts in PRESETS[name].effects.items()])
        path = Path(name)
        if path.suffix.lower() not in (".yaml", ".yml") and not path.exists():
            raise UsageError(f"unknown preset '{name}'", nearest(name, PRESETS))
        return cls(path.name, read_recipe(path))

    def for_lines(self) -> Pipeline:
        """Return this pipeline without the effects that are only for single characters."""
        return Pipeline(self.name, [step for step in self.steps if step.effect.on_lines])

    def only(self, names: Container[str]) -> Pipeline:
        """Return this pipeline with only the named effects."""
        return Pipeline(self.name, [step for step in self.steps if step.effect.name in names])

    @cached_property
    def color(self) -> bool:
        """Whether the results are in color; that is the same for all samples."""
        return any(step.effect.color for step in self.steps)

    def spec(self) -> dict[str, dict[str, float]]:
        """Return all effects with their probabilities and settings, for a manifest."""
        return {s.effect.name: {"probability": s.probability, **dataclasses.asdict(s.effect)} for s in self.steps}

    def __call__(
        self, images: NDArray[np.uint8], index: NDArray[np.int64], seed: int
    ) -> tuple[NDArray[np.uint8], list[Record]]:
        """Degrade samples.

        Args:
            images: uint8 ``[B, H, W]``, 0 = ink, 255 = paper.
            index: int64 ``[B]``, numbers of the samples. The parameters of a sample are a function of
                ``seed`` and its number.
            seed: seed of the run.

        Returns:
            uint8 ``[B, H, W]``, or ``[B, H, W, 3]`` (RGB) if ``color``; and B records.
        """
        drawn = self._draw(index, seed)
        records: list[Record] = [{} for _ in index]
        for step in drawn:
            keys = list(step.params)
            for row, *values in zip(step.rows, *(step.params[key].tolist() for key in keys), strict=True):
                records[row][step.effect.name] = dict(zip(keys, values, strict=True))
        return self._applied(images, drawn), records

    def reapply(
        self, images: NDArray[np.uint8], records: Sequence[Mapping[str, Mapping[str, float]]]
    ) -> NDArray[np.uint8]:
        """Apply recorded effects again to the clean images; the results have the same bits as those of the call."""
        return self._applied(images, self._recorded(records))

    @torch.inference_mode()
    def origins(
        self, images: NDArray[np.uint8], records: Sequence[Mapping[str, Mapping[str, float]]]
    ) -> NDArray[np.float32]:
        """Return the source of each pixel of a degraded image on the clean image.

        Returns:
            float32 ``[B, H, W, 2]``: x and y in pixels; the center of the first pixel is (0.5, 0.5).
        """
        batch = torch.from_numpy(images[:, None] / np.float32(255))
        geometry = [step for step in self._recorded(records) if isinstance(step.effect, Geometry)]
        grid = _warp(batch, np.arange(len(batch)), geometry).grid(batch)
        return ((grid + 1) / 2 * torch.tensor([images.shape[2], images.shape[1]])).numpy()

    def _recorded(self, records: Sequence[Mapping[str, Mapping[str, float]]]) -> list[_DrawnEffect]:
        drawn = []
        for step in self.steps:
            name = step.effect.name
            rows = np.array([row for row, record in enumerate(records) if name in record], np.int64)
            if len(rows):
                keys = records[rows[0]][name]
                params = {key: np.array([records[row][name][key] for row in rows]) for key in keys}
                drawn.append(_DrawnEffect(step.effect, rows, params))
        return drawn

    def _draw(self, index: NDArray[np.int64], seed: int) -> list[_DrawnEffect]:
        groups = [step.effect.group or step.effect.name for step in self.steps]
        numbers = draws(
            seed, [step.effect.name for step in self.steps] + [f"{group}/whether" for group in groups], index
        )
        drawn, begin = [], dict.fromkeys(groups, 0.0)
        for step, group, u, whether in zip(self.steps, groups, numbers, numbers[len(groups) :, :, 0], strict=False):
            low = begin[group]
            begin[group] = low + step.probability
            rows = np.flatnonzero((whether >= low) & (whether < begin[group]))
            if len(rows):
                drawn.append(_DrawnEffect(step.effect, rows, step.effect.rounded(u[rows])))
        return drawn

    @torch.inference_mode()
    def _applied(self, images: NDArray[np.uint8], drawn: Sequence[_DrawnEffect]) -> NDArray[np.uint8]:
        batch = torch.from_numpy(images[:, None] / np.float32(255))
        batch = _warped(batch, [step for step in drawn if isinstance(step.effect, Geometry)])
        others = {step.effect.name: step for step in drawn if not isinstance(step.effect, Geometry)}
        for step in self.steps:
            if step.effect.color and batch.shape[1] == 1:
                batch = batch.repeat(1, 3, 1, 1)
            if step.effect.name in others:
                batch = others[step.effect.name].put(batch)
        done = batch.mul_(255).round_().clamp_(0, 255).numpy().astype(np.uint8)
        return np.stack([done[:, 0], done[:, 1], done[:, 2]], 3) if self.color else done[:, 0]


def _warped(batch: Tensor, drawn: Sequence[_DrawnEffect]) -> Tensor:
    """Apply all geometric effects in one resampling; an image without an effect gets parameters of 0."""
    if not drawn:
        return batch
    rows = np.unique(np.concatenate([step.rows for step in drawn]))
    moved = _taken(batch, rows)
    return _put_back(batch, rows, _warp(moved, rows, drawn).resample(moved))


def _taken(batch: Tensor, rows: NDArray[np.int64]) -> Tensor:
    """Return some images of a batch. NumPy copies them several times faster than PyTorch."""
    return torch.from_numpy(batch.numpy()[rows])


def _put_back(batch: Tensor, rows: NDArray[np.int64], images: Tensor) -> Tensor:
    batch.numpy()[rows] = images.numpy()
    return batch


def _warp(images: Tensor, rows: NDArray[np.int64], drawn: Sequence[_DrawnEffect]) -> Warp:
    """Return the combined warp of geometric effects for ``images``, which are the rows ``rows`` of a batch.

    All rows in ``drawn`` must be among ``rows``.
    """
    warp = Warp.none(images)
    for step in drawn:
        params = {key: np.zeros(len(rows), values.dtype) for key, values in step.params.items()}
        for key, values in step.params.items():
            params[key][np.searchsorted(rows, step.rows)] = values
        assert isinstance(step.effect, Geometry)
        warp = step.effect.move(warp, params)
    return warp
