"""Many forms under the pen: the strokes of characters as each of many fonts has them, beside the standard's.

A writer is 29 numbers of the pen and one font's forms. What a batch writes may come from as many fonts as it has
rows: ``Forms.pick`` gathers their strokes into one table, in which every drawing is an entry.

    forms = Forms.open(fonts, "永和九年")      # nothing is traced yet
    forms.prepare()                            # traces what no earlier run has traced
    font = forms.choose(writer)                # writer: uint64 [n], keys of the writers
    picked = forms.pick(characters, font, writer, hand["cursiveness"])
    images = draw(write(picked.table, np.arange(n), hand, sample, 1.0), hand, pens, sample, 64)
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgen.errors import UsageError
from handgen.files import sha256
from handgen.fonts.catalog import CAPITALS
from handgen.fonts.face import FontRef, describe
from handgen.fonts.find import kind_of, known_license
from handgen.hands import legible
from handgen.seeds import keys, uniforms_of
from handgen.strokes.allographs import ALLOGRAPH_LICENSE, Allographs, allographs_digest, extent
from handgen.strokes.base import StrokeTable
from handgen.strokes.components import find_components
from handgen.strokes.hands import ShippedHand, open_hands
from handgen.strokes.haste import hastened
from handgen.strokes.kept import VERSION, Job, Progress, all_forms
from handgen.strokes.library import HANZI, KANJIVG, digest, find_strokes
from handgen.strokes.motion import IDEOGRAPHIC, lengths_of
from handgen.strokes.running import PARTS, Running, apply
from handgen.strokes.tracing import ABSENT, REGISTERED, REJECTED, TRACED, FontForms, decoded, own_shares, standard_forms

STANDARD = "standard"
RUNNING = "running"
"""The kind of fonts in running hand."""
_NEAT, _HARD = 92.5, 90.0
"""Least % that is read of a hand that people have who write neatly; and of one that is lent to others: see
``hands.legible``."""
_MIX = 0x6D69
"""Sets the keys of choices apart from others of a writer."""


@dataclass(frozen=True)
class Picked:
    """The strokes of some drawings.

    Attributes:
        table: entry i holds drawing i.
        hand: int64 ``[n]``, whose forms they are, rows of ``Forms.hands``.
        running: of each drawing, its running forms: ``口:1/3`` is a 口 of one stroke instead of three.
        allograph: int64 ``[n]``, the number of its allograph among those of the character, from 1; 0 = none.
    """

    table: StrokeTable
    hand: NDArray[np.int64]
    running: tuple[tuple[str, ...], ...]
    allograph: NDArray[np.int64]


class Forms:
    """Characters in the forms of several fonts. Use ``open``, then ``prepare``.

    Args:
        fonts: the faces, each with a hash of its file.
        asked: the characters, each once.
        standard: their standard strokes; None if there are none.
        parts: standard strokes of components, which running forms are for; None = no running forms.
        running: the fonts that components take running forms from, each with a hash of its file.
        shipped: hands that come with handgen, each with the file that has it.
    """

    def __init__(
        self,
        fonts: Mapping[FontRef, str],
        asked: str,
        standard: StrokeTable | None,
        parts: StrokeTable | None = None,
        running: Mapping[FontRef, str] | None = None,
        shipped: Sequence[ShippedHand] = (),
    ) -> None:
        self._fonts, self._asked, self._standard = dict(fonts), asked, standard
        self._parts, self._running_fonts = parts, dict(running or {})
        self._shipped = tuple(shipped)
        self._running: Running | None = None
        self._allographs: Allographs | None = None
        self._digest = digest(standard) if standard else ""
        slugs = [ref.style_name for ref in fonts] + [hand.name for _, hand in shipped]
        named = [s if slugs.count(s) == 1 else f"{s}-{n}" for n, s in enumerate(slugs)]
        self.hands: tuple[str, ...] = ((STANDARD,) if standard else ()) + tuple(named)
        self._tables: list[FontForms] = []  # of each hand; then the allographs, if there are any
        self._own: list[NDArray[np.float32]] = []
        self.chars = ""
        self._place = np.empty(0, np.int64)
        self.has: NDArray[np.bool_] = np.zeros((0, 0), bool)
        self._extents: NDArray[np.float32] = np.zeros((0, 0), np.float32)

    @classmethod
    def open(
        cls,
        fonts: Sequence[FontRef],
        chars: str,
        order: tuple[str, ...] = (HANZI, KANJIVG),
        running: Sequence[FontRef] = (),
        shipped: Sequence[ShippedHand] = (),
    ) -> Forms:
        """Look for standard strokes; nothing is traced yet.

        Args:
            fonts: whose forms are traced; may be empty.
            chars: what is to be written.
            order: sources of standard strokes, names of ``library.ORDER`` without ``trace``.
            running: running hands whose components writers may own; rules know some without any font.
            shipped: hands that were traced before, and come with handgen.

        Raises:
            UsageError: there are neither fonts nor hands nor standard strokes of any of the characters.
            HandgenError: stroke data is damaged, or a font cannot be read.
        """
        asked = "".join(dict.fromkeys(chars))
        standard: StrokeTable | None = None
        try:
            standard = find_strokes(asked, order).table if order else None
        except UsageError:
            if not fonts and not shipped:
                raise
        parts = find_strokes(PARTS, (HANZI,)).table if standard and HANZI in standard.sources else None
        hashed = ({ref: sha256(ref.path) for ref in dict.fromkeys(some)} for some in (fonts, running))
        return cls(next(hashed), asked, standard, parts, next(hashed), shipped)

    def prepare(self, progress: Progress | None = None, workers: int = 1) -> None:
        """Trace what is not in the cache, and make the tables ready; a second call does nothing.

        Args:
            progress: is told a font's name, how many are done, and how many there are.
            workers: processes that trace fonts side by side.

        Raises:
            FontError: a font cannot be opened, or crashes what traces it.
            UsageError: nothing draws any of the characters.
        """
        if self._tables:
            return
        jobs = [Job(ref, font_hash, self._asked, self._standard) for ref, font_hash in self._fonts.items()]
        if self._parts:
            some = self._running_fonts.items()
            jobs += [Job(ref, font_hash, self._parts.chars, self._parts) for ref, font_hash in some]
        traced = all_forms(jobs, workers, progress)
        tables = [standard_forms(self._standard, self._asked)] if self._standard else []
        tables += traced[: len(self._fonts)]
        tables += [open_hands(file).forms(hand, self._asked) for file, hand in self._shipped]
        ways = np.array([table.way for table in tables], np.uint8).reshape(-1, len(self._asked))
        has = ways >= REGISTERED
        drawn = np.flatnonzero(has.any(0))
        if not len(drawn):
            raise UsageError(
                f"none of the {len(self._asked):,} characters could be traced",
                "Name other fonts, or get strokes with 'handgen fonts fetch strokes kanjivg'.",
            )
        self._place, self.has = drawn, has[:, drawn]
        self.chars = "".join(self._asked[i] for i in drawn)
        if self._shipped:
            self._allographs = Allographs.of(self.chars)
            self._extents = _extents(tables, drawn, self._allographs)
            tables.append(self._allographs.forms)
        self._own = [np.repeat(own_shares(table), np.diff(table.first)) for table in tables]
        if self._parts and self._standard:
            strokes = {part: self._parts.strokes(part) for part in self._parts.chars}
            counts = {part: len(some) for part, some in strokes.items()}
            fonts = zip((ref.style_name for ref in self._running_fonts), traced[len(self._fonts) :], strict=True)
            self._running = Running(find_components(self._standard, strokes), counts, dict(fonts))
        self._tables = tables

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what the cache has: other processes read it there."""
        names = ("_fonts", "_asked", "_standard", "_parts", "_running_fonts", "_shipped")
        return {name.lstrip("_"): getattr(self, name) for name in names} | {"ready": bool(self._tables)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        ready = state.pop("ready")
        self.__init__(**{name.replace("running_fonts", "running"): value for name, value in state.items()})  # type: ignore[misc]
        if ready:
            self.prepare()

    @functools.cached_property
    def wild(self) -> NDArray[np.bool_]:
        """Of each of ``hands``, whether it is a running hand or hard to read."""
        running = [False] if self._standard else []
        running += [ref in self._running_fonts for ref in self._fonts]
        running += [hand.kind == RUNNING for _, hand in self._shipped]
        return np.array(running, np.bool_) | (self._read < _HARD)

    @functools.cached_property
    def tidy(self) -> NDArray[np.bool_]:
        """Of each of ``hands``, whether people write so who write neatly."""
        return ~self.wild & (self._read >= _NEAT)

    @functools.cached_property
    def _read(self) -> NDArray[np.float64]:
        """How much is read of each of ``hands``, in %; 100 where that is not known."""
        known = legible()
        return np.array([known.get(name, 100.0) for name in self.hands])

    @functools.cached_property
    def capitals(self) -> NDArray[np.bool_]:
        """Of each of ``hands``, whether its small letters are capitals."""
        known = [False] * bool(self._standard) + [kind_of(ref) == CAPITALS for ref in self._fonts]
        return np.array(known + [hand.kind == CAPITALS for _, hand in self._shipped])

    @functools.cached_property
    def _wide(self) -> NDArray[np.bool_]:
        """Of each of ``chars``, whether it is Chinese or Japanese."""
        return np.array([*map(ord, self.chars)]) >= IDEOGRAPHIC

    @property
    def skipped(self) -> dict[str, str]:
        """Reason -> characters that nobody draws."""
        drawn = set(self.chars)
        lacking = "".join(char for char in self._asked if char not in drawn)
        return {"neither strokes of it nor a font whose glyph can be traced": lacking} if lacking else {}

    @property
    def digest(self) -> str:
        """A hash of what decides the forms: fonts, stroke data, characters, and the version of tracing."""
        parts = [str(VERSION), self._digest, self._asked]
        for fonts in (self._fonts, self._running_fonts):
            parts += [f"{font_hash}#{ref.face}@{ref.instance}" for ref, font_hash in fonts.items()] + ["/"]
        parts += [f"{open_hands(file).digest}#{hand.name}" for file, hand in self._shipped]
        parts += [allographs_digest(), str(legible())] if self._shipped else []
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

    @property
    def licenses(self) -> dict[str, str]:
        """Name of a source of strokes -> license and provenance, as far as known."""
        made = dict(self._standard.licenses) if self._standard else {}
        for ref in (*self._fonts, *self._running_fonts):
            info = describe(ref.path)[ref.face]
            made[ref.style_name] = f"{known_license(info.license, info.family, ref.style_name)}, {info.family}"
        made |= {hand.name: f"{hand.license}, {hand.family}" for _, hand in self._shipped}
        if self._allographs is not None and len(self._allographs.extents):
            made["allographs"] = f"{ALLOGRAPH_LICENSE}, handgen"
        return made

    def report(self) -> list[str]:
        """Return what a user should know: what was traced of each font, how, and what was not."""
        lines = []
        for name, table in zip(self.hands, self._tables, strict=False):
            if name == STANDARD:
                continue
            ways = Counter(table.way.tolist())
            drawn = len(table.chars) - ways[ABSENT]
            bad = (
                f", {ways[REJECTED]:,} not used, as what was traced is not what the font draws"
                if ways[REJECTED]
                else ""
            )
            lines.append(
                f"{name}: {ways[REGISTERED] + ways[TRACED]:,} of {drawn:,} glyphs traced"
                f" ({ways[REGISTERED]:,} stroke by stroke, {ways[TRACED]:,} by their centerlines{bad})"
            )
        return lines

    def choose(self, key: NDArray[np.uint64], weights: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
        """Return the hand of each writer, rows of ``hands``.

        Args:
            key: uint64 ``[n]``, of the writers.
            weights: ``[hands]``, or ``[n, hands]``; every hand is as likely by default.
        """
        share = np.ones(len(self.hands)) if weights is None else weights
        below = np.atleast_2d(np.cumsum(share, -1) / np.sum(share, -1, keepdims=True))
        luck = uniforms_of(keys(key, _MIX), 1)
        return np.asarray((luck >= below[:, :-1]).sum(1), np.int64)

    def pick(
        self,
        characters: NDArray[np.int64],
        hand: NDArray[np.int64],
        key: NDArray[np.uint64],
        cursiveness: NDArray[np.floating] | None = None,
        *,
        allographs: bool = False,
    ) -> Picked:
        """Return the strokes of drawings.

        A character that a hand does not have is written as another has it, or the standard. All
        that is chosen follows from the writer.

        Args:
            characters: int64 ``[n]``, indexes in ``chars``.
            hand: int64 ``[n]``, rows of ``hands``.
            key: uint64 ``[n]``, of the writers.
            cursiveness: ``[n]``, of the writers; None = no running forms.
            allographs: letters may have other forms than the hand's, if hands that come with handgen are among them.
        """
        hand = self._instead(characters, hand, key, None if cursiveness is None else cursiveness == 0)
        row = self._place[characters]
        form = np.full(len(row), -1)
        if allographs and self._allographs is not None:
            form = self._allographs.choose(characters, key)
        table, row = np.where(form < 0, hand, len(self._tables) - 1), np.where(form < 0, row, form)
        start, stop, able = np.zeros(len(row), np.int64), np.zeros(len(row), np.int64), np.zeros(len(row), bool)
        for number in np.unique(table):
            some, forms = np.flatnonzero(table == number), self._tables[number]
            start[some], stop[some] = forms.first[row[some]], forms.first[row[some] + 1]
            able[some] = forms.way[row[some]] == REGISTERED
        points, held, own = self._gathered(table, start, stop)
        of = np.arange(len(row)).repeat(stop - start)
        if cursiveness is not None:
            haste = np.where(self._wide[characters] & ~self.wild[hand], cursiveness, 0)
            points, held, own = hastened((points, held, own), of, haste[of] * (own == 1), form[of] >= 0)
        numbers = np.zeros(len(row), np.int64)
        if self._allographs is not None and (form >= 0).any():
            own_extent = self._extents[hand, characters]
            points = self._allographs.sized(points, form[of], characters[of], own_extent[of])
            numbers = self._allographs.number(characters, form)
        chars = "".join(self.chars[i] for i in characters)
        ends = np.concatenate([[0], np.cumsum(stop - start)]).astype(np.int64)
        codes = np.array([ord(char) for char in chars], np.uint64)
        gathered = StrokeTable(chars, points, lengths_of(points).sum(1), ends, codes, held=held, own=own)
        if cursiveness is None or self._running is None:
            return Picked(gathered, hand, ((),) * len(row), numbers)
        choices = self._running.choose(chars, able, key, cursiveness)
        notes: list[list[str]] = [[] for _ in row]
        for choice in choices:
            notes[choice.drawing].append(choice.note)
        return Picked(apply(gathered, choices), hand, tuple(map(tuple, notes)), numbers)

    def _instead(
        self,
        characters: NDArray[np.int64],
        hand: NDArray[np.int64],
        key: NDArray[np.uint64],
        neat: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.int64]:
        """Return hands that have their characters: the wanted ones, or the first that has it in the writer's order.

        So what one font lacks a writer takes from one other, as far as that has it; and from a wild hand, where the
        own is none, and where a writer is ``neat`` (``[n]``) from one that is not tidy, only what no other has.
        """
        lacking = np.flatnonzero(~self.has[hand, characters])
        if not len(lacking):
            return hand
        order = uniforms_of(keys(key[lacking], _MIX, 1), len(self.hands))
        order += self.wild & ~self.wild[hand[lacking], None]
        if neat is not None:
            order += ~self.tidy & neat[lacking, None]
        made = hand.copy()
        made[lacking] = np.where(self.has[:, characters[lacking]].T, order, 3.0).argmin(1)
        return made

    def _gathered(
        self, table: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
        """Return the strokes ``start`` to ``stop`` of tables, one run after the other: points, held and own."""
        counts = stop - start
        of = np.repeat(table, counts)
        rows = np.repeat(start - np.cumsum(counts) + counts, counts) + np.arange(len(of))
        points = np.empty((len(of), *self._tables[0].points.shape[1:]), np.float32)
        held, own = np.empty(len(of), np.uint8), np.empty(len(of), np.float32)
        for number in np.unique(of):
            some = np.flatnonzero(of == number)
            points[some] = decoded(self._tables[number].points[rows[some]])
            held[some], own[some] = self._tables[number].held[rows[some]], self._own[number][rows[some]]
        return points, held, own


def _extents(tables: Sequence[FontForms], rows: NDArray[np.int64], allographs: Allographs) -> NDArray[np.float32]:
    """Return the extent of each hand's form of the characters that have allographs, or 0.

    Args:
        tables: of the hands.
        rows: of the characters in these.
        allographs: of the characters.

    Returns:
        ``[hands, chars]``, in sides of the square.
    """
    made = np.zeros((len(tables), len(rows)), np.float32)
    for at in np.flatnonzero(np.diff(allographs.first)):
        for number, table in enumerate(tables):
            start, stop = table.first[rows[at] : rows[at] + 2]
            if stop > start:
                made[number, at] = extent(chr(allographs.codes[at]), decoded(table.points[start:stop]))
    return made
