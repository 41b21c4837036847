"""The training loop: budget, learning rate, checkpoints, resuming, stopping and logging of every run.

A *task* is what is trained: it has the data, losses and measurements. There are three: a GAN
(``training.gan``), the recognizer (``training.recognizer``) and an added style (``training.adapt``).
"""

from __future__ import annotations

import contextlib
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor

from handgen.allocator import keep_freed_memory
from handgen.checkpoints import files as checkpoint
from handgen.checkpoints.files import STATE
from handgen.checkpoints.run import RunFolder
from handgen.distributed import Ranks
from handgen.errors import CheckpointError, TrainingError
from handgen.training import footprint
from handgen.training.optimize import Means, refuse_uncompiled
from handgen.training.process import stop_on_signal, use_deterministic

Watch = Callable[["Progress"], None]


@dataclass(frozen=True)
class Progress:
    """A report to the caller of ``Engine.run``.

    Attributes:
        images: images seen.
        rate: images per second since the last report.
        losses: the mean of each loss since the last report.
    """

    images: int
    rate: float
    losses: dict[str, float]


@dataclass(frozen=True)
class Limits:
    """The length of a run, and the intervals between its checkpoints and measurements.

    Attributes:
        images: the budget in images seen.
        minutes: the run also ends after this time; 0 = no limit.
        save_every: images between checkpoints; 0 = only at the end.
        eval_every: images between measurements; 0 = only at the end.
        log_steps: optimizer steps between two records of the losses.
        deterministic: use deterministic kernels where torch has them.
        tensorboard: write TensorBoard files, too.
    """

    images: int
    minutes: float = 0.0
    save_every: int = 0
    eval_every: int = 0
    log_steps: int = 25
    deterministic: bool = False
    tensorboard: bool = False


