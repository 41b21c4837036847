"""A new hand from few samples: a style code is found for a trained model, then its decoder adapted.

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

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from handgen.errors import StoreError, TrainingError, UsageError
from handgen.glyphs.store import GlyphStore, to_bytes
from handgen.losses import basic as losses
from handgen.losses import fidelity
from handgen.metrics import METRICS
from handgen.metrics.base import Images, Metric
from handgen.models.adapters import Changes, changed, no_changes
from handgen.models.base import Batch, DrawnStyle, Model
from handgen.models.styles import simplex_least_squares
from handgen.registry import nearest
from handgen.seeds import derive, generator
from handgen.settings import Settings, setting
from handgen.training.data import Pairs, Split
from handgen.training.displace import displaced
from handgen.training.loop import Progress

HAND = "A new hand from few samples"
_PASSES, _FEWEST_IMAGES = 30, 1_500
FEWEST = 10
"""Characters that a new hand must have."""
_LEAST_HELD = 3
_LOOKED_AT = 48
"""Samples that the trained styles are compared with."""
_CHECKED = 64
"""Held-out samples that are measured on."""
_TOGETHER = 64
_CHECKS = 12
"""How often the adapter is measured on them."""
_SHOWN = 10
_CODE = "code"
_KEEP = 0.98
_DISPLACED = 0.7
"""How much samples and their sources are bent, as ``displaced`` counts."""


@dataclass(frozen=True)
class AddSettings(Settings):
    """How a style is added to a trained model."""

    add_style: str = setting(
        "", "Learn the hand in --data as one more style of the model of --from, and call it so.", panel=HAND
    )
    code_images: int = setting(640, "Images that find the style's code.", minimum=0, panel=HAND)
    adapter_images: int = setting(
        12_000,
        f"Images that adapt the decoder, at most: {_PASSES} for each glyph, and no fewer than {_FEWEST_IMAGES:,}, do.",
        minimum=0,
        panel=HAND,
    )
    adapter_rank: int = setting(
        4, "Rank of what is added to a layer; 0 = change all its weights.", minimum=0, maximum=256, panel=HAND
    )
    adapter_lr: float = setting(2e-3, "Learning rate of the decoder's changes.", minimum=0, panel=HAND)
    code_lr: float = setting(0.05, "Learning rate of the code.", minimum=0, panel=HAND)


def split_hand(store: GlyphStore, hand: str, share: float, seed: int) -> Split:
    """Split the characters that both the hand and the source have; at least three are held out.

    Raises:
        UsageError: the store has several hands and none is named, or not the one that is.
        StoreError: there are too few characters, or there is no source.
    """
    known = {store.styles[number].name: number for number in store.targets}
    if not store.sources or not known:
        missing = "target" if store.sources else "source"
        remedy = "Give the model's own store, too, with another --data." if known else "Give another --data."
        raise StoreError(f"the glyph store {store.path} has no {missing} style", remedy)
    if hand not in known:
        raise UsageError(f"the glyph store {store.path} has no target style '{hand}'", nearest(hand, known))
    of_hand, of_source = (
        {str(char) for char in store.labels["char"][store.rows(number)]} for number in (known[hand], store.sources[0])
    )
    chars = sorted(of_hand & of_source)
    if len(chars) < FEWEST:
        raise StoreError(
            f"the hand '{hand}' in {store.path} has {len(chars)} characters that its source font draws, too",
            f"Write at least {FEWEST}; 30 are a beginning, 100 are better.",
        )
    order = [chars[place] for place in generator(seed, "split", "hand").permutation(len(chars))]
    count = max(_LEAST_HELD, round(len(chars) * share))
    return Split("".join(sorted(order[count:])), "".join(sorted(order[:count])))


@dataclass(frozen=True)
class Found:
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


@dataclass(frozen=True)
class _Best:
    """Code and changes, and after how many images they were so."""

    tensors: dict[str, Tensor]
    images: int


@dataclass
class _Averaged:
    """Averages of tensors that are being learned."""

    present: dict[str, Tensor]
    steps: int = 0
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tensors = {name: tensor.detach().clone() for name, tensor in self.present.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the present values; the first steps count little longer than they should."""
        self.steps += 1
        keep = min(_KEEP, self.steps / (self.steps + 10))
        torch._foreach_lerp_(list(self.tensors.values()), list(self.present.values()), 1 - keep)

    def copy(self) -> dict[str, Tensor]:
        """Return the averages as they are now."""
        return {name: tensor.clone() for name, tensor in self.tensors.items()}


