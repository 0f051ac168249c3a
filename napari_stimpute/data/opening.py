"""An .h5ad file or an AnnData, read, checked, and ready to be worked on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .genes import working_adata
from .readers.h5ad import read

if TYPE_CHECKING:
    from anndata import AnnData
from .card import DataCard, data_card


@dataclass(frozen=True)
class Opened:
    """What reading a file gives, before the session takes it."""

    adata: AnnData
    card: DataCard
    notes: tuple[str, ...]
    path: str


def load(source: str | os.PathLike[str] | AnnData, *, genes: str = "", counts: str = "") -> Opened:
    """Read, check, and choose genes. Safe in a thread: it touches no session.

    Parameters
    ----------
    source : path of an .h5ad file, or an AnnData (which is not changed)
    genes : "hvg:3000", "all", a file of names, or "" (all up to 5,000, else hvg:3000)
    counts : "X", "raw" or a layer's name; "" finds them
    """
    is_path = isinstance(source, str | os.PathLike)
    adata = read(source) if is_path else source
    card = data_card(adata, counts)
    working, text = working_adata(adata, genes, counts)
    return Opened(working, card, tuple(text), str(source) if is_path else "")
