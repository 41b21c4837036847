"""Running forms by rule: which strokes of a component a fast hand writes in one go, drops, or writes in another order.

They need no font: a rule is applied to the strokes of whatever form the character has.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from handgen.strokes.base import POINTS

Groups = tuple[tuple[int, ...], ...]
"""What is written, in order: strokes of the standard in one go; ~n is stroke n from its end to its start."""

_RULES = """
口 0 1~2 | 01~2 | 0 12 | 012
日 0 1 23 | 01 23 | 0 13
目 0 1 234 | 01 234 | 0 1 24
田 0 1 234 | 0 1 3 24 | 0 1 23 4
由 0 1 234 | 0 1 3 24
甲 0 1 23 4 | 01 23 4
白 0 1 2 34 | 01 2 34 | 012 34
自 0 1 2 345 | 01 2 345 | 0 1 2 35
酉 0 1 2 34 56 | 0 1 2 3456
西 0 1 2 34 5 | 0 1 2 345
贝 0 1 23 | 01 23
见 01 23 | 01 2 3
月 0 1 23 | 01 23
页 01 2 3 45 | 012 3 45
土 0 12 | 012
王 0 1 23 | 01 23 | 0 123
玉 0 1 23 4 | 01 234
木 0 1 23 | 01 23 | 0 123
禾 0 1 2 34 | 01 2 34 | 01 234
米 01 2 3 45 | 01 23 45
力 01
刀 01
女 0 12 | 012
子 0 12 | 01 2
小 0 12 | 012
心 0 1 23 | 01 23 | 0 123
车 0 12 3 | 012 3
门 01 2 | 012
山 0 12 | 012
立 0 1 234 | 01 234 | 01 23 4
石 01 2 3~4 | 01 23~4 | 0 1 2 34
虫 0 1~2 345 | 01~2 345 | 012 345
夕 0 12 | 012
寸 0 12 | 012
大 0 12 | 012
又 01
攵 01 23 | 0 123 | 0123
夂 0 12 | 012
各 0 12 3 4~5 | 012 34~5 | 012 345 | 012 3 45
宀 0 12 | 012
冖 01
氵 0 12 | 012 | 01 2
冫 01
灬 0123 | 0 123 | 01 23
讠 01
辶 0 12 | 012
纟 012 | 01 2
忄 01 2 | 0 12
扌 0 12 | 012
艹 0 12 | 1 20 | 12 0
彳 01 2 | 012
亻 01
犭 01 2 | 012
饣 01 2 | 012
钅 0 1 234 | 01 234 | 01 2 34
礻 0 1 23 | 01 23 | 0123
衤 01 2 34 | 0 1 234
走 0 12 3456 | 01 2 34 56
止 01 23 | 0 1 23
里 0 1 23 456 | 0 1 2 3 456
足 0 1~2 3456 | 0 12 34 56
言 0 1 23 4 5~6 | 0 123 456
⺮ 012 345 | 01 2 34 5
竹 01 2 34 5
罒 0 1 23 4 | 0 1 234
皿 0 1 234 | 0 1 23 4
马 0 12 | 012
鸟 0 12 34 | 01 2 34
火 01 23 | 0 1 23
水 0 1 23 | 0 123
阝 01
刂 01
疒 0 12 34 | 01 2 34
合 0 12 3 4~5 | 0 12 345
名 012 3 4~5 | 012 345
古 01 2 3~4 | 01 234
兄 0 1~2 34 | 012 34
吉 0 12 3 4~5 | 012 345
言 01 23 456
工 0 12 | 012
王 0123
巾 0 12
比 01 23 | 0123
方 0 1 23 | 01 23 | 0 123
牛 01 2 3 | 012 3
不 0 1 23 | 01 23 | 0123
云 01 23 | 0 123
衣 01 23 45
才 0 12 | 012
示 01 2 34 | 0 1 234
天 01 23 | 0 1 23
夫 01 23 | 0 1 23
斤 01 23 | 0 1 23
户 0 1 23 | 01 23
欠 01 23 | 0 1 23
"""
_PULL = 0.35
"""Share of a gap by which the ends that it separates come nearer."""
_T = np.linspace(0, 1, POINTS, dtype=np.float32)[:, None]


@dataclass(frozen=True)
class Merge:
    """A rule.

    Attributes:
        groups: what is written.
        strokes: how many the standard has.
    """

    groups: Groups
    strokes: int

    @property
    def degree(self) -> float:
        """How far it goes, from 0 (every stroke by itself) to 1 (all in one go)."""
        return (self.strokes - len(self.groups)) / max(1, self.strokes - 1)


@cache
def merges() -> dict[str, tuple[Merge, ...]]:
    """Return the rules of each component."""
    made: dict[str, tuple[Merge, ...]] = {}
    for line in _RULES.strip().splitlines():
        part, _, rules = line.partition(" ")
        groups = [tuple(_group(word) for word in rule.split()) for rule in rules.split("|")]
        count = 1 + max(max(n, ~n) for rule in groups for group in rule for n in group)
        made[part] = made.get(part, ()) + tuple(Merge(rule, count) for rule in groups)
    return made


def _group(word: str) -> tuple[int, ...]:
    return tuple(~int(word[i]) if word[i - 1 : i] == "~" else int(word[i]) for i in range(len(word)) if word[i] != "~")


def merged(strokes: NDArray[np.float32], group: tuple[int, ...], smooth: float) -> NDArray[np.float32]:
    """Return the way of the pen over some strokes in one go, with rounded corners.

    Args:
        strokes: ``[n, POINTS, 2]``.
        group: which of them, as in ``Groups``.
        smooth: how far corners are rounded, in sides of the square.

    Returns:
        ``[k, 2]``.
    """
    parts: list[NDArray[np.float32]] = [strokes[n].copy() if n >= 0 else strokes[~n][::-1].copy() for n in group]
    if len(parts) == 1:
        return parts[0]
    for one, other in itertools.pairwise(parts):
        gap = other[0] - one[-1]
        one += _PULL * gap * _T**3
        other -= _PULL * gap * (1 - _T) ** 3
    return _rounded(np.concatenate(parts), smooth)


def _rounded(way: NDArray[np.float32], smooth: float) -> NDArray[np.float32]:
    """Smooth a polyline by a Gaussian along it; its ends stay."""
    step = np.hypot(*np.diff(way, axis=0).T)
    along = np.r_[0, np.cumsum(step)]
    count = int(np.clip(along[-1] / 0.012, 12, 400))
    even = np.linspace(0, along[-1], count)
    line = np.stack([np.interp(even, along, way[:, axis]) for axis in (0, 1)], 1)
    sigma = smooth / max(along[-1] / (count - 1), 1e-6)
    reach = int(np.ceil(2.5 * sigma))
    if reach < 1:
        return line.astype(np.float32)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    # Mirrored through the ends, which so stay where they are.
    head, tail = 2 * line[0] - line[reach:0:-1], 2 * line[-1] - line[-2 : -reach - 2 : -1]
    if len(head) < reach or len(tail) < reach:
        return line.astype(np.float32)
    longer = np.concatenate([head, line, tail])
    made = np.stack([np.convolve(longer[:, axis], kernel, "valid") for axis in (0, 1)], 1)
    return made.astype(np.float32)
