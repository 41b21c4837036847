"""A new style from few samples: a style code is found for a trained model, then its decoder adapted.

Three steps, each of which begins where the one before it ended:

1. Of the trained styles' codes, and the convex mixture of them whose drawings together come nearest
   to the samples in least squares, the one whose own drawings are nearest in L1.
2. The code by gradient, the network as it is.
3. Code and small changes to every layer but the encoder's (``models.adapters``).

Few samples overfit. So normalizations keep the statistics of the base, samples and their source
glyphs are bent alike, in another way each time; the weights are averaged, and those that
are best on held-out samples are kept: if nothing helps, that is the code alone.
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
"""Samples that the trained styles are compared with."""
_CHECKED = 64
"""Held-out samples that are measured on."""
_TOGETHER = 64
_CHECKS = 12
"""How often the adapter is measured on them."""
_LOG_STEPS = 10
_CODE = "code"
_KEEP = 0.98
_DISPLACED = 0.7
"""How much samples and their sources are bent, as ``displaced`` counts."""


@dataclass(frozen=True)
class FoundStyle:
    """A new style, and how near it came on held-out samples.

    Attributes:
        code: float32 ``[dim]``.
        changes: as ``models.adapters.Changes``; empty if the code alone was best.
        nearest: the trained style whose drawings are nearest to the samples.
        held_out: of ``nearest``, ``code`` and ``adapted``: metric -> mean over the held-out samples.
        best_at: images after which the adapter was best.
        seconds: it took.
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
    """Code and changes, and after how many images they were so."""

    tensors: dict[str, Tensor]
    images: int


class _FitTask(Task):
    """Code, or code and changes, fitted to the samples, each bent a little.

    Args:
        search: what draws and measures.
        start: code and changes to begin with; they are copied.
        rate: the highest learning rate; it falls to zero over the second half.
        name: of the loss, and of the order of the samples.
        to_beat: held-out loss below which averages are kept.
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
        """Let the rate fall to zero over the second half."""
        self._optimizer.param_groups[0]["lr"] = self._rate * SCHEDULES["linear"](share)

    def step(self, images: int) -> tuple[int, Mapping[str, Tensor]]:
        """Take one step, and move the averages; early ones count little longer than they should."""
        code, changes = _parted(self._learned)
        loss = self._search.loss_on_samples(code, changes, images, self._name)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._steps += 1
        move_average(self.averages, self._learned, min(_KEEP, self._steps / (self._steps + 10)))
        return self._search.batch, {f"G/{self._name}": loss.detach()}

    def measure(self, engine: Engine[Any]) -> None:
        """Keep the averages if they are the best so far on held-out samples."""
        now = self._search.held_out_loss(*_parted(self.averages))
        if now < self._to_beat:
            tensors = {name: tensor.clone() for name, tensor in self.averages.items()}
            self.best, self._to_beat = _Best(tensors, engine.images), now

    def end(self, engine: Engine[Any]) -> None:
        """Look a last time."""
        self.measure(engine)


def _parted(tensors: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the code, and the changes."""
    return tensors[_CODE], {name: tensor for name, tensor in tensors.items() if name != _CODE}


class StyleSearch:
    """The search for one new style of a trained model.

    Args:
        model: in evaluation mode, on ``device``; it stays as it is.
        store: where the samples and their source glyphs are.
        style: the style of the store to learn.
        split: from ``split_style``.
        settings: of the search.
        batch: samples of a step.
        seed: everything random follows from it.
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
            watch: told how far it is.

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
        """Return captions and rows of up to ``count`` held-out samples: source, nearest style, as found, true."""
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
        """Return every metric on the held-out samples."""
        output = Images(self._drawn(self._truth.content, code.to(self._device), changes))
        truth, found = Images(self._truth.target), {}
        for name, kind in METRICS.loaded().items():
            metric: Metric = kind()
            metric.update(output, truth)
            found[name] = round(metric.result(), 4)
        return found

    @torch.no_grad()
    def _begin(self) -> tuple[DrawnStyle, Tensor]:
        """Return the nearest trained style, and the code to begin with: its own, or that of a mixture."""
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
        """Return the code found by gradient from ``code``."""
        task = _FitTask(self, {_CODE: code}, self.settings.code_lr, "code")
        if self._code_images:
            Engine(task, Limits(self._code_images, log_steps=_LOG_STEPS)).run(watch)
        return task.averages[_CODE]

    def _adapt(self, code: Tensor, watch: Watch) -> _Best | None:
        """Return the averages that were best on held-out samples; None if the code alone was."""
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
        """Return the loss on the next batch of samples, each bent a little.

        Args:
            code: float32 ``[dim]``.
            changes: to the generator's parameters.
            images: how many were seen before.
            name: decides, with the seed, order and bending.
        """
        seed = derive(self._seed, name)
        batch = self._load(self.data, self.data.numbers(images, self.batch, seed))
        batch = displace(batch, _DISPLACED, seed, np.arange(images, images + self.batch))
        return self._loss(self._draw(batch.content, code, changes), batch.target)

    def held_out_loss(self, code: Tensor, changes: Changes) -> float:
        """Return the loss on held-out samples."""
        return float(self._loss(self._drawn(self._truth.content, code, changes), self._truth.target))

    def _loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return L1 and, where the base learned from it, 1 - SSIM by its share."""
        loss = losses.l1(output, target)
        return loss + self._ssim * fidelity.ssim(output, target) if self._ssim else loss
