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
from handgen.strokes.base import LIFTED, POINTS, StrokeTable
from handgen.strokes.components import RADICALS, Component
from handgen.strokes.merges import Merge, merged, merges
from handgen.strokes.motion import lengths_of
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
_NARROW, _SHIFT = 0.22, 0.06
"""How much narrower a fast hand makes a component at most, and how far it shifts a roof; in shares of its box."""
_ROOFS = "宀冖艹⺮罒"
_FRAMES = "冂匚凵厂广疒尸户门辶廴走冖"
"""Components that others stand in: they stay where they are, and as large."""
_FLAT = 0.3
"""A box is taken to be at least so high for its width, and the other way round."""
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
        held: uint8 ``[n]``, see ``StrokeTable``.
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
        """``口:1/3``: a 口 of one stroke instead of three; ``目:2+/5`` if they are in another order."""
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
        self._where = {c: tuple(each for each in some if self._forms.get(each.part)) for c, some in where.items()}

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
            most = 0.2 + 0.8 * float(cursiveness[drawing])
            forms = [form for form in self._forms[component.part] if form.degree <= most]
            if forms and not strokes & used:
                used |= strokes
                form = forms[int(luck[row, 1] * len(forms))]
                made.append(Choice(drawing, component, form, luck[row, 2:]))
        return sorted(made, key=lambda choice: (choice.drawing, choice.component.start))


def chance(cursiveness: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return how likely a hand owns a running form of a component: none in print, of two in three in a running hand."""
    made: NDArray[np.floating] = 0.65 * np.clip((cursiveness - 0.1) / 0.9, 0, 1) ** 1.2
    return made


def apply(table: StrokeTable, choices: Sequence[Choice]) -> StrokeTable:
    """Return drawings with components in running forms.

    Args:
        table: entry i holds drawing i.
        choices: as ``Running.choose`` returns them.
    """
    if not choices:
        return table
    start = np.array([table.first[each.drawing] + each.component.start for each in choices])
    stop = start + np.array([each.component.count for each in choices])
    new, down, counts = _in_place(choices, *_boxes(table.points, start, stop), [
        table.points[a:b] for a, b in zip(start.tolist(), stop.tolist(), strict=True)])  # fmt: skip
    # Rows of what was there and of what is new, in the order in which they are written.
    kept = np.ones(len(table.points), bool)
    kept[_ranges(start, stop - start)] = False
    rows = np.concatenate([np.flatnonzero(kept), np.repeat(start, counts)])
    order = np.argsort(rows, kind="stable")
    owned = np.repeat([each.form.own for each in choices], counts).astype(np.float32)
    held = np.zeros(len(kept), np.uint8) if table.held is None else table.held
    own = np.zeros(len(kept), np.float32) if table.own is None else table.own
    points = np.concatenate([table.points[kept], new])[order]
    lengths = np.concatenate([table.lengths[kept], lengths_of(new).sum(1)])[order]
    drawing = np.array([each.drawing for each in choices])
    sizes = np.diff(table.first) + np.bincount(drawing, counts - (stop - start), len(table.first) - 1).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return StrokeTable(
        table.chars, points, lengths, first, table.codes, table.sources, table.licenses,
        np.concatenate([held[kept], down])[order], np.concatenate([own[kept], owned])[order],
    )  # fmt: skip


def _ranges(start: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers from each start on, as many as it says, one run after the other."""
    ends = np.cumsum(counts)
    made: NDArray[np.int64] = np.repeat(start - ends + counts, counts) + np.arange(int(counts.sum()))
    return made


def _boxes(
    points: NDArray[np.float32], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the least and the greatest x and y, ``[n, 2]`` each, of runs of strokes."""
    rows, first = _ranges(start, stop - start), np.cumsum(stop - start) - (stop - start)
    axes = [np.ascontiguousarray(points[rows, :, axis]) for axis in (0, 1)]  # numpy is slow over a last axis of two
    low, high = (
        np.stack([join.reduceat(join.reduce(axis, axis=1), first) for axis in axes], 1)
        for join in (np.minimum, np.maximum)
    )
    return low, high


def _in_place(
    choices: Sequence[Choice],
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    runs: Sequence[NDArray[np.float32]],
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int64]]:
    """Return the strokes of components in running forms, what the pen does after each, and how many each has.

    Args:
        choices: the components.
        low: ``[n, 2]``, of the box of each.
        high: likewise.
        runs: their strokes in the form that the character has, ``[k, POINTS, 2]``.
    """
    side = np.maximum(high - low, _FLAT * (high - low).max(1, keepdims=True))
    luck = np.stack([each.luck for each in choices])
    points, held, counts = _strokes(choices, runs, (0.04 + 0.06 * luck[:, 3]) * side.mean(1))
    ends = np.cumsum(counts)
    lowest, highest = _boxes(points, ends - counts, ends)
    span = np.maximum(highest - lowest, _FLAT * (highest - lowest).max(1, keepdims=True))
    scale = side / span
    usual = np.sqrt(scale.prod(1, keepdims=True))
    scale = np.clip(scale, usual / np.sqrt(_STRETCH), usual * np.sqrt(_STRETCH))
    scale *= np.minimum(1.0, 1.15 * (side / (span * scale)).min(1, keepdims=True))
    middle = (lowest + highest) / 2
    rule = np.array([each.form.merge is not None for each in choices])
    scale[rule], middle[rule] = 1, ((low + high) / 2)[rule]
    narrow = 1 - np.array([_NARROW, _NARROW / 2]) * luck[:, :2]
    narrow[[each.component.part in _ROOFS for each in choices], 0] = 1
    shift = (luck[:, 2:3] - 0.5) * 2 * _SHIFT * side * [1, 0.4]
    frame = [each.component.part in _FRAMES for each in choices]
    narrow[frame], shift[frame] = 1, 0
    there = (low + high) / 2 + shift
    scale = scale * narrow
    owner = np.repeat(np.arange(len(choices)), counts)
    made = points * scale[owner, None] + (there - middle * scale)[owner, None]
    return made.astype(np.float32), held, counts


def _strokes(
    choices: Sequence[Choice], runs: Sequence[NDArray[np.float32]], smooth: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int64]]:
    """Return the strokes of forms, where a rule or a font has them; arguments and results as of ``_in_place``."""
    lines: list[NDArray[np.float32]] = []
    owner: list[int] = []
    for number, choice in enumerate(choices):
        if choice.form.merge is not None:
            groups = choice.form.merge.groups
            lines += [merged(runs[number], group, float(smooth[number])) for group in groups]
            owner += [number] * len(groups)
    points, held = in_pieces(tuple(lines))
    line = np.cumsum(held == LIFTED) - (held == LIFTED)
    of = np.array(owner, np.int64)[line]
    fonts = [number for number, choice in enumerate(choices) if choice.form.merge is None]
    points = np.concatenate([points, *(choices[number].form.points for number in fonts)])
    held = np.concatenate([held, *(choices[number].form.held for number in fonts)])
    of = np.concatenate([of, *(np.full(len(choices[number].form.points), number) for number in fonts)])
    order = np.argsort(of, kind="stable")
    return points[order], held[order], np.bincount(of, minlength=len(choices))


def _forms(part: str, count: int, fonts: Mapping[str, FontForms]) -> tuple[Form, ...]:
    """Return the forms of a component, by rule and by font."""
    nothing = np.empty((0, POINTS, 2), np.float32), np.empty(0, np.uint8)
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
            made.append(Form(name, 0.55 + 0.45 * fewer, None, points, held, 1.0))
    return tuple(made)
