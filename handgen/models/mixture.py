"""Mixtures of Gaussians over strokes.

After Graves, "Generating sequences with recurrent neural networks" (2013), equations 18 to 26: mixtures of bivariate
Gaussians. Graves draws one point of a line from a mixture. Here a whole stroke is drawn at once: its pairs are
the (x, y) coefficients of a cosine series, with a correlation of x and y, and its single numbers describe the width.
So a drawn stroke is always smooth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_NARROWEST, _WIDEST = math.log(0.04), math.log(8.0)
"""Bounds on the logarithm of a standard deviation. The lower one is the accuracy of the registered strokes."""
_MOST_CORRELATED = 0.98
"""The greatest correlation: at 1 the density would be infinite."""
_HALF_LOG = 0.5 * math.log(2 * math.pi)


def size_of(components: int, pairs: int, singles: int) -> int:
    """Return how many outputs of a network describe one mixture."""
    return components * (1 + 5 * pairs + 2 * singles)


@dataclass(frozen=True)
class Mixture:
    """Mixtures of M Gaussians, one mixture for each element of any leading shape ``...``.

    Attributes:
        log_weight: ``[..., M]``, logarithms of the components' probabilities.
        pair_mean: ``[..., M, pairs, 2]``, means of the pairs.
        pair_log_std: ``[..., M, pairs, 2]``, logarithms of their standard deviations.
        correlation: ``[..., M, pairs]``, the correlation of the two numbers of each pair.
        single_mean: ``[..., M, singles]``, means of the single numbers.
        single_log_std: ``[..., M, singles]``, logarithms of their standard deviations.
    """

    log_weight: Tensor
    pair_mean: Tensor
    pair_log_std: Tensor
    correlation: Tensor
    single_mean: Tensor
    single_log_std: Tensor

    @classmethod
    def of(cls, numbers: Tensor, components: int, pairs: int, singles: int) -> Mixture:
        """Return the mixtures that a network's output ``[..., size_of(...)]`` describes (equations 18 to 22)."""
        weight, rest = numbers[..., :components], numbers[..., components:]
        rest = rest.reshape(*rest.shape[:-1], components, 5 * pairs + 2 * singles)
        ends = [2 * pairs, 4 * pairs, 5 * pairs, 5 * pairs + singles]
        pair, pair_log_std, correlation, single, single_log_std = rest.tensor_split(ends, -1)
        return cls(
            weight.log_softmax(-1),
            pair.reshape(*correlation.shape, 2),
            pair_log_std.clamp(_NARROWEST, _WIDEST).reshape(*correlation.shape, 2),
            _MOST_CORRELATED * correlation.tanh(),
            single,
            single_log_std.clamp(_NARROWEST, _WIDEST),
        )

    def nll(self, pair: Tensor, single: Tensor) -> Tensor:
        """Return the negative log density at a point, ``[...]`` (equations 23 to 26).

        Args:
            pair: ``[..., pairs, 2]``.
            single: ``[..., singles]``.
        """
        x, y = ((pair.unsqueeze(-3) - self.pair_mean) * (-self.pair_log_std).exp()).unbind(-1)
        rest = 1 - self.correlation**2
        log_pairs = -(x * x + y * y - 2 * self.correlation * x * y) / (2 * rest) - 0.5 * rest.log()
        log_pairs = log_pairs - self.pair_log_std.sum(-1) - 2 * _HALF_LOG
        z = (single.unsqueeze(-2) - self.single_mean) * (-self.single_log_std).exp()
        log_singles = -0.5 * z * z - self.single_log_std - _HALF_LOG
        return -torch.logsumexp(self.log_weight + log_pairs.sum(-1) + log_singles.sum(-1), -1)

    def draw(self, uniform: Tensor, normal: Tensor, temperature: Tensor) -> tuple[Tensor, Tensor]:
        """Draw pairs ``[..., pairs, 2]`` and single numbers ``[..., singles]``.

        Args:
            uniform: ``[...]``, uniform in [0, 1), chooses the component.
            normal: ``[..., 2 * pairs + singles]`` from N(0, 1).
            temperature: ``[...]``, a factor of the standard deviations; 0 = the mean of the most probable component.
        """
        cumulative = self.log_weight.exp().cumsum(-1)
        chosen = (uniform.unsqueeze(-1) >= cumulative).sum(-1).clamp(max=self.log_weight.shape[-1] - 1)
        chosen = torch.where(temperature > 0, chosen, self.log_weight.argmax(-1))
        correlation = _of_component(self.correlation, chosen)
        pairs = correlation.shape[-1]
        one, other = normal[..., :pairs], normal[..., pairs : 2 * pairs]
        correlated = torch.stack([one, correlation * one + (1 - correlation**2).sqrt() * other], -1)
        pair_std = temperature[..., None, None] * _of_component(self.pair_log_std, chosen).exp()
        single_std = temperature[..., None] * _of_component(self.single_log_std, chosen).exp()
        return (
            _of_component(self.pair_mean, chosen) + pair_std * correlated,
            _of_component(self.single_mean, chosen) + single_std * normal[..., 2 * pairs :],
        )


def _of_component(values: Tensor, chosen: Tensor) -> Tensor:
    """Return ``[..., *rest]``, for ``values`` ``[..., M, *rest]`` those of the chosen components, int64 ``[...]``."""
    rest = values.shape[chosen.dim() + 1 :]
    index = chosen.reshape(*chosen.shape, 1, *(1 for _ in rest)).expand(*chosen.shape, 1, *rest)
    return values.gather(chosen.dim(), index).squeeze(chosen.dim())
