"""The Unicode Bidirectional Algorithm (UAX #9): the visual order of text with mixed directions.

Labels have no embeddings, overrides or isolates (``lines.cut.clean`` removes them), so the explicit rules X1 to X8 are
not needed: a line is one paragraph with one embedding level. The package python-bidi, to which the tests compare this,
returns text in visual order but not the levels, which shaping needs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_PAIRS = (
    "()[]{}༺༻༼༽᚛᚜⁅⁆⁽⁾₍₎⌈⌉⌊⌋❨❩❪❫❬❭❮❯❰❱❲❳❴❵⟅⟆⟦⟧⟨⟩⟪⟫⟬⟭⟮⟯⦃⦄⦅⦆⸢⸣⸤⸥⸦⸧⸨⸩〈〉《》「」『』【】〔〕〖〗〘〙〚〛（）［］｛｝｟｠｢｣"
)
CLOSER = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True)) | {"\u2329": "\u232a"}
"""Opening bracket -> closing bracket."""
_CANONICAL = {"\u2329": "\u3008", "\u232a": "\u3009"}
"""Bracket -> the bracket that is canonically equivalent to it."""
_DEEPEST = 63
"""Most brackets that may be open at once (BD16)."""
_NEUTRAL = frozenset(("B", "S", "WS", "ON"))
_REMOVED = frozenset(("BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))


def base_level(text: str) -> int:
    """Return 1 if the first strong character of ``text`` is right-to-left (P2, P3), else 0."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("L", "R", "AL"):
            return int(kind != "L")
    return 0


def levels(text: str, base: int | None = None) -> list[int]:
    """Return the embedding level of each character; even = left to right, odd = right to left.

    Args:
        text: one line.
        base: direction of the line, 0 = left to right, 1 = right to left; by default that of its first letter.
    """
    base = base_level(text) if base is None else base
    kinds = [unicodedata.bidirectional(char) or "L" for char in text]
    if not base and not any(kind in ("R", "AL", "AN") for kind in kinds):
        return [0] * len(text)
    # X9: these characters are ignored, and get the level of the character before them.
    kept = [position for position, kind in enumerate(kinds) if kind not in _REMOVED]
    some = [kinds[position] for position in kept]
    side = "LR"[base]
    _resolve_weak(some, side)
    _resolve_brackets([text[position] for position in kept], some, [kinds[position] for position in kept], side)
    _resolve_neutral(some, side)
    found = [base] * len(text)
    for position, kind in zip(kept, some, strict=True):
        found[position] = base + (kind != "L" if not base else kind != "R")
        if not base and kind in ("EN", "AN"):
            found[position] = 2
    for position, kind in enumerate(kinds):
        if kind in _REMOVED:
            found[position] = found[position - 1] if position else base
    return _reset_ends(kinds, found, base)


def visual_order(numbers: Sequence[int]) -> list[int]:
    """Return the logical index of the item at each position from left to right, by the items' levels (L2)."""
    order = list(range(len(numbers)))
    if not order:
        return order
    for level in range(max(numbers), 0, -1):
        position = 0
        while position < len(order):
            stop = position
            while stop < len(order) and numbers[order[stop]] >= level:
                stop += 1
            order[position:stop] = order[position:stop][::-1]
            position = stop + 1
    return order


def _resolve_weak(kinds: list[str], side: str) -> None:
    """Apply rules W1 to W7 to ``kinds`` in place."""
    before = side
    for position, kind in enumerate(kinds):  # W1
        if kind == "NSM":
            kinds[position] = before
        before = kinds[position]
    strong = side
    for position, kind in enumerate(kinds):  # W2, W3
        if kind in ("L", "R", "AL"):
            strong = kind
            kinds[position] = "R" if kind == "AL" else kind
        elif kind == "EN" and strong == "AL":
            kinds[position] = "AN"
    for position in range(1, len(kinds) - 1):  # W4
        around = kinds[position - 1]
        if around == kinds[position + 1] and (
            (kinds[position] == "ES" and around == "EN") or (kinds[position] == "CS" and around in ("EN", "AN"))
        ):
            kinds[position] = around
    _spread_terminators(kinds)  # W5
    strong = side
    for position, kind in enumerate(kinds):  # W6, W7
        if kind in ("ES", "CS", "ET"):
            kinds[position] = "ON"
        elif kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[position] = "L"


def _spread_terminators(kinds: list[str]) -> None:
    """Apply rule W5: terminators such as $ and % next to a number belong to it."""
    for step in (1, -1):
        near = False
        for position in range(len(kinds))[::step]:
            if kinds[position] == "ET" and near:
                kinds[position] = "EN"
            else:
                near = kinds[position] == "EN"


def _resolve_brackets(text: Sequence[str], kinds: list[str], original: Sequence[str], side: str) -> None:
    """Apply rule N0 to ``kinds`` in place: both brackets of a pair get the direction of the text between them."""
    for first, last in _pairs(text, kinds):
        inside = {_strong(kind) for kind in kinds[first + 1 : last]} - {""}
        if not inside:
            continue
        found = side
        if side not in inside:
            found = next((strong for kind in reversed(kinds[:first]) if (strong := _strong(kind))), side)
        for position in (first, last):
            kinds[position] = found
            for mark in range(position + 1, len(kinds)):
                if original[mark] != "NSM":
                    break
                kinds[mark] = found


def _pairs(text: Sequence[str], kinds: Sequence[str]) -> list[tuple[int, int]]:
    """Return the positions of matching brackets (BD16), sorted by the opening ones."""
    stack: list[tuple[str, int]] = []
    found = []
    for position, (char, kind) in enumerate(zip(text, kinds, strict=True)):
        if kind != "ON":
            continue
        if char in CLOSER:
            if len(stack) == _DEEPEST:
                return []
            stack.append((_same(CLOSER[char]), position))
            continue
        for depth in range(len(stack) - 1, -1, -1):
            if stack[depth][0] == _same(char):
                found.append((stack[depth][1], position))
                del stack[depth:]
                break
    return sorted(found)


def _same(char: str) -> str:
    """Return one representative for canonically equivalent brackets."""
    return _CANONICAL.get(char, char)


def _strong(kind: str) -> str:
    """Return the direction of a kind next to neutrals, "L" or "R"; numbers count as R; "" if it has none."""
    return "L" if kind == "L" else "R" if kind in ("R", "EN", "AN") else ""


def _resolve_neutral(kinds: list[str], side: str) -> None:
    """Apply rules N1 and N2 to ``kinds`` in place: neutrals get the direction of both neighbors, or else the line's."""
    position = 0
    while position < len(kinds):
        if kinds[position] not in _NEUTRAL:
            position += 1
            continue
        stop = position
        while stop < len(kinds) and kinds[stop] in _NEUTRAL:
            stop += 1
        before = _strong(kinds[position - 1]) if position else side
        after = _strong(kinds[stop]) if stop < len(kinds) else side
        kinds[position:stop] = [before if before == after else side] * (stop - position)
        position = stop


def _reset_ends(kinds: Sequence[str], found: list[int], base: int) -> list[int]:
    """Apply rule L1: tabs, and spaces before tabs or at the end, get the level of the line."""
    ends = True
    for position in range(len(kinds) - 1, -1, -1):
        if kinds[position] in ("B", "S"):
            found[position], ends = base, True
        elif kinds[position] == "WS" or kinds[position] in _REMOVED:
            found[position] = base if ends else found[position]
        else:
            ends = False
    return found
