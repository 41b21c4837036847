"""The order in which characters of mixed direction are seen: the Unicode Bidirectional Algorithm (UAX #9).

Labels have no embeddings, overrides or isolates (``lines.cut.clean`` takes them out), so the explicit rules X1 to X8
have nothing to do. What is left is one paragraph of one embedding level.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_PAIRS = (
    "()[]{}༺༻༼༽᚛᚜⁅⁆⁽⁾₍₎⌈⌉⌊⌋❨❩❪❫❬❭❮❯❰❱❲❳❴❵⟅⟆⟦⟧⟨⟩⟪⟫⟬⟭⟮⟯⦃⦄⦅⦆⸢⸣⸤⸥⸦⸧⸨⸩〈〉《》「」『』【】〔〕〖〗〘〙〚〛（）［］｛｝｟｠｢｣"
)
CLOSER = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True)) | {"\u2329": "\u232a"}
_ALIKE = {"\u2329": "\u3008", "\u232a": "\u3009"}
"""Opening bracket -> the closing one."""
_DEEPEST = 63
_NEUTRAL = frozenset(("B", "S", "WS", "ON"))
_REMOVED = frozenset(("BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))


def base_level(text: str) -> int:
    """Return 1 if ``text`` runs from right to left, as its first letter says (P2, P3), else 0."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("L", "R", "AL"):
            return int(kind != "L")
    return 0


def levels(text: str, base: int | None = None) -> list[int]:
    """Return the embedding level of each character: even ones run from left to right, odd ones from right to left.

    Args:
        text: one line.
        base: 0 or 1, the direction of the line; that of its first letter by default.
    """
    base = base_level(text) if base is None else base
    kinds = [unicodedata.bidirectional(char) or "L" for char in text]
    if not base and not any(kind in ("R", "AL", "AN") for kind in kinds):
        return [0] * len(text)
    # X9: these count for nothing, and take their level from what is before them.
    kept = [place for place, kind in enumerate(kinds) if kind not in _REMOVED]
    some = [kinds[place] for place in kept]
    side = "LR"[base]
    _resolve_weak(some, side)
    _resolve_brackets([text[place] for place in kept], some, [kinds[place] for place in kept], side)
    _resolve_neutral(some, side)
    found = [base] * len(text)
    for place, kind in zip(kept, some, strict=True):
        found[place] = base + (kind != "L" if not base else kind != "R")
        if not base and kind in ("EN", "AN"):
            found[place] = 2
    for place, kind in enumerate(kinds):
        if kind in _REMOVED:
            found[place] = found[place - 1] if place else base
    return _reset_ends(kinds, found, base)


def visual_order(numbers: Sequence[int]) -> list[int]:
    """Return what stands at each place from left to right, of things with these levels in logical order (L2)."""
    order = list(range(len(numbers)))
    if not order:
        return order
    for level in range(max(numbers), 0, -1):
        place = 0
        while place < len(order):
            stop = place
            while stop < len(order) and numbers[order[stop]] >= level:
                stop += 1
            order[place:stop] = order[place:stop][::-1]
            place = stop + 1
    return order


def _resolve_weak(kinds: list[str], side: str) -> None:
    """W1 to W7, in place."""
    before = side
    for place, kind in enumerate(kinds):  # W1
        if kind == "NSM":
            kinds[place] = before
        before = kinds[place]
    strong = side
    for place, kind in enumerate(kinds):  # W2, W3
        if kind in ("L", "R", "AL"):
            strong = kind
            kinds[place] = "R" if kind == "AL" else kind
        elif kind == "EN" and strong == "AL":
            kinds[place] = "AN"
    for place in range(1, len(kinds) - 1):  # W4
        around = kinds[place - 1]
        if around == kinds[place + 1] and (
            (kinds[place] == "ES" and around == "EN") or (kinds[place] == "CS" and around in ("EN", "AN"))
        ):
            kinds[place] = around
    _spread_terminators(kinds)  # W5
    strong = side
    for place, kind in enumerate(kinds):  # W6, W7
        if kind in ("ES", "CS", "ET"):
            kinds[place] = "ON"
        elif kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[place] = "L"


def _spread_terminators(kinds: list[str]) -> None:
    """W5: signs of money and percent beside a number belong to it."""
    for step in (1, -1):
        near = False
        for place in range(len(kinds))[::step]:
            if kinds[place] == "ET" and near:
                kinds[place] = "EN"
            else:
                near = kinds[place] == "EN"


def _resolve_brackets(text: Sequence[str], kinds: list[str], original: Sequence[str], side: str) -> None:
    """N0: both brackets of a pair run as what is between them does, in place."""
    for first, last in _pairs(text, kinds):
        inside = {_strong(kind) for kind in kinds[first + 1 : last]} - {""}
        if not inside:
            continue
        found = side
        if side not in inside:
            before = next((strong for kind in reversed(kinds[:first]) if (strong := _strong(kind))), side)
            found = before if before != side else side
        for place in (first, last):
            kinds[place] = found
            for mark in range(place + 1, len(kinds)):
                if original[mark] != "NSM":
                    break
                kinds[mark] = found


def _pairs(text: Sequence[str], kinds: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of brackets that belong together (BD16), in order of the first."""
    stack: list[tuple[str, int]] = []
    found = []
    for place, (char, kind) in enumerate(zip(text, kinds, strict=True)):
        if kind != "ON":
            continue
        if char in CLOSER:
            if len(stack) == _DEEPEST:
                return []
            stack.append((_same(CLOSER[char]), place))
            continue
        for depth in range(len(stack) - 1, -1, -1):
            if stack[depth][0] == _same(char):
                found.append((stack[depth][1], place))
                del stack[depth:]
                break
    return sorted(found)


def _same(char: str) -> str:
    """Return one character for brackets that are canonically the same."""
    return _ALIKE.get(char, char)


def _strong(kind: str) -> str:
    """Return the direction that a kind counts as among neutrals: numbers run from right to left."""
    return "L" if kind == "L" else "R" if kind in ("R", "EN", "AN") else ""


def _resolve_neutral(kinds: list[str], side: str) -> None:
    """N1 and N2, in place: what is neutral runs as both its neighbors do, or else as the line."""
    place = 0
    while place < len(kinds):
        if kinds[place] not in _NEUTRAL:
            place += 1
            continue
        stop = place
        while stop < len(kinds) and kinds[stop] in _NEUTRAL:
            stop += 1
        before = _strong(kinds[place - 1]) if place else side
        after = _strong(kinds[stop]) if stop < len(kinds) else side
        kinds[place:stop] = [before if before == after else side] * (stop - place)
        place = stop


def _reset_ends(kinds: Sequence[str], found: list[int], base: int) -> list[int]:
    """L1: tabs, and spaces before them or at the end, are of the line's level."""
    ends = True
    for place in range(len(kinds) - 1, -1, -1):
        if kinds[place] in ("B", "S"):
            found[place], ends = base, True
        elif kinds[place] == "WS" or kinds[place] in _REMOVED:
            found[place] = base if ends else found[place]
        else:
            ends = False
    return found
