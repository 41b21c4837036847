"""Mixture densities of strokes; a component has correlated pairs of numbers, and single ones.

Graves, "Generating sequences with recurrent neural networks" (2013), equations 18 to 26: bivariate Gaussians, mixed.
There a component is of one point; here it is of a whole stroke, whose pairs are the terms of a cosine series. A
stroke drawn from it is smooth, as one drawn point by point is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_NARROWEST, _WIDEST = math.log(0.04), math.log(8.0)
"""Bounds on the logarithm of a deviation: registered strokes are no surer than this."""
_TIED = 0.98
_HALF_LOG = 0.5 * math.log(2 * math.pi)


def size_of(components: int, pairs: int, singles: int) -> int:
    """Return how many numbers say a mixture."""
    return components * (1 + 5 * pairs + 2 * singles)


@dataclass(frozen=True)
class Mixture:
    """Mixtures, one for each element of any leading shape ``...``.

    Attributes:
        weight: ``[..., M]``, logarithms of the components' shares.
        pair: means of the pairs, ``[..., M, pairs, 2]``.
        pair_spread: logarithms of their deviations, likewise.
        tied: their correlation, ``[..., M, pairs]``.
        single: means of the single numbers, ``[..., M, singles]``.
        single_spread: logarithms of their deviations, likewise.
    """

    weight: Tensor
    pair: Tensor
    pair_spread: Tensor
    tied: Tensor
    single: Tensor
    single_spread: Tensor

    @classmethod
    def of(cls, numbers: Tensor, components: int, pairs: int, singles: int) -> Mixture:
        """Read mixtures from a network's output, ``[..., size_of(...)]`` (equations 18 to 22)."""
        weight, rest = numbers[..., :components], numbers[..., components:]
        rest = rest.reshape(*rest.shape[:-1], components, 5 * pairs + 2 * singles)
        ends = [2 * pairs, 4 * pairs, 5 * pairs, 5 * pairs + singles]
        pair, spread, tied, single, single_spread = rest.tensor_split(ends, -1)
        return cls(
            weight.log_softmax(-1),
            pair.reshape(*tied.shape, 2),
            spread.clamp(_NARROWEST, _WIDEST).reshape(*tied.shape, 2),
            _TIED * tied.tanh(),
            single,
            single_spread.clamp(_NARROWEST, _WIDEST),
        )

    def surprise(self, pair: Tensor, single: Tensor) -> Tensor:
        """Return the negative logarithm of the density (equations 23 to 26), ``[...]``.

        Args:
            pair: ``[..., pairs, 2]``.
            single: ``[..., singles]``.
        """
        apart = (pair.unsqueeze(-3) - self.pair) * (-self.pair_spread).exp()
        x, y = apart.unbind(-1)
        free = 1 - self.tied**2
        of_pairs = -(x * x + y * y - 2 * self.tied * x * y) / (2 * free) - 0.5 * free.log()
        of_pairs = of_pairs - self.pair_spread.sum(-1) - 2 * _HALF_LOG
        off = (single.unsqueeze(-2) - self.single) * (-self.single_spread).exp()
        of_singles = -0.5 * off * off - self.single_spread - _HALF_LOG
        return -torch.logsumexp(self.weight + of_pairs.sum(-1) + of_singles.sum(-1), -1)

    def draw(self, luck: Tensor, normal: Tensor, warmth: Tensor) -> tuple[Tensor, Tensor]:
        """Draw pairs ``[..., pairs, 2]`` and single numbers ``[..., singles]``.

        Args:
            luck: ``[...]`` in [0, 1): which component, by its share.
            normal: ``[..., 2 * pairs + singles]`` from N(0, 1).
            warmth: ``[...]``: what deviations are multiplied by; at 0 it is the likeliest component's mean.
        """
        shares = self.weight.exp().cumsum(-1)
        chosen = (luck.unsqueeze(-1) >= shares).sum(-1).clamp(max=self.weight.shape[-1] - 1)
        chosen = torch.where(warmth > 0, chosen, self.weight.argmax(-1))
        mean, spread, tied, single, single_spread = (
            _picked(each, chosen) for each in (self.pair, self.pair_spread, self.tied, self.single, self.single_spread)
        )
        pairs = tied.shape[-1]
        one, other = normal[..., :pairs], normal[..., pairs : 2 * pairs]
        both = torch.stack([one, tied * one + (1 - tied**2).sqrt() * other], -1)
        warm = warmth[..., None]
        return (
            mean + warm[..., None] * spread.exp() * both,
            single + warm * single_spread.exp() * normal[..., 2 * pairs :],
        )


def _picked(each: Tensor, chosen: Tensor) -> Tensor:
    """Return the chosen component's part of ``[..., M, *rest]``."""
    rest = each.shape[chosen.dim() + 1 :]
    index = chosen.reshape(*chosen.shape, 1, *(1 for _ in rest)).expand(*chosen.shape, 1, *rest)
    return each.gather(chosen.dim(), index).squeeze(chosen.dim())


def pen_state(logit: Tensor, down: Tensor) -> Tensor:
    """Return the cross entropy of whether the pen stays down, ``[...]``."""
    return F.binary_cross_entropy_with_logits(logit, down, reduction="none")
