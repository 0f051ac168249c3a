"""Name groups of spots by lists of marker genes, or by a reference that has names."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.counts import log_normalise, size_factors
from ..errors import InputError, TooSmall
from ..progress import Progress
from .contrast import means, membership
from .marker_lists import MarkerLists, read_marker_lists
from .sources import all_counts, labels_of
from .transfer import UNSURE, Transfer, transfer_steps

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = [
    "UNSURE",
    "Annotation",
    "Call",
    "MarkerLists",
    "Transfer",
    "annotation_steps",
    "read_marker_lists",
    "transfer_steps",
]

Level = Literal["type", "subtype"]

_N_RANDOM = 1_000
"""Random gene sets for each list."""

_WITHIN = 50
"""Random genes are drawn from so many genes of the next lower, and higher, mean."""

_ROUNDING = 1e-9
"""Variance, as a share of the mean square, that is rounding and not variance."""

_BEYOND = 0.95
"""Share of the random sets that a score and its lead have to exceed."""


@dataclass(frozen=True)
class Call:
    """The type that one group was given.

    ``best`` and ``runner_up`` names ("" where there was no other); ``score`` mean effect size of
    the best list's genes (difference to all other spots in standard deviations) beyond that of
    random genes of the same level; ``lead`` on the runner-up; ``by_chance`` the lead that random
    genes reach in one of twenty; ``n_found`` of ``n_listed`` genes; ``is_sure`` whether both score
    and lead are beyond chance.
    """

    best: str
    runner_up: str
    score: float
    lead: float
    by_chance: float
    n_found: int
    n_listed: int
    is_sure: bool

    @property
    def name(self) -> str:
        """Name of the best, or "unsure"."""
        return self.best if self.is_sure else UNSURE


@dataclass(frozen=True, eq=False)
class Annotation:
    """The type that each group of spots was given.

    Attributes
    ----------
    groups : names, in the order of the column
    types : a call for each group
    subtypes : a call for each group, or None where its type has no subtypes, or is unsure
    codes : (n_obs,), group of each spot, −1 for none
    notes : sentences on what to beware of
    """

    groups: tuple[str, ...]
    types: tuple[Call, ...]
    subtypes: tuple[Call | None, ...]
    codes: NDArray[np.intp]
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """A row per group: its type and subtype, scores, runner-ups, and genes found."""
        rows = []
        for kind, subtype in zip(self.types, self.subtypes, strict=True):
            row = _row("", kind)
            row |= _row("subtype_", subtype) if subtype else {"subtype": self._below(kind, subtype)}
            rows.append(row)
        return pd.DataFrame(rows, index=pd.Index(self.groups, name="group"))

    def labels(self, level: Level) -> pd.Categorical:
        """Name of each spot's group, (n_obs,); the type's where it has no subtypes."""
        names = [
            kind.name if level == "type" else self._below(kind, subtype)
            for kind, subtype in zip(self.types, self.subtypes, strict=True)
        ]
        categories = [*dict.fromkeys(n for n in names if n != UNSURE)]
        categories += [UNSURE] if UNSURE in names else []
        of_group = np.array([categories.index(name) for name in names] + [-1])
        return pd.Categorical.from_codes(of_group[self.codes].tolist(), pd.Index(categories))

    @staticmethod
    def _below(kind: Call, subtype: Call | None) -> str:
        return subtype.name if subtype else kind.name


def annotation_steps(
    adata: AnnData, column: str, lists: MarkerLists, seed: int = 0
) -> Generator[Progress, None, Annotation]:
    """Name each group of spots by the list of marker genes that is highest in it.

    Parameters
    ----------
    adata : counts of the modelled genes in X, those of all genes in raw; never changed
    column : of obs, with the groups; spots without one are left out
    lists : genes by type and subtype, named as in the data
    seed : of the random gene sets

    Raises
    ------
    UnknownName : no such column
    TooSmall : fewer than two groups
    InputError : no listed gene is in the data

    Notes
    -----
    A list scores the mean effect size of its genes (Cohen's d of log-normalised counts, group
    against all other spots), less that of random genes of the same mean, from no list. A group is
    "unsure" where the score of its best list, or its lead on the second, is not beyond 95 % of what
    random gene sets in place of these two lists give (the score corrected for the number of lists).
    A type without genes of its own is as high as its best subtype. Subtypes compete within the
    best type alone.
    """
    codes, groups = labels_of(adata, column)
    if len(groups) < 2:
        raise TooSmall(
            expected=f"at least two groups in {column!r}",
            found=f"{len(groups)}",
            remedy="A group is named by what it has more of than others: choose another column.",
        )
    n_steps = 2 + len(lists.types) + len(lists.subtypes)
    yield Progress("annotate", 0, n_steps, message="Reading counts")
    counts, names = all_counts(adata)
    below = {name: genes for name, (_, genes) in lists.subtypes.items()}
    own = {name: genes for name, genes in lists.types.items() if genes}
    places, text = _found((own, below), counts, names)
    yield Progress("annotate", 1, n_steps, message="Comparing groups")
    spots = np.flatnonzero(codes >= 0)
    listed_genes = np.unique(np.concatenate([p for level in places for p in level.values()]))
    random = _RandomGenes.of(counts[spots], codes[spots], listed_genes, np.random.default_rng(seed))
    scored: tuple[dict[str, _Scored], dict[str, _Scored]] = ({}, {})
    for level, listed in enumerate((own, below)):
        for name, some in places[level].items():
            step = 2 + len(scored[0]) + len(scored[1])
            yield Progress("annotate", step, n_steps, message="Scoring lists")
            scored[level][name] = random.score(some, len(set(listed[name])))
    yield Progress("annotate", n_steps, n_steps)
    return Annotation(groups, *_calls(lists, *scored, len(groups)), codes, text)


@dataclass(frozen=True, eq=False)
class _Scored:
    """A list in every group: ``score`` (n_groups,), ``random`` (n_groups, n_random) likewise."""

    score: NDArray[np.float64]
    random: NDArray[np.float64]
    n_found: int
    n_listed: int


@dataclass(frozen=True, eq=False)
class _RandomGenes:
    """Effect sizes of all genes, and how to draw others of the same mean."""

    effect: NDArray[np.float64]  # (n_groups, n_genes)
    by_mean: NDArray[np.intp]  # genes to draw from, lowest mean first
    rank: NDArray[np.intp]  # (n_genes,), where each gene would stand in `by_mean`
    generator: np.random.Generator

    @classmethod
    def of(
        cls,
        counts: sp.csr_matrix,
        codes: NDArray[np.intp],
        listed: NDArray[np.intp],
        generator: np.random.Generator,
    ) -> _RandomGenes:
        """Draw from the genes in no list, where they are enough, else from all with molecules."""
        values = log_normalise(counts, size_factors(counts))
        mean = np.asarray(values.mean(axis=0)).ravel()
        unlisted = np.setdiff1d(np.flatnonzero(mean), listed)
        drawn_from = unlisted if len(unlisted) > 2 * _WITHIN else np.flatnonzero(mean)
        by_mean = drawn_from[np.argsort(mean[drawn_from], kind="stable")]
        rank = np.searchsorted(mean[by_mean], mean)
        return cls(_effect_sizes(values, codes), by_mean, rank, generator)

    def score(self, genes: NDArray[np.intp], n_listed: int) -> _Scored:
        low = np.clip(self.rank[genes] - _WITHIN, 0, max(0, len(self.by_mean) - 2 * _WITHIN - 1))
        high = np.minimum(low + 2 * _WITHIN + 1, len(self.by_mean))
        drawn = self.by_mean[self.generator.integers(low, high, (_N_RANDOM, len(genes)))]
        random = np.array([row[drawn].mean(axis=1) for row in self.effect])
        usual = random.mean(axis=1)
        score = self.effect[:, genes].mean(axis=1) - usual
        return _Scored(score, random - usual[:, None], len(genes), n_listed)


def _effect_sizes(values: sp.csr_matrix, codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Cohen's d of each group against all other spots, (n_groups, n_genes); 0 if constant."""
    members = membership(codes)
    inside, others = means(values, members)
    squares = means(values.power(2), members)
    spread = (squares[0] - inside**2 + squares[1] - others**2) / 2
    is_constant = spread <= _ROUNDING * (squares[0] + squares[1])
    return np.where(is_constant, 0.0, (inside - others) / np.sqrt(np.where(is_constant, 1, spread)))


