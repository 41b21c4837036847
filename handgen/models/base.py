"""The interface of models: what training and ``synth`` ask of one."""

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
"""What ``StyleSpec.draw`` calls styles that have no name of their own: latents and mixtures."""


@dataclass(frozen=True)
class PromptKind:
    """What a model is given to draw.

    Attributes:
        name: of one prompt.
        labeled: it says which character is to be seen, so what is drawn has a label.
    """

    name: str
    labeled: bool = True


GLYPHS, CHARACTERS, STROKES = PromptKind("glyph"), PromptKind("character"), PromptKind("strokes")
NOTHING = PromptKind("nothing", labeled=False)
"""A source glyph, the number of a character, its strokes; or noise alone."""


def _none() -> Tensor:
    return torch.empty(0, dtype=torch.int64)


@dataclass(frozen=True)
class Batch:
    """What one training step learns from.

    Attributes:
        content: source glyphs, float32 ``[B, 1, size, size]`` in [-1, 1], -1 = ink: the characters
            of ``target`` for a model that needs pairs, any characters for one that needs domains,
            and ``target`` itself for one that needs no source.
        target: glyphs in the target styles, likewise.
        style: int64 ``[B]``, numbers of the target styles.
        char: int64 ``[B]``, numbers of the targets' characters in the model's charset; -1 = not in it.
        noise: float32 ``[B, Model.noise]`` from N(0, 1).
        mix: float32 ``[B]``, uniform in [0, 1): where between real and fake a penalty is taken.
        code: int64 ``[B]``, code points of the targets' characters, for models that look characters up.
        number: int64 ``[B]``, numbers of the targets among all training glyphs, as ``TrainingGlyphs`` has them.
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
        chars: what each shows.
        style: int64 ``[n]``, numbers of their styles.
        images: return the glyphs of some rows, uint8 ``[k, size, size]``, 0 = ink.
        fingerprint: of the store that they come from.
        folder: of the run, for what is to be kept of them.
    """

    chars: Sequence[str]
    style: NDArray[np.int64]
    images: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    fingerprint: str
    folder: Path


@dataclass(frozen=True)
class DrawnStyle:
    """A style to synthesize with: what a person calls it and what the model is given.

    Attributes:
        name: unique in a dataset.
        vector: float32 ``[dim]``, second argument of ``Model.generate``.
        weights: share of each trained style in it; empty where that has no meaning.
        fresh: how many of the vector's last values are drawn anew, from N(0, 1), for every sample.
    """

    name: str
    vector: Tensor
    weights: Mapping[str, float]
    fresh: int = 0


