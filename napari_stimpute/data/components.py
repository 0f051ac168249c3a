"""Principal components of a sparse matrix, without making it dense."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


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
        return np.asarray(matrix @ self.loadings.T - self.mean @ self.loadings.T, dtype=np.float32)


def principal_components(matrix: sp.csr_matrix, n: int, seed: int) -> Components:
    """Principal components by implicit centring; as many as the matrix has, at most `n`.

    Parameters
    ----------
    matrix : (n_obs, n_vars), any sparse values
    n : components wanted
    seed : of the iteration's start; the result depends on it only by rounding and sign
    """
    from sklearn.decomposition import PCA

    n = max(1, min(n, min(matrix.shape) - 1))
    if _is_constant(matrix):
        zeros = np.zeros((matrix.shape[0], n), np.float32)
        mean = np.asarray(matrix.mean(axis=0), dtype=np.float32).ravel()
        return Components(zeros, np.eye(n, matrix.shape[1], dtype=np.float32), mean)
    pca = PCA(n, svd_solver="arpack", random_state=seed).fit(matrix.astype(np.float64))
    loadings, mean = pca.components_.astype(np.float32), pca.mean_.astype(np.float32)
    parts = Components(np.empty(0), loadings, mean)
    return Components(parts.project(matrix), loadings, mean)


def _is_constant(matrix: sp.csr_matrix) -> bool:
    first = matrix[:1].toarray().ravel()
    mean = np.asarray(matrix.mean(axis=0)).ravel()
    square = np.asarray(matrix.multiply(matrix).mean(axis=0)).ravel()
    return bool(np.allclose(mean, first) and np.allclose(square, first**2))
