"""The interface of a model: what training and ``synth`` call."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from handgen.errors import UsageError
from handgen.losses.adversarial import Adversarial
from handgen.settings import Settings

Needs = Literal["pairs", "domains", "glyphs"]
_DRAWN = re.compile(r"(?:z|mix)([1-9][0-9]{0,3})(?:\(.*\))?")
"""The names that ``StyleSpec.draw`` gives: ``z3`` for a latent, ``mix16(a*0.70+b*0.30)`` for a mixture."""


@dataclass(frozen=True)
class PromptKind:
    """What a model gets as input to draw one sample.

    Attributes:
        name: what to call one prompt in messages.
        labeled: whether the prompt says which character to draw. If not, the drawing has no label.
    """

    name: str
    labeled: bool = True


GLYPHS, CHARACTERS, STROKES = PromptKind("glyph"), PromptKind("character"), PromptKind("strokes")
NOTHING = PromptKind("nothing", labeled=False)
"""The prompt is a source glyph, the number of a character, its strokes, or nothing: then only noise is drawn from."""


def _none() -> Tensor:
    return torch.empty(0, dtype=torch.int64)


@dataclass(frozen=True)
class Batch:
    """The data of one training step.

    Attributes:
        content: source glyphs, float32 ``[B, 1, size, size]`` in [-1, 1], -1 = ink. If ``Model.needs`` is "pairs",
            row i shows the same character as ``target[i]``; if "domains", any character; if "glyphs", it is
            ``target`` itself.
        target: glyphs in the target styles, of the same shape and range.
        style: int64 ``[B]``, the numbers of the target styles.
        char: int64 ``[B]``, the index of each target's character in the model's charset; -1 = not in it.
        noise: float32 ``[B, Model.noise]`` from N(0, 1).
        mix: float32 ``[B]``, uniform in [0, 1): the point between real and fake where a gradient penalty is taken.
        code: int64 ``[B]``, the code point of each target's character.
        number: int64 ``[B]``, the row of each target in ``TrainingGlyphs``.
    """

    content: Tensor
    target: Tensor
    style: Tensor
    char: Tensor
    noise: Tensor
    mix: Tensor
    code: Tensor = field(default_factory=_none)
    number: Tensor = field(default_factory=_none)


@dataclass(frozen=True)
class TrainingGlyphs:
    """All target glyphs that a run learns from.

    Attributes:
        chars: the character of each glyph.
        style: int64 ``[n]``, the number of each glyph's style.
        images: a function from rows, int64 ``[k]``, to their glyphs, uint8 ``[k, size, size]``, 0 = ink.
        fingerprint: a hash of the store that they come from.
        folder: the run folder. A model may keep files in it that it computes from the glyphs.
    """

    chars: Sequence[str]
    style: NDArray[np.int64]
    images: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    fingerprint: str
    folder: Path


@dataclass(frozen=True)
class DrawnStyle:
    """A style to synthesize with.

    Attributes:
        name: unique in a dataset.
        vector: float32 ``[dim]``, a row of the second argument of ``Model.generate``.
        weights: the share of each trained style in a mixture; empty for a style that is no mixture of trained ones.
        fresh: how many values at the end of the vector are replaced by noise from N(0, 1) for every sample.
    """

    name: str
    vector: Tensor
    weights: Mapping[str, float]
    fresh: int = 0


@dataclass(frozen=True)
class Resolved:
    """A model's settings after ``Model.resolve`` has found the files that they need.

    Attributes:
        config: the settings, with the paths of these files filled in.
        hashes: setting -> SHA-256 of the file that it names.
        notes: lines that a user should read.
    """

    config: Any
    hashes: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class StyleSpec(ABC):
    """The styles of a model: their names and vectors."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the trained styles, in the order of their numbers."""

    @abstractmethod
    def pick(self, names: Sequence[str]) -> list[DrawnStyle]:
        """Return the named styles.

        Raises:
            UsageError: no such style; suggests the nearest.
        """

    @abstractmethod
    def draw(self, count: int, seed: int) -> list[DrawnStyle]:
        """Return ``count`` different styles. Style i depends on ``seed`` and i alone, not on ``count``."""

    def find(self, names: Sequence[str], seed: int) -> list[DrawnStyle]:
        """Return styles by name: trained ones, and those that ``draw`` returns, such as z3 and mix16.

        For a mixture, the part of its name before the bracket is enough.

        Raises:
            UsageError: no such style; suggests the nearest.
        """
        known = set(self.names)
        numbers = {name: int(found[1]) for name in names if name not in known and (found := _DRAWN.fullmatch(name))}
        drawn = self.draw(max(numbers.values()), seed) if numbers else []
        by_name = {key: style for style in drawn for key in (style.name, style.name.partition("(")[0])}
        return [by_name[name] if name in numbers and name in by_name else self.pick([name])[0] for name in names]

    path: ClassVar[str] = "a straight line"
    """The shape of the way that ``between`` takes from one style to another, in words."""

    def between(self, first: DrawnStyle, second: DrawnStyle, share: float) -> DrawnStyle:
        """Return the style at ``share`` (0 to 1) of the way from ``first`` to ``second``."""
        fresh = max(first.fresh, second.fresh)
        return DrawnStyle(f"{share:.2f}", torch.lerp(first.vector, second.vector, share), {}, fresh)

    def continuous(self) -> DrawnStyle:
        """Return a style whose vector is drawn anew for every sample.

        Raises:
            UsageError: the model's styles are not drawn from a distribution.
        """
        raise UsageError("this model has no continuous styles", "Give --styles a number, or train a bicyclegan.")

    def like(self, name: str, images: Tensor) -> DrawnStyle:
        """Return the style of given handwriting, float32 ``[n, 1, size, size]`` in [-1, 1].

        Raises:
            UsageError: the model has no encoder of styles.
        """
        raise UsageError(
            "this model cannot take a style from images",
            "Train a bicyclegan for --like, or add the style to a zi2zi with --add-style.",
        )


