"""The Fréchet distance between two sets of images, on the features of a recognizer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Moments:
    """Mean and covariance of features, computed batch by batch."""

    def __init__(self) -> None:
        self.count = 0
        self._sum: NDArray[np.float64] | float = 0.0
        self._products: NDArray[np.float64] | float = 0.0

    def update(self, features: NDArray[np.floating]) -> None:
        """Add features ``[n, F]``."""
        values = features.astype(np.float64)
        self.count += len(values)
        self._sum = self._sum + values.sum(axis=0)
        self._products = self._products + values.T @ values

    def result(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the mean ``[F]`` and the covariance ``[F, F]``, of at least two images."""
        mean = np.asarray(self._sum / self.count)
        covariance = (np.asarray(self._products) - self.count * np.outer(mean, mean)) / (self.count - 1)
        return mean, covariance


def frechet(one: Moments, other: Moments) -> float:
    """Return the squared Fréchet distance of two normal distributions (Dowson and Landau 1982).

    It is |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). The trace of the square root is the sum of the square roots of
    the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric.
    """
    (mean_1, cov_1), (mean_2, cov_2) = one.result(), other.result()
    values, vectors = np.linalg.eigh(cov_1)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_2 @ root).clip(0)).sum()
    return max(0.0, float(((mean_1 - mean_2) ** 2).sum() + np.trace(cov_1) + np.trace(cov_2) - 2 * cross))
