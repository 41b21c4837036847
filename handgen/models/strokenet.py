"""The network of StrokeRNN: it reads the standard strokes of a character and predicts how a style writes each."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handgen.models.mixture import size_of
from handgen.strokes.register import KNOTS
from handgen.strokes.series import TERMS, WIDTHS

_WAVES = 8
_FEATURES = 2 * KNOTS + 2 + 1 + 2 * _WAVES
STROKE_DIM = 2 * TERMS + WIDTHS + 1
"""Numbers that describe a written stroke: its displacement, its width, and whether the pen stays down."""


class Layer(nn.Module):
    """Self-attention over the strokes of a character, then a perceptron; the style scales and shifts what goes in.

    The strokes of all characters are packed into one row without padding, which halves the work.
    """

    def __init__(self, width: int, code_dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.style = nn.Linear(code_dim, 4 * width)
        self.look = nn.Linear(width, 3 * width, bias=False)
        self.seen = nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, style: Tensor, there: Tensor) -> Tensor:
        """Return ``[T, width]``.

        Args:
            x: ``[T, width]``, the existing strokes, character by character.
            style: ``[B, code_dim]``.
            there: bool ``[B, S]``, T of them true.
        """
        owner = there.nonzero()[:, 0]
        scale, shift, scale2, shift2 = self.style(style)[owner].chunk(4, -1)
        looks = _spread(self.look(self.norms[0](x) * (1 + scale) + shift), there).view(*there.shape, 3, self.heads, -1)
        query, key, value = (each.transpose(1, 2) for each in looks.unbind(2))
        first = torch.arange(there.shape[1], device=there.device) == 0
        mask = (there | first)[:, None, None]  # a character without strokes must attend to something
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        x = x + self.drop(self.seen(_only(seen, there)))
        thought: Tensor = x + self.drop(self.think(self.norms[1](x) * (1 + scale2) + shift2))
        return thought


class StrokeNet(nn.Module):
    """A transformer over the standard strokes, then a GRU along them that is given how the last one was written.

    Args:
        width: of the layers.
        layers: how many read the character.
        code_dim: length of a style code.
        components: of the mixtures.
        dropout: share of activations left out in training.
    """

    def __init__(self, width: int, layers: int, code_dim: int, components: int, dropout: float) -> None:
        super().__init__()
        self.embed = nn.Linear(_FEATURES, width)
        heads = max(1, width // 32)
        self.layers = nn.ModuleList(Layer(width, code_dim, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.write = nn.GRU(width + STROKE_DIM, width, batch_first=True)
        self.say = nn.Linear(2 * width, size_of(components, TERMS, WIDTHS) + 1)
        self.drop = nn.Dropout(dropout)

    def read(self, knots: Tensor, there: Tensor, style: Tensor) -> Tensor:
        """Encode each stroke; return ``[B, S, width]``.

        Args:
            knots: standard strokes, ``[B, S, KNOTS, 2]`` in the unit square.
            there: bool ``[B, S]``, false beyond a character's last stroke.
            style: ``[B, code_dim]``.
        """
        x = self.embed(_only(_features(knots, there), there))
        for layer in self.layers:
            x = layer(x, style, there)
        return _spread(self.norm(x), there)

    def forward(
        self, read: Tensor, before: Tensor, there: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Predict how strokes are written.

        Args:
            read: ``[B, S, width]``.
            before: ``[B, S, STROKE_DIM]``, how the stroke before each was written; zeros for the first, or if unknown.
            there: bool ``[B, S]``, T of them true: the strokes to predict.
            state: of the GRU before the first of these strokes.

        Returns:
            Parameters of the mixtures and, last, the logit that the pen stays down, ``[T, ...]``; and the state.
        """
        along, state = self.write(torch.cat([read, before], -1), state)
        return self.say(self.drop(_only(torch.cat([read, along], -1), there))), state


def _spread(x: Tensor, there: Tensor) -> Tensor:
    """Scatter the rows of existing strokes, ``[T, n]``, into a padded tensor ``[B, S, n]`` of zeros."""
    rows = there.flatten().nonzero()[:, 0]
    return x.new_zeros(there.numel(), x.shape[-1]).index_copy(0, rows, x).view(*there.shape, x.shape[-1])


def _only(x: Tensor, there: Tensor) -> Tensor:
    """Gather the rows of existing strokes: ``[B, S, n]`` to ``[T, n]``."""
    return x.flatten(0, 1).index_select(0, there.flatten().nonzero()[:, 0])


def _features(knots: Tensor, there: Tensor) -> Tensor:
    """Return the features of each stroke: its points, the way to the next, its length, its number."""
    batch, count = there.shape
    gap = F.pad(knots[:, 1:, 0] - knots[:, :-1, -1], (0, 0, 0, 1)) * F.pad(there[:, 1:], (0, 1))[..., None]
    length = (knots[:, :, 1:] - knots[:, :, :-1]).norm(dim=-1).sum(-1, keepdim=True)
    number = torch.arange(count, device=knots.device, dtype=knots.dtype)[:, None]
    rate = torch.exp(torch.arange(_WAVES, device=knots.device, dtype=knots.dtype) * (-math.log(60) / _WAVES))
    waves = torch.cat([torch.sin(number * rate), torch.cos(number * rate)], -1).expand(batch, -1, -1)
    return torch.cat([(knots.flatten(2) - 0.5) * 4, gap * 2, length * 2, waves], -1)
