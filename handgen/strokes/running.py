"""Running forms: how fast hands write components, and which of these ways a writer owns.

A component has forms by rule (``merges``) and the forms that running fonts give it where it stands alone, traced and
fitted into its box in a character. A writer owns a form of some components, of the more the more cursive the hand is,
and uses it wherever the component occurs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgen.seeds import keys, uniforms_of
from handgen.strokes.base import Book
from handgen.strokes.components import RADICALS, Component
from handgen.strokes.merges import Merge, merged, merges
from handgen.strokes.tracing import REGISTERED, TRACED, FontForms, decoded, in_pieces

PARTS = RADICALS + (
    "口土又大贝木日月王田目尸白立旦才石夕虫山力巾天寸心夫刀小士皿示斤工门主子中酉于页早欠吉兰云古方甘止六亡户西马火尹米自甲由"
    "且昔元可勺各者丰未朽用车材豆而占圭林巴比免耳共吴介生肖矢父开辛内里九兄宁业儿鸟见牛衣分水少直犬今予牙非甫申吕合母文禾令凶气"
    "羽皮歹卓手正平臼有亚旱去包不丙青龙无余亨戈从具其京乃羊午友回鱼召寺次句亥支谷舌言习产死也出玄卒台同双每交区五女电反仑丘末良"
    "单仓至头兑我责韦忌尧乔太吾足走竹糸名"
)
"""Components that occur at least eight times in GB2312 level 1, but for those that are next to nothing."""
_OWNED = 0x72
"""Sets the keys of what a writer owns apart from others."""
_RULE = "rule"
_NARROW, _SHIFT = 0.28, 0.07
"""How much narrower a fast hand makes a component at most, and how far it shifts a roof; in shares of its box."""
_ROOFS = "宀冖艹⺮罒"
_STRETCH = 1.5
"""A form keeps its proportions but for so much."""
_MERGED, _REGISTERED = 0.85, 0.6
"""How much of their shape the strokes of a form keep under the pen."""


@dataclass(frozen=True)
class Form:
    """A running form of a component: by a rule, or a font's.

    Attributes:
        source: ``rule``, or the font's name.
        degree: from 0, all but the standard, to 1.
        merge: the rule, if it is one.
        points: a font's strokes, ``[n, POINTS, 2]``; empty for a rule.
        held: uint8 ``[n]``, see ``Book``.
        own: of all its strokes, likewise.
    """

    source: str
    degree: float
    merge: Merge | None
    points: NDArray[np.float32]
    held: NDArray[np.uint8]
    own: float


@dataclass(frozen=True)
class Choice:
    """A component of one drawing in a running form.

    Attributes:
        drawing: number of the drawing.
        component: where it is.
        form: which form.
        luck: four even numbers from 0 to 1 of the writer and the component: how it is placed.
    """

    drawing: int
    component: Component
    form: Form
    luck: NDArray[np.float64]

    @property
    def note(self) -> str:
        """``口:1/3``: a 口 of one stroke in place of three; ``目:2+/5`` if they are in another order."""
        if self.form.merge is None:
            return f"{self.component.part}:{len(self.form.points)}/{self.component.count}"
        order = [n if n >= 0 else ~n for group in self.form.merge.groups for n in group]
        changed = "+" if order != sorted(order) else ""
        return f"{self.component.part}:{len(self.form.merge.groups)}{changed}/{self.component.count}"


class Running:
    """Which components have which running forms, and where they occur.

    Args:
        where: character -> its components, large ones first.
        counts: component -> how many strokes its standard has.
        fonts: name -> traced forms of components.
    """

    def __init__(
        self, where: Mapping[str, tuple[Component, ...]], counts: Mapping[str, int], fonts: Mapping[str, FontForms]
    ) -> None:
        self._forms = {part: _forms(part, count, fonts) for part, count in counts.items()}
        self._where = {char: tuple(each for each in some if self._forms.get(each.part)) for char, some in where.items()}

    @property
    def forms(self) -> dict[str, tuple[str, ...]]:
        """Component -> the sources of its forms."""
        return {part: tuple(form.source for form in some) for part, some in self._forms.items() if some}

    def choose(
        self,
        chars: str,
        able: NDArray[np.bool_],
        key: NDArray[np.uint64],
        cursiveness: NDArray[np.floating],
    ) -> list[Choice]:
        """Choose what the writers of some drawings own.

        Args:
            chars: of each drawing.
            able: bool ``[n]``, whether its strokes are the standard's, one for one.
            key: uint64 ``[n]``, of the writers.
            cursiveness: ``[n]``.

        Returns:
            In the order of drawings and of strokes; none overlaps another.
        """
        some = [(i, each) for i in np.flatnonzero(able).tolist() for each in self._where.get(chars[i], ())]
        if not some:
            return []
        of = np.array([i for i, _ in some])
        luck = uniforms_of(keys(key[of], np.array([ord(each.part) for _, each in some]), _OWNED), 6)
        wanted = luck[:, 0] < chance(cursiveness[of])
        made: list[Choice] = []
        taken: dict[int, set[int]] = {}
        for row in np.flatnonzero(wanted).tolist():
            drawing, component = some[row]
            strokes = set(range(component.start, component.start + component.count))
            used = taken.setdefault(drawing, set())
            most = 0.3 + 0.8 * float(cursiveness[drawing])
            forms = [form for form in self._forms[component.part] if form.degree <= most]
            if forms and not strokes & used:
                used |= strokes
                form = forms[int(luck[row, 1] * len(forms))]
                made.append(Choice(drawing, component, form, luck[row, 2:]))
        return sorted(made, key=lambda choice: (choice.drawing, choice.component.start))


def chance(cursiveness: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return how likely a hand owns a running form of a component: none in print, of most in a running hand."""
    return 0.95 * np.clip(cursiveness - 0.05, 0, 1) ** 1.1


