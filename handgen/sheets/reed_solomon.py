"""Reed-Solomon codes over GF(256) (Reed and Solomon 1960): bytes that survive some damage.

A code word is a polynomial, its first byte the highest coefficient, that vanishes at the first
``parity`` powers of 2. Decoding follows Berlekamp (1968), Chien (1964) and Forney (1965).
"""

from __future__ import annotations

from functools import cache

_FIELD = 0x11D
"""x^8 + x^4 + x^3 + x^2 + 1, in which 2 generates all elements but 0."""
_ORDER = 255


class TooDamagedError(Exception):
    """More bytes are wrong than can be mended."""


@cache
def _tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the powers of 2, twice over, and the logarithms."""
    powers, logs, value = [0] * (2 * _ORDER), [0] * 256, 1
    for power in range(_ORDER):
        powers[power] = powers[power + _ORDER] = value
        logs[value] = power
        value = (value << 1) ^ (_FIELD if value & 0x80 else 0)
    return tuple(powers), tuple(logs)


def _times(a: int, b: int) -> int:
    powers, logs = _tables()
    return powers[logs[a] + logs[b]] if a and b else 0


def _over(a: int, b: int) -> int:
    powers, logs = _tables()
    return powers[logs[a] - logs[b] + _ORDER] if a else 0


def _power(exponent: int) -> int:
    return _tables()[0][exponent % _ORDER]


def _at(polynomial: list[int], x: int) -> int:
    """Evaluate a polynomial, highest coefficient first."""
    value = 0
    for coefficient in polynomial:
        value = _times(value, x) ^ coefficient
    return value


@cache
def _generator(parity: int) -> tuple[int, ...]:
    made = [1]
    for power in range(parity):
        root = _power(power)
        made = [a ^ _times(root, b) for a, b in zip([*made, 0], [0, *made], strict=True)]
    return tuple(made)


def encode(data: bytes, parity: int) -> bytes:
    """Return ``data`` with ``parity`` bytes behind it; together they are at most 255."""
    generator, rest = _generator(parity), [*data] + [0] * parity
    for place in range(len(data)):
        if factor := rest[place]:
            for step, coefficient in enumerate(generator):
                rest[place + step] ^= _times(factor, coefficient)
    return data + bytes(rest[len(data) :])


def decode(word: bytes, parity: int) -> bytes:
    """Return the data of a code word in which up to ``parity // 2`` bytes are wrong.

    Raises:
        TooDamagedError: more are, as far as that can be seen.
    """
    syndromes = [_at([*word], _power(power)) for power in range(parity)]
    if not any(syndromes):
        return word[:-parity]
    locator = _locator(syndromes)
    count = len(locator) - 1
    # A wrong byte at place p is the coefficient of x^(n-1-p): a root of the locator at 2^-(n-1-p).
    wrong = [p for p in range(len(word)) if not _at(locator[::-1], _power(p + 1 - len(word)))]
    if count > parity // 2 or len(wrong) != count:
        raise TooDamagedError
    mended = _mended(word, syndromes, locator, wrong)
    if any(_at([*mended], _power(power)) for power in range(parity)):
        raise TooDamagedError
    return mended[:-parity]


def _locator(syndromes: list[int]) -> list[int]:
    """Return the shortest recurrence of the syndromes, lowest coefficient first (Berlekamp and Massey)."""
    found, former, length, gap, scale = [1], [1], 0, 1, 1
    for step, syndrome in enumerate(syndromes):
        off = syndrome
        for back in range(1, min(length, len(found) - 1) + 1):
            off ^= _times(found[back], syndromes[step - back])
        if not off:
            gap += 1
            continue
        factor = _over(off, scale)
        shifted = [0] * gap + [_times(factor, coefficient) for coefficient in former]
        size = max(len(found), len(shifted))
        padded = [*found, *[0] * (size - len(found))]
        better = [a ^ b for a, b in zip(padded, [*shifted, *[0] * (size - len(shifted))], strict=True)]
        if 2 * length <= step:
            former, length, scale, gap = found, step + 1 - length, off, 1
        else:
            gap += 1
        found = better
    while len(found) > 1 and not found[-1]:
        found.pop()
    return found


def _mended(word: bytes, syndromes: list[int], locator: list[int], wrong: list[int]) -> bytes:
    """Correct the bytes at ``wrong`` by Forney's formula."""
    count = len(syndromes)
    evaluator = [0] * count
    for i, a in enumerate(syndromes):
        for j, b in enumerate(locator[: count - i]):
            evaluator[i + j] ^= _times(a, b)
    slope = [coefficient if power % 2 else 0 for power, coefficient in enumerate(locator)][1:]
    mended = bytearray(word)
    for place in wrong:
        root = _power(place + 1 - len(word))
        error = _over(_at(evaluator[::-1], root), _at(slope[::-1], root))
        mended[place] ^= _times(error, _power(len(word) - 1 - place))
    return bytes(mended)
