"""Colours that a person gave to groups, where scanpy looks for them, and so saved."""

from __future__ import annotations

import numpy as np

from .. import keys
from ..plots.drawing import palette
from .contents import Contents
from .session import Session

Palette = dict[str, str]
"""Colour (hex) of every category of a column by its name, in their order."""


def palette_of(contents: Contents, column: str) -> Palette:
    """All colours of a column as they are drawn, also of categories that no spot has."""
    adata = contents.required
    names = [str(c) for c in adata.obs[column].astype("category").cat.categories]
    found = dict(zip(names, palette(adata.uns.get(keys.colors(column)), names), strict=True))
    _codes, drawn, colours = contents.labels(column)
    return found | dict(zip(drawn, colours, strict=True))


def recolour(session: Session, column: str, wanted: Palette | None) -> Palette | None:
    """Keep colours of a column; None leaves them to us. Not while something runs.

    Returns what they were before; None where the data held none.
    """
    adata, key = session.contents.required, keys.colors(column)
    before = palette_of(session.contents, column) if key in adata.uns else None
    adata.uns.pop(key, None)
    if wanted is not None:
        adata.uns[key] = np.array(list(wanted.values()), dtype=object)
    session.unsaved = (*(name for name in session.unsaved if name != column), column)
    session.look_again()
    return before
