"""Which domains, and which spots in them, come again in maps of half of the genes.

Two halves share no gene, so that chance does not divide the spots alike in both. A domain is steady
if its match in another map shares three quarters of all spots that lie in either (Jaccard index of
0.75 on average: Hennig, 2007). The match is made of those of the other map's domains that lie
mostly in it, so that a domain which others divide further is steady too.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...errors import TooSmall
from ...progress import Progress
from .domain_views import HalvedGenes
from .domains import Domains, smooth, try_number

STEADY = 0.75
"""Jaccard index from which a domain is steady."""

N_HALVINGS = 3
"""Times that the genes are divided into halves."""

SEARCHING = Progress("domains", 0, 1, message="Finding domains", phase_ends=0)


@dataclass(frozen=True)
class Steadiness:
    """How far domains come again in other maps.

    Attributes
    ----------
    spots : (n,) float32, share of the maps whose match of a spot's domain holds the spot
    domains : (k,), mean Jaccard index of each domain and its matches; 0 for one without spots
    merged : domains by number from 0, in groups that are steady; a single one if none are
    """

    spots: NDArray[np.float32]
    domains: NDArray[np.float64]
    merged: tuple[tuple[int, ...], ...]

    @property
    def in_words(self) -> str:
        """A sentence on how many domains are steady."""
        k, n_steady = len(self.domains), int((self.domains >= STEADY).sum())
        shown = ", ".join(f"{d + 1}: {j:.2f}" for d, j in enumerate(self.domains))
        ground = f"Jaccard index with domains from half of the genes, {STEADY} is steady: {shown}"
        if k == 1:
            return "There is one domain, so none of them hangs on chance."
        if n_steady == k:
            return f"All {k} domains are steady ({ground})."
        fewer = len(self.merged)
        joined = ["+".join(str(d + 1) for d in group) for group in self.merged]
        remedy = f"{fewer} are steady: {', '.join(joined)}" if fewer > 1 else "no fewer are steady"
        return (
            f"These {k} domains are a matter of chance, {k - n_steady} of them not steady; "
            f"{remedy} ({ground})."
        )


def maps_of_halves(
    halves: HalvedGenes, graph: sp.csr_matrix, like: Domains, n_halvings: int, seed: int
) -> Iterator[NDArray[np.int_]]:
    """Maps (n,) of components of half of the genes, as many domains, and as smooth, as these."""
    for halving in range(n_halvings):
        for view in halves.views(seed + 1_000 * halving):
            smoothed = smooth(view, graph, like.hops)
            mixture = try_number(smoothed, like.n_domains, seed)
            yield mixture.probabilities(smoothed).argmax(axis=1)


def steadiness_steps(
    labels: NDArray[np.integer], maps: Iterable[NDArray[np.integer]], k: int
) -> Generator[Progress, None, Steadiness]:
    """As `steadiness`, of maps that take time to make."""
    made = []
    for map_ in maps:
        yield SEARCHING
        made.append(map_)
    return steadiness(labels, np.array(made), k)


def of_these_spots(stability: NDArray[np.float32], n_obs: int) -> NDArray[np.float32]:
    """Stability (n_obs,) of the spots that a model was fitted to.

    Raises
    ------
    TooSmall : there are more or fewer of those that are asked about
    """
    if n_obs == len(stability):
        return stability
    raise TooSmall(
        expected=f"the {len(stability):,} spots that the model was fitted to",
        found=f"{n_obs:,} spots",
        remedy="Train on these: stability is found while domains are.",
    )


def steadiness(labels: NDArray[np.integer], maps: NDArray[np.integer], k: int) -> Steadiness:
    """How steady each of k domains is, each spot in its own, and which domains to merge.

    Parameters
    ----------
    labels : (n,), domains from 0
    maps : (n_maps, n), domains of the same spots in other maps, from 0
    """
    tables = [_table(labels, other, k) for other in maps]
    held = [
        table.argmax(axis=0)[other] == labels for table, other in zip(tables, maps, strict=True)
    ]
    spots = np.asarray(np.mean(held, axis=0), dtype=np.float32)
    return Steadiness(spots, _jaccard(tables), _merged(tables))


def _table(labels: NDArray[np.integer], other: NDArray[np.integer], k: int) -> NDArray[np.float64]:
    """Spots by domain and by domain of another map, (k, k)."""
    pairs = labels.astype(np.int64) * k + other
    return np.bincount(pairs, minlength=k * k).reshape(k, k).astype(np.float64)


def _jaccard(tables: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Mean over the maps of what each domain shares with its match, (n_domains,)."""
    found = []
    for table in tables:
        is_in = np.eye(len(table))[table.argmax(axis=0)].T  # (n_domains, k)
        shared = (table * is_in).sum(axis=1)
        either = table.sum(axis=1) + is_in @ table.sum(axis=0) - shared
        found.append(np.divide(shared, either, out=np.zeros_like(shared), where=either > 0))
    return np.asarray(np.mean(found, axis=0))


def _merged(tables: Sequence[NDArray[np.float64]]) -> tuple[tuple[int, ...], ...]:
    """Merge the least steady domain with that which maps mix it with most, until all are steady."""
    there = [d for d in range(len(tables[0])) if tables[0][d].any()]
    groups: list[tuple[int, ...]] = [(d,) for d in there]
    tables = [table[there] for table in tables]
    while len(groups) > 1:
        indices = _jaccard(tables)
        worst = int(indices.argmin())
        if indices[worst] >= STEADY:
            break
        mixed = sum(_shares(table)[worst] @ _shares(table).T for table in tables)
        mixed[worst] = -1.0
        other = int(mixed.argmax())
        first, last = sorted((worst, other))
        groups[first] = tuple(sorted(groups[first] + groups[last]))
        for table in tables:
            table[first] += table[last]
        tables = [np.delete(table, last, axis=0) for table in tables]
        del groups[last]
    return tuple(sorted(groups))


def _shares(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each domain's spots, the share in each domain of the other map."""
    return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), 1.0))