def apply(book: Book, choices: Sequence[Choice]) -> Book:
    """Return drawings with components in running forms.

    Args:
        book: entry i holds drawing i.
        choices: as ``Running.choose`` returns them.
    """
    if not choices:
        return book
    held = np.zeros(len(book.points), np.uint8) if book.held is None else book.held
    own = np.zeros(len(book.points), np.float32) if book.own is None else book.own
    points, holds, owns = list[NDArray[np.float32]](), list[NDArray[np.uint8]](), list[NDArray[np.float32]]()
    counts = np.diff(book.first)
    done = 0
    for choice in choices:
        start = int(book.first[choice.drawing]) + choice.component.start
        stop = start + choice.component.count
        new, down = _placed(choice, book.points[start:stop])
        points += [book.points[done:start], new]
        holds += [held[done:start], down]
        owns += [own[done:start], np.full(len(new), choice.form.own, np.float32)]
        counts[choice.drawing] += len(new) - choice.component.count
        done = stop
    flat = np.concatenate([*points, book.points[done:]])
    lengths = np.sqrt((np.diff(flat, axis=1) ** 2).sum(2)).sum(1).astype(np.float32)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Book(
        book.chars, flat, lengths, first, book.codes, book.sources, book.licenses,
        np.concatenate([*holds, held[done:]]), np.concatenate([*owns, own[done:]]),
    )  # fmt: skip


def _placed(choice: Choice, strokes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return a component's strokes in its running form, where the strokes ``[n, POINTS, 2]`` are."""
    low, high = strokes.min((0, 1)), strokes.max((0, 1))
    side = np.maximum(high - low, 0.3 * (high - low).max())
    form = choice.form
    if form.merge is not None:
        smooth = (0.05 + 0.08 * float(choice.luck[3])) * float(side.mean())
        lines = [merged(strokes, group, smooth) for group in form.merge.groups]
        points, held = in_pieces(tuple(lines))
        middle = (low + high) / 2
        scale = np.ones(2)
    else:
        points, held = form.points, form.held
        lowest, highest = points.min((0, 1)), points.max((0, 1))
        span = np.maximum(highest - lowest, 0.3 * (highest - lowest).max())
        scale = side / span
        usual = float(np.sqrt(scale.prod()))
        scale = np.clip(scale, usual / np.sqrt(_STRETCH), usual * np.sqrt(_STRETCH))
        scale = scale * min(1.0, float((side / (span * scale)).min()) * 1.15)
        middle = (lowest + highest) / 2
    narrow = np.array([1 - _NARROW * choice.luck[0], 1 - _NARROW / 2 * choice.luck[1]])
    if choice.component.part in _ROOFS:
        narrow[0] = 1.0
    shift = (choice.luck[2] - 0.5) * 2 * _SHIFT * side * [1, 0.4]
    made = (points - middle) * (scale * narrow) + (low + high) / 2 + shift
    return made.astype(np.float32), held


def _forms(part: str, count: int, fonts: Mapping[str, FontForms]) -> tuple[Form, ...]:
    """Return the forms of a component, by rule and by font."""
    nothing = np.empty((0, 2, 2), np.float32), np.empty(0, np.uint8)
    made = [
        Form(_RULE, 0.2 + 0.6 * merge.degree, merge, *nothing, _MERGED)
        for merge in merges().get(part, ())
        if merge.strokes == count
    ]
    for name, font in fonts.items():
        row = font.chars.find(part)
        if row < 0 or font.way[row] not in (REGISTERED, TRACED):
            continue
        first, last = font.first[row : row + 2]
        points, held = decoded(font.points[first:last]), np.array(font.held[first:last])
        if font.way[row] == REGISTERED:
            made.append(Form(name, 0.25, None, points, held, _REGISTERED))
        else:
            fewer = max(0.0, 1 - len(points) / count)
            made.append(Form(name, 0.5 + 0.5 * fewer, None, points, held, 1.0))
    return tuple(made)
