"""How cells that were never measured are told from others, wherever their file goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ... import keys
from ...data.records import versions

if TYPE_CHECKING:
    from anndata import AnnData


def mark(made: AnnData, how: str, told: Mapping[str, object]) -> None:
    """Mark all cells as synthetic, and say in uns how they came about.

    Parameters
    ----------
    made : the cells; changed
    how : what was done, such as "generated"
    told : particulars; JSON must be able to hold them
    """
    made.obs[keys.SYNTHETIC] = True
    tell(made, how, told)


def tell(adata: AnnData, how: str, told: Mapping[str, object]) -> None:
    """Say in uns how something in the data came about, after what is said there already."""
    entry = {"how": how, **told, "versions": versions()}
    adata.uns[keys.SYNTHETIC] = json.dumps([*told_in(adata), entry], ensure_ascii=False)


def told_in(adata: AnnData) -> list[object]:
    """What is said in uns, entry by entry, oldest first."""
    found = json.loads(adata.uns.get(keys.SYNTHETIC, "[]"))
    return found if isinstance(found, list) else [found]
