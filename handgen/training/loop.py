"""The training loop: one for all models. It knows phases, and no loss by name."""

from __future__ import annotations

import contextlib
import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from handgen.allocator import keep_freed_memory
from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.facts import ModelFacts
from handgen.checkpoints.files import MODEL, STATE, Checkpoint
from handgen.checkpoints.run import RunFolder, recorded
from handgen.distributed import World, share_statistics
from handgen.errors import TrainingError, UsageError
from handgen.extras import load_extra
from handgen.glyphs.records import StyleRecord
from handgen.glyphs.store import GlyphStore
from handgen.losses.adversarial import Adversarial, prepare_critic
from handgen.models import MODELS
from handgen.models.base import Batch, Model
from handgen.seeds import derive
from handgen.settings import Settings
from handgen.sources import loading
from handgen.training import footprint as memory
from handgen.training.curves import CURVES, save_curves
from handgen.training.data import DATA, Glyphs, Pairs, split_store, style_names
from handgen.training.displace import displaced
from handgen.training.evaluate import drawn, measure, measure_diversity
from handgen.training.health import verdict
from handgen.training.optimize import Means, Optimizer, move_average, refuse_uncompiled
from handgen.training.pictures import Grid
from handgen.training.process import deterministic, stopping_politely
from handgen.training.settings import TrainSettings

