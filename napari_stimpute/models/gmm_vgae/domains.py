"""Spatial domains: Gaussian mixtures, how many, how much smoothing, and refinement.

How far to smooth is decided by hidden molecules. A map of domains predicts them by each domain's
mean profile; the smoothest map whose prediction is within 3 % of the best one's is taken, since a
domain is a region. Several views of the same spots (the latent space, principal components) are
clustered; those that predict equally well are averaged, the others are left out.

Mixtures are fitted to at most 20,000 spots, drawn by chance; what they say of all others, and how
well a map predicts, takes time that grows with the spots and no more.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linear_sum_assignment
from scipy.special import softmax

from ...data.graph import has_place
from ...data.on_disk import gene_totals, summed
from ...errors import TooSmall
from ...progress import Progress
from ...words import counted

MOST_DOMAINS = 15
MOST_FITTED = 20_000
"""Spots that a mixture is fitted to; more hardly move it, and take as much longer."""

_TOLERANCE = 0.03
_PSEUDO_MOLECULES = 500.0
_STARTS = ((2_000, 10), (10_000, 5), (np.inf, 2))
"""Up to how many spots, how many starts of each mixture."""

_REGULARISATION = 1e-4
_MOST_HOPS = 100


@dataclass(frozen=True)
class TiedMixture:
    """Gaussian mixture with one covariance for all components ("tied").

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


def fit_mixture(z: np.ndarray, k: int, seed: int, n_starts: int = 10) -> TiedMixture:
    """Fit k components to points (n, d); the best of several k-means starts by likelihood.

    Of more than 20,000 points, as many are drawn by the seed, whose BIC it is then.
    """
    from sklearn.mixture import GaussianMixture

    if k > len(z):
        raise TooSmall(
            expected=f"at least as many spots as domains ({k})",
            found=f"{len(z)} spots",
            remedy="Ask for fewer domains.",
        )
    z = z[drawn_spots(len(z), seed)]
    scale = max(float(z.std()), 1e-12)
    points = np.asarray(z, dtype=np.float64) / scale
    gmm = GaussianMixture(
        k,
        covariance_type="tied",
        n_init=n_starts,
        reg_covar=_REGULARISATION,
        max_iter=200,
        random_state=seed,
    ).fit(points)
    return TiedMixture(
        gmm.weights_, gmm.means_ * scale, gmm.precisions_ / scale**2, gmm.bic(points)
    )


def numbers_to_try(n: int) -> range:
    """Numbers of domains that n spots may have."""
    return range(2, min(MOST_DOMAINS, n - 1) + 1)


def try_number(z: np.ndarray, k: int, seed: int) -> TiedMixture:
    """A mixture of k components, good enough to judge the number k by."""
    return fit_mixture(z, k, seed, min(3, _n_starts(len(z))))


def fewest_domains(
    fits: dict[int, TiedMixture], z: np.ndarray, kept: sp.csr_matrix, hidden: sp.csr_matrix
) -> tuple[int, str]:
    """Fewest domains whose map predicts hidden molecules nearly best; and a sentence with the BIC.

    Parameters
    ----------
    fits : by number of components, from `try_number`
    z : (n, d), a view of the spots, smoothed
    kept, hidden : (n, n_genes), the molecules that were seen, and those that judge

    Notes
    -----
    The Bayesian information criterion alone asks for as many components as are tried (15) on most
    sections, since domains are not Gaussian; it is shown beside.
    """
    if not fits:
        return 1, "Number of domains: 1 (too few spots for more)."
    gains = {k: molecules_explained(m.probabilities(z), kept, hidden) for k, m in fits.items()}
    k = min(k for k, gain in gains.items() if gain >= _nearly(max(gains.values())))
    by_bic = min(fits, key=lambda n: fits[n].bic)
    shown = ", ".join(f"{n}: {m.bic:,.0f}" for n, m in fits.items())
    return k, (
        f"Number of domains: {k}, the fewest that predict hidden molecules within "
        f"{100 * _TOLERANCE:.0f} % of the best. BIC, smaller is better, would choose {by_bic} "
        f"({shown})."
    )


def choose_number(
    view: np.ndarray, kept: sp.csr_matrix, hidden: sp.csr_matrix, seed: int
) -> Generator[Progress, None, tuple[int, str]]:
    """As `fewest_domains`, of mixtures of every number that a view (n, d) may have, in steps."""
    fits: dict[int, TiedMixture] = {}
    for k in numbers_to_try(len(view)):
        yield Progress("prepare", 0, 1, message="Preparing: number of domains")
        fits[k] = try_number(view, k, seed)
    return fewest_domains(fits, view, kept, hidden)


@dataclass(frozen=True)
class Domains:
    """Domains as the average of mixtures over several views of the spots.

    Attributes
    ----------
    hops : steps of neighbourhood averaging that each view is smoothed by
    mixtures : by name of the view; components in the same order in each
    """

    hops: int
    mixtures: dict[str, TiedMixture]

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
        """Rebuild from what was saved; anything else raises ValueError."""
        hops = int(arrays["hops"].item())
        if not 0 <= hops <= _MOST_HOPS:
            raise ValueError(f"{hops} steps of smoothing")
        views = [k.removesuffix(".weights") for k in arrays if k.endswith(".weights")]
        mixtures = {
            v: TiedMixture(arrays[f"{v}.weights"], arrays[f"{v}.means"], arrays[f"{v}.precision"])
            for v in views
        }
        return cls(hops, mixtures)