@dataclass(frozen=True)
class Resolved:
    """A model's settings, with the files that they need found.

    Attributes:
        config: the settings, with the files that were found.
        hashes: SHA-256 of the files that they name, by setting.
        notes: what a user should know of it, a line each.
    """

    config: Any
    hashes: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


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

    def find(self, names: Sequence[str], seed: int) -> list[DrawnStyle]:
        """Return styles by name: named ones, and those of ``draw``, such as z3 and mix16, as it calls them.

        A mixture is found by the part of its name before the bracket, too.

        Raises:
            UsageError: no such style; suggests the nearest.
        """
        known = set(self.names)
        numbers = {name: int(found[1]) for name in names if name not in known and (found := _DRAWN.fullmatch(name))}
        drawn = self.draw(max(numbers.values()), seed) if numbers else []
        by_name = {key: style for style in drawn for key in (style.name, style.name.partition("(")[0])}
        return [by_name[name] if name in numbers and name in by_name else self.pick([name])[0] for name in names]

    path: ClassVar[str] = "a straight line"
    """What the styles ``between`` two lie on."""

    def between(self, first: DrawnStyle, second: DrawnStyle, share: float) -> DrawnStyle:
        """Return the style at ``share`` (0 to 1) of the way from one to another."""
        fresh = max(first.fresh, second.fresh)
        return DrawnStyle(f"{share:.2f}", torch.lerp(first.vector, second.vector, share), {}, fresh)

    def continuous(self) -> DrawnStyle:
        """Return the style that is another for every sample.

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
    """What ``synth`` and ``preview`` ask of whatever draws."""

    prompt_kind: ClassVar[PromptKind] = GLYPHS
    """What ``generate`` is given."""

    block: ClassVar[int | None] = None
    """How many samples are best drawn together; None = what is best for networks."""

    @property
    @abstractmethod
    def style_spec(self) -> StyleSpec:
        """What a style is here."""

    @abstractmethod
    def generate(self, content: Any, style: Tensor) -> Tensor:
        """Draw in the styles ``[B, dim]``.

        Args:
            content: what ``prompt_kind`` says: float32 ``[B, 1, size, size]`` in [-1, 1], int64 ``[B]``, or a
                ``StrokePrompt``.
            style: float32 ``[B, dim]``, vectors of ``DrawnStyle``.

        Returns:
            Images ``[B, 1, size, size]`` in [-1, 1], -1 = ink.
        """

    def describe(self, style: DrawnStyle) -> dict[str, Any]:
        """Return what a manifest should tell of a style beyond its vector."""
        return {}


class Model(nn.Module, Generator, ABC):
    """A generative model: its networks, its losses by phase, and how to draw with it.

    A subclass is one file and one registry line. Its constructor takes
    ``(config, size, styles, charset)``: its settings, the side of the images in pixels, the names
    of the target styles, and the characters it learns from.
    """

    Config: ClassVar[type[Settings]]
    phases: tuple[str, ...]
    """The optimization phases of one step, in order; each owns an optimizer. "D" is the critics'. A model whose
    settings give its critics no weight may leave theirs out."""

    critics: ClassVar[tuple[str, ...]] = ("discriminator",)
    """The child modules that judge: what ``--spectral-norm`` and weight clipping apply to."""

    needs: ClassVar[Needs] = "pairs"
    """What a store must hold: a source and targets of the same characters, a source and targets of
    any characters, or glyphs alone."""

    one_style: ClassVar[bool] = False
    """Whether it learns a single target style, or as many as there are."""

    adaptable: ClassVar[bool] = False
    """Whether styles can be added to it once it is trained: its styles are codes, and changes to the weights of its
    generator are all that another style needs."""

    noise: int = 0
    """How many normal values a sample of a training step draws."""

    defaults: ClassVar[Mapping[str, Any]] = {}
    """Settings whose default differs from that of ``TrainSettings``."""

    generator: nn.Module
    """The part that draws. Training averages its weights (EMA), and ``synth`` needs nothing else."""

    adversarial: Adversarial = Adversarial()
    """The adversarial loss; training sets it."""

    @classmethod
    def resolve(cls, config: Any, chars: str, recorded: Mapping[str, Any]) -> Resolved:
        """Find the files that the settings of a run need, before anything is written; most models need none.

        Args:
            config: the settings.
            chars: the training characters.
            recorded: the settings of the run that is to go on; empty if there is none.

        Raises:
            HandgenError: a file is missing, damaged, or of no use for these characters.
        """
        return Resolved(config)

    def load_files(self, device: torch.device) -> None:
        """Read the files that ``resolve`` found; training calls this, and drawing needs none of them."""

    def inspect_data(self, glyphs: TrainingGlyphs) -> tuple[str, ...]:
        """Look at all training glyphs before a run begins or goes on; most models need not.

        Ranks call this one after the other, rank 0 first.

        Returns:
            What a user should know of it, a line each.

        Raises:
            HandgenError: nothing can be learned from it; or what was kept of it is damaged.
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
        """Train, before a fresh run, the networks that losses need; most models have none.

        Args:
            batches: training batches by number, any number.
        """

    @abstractmethod
    def prepare(self, batch: Batch) -> Any:
        """Compute, with gradients, what the phases of one step share; passed to ``losses``."""

    @abstractmethod
    def losses(self, phase: str, step: Any) -> dict[str, Tensor]:
        """Return the unweighted scalar losses of one phase by name.

        A value that needs no gradient is an observation: logged and not optimized.
        """

    def prompt(self, content: Tensor, char: Tensor, code: Tensor) -> Any:
        """Return what ``generate`` is given to draw characters.

        Args:
            content: their source glyphs, float32 ``[B, 1, size, size]`` in [-1, 1].
            char: int64 ``[B]``, their numbers in the model's charset.
            code: int64 ``[B]``, their code points.
        """
        return char if self.prompt_kind is CHARACTERS else content

    def draw_batch(self, batch: Batch) -> Tensor:
        """Draw the content of a batch in the styles of its targets; measurements use this."""
        vectors = [style.vector for style in self.style_spec.pick(self.style_spec.names)]
        prompt = self.prompt(batch.content, batch.char, batch.code)
        return self.generate(prompt, torch.stack(vectors).to(batch.style.device)[batch.style])

    def load_matching(self, weights: Mapping[str, Tensor], styles: Sequence[str]) -> list[str]:
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
