"""The notebook front end: panels of ipywidgets, all views of one `Session`.

Each function takes a session, an AnnData (which is not changed), the path of an .h5ad file, or
nothing, and returns a widget; a file that cannot be opened is said in it. The widget's ``session``
is the session that it shows, whose ``adata`` receives the results.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    from anndata import AnnData

    from ..session.session import Session
    from .panel import AllTabs, OneTab

    Source: TypeAlias = Session | AnnData | str | os.PathLike[str] | None

__all__ = ["cells", "compare", "data", "edit", "generate", "genes", "panels", "statistics", "train"]


def panels(source: Source = None) -> AllTabs:
    """Show every tab, as the window has them."""
    from .panel import AllTabs, session_of

    return AllTabs(session_of(source))


def data(source: Source = None) -> OneTab:
    """Open data, see what was found, save."""
    return _alone(source, "data")


def genes(source: Source = None) -> OneTab:
    """Look at genes, and whether to believe them."""
    return _alone(source, "genes")


def train(source: Source = None) -> OneTab:
    """Train a model that imputes them, and find its settings."""
    return _alone(source, "train")


def statistics(source: Source = None) -> OneTab:
    """Variable genes, spatial patterns, and differences between groups."""
    return _alone(source, "statistics")


def cells(source: Source = None) -> OneTab:
    """Markers, names, order, batches and gene communities."""
    return _alone(source, "cells")


def generate(source: Source = None) -> OneTab:
    """New cells of wished types and conditions, by a trained scDiffusion."""
    return _alone(source, "generate")


def edit(source: Source = None) -> OneTab:
    """Cells as they might be: another condition, or genes changed."""
    return _alone(source, "edit")


def compare(source: Source = None) -> OneTab:
    """Score all methods on hidden molecules."""
    return _alone(source, "compare")


def _alone(source: Source, tab: str) -> OneTab:
    from .panel import OneTab, session_of

    return OneTab(session_of(source), tab)
