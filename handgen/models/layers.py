"""The U-Net that image-to-image models share: encoder, decoder with skip connections, styles.

A style vector can enter at four points: joined to the input image, to the input of every encoder
level, to the bottleneck, or as scale and shift of every normalized decoder layer (FiLM).

Two things go beyond pix2pix's U-Net (Isola et al. 2017, section 3.2.1):

- displacement: a pen does not put its strokes where the source font has them, and a skip
  connection cannot move what it carries. The decoder therefore predicts a displacement field,
  coarse to fine, by which the skips are sampled (the idea of spatial transformers, Jaderberg et
  al. 2015).
- FiLM (Perez et al. 2018).

Self-attention at a middle resolution is optional, and off by default.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handgen.errors import UsageError
from handgen.models.base import init_weights

_REACH = 0.1
"""The output of a displacement head is multiplied by this; the result is in halves of the canvas."""

_COPIED = 1.5
"""What the source glyphs are multiplied by before the tanh of the last layer, to be copied."""

_ATTENTIVE = 16
"""Side in pixels of the decoder features with self-attention: strokes are still apart, and 256 pixels cost little."""

_KEYS = 8
"""The fewest channels of attention keys; the paper has an eighth of the channels of the features."""

_DROPPED = 3
"""Number of decoder layers with dropout, as in pix2pix (Isola et al. 2017, section 6.1.1)."""


def channels(size: int, width: int, patch: int = 2) -> list[int]:
    """Return the channels after each encoder layer: width, 2 x width, 4 x width, then 8 x width.

    A first layer with a stride of 4 or 8 replaces the first two or three layers, and has the channels of the last
    of them.
    """
    return [width * min(2**level, 8) for level in range(patch.bit_length() - 2, size.bit_length() - 1)]


def check_patch(patch: int) -> None:
    """Check the setting ``--patch``.

    Raises:
        UsageError: it is not a power of two.
    """
    if patch & (patch - 1):
        raise UsageError(f"--patch {patch} is not a power of two", "Use 2, 4 or 8.")


class ConditionalNorm(nn.Module):
    """Batch normalization; with ``film``, a style code adds to its scale and shift (Perez et al. 2018, equation 2)."""

    def __init__(self, width: int, code_dim: int, *, film: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.film = nn.Linear(code_dim, 2 * width) if film else None

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """Normalize ``[B, width, h, w]`` and modulate it by ``[B, code_dim]``."""
        if self.film is None:
            normalized: Tensor = self.norm(x)
            return normalized
        scale, shift = self.film(code)[:, :, None, None].chunk(2, dim=1)
        if self.training:
            return torch.addcmul(shift, self.norm(x), 1 + scale)
        own_scale, own_shift = self._affine()
        return torch.addcmul(own_shift * (1 + scale) + shift, x, own_scale * (1 + scale))

    def _affine(self) -> tuple[Tensor, Tensor]:
        """Return the scale and shift, ``[width, 1, 1]`` each, that the normalization amounts to in evaluation mode."""
        norm = self.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        return scale[:, None, None], (norm.bias - norm.running_mean * scale)[:, None, None]


class Encoder(nn.Module):
    """Strided convolutions, no pooling: ``[B, channels, size, size]`` to ``[B, 8 width, 1, 1]``.

    Args:
        size: side of the image in pixels, a power of two.
        width: channels of the first layer.
        inputs: channels of the image.
        code_dim: length of a style vector that joins the input of every layer but the first; 0 = there is none.
        patch: stride of the first layer, a power of two. The other layers have a stride of 2.
    """

    def __init__(self, size: int, width: int, *, inputs: int = 1, code_dim: int = 0, patch: int = 2) -> None:
        super().__init__()
        out = channels(size, width, patch)
        before = [inputs, *(each + code_dim for each in out)]
        self.joined = code_dim > 0
        strides = [patch, *(2 for _ in out[1:])]
        self.layers = nn.ModuleList(
            nn.Conv2d(wide, after, 2 * stride, stride, stride // 2, bias=not level)
            for level, (wide, after, stride) in enumerate(zip(before, out, strides, strict=False))
        )
        # The first layer has no normalization, as in the original. Nor has the last one: it has one pixel a sample,
        # so that batch normalization would make the encoding of a glyph depend on the rest of the batch.
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(width_) if 0 < level < len(out) - 1 else nn.Identity() for level, width_ in enumerate(out)
        )

    def forward(self, image: Tensor, code: Tensor | None = None) -> list[Tensor]:
        """Return the features of every level, finest first."""
        features: list[Tensor] = []
        x = image
        for layer, norm in zip(self.layers, self.norms, strict=True):
            if features:
                x = F.leaky_relu(x, 0.2)
                x = join(x, code) if self.joined and code is not None else x
            x = norm(layer(x))
            features.append(x)
        return features


def join(image: Tensor, code: Tensor) -> Tensor:
    """Return ``[B, c + dim, h, w]``: the vector ``[B, dim]`` is appended to every pixel of ``[B, c, h, w]``."""
    maps = code.to(image.dtype)[:, :, None, None].expand(-1, -1, *image.shape[-2:])
    return torch.cat([image, maps], dim=1)


class Up(nn.Module):
    """One decoder level: resize + convolution, which leaves no checkerboard (Odena et al. 2016).

    A 1 x 1 convolution first reduces the features to the channels of the skip, which is then added, as in
    LinkNet (Chaurasia & Culurciello 2017). This takes half the arithmetic of concatenation.

    Args:
        below: channels of the input, which comes from the coarser level.
        skip: channels of the skip connection and of the output.
        norm: normalizes the output.
    """

    def __init__(self, below: int, skip: int, norm: ConditionalNorm) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(below, skip, 1, bias=False)
        self.conv = nn.Conv2d(skip, skip, 3, 1, 1, bias=False)
        self.norm = norm
        self.out = skip

    def forward(self, x: Tensor, skip: Tensor, code: Tensor) -> Tensor:
        """Return ``[B, out, 2h, 2w]`` from ``[B, below, h, w]`` and a skip of twice its side."""
        x = F.interpolate(self.narrow(x), scale_factor=2.0, mode="nearest") + skip
        return F.relu(self.norm(self.conv(x), code))


class TransposedUp(nn.Module):
    """One decoder level of the original: transposed convolution, then the skip is concatenated."""

    def __init__(self, below: int, skip: int, norm: ConditionalNorm) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(below, skip, 4, 2, 1, bias=False)
        self.norm = norm
        self.out = 2 * skip

    def forward(self, x: Tensor, skip: Tensor, code: Tensor) -> Tensor:
        """Return ``[B, out, 2h, 2w]``; half of the channels are the skip's."""
        return torch.cat([F.relu(self.norm(self.up(x), code)), skip], dim=1)


