"""Carry the names of a reference's spots over to other data, by the genes that both have."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.components import principal_components
from ..data.counts import depth_of, log_normalise
from ..errors import InputError, TooSmall
from ..progress import Progress
from .sources import N_COMPONENTS, all_counts, labels_of

if TYPE_CHECKING:
    from anndata import AnnData

UNSURE = "unsure"
"""Name of spots whose name is not sure."""

_SURE = 0.5
"""Probability from which a name is given."""

_FEWEST_GENES = 20
"""Shared genes from which names can be carried over."""

_FEWEST_SPOTS = 5
"""Spots of the reference that a name needs."""

_N_NEIGHBOURS = 30
_BLOCK = 5_000
"""Spots that are named in one go."""


@dataclass(frozen=True, eq=False)
class Transfer:
    """Name of each spot by its likeness to a reference.

    ``labels`` (n_obs,), "unsure" where the probability is below one half; ``probability`` (n_obs,)
    of the likeliest name; ``n_shared`` genes; ``notes`` sentences on what to beware of.
    """

    labels: pd.Categorical = field(repr=False)
    probability: NDArray[np.float32] = field(repr=False)
    n_shared: int
    notes: tuple[str, ...] = ()


def transfer_steps(
    adata: AnnData, reference: AnnData, column: str, seed: int = 0
) -> Generator[Progress, None, Transfer]:
    """Give each spot the name that spots of a reference have which express alike.

    Parameters
    ----------
    adata : counts of the modelled genes in X, those of all genes in raw; never changed
    reference : likewise, with the names; genes are matched by name
    column : of ``reference.obs``; spots without a name are left out, and so are names of fewer
        than five spots
    seed : of the components' start

    Raises
    ------
    UnknownName : no such column in the reference
    InputError : fewer than 20 shared genes with molecules in both
    TooSmall : fewer than two names with five spots

    Notes
    -----
    Both are brought to the reference's median depth over the shared genes and projected on its
    principal components. The probability is the mean of a logistic regression's and of the share
    among the 30 nearest reference spots: the first is the better guess, the second more doubtful
    of what the reference does not have. A type that is missing there is still often given the name
    of its next relative.
    """
    codes, names = labels_of(reference, column)
    yield Progress("transfer", 0, 4, message="Finding shared genes")
    (query, query_genes), (known, known_genes) = all_counts(adata), all_counts(reference)
    query, known = _shared(query, query_genes, known, known_genes)
    kept, text = _enough(codes, names, column)
    spots = np.flatnonzero(np.isin(codes, kept))
    known, answers = known[spots], np.array(names)[codes[spots]]
    depth = float(np.median(np.maximum(depth_of(known), 1.0)))
    yield Progress("transfer", 1, 4, message="Learning from the reference")
    components = principal_components(_at(known, depth), N_COMPONENTS, seed)
    yield Progress("transfer", 2, 4, message="Learning from the reference")
    judge = _Judge.fitted(components.scores, answers)
    yield Progress("transfer", 3, 4, message="Giving names")
    places = components.project(_at(query, depth))
    n_blocks, parts = -(-len(places) // _BLOCK), []
    for block in range(n_blocks):
        parts.append(judge.probability(places[block * _BLOCK : (block + 1) * _BLOCK]))
        yield Progress("transfer", 3 + block, 3 + n_blocks, message="Giving names")
    return _named(np.concatenate(parts), judge.names, query.shape[1], text)


@dataclass(frozen=True, eq=False)
class _Judge:
    """Logistic regression and nearest neighbours in the reference's components."""

    regression: object
    neighbours: object
    spread: NDArray[np.float32]
    names: NDArray[np.str_]

    @classmethod
    def fitted(cls, places: NDArray[np.float32], answers: NDArray[np.str_]) -> _Judge:
        from sklearn.linear_model import LogisticRegression
        from sklearn.neighbors import KNeighborsClassifier

        spread = np.maximum(places.std(axis=0), np.float32(1e-6))
        regression = LogisticRegression(max_iter=500).fit(places / spread, answers)
        nearest = KNeighborsClassifier(min(_N_NEIGHBOURS, len(places))).fit(places, answers)
        return cls(regression, nearest, spread, regression.classes_)

    def probability(self, places: NDArray[np.float32]) -> NDArray[np.float64]:
        by_regression = self.regression.predict_proba(places / self.spread)  # type: ignore[attr-defined]
        by_neighbours = self.neighbours.predict_proba(places)  # type: ignore[attr-defined]
        return np.asarray((by_regression + by_neighbours) / 2)


def _shared(
    query: sp.csr_matrix,
    query_genes: pd.Index[str],
    known: sp.csr_matrix,
    known_genes: pd.Index[str],
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Counts of the genes with molecules in both, in the same order."""
    place = known_genes.get_indexer(query_genes)
    here = np.flatnonzero(place >= 0)
    is_seen = (query.getnnz(axis=0)[here] > 0) & (known.getnnz(axis=0)[place[here]] > 0)
    here = here[is_seen]
    if len(here) < _FEWEST_GENES:
        raise InputError(
            expected=f"at least {_FEWEST_GENES} genes with molecules in both",
            found=f"{len(here)}: the data have names like {query_genes[0]!r}, "
            f"the reference {known_genes[0]!r}",
            remedy="Use a reference of the same species, with the same kind of gene names.",
        )
    return query[:, here], known[:, place[here]]


def _enough(
    codes: NDArray[np.intp], names: tuple[str, ...], column: str
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Codes of the names with enough spots, and what was left out."""
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    kept = np.flatnonzero(sizes >= _FEWEST_SPOTS)
    if len(kept) < 2:
        raise TooSmall(
            expected=f"at least two names of {_FEWEST_SPOTS} cells in {column!r} of the reference",
            found=f"{len(kept)}",
            remedy="Choose another column, or a larger reference.",
        )
    left = [name for name, size in zip(names, sizes, strict=True) if size < _FEWEST_SPOTS]
    text = f"Names of fewer than {_FEWEST_SPOTS} reference cells are not given: {', '.join(left)}."
    return kept, (text,) if left else ()


def _at(counts: sp.csr_matrix, depth: float) -> sp.csr_matrix:
    """Log(1 + counts) with each spot brought to one depth."""
    total = depth_of(counts)
    return log_normalise(counts, np.where(total > 0, total / depth, 1.0).astype(np.float32))


def _named(
    probability: NDArray[np.float64], names: NDArray[np.str_], n_shared: int, text: tuple[str, ...]
) -> Transfer:
    best, highest = probability.argmax(axis=1), probability.max(axis=1)
    given = [str(name) for name in names if str(name) != UNSURE]
    codes = np.array([given.index(str(name)) if str(name) in given else -1 for name in names])
    chosen = np.where((highest >= _SURE) & (codes[best] >= 0), codes[best], len(given))
    labels = pd.Categorical.from_codes(chosen.tolist(), pd.Index([*given, UNSURE]))
    return Transfer(labels.remove_unused_categories(), highest.astype(np.float32), n_shared, text)
