"""A session whose cells a small trained model can edit."""

from __future__ import annotations

from napari_stimpute.session.session import Session

from .generating import cells, trained


def with_model(session: Session) -> Session:
    """Open the cells of five types, at rest and stimulated, with the model trained on them."""
    session.open(cells().copy())
    session.models = {"scdiffusion": trained()}
    return session