class SubPixel(nn.Module):
    """The last level: sub-pixel convolution (Shi et al. 2016) of the features and the source glyph."""

    def __init__(self, below: int, patch: int = 2) -> None:
        super().__init__()
        self.patch = patch
        self.conv = nn.Conv2d(below + patch**2, patch**2, 3, 1, 1)

    @torch.no_grad()
    def copy_content(self) -> None:
        """Begin with drawings that are the source glyphs, but for a tenth of what the weights were before."""
        count = self.patch**2
        self.conv.weight.mul_(0.1)
        self.conv.weight[range(count), range(-count, 0), 1, 1] = _COPIED

    def forward(self, x: Tensor, content: Tensor) -> Tensor:
        """Return ``[B, 1, patch h, patch w]`` from ``[B, below, h, w]`` and the source glyphs, which are as large."""
        pixels = F.pixel_unshuffle(content, self.patch).contiguous(memory_format=torch.channels_last)
        return F.pixel_shuffle(self.conv(torch.cat([x, pixels], dim=1)), self.patch)


class TransposedLast(nn.Module):
    """The last level of the original: one transposed convolution."""

    def __init__(self, below: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(below, 1, 4, 2, 1)

    def forward(self, x: Tensor, content: Tensor) -> Tensor:
        """Return ``[B, 1, 2h, 2w]`` from ``[B, below, h, w]``."""
        drawn: Tensor = self.up(x)
        return drawn


DECODERS: dict[str, tuple[type[nn.Module], type[nn.Module]]] = {
    "resize": (Up, SubPixel),
    "transpose": (TransposedUp, TransposedLast),
}


class Displacement(nn.Module):
    """Predicts the displacement field by which the skips of finer levels are sampled.

    Each decoder level with a head adds to the field of the coarser levels. The heads are 0 at first: nothing moves.

    Args:
        widths: side of the decoder features in pixels -> their channels, for the levels that get a head.
    """

    def __init__(self, widths: Mapping[int, int]) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({str(side): nn.Conv2d(width, 2, 3, 1, 1) for side, width in widths.items()})

    def reset(self) -> None:
        """Set the heads to 0, so that nothing moves."""
        for head in self.heads.values():
            assert isinstance(head, nn.Conv2d)
            nn.init.zeros_(head.weight)

    def refine(self, field: Tensor | None, x: Tensor) -> Tensor | None:
        """Return the field ``[B, 2, h, w]`` after the decoder level with the features ``x`` ``[B, c, h, w]``.

        Channel 0 is the displacement to the right and channel 1 downwards, in halves of the canvas. ``field`` is that
        of the coarser levels; None = there is none yet.
        """
        key = str(int(x.shape[-1]))  # torch.jit.trace makes a tensor of it
        if field is not None:
            field = F.interpolate(field, size=x.shape[-2:], mode="bilinear", align_corners=False)
        if key not in self.heads:
            return field
        step: Tensor = self.heads[key](x) * _REACH
        return step if field is None else field + step


def sample_at(image: Tensor, field: Tensor) -> Tensor:
    """Resample ``image`` ``[B, c, h, w]``: each pixel is read at its own position plus the displacement there.

    Args:
        image: of any type of floating point; the result has the same.
        field: ``[B, 2, ...]`` of any resolution, as ``Displacement.refine`` returns it.
    """
    h, w = image.shape[-2:]
    if field.shape[-2:] != (h, w):
        field = F.interpolate(field, size=(h, w), mode="bilinear", align_corners=False)
    y = torch.linspace(1 / h - 1, 1 - 1 / h, h, device=image.device)
    x = torch.linspace(1 / w - 1, 1 - 1 / w, w, device=image.device)
    rest = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    # In a diverging run a displacement may be NaN, and the CPU kernel of torch 2.13 then reads outside the image.
    grid = torch.nan_to_num(rest + field.float().permute(0, 2, 3, 1))
    # Positions stay in single precision: bfloat16 has 256 steps in [0.5, 1], too few for the pixels of a large canvas.
    return F.grid_sample(image.to(grid.dtype), grid, align_corners=False, padding_mode="border").to(image.dtype)


class SelfAttention(nn.Module):
    """Every pixel of the features attends to all others (SAGAN, Zhang et al. 2019, section 3).

    The result is added to the features times gamma (equation 3), which is learned and starts at 0.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = max(_KEYS, width // 8)
        self.query, self.key, self.value = (nn.Conv2d(width, inner, 1, bias=False) for _ in range(3))
        self.out = nn.Conv2d(inner, width, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[B, width, h, w]`` from ``[B, width, h, w]``."""
        query, key, value = (part(x).flatten(2).transpose(1, 2)[:, None] for part in (self.query, self.key, self.value))
        seen = F.scaled_dot_product_attention(query, key, value, scale=1.0)  # equation 1, and the sum of equation 2
        added: Tensor = self.out(seen[:, 0].transpose(1, 2).reshape(x.shape[0], -1, *x.shape[-2:]))
        return x + self.gamma * added


class UNet(nn.Module):
    """Encoder, style vector, decoder with (displaced) skip connections.

    Args:
        size: side of the images in pixels, a power of two from 32.
        width: channels of the first layer.
        code_dim: length of the style vector; 0 = there is none.
        inject: where it joins: the "bottleneck" (zi2zi), the "input" image, or "all" levels of the encoder.
        film: let it also modulate every decoder layer.
        decoder: "resize" (resize + convolution) or "transpose" (transposed convolution).
        displacement: let the decoder move the features of the skip connections.
        dropout: share of the features that training drops after the three coarsest decoder layers.
        attention: add self-attention to the decoder features of 16 x 16 pixels, or to the finest if they are smaller.
        patch: stride of the first layer and of the last; 4 costs half as much as the 2 of pix2pix.

    Raises:
        ValueError: a patch of more than 2 pixels with the transposed decoder.
    """

    def __init__(
        self,
        size: int,
        width: int,
        *,
        code_dim: int = 0,
        inject: str = "bottleneck",
        film: bool = False,
        decoder: str = "resize",
        displacement: bool = True,
        dropout: float = 0.0,
        attention: bool = False,
        patch: int = 2,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        level, last = DECODERS[decoder]
        if patch > 2 and last is not SubPixel:
            raise ValueError("only the resize decoder draws patches")
        self.at_input, self.at_bottleneck = inject in ("input", "all"), inject == "bottleneck"
        self.encoder = Encoder(
            size,
            width,
            inputs=1 + code_dim * self.at_input,
            code_dim=code_dim if inject == "all" else 0,
            patch=patch,
        )
        out = channels(size, width, patch)
        below = out[-1] + code_dim * self.at_bottleneck
        self.ups = nn.ModuleList()
        wide: dict[int, int] = {}  # side of the decoder features in pixels -> their channels
        for depth in range(len(out) - 2, -1, -1):
            norm = ConditionalNorm(out[depth], code_dim, film=film and code_dim > 0)
            self.ups.append(level(below, out[depth], norm))
            below = self.ups[-1].out  # type: ignore[assignment]
            wide[size // patch >> depth] = below
        # Coarser than 8 pixels, a field cannot tell one stroke from the next; finer than a quarter
        # of the canvas, it costs more than it moves.
        heads = {side: channels for side, channels in wide.items() if 8 <= side <= max(8, size // 4)}
        self.displacement = Displacement(heads) if displacement else None
        self.last = last(below, patch) if last is SubPixel else last(below)
        init_weights(self)
        if self.displacement is not None:
            self.displacement.reset()
        self._attentive = min(_ATTENTIVE, size // patch)
        self.attention = SelfAttention(wide[self._attentive]) if attention else None

    def forward(self, content: Tensor, code: Tensor) -> Tensor:
        """Draw ``content`` ``[B, 1, size, size]`` in the styles ``[B, code_dim]``; in [-1, 1]."""
        return self.decode(content, self.encode(content, code), code)

    def encode(self, content: Tensor, code: Tensor) -> list[Tensor]:
        """Return the encoder's features of ``content``, finest first."""
        features: list[Tensor] = self.encoder(join(content, code) if self.at_input else content, code)
        return features

    def decode(self, content: Tensor, features: Sequence[Tensor], code: Tensor) -> Tensor:
        """Draw from the features that the encoder found in ``content``."""
        field: Tensor | None = None
        x = F.relu(features[-1])
        x = join(x, code) if self.at_bottleneck else x
        for layer, (up, skip) in enumerate(zip(self.ups, features[-2::-1], strict=True)):
            skip = F.relu(skip)
            x = up(x, skip if field is None else sample_at(skip, field), code)
            if self.dropout and layer < _DROPPED:
                x = F.dropout(x, self.dropout, self.training)
            if self.attention is not None and x.shape[-1] == self._attentive:
                x = self.attention(x)
            if self.displacement is not None:
                field = self.displacement.refine(field, x)
        return torch.tanh(self.last(x, content if field is None else sample_at(content, field)))


@contextlib.contextmanager
def keep_statistics(network: nn.Module) -> Iterator[None]:
    """Keep the running statistics of batch normalization as they are while the context lasts.

    Synthesis gives the network source glyphs alone, so a pass over fakes in training must not change its statistics.
    """
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
