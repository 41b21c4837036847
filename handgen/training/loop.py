"""The training loop: one for all models. It knows phases, and no loss by name."""

from __future__ import annotations

import contextlib
import copy
import math
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from handgen.errors import TrainingError, UsageError
from handgen.files import lock_folder, sha256
from handgen.glyphs.sheet import save_sheet
from handgen.glyphs.store import MANIFEST, GlyphStore
from handgen.models import MODELS
from handgen.models.base import Batch, Model
from handgen.seeds import derive
from handgen.settings import Settings
from handgen.training import checkpoint
from handgen.training.adversarial import Adversarial, prepare_critic
from handgen.training.checkpoint import MODEL, STATE, Checkpoint
from handgen.training.data import DATA, Glyphs, Pairs, split_store
from handgen.training.evaluate import drawn, measure
from handgen.training.run import RunFolder
from handgen.training.settings import TrainSettings

_SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "linear": lambda done: min(1.0, max(0.0, 2 * (1 - done))),  # pix2pix's
    "cosine": lambda done: (1 + math.cos(math.pi * min(1.0, done))) / 2,  # Loshchilov & Hutter 2017, equation 5
}
_LOG_STEPS = 25
_GRID_STYLES, _GRID_CHARS = 16, 16
_PROBE = 64
"""Glyphs of each style in the measurements on the way; the last one takes all."""


@dataclass(frozen=True)
class Progress:
    """What a watcher is told: how far the run is, images per second, and the mean of each loss since the last time."""

    images: int
    rate: float
    losses: dict[str, float]