def _found(
    levels: Sequence[Mapping[str, Sequence[str]]], counts: sp.csr_matrix, names: pd.Index[str]
) -> tuple[tuple[dict[str, NDArray[np.intp]], ...], tuple[str, ...]]:
    """Places of each list's genes that have molecules; lists without any are left out and named."""
    is_seen = counts.getnnz(axis=0) > 0
    found = []
    for level in levels:
        places = {
            name: names.get_indexer(pd.Index(genes).unique()) for name, genes in level.items()
        }
        seen = {name: some[(some >= 0) & is_seen[some]] for name, some in places.items()}
        found.append({name: some for name, some in seen.items() if len(some)})
    if not any(found):
        example = next((gene for level in levels for genes in level.values() for gene in genes), "")
        raise InputError(
            expected="marker genes that are in the data",
            found=f"none of them: the lists have names like {example!r}, "
            f"the data {str(names[0])!r}",
            remedy="Use lists for this species, with the kind of names that the data have.",
        )
    missing = [n for level, some in zip(levels, found, strict=True) for n in level if n not in some]
    text = f"Left out, as none of their genes is in the data: {', '.join(missing)}."
    return tuple(found), (text,) if missing else ()


def _calls(
    lists: MarkerLists, own: Mapping[str, _Scored], below: Mapping[str, _Scored], n_groups: int
) -> tuple[tuple[Call, ...], tuple[Call | None, ...]]:
    """Call the type of each group, and the subtype within it."""
    children = {
        kind: {name: some for name, some in below.items() if lists.subtypes[name][0] == kind}
        for kind in lists.types
    }
    of_type = dict(own)
    for kind, inside in children.items():
        if kind not in own and inside:
            of_type[kind] = _best_of(list(inside.values()))
    types = tuple(_call(of_type, at) for at in range(n_groups))
    subtypes = (
        _call(children[kind.best], at) if kind.is_sure and children[kind.best] else None
        for at, kind in enumerate(types)
    )
    return types, tuple(subtypes)


