"""Training data: rows of a glyph store, split into training and held-out glyphs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handgen.errors import StoreError, UsageError
from handgen.glyphs.store import GlyphStore, to_unit
from handgen.models.base import Batch, Model, Needs, TrainingGlyphs
from handgen.registry import nearest
from handgen.seeds import generator, uniforms

_REMEDY = "Make one with 'handgen render --font SOURCE --target HAND', or add a store that has it with --data."
_ON_DEVICE = 0.4
"""A store is copied to a GPU if it takes at most this share of the free memory."""
_BLOCK = 65_536
"""Images that are copied to a GPU at a time."""
_SOURCE_ORDER = 1 << 20
"""Key of the order of source glyphs; below it are the numbers of styles, whose glyphs have orders of their own."""


@dataclass(frozen=True)
class Split:
    """Which glyphs are for training and which are held out to measure on.

    Attributes:
        train: the training characters.
        held_out: the held-out characters.
        pairs: held-out pairs of a character and a style's name. The character is in training in other styles.
    """

    train: str
    held_out: str
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def holds_out(self) -> bool:
        """Whether there is anything to measure on."""
        return bool(self.held_out or self.pairs)


def split_store(
    store: GlyphStore,
    needs: Needs,
    share: float,
    seed: int,
    *,
    by: str = "characters",
    seen: str = "",
    held: str = "",
) -> Split:
    """Split the glyphs that a model can learn from into training and held-out ones.

    Only characters that source and targets both have are held out: at least one, unless ``share`` is 0 or there is
    only one. With ``by="pairs"``, single glyphs of the targets are held out instead. The choice depends on the
    store's characters and styles, the share, the seed, ``seen`` and ``held`` alone. A model that needs no source holds
    out nothing.

    Args:
        store: the glyph store.
        needs: as ``Model.needs``.
        share: the share to hold out, 0 to below 1.
        seed: the seed of the run.
        by: "characters" or "pairs".
        seen: characters that the first weights were trained on (``--from``). They are held out only if there are not
            enough others.
        held: characters that the first weights held out. They are held out before others, so that both can be measured
            on them, and what is new to the store is learned.

    Raises:
        StoreError: the store has no source or no target, or they share no character.
    """
    of_source, of_targets = (_characters(store, numbers) for numbers in (store.sources[:1], store.targets))
    if needs == "glyphs":
        return Split("".join(sorted(of_targets or of_source)), "")
    if not store.sources or not store.targets:
        missing = "target" if store.sources else "source"
        raise StoreError(f"the glyph store {store.path} has no {missing} style", _REMEDY)
    common = sorted(of_source & of_targets)
    if needs == "pairs" and not common:
        raise StoreError(f"source and targets of the glyph store {store.path} have no character in common", _REMEDY)
    everything = set(common) if needs == "pairs" else of_source | of_targets
    if by == "pairs":
        return Split("".join(sorted(everything)), "", _held_out_pairs(store, set(common), share, seed))
    count = min(len(common) - 1, max(1, round(len(common) * share))) if share and common else 0
    order = [common[i] for i in generator(seed, "split").permutation(len(common))]
    apart = sorted(sorted(order, key=lambda char: (char not in held, char in seen))[:count])
    return Split("".join(sorted(everything - set(apart))), "".join(apart))


def _characters(store: GlyphStore, styles: Sequence[int]) -> set[str]:
    return {str(char) for char in store.labels["char"][np.isin(store.labels["style"], styles)]}


def _held_out_pairs(store: GlyphStore, chars: set[str], share: float, seed: int) -> tuple[tuple[str, str], ...]:
    known = {(str(c), int(s)) for c, s in zip(store.labels["char"], store.labels["style"], strict=True)}
    targets = set(store.targets)
    pairs = sorted((char, store.styles[style].name) for char, style in known if style in targets and char in chars)
    count = min(len(pairs) - 1, max(1, round(len(pairs) * share))) if share else 0
    return tuple(pairs[i] for i in sorted(generator(seed, "split", "pairs").permutation(len(pairs))[:count]))


def style_names(
    name: str, kind: type[Model], store: GlyphStore, known: Sequence[str], only: Sequence[str]
) -> tuple[str, ...]:
    """Return the styles of a model: those of its first weights, then the other targets of the store.

    Args:
        name: of the model.
        kind: its class.
        store: the glyph store.
        known: the styles that the first weights were trained on (``--from``).
        only: the styles of ``--finetune-styles``; empty = all.

    Raises:
        UsageError: the model draws one style, and there are several.
    """
    here = [store.styles[number].name for number in store.targets or store.sources]
    chosen = list(only) or here
    if kind.needs == "domains":  # the chosen styles together are one domain
        return tuple(chosen)
    if not kind.one_style:
        return (*known, *(each for each in here if each not in known))
    if len(chosen) > 1:
        raise UsageError(
            f"{name} draws one style and the glyph store {store.path} has {len(chosen)}",
            f"Name one with --finetune-styles, e.g. {chosen[0]}; zi2zi draws them all.",
        )
    return tuple(chosen)


class Glyphs:
    """Glyphs of the target styles, for models that need no source.

    Args:
        store: the glyph store.
        split: training and held-out glyphs.
        styles: names of the styles, in the model's order.
        only: use these styles alone; empty = all of ``styles``.
        held_out: use the held-out glyphs instead of the training glyphs.
        balanced: show every style equally often, however many glyphs it has.
        charset: the model's characters, in order; empty = the training characters of the split.
        disjoint: use no character in both source and targets; for ``Domains`` only.

    Attributes:
        target: int64 ``[n]``, rows of the store.
        style: int64 ``[n]``, the style of each, as an index of ``styles``.
        char: int64 ``[n]``, the character of each, as an index of ``charset``; -1 = not in it.

    Raises:
        UsageError: a style is not in the store; ``disjoint`` for a model of pairs or of glyphs alone.
        StoreError: there is no glyph to use.
    """

    def __init__(
        self,
        store: GlyphStore,
        split: Split,
        styles: Sequence[str],
        only: Sequence[str] = (),
        *,
        held_out: bool = False,
        balanced: bool = False,
        charset: str = "",
        disjoint: bool = False,
    ) -> None:
        names = [style.name for style in store.styles]
        for name in only:
            if name not in styles or name not in names:
                known = [names[number] for number in store.targets or store.sources]
                raise UsageError(f"the glyph store {store.path} has no target style '{name}'", nearest(name, known))
        self._store = store
        self._images: Tensor | None = None
        self._balanced, self._disjoint = balanced, disjoint
        chars = split.held_out if held_out and not split.pairs else split.train
        wanted = self._usable(set(chars))
        apart = set(split.pairs)
        number_of = {char: number for number, char in enumerate(charset or split.train)}
        targets: list[int] = []
        numbers: list[int] = []
        for number, name in enumerate(styles):
            if name not in names or (only and name not in only):
                continue
            for row in store.rows(names.index(name)):
                char = str(store.labels["char"][row])
                if char in wanted and ((char, name) in apart) == (held_out and bool(apart)):
                    targets.append(int(row))
                    numbers.append(number)
        if not targets:
            raise StoreError(f"the glyph store {store.path} has nothing for this run", "Render more characters.")
        self.target = np.array(targets, np.int64)
        self.style = np.array(numbers, np.int64)
        self.char = np.array([number_of.get(str(c), -1) for c in store.labels["char"][self.target]], np.int64)
        self._codes = np.array([ord(str(c)[0]) for c in store.labels["char"][self.target]], np.int64)
        self._rows_of = [np.flatnonzero(self.style == number) for number in np.unique(self.style)]
        self._order = functools.lru_cache(max(2, 2 * len(self._rows_of)))(self._shuffled)

    def _usable(self, chars: set[str]) -> set[str]:
        """Return those of ``chars`` whose target glyphs can be used."""
        if self._disjoint:
            raise UsageError("--disjoint is for models that learn without pairs, such as cyclegan", "Leave it out.")
        return chars

    def __len__(self) -> int:
        return len(self.target)

    def keep_on(self, device: torch.device) -> None:
        """Copy all images of the store to a GPU, if there is enough memory."""
        if device.type == "cuda" and self._store.images.nbytes < _ON_DEVICE * torch.cuda.mem_get_info(device)[0]:
            images = torch.empty(self._store.images.shape, dtype=torch.uint8, device=device)
            for first in range(0, len(images), _BLOCK):  # in blocks, so that main memory need not hold all of it
                some = slice(first, first + _BLOCK)
                images[some] = torch.from_numpy(np.array(self._store.images[some]))
            self._images = images

    def batch(self, which: NDArray[np.int64], device: torch.device, noise: Tensor, mix: Tensor | None = None) -> Batch:
        """Return a batch.

        Args:
            which: int64 ``[B]``, numbers of glyphs, as ``numbers`` returns them.
            device: where to put it.
            noise: as ``Batch.noise``.
            mix: as ``Batch.mix``; zeros by default.
        """
        source, target = self._rows(which)
        row = which % len(self)
        shown = self._load(target, device)
        content = shown if source is target else self._load(source, device)
        style, char = (torch.from_numpy(numbers[row]).to(device) for numbers in (self.style, self.char))
        mix = torch.zeros(len(which)) if mix is None else mix
        code, number = (torch.from_numpy(each).to(device) for each in (self._codes[row], row))
        return Batch(content, shown, style, char, noise.to(device), mix.to(device), code, number)

    def everything(self, folder: Path) -> TrainingGlyphs:
        """Return all glyphs, for a run in ``folder``."""
        chars = [str(char) for char in self._store.labels["char"][self.target]]
        return TrainingGlyphs(
            chars,
            self.style,
            lambda rows: np.asarray(self._store.images[self.target[rows]]),
            self._store.fingerprint(),
            folder,
        )

    def _rows(self, which: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows of the store with content and target of the glyphs numbered ``which``."""
        target = self.target[which]
        return target, target

    def _load(self, rows: NDArray[np.int64], device: torch.device) -> Tensor:
        if self._images is not None:
            pixels = self._images[torch.from_numpy(rows).to(device)]
        else:
            pixels = torch.from_numpy(self._store.images[rows]).to(device)
        return to_unit(pixels)[:, None].contiguous(memory_format=torch.channels_last)

    def numbers(self, first: int, count: int, seed: int) -> NDArray[np.int64]:
        """Return the glyphs that a run shows as its images ``first`` to ``first + count`` - 1.

        In each pass over the data every glyph comes once, in a new random order; with balanced styles, in each pass
        over the glyphs of its style. The glyph at a position depends on the seed and the position alone, so a resumed
        run sees the same glyphs.
        """
        positions = np.arange(first, first + count)
        if not self._balanced:
            return self._from(np.arange(len(self)), -1, positions, seed)
        which = np.empty(count, np.int64)
        for number, rows in enumerate(self._rows_of):
            here = positions % len(self._rows_of) == number
            which[here] = self._from(rows, number, positions[here] // len(self._rows_of), seed)
        return which

    def _from(self, rows: NDArray[np.int64], group: int, positions: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        which = np.empty(len(positions), np.int64)
        for turn in np.unique(positions // len(rows)):
            here = positions // len(rows) == turn
            which[here] = rows[self._order(seed, group, int(turn), len(rows))[positions[here] % len(rows)]]
        return which

    def _shuffled(self, seed: int, group: int, turn: int, count: int) -> NDArray[np.int64]:
        group_key = () if group < 0 else (group,)  # -1 = all glyphs
        return generator(seed, "pass", *group_key, turn).permutation(count)

    def sample(self, per_style: int, seed: int) -> NDArray[np.int64]:
        """Return a fixed choice of up to ``per_style`` glyphs of each style."""
        chosen = []
        for number in np.unique(self.style):
            rows = np.flatnonzero(self.style == number)
            chosen.append(generator(seed, "sample", int(number)).permutation(rows)[:per_style])
        return np.concatenate(chosen)


class Pairs(Glyphs):
    """Pairs of a source glyph and a target glyph of the same character.

    The source may have several samples of a character. A pair has the number ``sample * len(self) + target``. So the
    numbers below ``len(self)`` are pairs with the first sample, the glyph as the font has it.
    """

    def _usable(self, chars: set[str]) -> set[str]:
        labels, drawings = self._store.labels, dict[str, dict[int, int]]()
        for row in self._store.rows(self._store.sources[0]):
            drawings.setdefault(str(labels["char"][row]), {}).setdefault(int(labels["sample"][row]), int(row))
        self._sources_of = {char: [rows[sample] for sample in sorted(rows)] for char, rows in drawings.items()}
        self._drawings = max(map(len, self._sources_of.values()), default=1)
        return super()._usable(chars) & self._sources_of.keys()

    def _rows(self, which: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        drawing, row = np.divmod(which, len(self))
        target = self.target[row]
        rows = (self._sources_of[str(char)] for char in self._store.labels["char"][target])
        source = [some[number % len(some)] for some, number in zip(rows, drawing.tolist(), strict=True)]
        return np.array(source, np.int64), target

    def numbers(self, first: int, count: int, seed: int) -> NDArray[np.int64]:
        """Return the numbers of images ``first`` to ``first + count`` of a run, as ``Glyphs`` does."""
        target = super().numbers(first, count, seed)
        if self._drawings == 1:
            return target
        luck = uniforms(seed, "drawing", np.arange(first, first + count), 1)[:, 0]
        return (luck * self._drawings).astype(np.int64) * len(self) + target


class Domains(Glyphs):
    """Source glyphs and target glyphs of unrelated characters.

    The number of a source and a target is ``shift * len(self) + target``: the source glyph is the one ``shift`` rows
    after row ``target`` (modulo the number of source glyphs).

    With ``disjoint``, the characters that source and targets have in common are divided: one half is used from the
    source, the other from the targets. Then nothing can be learned from pairs.
    """

    def _usable(self, chars: set[str]) -> set[str]:
        rows = self._store.rows(self._store.sources[0])
        of_source, of_targets = chars, chars
        if self._disjoint:
            of_source, of_targets = self._parted(chars)
        self.source = np.array([row for row in rows if str(self._store.labels["char"][row]) in of_source], np.int64)
        if not len(self.source):
            raise StoreError(f"the source of the glyph store {self._store.path} has nothing for this run", _REMEDY)
        return of_targets

    def _parted(self, chars: set[str]) -> tuple[set[str], set[str]]:
        """Return the characters to use from the source and those to use from the targets; the same in every run."""
        here, there = (_characters(self._store, numbers) for numbers in (self._store.sources[:1], self._store.targets))
        both = sorted(chars & here & there)
        order = [both[i] for i in generator(0, "disjoint").permutation(len(both))]
        half = -(-len(order) // 2)
        return chars - set(order[half:]), chars - set(order[:half])

    def _rows(self, which: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        shift, target = np.divmod(which, len(self))
        return self.source[(target + shift) % len(self.source)], self.target[target]

    def numbers(self, first: int, count: int, seed: int) -> NDArray[np.int64]:
        """Return the numbers of images ``first`` to ``first + count`` of a run, as ``Glyphs`` does."""
        positions = np.arange(first, first + count)
        target = super().numbers(first, count, seed)
        source = self._from(np.arange(len(self.source)), _SOURCE_ORDER, positions, seed)
        return (source - target) % len(self.source) * len(self) + target


DATA: dict[Needs, type[Glyphs]] = {"pairs": Pairs, "domains": Domains, "glyphs": Glyphs}
"""The class of training data for each value of ``Model.needs``."""
