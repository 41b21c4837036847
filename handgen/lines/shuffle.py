"""An order of any number of things that can be read at any position without making the rest."""

from __future__ import annotations

from handgen.seeds import derive

_MASK = (1 << 64) - 1
_MIX = 0x9E3779B97F4A7C15
_ROUNDS = 4


def shuffled(index: int, count: int, seed: int, *key: str | int) -> int:
    """Return which of ``count`` things is number ``index`` of a random order.

    Over all indexes it is a permutation: a Feistel network on the next even number of bits,
    walked again while it leads outside (Black and Rogaway 2002).

    Args:
        index: 0 to ``count - 1``.
        count: how many things there are.
        seed: of the run.
        key: which order it is, as ``seeds.derive`` has it.
    """
    half = max(1, ((count - 1).bit_length() + 1) // 2)
    low, base = (1 << half) - 1, derive(seed, *key)
    while True:
        left, right = index >> half, index & low
        for number in range(_ROUNDS):
            mixed = (base + (right + 1) * _MIX + number) & _MASK
            mixed = ((mixed ^ (mixed >> 31)) * 0xBF58476D1CE4E5B9) & _MASK
            mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
            left, right = right, left ^ (mixed >> 33 & low)
        index = left << half | right
        if index < count:
            return index
