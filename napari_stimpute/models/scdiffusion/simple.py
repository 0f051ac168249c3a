"""Simple ways to make cells, from the same cells: what a denoiser must be held against.

Two take the autoencoder's points, and only replace the denoiser; the third does without both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy.sparse as sp
from sklearn.mixture import GaussianMixture

from ...nn.denoising import Conditions
from .draws import for_counts
from .generator import CellGenerator
from .replay import Replay

MIXTURE, RESAMPLED, MOMENTS = "Gaussian mixture", "resampled cells", "counts by label"

WORDS: Mapping[str, str] = {
    MIXTURE: "a mixture of normal distributions of each label's latent points",
    RESAMPLED: "latent points of training cells, drawn again",
    MOMENTS: "negative binomial counts with each label's means and variances",
}

_MOST_COMPONENTS, _CELLS_PER_COMPONENT = 5, 40
_RIDGE = 1e-3
_OWN_SEED = 2**20
"""Added to seeds, so that counts are none of those that the denoiser's cells drew."""


def simple_cells(
    generator: CellGenerator,
    replay: Replay,
    asked: Conditions,
    trained: tuple[sp.csr_matrix, Conditions],
    seed: int,
) -> dict[str, sp.csr_matrix]:
    """Cells of the same conditions by each simple way, (n, n_genes) counts.

    Parameters
    ----------
    generator : of a trained model
    replay : latent points that it remembers
    asked : n conditions; only their labels count
    trained : counts of cells that were learned from, and their conditions
    seed : of all that is drawn
    """
    points, conditions = replay.learned
    z, codes = points.cpu().double().numpy(), conditions.labels.cpu().numpy()
    wanted, cells = asked.labels.cpu().numpy(), np.arange(len(asked))
    found = {}
    for name, draw in ((MIXTURE, _mixture), (RESAMPLED, _resampled)):
        drawn = by_label(z, codes, wanted, draw, seed).astype(np.float32)
        found[name] = generator.counts(drawn, asked, cells, seed + _OWN_SEED)
    counts, labels = trained
    found[MOMENTS] = moment_counts(counts, labels.labels.cpu().numpy(), wanted, seed)
    if generator.network.head.is_binary:
        found[MOMENTS].data.clip(max=1, out=found[MOMENTS].data)
    return found


Draw = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def by_label(
    z: np.ndarray, codes: np.ndarray, wanted: np.ndarray, draw: Draw, seed: int
) -> np.ndarray:
    """Points for wanted sets of labels, (n, d), each drawn from those of the same labels.

    Parameters
    ----------
    z : (m, d), points
    codes, wanted : (m, n_labels) and (n, n_labels), codes; −1 is any
    draw : from points, how many, and a source of randomness
    """
    rng = np.random.default_rng(seed)
    found = np.empty((len(wanted), z.shape[1]))
    for labels in np.unique(wanted, axis=0):
        here = (wanted == labels).all(axis=1)
        same = meets(codes, labels)
        found[here] = draw(z[same] if same.any() else z, int(here.sum()), rng)
    return found


def meets(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which rows have these labels, (n,) bool; −1 asks for nothing."""
    found: np.ndarray = ((codes == labels) | (labels < 0)).all(axis=1)
    return found


def _resampled(z: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    return z[rng.integers(len(z), size=n)]


def _mixture(z: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    if len(z) < 2:  # one cell says nothing of how others scatter
        return _resampled(z, n, rng)
    n_components = min(_MOST_COMPONENTS, max(1, len(z) // _CELLS_PER_COMPONENT))
    mixture = GaussianMixture(n_components, reg_covar=_RIDGE, random_state=0).fit(z)
    mixture.random_state = int(rng.integers(2**31))
    return rng.permutation(np.asarray(mixture.sample(n)[0]))


def moment_counts(
    counts: sp.csr_matrix, codes: np.ndarray, wanted: np.ndarray, seed: int
) -> sp.csr_matrix:
    """Counts by each label's means and variances per molecule, at depths of its cells.

    Parameters
    ----------
    counts : (m, n_genes), of cells that were learned from
    codes, wanted : (m, n_labels) and (n, n_labels), as for `by_label`
    """
    rng, depth = np.random.default_rng(seed), np.asarray(counts.sum(axis=1)).ravel()
    rows: list[sp.csr_matrix] = [sp.csr_matrix((1, counts.shape[1]))] * len(wanted)
    for labels in np.unique(wanted, axis=0):
        same = meets(codes, labels) & (depth > 0)
        here = np.flatnonzero((wanted == labels).all(axis=1))
        some, size = counts[same].toarray(), depth[same] / depth[same].mean()
        mean = some.sum(axis=0) / size.sum()
        excess = ((some - size[:, None] * mean) ** 2 - size[:, None] * mean).mean(axis=0)
        spread = np.square(size).mean() * np.square(mean) / np.maximum(excess, 1e-9)
        spread = np.clip(spread, 1e-2, 1e4)
        for cell, at in zip(here, rng.choice(size, len(here)), strict=True):
            own = for_counts(seed + _OWN_SEED, int(cell))
            drawn = own.poisson(own.gamma(spread, at * mean / spread))
            rows[cell] = sp.csr_matrix(drawn.astype(np.float32))
    return sp.csr_matrix(sp.vstack(rows))
