"""Kinds of style space that more than one model may have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.errors import UsageError
from handgen.models.base import DrawnStyle, StyleSpec
from handgen.registry import nearest
from handgen.seeds import generator, uniforms_of

_CANDIDATES = 4
"""With more candidates the styles would be more evenly spread than writers are."""
_DESCENTS = 500
_ENOUGH = 2
"""So many styles for each dimension of a latent say where styles lie."""


def gaussian_code(name: str, dim: int, seed: int) -> Tensor:
    """Return the fixed style code of a style: float32 ``[dim]`` from N(0, 1).

    It depends on the name alone, so a style added to a trained model gets a code of its own and
    those of the others stay what they were.
    """
    return torch.from_numpy(generator(seed, "style code", name).standard_normal(dim).astype(np.float32))


def vectors(styles: Sequence[DrawnStyle], key: NDArray[np.uint64]) -> Tensor:
    """Return what ``Model.generate`` is given for samples: float32 ``[n, dim]``.

    Args:
        styles: of each sample.
        key: uint64 ``[n]``, decides what is fresh in each.
    """
    made = torch.stack([style.vector for style in styles])
    fresh = max(style.fresh for style in styles)
    if fresh:
        # Half a step off the ends, where the normal distribution has no quantile.
        uniform = torch.from_numpy(uniforms_of(key, fresh)).clamp(2**-54, 1 - 2**-53)
        normal = torch.special.ndtri(uniform).float()
        for row, style in enumerate(styles):
            if style.fresh:
                made[row, -style.fresh :] = normal[row, : style.fresh]
    return made


def _typical(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shorten the latents ``[n, dim]`` that are longer than sqrt(dim), the length of a typical one."""
    length: NDArray[np.float64] = np.linalg.norm(z, axis=1, keepdims=True)
    return z * np.minimum(1, math.sqrt(z.shape[1]) / length)


def _on_arc(a: Tensor, b: Tensor, share: float) -> Tensor:
    """Return ``slerp(a, b; share)`` (Shoemake 1985) of the directions, times the length between."""
    lengths = float(a.norm()), float(b.norm())
    angle = math.acos(max(-1.0, min(1.0, float(a @ b) / max(lengths[0] * lengths[1], 1e-12))))
    if min(lengths) < 1e-6 or math.sin(angle) < 1e-3:  # no arc, or any: they are on one line
        return torch.lerp(a, b, share)
    from_a, from_b = math.sin((1 - share) * angle) / lengths[0], math.sin(share * angle) / lengths[1]
    length = (1 - share) * lengths[0] + share * lengths[1]
    return (from_a * a + from_b * b) * (length / math.sin(angle))


def _cloud(centers: Tensor) -> tuple[Tensor, Tensor]:
    """Return where styles lie, as a normal distribution: its middle ``[dim]`` and spread ``[dim, dim]``.

    A latent is ``middle + spread @ n`` with n from N(0, I). With too few styles it is N(0, I) itself, the prior.
    """
    count, dim = centers.shape
    if count < _ENOUGH * dim:
        return torch.zeros(dim), torch.eye(dim)
    known = centers.detach().double().cpu()
    values, axes = torch.linalg.eigh(torch.cov(known.T).reshape(dim, dim))
    spread = axes * values.clamp_min(0).sqrt() @ axes.T
    return known.mean(dim=0).float(), spread.float()


class Latents(StyleSpec):
    """Styles as points of a latent space.

    Training draws latents from the prior N(0, I), but the encoder puts the hands into a part of it, and what is drawn
    from elsewhere has more specks and broken strokes (examples/weights has figures). So the styles that ``draw`` offers
    are from where the trained ones lie.

    Args:
        names: styles with a latent of their own, e.g. the fonts that were trained on.
        centers: float32 ``[len(names), dim]``, these latents.
    """

    def __init__(self, names: Sequence[str], centers: Tensor) -> None:
        self._table = CodeTable(names, centers)
        self._dim = centers.shape[1]
        self._middle, self._spread = _cloud(centers)

    @property
    def names(self) -> tuple[str, ...]:
        """The styles that have a latent of their own."""
        return self._table.names

    def pick(self, names: Sequence[str]) -> list[DrawnStyle]:
        """Return the named styles."""
        return self._table.pick(names)

    def draw(self, count: int, seed: int) -> list[DrawnStyle]:
        """Return latents from where the trained styles lie, each the farthest of some candidates from those before it.

        This is Mitchell's best-candidate sampling (1991): spread out, and the first do not change
        with ``count``. No latent is farther out than most are: the farthest were hardly ever
        trained on, and the farthest of some candidates is often one of them.
        """
        chosen = np.empty((0, self._dim))
        for number in range(count):
            candidates = _typical(generator(seed, "latent", number).standard_normal((_CANDIDATES, self._dim)))
            if len(chosen):
                apart = np.linalg.norm(candidates[:, None] - chosen[None], axis=2).min(axis=1)
                candidates = candidates[apart.argmax()][None]
            chosen = np.concatenate([chosen, candidates[:1]])
        placed = self._middle + torch.from_numpy(chosen.astype(np.float32)) @ self._spread
        return [DrawnStyle(f"z{i + 1}", z, {}) for i, z in enumerate(placed)]

    path: ClassVar[str] = "an arc"

    def between(self, first: DrawnStyle, second: DrawnStyle, share: float) -> DrawnStyle:
        """Return a latent on the arc between two, as straight between them is nearer to zero than what the prior draws.

        The direction turns evenly, and the length grows evenly.
        """
        vector = _on_arc(first.vector, second.vector, share)
        return DrawnStyle(f"{share:.2f}", vector, {}, max(first.fresh, second.fresh))

    def continuous(self) -> DrawnStyle:
        """Return the style whose latent is drawn anew for every sample, from the prior.

        It has more variety and more specks than the styles of ``draw``, and what it draws teaches a recognizer more.
        """
        return DrawnStyle("continuous", torch.zeros(self._dim), {}, fresh=self._dim)


