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
"""Frequencies of the sines and cosines that encode a stroke's number."""
_FEATURES = 2 * KNOTS + 2 + 1 + 2 * _WAVES
"""Inputs for one stroke: its points, the vector to the next stroke, its length, its encoded number."""
STROKE_DIM = 2 * TERMS + WIDTHS + 1
"""Outputs for one written stroke: its displacement, its width, and whether the pen stays down after it."""


class Layer(nn.Module):
    """A transformer layer over the strokes of a character; the style scales and shifts its normalized inputs.

    The strokes of all characters are packed into one tensor without padding, which halves the work.

    Args:
        width: features of a stroke.
        code_dim: length of a style code.
        heads: heads of the attention.
        dropout: share of activations that training drops.
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

    def forward(self, x: Tensor, style: Tensor, exists: Tensor) -> Tensor:
        """Return ``[T, width]``.

        Args:
            x: ``[T, width]``, the strokes of all characters, character by character.
            style: ``[B, code_dim]``.
            exists: bool ``[B, S]``, which strokes exist; T of them do.
        """
        owner = exists.nonzero()[:, 0]
        scale, shift, scale2, shift2 = self.style(style)[owner].chunk(4, -1)
        looks = _pad(self.look(self.norms[0](x) * (1 + scale) + shift), exists).view(*exists.shape, 3, self.heads, -1)
        query, key, value = (each.transpose(1, 2) for each in looks.unbind(2))
        first = torch.arange(exists.shape[1], device=exists.device) == 0
        mask = (exists | first)[:, None, None]  # a character without strokes must attend to something
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        x = x + self.drop(self.seen(_pack(seen, exists)))
        thought: Tensor = x + self.drop(self.think(self.norms[1](x) * (1 + scale2) + shift2))
        return thought


class StrokeNet(nn.Module):
    """A transformer over the standard strokes, then a GRU along the strokes, which also gets the last written stroke.

    Args:
        width: features of a stroke in all layers.
        layers: layers of the transformer.
        code_dim: length of a style code.
        components: Gaussians in a mixture.
        dropout: share of activations that training drops.
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

    def read(self, knots: Tensor, exists: Tensor, style: Tensor) -> Tensor:
        """Encode each stroke; return ``[B, S, width]``.

        Args:
            knots: standard strokes, ``[B, S, KNOTS, 2]`` in the unit square.
            exists: bool ``[B, S]``, which strokes exist; false after a character's last one.
            style: ``[B, code_dim]``.
        """
        x = self.embed(_pack(_features(knots, exists), exists))
        for layer in self.layers:
            x = layer(x, style, exists)
        return _pad(self.norm(x), exists)

    def forward(
        self, read: Tensor, before: Tensor, exists: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Predict how strokes are written.

        Args:
            read: ``[B, S, width]``, from ``read``.
            before: ``[B, S, STROKE_DIM]``, the written form of the stroke before each; zeros for the first, or if
                it is not known.
            exists: bool ``[B, S]``, the strokes to predict; T of them are true.
            state: state of the GRU before the first of these strokes; None = the initial one.

        Returns:
            ``[T, n + 1]``, the n parameters of each mixture and the logit that the pen stays down; and the new state.
        """
        along, state = self.write(torch.cat([read, before], -1), state)
        return self.say(self.drop(_pack(torch.cat([read, along], -1), exists))), state


def _pad(x: Tensor, exists: Tensor) -> Tensor:
    """Scatter the rows of existing strokes, ``[T, n]``, into a padded tensor ``[B, S, n]`` of zeros."""
    rows = exists.flatten().nonzero()[:, 0]
    return x.new_zeros(exists.numel(), x.shape[-1]).index_copy(0, rows, x).view(*exists.shape, x.shape[-1])


def _pack(x: Tensor, exists: Tensor) -> Tensor:
    """Gather the rows of existing strokes: ``[B, S, n]`` to ``[T, n]``."""
    return x.flatten(0, 1).index_select(0, exists.flatten().nonzero()[:, 0])


def _features(knots: Tensor, exists: Tensor) -> Tensor:
    """Return the inputs ``[B, S, _FEATURES]`` for strokes ``[B, S, KNOTS, 2]``."""
    batch, count = exists.shape
    gap = F.pad(knots[:, 1:, 0] - knots[:, :-1, -1], (0, 0, 0, 1)) * F.pad(exists[:, 1:], (0, 1))[..., None]
    length = (knots[:, :, 1:] - knots[:, :, :-1]).norm(dim=-1).sum(-1, keepdim=True)
    number = torch.arange(count, device=knots.device, dtype=knots.dtype)[:, None]
    rate = torch.exp(torch.arange(_WAVES, device=knots.device, dtype=knots.dtype) * (-math.log(60) / _WAVES))
    waves = torch.cat([torch.sin(number * rate), torch.cos(number * rate)], -1).expand(batch, -1, -1)
    return torch.cat([(knots.flatten(2) - 0.5) * 4, gap * 2, length * 2, waves], -1)
