"""A session with a run, trained once for all tests, and the choice of groups."""

from __future__ import annotations

import pytest
from anndata import AnnData

from napari_stimpute.panels.groups import Groups
from napari_stimpute.session.session import Session


@pytest.fixture(scope="session")
def _with_components(_section: AnnData) -> AnnData:
    session = Session()
    session.open(_section)
    session.train("pca", blend=False, judged=False).wait(120)
    assert session.problem == "" and session.adata is not None
    return session.adata


@pytest.fixture
def trained(session: Session, _with_components: AnnData) -> Session:
    """A session with genes imputed by principal components alone."""
    session.open(_with_components.copy())
    return session


@pytest.fixture
def groups(session: Session) -> Groups:
    """The groups of the session; its known domains, once data are open."""
    made = Groups(session)
    made.choose("domain")
    return made
