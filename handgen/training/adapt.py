"""Learns a new style for a trained model from few samples: its style code, then an adapter of the decoder.

There are three steps:

1. Choose the initial code: the code of the trained style whose drawings are nearest to the samples, or
   the convex mixture of codes that is found by least squares on the drawings, if its drawings are nearer (in L1).
2. Optimize the code by gradient descent; the network does not change.
3. Optimize the code and small changes to all layers except the encoder's (``models.adapters``).

Few samples overfit. So normalizations keep the statistics of the trained model, samples and their
source glyphs are distorted alike at random, and the weights are averaged. The result is the average that is best on
held-out samples; if no adapter is better than the code alone, it is the code alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from handgen.glyphs.store import GlyphStore, to_bytes
from handgen.losses import basic as losses
from handgen.losses import fidelity
from handgen.metrics import METRICS
from handgen.metrics.base import Images, Metric
from handgen.models.adapters import Changes, apply_changes, init_changes
from handgen.models.base import Batch, DrawnStyle, Model
from handgen.models.styles import simplex_least_squares
from handgen.seeds import derive
from handgen.training.data import Pairs, Split
from handgen.training.displace import displace
from handgen.training.engine import Engine, Limits, Task, Watch
from handgen.training.optimize import SCHEDULES, move_average
from handgen.training.settings import FEWEST_IMAGES, PASSES, AddSettings

_LOOKED_AT = 48
"""The number of samples that the trained styles are compared with."""
_CHECKED = 64
"""The most held-out samples to measure on."""
_TOGETHER = 64
"""Drawings in a pass of the network."""
_CHECKS = 12
"""How often the adapter is measured on held-out samples."""
_LOG_STEPS = 10
_CODE = "code"
_KEEP = 0.98
"""Weight of the old value in a step of the moving averages."""
_DISPLACED = 0.7
"""Amount of distortion of samples and their source glyphs: the ``strength`` of ``displace``."""


@dataclass(frozen=True)
class FoundStyle:
    """A new style, and its measurements on held-out samples.

    Attributes:
        code: float32 ``[dim]``.
        changes: as ``models.adapters.Changes``; empty if the code alone was best.
        nearest: the trained style whose drawings are nearest to the samples.
        held_out: step (``nearest``, ``code`` or ``adapted``) -> metric -> mean over the held-out samples.
        best_at: images seen when the adapter was best; 0 if the code alone was best.
        seconds: the time that the search took.
    """

    code: Tensor
    changes: dict[str, Tensor]
    nearest: str
    held_out: dict[str, dict[str, float]]
    best_at: int
    seconds: float


class _Drawing(nn.Module):
    """``Model.generate`` as the ``forward`` that ``functional_call`` asks for."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, content: Tensor, code: Tensor) -> Tensor:
        """Draw ``content`` with one code ``[dim]``."""
        return self.model.generate(content, code.expand(len(content), -1))


@dataclass(frozen=True)
class _Best:
    """Code and changes, and the images seen when they were measured."""

    tensors: dict[str, Tensor]
    images: int


class _FitTask(Task):
    """Fits a code, or a code and changes, to distorted samples.

    Args:
        search: draws and measures.
        start: the initial code and changes; they are copied.
        rate: the highest learning rate; it falls to 0 over the second half.
        name: name of the loss; it also decides the order of the samples.
        to_beat: averages are kept in ``best`` if their held-out loss is below this.
    """

    remedy: ClassVar[str] = "Use a lower --adapter-lr or --code-lr."

    def __init__(
        self, search: StyleSearch, start: Mapping[str, Tensor], rate: float, name: str, to_beat: float = 0.0
    ) -> None:
        self._search, self._rate, self._name = search, rate, name
        self._learned = {key: tensor.clone().requires_grad_() for key, tensor in start.items()}
        self.averages = {key: tensor.detach().clone() for key, tensor in self._learned.items()}
        self._optimizer = torch.optim.Adam(self._learned.values(), lr=rate, betas=(0.9, 0.99))
        self._steps, self._to_beat = 0, to_beat
        self.best: _Best | None = None

    def set_rate(self, share: float) -> None:
        """Set the learning rate: constant, then to 0 over the second half."""
        self._optimizer.param_groups[0]["lr"] = self._rate * SCHEDULES["linear"](share)

    def step(self, images: int) -> tuple[int, Mapping[str, Tensor]]:
        """Take one step and update the averages, which forget faster in early steps."""
        code, changes = _split(self._learned)
        loss = self._search.loss_on_samples(code, changes, images, self._name)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._steps += 1
        move_average(self.averages, self._learned, min(_KEEP, self._steps / (self._steps + 10)))
        return self._search.batch, {f"G/{self._name}": loss.detach()}

    def measure(self, engine: Engine[Any]) -> None:
        """Keep the averages if they are the best so far on held-out samples."""
        now = self._search.held_out_loss(*_split(self.averages))
        if now < self._to_beat:
            tensors = {name: tensor.clone() for name, tensor in self.averages.items()}
            self.best, self._to_beat = _Best(tensors, engine.images), now

    def end(self, engine: Engine[Any]) -> None:
        """Measure a last time."""
        self.measure(engine)