class Generator(ABC):
    """Anything that draws glyphs: a model, or a model with added styles. ``synth`` and ``preview`` call it."""

    prompt_kind: ClassVar[PromptKind] = GLYPHS
    """The kind of the first argument of ``generate``."""

    block: ClassVar[int | None] = None
    """The number of samples per call of ``generate`` that is fastest; None = the default for networks."""

    @property
    @abstractmethod
    def style_spec(self) -> StyleSpec:
        """The styles that it can draw."""

    @abstractmethod
    def generate(self, content: Any, style: Tensor) -> Tensor:
        """Draw one image for each row of ``content`` and ``style``.

        Args:
            content: the prompts. By ``prompt_kind``: GLYPHS float32 ``[B, 1, size, size]`` in [-1, 1]; CHARACTERS
                and NOTHING int64 ``[B]``; STROKES a ``StrokePrompt``.
            style: float32 ``[B, dim]``, vectors of ``DrawnStyle``.

        Returns:
            Images ``[B, 1, size, size]`` in [-1, 1], -1 = ink.
        """

    def describe(self, style: DrawnStyle) -> dict[str, Any]:
        """Return facts about a style for the manifest of a dataset, beyond its vector."""
        return {}


class Model(nn.Module, Generator, ABC):
    """A generative model: its networks, its losses by phase, and how to draw with it.

    A subclass is one file and one registry line. Its constructor takes
    ``(config, size, styles, charset)``: its settings, the side of the images in pixels, the names
    of the target styles, and the characters it learns from.
    """

    Config: ClassVar[type[Settings]]
    """The class of its settings."""

    phases: tuple[str, ...]
    """The optimization phases of one step, in order. Each has its own optimizer. Phase "D" trains the critics; it is
    left out if the settings give the critics no weight."""

    critics: ClassVar[tuple[str, ...]] = ("discriminator",)
    """Names of the child modules that are critics. ``--spectral-norm`` and weight clipping apply to them."""

    needs: ClassVar[Needs] = "pairs"
    """What the glyph store must hold. "pairs": a source and targets of the same characters; "domains": a source and
    targets of any characters; "glyphs": no source."""

    one_style: ClassVar[bool] = False
    """Whether it can learn only one target style."""

    adaptable: ClassVar[bool] = False
    """Whether ``--add-style`` can add styles to the trained model. Its styles must be vectors that can be optimized
    by gradient (``training.adapt``)."""

    noise: int = 0
    """Length of ``Batch.noise`` for one sample."""

    defaults: ClassVar[Mapping[str, Any]] = {}
    """Settings whose default differs from that of ``TrainSettings``."""

    generator: nn.Module
    """The network that draws. Training keeps an average of its weights (EMA); ``synth`` needs nothing else."""

    adversarial: Adversarial = Adversarial()
    """The adversarial loss. Training replaces it by the one that the settings choose."""

    @classmethod
    def resolve(cls, config: Any, chars: str, recorded: Mapping[str, Any]) -> Resolved:
        """Find the files that the settings need, before the run writes anything. Most models need none.

        Args:
            config: the settings.
            chars: the training characters.
            recorded: the settings of the run that is resumed; empty for a fresh run.

        Raises:
            HandgenError: a file is missing, damaged, or of no use for these characters.
        """
        return Resolved(config)

    def load_files(self, device: torch.device) -> None:
        """Load the files that ``resolve`` found. Only training calls this: drawing needs none of them."""

    def inspect_data(self, glyphs: TrainingGlyphs) -> tuple[str, ...]:
        """Compute what the model needs from all training glyphs, before the first step. Most models need nothing.

        Rank 0 calls this first; the other ranks follow and find the files that rank 0 wrote to ``glyphs.folder``.

        Returns:
            Lines that a user should read.

        Raises:
            HandgenError: the glyphs are not usable, or a file in the run folder is damaged.
        """
        return ()

    @abstractmethod
    def phase_parameters(self, phase: str) -> Iterable[nn.Parameter]:
        """The parameters that ``phase`` optimizes."""

    @property
    @abstractmethod
    def weights(self) -> Mapping[str, float]:
        """Weight of each loss by name; a loss that is not named weighs 1."""

    def pretrain(self, batches: Callable[[int], Batch]) -> None:
        """Train the networks that a loss needs, before the first step of a fresh run. Most models have none.

        Args:
            batches: a function from any number to a training batch.
        """

    @abstractmethod
    def prepare(self, batch: Batch) -> Any:
        """Compute what the phases of one step share, such as the fakes; the result is passed to ``losses``."""

    @abstractmethod
    def losses(self, phase: str, step: Any) -> dict[str, Tensor]:
        """Return the unweighted scalar losses of one phase by name.

        Args:
            phase: one of ``phases``.
            step: the result of ``prepare``.

        A value without a gradient is only logged, for example the critic's accuracy.
        """

    def prompt(self, content: Tensor, char: Tensor, code: Tensor) -> Any:
        """Return the first argument of ``generate`` for some characters.

        Args:
            content: their source glyphs, float32 ``[B, 1, size, size]`` in [-1, 1].
            char: int64 ``[B]``, their indices in the model's charset.
            code: int64 ``[B]``, their code points.
        """
        return char if self.prompt_kind is CHARACTERS else content

    def draw_batch(self, batch: Batch) -> Tensor:
        """Draw the characters of a batch in the styles of its targets, for measurements and pictures."""
        vectors = [style.vector for style in self.style_spec.pick(self.style_spec.names)]
        prompt = self.prompt(batch.content, batch.char, batch.code)
        return self.generate(prompt, torch.stack(vectors).to(batch.style.device)[batch.style])

    def load_matching(self, weights: Mapping[str, Tensor], styles: Sequence[str]) -> list[str]:
        """Copy weights of another model of the same class, which was trained on ``styles``.

        Tensors of equal name and shape are copied. A subclass whose tensors have one row for each style
        overrides this and copies the rows by the name of the style.

        Returns:
            The names of the tensors that were not copied, sorted.
        """
        mine = self.state_dict()
        fitting = {k: v for k, v in weights.items() if k in mine and mine[k].shape == v.shape}
        self.load_state_dict(fitting, strict=False)
        return sorted(set(mine) - set(fitting))


def init_weights(module: nn.Module, std: float = 0.02) -> None:
    """Set the weights of convolutions and linear layers to N(0, std), biases to 0 (DCGAN, Radford et al. 2016)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(part.weight, 0.0, std)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
