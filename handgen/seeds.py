"""Random numbers that depend on their purpose, not on the order in which they are drawn.

Every draw has a key: the seed of the run, a word for the purpose, and an index. So batch sizes, the
number of workers and interruptions do not change it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

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
    """Return uniform numbers ``[len(index), columns]`` in [0, 1); row i depends on ``index[i]`` alone.

    This is SplitMix64 (Steele et al. 2014) used as a counter-based generator: a million rows take
    milliseconds, and each row can be computed without the others.
    """
    base = np.uint64(derive(seed, purpose))
    counter = index.astype(np.uint64)[:, None] * np.uint64(columns) + np.arange(columns, dtype=np.uint64)
    return _fractions(base, np.asarray(counter, np.uint64))


def keys(*parts: NDArray[np.uint64] | NDArray[np.int64] | int) -> NDArray[np.uint64]:
    """Return 64-bit keys; each is a hash of the numbers at its index in ``parts``, which are broadcast."""
    key = np.zeros((), np.uint64)
    for part in parts:
        number = np.asarray(part).astype(np.uint64)
        with np.errstate(over="ignore"):
            key = _mixed((key + _GOLDEN) ^ (number * _MIX1))
    return key


@dataclass(frozen=True, eq=False)
class SampleKey:
    """The keys of n drawings; everything random in a drawing depends on its key alone.

    Attributes:
        seed: the seed of the run.
        sample: int64 ``[n]``, the number of the sample.
        position: int64 ``[n]``, 0 for a sample of a single character; 1, 2, ... for the characters of a line.
        attempt: int64 ``[n]``, 0 for the first drawing; 1, 2, ... if it is drawn again.
    """

    seed: int
    sample: NDArray[np.int64]
    position: NDArray[np.int64]
    attempt: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        seed: int,
        sample: NDArray[np.int64],
        position: NDArray[np.int64] | int = 0,
        attempt: NDArray[np.int64] | int = 0,
    ) -> SampleKey:
        """Return the keys of samples; ``position`` and ``attempt`` may be a single number for all."""
        parts = np.broadcast_arrays(*(np.asarray(part, np.int64) for part in (sample, position, attempt)))
        return cls(seed, *parts)

    def __len__(self) -> int:
        return len(self.sample)

    def __getitem__(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> SampleKey:
        return SampleKey(self.seed, self.sample[rows], self.position[rows], self.attempt[rows])

    def again(self, attempt: int) -> SampleKey:
        """Return the keys of the same drawings at another attempt."""
        return SampleKey.of(self.seed, self.sample, self.position, attempt)

    def keys(self, purpose: str) -> NDArray[np.uint64]:
        """Return a 64-bit key for each drawing, for one purpose: uint64 ``[n]``."""
        return keys(derive(self.seed, purpose), self.sample, self.position, self.attempt)

    def shared(self, purpose: str) -> NDArray[np.uint64]:
        """Return keys that are the same for all characters of a line, for what they share, such as the writer.

        They do not depend on the attempt. For single characters, which share nothing, they do.
        """
        alone = self.position == 0
        return keys(derive(self.seed, purpose), self.sample, np.where(alone, self.attempt, -1))


def uniforms_of(key: NDArray[np.uint64], columns: int) -> NDArray[np.float64]:
    """Return uniform numbers ``[len(key), columns]`` in [0, 1); row i depends on ``key[i]`` alone."""
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
