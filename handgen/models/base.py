"""What the training loop and ``synth`` ask of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from handgen.settings import Settings


@dataclass(frozen=True)
class Batch:
    """Aligned pairs of one training step.

    Attributes:
        content: source glyphs, float32 ``[B, 1, size, size]`` in [-1, 1], -1 = ink.
        target: the same characters in the target styles, likewise.
        style: int64 ``[B]``, numbers of the target styles.
    """

    content: Tensor
    target: Tensor
    style: Tensor


@dataclass(frozen=True)
class DrawnStyle:
    """A style to synthesise with: what a person calls it and what the model is given.

    Attributes:
        name: unique in a dataset.
        vector: float32 ``[dim]``, second argument of ``Model.generate``.
        weights: share of each trained style in it; empty where that has no meaning.
    """

    name: str
    vector: Tensor
    weights: Mapping[str, float]


class StyleSpec(ABC):
    """What a style is for a model, and how to get one."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The styles that have a name, in order."""

    @abstractmethod
    def pick(self, names: Sequence[str]) -> list[DrawnStyle]:
        """Return the named styles.

        Raises:
            UsageError: no such style; suggests the nearest.
        """

    @abstractmethod
    def draw(self, count: int, seed: int) -> list[DrawnStyle]:
        """Return ``count`` styles, a function of ``seed`` alone; the first do not change with ``count``."""


class Model(nn.Module, ABC):
    """A generative model: its networks, its losses by phase, and how to draw with it.

    A subclass is one file and one registry line. Its constructor takes
    ``(config, size, styles)``: its settings, the side of the images in pixels, and the names of
    the target styles.
    """

    Config: ClassVar[type[Settings]]
    phases: ClassVar[tuple[str, ...]]
    """The optimisation phases of one step, in order; each owns an optimiser."""

    generator: nn.Module
    """The part that draws: averaged by the loop (EMA), and all that ``synth`` needs."""

    @abstractmethod
    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        """The parameters that ``phase`` optimises."""

    @property
    @abstractmethod
    def weights(self) -> Mapping[str, float]:
        """Weight of each loss by name; a loss that is not named weighs 1."""

    @abstractmethod
    def prepare(self, batch: Batch) -> Any:
        """Compute, with gradients, what the phases of one step share; passed to ``losses``."""

    @abstractmethod
    def losses(self, phase: str, step: Any) -> dict[str, Tensor]:
        """Return the unweighted scalar losses of one phase by name."""

    @abstractmethod
    def generate(self, content: Tensor, style: Tensor) -> Tensor:
        """Draw ``content`` (``[B, 1, size, size]`` in [-1, 1]) in the styles ``[B, dim]``.

        Returns:
            Images ``[B, 1, size, size]`` in [-1, 1], -1 = ink.
        """

    @property
    @abstractmethod
    def style_spec(self) -> StyleSpec:
        """What a style is for this model."""

    def adopt(self, weights: Mapping[str, Tensor], styles: Sequence[str]) -> list[str]:
        """Start from weights of the same kind of model trained on ``styles``.

        Tensors of equal name and shape are copied. A subclass whose tensors have a row per style
        overrides this to copy them by name.

        Returns:
            The names of the tensors that were left as they are.
        """
        mine = self.state_dict()
        fitting = {k: v for k, v in weights.items() if k in mine and mine[k].shape == v.shape}
        self.load_state_dict(fitting, strict=False)
        return sorted(set(mine) - set(fitting))


def init_weights(module: nn.Module, std: float = 0.02) -> None:
    """Draw convolutions and linear layers from N(0, std), as DCGAN (Radford et al. 2016, section 3)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(part.weight, 0.0, std)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