_LOG_STEPS = 25
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
        world: the processes that share the run.

    Raises:
        UsageError: the folder holds something else; a style that the store lacks; a batch that
            cannot be shared out.
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
        world: World = World(),  # noqa: B008 - immutable
    ) -> None:
        self._rows = world.rows(settings.batch, settings.accumulate)
        if settings.tensorboard:
            load_extra("tensorboard", "tensorboard")
        self.settings, self.store, self.device, self.world = settings, store, device, world
        self.name = name
        self.start = start
        self.seen: str = start.model.charset if start else ""
        self.kind: type[Model] = MODELS.load(name)
        if settings.displace and self.kind.draws == "strokes":
            raise UsageError(f"--displace bends glyphs, and a {name} learns from strokes", "Leave it out.")
        self.split = split_store(
            store, self.kind.needs, settings.holdout, settings.seed, by=settings.holdout_by, seen=self.seen
        )
        self.charset = "".join(sorted(set(self.split.train) | set(self.seen)))
        only = tuple(part.strip() for part in settings.finetune_styles.split(",") if part.strip())
        known = start.style_names if start else []
        self.styles = style_names(name, self.kind, store, known, only)
        self.data, self.held_out = self._datasets(only)
        self.grid = Grid(self.held_out, self.styles)
        self.resolved = self.kind.resolve(config, self.split.train, recorded(out))
        self.config: Settings = self.resolved.config
        self.folder = RunFolder(out, self._identity(start), self._defaults(), writes=world.leads)
        world.any(False)  # the others look into the folder when rank 0 has made it
        self.folder.write_split(asdict(self.split))
        for line in self.resolved.notes:
            self.folder.log(line)
        torch.manual_seed(settings.seed)
        self.model: Model = self._make_model()
        if start is not None:
            left = self.model.adopt(start.tensors, start.style_names)
            loading.refuse_unfit(start, left, self.model, config)
        self.model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model.equip(device)
        self.averaged: nn.Module = copy.deepcopy(self.model.generator).requires_grad_(False)
        self.optimizer = Optimizer(self.model, settings, device, world)
        self.images = 0
        if self.folder.has_state:
            self._resume()
        self.folder.forget_after(self.images)
        self._stop = False
        self.notes: tuple[str, ...] = ()

    def _datasets(self, only: Sequence[str]) -> tuple[Glyphs, Glyphs]:
        """What is learned from, and the pairs that are measured and shown (if the store has pairs)."""
        common: dict[str, Any] = {"styles": self.styles, "only": only, "charset": self.charset}
        ways: dict[str, Any] = {"balanced": self.settings.balance_styles, "disjoint": self.settings.disjoint}
        data = DATA[self.kind.needs](self.store, self.split, **ways, **common)
        data.keep_on(self.device)
        if not self.split.holds_out and self.kind.needs != "pairs":
            return data, data
        return data, Pairs(self.store, self.split, held_out=self.split.holds_out, **common)

    def _make_model(self) -> Model:
        model = self.kind(self.config, self.store.size, self.styles, self.charset)
        model.adversarial = Adversarial(self.settings.gan_loss, r1=self.settings.r1 > 0)
        for name in model.critics:
            prepare_critic(model.get_submodule(name), self.settings.gan_loss, spectral_norm=self.settings.spectral_norm)
        if self.world.size > 1:
            share_statistics(model)
        return model

    def _identity(self, start: Checkpoint | None) -> dict[str, Any]:
        """What makes this run this run; a folder with another identity is not touched."""
        data = {"model": self.name, "data": self._places(), "data_sha256": self.store.fingerprint()}
        origin = {"from": str(start.path), "from_sha256": start.digest()} if start else {}
        needed = {f"{name}_sha256": digest for name, digest in self.resolved.hashes.items()}
        return data | origin | needed | asdict(self.settings) | asdict(self.config)  # type: ignore[call-overload, no-any-return]

    def _places(self) -> str | list[str]:
        """Where the store is, or the stores that are taken for one."""
        places = [str(place) for place in self.store.folders]
        return places if len(places) > 1 else places[0]

    def _defaults(self) -> dict[str, Any]:
        """What a run had in place of settings that its version did not know."""
        return {field.name: field.default for kind in (TrainSettings, self.kind.Config) for field in fields(kind)}  # type: ignore[arg-type]

    @property
    def done(self) -> bool:
        """Whether the budget is spent."""
        return self.images >= self.settings.images

    def run(self, watch: Callable[[Progress], None]) -> bool:
        """Train until the budget is spent or Ctrl-C; save either way. A finished run is left as it is.

        Returns:
            Whether the budget is spent.

        Raises:
            TrainingError: a loss is not finite, or memory ran out; the last checkpoint is kept.
        """
        measured = any(line["images"] == self.images for line in self.folder.measurements())
        if self.done and (measured or not self.split.holds_out):
            return True
        keep_freed_memory()
        writing = self.folder.being_written(self.images, tensorboard=self.settings.tensorboard)
        try:
            with writing, deterministic(self.settings.deterministic):
                return self._run(watch)
        except RuntimeError as error:
            refuse_uncompiled(error)
            if not memory.ran_out(error):
                raise
            memory.forget(error)
        raise self._out_of_memory()

    def _run(self, watch: Callable[[Progress], None]) -> bool:
        self.survey()
        self.model.train()
        if not self.images:
            self._reals()
            self.model.study(lambda number: self._batch(number * self.settings.batch, "study"))
        self.world.copy_from_first([*self.model.state_dict().values(), *self.averaged.state_dict().values()])
        means, began = Means(overflows=self.optimizer.overflows), time.monotonic()
        with stopping_politely(self.stop):
            while not self.done and not self.world.any(self._stop):
                before = self.images
                means.add(self._step())
                if len(means) == _LOG_STEPS:
                    self._show(means, began, watch)
                    began = time.monotonic()
                self._milestones(before)
        if len(means):
            self._show(means, began, watch)
        self._save()
        if self.done:
            self._finish()
        if self.world.leads:
            save_curves(self.folder.path / CURVES, self.folder.stats())
        return self.done

    def survey(self) -> None:
        """Let the model look at all that it learns from; rank 0 first, so that the others find what it kept.

        Raises:
            HandgenError: as ``Model.survey``.
        """
        for turn in (True, False):
            if self.world.leads is turn:
                self.notes = self.model.survey(self.data.lessons(self.folder.path))
            self.world.any(False)
        for line in self.notes:
            self.folder.log(line)

    def _show(self, means: Means, began: float, watch: Callable[[Progress], None]) -> None:
        """Record the losses of the steps since ``began``, and tell the watcher."""
        images = len(means) * self.settings.batch * self.settings.d_steps
        losses = means.take(self.world)  # waits for the device, so the clock is read after it
        rate = images / (time.monotonic() - began)
        self._logged(losses, rate)
        watch(Progress(self.images, rate, losses))

    def _finish(self) -> None:
        """What comes once, when the budget is spent and the last checkpoint is written."""
        self._measure(per_style=None)
        for line in verdict(self.folder.stats(), self.settings.gan_loss):
            self.folder.log(line)

    def stop(self) -> None:
        """Let ``run`` end after the step in hand, as Ctrl-C does."""
        self._stop = True

    def _step(self) -> dict[str, Tensor]:
        """One optimizer step of every phase, after those that the critics are ahead; return the last losses."""
        self.optimizer.set_rate(self.images / self.settings.images)
        if "D" in self.model.phases:
            for _ in range(self.settings.d_steps - 1):
                self._turn(("D",))
        logged = self._turn(self.model.phases)
        self._average()
        return logged

    def _turn(self, phases: Sequence[str]) -> dict[str, Tensor]:
        """One step of the given phases on the next images; return the losses, raw and weighted."""
        # What a model draws at random depends on the place in the run, so that a resumed run goes
        # on exactly; and on the rank, whose images are others.
        torch.manual_seed(derive(self.settings.seed, "step", self.images) ^ self.world.rank)
        logged = self.optimizer.step(phases, self._parts())
        self.images += self.settings.batch
        return logged

    def _parts(self) -> list[Batch]:
        """The share of this rank in the next batch, in the parts that are accumulated."""
        return [self._batch(self.images, "noise", rows) for rows in self._rows]

    def _batch(self, first: int, purpose: str, rows: slice = slice(None)) -> Batch:
        """Return the batch from place ``first`` of the run on, or some of its rows, with their random numbers."""
        count, seed = self.settings.batch, self.settings.seed
        random = torch.Generator().manual_seed(derive(seed, purpose, first))
        noise = torch.randn(count, self.model.noise, generator=random)[rows]
        mix = torch.rand(count, generator=random)[rows]
        batch = self.data.batch(self.data.drawn(first, count, seed)[rows], self.device, noise, mix)
        return displaced(batch, self.settings.displace, seed, np.arange(first, first + count)[rows])

    def _average(self) -> None:
        """Move the averaged weights towards the present ones; the half-life grows with the run at first."""
        half_life = min(self.settings.ema, self.images / 10)
        keep = 0.5 ** (self.settings.batch / half_life) if half_life else 0.0
        move_average(self.averaged, self.model.generator, keep)

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

    def _out_of_memory(self) -> TrainingError:
        """Find out what would fit; this spoils the weights, but the run has ended anyway."""
        held = self._rows[0].stop - self._rows[0].start
        fits = held // 2
        if self.world.size == 1:  # with others, who take no part in trying, it stays a guess
            fits = memory.fitting(lambda count: self._try(slice(count)), held)
        return memory.explanation(self.device, self.settings, self.config, self.world.size, fits)

    def _try(self, rows: slice) -> None:
        self.optimizer.step(self.model.phases, [self._batch(self.images, "noise", rows)])

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
        if not self.world.leads:
            return
        with self.evaluating() as model:
            diversity = measure_diversity(model, self.store, self.split, self.charset, self.device)
            self.folder.record(self.images, "diversity", diversity)
            if not self.split.holds_out:
                return
            result = measure(model, self.held_out, self.styles, self.device, per_style=per_style)
        glyphs = per_style or len(self.held_out)
        self.folder.record(self.images, "held-out", {"glyphs_per_style_at_most": glyphs, "styles": result})

    def _reals(self) -> None:
        if self.world.leads:
            path = self.folder.path / "reals.png"
            self.grid.save_reals(path, self.store)
            self.folder.show(self.images, "reals", path)

    def _save(self) -> None:
        state = self._state()
        if not self.world.leads:
            return
        facts = ModelFacts(
            model=self.name,
            config=asdict(self.config),  # type: ignore[call-overload]
            size=self.store.size,
            styles=self._style_records(),
            charset=self.charset,
            held_out=self.split.held_out,
            raster=self.store.raster,
            images=self.images,
            seed=self.settings.seed,
        ).to_json()
        checkpoint.save(self.folder.path / STATE, state, facts)
        checkpoint.save(self.folder.path / MODEL, loading.drawing_tensors(self.model, self.averaged), facts)
        path = self.folder.path / f"fakes-{self.images:09d}.png"
        with self.evaluating() as model:
            self.grid.save(path, drawn(model, self.held_out, self.grid.which, self.device))
        self.folder.show(self.images, "fakes", path)
        self.folder.log(f"saved at {self.images} images")

    def _state(self) -> dict[str, Tensor]:
        """All tensors that the run needs to go on exactly."""
        state = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        state |= {f"averaged.{k}": v for k, v in self.averaged.state_dict().items()}
        state |= self.optimizer.tensors()
        for name, tensor in state.items():
            if tensor.is_floating_point() and not tensor.isfinite().all():
                raise self._diverged(name)
        return state

    def _style_records(self) -> tuple[StyleRecord, ...]:
        """Records of the model's styles: the store's, else those that came with the weights to begin with."""
        before = {style.name: style for style in self.start.model.styles} if self.start else {}
        here = {style.name: style for style in self.store.styles}
        return tuple(here.get(name) or before[name] for name in self.styles)

    def _resume(self) -> None:
        state = checkpoint.load(self.folder.path / STATE)
        self.model.load_state_dict(checkpoint.under("model.", state.tensors))
        self.averaged.load_state_dict(checkpoint.under("averaged.", state.tensors))
        self.optimizer.restore(state.tensors)
        self.images = state.facts["images"]
        self.folder.log(f"went on from {self.images} images")