class Trainer:
    """One run of one model on one store; makes or continues the run folder ``out``.

    Args:
        name: of a registered model.
        settings: what all models share.
        config: the model's own.
        store: pairs of source and target glyphs.
        out: the run folder.
        device: where to compute.
        start: trained weights to begin a fresh run with.

    Raises:
        UsageError: the folder holds something else; a style that the store lacks.
        StoreError: the store has nothing to learn from.
    """

    def __init__(
        self,
        name: str,
        settings: TrainSettings,
        config: Settings,
        store: GlyphStore,
        out: Path,
        device: torch.device,
        start: Checkpoint | None = None,
    ) -> None:
        self.settings, self.store, self.device = settings, store, device
        self.name, self.config = name, config
        self.start = start
        self.seen: str = start.facts["charset"] if start else ""
        self.kind: type[Model] = MODELS.load(name)
        self.split = split_store(
            store, self.kind.needs, settings.holdout, settings.seed, by=settings.holdout_by, seen=self.seen
        )
        self.charset = "".join(sorted(set(self.split.train) | set(self.seen)))
        only = tuple(part.strip() for part in settings.finetune_styles.split(",") if part.strip())
        self.styles = self._style_names(start, only)
        self.data, self.held_out = self._datasets(only)
        self.folder = RunFolder(out, self._identity(start))
        self.folder.write_split(self.split)
        torch.manual_seed(settings.seed)
        self.model: Model = self._make_model()
        if start is not None:
            left = self.model.adopt(start.tensors, start.style_names)
            checkpoint.refuse_unfit(start, left, self.model, config)
        self.model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged: nn.Module = copy.deepcopy(self.model.generator).requires_grad_(False)
        self.optimisers, self._parameters = self._make_optimisers()
        self.images = 0
        if self.folder.has_state:
            self._resume()
        self.folder.forget_after(self.images)
        self._stop = False

    def _style_names(self, start: Checkpoint | None, only: Sequence[str]) -> tuple[str, ...]:
        """The store's targets, after those that the trained weights know already."""
        here = [self.store.styles[number].name for number in self.store.targets or self.store.sources]
        known = start.style_names if start else []
        if not self.kind.one_style:
            return (*known, *(name for name in here if name not in known))
        chosen = list(only) or here
        if len(chosen) > 1:
            raise UsageError(
                f"{self.name} draws one style and the glyph store {self.store.path} has {len(chosen)}",
                f"Name one with --finetune-styles, e.g. {chosen[0]}; zi2zi draws them all.",
            )
        return tuple(chosen)

    def _datasets(self, only: Sequence[str]) -> tuple[Glyphs, Glyphs]:
        """What is learnt from, and the pairs that are measured and shown (if the store has pairs)."""
        common: dict[str, Any] = {"styles": self.styles, "only": only, "charset": self.charset}
        data = DATA[self.kind.needs](self.store, self.split, balanced=self.settings.balance_styles, **common)
        data.keep_on(self.device)
        if not self.split.holds_out and self.kind.needs != "pairs":
            return data, data
        return data, Pairs(self.store, self.split, held_out=self.split.holds_out, **common)

    def _make_model(self) -> Model:
        model = self.kind(self.config, self.store.size, self.styles, self.charset)
        model.adversarial = Adversarial(self.settings.gan_loss, r1=self.settings.r1 > 0)
        for name in model.critics:
            prepare_critic(model.get_submodule(name), self.settings.gan_loss, spectral_norm=self.settings.spectral_norm)
        return model

    def _identity(self, start: Checkpoint | None) -> dict[str, Any]:
        """What makes this run this run; a folder with another identity is not touched."""
        data = {"model": self.name, "data": str(self.store.path), "data_sha256": sha256(self.store.path / MANIFEST)}
        origin = {"from": str(start.path), "from_sha256": start.digest()} if start else {}
        return data | origin | asdict(self.settings) | asdict(self.config)  # type: ignore[call-overload, no-any-return]

    def _make_optimisers(self) -> tuple[dict[str, torch.optim.Optimizer], dict[str, list[nn.Parameter]]]:
        optimisers: dict[str, torch.optim.Optimizer] = {}
        parameters: dict[str, list[nn.Parameter]] = {}
        for phase in self.model.phases:
            parameters[phase] = list(self.model.phase_parameters(phase))
            if self.settings.optimizer == "rmsprop":
                optimisers[phase] = torch.optim.RMSprop(parameters[phase], lr=self.settings.lr)
            else:
                betas = (self.settings.beta1, 0.999)
                optimisers[phase] = torch.optim.Adam(parameters[phase], lr=self.settings.lr, betas=betas, fused=True)
        return optimisers, parameters

    @property
    def done(self) -> bool:
        """Whether the budget is spent."""
        return self.images >= self.settings.images

    def run(self, watch: Callable[[Progress], None]) -> bool:
        """Train until the budget is spent or Ctrl-C; save either way. A finished run is left as it is.

        Returns:
            Whether the budget is spent.

        Raises:
            TrainingError: a loss is not finite; the last checkpoint is kept.
        """
        measured = any(line["images"] == self.images for line in self.folder.measurements())
        if self.done and (measured or not self.split.holds_out):
            return True
        lock = lock_folder(self.folder.path)
        try:
            return self._run(watch)
        finally:
            os.close(lock)

    def _run(self, watch: Callable[[Progress], None]) -> bool:
        self.model.train()
        if not self.images:
            self._reals()
            self.model.study(lambda number: self._batch(number * self.settings.batch, "study"))
        sums: dict[str, Tensor] = {}
        steps, began = 0, time.monotonic()
        with self._stopping_politely():
            while not self.done and not self._stop:
                before = self.images
                for name, value in self._step().items():
                    sums[name] = sums.get(name, torch.zeros((), device=self.device)) + value
                steps += 1
                if steps == _LOG_STEPS or self.done or self._stop:
                    means = {name: float(value) / steps for name, value in sums.items()}
                    rate = self.settings.batch * self.settings.d_steps * steps / (time.monotonic() - began)
                    self._logged(means, rate)
                    watch(Progress(self.images, rate, means))
                    sums, steps, began = {}, 0, time.monotonic()
                self._milestones(before)
        self._save()
        if self.done:
            self._measure(per_style=None)
        return self.done

    def stop(self) -> None:
        """Let ``run`` end after the step in hand, as Ctrl-C does."""
        self._stop = True

    def _step(self) -> dict[str, Tensor]:
        """One optimiser step of every phase, after those that the critics are ahead; return the last losses."""
        self._set_rates()
        for _ in range(self.settings.d_steps - 1):
            self._turn(("D",))
        logged = self._turn(self.model.phases)
        self._average()
        return logged

    def _turn(self, phases: Sequence[str]) -> dict[str, Tensor]:
        """One step of the given phases on the next images; return the losses, raw and weighted."""
        # What a model draws at random depends on the place in the run, so that a resumed run goes on exactly.
        torch.manual_seed(derive(self.settings.seed, "step", self.images))
        batch = self._batch(self.images, "noise")
        for parameter in (p for group in self._parameters.values() for p in group):
            parameter.requires_grad_(True)
        logged: dict[str, Tensor] = {}
        with self._autocast():
            shared = self.model.prepare(batch)
        for phase in phases:
            for other, group in self._parameters.items():
                for parameter in group:
                    parameter.requires_grad_(other == phase)
            with self._autocast():
                terms = self.model.losses(phase, shared)
            total = torch.zeros((), device=self.device)
            for name, value in terms.items():
                logged[f"{phase}/{name}"] = value.detach().float()
                if value.requires_grad:
                    weighted = value.float() * self._weights.get(name, 1.0)
                    total = total + weighted
                    logged[f"{phase}/{name} weighted"] = weighted.detach()
            self.optimisers[phase].zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            self.optimisers[phase].step()
            if phase == "D" and self.settings.gan_loss == "wgan":
                self._clip_critics()
        self.images += self.settings.batch
        return logged

    def _batch(self, first: int, purpose: str) -> Batch:
        """Return the images from place ``first`` of the run on, with their random numbers."""
        count, seed = self.settings.batch, self.settings.seed
        random = torch.Generator().manual_seed(derive(seed, purpose, first))
        noise = torch.randn(count, self.model.noise, generator=random)
        return self.data.batch(
            self.data.drawn(first, count, seed), self.device, noise, torch.rand(count, generator=random)
        )

    @torch.no_grad()
    def _clip_critics(self) -> None:
        """Keep the weights of the critics in a box (Arjovsky et al. 2017, algorithm 1)."""
        for parameter in self._parameters["D"]:
            parameter.clamp_(-self.settings.clip_critic, self.settings.clip_critic)

    @property
    def _weights(self) -> dict[str, float]:
        """Weight of each loss by name: the settings' for penalties, the model's for all else."""
        return {"gp": self.settings.lambda_gp, "r1": self.settings.r1, **self.model.weights}

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        wanted = self.settings.precision
        on = wanted == "bf16" or (wanted == "auto" and self.device.type == "cuda" and torch.cuda.is_bf16_supported())
        return torch.autocast(self.device.type, torch.bfloat16, enabled=on)

    def _set_rates(self) -> None:
        """Set the learning rate of this place in the run."""
        rate = self.settings.lr * _SCHEDULES[self.settings.schedule](self.images / self.settings.images)
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = rate

    @torch.no_grad()
    def _average(self) -> None:
        """Move the averaged weights towards the present ones; the half-life grows with the run at first."""
        half_life = min(self.settings.ema, self.images / 10)
        keep = 0.5 ** (self.settings.batch / half_life) if half_life else 0.0
        average, present = self.averaged.state_dict(), self.model.generator.state_dict()
        floats = [name for name, tensor in average.items() if tensor.is_floating_point()]
        torch._foreach_lerp_([average[n] for n in floats], [present[n] for n in floats], 1 - keep)

    def _logged(self, means: dict[str, float], rate: float) -> None:
        broken = [name for name, value in means.items() if not math.isfinite(value)]
        if broken:
            raise self._diverged(f"the loss {broken[0]}")
        values = {name: round(value, 6) for name, value in means.items()}
        self.folder.record(self.images, "losses", values | {"images_per_s": round(rate, 1)})

    def _diverged(self, what: str) -> TrainingError:
        kept = "the last checkpoint is kept" if self.folder.has_state else "no checkpoint was saved"
        return TrainingError(
            f"{what} is not finite after {self.images} images; {kept}",
            "Use a lower --lr or another --seed with a new --out.",
        )

    def _milestones(self, before: int) -> None:
        """Save and measure when a step crossed a multiple of their intervals."""

        def crossed(interval: int) -> bool:
            return before // interval != self.images // interval

        if not self.done and not self._stop:
            if crossed(self.settings.save_every):
                self._save()
            if crossed(self.settings.eval_every):
                self._measure(per_style=_PROBE)

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[Model]:
        """Yield the model as it will be shipped: averaged weights, evaluation mode."""
        present = self.model.generator
        self.model.generator = self.averaged
        self.model.eval()
        try:
            yield self.model
        finally:
            self.model.generator = present
            self.model.train()

    def _measure(self, per_style: int | None) -> None:
        if not self.split.holds_out:
            return
        with self.evaluating() as model:
            result = measure(model, self.held_out, self.styles, self.device, per_style=per_style)
        glyphs = per_style or len(self.held_out)
        self.folder.record(self.images, "held-out", {"glyphs_per_style_at_most": glyphs, "styles": result})

    def _grid(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """A fixed choice of held-out pairs, a block of each style."""
        return self.held_out.sample(_GRID_CHARS, seed=1)

    def _sheet(self, path: Path, images: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        which = self._grid()
        numbers = self.held_out.style[which]
        rows = [(self.styles[number], images[numbers == number]) for number in np.unique(numbers)[:_GRID_STYLES]]
        save_sheet(path, rows)

    def _reals(self) -> None:
        self._sheet(self.folder.path / "reals.png", self.store.images[self.held_out.target[self._grid()]])

    def _save(self) -> None:
        facts = {
            "model": self.name,
            "config": asdict(self.config),  # type: ignore[call-overload]
            "size": self.store.size,
            "styles": self._style_records(),
            "charset": self.charset,
            "held_out": self.split.held_out,
            "raster": self.store.raster,
            "images": self.images,
            "seed": self.settings.seed,
        }
        state = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        state |= {f"averaged.{k}": v for k, v in self.averaged.state_dict().items()}
        for phase, optimiser in self.optimisers.items():
            state |= checkpoint.optimiser_tensors(phase, optimiser)
        for name, tensor in state.items():
            if tensor.is_floating_point() and not tensor.isfinite().all():
                raise self._diverged(name)
        checkpoint.save(self.folder.path / STATE, state, facts)
        checkpoint.save(self.folder.path / MODEL, checkpoint.drawing_tensors(self.model, self.averaged), facts)
        with self.evaluating() as model:
            self._sheet(
                self.folder.path / f"fakes-{self.images:09d}.png",
                drawn(model, self.held_out, self._grid(), self.device),
            )
        self.folder.log(f"saved at {self.images} images")

    def _style_records(self) -> list[dict[str, Any]]:
        """Records of the model's styles: the store's, else those that came with the weights to begin with."""
        before = {style["name"]: style for style in self.start.facts["styles"]} if self.start else {}
        here = {style.name: asdict(style) for style in self.store.styles}
        return [here.get(name) or before[name] for name in self.styles]

    def _resume(self) -> None:
        state = checkpoint.load(self.folder.path / STATE)
        self.model.load_state_dict(checkpoint.under("model.", state.tensors))
        self.averaged.load_state_dict(checkpoint.under("averaged.", state.tensors))
        for phase, optimiser in self.optimisers.items():
            checkpoint.restore_optimiser(phase, optimiser, state.tensors)
        self.images = state.facts["images"]
        self.folder.log(f"went on from {self.images} images")

    @contextlib.contextmanager
    def _stopping_politely(self) -> Iterator[None]:
        """Let the first Ctrl-C (or SIGTERM) end the run after the step in hand; the second kills it."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.stop()
            for each in before:
                signal.signal(each, signal.default_int_handler)

        before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
        for each in before:
            signal.signal(each, stop)
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
