"""Adapters: small changes to a trained generator's weights, by which it draws one more style.

The weight of a convolution or of a linear layer, taken as a matrix, gets a product of two narrow
ones added: LoRA (Hu et al. 2021, equation 3). Biases, and the scales of normalizations, get an
offset. All goes by the names of parameters, so any generator whose second input is a style vector
can be adapted, whatever its layers.
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
"""Parts of a generator that no adapter changes: what is seen in the source stays what it was."""
_OFFSET, _UP, _DOWN = "offset.", "up.", "down."
_KEPT = 16
"""Generators with adapters merged in that are kept for later; each is as large as the base's."""

Changes = Mapping[str, Tensor]
"""What is added to parameters: ``offset.NAME`` of a parameter's shape, or the matrices ``up.NAME``
``[rows, rank]`` and ``down.NAME`` ``[rank, columns]``, whose product is reshaped to it."""


def init_changes(generator: nn.Module, rank: int, frozen: Sequence[str] = FROZEN) -> dict[str, Tensor]:
    """Return changes to learn; as they are, they change nothing.

    Args:
        generator: the network to change.
        rank: of the products; 0 = an offset for every parameter, which is plain fine-tuning.
        frozen: prefixes of the names of parameters that stay.
    """
    made: dict[str, Tensor] = {}
    for name, parameter in generator.named_parameters():
        if name.startswith(tuple(frozen)):
            continue
        rows = len(parameter) if parameter.ndim > 1 else 1
        columns = parameter.numel() // rows
        if rank and rank * (rows + columns) < parameter.numel():
            # As the paper has it: one factor random, the other zero.
            made[_DOWN + name] = torch.randn(rank, columns, device=parameter.device) / columns**0.5
            made[_UP + name] = torch.zeros(rows, rank, device=parameter.device)
        else:
            made[_OFFSET + name] = torch.zeros_like(parameter)
    return made


def apply_changes(parameters: Mapping[str, Tensor], changes: Changes, amount: float = 1.0) -> dict[str, Tensor]:
    """Return the changed ones of ``parameters``, with gradients for ``changes``.

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
    """One more style of a trained model.

    Attributes:
        name: of the style.
        code: float32 ``[dim]``, its style vector.
        changes: to the generator's parameters.
        record: of the style.
        digest: tells it from others.
    """

    name: str
    code: Tensor
    changes: Changes
    record: StyleRecord
    digest: str = ""


class AddedStyles(StyleSpec):
    """The styles that a model was trained on, and by name those that were added.

    A vector of these is the model's own and, behind it, how much of each adapter's changes applies.
    Numbers and mixtures stay the trained styles': adding one does not change what ``draw`` returns.

    Args:
        base: the trained styles.
        added: names of the others.
        load: returns the adapter of one of them.
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
        """Return styles by name; see ``StyleSpec.find``. Vectors are of one length, also of what ``draw`` draws."""
        found = super().find(names, seed)
        longest = max((len(style.vector) for style in found), default=0)
        return [
            replace(style, vector=nn.functional.pad(style.vector, (0, longest - len(style.vector)))) for style in found
        ]


class Adapted(Generator):
    """A trained model and the styles that were added to it.

    Samples of one block may be in any of its styles: those that need the same weights pass the
    network together.

    Args:
        base: in evaluation mode, on its device.
        added: names of the styles that were added.
        load: returns the adapter of one of them; asked once for each that is picked.
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
        """Records of the added styles that were picked."""
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
        """Return the model with so much of each adapter's changes in its weights."""
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
        """Return which adapter draws a style, if one does."""
        added = self._picked.get(style.name)
        return {"adapter": added.digest} if added else {}