@dataclass(frozen=True)
class Candidate:
    """A mixture of one smoothed view, its map (n, k), and how well that map predicts."""

    view: str
    mixture: TiedMixture
    probabilities: np.ndarray
    gain: float


@dataclass(frozen=True)
class DomainSearch:
    """What is tried: numbers of smoothing steps, and starts of each mixture (0: by size)."""

    hops: tuple[int, ...]
    n_starts: int = 0


def find_domains(
    views: dict[str, np.ndarray],
    graph: sp.csr_matrix,
    k: int,
    search: DomainSearch,
    seed: int,
    kept: sp.csr_matrix,
    hidden: sp.csr_matrix,
) -> tuple[Domains, str]:
    """Find k domains; also say in a sentence how far the views were smoothed and which were used.

    Parameters
    ----------
    views : name → (n, d)
    graph : (n, n), neighbours
    search : what to choose from
    kept, hidden : (n, n_genes), the molecules that were seen, and those that judge
    """
    tried: dict[int, list[Candidate]] = {}
    for hops in search.hops:
        tried[hops] = []
        for view, z in views.items():
            smoothed = smooth(z, graph, hops)
            mixture = fit_mixture(smoothed, k, seed, search.n_starts or _n_starts(len(z)))
            map_ = mixture.probabilities(smoothed)
            gain = molecules_explained(map_, kept, hidden)
            tried[hops].append(Candidate(view, mixture, map_, gain))
    gains = {hops: max(c.gain for c in candidates) for hops, candidates in tried.items()}
    hops = max(h for h, gain in gains.items() if gain >= _nearly(max(gains.values())))
    used = sorted((c for c in tried[hops] if c.gain >= _nearly(gains[hops])), key=lambda c: -c.gain)
    by_hops = ", ".join(f"{counted(h, 'step')} {1000 * g:.1f}" for h, g in gains.items())
    sentence = (
        f"Domains (hidden molecules decided): from {' and '.join(c.view for c in used)}, averaged "
        f"over {counted(hops, 'step')} on the tissue graph; gain over gene mean × depth in 1/1000 "
        f"nat per molecule: {by_hops}."
    )
    return Domains(hops, {c.view: _aligned(c, used[0]) for c in used}), sentence


def drawn_spots(n: int, seed: int) -> np.ndarray:
    """Those of n spots that mixtures are fitted to, in their order: all, up to 20,000."""
    if n <= MOST_FITTED:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_FITTED, replace=False))


def fitted_in_words(n: int) -> list[str]:
    """A sentence on how many of n spots mixtures were fitted to; none where to all."""
    if n <= MOST_FITTED:
        return []
    return [f"Mixtures were fitted to {MOST_FITTED:,} of {n:,} spots, drawn by chance."]


def _n_starts(n: int) -> int:
    return next(starts for most, starts in _STARTS if n <= most)


def _nearly(best: float) -> float:
    return best - _TOLERANCE * abs(best)


def _aligned(candidate: Candidate, reference: Candidate) -> TiedMixture:
    """The mixture with its components in the order that agrees best with the reference."""
    agreement = reference.probabilities.T @ candidate.probabilities
    order = linear_sum_assignment(-agreement)[1]
    m = candidate.mixture
    return TiedMixture(m.weights[order], m.means[order], m.precision, m.bic)


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
    totals = gene_totals(kept).astype(np.float64) + 0.5
    share = totals / totals.sum()
    profile = summed(members, kept) + _PSEUDO_MOLECULES * share
    profile /= profile.sum(axis=1, keepdims=True)
    found = summed(members, hidden)
    return float((found * np.log(profile / share)).sum() / max(found.sum(), 1.0))


def smooth(z: np.ndarray, graph: sp.csr_matrix, hops: int) -> np.ndarray:
    """Average each row with its neighbours', `hops` times; (n, d) float64."""
    degree = np.asarray(graph.sum(axis=1)).ravel() + 1.0
    z = np.asarray(z, dtype=np.float64)
    for _ in range(hops):
        z = (graph @ z + z) / degree[:, None]
    return z


def refine_domains(
    labels: np.ndarray, places: np.ndarray, sections: np.ndarray, k: int = 7
) -> np.ndarray:
    """Give each spot the label that most of its k nearest spots (itself included) have.

    Parameters
    ----------
    labels : (n,), int ≥ 0
    places : (n, 2), coordinates; a spot without any (NaN) keeps its label
    sections : (n,), int; neighbours are looked for within a section only

    Returns
    -------
    (n,), int; where labels tie, a spot keeps its own
    """
    from scipy.spatial import cKDTree

    refined = labels.copy()
    n_labels = int(labels.max(initial=0)) + 1
    for section in np.unique(sections):
        here = np.flatnonzero((sections == section) & has_place(places))
        if not len(here):
            continue
        nearest = cKDTree(places[here]).query(places[here], k=[*range(1, min(k, len(here)) + 1)])[1]
        votes = np.zeros((len(here), n_labels))
        rows = np.repeat(np.arange(len(here)), nearest.shape[1])
        np.add.at(votes, (rows, labels[here][nearest.ravel()]), 1)
        votes[np.arange(len(here)), labels[here]] += 0.5
        refined[here] = votes.argmax(axis=1)
    return refined


def refinement_in_words(labels: np.ndarray, refined: np.ndarray) -> str:
    """A sentence on how many spots got another domain, of labels (n,) before and after."""
    changed = 100 * float((refined != labels).mean())
    return f"Refinement by the nearest spots changed the domain of {changed:.1f} % of them."
