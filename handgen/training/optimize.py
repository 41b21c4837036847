"""Optimizer steps: phases, precision, gradient accumulation, clipping and learning rates, for any model."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from handgen.checkpoints import files as checkpoint
from handgen.distributed import Ranks
from handgen.errors import TrainingError
from handgen.models.base import Batch, Model
from handgen.training.settings import TrainSettings

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "linear": lambda done: min(1.0, max(0.0, 2 * (1 - done))),  # pix2pix's
    "cosine": lambda done: (1 + math.cos(math.pi * min(1.0, done))) / 2,  # Loshchilov & Hutter 2017, equation 5
}
_PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@torch.no_grad()
def move_average(averages: Mapping[str, Tensor], present: Mapping[str, Tensor], keep: float) -> None:
    """Update moving averages of weights in place: average = keep x average + (1 - keep) x current.

    Args:
        averages: name -> average; tensors that are not floating point stay the same.
        present: name -> current weights, for the same names.
        keep: the weight of the old average, 0 to 1.
    """
    names = [name for name, tensor in averages.items() if tensor.is_floating_point()]
    torch._foreach_lerp_([averages[name] for name in names], [present[name] for name in names], 1 - keep)


class Optimizer:
    """The optimizers of a model, one for each phase.

    Args:
        model: the model, already on ``device``.
        settings: the settings of the run.
        device: where to compute.
        ranks: the processes that share the run.
    """

    def __init__(self, model: Model, settings: TrainSettings, device: torch.device, ranks: Ranks) -> None:
        self._model, self._settings, self._device, self._ranks = model, settings, device, ranks
        self._dtype = _dtype(settings.precision, device)
        self._parameters = {phase: list(model.phase_parameters(phase)) for phase in model.phases}
        self._optimizers = {phase: self._make(parameters) for phase, parameters in self._parameters.items()}
        # fp16 gradients underflow without a scale. Each phase has its own, since the sizes of its losses differ.
        self._scalers = {phase: torch.amp.GradScaler(device.type, enabled=self.overflows) for phase in model.phases}
        self._prepare: Callable[[Batch], Any] = model.prepare
        self._losses: Callable[[str, Any], dict[str, Tensor]] = model.losses
        if settings.compile:
            # Penalties on gradients are differentiated twice, which compiled code does not support.
            model.adversarial.penalties = torch.compiler.disable(model.adversarial.penalties)  # type: ignore[method-assign, no-untyped-call]
            self._prepare, self._losses = torch.compile(model.prepare), torch.compile(model.losses)

    def _make(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        s = self._settings
        if s.optimizer == "rmsprop":
            return torch.optim.RMSprop(parameters, lr=s.lr)
        return torch.optim.Adam(parameters, lr=s.lr, betas=(s.beta1, 0.999), fused=True)

    @property
    def overflows(self) -> bool:
        """Whether a loss may overflow in some steps, as in fp16. Such a step is skipped."""
        return self._dtype == torch.float16

    def set_rate(self, done: float) -> None:
        """Set the learning rate; ``done`` is how much of the run is done, 0 to 1."""
        rate = self._settings.lr * SCHEDULES[self._settings.schedule](done)
        for optimizer in self._optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate

    def step(self, phases: Sequence[str], parts: Sequence[Batch]) -> dict[str, Tensor]:
        """Take one step of each phase, on the mean of the losses over the parts of a batch.

        A single part is prepared once for all phases. Several parts are prepared anew for each phase, one
        after the other, so that only the activations of one part are in memory.

        Args:
            phases: the phases, in order.
            parts: the parts of the batch, of equal size.

        Returns:
            The losses by name: unweighted as ``G/l1``, multiplied by their weight as ``G/l1 weighted``.
        """
        logged: dict[str, Tensor] = {}
        if len(parts) == 1:
            self._train_only(*phases)
            with self._autocast():
                shared = self._prepare(parts[0])
        for phase in phases:
            self._train_only(phase)
            self._optimizers[phase].zero_grad(set_to_none=True)
            for part in parts:
                with self._autocast():
                    terms = self._losses(phase, shared if len(parts) == 1 else self._prepare(part))
                total = self._total(phase, terms, len(parts), logged)
                self._scalers[phase].scale(total).backward()  # type: ignore[no-untyped-call]
                del terms, total
            self._move(phase)
        return logged

    def _train_only(self, *phases: str) -> None:
        """Let only the parameters of these phases require gradients."""
        for parameter in (p for group in self._parameters.values() for p in group):
            parameter.requires_grad_(False)
        for parameter in (p for phase in phases for p in self._parameters[phase]):
            parameter.requires_grad_(True)

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        return torch.autocast(self._device.type, self._dtype or torch.bfloat16, enabled=self._dtype is not None)

    @property
    def _weights(self) -> dict[str, float]:
        """Weight of each loss by name: those of penalties are settings of the run, the others are the model's."""
        return {"gp": self._settings.lambda_gp, "r1": self._settings.r1, **self._model.weights}

    def _total(self, phase: str, terms: Mapping[str, Tensor], parts: int, logged: dict[str, Tensor]) -> Tensor:
        """Return the weighted sum of a part's losses, divided by the number of parts; add the losses to ``logged``."""

        def note(name: str, value: Tensor) -> None:
            logged[name] = logged.get(name, 0.0) + value.detach() / parts

        total, weights = torch.zeros((), device=self._device), self._weights
        for name, value in terms.items():
            note(f"{phase}/{name}", value.float())
            if value.requires_grad:  # other values are only logged
                weighted = value.float() * weights.get(name, 1.0)
                total = total + weighted
                note(f"{phase}/{name} weighted", weighted)
        return total / parts

    def _move(self, phase: str) -> None:
        """Update the weights of a phase with the gradients of all parts and ranks."""
        optimizer, scaler, parameters = self._optimizers[phase], self._scalers[phase], self._parameters[phase]
        self._ranks.average([parameter.grad for parameter in parameters if parameter.grad is not None])
        scaler.unscale_(optimizer)
        if self._settings.clip_grad:
            nn.utils.clip_grad_norm_(parameters, self._settings.clip_grad)
        scaler.step(optimizer)
        scaler.update()
        if phase == "D" and self._settings.gan_loss == "wgan":
            self._clip_critics()

    @torch.no_grad()
    def _clip_critics(self) -> None:
        """Clip the weights of the critics (Arjovsky et al. 2017, algorithm 1)."""
        for parameter in self._parameters["D"]:
            parameter.clamp_(-self._settings.clip_critic, self._settings.clip_critic)

    def tensors(self) -> dict[str, Tensor]:
        """Return the state of optimizers and gradient scalers as tensors, for a checkpoint."""
        state: dict[str, Tensor] = {}
        for phase, optimizer in self._optimizers.items():
            state |= checkpoint.optimizer_tensors(phase, optimizer)
        for phase, scaler in self._scalers.items():
            state |= {
                f"scaler.{phase}.{name}": torch.tensor(value, dtype=torch.float64)
                for name, value in scaler.state_dict().items()
            }
        return state

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Load the state that ``tensors`` returned."""
        for phase, optimizer in self._optimizers.items():
            checkpoint.restore_optimizer(phase, optimizer, tensors)
        for phase, scaler in self._scalers.items():
            if self.overflows:
                saved = checkpoint.select(f"scaler.{phase}.", tensors)
                kinds = {name: type(value) for name, value in scaler.state_dict().items()}
                scaler.load_state_dict({name: kinds[name](value.item()) for name, value in saved.items()})


class Means:
    """Mean losses over the steps since the last call of ``take``.

    Args:
        overflows: ignore values that are not finite, unless all are: their steps were skipped (fp16).
    """

    def __init__(self, *, overflows: bool) -> None:
        self._overflows = overflows
        self._steps: list[Mapping[str, Tensor]] = []

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Add the losses of one step."""
        self._steps.append(losses)

    def take(self, ranks: Ranks) -> dict[str, float]:
        """Return the mean of each loss over steps and ranks, and forget the steps."""
        sums = {name: self._sum(name) for name in dict.fromkeys(name for step in self._steps for name in step)}
        ranks.sum(list(sums.values()))
        self._steps = []
        totals = torch.stack(list(sums.values())).tolist()
        return {name: total / count if count else math.nan for name, (total, count) in zip(sums, totals, strict=True)}

    def _sum(self, name: str) -> Tensor:
        """Return ``[2]``: the sum of a loss, and the number of steps in it."""
        values = torch.stack([step[name] for step in self._steps if name in step])
        counts = values.isfinite() if self._overflows else torch.ones_like(values, dtype=torch.bool)
        return torch.stack([torch.where(counts, values, 0.0).sum(), counts.sum()])


def refuse_uncompiled(error: RuntimeError) -> None:
    """Raise a one-line error if ``error`` comes from torch.compile.

    Raises:
        TrainingError: the model cannot be compiled on this machine.
    """
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        reason = " ".join(str(error).split())[:200]
        raise TrainingError(f"the model cannot be compiled here ({reason})", "Leave out --compile.") from error


def _dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """Return the type for autocast; None = no autocast."""
    if precision == "auto":
        precision = "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "fp32"
    return _PRECISIONS[precision]
