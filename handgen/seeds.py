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
    with np.errstate(over="ignore"):
        z: NDArray[np.uint64] = (base + (counter + np.uint64(1)) * _GOLDEN).astype(np.uint64)
        z = (z ^ (z >> np.uint64(30))) * _MIX1
        z = (z ^ (z >> np.uint64(27))) * _MIX2
        z = z ^ (z >> np.uint64(31))
    fraction: NDArray[np.float64] = (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return fraction