class _Drawing(nn.Module):
    """``Model.generate`` as the ``forward`` that ``functional_call`` asks for."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, content: Tensor, code: Tensor) -> Tensor:
        """Draw ``content`` with one code ``[dim]``."""
        return self.model.generate(content, code.expand(len(content), -1))


class Adaptation:
    """The search for one new style of a trained model.

    Args:
        model: in evaluation mode, on ``device``; it stays as it is.
        store: where the samples and their source glyphs are.
        hand: the style of the store to learn.
        split: from ``split_hand``.
        settings: of the search.
        batch: samples of a step.
        seed: everything random follows from it.
        device: where to compute.
    """

    def __init__(
        self,
        model: Model,
        store: GlyphStore,
        hand: str,
        split: Split,
        settings: AddSettings,
        *,
        batch: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.settings, self.split, self._batch, self._seed, self._device = settings, split, batch, seed, device
        chars = split.train + split.held_out
        self.data = Pairs(store, split, (hand,), charset=chars)
        self.held_out = Pairs(store, split, (hand,), charset=chars, held_out=True)
        self._drawing = _Drawing(model).requires_grad_(False)
        self._spec = model.style_spec
        network = model.generator
        assert isinstance(network, nn.Module)
        self._network, self._base = network, dict(network.named_parameters())
        weights = model.weights
        self._ssim = weights.get("ssim", 0.0) / (weights.get("l1", 0.0) or 1.0)
        self._truth = self._load(self.held_out, self.held_out.sample(_CHECKED, seed))
        self._images = 0

    @property
    def images(self) -> int:
        """The whole budget, in images seen."""
        return self._steps(self.settings.code_images) + self._adapter_images

    @property
    def _adapter_images(self) -> int:
        useful = max(_FEWEST_IMAGES, _PASSES * len(self.data))
        return self._steps(min(self.settings.adapter_images, useful))

    def _steps(self, images: int) -> int:
        """Return the multiple of the batch that is learned from."""
        return images // self._batch * self._batch

    def run(self, watch: Callable[[Progress], None]) -> Found:
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
        return Found(code.cpu(), changes, nearest_style.name, scores, best.images if best else 0, seconds)

    def pictures(self, found: Found, count: int) -> list[tuple[str, NDArray[np.uint8]]]:
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
        weights = {f"model.generator.{name}": each for name, each in changed(self._base, changes).items()}
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

    def _find_code(self, code: Tensor, watch: Callable[[Progress], None]) -> Tensor:
        """Return the code found by gradient from ``code``."""
        learned = {_CODE: code.clone().requires_grad_()}
        average = _Averaged(learned)
        self._learn(learned, average, self._steps(self.settings.code_images), self.settings.code_lr, "code", watch)
        return average.tensors[_CODE]

    def _adapt(self, code: Tensor, watch: Callable[[Progress], None]) -> _Best | None:
        """Return the averages that were best on held-out samples; None if the code alone was."""
        changes = no_changes(self._network, self.settings.adapter_rank)
        learned = {name: each.clone().requires_grad_() for name, each in {_CODE: code, **changes}.items()}
        average, best, budget = _Averaged(learned), None, self._adapter_images
        check = max(1, budget // self._batch // _CHECKS) * self._batch
        to_beat = self._held_out_loss(code, {})

        def look(images: int) -> None:
            nonlocal best, to_beat
            if images % check and images != budget:
                return
            tensors = average.copy()
            now = self._held_out_loss(tensors[_CODE], {name: each for name, each in tensors.items() if name != _CODE})
            if now < to_beat:
                best, to_beat = _Best(tensors, images), now

        self._learn(learned, average, budget, self.settings.adapter_lr, "adapter", watch, look)
        return best

    def _held_out_loss(self, code: Tensor, changes: Changes) -> float:
        return float(self._loss(self._drawn(self._truth.content, code, changes), self._truth.target))

    def _loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return L1 and, where the base learned from it, 1 - SSIM by its share."""
        loss = losses.l1(output, target)
        return loss + self._ssim * fidelity.ssim(output, target) if self._ssim else loss

    def _learn(
        self,
        learned: dict[str, Tensor],
        average: _Averaged,
        budget: int,
        rate: float,
        what: str,
        watch: Callable[[Progress], None],
        look: Callable[[int], None] = lambda images: None,
    ) -> None:
        """Fit code and changes to samples, each bent a little; the rate falls to zero over the second half."""
        optimizer = torch.optim.Adam(learned.values(), lr=rate, betas=(0.9, 0.99))
        code, changes = learned[_CODE], {name: each for name, each in learned.items() if name != _CODE}
        began, shown = time.monotonic(), 0
        for first in range(0, budget, self._batch):
            optimizer.param_groups[0]["lr"] = rate * min(1.0, 2 * (1 - first / budget))
            batch = self._load(self.data, self.data.drawn(first, self._batch, derive(self._seed, what)))
            places = np.arange(first, first + self._batch)
            batch = displaced(batch, _DISPLACED, derive(self._seed, what), places)
            loss = self._loss(self._draw(batch.content, code, changes), batch.target)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            average.update()
            self._images += self._batch
            look(first + self._batch)
            if (first // self._batch + 1) % _SHOWN == 0:
                value = float(loss.detach())
                if not math.isfinite(value):
                    raise TrainingError(
                        f"the loss is not finite after {self._images} images; nothing was written",
                        "Use a lower --adapter-lr or --code-lr.",
                    )
                count, shown = first + self._batch - shown, first + self._batch
                watch(Progress(self._images, count / (time.monotonic() - began), {f"G/{what}": value}))
                began = time.monotonic()
