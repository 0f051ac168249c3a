"""The notebook front end: panels of ipywidgets, all views of one `Session`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ipywidgets as widgets
    from anndata import AnnData

    from ..session.session import Session

__all__ = ["panels"]


def panels(source: Session | AnnData | str | os.PathLike[str]) -> widgets.VBox:
    """Show the panels for a session, an AnnData (which is not changed) or an .h5ad file.

    The result's ``session`` attribute is the session that the panels show; its ``adata`` receives
    the results. Raises in words what is wrong with the data.
    """
    import ipywidgets as widgets

    from ..panels.data import DataPanel
    from ..panels.train import TrainPanel
    from ..session.autosave import autosave_of
    from ..session.session import Session
    from .data import DataBox
    from .genes import GenesTab
    from .train import TrainTab
    from .widgets.loop import Home

    session = source if isinstance(source, Session) else Session()
    if not isinstance(source, Session):
        session.open(source)
    home = Home()
    data = DataBox(DataPanel(session), home)
    autosave_of(session)  # what is unsaved outlives the kernel, and is offered by the next one
    train = TrainTab(TrainPanel(session), home, data.question)
    genes = GenesTab(session, home)
    shown = widgets.VBox(
        [data.widget, train.widget, genes.widget], layout=widgets.Layout(max_width="1100px")
    )
    shown.session, shown.data, shown.train, shown.genes = session, data, train, genes
    return shown
