"""The base class of effects. An effect draws parameters for samples, and applies parameters to images.

Images are float32 ``[B, C, H, W]`` in [0, 1], 0 = ink, 1 = paper, C = 1 (gray) or 3 (RGB), of any
height and width. Lengths in settings and parameters are fractions of the height H.

Parameters are a dict of arrays ``[B]`` with one number per sample, which JSON can store exactly. They
are a function of (seed, sample number) alone, and ``apply`` uses for each image only its own numbers.
The result must have the same bits whatever the batch is. So effects use only operations with exact
rounding (+ - * /, comparisons, sums of few terms in a fixed order), and noise fields are functions of
a number in the parameters (see ``fields``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.seeds import derive, uniforms
from handgen.settings import Settings

Params = dict[str, NDArray[Any]]
Uniforms = NDArray[np.float64]

DRAWS = 12
"""How many random numbers an effect gets for each sample."""
_DIGITS = 6
"""Parameters are rounded to this many digits after the point."""


@dataclass(frozen=True)
class Effect(Settings, ABC):
    """One kind of damage. Subclasses are frozen dataclasses; their fields say how strong the damage may be.

    Attributes:
        name: the registered name.
        group: a sample gets at most one effect of a group; empty = no group.
        color: whether it needs images with three channels.
        on_lines: whether it makes sense for lines of text; False for what surrounds a single character.

    Raises:
        UsageError: a field is out of range.
    """

    name: ClassVar[str]
    group: ClassVar[str] = ""
    color: ClassVar[bool] = False
    on_lines: ClassVar[bool] = True

    def sample(self, seed: int, index: NDArray[np.int64]) -> Params:
        """Return the parameters of the samples numbered ``index`` (``[B]``)."""
        return self.rounded(draws(seed, [self.name], index)[0])

    def rounded(self, u: Uniforms) -> Params:
        """Return ``params(u)``, with floats rounded to six digits, as records store them."""
        return {
            key: value if value.dtype == np.int64 else value.round(_DIGITS) for key, value in self.params(u).items()
        }

    @abstractmethod
    def params(self, u: Uniforms) -> Params:
        """Turn numbers in [0, 1), ``[B, DRAWS]``, into parameters, float64 or int64 ``[B]`` each."""

    @abstractmethod
    def apply(self, images: Tensor, params: Params) -> Tensor:
        """Return new images; the given ones stay as they are. Values may leave [0, 1] a little."""


def draws(seed: int, names: Sequence[str], index: NDArray[np.int64]) -> Uniforms:
    """Return ``[len(names), B, DRAWS]`` random numbers in [0, 1), a function of seed, name and index.

    They are drawn at once, because many small draws would take longer than some effects.
    """
    bases = np.array([derive(seed, "degrade", name) for name in names], np.uint64)
    keys = (bases[:, None] + index.astype(np.uint64)).view(np.int64)
    return uniforms(0, "degrade", keys.reshape(-1), DRAWS).reshape(len(names), len(index), DRAWS)


def between(u: Uniforms, low: float, high: float) -> Uniforms:
    """Map numbers from [0, 1) to ``low`` to ``high``."""
    return low + (high - low) * u


def either(u: Uniforms, most: float) -> Uniforms:
    """Map numbers from [0, 1) to ``-most`` to ``most``."""
    return (2 * u - 1) * most


def noise_id(u: Uniforms) -> NDArray[np.int64]:
    """Turn numbers in [0, 1) into 32-bit numbers, each of which identifies a noise field."""
    return (u * 2**32).astype(np.int64)


def column(values: NDArray[Any], images: Tensor) -> Tensor:
    """Return ``[B]`` values as float32 ``[B, 1, 1, 1]`` on the images' device."""
    return torch.as_tensor(np.asarray(values, dtype=np.float32), device=images.device).view(-1, 1, 1, 1)


def smooth(x: Tensor) -> Tensor:
    """Return a smooth step from 0 at x <= 0 to 1 at x >= 1; overwrites its argument."""
    x = x.clamp_(0, 1)
    return x * x * (3 - 2 * x)