def _split(tensors: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the code and the changes."""
    return tensors[_CODE], {name: tensor for name, tensor in tensors.items() if name != _CODE}


class StyleSearch:
    """The search for one new style of a trained model.

    Args:
        model: the trained model, in evaluation mode and on ``device``. It is not changed.
        store: a glyph store with the samples and their source glyphs.
        style: the style of the store to learn.
        split: training and held-out characters, from ``split_style``.
        settings: the settings of the search.
        batch: samples of a step.
        seed: decides everything random.
        device: where to compute.
    """

    def __init__(
        self,
        model: Model,
        store: GlyphStore,
        style: str,
        split: Split,
        settings: AddSettings,
        *,
        batch: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.settings, self.split, self.batch, self._seed, self._device = settings, split, batch, seed, device
        chars = split.train + split.held_out
        self.data = Pairs(store, split, (style,), charset=chars)
        self.held_out = Pairs(store, split, (style,), charset=chars, held_out=True)
        self._drawing = _Drawing(model).requires_grad_(False)
        self._spec = model.style_spec
        network = model.generator
        assert isinstance(network, nn.Module)
        self._network, self._base = network, dict(network.named_parameters())
        weights = model.weights
        self._ssim = weights.get("ssim", 0.0) / (weights.get("l1", 0.0) or 1.0)
        self._truth = self._load(self.held_out, self.held_out.sample(_CHECKED, seed))

    @property
    def images(self) -> int:
        """The whole budget, in images seen."""
        return self._code_images + self._adapter_images

    @property
    def _code_images(self) -> int:
        return self.settings.code_images // self.batch * self.batch

    @property
    def _adapter_images(self) -> int:
        useful = max(FEWEST_IMAGES, PASSES * len(self.data))
        return min(self.settings.adapter_images, useful) // self.batch * self.batch

    def run(self, watch: Watch) -> FoundStyle:
        """Find code and adapter.

        Args:
            watch: called with the progress.

        Raises:
            TrainingError: a loss is not finite.
        """
        began = time.monotonic()
        torch.manual_seed(derive(self._seed, "adapter"))
        nearest_style, code = self._begin()
        code = self._find_code(code, watch)
        scores = {"nearest": self._scores(nearest_style.vector), "code": self._scores(code)}
        best = self._adapt(code, watch)
        if best is not None:
            code = best.tensors.pop(_CODE)
        changes = best.tensors if best else {}
        scores["adapted"] = self._scores(code, changes)
        seconds = time.monotonic() - began
        return FoundStyle(code.cpu(), changes, nearest_style.name, scores, best.images if best else 0, seconds)

    def pictures(self, found: FoundStyle, count: int) -> list[tuple[str, NDArray[np.uint8]]]:
        """Return rows of up to ``count`` held-out samples with captions: source, nearest style, drawn and true."""
        content, target = self._truth.content[:count], self._truth.target[:count]
        (near,) = self._spec.pick([found.nearest])
        rows = {
            "source": content,
            found.nearest: self._drawn(content, near.vector.to(self._device), {}),
            "drawn": self._drawn(content, found.code.to(self._device), found.changes),
            "true": target,
        }
        return [(caption, to_bytes(images)[:, 0].cpu().numpy()) for caption, images in rows.items()]

    def _load(self, pairs: Pairs, which: NDArray[np.int64]) -> Batch:
        return pairs.batch(which, self._device, torch.zeros(len(which), 0))

    @torch.no_grad()
    def _drawn(self, content: Tensor, code: Tensor, changes: Changes) -> Tensor:
        blocks = range(0, len(content), _TOGETHER)
        return torch.cat([self._draw(content[first : first + _TOGETHER], code, changes) for first in blocks])

    def _draw(self, content: Tensor, code: Tensor, changes: Changes) -> Tensor:
        weights = {f"model.generator.{name}": each for name, each in apply_changes(self._base, changes).items()}
        drawn: Tensor = torch.func.functional_call(self._drawing, weights, (content, code))
        return drawn

    def _scores(self, code: Tensor, changes: Changes = MappingProxyType({})) -> dict[str, float]:
        """Return metric -> mean over the held-out samples."""
        output = Images(self._drawn(self._truth.content, code.to(self._device), changes))
        truth, found = Images(self._truth.target), {}
        for name, kind in METRICS.loaded().items():
            metric: Metric = kind()
            metric.update(output, truth)
            found[name] = round(metric.result(), 4)
        return found

    @torch.no_grad()
    def _begin(self) -> tuple[DrawnStyle, Tensor]:
        """Return the nearest trained style and the initial code: that of this style, or of a mixture."""
        some = self._load(self.data, self.data.sample(_LOOKED_AT, self._seed))
        styles = self._spec.pick(self._spec.names)
        codes = torch.stack([style.vector for style in styles]).to(self._device)
        drawings = torch.stack([self._drawn(some.content, code, {}).flatten() for code in codes])
        target = some.target.flatten()
        shares = simplex_least_squares(drawings, target)
        mixture = shares @ codes
        apart = (drawings - target).abs().mean(dim=1)
        of_mixture = (self._drawn(some.content, mixture, {}).flatten() - target).abs().mean()
        best = int(apart.argmin())
        return styles[best], (mixture if of_mixture < apart[best] else codes[best])

    def _find_code(self, code: Tensor, watch: Watch) -> Tensor:
        """Return the optimized code; ``code`` is the initial one."""
        task = _FitTask(self, {_CODE: code}, self.settings.code_lr, "code")
        if self._code_images:
            Engine(task, Limits(self._code_images, log_steps=_LOG_STEPS)).run(watch)
        return task.averages[_CODE]

    def _adapt(self, code: Tensor, watch: Watch) -> _Best | None:
        """Return the averages that were best on held-out samples; None if the code alone was best."""
        changes = init_changes(self._network, self.settings.adapter_rank)
        start = {_CODE: code, **changes}
        task = _FitTask(self, start, self.settings.adapter_lr, "adapter", self.held_out_loss(code, {}))
        budget = self._adapter_images
        if budget:
            check = max(1, budget // self.batch // _CHECKS) * self.batch
            before = self._code_images
            limits = Limits(budget, eval_every=check, log_steps=_LOG_STEPS)
            Engine(task, limits).run(lambda progress: watch(replace(progress, images=before + progress.images)))
        return task.best

    def loss_on_samples(self, code: Tensor, changes: Changes, images: int, name: str) -> Tensor:
        """Return the loss on the next batch of samples, each distorted.

        Args:
            code: float32 ``[dim]``.
            changes: changes to the generator's parameters.
            images: how many images were seen before.
            name: with the seed, decides the order and distortion of the samples.
        """
        seed = derive(self._seed, name)
        batch = self._load(self.data, self.data.numbers(images, self.batch, seed))
        batch = displace(batch, _DISPLACED, seed, np.arange(images, images + self.batch))
        return self._loss(self._draw(batch.content, code, changes), batch.target)

    def held_out_loss(self, code: Tensor, changes: Changes) -> float:
        """Return the loss on held-out samples, which are not distorted."""
        return float(self._loss(self._drawn(self._truth.content, code, changes), self._truth.target))

    def _loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return L1; if the trained model had an SSIM loss, plus 1 - SSIM in the same proportion to L1."""
        loss = losses.l1(output, target)
        return loss + self._ssim * fidelity.ssim(output, target) if self._ssim else loss