class CodeTable(StyleSpec):
    """Styles as rows of a table of codes, which can be mixed.

    Args:
        names: one a row.
        codes: float32 ``[len(names), dim]``.
    """

    def __init__(self, names: Sequence[str], codes: Tensor) -> None:
        self._names = tuple(names)
        self._codes = codes.detach().float().cpu()

    @property
    def names(self) -> tuple[str, ...]:
        """The trained styles."""
        return self._names

    def pick(self, names: Sequence[str]) -> list[DrawnStyle]:
        """Return the named styles."""
        for name in names:
            if name not in self._names:
                raise UsageError(f"unknown style '{name}'", nearest(name, self._names))
        return [DrawnStyle(name, self._codes[self._names.index(name)], {name: 1.0}) for name in names]

    def draw(self, count: int, seed: int) -> list[DrawnStyle]:
        """Return the trained styles, then convex mixtures of two of them.

        The weight of the stronger one is uniform in [0.5, 0.8]: beyond that a mixture is hard to
        tell from its parent.

        Raises:
            UsageError: more than one style is asked for and the model has only one to mix.
        """
        styles = self.pick(self._names[:count])
        if count > len(self._names) == 1:
            raise UsageError(
                f"{count} styles were asked for and the model knows one, '{self._names[0]}'",
                "Use --styles 1; or get hands ('handgen fonts fetch zh' or en), and train a zi2zi or bicyclegan.",
            )
        for number in range(len(self._names), count):
            rng = generator(seed, "mixture", number)
            first, second = (int(i) for i in rng.choice(len(self._names), 2, replace=False))
            share = float(rng.uniform(0.5, 0.8))
            vector = share * self._codes[first] + (1 - share) * self._codes[second]
            parents = {self._names[first]: round(share, 4), self._names[second]: round(1 - share, 4)}
            label = "+".join(f"{name}*{weight:.2f}" for name, weight in parents.items())
            styles.append(DrawnStyle(f"mix{number + 1}({label})", vector, parents))
        return styles


def simplex_least_squares(drawings: Tensor, target: Tensor) -> Tensor:
    """Return the shares ``[n]`` of drawings ``[n, d]`` whose mixture is nearest to ``target`` ``[d]`` in least squares.

    They are not negative and sum to 1. Projected gradient descent with the projection of Duchi et
    al. 2008 (figure 1).
    """
    gram, toward = drawings @ drawings.T / len(target), drawings @ target / len(target)
    step = 1 / float(torch.linalg.matrix_norm(gram, 2))
    shares = torch.full_like(toward, 1 / len(toward))
    counts = torch.arange(1, len(shares) + 1, device=shares.device)
    for _ in range(_DESCENTS):
        moved = shares - step * (gram @ shares - toward)
        ordered = moved.sort(descending=True).values
        excess = (ordered.cumsum(0) - 1) / counts
        last = int((ordered > excess).nonzero().max())
        shares = (moved - excess[last]).clamp_min(0)
    return shares


class OneStyle(CodeTable):
    """The only style of a model that needs no code: its vector is empty.

    Args:
        styles: what it was learned from. It has their name if it is one, else it is called "hand".
    """

    def __init__(self, styles: Sequence[str]) -> None:
        super().__init__([styles[0] if len(styles) == 1 else "hand"], torch.zeros(1, 0))
        self._of = {name: 1 / len(styles) for name in styles}

    def pick(self, names: Sequence[str]) -> list[DrawnStyle]:
        """Return the style; its shares are those of what it was learned from."""
        return [DrawnStyle(style.name, style.vector, self._of) for style in super().pick(names)]
