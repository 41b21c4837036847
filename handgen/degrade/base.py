"""The contract of an effect: draw parameters for samples, apply parameters to images.

Images are float32 ``[B, C, H, W]`` in [0, 1], 0 = ink, 1 = paper, C = 1 (gray) or 3 (RGB), of any
height and width. Lengths in settings and parameters are shares of the height H.

Parameters are a dict of arrays ``[B]``, a column a sample, of plain numbers that JSON keeps
exactly. They are a function of (seed, sample number) alone, and ``apply`` treats every image by
its own column alone. So that the result has the same bits however samples are put together, an
effect uses only operations that are rounded exactly (+ - * /, comparisons, sums of few terms in a
fixed order), and fields of noise are functions of a number in the parameters (see ``fields``).
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
"""Random numbers that an effect has for a sample."""
_DIGITS = 6


@dataclass(frozen=True)
class Effect(Settings, ABC):
    """One kind of damage. Subclasses are frozen dataclasses whose fields say how strong it may get.

    Attributes:
        name: the name it is registered under.
        group: at most one effect of a group befalls a sample; empty for none.
        color: it needs images of three channels.
        on_lines: lines of text get it too; false for what surrounds a single character.

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
        """Return ``params(u)`` with no more digits than a record shall have."""
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
    """Return ``[len(names), B, DRAWS]`` numbers in [0, 1), a function of seed, name and index.

    All at once, because many small draws would take longer than some effects.
    """
    bases = np.array([derive(seed, "degrade", name) for name in names], np.uint64)
    keys = (bases[:, None] + index.astype(np.uint64)).view(np.int64)
    return uniforms(0, "degrade", keys.reshape(-1), DRAWS).reshape(len(names), len(index), DRAWS)


def between(u: Uniforms, low: float, high: float) -> Uniforms:
    """Spread numbers in [0, 1) over ``low`` to ``high``."""
    return low + (high - low) * u


def either(u: Uniforms, most: float) -> Uniforms:
    """Spread numbers in [0, 1) over ``-most`` to ``most``."""
    return (2 * u - 1) * most


def noise_id(u: Uniforms) -> NDArray[np.int64]:
    """Turn numbers in [0, 1) into numbers that name a field of noise."""
    return (u * 2**32).astype(np.int64)


def column(values: NDArray[Any], images: Tensor) -> Tensor:
    """Return ``[B]`` values as float32 ``[B, 1, 1, 1]`` on the images' device."""
    return torch.as_tensor(np.asarray(values, dtype=np.float32), device=images.device).view(-1, 1, 1, 1)


def smooth(x: Tensor) -> Tensor:
    """Rise from 0 at 0 to 1 at 1 without corners; overwrites its argument."""
    x = x.clamp_(0, 1)
    return x * x * (3 - 2 * x)
