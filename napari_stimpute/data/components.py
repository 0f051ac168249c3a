"""Principal components of a sparse matrix, without making it dense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .on_disk import is_on_disk, parts_of, pieces_of, with_values

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

Floats = NDArray[np.float64]

MOST_AT_ONCE = 5_000
"""Variables up to which every pair is looked at."""

_CONSTANT = 1e-12
"""Variance below which values are constant but for rounding."""


@dataclass(frozen=True)
class Components:
    """Leading directions of variation.

    Attributes
    ----------
    scores : (n_obs, n_components), float32
    loadings : (n_components, n_vars), float32, rows of unit length
    mean : (n_vars,), float32, subtracted before projecting
    """

    scores: np.ndarray
    loadings: np.ndarray
    mean: np.ndarray

    def project(self, matrix: sp.csr_matrix) -> np.ndarray:
        """Scores of other observations with the same variables, (n_obs, n_components) float32."""
        at_mean = self.mean @ self.loadings.T
        return np.concatenate(
            [
                np.asarray(part @ self.loadings.T - at_mean, dtype=np.float32)
                for _rows, part in parts_of(matrix)
            ]
        )


def principal_components(matrix: sp.csr_matrix, n: int, seed: int) -> Components:
    """Principal components by implicit centring; as many as the matrix has, at most `n`.

    Of a matrix on disk by the covariance, which one pass adds up; of more than 5,000 variables by
    products with it, each of which takes a pass.

    Parameters
    ----------
    matrix : (n_obs, n_vars), any sparse values
    n : components wanted
    seed : of the iteration's start; the result depends on it only by rounding and sign
    """
    from sklearn.decomposition import PCA

    n = max(1, min(n, min(matrix.shape) - 1))
    if is_on_disk(matrix):
        return _from_disk(matrix, n, seed)
    if _is_constant(matrix):
        return _without_variation(matrix, n)
    wide = with_values(matrix, matrix.data.astype(np.float64, copy=False))
    pca = PCA(n, svd_solver="arpack", random_state=seed).fit(wide)
    loadings, mean = pca.components_.astype(np.float32), pca.mean_.astype(np.float32)
    parts = Components(np.empty(0), loadings, mean)
    return Components(parts.project(matrix), loadings, mean)


def moments(matrix: sp.csr_matrix) -> tuple[Floats, Floats]:
    """Mean (n_vars,) and covariance (n_vars, n_vars) of the columns, float64."""
    n, n_vars = matrix.shape
    mean, products = np.zeros(n_vars), np.zeros((n_vars, n_vars))
    for _rows, part in pieces_of(matrix):
        wide = part.astype(np.float64)
        mean += np.asarray(wide.mean(axis=0)).ravel() * (wide.shape[0] / n)
        products += (wide.T @ wide).toarray() / n
    return mean, products - np.outer(mean, mean)


def _from_disk(matrix: sp.csr_matrix, n: int, seed: int) -> Components:
    is_narrow = matrix.shape[1] <= MOST_AT_ONCE
    mean, vectors = _by_covariance(matrix, n) if is_narrow else _by_products(matrix, n, seed)
    if vectors is None:
        return _without_variation(matrix, n)
    signs = np.sign(np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None], axis=0))
    loadings = (vectors * signs).T.astype(np.float32)  # the largest is positive, as in scikit-learn
    parts = Components(np.empty(0), loadings, mean.astype(np.float32))
    return Components(parts.project(matrix), loadings, parts.mean)


def _by_covariance(matrix: sp.csr_matrix, n: int) -> tuple[Floats, Floats | None]:
    """Mean, and leading directions (n_vars, n); None where nothing varies."""
    from scipy.linalg import eigh

    mean, covariance = moments(matrix)
    if np.diag(covariance).max() < _CONSTANT:
        return mean, None
    last = len(mean) - 1
    return mean, eigh(covariance, subset_by_index=[last - n + 1, last])[1][:, ::-1]


def _by_products(matrix: sp.csr_matrix, n: int, seed: int) -> tuple[Floats, Floats | None]:
    """The same without a covariance of all pairs."""
    from scipy.sparse.linalg import eigsh

    n_obs, n_vars = matrix.shape
    total, squares = np.zeros(n_vars), np.zeros(n_vars)
    for _rows, part in parts_of(matrix):
        total += np.bincount(part.indices, part.data, n_vars)
        squares += np.bincount(part.indices, np.square(part.data, dtype=np.float64), n_vars)
    mean = total / n_obs
    if (squares / n_obs - mean**2).max() < _CONSTANT:
        return mean, None
    start = np.random.default_rng(seed).uniform(-1, 1, n_vars)
    return mean, eigsh(_covariance_of(matrix, mean), n, v0=start)[1][:, ::-1]


def _covariance_of(matrix: sp.csr_matrix, mean: Floats) -> LinearOperator:
    """The covariance of the columns, of which products alone are made; each takes a pass."""
    from scipy.sparse.linalg import LinearOperator

    n_obs, n_vars = matrix.shape

    def times(vector: Floats) -> Floats:
        found = -mean * (mean @ vector)
        for _rows, part in parts_of(matrix):
            found += part.T @ (part @ vector) / n_obs
        return found

    return LinearOperator((n_vars, n_vars), matvec=times, dtype=np.float64)


def _without_variation(matrix: sp.csr_matrix, n: int) -> Components:
    zeros = np.zeros((matrix.shape[0], n), np.float32)
    mean = np.asarray(matrix.mean(axis=0), dtype=np.float32).ravel()
    return Components(zeros, np.eye(n, matrix.shape[1], dtype=np.float32), mean)


def _is_constant(matrix: sp.csr_matrix) -> bool:
    first = matrix[:1].toarray().ravel()
    mean = np.asarray(matrix.mean(axis=0)).ravel()
    square = np.asarray(with_values(matrix, matrix.data**2).mean(axis=0)).ravel()
    return bool(np.allclose(mean, first) and np.allclose(square, first**2))
