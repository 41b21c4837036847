"""Random numbers that depend on what they are for, never on when they are drawn.

Every draw is keyed: the run's seed, a word for its purpose, and an index. Batch size, worker
count and interruptions therefore cannot change it.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)


def derive(seed: int, *key: str | int) -> int:
    """Return a 64-bit integer that is a fixed function of ``seed`` and ``key``."""
    text = "\x1f".join(str(part) for part in (seed, *key))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """Return an independent generator for one purpose, e.g. ``generator(seed, "batch", 7)``."""
    return np.random.Generator(np.random.Philox(key=derive(seed, *key)))


def uniforms(seed: int, purpose: str, index: NDArray[np.int64], columns: int) -> NDArray[np.float64]:
    """Return ``[len(index), columns]`` numbers in [0, 1), row i a function of ``index[i]`` alone.

    This is SplitMix64 (Steele et al. 2014) used as a counter-based generator, so a million
    rows cost milliseconds and any of them can be had without the others.
    """
    base = np.uint64(derive(seed, purpose))
    counter = index.astype(np.uint64)[:, None] * np.uint64(columns) + np.arange(columns, dtype=np.uint64)
    return _fractions(base, np.asarray(counter, np.uint64))


def keys(*parts: NDArray[np.uint64] | NDArray[np.int64] | int) -> NDArray[np.uint64]:
    """Return 64-bit keys, each a fixed function of the numbers at its place in the (broadcast) ``parts``."""
    key = np.zeros((), np.uint64)
    for part in parts:
        number = np.asarray(part).astype(np.uint64)
        with np.errstate(over="ignore"):
            key = _mixed((key + _GOLDEN) ^ (number * _MIX1))
    return key


def uniforms_of(key: NDArray[np.uint64], columns: int) -> NDArray[np.float64]:
    """Return ``[len(key), columns]`` numbers in [0, 1), row i a function of ``key[i]`` alone."""
    with np.errstate(over="ignore"):
        return _fractions(key[:, None], np.arange(columns, dtype=np.uint64))


def _fractions(base: NDArray[np.uint64] | np.uint64, counter: NDArray[np.uint64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        z = _mixed((base + (counter + np.uint64(1)) * _GOLDEN).astype(np.uint64))
    fraction: NDArray[np.float64] = (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return fraction


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * _MIX1
    z = (z ^ (z >> np.uint64(27))) * _MIX2
    mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed
