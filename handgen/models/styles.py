"""Style spaces that several models share: latents, tables of codes, a single style."""

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
"""Candidates for each latent in best-candidate sampling. More would spread styles more evenly than writers differ."""
_DESCENTS = 500
"""Steps of gradient descent."""
_ENOUGH = 2
"""The fewest trained styles for each dimension of a latent from which the distribution of styles is estimated."""


def gaussian_code(name: str, dim: int, seed: int) -> Tensor:
    """Return the fixed code of a style: float32 ``[dim]`` from N(0, 1).

    It depends on its name, ``dim`` and ``seed`` alone. So new styles do not change the codes of the others.
    """
    return torch.from_numpy(generator(seed, "style code", name).standard_normal(dim).astype(np.float32))


def vectors(styles: Sequence[DrawnStyle], key: NDArray[np.uint64]) -> Tensor:
    """Return the second argument of ``Model.generate`` for some samples: float32 ``[n, dim]``.

    Args:
        styles: the style of each sample.
        key: uint64 ``[n]``, decides the fresh values (``DrawnStyle.fresh``) of each sample.
    """
    made = torch.stack([style.vector for style in styles])
    fresh = max(style.fresh for style in styles)
    if fresh:
        # 0 and 1 are avoided: the normal distribution has no quantiles there.
        uniform = torch.from_numpy(uniforms_of(key, fresh)).clamp(2**-54, 1 - 2**-53)
        normal = torch.special.ndtri(uniform).float()
        for row, style in enumerate(styles):
            if style.fresh:
                made[row, -style.fresh :] = normal[row, : style.fresh]
    return made


def _typical(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shorten those of the latents ``[n, dim]`` that are longer than sqrt(dim), the typical length under N(0, I)."""
    length: NDArray[np.float64] = np.linalg.norm(z, axis=1, keepdims=True)
    return z * np.minimum(1, math.sqrt(z.shape[1]) / length)


def _on_arc(a: Tensor, b: Tensor, share: float) -> Tensor:
    """Interpolate the directions by ``slerp(a, b; share)`` (Shoemake 1985) and the lengths linearly."""
    lengths = float(a.norm()), float(b.norm())
    angle = math.acos(max(-1.0, min(1.0, float(a @ b) / max(lengths[0] * lengths[1], 1e-12))))
    if min(lengths) < 1e-6 or math.sin(angle) < 1e-3:  # on one line through 0 there is no arc, or no single one
        return torch.lerp(a, b, share)
    from_a, from_b = math.sin((1 - share) * angle) / lengths[0], math.sin(share * angle) / lengths[1]
    length = (1 - share) * lengths[0] + share * lengths[1]
    return (from_a * a + from_b * b) * (length / math.sin(angle))


def _cloud(centers: Tensor) -> tuple[Tensor, Tensor]:
    """Fit a normal distribution to the centers ``[styles, dim]`` of styles.

    Returns:
        Its mean ``[dim]`` and the square root of its covariance ``[dim, dim]``: a latent is ``mean + root @ n`` with n
        from N(0, I). With too few styles, those of the prior N(0, I).
    """
    count, dim = centers.shape
    if count < _ENOUGH * dim:
        return torch.zeros(dim), torch.eye(dim)
    known = centers.detach().cpu().double()
    values, axes = torch.linalg.eigh(torch.cov(known.T).reshape(dim, dim))
    spread = axes * values.clamp_min(0).sqrt() @ axes.T
    return known.mean(dim=0).float(), spread.float()


class Latents(StyleSpec):
    """Styles as points of a latent space.

    Training draws latents from the prior N(0, I), but the encoder maps real styles to a part of that space. Latents
    from elsewhere give more specks and broken strokes (figures in examples/latin_bicyclegan). So ``draw`` samples from
    a normal distribution that is fitted to the trained styles.

    Args:
        names: the styles that have a latent, e.g. the training fonts.
        centers: float32 ``[len(names), dim]``, their latents.
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
        """Return latents from the distribution of the trained styles, spread out.

        Each is the candidate that is farthest from the latents before it (Mitchell's best-candidate sampling, 1991),
        so style i does not change with ``count``. Candidates longer than usual are shortened first: the farthest
        candidate is often one of them, and training hardly ever saw such latents.
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
        """Return a latent on the arc between two; direction and length change evenly.

        Latents on the straight line would be nearer to 0 than latents of the prior are.
        """
        vector = _on_arc(first.vector, second.vector, share)
        return DrawnStyle(f"{share:.2f}", vector, {}, max(first.fresh, second.fresh))

    def continuous(self) -> DrawnStyle:
        """Return the style whose latent is drawn anew from the prior for every sample.

        It has more variety than the styles of ``draw``, and more specks. As training data for a recognizer it is
        worth more.
        """
        return DrawnStyle("continuous", torch.zeros(self._dim), {}, fresh=self._dim)


class CodeTable(StyleSpec):
    """Styles as rows of a table of codes, which can be mixed.

    Args:
        names: names of the styles, in the order of the rows.
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

        The weight of the stronger one is uniform in [0.5, 0.8]. Above that, a mixture is hard to tell
        from its parent.

        Raises:
            UsageError: ``count`` is above 1 and the model has only one style.
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
    """Return the shares ``[n]``, at least 0 and with a sum of 1, that minimize ``|shares @ drawings - target|^2``.

    Projected gradient descent, with the projection of Duchi et al. 2008 (figure 1).

    Args:
        drawings: float32 ``[n, d]``.
        target: float32 ``[d]``.
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
    """The style of a model that has only one. Its vector is empty.

    Args:
        styles: the styles that it was learned from. A single one gives it its name; else it is called "hand".
    """

    def __init__(self, styles: Sequence[str]) -> None:
        super().__init__([styles[0] if len(styles) == 1 else "hand"], torch.zeros(1, 0))
        self._of = {name: 1 / len(styles) for name in styles}

    def pick(self, names: Sequence[str]) -> list[DrawnStyle]:
        """Return the style; its weights are equal shares of the styles that it was learned from."""
        return [DrawnStyle(style.name, style.vector, self._of) for style in super().pick(names)]
