"""An .h5ad file or an AnnData, read, checked, and ready to be worked on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import NotReadable
from .card import DataCard, card_of
from .counts import Counts, read_counts
from .files import full_path
from .genes import most_telling_gene, working_adata
from .readers.h5ad import read

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Opened:
    """What reading a file gives, before the session takes it; ``gene`` is to be shown first."""

    adata: AnnData
    card: DataCard
    notes: tuple[str, ...]
    path: str
    gene: str


def load(source: str | os.PathLike[str] | AnnData, *, genes: str = "", counts: str = "") -> Opened:
    """Read, check, and choose genes. Safe in a thread: it touches no session.

    Parameters
    ----------
    source : path of an .h5ad file, or an AnnData (which is not changed)
    genes : "hvg:3000", "all", a file of names, or "" (all up to 5,000, else hvg:3000)
    counts : "X", "raw" or a layer's name; "" finds them

    Raises
    ------
    NotReadable : the file is none, or cannot be read
    others as `read_counts`, `choose_genes`
    """
    is_path = isinstance(source, str | os.PathLike)
    adata = read(source) if is_path else source
    found = read_counts(adata, counts)
    working, notes = working_adata(adata, genes, found)
    gene = most_telling_gene(Counts("X", working.X, working.var))
    path = str(full_path(source, NotReadable)) if is_path else ""  # wherever one works later
    return Opened(working, card_of(adata, found), tuple(notes), path, gene)
