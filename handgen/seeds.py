"""Random numbers that depend on what they are for, never on when they are drawn.

Every draw is keyed: the run's seed, a word for its purpose, and an index. Batch size, worker
count and interruptions therefore cannot change it.
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
    """Return ``[len(index), columns]`` numbers in [0, 1), row i a function of ``index[i]`` alone.

    This is SplitMix64 (Steele et al. 2014) used as a counter-based generator, so a million
    rows cost milliseconds and any of them can be had without the others.
    """
    base = np.uint64(derive(seed, purpose))
    counter = index.astype(np.uint64)[:, None] * np.uint64(columns) + np.arange(columns, dtype=np.uint64)
    return _fractions(base, np.asarray(counter, np.uint64))


def keys(*parts: NDArray[np.uint64] | NDArray[np.int64] | int) -> NDArray[np.uint64]:
    """Return 64-bit keys, each a fixed function of the numbers at its index in the (broadcast) ``parts``."""
    key = np.zeros((), np.uint64)
    for part in parts:
        number = np.asarray(part).astype(np.uint64)
        with np.errstate(over="ignore"):
            key = _mixed((key + _GOLDEN) ^ (number * _MIX1))
    return key


@dataclass(frozen=True, eq=False)
class SampleKey:
    """What all that is random in some drawings follows from.

    Attributes:
        seed: of the run.
        sample: int64 ``[n]``, numbers of the samples.
        position: int64 ``[n]``: 0 where the sample is a single character, and 1, 2, ... for the characters of a line.
        attempt: int64 ``[n]``: 0 for the first drawing, 1, 2, ... where it is made again.
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
        """Return the keys of samples; ``position`` and ``attempt`` may be one number for all."""
        parts = np.broadcast_arrays(*(np.asarray(part, np.int64) for part in (sample, position, attempt)))
        return cls(seed, *parts)

    def __len__(self) -> int:
        return len(self.sample)

    def __getitem__(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> SampleKey:
        return SampleKey(self.seed, self.sample[rows], self.position[rows], self.attempt[rows])

    def again(self, attempt: int) -> SampleKey:
        """Return the keys of a further drawing of each."""
        return SampleKey.of(self.seed, self.sample, self.position, attempt)

    def keys(self, purpose: str) -> NDArray[np.uint64]:
        """Return a 64-bit key of each drawing, for one purpose."""
        return keys(derive(self.seed, purpose), self.sample, self.position, self.attempt)

    def shared(self, purpose: str) -> NDArray[np.uint64]:
        """Return the keys of what the characters of a line have in common, such as who wrote them.

        Characters drawn again keep it. A single character has nothing to keep it for: it differs with the attempt.
        """
        alone = self.position == 0
        return keys(derive(self.seed, purpose), self.sample, np.where(alone, self.attempt, -1))


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
