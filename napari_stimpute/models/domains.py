"""Spatial domains: Gaussian mixtures, how many, how much smoothing, and refinement.

How far to smooth is decided by hidden molecules. A map of domains predicts them by each domain's
mean profile; the smoothest map whose prediction is within 3 % of the best one's is taken, since a
domain is a region. Several views of the same spots (the latent space, principal components) are
clustered; those that predict equally well are averaged, the others are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linear_sum_assignment
from scipy.special import softmax

from ..errors import TooSmall

MOST_FOR_BIC = 15
MOST_HOPS = 3
_TOLERANCE = 0.03
_PSEUDO_MOLECULES = 500.0
_MANY_SPOTS = 5000
_REGULARISATION = 1e-4


@dataclass(frozen=True)
class Mixture:
    """Gaussian mixture with one covariance for all components.

    Attributes
    ----------
    weights : (k,), sum to one
    means : (k, d)
    precision : (d, d), inverse of the common covariance
    bic : Bayesian information criterion, smaller is better
    """

    weights: np.ndarray
    means: np.ndarray
    precision: np.ndarray
    bic: float = np.nan

    def probabilities(self, z: np.ndarray) -> np.ndarray:
        """Membership probabilities (n, k) of points (n, d), float32.

        With a common covariance the quadratic term cancels, so this is linear in z.
        """
        projected = self.means @ self.precision  # (k, d)
        offset = np.log(self.weights) - 0.5 * (projected * self.means).sum(axis=1)
        return np.asarray(softmax(z @ projected.T + offset, axis=1), dtype=np.float32)


def fit_mixture(z: np.ndarray, k: int, seed: int, n_starts: int = 10) -> Mixture:
    """Fit k components to points (n, d); the best of several k-means starts by likelihood."""
    from sklearn.mixture import GaussianMixture

    if k > len(z):
        raise TooSmall(
            expected=f"at least as many spots as domains ({k})",
            found=f"{len(z)} spots",
            remedy="Ask for fewer domains.",
        )
    scale = max(float(z.std()), 1e-12)
    points = np.asarray(z, dtype=np.float64) / scale
    gmm = GaussianMixture(
        k, covariance_type="tied", n_init=n_starts, reg_covar=_REGULARISATION, max_iter=200,
        random_state=seed,
    ).fit(points)  # fmt: skip
    return Mixture(gmm.weights_, gmm.means_ * scale, gmm.precisions_ / scale**2, gmm.bic(points))


def estimate_domains(z: np.ndarray, seed: int) -> tuple[int, dict[int, float]]:
    """Number of components with the smallest BIC, and the BIC of each number tried (2 to 15)."""
    most = min(MOST_FOR_BIC, len(z) - 1)
    bic = {k: fit_mixture(z, k, seed, n_starts=1).bic for k in range(2, most + 1)}
    return (min(bic, key=lambda k: bic[k]), bic) if bic else (1, {})


@dataclass(frozen=True)
class Domains:
    """Domains as the average of mixtures over several views of the spots.

    Attributes
    ----------
    hops : steps of neighbourhood averaging that each view is smoothed by
    mixtures : by name of the view; components in the same order in each
    """

    hops: int
    mixtures: dict[str, Mixture]

    @property
    def n_domains(self) -> int:
        """Number of domains."""
        return len(next(iter(self.mixtures.values())).weights)

    def probabilities(self, views: dict[str, np.ndarray], graph: sp.csr_matrix) -> np.ndarray:
        """Membership (n, n_domains) float32 of spots with these views (n, d) and neighbours."""
        parts = [
            m.probabilities(smooth(views[v], graph, self.hops)) for v, m in self.mixtures.items()
        ]
        return np.asarray(np.mean(parts, axis=0), dtype=np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """What to save."""
        saved = {"hops": np.array(self.hops)}
        for view, m in self.mixtures.items():
            parts = {"weights": m.weights, "means": m.means, "precision": m.precision}
            saved |= {f"{view}.{name}": array for name, array in parts.items()}
        return saved

    @classmethod
    def of_arrays(cls, arrays: dict[str, np.ndarray]) -> Domains:
        """Rebuild from what was saved."""
        views = [k.removesuffix(".weights") for k in arrays if k.endswith(".weights")]
        mixtures = {
            v: Mixture(arrays[f"{v}.weights"], arrays[f"{v}.means"], arrays[f"{v}.precision"])
            for v in views
        }
        return cls(int(arrays["hops"].item()), mixtures)


def find_domains(
    views: dict[str, np.ndarray], graph: sp.csr_matrix, k: int, least_hops: int, seed: int,
    kept: sp.csr_matrix, hidden: sp.csr_matrix,
) -> tuple[Domains, str]:  # fmt: skip
    """Find k domains; also say in a sentence how far the views were smoothed and which were used.

    Parameters
    ----------
    views : name → (n, d)
    graph : (n, n), neighbours
    least_hops : fewest smoothing steps allowed (1 where a spot is one cell: a domain has several)
    kept, hidden : (n, n_genes), the molecules that were seen, and those that judge
    """
    n_starts = 10 if len(next(iter(views.values()))) <= _MANY_SPOTS else 2
    fits: dict[int, dict[str, Mixture]] = {}
    gains: dict[int, dict[str, float]] = {}
    for hops in range(least_hops, MOST_HOPS + 1):
        smoothed = {v: smooth(z, graph, hops) for v, z in views.items()}
        fits[hops] = {v: fit_mixture(z, k, seed, n_starts) for v, z in smoothed.items()}
        gains[hops] = {
            v: molecules_explained(fits[hops][v].probabilities(z), kept, hidden)
            for v, z in smoothed.items()
        }
    best = {h: max(g.values()) for h, g in gains.items()}
    enough = max(best.values()) - _TOLERANCE * abs(max(best.values()))
    hops = max(h for h, gain in best.items() if gain >= enough)
    names = [v for v, g in gains[hops].items() if g >= best[hops] - _TOLERANCE * abs(best[hops])]
    names.sort(key=lambda v: -gains[hops][v])
    reference = fits[hops][names[0]].probabilities(smooth(views[names[0]], graph, hops))
    aligned = {v: _aligned(fits[hops][v], smooth(views[v], graph, hops), reference) for v in names}
    tried = ", ".join(f"{h} steps {1000 * g:.1f}" for h, g in best.items())
    sentence = (
        f"Domains (hidden molecules decided): from {' and '.join(names)}, averaged over {hops} "
        "steps on the tissue graph; gain over gene mean × depth in 1/1000 nat per molecule: "
        f"{tried}."
    )
    return Domains(hops, aligned), sentence


def molecules_explained(
    probabilities: np.ndarray, kept: sp.csr_matrix, hidden: sp.csr_matrix
) -> float:
    """How much better domain means than gene means predict hidden molecules, nats per molecule.

    Parameters
    ----------
    probabilities : (n, k), membership; each spot counts for its likeliest domain
    kept, hidden : (n, n_genes), counts
    """
    labels = probabilities.argmax(axis=1)
    n, k = probabilities.shape
    members = sp.csr_matrix((np.ones(n), (labels, np.arange(n))), shape=(k, n))
    totals = np.asarray(kept.sum(axis=0), dtype=np.float64).ravel() + 0.5
    share = totals / totals.sum()
    profile = (members @ kept).toarray() + _PSEUDO_MOLECULES * share
    profile /= profile.sum(axis=1, keepdims=True)
    found = (members @ hidden).toarray()
    return float((found * np.log(profile / share)).sum() / max(found.sum(), 1.0))


def smooth(z: np.ndarray, graph: sp.csr_matrix, hops: int) -> np.ndarray:
    """Average each row with its neighbours', `hops` times; (n, d) float64."""
    degree = np.asarray(graph.sum(axis=1)).ravel() + 1.0
    z = np.asarray(z, dtype=np.float64)
    for _ in range(hops):
        z = (graph @ z + z) / degree[:, None]
    return z


