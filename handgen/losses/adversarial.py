"""The adversarial losses; ``--gan-loss`` chooses one for any model.

A critic returns logits of any shape, or a list of them, one for each scale. The loss is the mean over the scales of
the mean over the logits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Logits = Tensor | Sequence[Tensor]
Critic = Callable[[Tensor], Logits]


@dataclass(frozen=True)
class _Game:
    """One kind of adversarial loss; each function returns the mean loss of logits.

    Attributes:
        real: the critic's loss on logits of real images.
        fake: the critic's loss on logits of fakes.
        generator: the generator's loss on logits of fakes.
        boundary: logits above it mean "real"; None = the critic has no such value.
    """

    real: Callable[[Tensor], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    boundary: float | None = 0.0


def _softplus_of_minus(x: Tensor) -> Tensor:
    return F.softplus(-x).mean()


def _mse_to_one(x: Tensor) -> Tensor:
    return (x - 1).square().mean()


_WASSERSTEIN = _Game(real=lambda x: -x.mean(), fake=torch.mean, generator=lambda x: -x.mean(), boundary=None)
_GAMES = {
    # Goodfellow et al. 2014, equation 1, and the non-saturating generator of their section 3.
    "vanilla": _Game(real=_softplus_of_minus, fake=lambda x: F.softplus(x).mean(), generator=_softplus_of_minus),
    # Mao et al. 2017, equation 9.
    "lsgan": _Game(real=_mse_to_one, fake=lambda x: x.square().mean(), generator=_mse_to_one, boundary=0.5),
    # Miyato et al. 2018, equations 16 and 17.
    "hinge": _Game(
        real=lambda x: F.relu(1 - x).mean(), fake=lambda x: F.relu(1 + x).mean(), generator=lambda x: -x.mean()
    ),
    # Arjovsky et al. 2017, algorithm 1; training.optimize clips the critic's weights.
    "wgan": _WASSERSTEIN,
    # Gulrajani et al. 2017, equation 3.
    "wgan-gp": _WASSERSTEIN,
}
GAN_LOSSES = tuple(_GAMES)


class Adversarial:
    """An adversarial loss.

    Args:
        kind: one of ``GAN_LOSSES``.
        r1: whether to penalize the critic's gradient at real images (Mescheder et al. 2018, equation 9).
    """

    def __init__(self, kind: str = "vanilla", *, r1: bool = False) -> None:
        self.kind = kind
        self._game = _GAMES[kind]
        self._r1 = r1

    def discriminator(self, real: Logits, fake: Logits) -> dict[str, Tensor]:
        """Return the critic's losses ``real`` and ``fake``, and its accuracy on each (0 to 1)."""
        return {
            "real": _mean(self._game.real, real),
            "fake": _mean(self._game.fake, fake),
            **self._accuracy(_all(real), _all(fake)),
        }

    @torch.no_grad()
    def _accuracy(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> dict[str, Tensor]:
        right: dict[str, list[Tensor]] = {"real accuracy": [], "fake accuracy": []}
        for on_real, on_fake in zip(real, fake, strict=True):
            # A Wasserstein critic has no boundary between real and fake, so the middle of the two means is taken.
            middle = (on_real.mean() + on_fake.mean()) / 2 if self._game.boundary is None else self._game.boundary
            right["real accuracy"].append((on_real > middle).float().mean())
            right["fake accuracy"].append((on_fake <= middle).float().mean())
        return {name: torch.stack(values).mean() for name, values in right.items()}

    def generator(self, fake: Logits) -> Tensor:
        """Return the generator's loss on the logits of its fakes."""
        return _mean(self._game.generator, fake)

    def penalties(self, critic: Critic, real: Tensor, fake: Tensor, mix: Tensor) -> dict[str, Tensor]:
        """Return the unweighted penalties on the critic's gradient.

        Args:
            critic: a function from images ``[B, ...]`` to logits.
            real: real images ``[B, ...]``.
            fake: fakes ``[B, ...]``.
            mix: ``[B]`` in [0, 1), the share of the real image in the mixture at which ``gp`` is taken.

        Returns:
            ``gp`` (Gulrajani et al. 2017, equation 3) for wgan-gp, and ``r1`` if it is switched on.
        """
        terms: dict[str, Tensor] = {}
        if self.kind == "wgan-gp":
            share = mix.reshape(-1, *[1] * (real.dim() - 1))
            between = share * real.detach() + (1 - share) * fake.detach()
            terms["gp"] = (_gradient(critic, between).norm(2, dim=1) - 1).square().mean()
        if self._r1:
            terms["r1"] = _gradient(critic, real.detach()).square().sum(dim=1).mean() / 2
        return terms


def prepare_critic(critic: nn.Module, kind: str, *, spectral_norm: bool) -> None:
    """Change the layers of a critic, in place, as the adversarial loss and the settings require.

    wgan-gp penalizes the gradient of each sample on its own, but with batch normalization a score depends on the whole
    batch. So layer normalization replaces it (Gulrajani et al. 2017, section 4).

    Args:
        critic: a discriminator that has not been trained yet.
        kind: one of ``GAN_LOSSES``.
        spectral_norm: divide the weights of convolutions and linear layers by their spectral norm (Miyato et al. 2018).
    """
    for parent in list(critic.modules()):
        for name, part in list(parent.named_children()):
            if kind == "wgan-gp" and isinstance(part, nn.BatchNorm2d):
                setattr(parent, name, nn.GroupNorm(1, part.num_features))
            if spectral_norm and isinstance(part, nn.Conv2d | nn.Linear):
                nn.utils.parametrizations.spectral_norm(part)


def _all(logits: Logits) -> list[Tensor]:
    """Return the logits of each scale in single precision."""
    return [each.float() for each in ([logits] if isinstance(logits, Tensor) else logits)]


def _mean(loss: Callable[[Tensor], Tensor], logits: Logits) -> Tensor:
    return torch.stack([loss(each) for each in _all(logits)]).mean()


def _gradient(critic: Critic, images: Tensor) -> Tensor:
    """Return the gradient ``[B, pixels]`` of the critic's score, the mean over scales and logits, at ``images``."""
    with torch.enable_grad(), torch.autocast(images.device.type, enabled=False):
        at = images.float().requires_grad_(True)
        scores = torch.stack([each.flatten(1).mean(dim=1) for each in _all(critic(at))]).mean(dim=0)
        (gradient,) = torch.autograd.grad(scores.sum(), at, create_graph=True)
    return gradient.flatten(1)