class Task(ABC):
    """What an engine trains. The methods below are called in this order."""

    remedy: ClassVar[str] = "Use a lower --lr."
    """What the user should do if a loss is not finite."""
    overflows: bool = False
    """Whether a loss may be infinite in some steps (fp16). Such a step does not change the weights."""

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Load the tensors that ``state`` returned, to resume a run."""

    def is_complete(self, engine: Engine[Any]) -> bool:
        """Return whether ``end`` was completed in a run whose budget is spent."""
        return False

    def begin(self, engine: Engine[Any]) -> None:
        """Do what is needed before the first step of a fresh or resumed run."""

    @abstractmethod
    def set_rate(self, share: float) -> None:
        """Set the learning rate. ``share`` is how much of the run is done, 0 to 1."""

    @abstractmethod
    def step(self, images: int) -> tuple[int, Mapping[str, Tensor]]:
        """Take one optimizer step on the next images.

        Args:
            images: how many images were seen before.

        Returns:
            How many images the step saw, and its losses: name -> scalar.
        """

    def state(self) -> dict[str, Tensor]:
        """Return all tensors that are needed to resume the run exactly."""
        return {}

    def facts(self, engine: Engine[Any]) -> dict[str, Any]:
        """Return the JSON header of the state file. It must have ``images``."""
        return {"images": engine.images}

    def write(self, engine: Engine[Any]) -> None:
        """Write the files of a checkpoint other than the state: the model, pictures."""

    def measure(self, engine: Engine[Any]) -> None:
        """Measure during the run, every ``Limits.eval_every`` images."""

    def end(self, engine: Engine[Any]) -> None:
        """Do what is left after the last checkpoint of a finished or stopped run, such as the last measurement."""

    def out_of_memory(self, engine: Engine[Any]) -> TrainingError:
        """Return the error to raise if a step does not fit into memory; its remedy names settings that fit."""
        return TrainingError("a step does not fit into memory", "Use a smaller --batch.")


T = TypeVar("T", bound=Task)


class Engine(Generic[T]):
    """One run of a task.

    Args:
        task: what is trained.
        limits: the length of the run and its intervals.
        folder: the run folder; if it holds a state, the run is resumed. None = nothing is written, and Ctrl-C
            raises ``KeyboardInterrupt`` at once.
        ranks: the processes that share the run.

    Raises:
        CheckpointError: the state in the folder is damaged, or of another version.
    """

    def __init__(self, task: T, limits: Limits, folder: RunFolder | None = None, ranks: Ranks = Ranks()) -> None:  # noqa: B008 - immutable
        self.task, self.limits, self.ranks = task, limits, ranks
        self.images = 0
        self._folder, self._seconds, self._clock, self._stopped = folder, 0.0, 0.0, False
        if folder is not None:
            if folder.has_state:
                self._resume(folder)
            folder.forget_after(self.images)

    @property
    def folder(self) -> RunFolder:
        """The run's folder."""
        assert self._folder is not None
        return self._folder

    @property
    def share(self) -> float:
        """How much of the run is done, from 0 to 1."""
        minutes = self.limits.minutes
        return max(self.images / self.limits.images, self._seconds / (60 * minutes) if minutes else 0.0)

    @property
    def done(self) -> bool:
        """Whether the budget or the time is spent."""
        return self.share >= 1

    def run(self, watch: Watch) -> bool:
        """Train until the budget is spent or Ctrl-C is pressed, then save. A finished run is not changed.

        Args:
            watch: called with a ``Progress`` every ``Limits.log_steps`` steps.

        Returns:
            Whether the budget is spent.

        Raises:
            TrainingError: a loss is not finite, or memory ran out; the last checkpoint is kept.
        """
        if self.done and self.task.is_complete(self):
            return True
        keep_freed_memory()
        try:
            with self._writing(), use_deterministic(self.limits.deterministic):
                self._train(watch)
                return self.done
        except RuntimeError as error:
            refuse_uncompiled(error)
            if not footprint.ran_out(error):
                raise
            footprint.forget(error)
        raise self.task.out_of_memory(self)

    def stop(self) -> None:
        """Make ``run`` end after the current step, as Ctrl-C does."""
        self._stopped = True

    def save(self) -> None:
        """Write a checkpoint.

        Raises:
            TrainingError: a weight is not finite.
        """
        if self._folder is None:
            return
        state = self.task.state()
        for name, tensor in state.items():
            if tensor.is_floating_point() and not tensor.isfinite().all():
                raise self._diverged(name)
        if self.ranks.leads:
            clock = {"seconds": self._seconds} if self.limits.minutes else {}
            checkpoint.save(self.folder.path / STATE, state, self.task.facts(self) | clock)
            self.task.write(self)
            self.folder.log(f"saved at {self.images} images")

    def _writing(self) -> contextlib.AbstractContextManager[None]:
        if self._folder is None:
            return contextlib.nullcontext()
        return self._folder.being_written(self.images, tensorboard=self.limits.tensorboard)

    def _train(self, watch: Watch) -> None:
        self.task.begin(self)
        means, shown = Means(overflows=self.task.overflows), self.images
        began = self._clock = time.monotonic()
        with contextlib.nullcontext() if self._folder is None else stop_on_signal(self.stop):
            while not self.done and not self.ranks.any(self._stopped):
                before = self.images
                means.add(self._step())
                if len(means) == self.limits.log_steps:
                    self._report(means, shown, began, watch)
                    shown, began = self.images, time.monotonic()
                self._milestones(before)
        if len(means):
            self._report(means, shown, began, watch)
        self.save()
        self.task.end(self)

    def _step(self) -> Mapping[str, Tensor]:
        self.task.set_rate(self.share)
        seen, losses = self.task.step(self.images)
        self.images += seen
        now = time.monotonic()
        self._seconds, self._clock = self._seconds + now - self._clock, now
        return losses

    def _report(self, means: Means, shown: int, began: float, watch: Watch) -> None:
        """Record the mean losses since the last report, and call ``watch``.

        Args:
            means: the losses since then.
            shown: images seen at the last report.
            began: the time of the last report.
            watch: as for ``run``.
        """
        losses = means.take(self.ranks)  # waits for the device, so the clock is read after it
        rate = (self.images - shown) / max(1e-9, time.monotonic() - began)  # a coarse clock may not have moved
        broken = [name for name, value in losses.items() if not math.isfinite(value)]
        if broken:
            raise self._diverged(f"the loss {broken[0]}")
        if self._folder is not None:
            values = {name: round(value, 6) for name, value in losses.items()}
            self.folder.record(self.images, "losses", values | {"images_per_s": round(rate, 1)})
        watch(Progress(self.images, rate, losses))

    def _milestones(self, before: int) -> None:
        """Save and measure if the last step crossed a multiple of their intervals; ``before`` = images before it."""

        def crossed(interval: int) -> bool:
            return bool(interval) and before // interval != self.images // interval

        if not self.done and not self._stopped:
            if crossed(self.limits.save_every):
                self.save()
            if crossed(self.limits.eval_every):
                self.task.measure(self)

    def _diverged(self, what: str) -> TrainingError:
        if self._folder is None:
            kept = "nothing was written"
        else:
            kept = "the last checkpoint is kept" if self._folder.has_state else "no checkpoint was saved"
        return TrainingError(f"{what} is not finite after {self.images} images; {kept}", self.task.remedy)

    def _resume(self, folder: RunFolder) -> None:
        state = checkpoint.load(folder.path / STATE)
        try:
            self.images, self._seconds = int(state.facts["images"]), float(state.facts.get("seconds", 0.0))
            self.task.restore(state.tensors)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:120]
            raise CheckpointError(
                f"the run in {folder.path} cannot go on: {STATE} does not fit ({reason})",
                "Choose another --out, or delete that folder.",
            ) from error
        folder.log(f"went on from {self.images} images")