def _aligned(mixture: Mixture, z: np.ndarray, reference: np.ndarray) -> Mixture:
    """The mixture with its components in the order that fits the reference (n, k) best."""
    order = linear_sum_assignment(-(reference.T @ mixture.probabilities(z)))[1]
    return Mixture(mixture.weights[order], mixture.means[order], mixture.precision, mixture.bic)


def refine_domains(
    labels: np.ndarray, places: np.ndarray, sections: np.ndarray, k: int
) -> np.ndarray:
    """Give each spot the label that most of its k nearest spots (itself included) have.

    Parameters
    ----------
    labels : (n,), int ≥ 0
    places : (n, 2), coordinates
    sections : (n,), int; neighbours are looked for within a section only

    Returns
    -------
    (n,), int; where labels tie, a spot keeps its own
    """
    from scipy.spatial import cKDTree

    refined = labels.copy()
    n_labels = int(labels.max(initial=0)) + 1
    for section in np.unique(sections):
        here = np.flatnonzero(sections == section)
        nearest = cKDTree(places[here]).query(places[here], k=[*range(1, min(k, len(here)) + 1)])[1]
        votes = np.zeros((len(here), n_labels))
        rows = np.repeat(np.arange(len(here)), nearest.shape[1])
        np.add.at(votes, (rows, labels[here][nearest.ravel()]), 1)
        votes[np.arange(len(here)), labels[here]] += 0.5
        refined[here] = votes.argmax(axis=1)
    return refined
