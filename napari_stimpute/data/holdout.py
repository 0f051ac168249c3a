"""Hide molecules, so that a model can be judged on what it did not see.

Which genes are modelled may be chosen by the counts, too: the most variable ones are variable in
part by chance, and molecules that this chance came from would flatter every prediction. So the
choice sees one half of the molecules (`Molecules.seen`), and what judges is hidden from the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..errors import InvalidSetting
from .counts import row_blocks
from .on_disk import Stack, made_of, parts_of

if TYPE_CHECKING:
    from anndata import AnnData

HIDDEN_SHARE = 0.1
"""Share of the molecules that judges whatever is judged; of what is left, the share that steers."""

_UNSEEN = 0.5
"""Share of the molecules that no choice of genes sees. One bit decides: no other share will do."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_WORD = 64
"""Bits, and so molecules, that one random number decides on."""


@dataclass(frozen=True, eq=False)
class Molecules:
    """Counts, and the part of them that no choice of genes has seen and that may be hidden.

    A coin is tossed for each molecule. How it falls is settled by the names of its cell and gene
    and by its number among those of the same cell and gene: it falls alike for the whole file and
    for the modelled genes alone, in any order of cells and genes, and when a result is opened
    again, so that nothing has to be kept. Given the true rates, both halves are independent
    Poisson, and what is hidden from the unseen half is independent of the choice and of all that
    is kept, whatever the seed.

    Once molecules are hidden, what is left is known here alone: counts that are given away and come
    back toss anew. A method that hides some of its kept counts, to steer itself, may so take
    molecules that the choice saw; what judges it is not touched by that.

    Parameters
    ----------
    counts : (n_obs, n_vars), whole numbers
    unseen : (n_obs, n_vars), the molecules of them that no choice saw
    share : chance of a molecule to be among these
    """

    counts: sp.csr_matrix
    unseen: sp.csr_matrix
    share: float

    @classmethod
    def of(cls, counts: sp.csr_matrix, cells: Iterable[str], genes: Iterable[str]) -> Molecules:
        """Toss the coins, by the names of the rows and columns of the counts."""
        rows_of, columns = _drawn(cells), _drawn(genes)
        tossed = made_of(counts, lambda rows, part: _unseen(part, rows_of[rows], columns))
        return cls(counts, tossed, _UNSEEN)

    @property
    def seen(self) -> sp.csr_matrix:
        """What a choice of genes may look at, (n_obs, n_vars)."""
        return _without(self.counts, self.unseen)

    def hide(self, share: float, seed: int) -> tuple[Molecules, sp.csr_matrix]:
        """Hide a share of all molecules, from the unseen ones; what is left, and the hidden.

        As `thin` otherwise.
        """
        unseen, hidden = thin(self.unseen, share / self.share, seed)
        left = Molecules(_without(self.counts, hidden), unseen, (self.share - share) / (1 - share))
        return left, hidden


def thin(counts: sp.csr_matrix, share: float, seed: int) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Hide each molecule with the same chance, independently (binomial thinning).

    If counts are Poisson given a rate, the two parts are independent given that rate.

    Parameters
    ----------
    counts : (n_obs, n_vars), whole numbers
    share : chance of a molecule to be hidden, between 0 and 1
    seed : of the random generator

    Returns
    -------
    kept, hidden : (n_obs, n_vars) each, float32; kept + hidden equals counts exactly. On disk the
        same molecules are hidden as in memory

    Raises
    ------
    InvalidSetting : the share is not between 0 and 1
    """
    if not 0 < share < 1:
        raise InvalidSetting(
            field="share",
            expected="between 0 and 1 (both excluded)",
            found=f"{share:g}",
            remedy="Hide a share such as 0.1.",
        )
    generator = np.random.default_rng(seed)
    kept, hidden = Stack.like(counts), Stack.like(counts)
    for _rows, part in parts_of(counts):
        drawn = np.empty(part.nnz, dtype=np.float32)
        for at in row_blocks((part.nnz, 1)):
            drawn[at] = generator.binomial(part.data[at].astype(np.int64), share)
        kept.add(_like(part, part.data.astype(np.float32) - drawn))
        hidden.add(_like(part, drawn))
    return kept.matrix(), hidden.matrix()


def with_counts(adata: AnnData, counts: sp.csr_matrix) -> AnnData:
    """The same spots and genes with other counts in X, to fit or apply a model to."""
    from anndata import AnnData

    obsm = {keys.SPATIAL: adata.obsm[keys.SPATIAL]} if keys.SPATIAL in adata.obsm else {}
    uns = {keys.SPATIAL: adata.uns[keys.SPATIAL]} if keys.SPATIAL in adata.uns else {}
    return AnnData(X=counts, obs=adata.obs.copy(), var=adata.var[[]].copy(), obsm=obsm, uns=uns)


def _like(counts: sp.csr_matrix, values: np.ndarray) -> sp.csr_matrix:
    part = sp.csr_matrix((values, counts.indices.copy(), counts.indptr.copy()), counts.shape)
    part.eliminate_zeros()
    return part


def together(one: sp.csr_matrix, other: sp.csr_matrix) -> sp.csr_matrix:
    """The molecules of two parts of the same counts, (n_obs, n_vars)."""
    return made_of(one, lambda rows, part: sp.csr_matrix(part + other[rows], dtype=np.float32))


def _without(counts: sp.csr_matrix, part: sp.csr_matrix) -> sp.csr_matrix:
    def left(rows: slice, held: sp.csr_matrix) -> sp.csr_matrix:
        found = sp.csr_matrix(held - part[rows], dtype=np.float32)
        found.eliminate_zeros()
        return found

    return made_of(counts, left)


def _unseen(
    counts: sp.csr_matrix, cells: NDArray[np.uint64], genes: NDArray[np.uint64]
) -> sp.csr_matrix:
    values = np.zeros(len(counts.data), dtype=np.float32)
    for rows in row_blocks(counts.shape):
        ends = counts.indptr[rows.start : rows.stop + 1]
        at = slice(ends[0], ends[-1])
        names = np.repeat(cells[rows], np.diff(ends)) ^ genes[counts.indices[at]]
        values[at] = _heads(names, counts.data[at].astype(np.int64))
    return _like(counts, values)


def _drawn(names: Iterable[str]) -> NDArray[np.uint64]:
    """A number for each name, the same on every machine."""
    digests = (blake2b(str(name).encode(), digest_size=8).digest() for name in names)
    return np.array([int.from_bytes(d, "little") for d in digests], dtype=np.uint64)


def _heads(names: NDArray[np.uint64], n: NDArray[np.int64]) -> NDArray[np.int64]:
    """Toss n coins for each entry, and count the heads: bits of numbers drawn by its name."""
    if not len(n):
        return n
    n_words = np.maximum(1, -(-n // _WORD))
    first = np.cumsum(n_words) - n_words
    entry = np.repeat(np.arange(len(n)), n_words)
    word = np.arange(len(entry)) - first[entry]
    n_bits = np.clip(n[entry] - _WORD * word, 0, _WORD)
    every = np.full(len(entry), np.iinfo(np.uint64).max, dtype=np.uint64)
    taken = np.where(n_bits > 0, every >> (_WORD - np.maximum(n_bits, 1)).astype(np.uint64), 0)
    drawn = _mixed(names[entry] + (word + 1).astype(np.uint64) * _GOLDEN)
    heads: NDArray[np.int64] = np.add.reduceat(
        np.bitwise_count(drawn & taken).astype(np.int64), first
    )
    return heads


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele et al. 2014): numbers that differ little become unrelated."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(31))
