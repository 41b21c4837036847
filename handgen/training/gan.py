"""The task of training a GAN: phases, averaged weights, pictures and measurements, for any model."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.facts import ModelFacts
from handgen.checkpoints.files import MODEL
from handgen.checkpoints.run import RunFolder
from handgen.errors import TrainingError
from handgen.glyphs.source_font import look_of
from handgen.models.base import Batch, Model
from handgen.seeds import derive
from handgen.sources import loading
from handgen.training import footprint
from handgen.training.curves import CURVES, save_curves
from handgen.training.displace import displace, warp_as_people_do
from handgen.training.engine import Engine, Limits, Task
from handgen.training.evaluate import draw_pairs, measure, measure_diversity
from handgen.training.health import verdict
from handgen.training.optimize import Optimizer, move_average
from handgen.training.pictures import Grid
from handgen.training.plan import TrainingPlan

_PROBE = 64
"""Glyphs of each style in measurements during the run; the last measurement takes all."""


def open_run(plan: TrainingPlan, device: torch.device) -> Engine[GANTask]:
    """Create the run folder of a plan, or open it to resume the run; return the engine.

    Raises:
        UsageError: the folder holds something else.
        CheckpointError: the state in the folder is damaged.
    """
    folder = RunFolder(plan.out, plan.identity(), plan.defaults(), writes=plan.ranks.leads)
    plan.ranks.any(False)  # a barrier: rank 0 creates the folder before the others read it
    folder.write_split(asdict(plan.split))
    for line in plan.resolved.notes:
        folder.log(line)
    settings = plan.settings
    limits = Limits(
        images=settings.images,
        save_every=settings.save_every,
        eval_every=settings.eval_every,
        deterministic=settings.deterministic,
        tensorboard=settings.tensorboard,
    )
    return Engine(GANTask(plan, device), limits, folder, plan.ranks)


class GANTask(Task):
    """A model that learns from the glyphs of a plan.

    Args:
        plan: the checked plan.
        device: where to compute.

    Attributes:
        model: the model with its current weights.
        averaged: a copy of its generator with averaged weights (EMA), which are measured and saved as the model.
        notes: the lines that ``Model.inspect_data`` returned.
    """

    remedy: ClassVar[str] = "Use a lower --lr or another --seed with a new --out."

    def __init__(self, plan: TrainingPlan, device: torch.device) -> None:
        self.plan, self.device = plan, device
        plan.data.keep_on(device)
        self.grid = Grid(plan.held_out, plan.styles)
        self.model: Model = plan.make_model()
        self.model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model.load_files(device)
        self.averaged: nn.Module = copy.deepcopy(self.model.generator).requires_grad_(False)
        self.optimizer = Optimizer(self.model, plan.settings, device, plan.ranks)
        self.overflows = self.optimizer.overflows
        self.notes: tuple[str, ...] = ()

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Load the weights, their averages, and the state of the optimizers."""
        self.model.load_state_dict(checkpoint.select("model.", tensors))
        self.averaged.load_state_dict(checkpoint.select("averaged.", tensors))
        self.optimizer.restore(tensors)

    def is_complete(self, engine: Engine[Any]) -> bool:
        """Return whether the last weights were measured."""
        measured = any(line["images"] == engine.images for line in engine.folder.measurements())
        return measured or not self.plan.split.holds_out

    def begin(self, engine: Engine[Any]) -> None:
        """Let the model inspect the data, and pretrain in a fresh run; then give all ranks the weights of rank 0."""
        self.inspect_data(engine.folder)
        self.model.train()
        if not engine.images:
            self._save_reals(engine)
            self.model.pretrain(lambda number: self.batch(number * self.plan.settings.batch, "study"))
        tensors = [*self.model.state_dict().values(), *self.averaged.state_dict().values()]
        self.plan.ranks.copy_from_first(tensors)

    def inspect_data(self, folder: RunFolder) -> None:
        """Call ``Model.inspect_data``, on rank 0 first, so that the others find the files that it wrote.

        Raises:
            HandgenError: as ``Model.inspect_data``.
        """
        for turn in (True, False):
            if self.plan.ranks.leads is turn:
                self.notes = self.model.inspect_data(self.plan.data.everything(folder.path))
            self.plan.ranks.any(False)
        for line in self.notes:
            folder.log(line)

    def set_rate(self, share: float) -> None:
        """Set the learning rate by the schedule of the settings."""
        self.optimizer.set_rate(share)

    def step(self, images: int) -> tuple[int, Mapping[str, Tensor]]:
        """Take ``d_steps`` - 1 steps of the critics alone, then one step of all phases; return its losses."""
        before, critic_steps = images, self.plan.settings.d_steps - 1 if "D" in self.model.phases else 0
        for _ in range(critic_steps):
            images = self._step_on(("D",), images)[0]
        images, losses = self._step_on(self.model.phases, images)
        self._average(images, images - before)
        return images - before, losses

    def _step_on(self, phases: Sequence[str], images: int) -> tuple[int, Mapping[str, Tensor]]:
        """Take one step of some phases on the next batch; return the number of images seen by now, and the losses."""
        # The seed depends on the images seen, so that a resumed run is the same, and on the rank, since ranks have
        # different images.
        torch.manual_seed(derive(self.plan.settings.seed, "step", images) ^ self.plan.ranks.rank)
        losses = self.optimizer.step(phases, [self.batch(images, "noise", rows) for rows in self.plan.rows])
        return images + self.plan.settings.batch, losses

    def batch(self, first: int, purpose: str, rows: slice = slice(None)) -> Batch:
        """Return some rows of the batch that begins with image ``first`` of the run.

        Args:
            first: number of the image, from 0.
            purpose: with the seed and ``first``, decides the noise of the batch.
            rows: the rows to return.
        """
        settings = self.plan.settings
        count, seed = settings.batch, settings.seed
        random = torch.Generator().manual_seed(derive(seed, purpose, first))
        noise = torch.randn(count, self.model.noise, generator=random)[rows]
        mix = torch.rand(count, generator=random)[rows]
        data = self.plan.data
        batch = data.batch(data.numbers(first, count, seed)[rows], self.device, noise, mix)
        numbers = np.arange(first, first + count)[rows]
        return warp_as_people_do(displace(batch, settings.displace, seed, numbers), settings.warp, seed, numbers)

    def _average(self, images: int, since: int) -> None:
        """Move the averaged weights towards the current ones.

        Args:
            images: images seen; the half-life is at most a tenth of them.
            since: images seen since the last average.
        """
        half_life = min(self.plan.settings.ema, images / 10)
        keep = 0.5 ** (since / half_life) if half_life else 0.0
        move_average(self.averaged.state_dict(), self.model.generator.state_dict(), keep)

    def state(self) -> dict[str, Tensor]:
        """Return the weights, their averages, and the optimizers' state."""
        state = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        state |= {f"averaged.{name}": tensor for name, tensor in self.averaged.state_dict().items()}
        return state | self.optimizer.tensors()

    def facts(self, engine: Engine[Any]) -> dict[str, Any]:
        """Return the facts of the model; the state file and the model file have the same."""
        plan = self.plan
        return ModelFacts(
            model=plan.name,
            config=asdict(plan.config),  # type: ignore[call-overload]
            size=plan.store.size,
            styles=plan.records,
            charset=plan.charset,
            held_out=plan.split.held_out,
            raster=plan.store.raster,
            images=engine.images,
            seed=plan.settings.seed,
            source_look=look_of(plan.store),
        ).to_json()

    def write(self, engine: Engine[Any]) -> None:
        """Write the model file and a picture of the grid, drawn by the model."""
        folder = engine.folder
        checkpoint.save(folder.path / MODEL, loading.drawing_tensors(self.model, self.averaged), self.facts(engine))
        path = folder.path / f"fakes-{engine.images:09d}.png"
        with self.evaluating() as model:
            self.grid.save(path, draw_pairs(model, self.plan.held_out, self.grid.which, self.device))
        folder.show(engine.images, "fakes", path)

    def measure(self, engine: Engine[Any], per_style: int | None = _PROBE) -> None:
        """Record diversity, and every metric on held-out glyphs: at most ``per_style`` of each style; None = all."""
        if not self.plan.ranks.leads:
            return
        plan = self.plan
        with self.evaluating() as model:
            diversity = measure_diversity(model, plan.store, plan.split, plan.charset, self.device)
            engine.folder.record(engine.images, "diversity", diversity)
            if not plan.split.holds_out:
                return
            result = measure(model, plan.held_out, plan.styles, self.device, per_style=per_style)
        glyphs = per_style or len(plan.held_out)
        engine.folder.record(engine.images, "held-out", {"glyphs_per_style_at_most": glyphs, "styles": result})

    def end(self, engine: Engine[Any]) -> None:
        """Draw the curves. If the budget is spent, first measure on all held-out glyphs and log a verdict."""
        if engine.done:
            self.measure(engine, per_style=None)
            for line in verdict(engine.folder.stats(), self.plan.settings.gan_loss):
                engine.folder.log(line)
        if self.plan.ranks.leads:
            save_curves(engine.folder.path / CURVES, engine.folder.stats())

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[Model]:
        """Yield the model with averaged weights and in evaluation mode, as it is saved; then restore it."""
        present = self.model.generator
        self.model.generator = self.averaged
        self.model.eval()
        try:
            yield self.model
        finally:
            self.model.generator = present
            self.model.train()

    def _save_reals(self, engine: Engine[Any]) -> None:
        if self.plan.ranks.leads:
            path = engine.folder.path / "reals.png"
            self.grid.save_reals(path, self.plan.store)
            engine.folder.show(engine.images, "reals", path)

    def out_of_memory(self, engine: Engine[Any]) -> TrainingError:
        """Try smaller batches to find what fits. This changes the weights, but the run has ended anyway."""
        plan = self.plan
        held = plan.rows[0].stop - plan.rows[0].start
        fits = held // 2
        if plan.ranks.size == 1:  # with several ranks it stays a guess: the others would have to try, too
            fits = footprint.fitting(lambda count: self._try(engine.images, slice(count)), held)
        return footprint.explanation(self.device, plan.settings, plan.config, plan.ranks.size, fits)

    def _try(self, images: int, rows: slice) -> None:
        self.optimizer.step(self.model.phases, [self.batch(images, "noise", rows)])
