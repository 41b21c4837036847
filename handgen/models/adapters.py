"""Adapters: small changes to the weights of a trained generator, with which it draws one more style.

The weight of a convolution or of a linear layer is taken as a matrix, and a product of two narrow
matrices is added to it: LoRA (Hu et al. 2021, equation 3). Biases and the scales of normalizations
get an offset. Changes are stored by the names of parameters, so they work for the layers of any
generator whose second input is a style vector.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from handgen.errors import UsageError
from handgen.glyphs.records import StyleRecord
from handgen.models.base import DrawnStyle, Generator, Model, StyleSpec
from handgen.registry import nearest

FROZEN = ("encoder.",)
"""Prefixes of the names of parameters that adapters do not change: the encoding of the source stays the same."""
_OFFSET, _UP, _DOWN = "offset.", "up.", "down."
_KEPT = 16
"""How many generators with merged adapters are kept in memory; each is as large as the trained generator."""

Changes = Mapping[str, Tensor]
"""What is added to the parameter NAME: ``offset.NAME`` of its shape, or the product of the matrices ``up.NAME``
``[rows, rank]`` and ``down.NAME`` ``[rank, columns]``, reshaped to its shape."""


def init_changes(generator: nn.Module, rank: int) -> dict[str, Tensor]:
    """Return changes to begin learning with; their sum with the parameters is the parameters.

    Args:
        generator: the network to change.
        rank: of the products; 0 = an offset for every parameter, which is plain fine-tuning.
    """
    made: dict[str, Tensor] = {}
    for name, parameter in generator.named_parameters():
        if name.startswith(FROZEN):
            continue
        rows = len(parameter) if parameter.ndim > 1 else 1
        columns = parameter.numel() // rows
        if rank and rank * (rows + columns) < parameter.numel():
            # As in the paper, one factor is random and the other is 0.
            made[_DOWN + name] = torch.randn(rank, columns, device=parameter.device) / columns**0.5
            made[_UP + name] = torch.zeros(rows, rank, device=parameter.device)
        else:
            made[_OFFSET + name] = torch.zeros_like(parameter)
    return made


def apply_changes(parameters: Mapping[str, Tensor], changes: Changes, amount: float = 1.0) -> dict[str, Tensor]:
    """Return the parameters that ``changes`` changes, by name; gradients flow to ``changes``.

    Args:
        parameters: all parameters of the generator, by name.
        changes: the changes.
        amount: a factor for the changes; 0 = no change, 1 = the whole change.

    Raises:
        KeyError, RuntimeError: the changes belong to another network.
    """
    made: dict[str, Tensor] = {}
    for name, change in changes.items():
        if name.startswith(_OFFSET):
            of = name.removeprefix(_OFFSET)
            made[of] = parameters[of] + amount * change
        elif name.startswith(_UP):
            of = name.removeprefix(_UP)
            product = change @ changes[_DOWN + of]
            made[of] = parameters[of] + amount * product.reshape(parameters[of].shape)
    return made


@dataclass(frozen=True)
class Adapter:
    """An added style of a trained model.

    Attributes:
        name: of the style.
        code: float32 ``[dim]``, its style vector.
        changes: changes to the generator's parameters.
        record: the record of the style in the glyph store that it was learned from.
        digest: a hash of the adapter's file.
    """

    name: str
    code: Tensor
    changes: Changes
    record: StyleRecord
    digest: str = ""


class AddedStyles(StyleSpec):
    """The trained styles of a model and, by name, the styles that were added to it.

    A vector is the model's own style vector followed by the amount, 0 to 1, of each adapter's changes. ``names`` and
    ``draw`` return the trained styles and their mixtures only, so adding a style does not change them.

    Args:
        base: the trained styles.
        added: names of the added styles.
        load: returns the adapter of an added style, by its name.
    """

    def __init__(self, base: StyleSpec, added: Sequence[str], load: Callable[[str], Adapter]) -> None:
        self._base, self._added, self._load = base, tuple(added), load

    @property
    def names(self) -> tuple[str, ...]:
        """The trained styles."""
        return self._base.names

    def pick(self, names: Sequence[str]) -> list[DrawnStyle]:
        """Return the named styles, trained or added."""
        return [self._picked(name) for name in names]

    def _picked(self, name: str) -> DrawnStyle:
        known = self._base.names
        if name not in known and name not in self._added:
            raise UsageError(f"unknown style '{name}'", nearest(name, [*known, *self._added]))
        amounts = torch.zeros(len(self._added))
        if name in known:
            (style,) = self._base.pick([name])
            return DrawnStyle(name, torch.cat([style.vector, amounts]), style.weights, style.fresh)
        amounts[self._added.index(name)] = 1.0
        return DrawnStyle(name, torch.cat([self._load(name).code, amounts]), {name: 1.0})

    def draw(self, count: int, seed: int) -> list[DrawnStyle]:
        """Return trained styles and mixtures of them."""
        return self._base.draw(count, seed)

    def find(self, names: Sequence[str], seed: int) -> list[DrawnStyle]:
        """Return styles by name; see ``StyleSpec.find``. Vectors of trained styles are padded to the longest one."""
        found = super().find(names, seed)
        longest = max((len(style.vector) for style in found), default=0)
        return [
            replace(style, vector=nn.functional.pad(style.vector, (0, longest - len(style.vector)))) for style in found
        ]


class Adapted(Generator):
    """A trained model and the styles that were added to it.

    The samples of one call of ``generate`` may have different styles. Samples that need the same weights pass
    through the network together.

    Args:
        base: the trained model, in evaluation mode and on its device.
        added: names of the added styles.
        load: returns the adapter of an added style, by its name; called once for each style that is used.
    """

    def __init__(self, base: Model, added: Sequence[str], load: Callable[[str], Adapter]) -> None:
        self._base, self._added = base, tuple(added)
        self._load = functools.cache(load)
        self._merged = functools.lru_cache(_KEPT)(self._merge)
        self._picked: dict[str, Adapter] = {}
        self._dim = len(base.style_spec.pick(base.style_spec.names[:1])[0].vector)

    @property
    def style_spec(self) -> StyleSpec:
        """The trained styles and the added ones."""
        return AddedStyles(self._base.style_spec, self._added, self.adapter)

    def adapter(self, name: str) -> Adapter:
        """Return the adapter of an added style."""
        self._picked[name] = self._load(name)
        return self._picked[name]

    @property
    def records(self) -> list[StyleRecord]:
        """Records of the added styles that were used so far."""
        return [adapter.record for adapter in self._picked.values()]

    def generate(self, content: Any, style: Tensor) -> Tensor:
        """Draw ``content`` in the styles ``[B, dim]``, or ``[B, dim + added]``."""
        code, amounts = style[:, : self._dim], style[:, self._dim :]
        if not amounts.any():
            return self._base.generate(content, code)
        kinds, of = torch.unique(amounts, dim=0, return_inverse=True)
        parts, rows = [], []
        for number, kind in enumerate(kinds.tolist()):
            here = torch.nonzero(of == number)[:, 0]
            some = content[here].contiguous(memory_format=torch.channels_last)
            parts.append(self._merged(tuple(kind)).generate(some, code[here]))
            rows.append(here)
        return torch.cat(parts)[torch.cat(rows).argsort()]

    def _merge(self, amounts: tuple[float, ...]) -> Model:
        """Return the model with the given amount of each adapter's changes added to its weights."""
        if not any(amounts):
            return self._base
        model = copy.copy(self._base)
        model._modules = dict(self._base._modules)  # the copy shares everything, and only its generator is to differ
        model.generator = copy.deepcopy(self._base.generator)
        mine = dict(model.generator.named_parameters())
        with torch.no_grad():
            for name, amount in zip(self._added, amounts, strict=True):
                for key, value in apply_changes(mine, self.adapter(name).changes, amount).items() if amount else ():
                    mine[key].copy_(value)
        return model

    def describe(self, style: DrawnStyle) -> dict[str, Any]:
        """Return the digest of the adapter that draws a style; nothing for a trained style."""
        added = self._picked.get(style.name)
        return {"adapter": added.digest} if added else {}