def _best_of(lists: Sequence[_Scored]) -> _Scored:
    """The highest of several lists in each group, beyond the highest of as many random ones."""
    random = np.max([some.random for some in lists], axis=0)
    usual = random.mean(axis=1)
    score = np.max([some.score for some in lists], axis=0) - usual
    n_found, n_listed = (sum(getattr(s, name) for s in lists) for name in ("n_found", "n_listed"))
    return _Scored(score, random - usual[:, None], n_found, n_listed)


def _call(scored: Mapping[str, _Scored], group: int) -> Call:
    """The best list in a group, and whether score and lead are beyond those of random genes."""
    names = sorted(scored, key=lambda name: -scored[name].score[group])
    best, second = scored[names[0]], scored[names[1]] if len(names) > 1 else None
    score, random = float(best.score[group]), best.random[group]
    lead = score - float(second.score[group]) if second else score
    by_chance = np.quantile(random - second.random[group] if second else random, _BEYOND)
    is_sure = score > np.quantile(random, _BEYOND ** (1 / len(names))) and lead > by_chance
    return Call(
        names[0],
        names[1] if second else "",
        score,
        lead,
        float(by_chance),
        best.n_found,
        best.n_listed,
        bool(is_sure),
    )


def _row(prefix: str, call: Call) -> dict[str, object]:
    return {
        prefix.rstrip("_") or "type": call.name,
        f"{prefix}best": call.best,
        f"{prefix}score": call.score,
        f"{prefix}runner_up": call.runner_up,
        f"{prefix}lead": call.lead,
        f"{prefix}lead_by_chance": call.by_chance,
        f"{prefix}genes_found": call.n_found,
        f"{prefix}genes_listed": call.n_listed,
    }
