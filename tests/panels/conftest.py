"""A small section, and a session that has it open; no display is needed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anndata import AnnData

from napari_stimpute.data.simulate import simulate_section
from napari_stimpute.session.session import Session

from ..judged import judge


@pytest.fixture(scope="session")
def _section() -> AnnData:
    return simulate_section(seed=0, n_rows=16, n_genes=100)


@pytest.fixture
def section(_section: AnnData) -> AnnData:
    """About 150 spots on a tissue image, with 100 genes and known domains."""
    return _section.copy()


@pytest.fixture
def judged(section: AnnData) -> AnnData:
    """The section with a judged run "mine": see `judge`."""
    return judge(section)


@pytest.fixture
def session() -> Iterator[Session]:
    """A session with nothing open; what it runs has ended when the test ends."""
    found = Session()
    yield found
    if found.job is not None:
        found.job.cancel()
        found.job.wait(60)


@pytest.fixture
def opened(session: Session, section: AnnData) -> Session:
    """A session with the section open."""
    session.open(section)
    return session
