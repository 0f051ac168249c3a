"""A small section, and a session that has it open; no display is needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.errors import TooSmall
from napari_stimpute.progress import Progress
from napari_stimpute.scene.maps import MapOf
from napari_stimpute.session.session import Session

from ..judged import judge
from ..simulated import simulate_section


@pytest.fixture(scope="session")
def pristine() -> AnnData:
    """The section that all tests share, so they only look at it and copy it."""
    return simulate_section(seed=0, n_rows=16, n_genes=100)


@pytest.fixture
def section(pristine: AnnData) -> AnnData:
    """About 150 spots on a tissue image, with 100 genes and known domains."""
    return pristine.copy()


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


@pytest.fixture(scope="session")
def _with_components(pristine: AnnData) -> AnnData:
    session = Session()
    session.open(pristine)
    session.train("pca", blend=False, judged=False).wait(120)
    assert session.problem == "" and session.adata is not None
    return session.adata


@pytest.fixture
def trained(session: Session, _with_components: AnnData) -> Session:
    """A session with genes imputed by principal components alone."""
    session.open(_with_components.copy())
    return session


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[MapOf]:
    """Which maps were drawn, by a quick drawing in place of UMAP, which has its own tests."""
    asked: list[MapOf] = []

    def steps(adata: AnnData, key: str, kind: str, seed: int = 0) -> Iterator[Progress]:
        asked.append(MapOf(key, kind))  # type: ignore[arg-type]
        yield Progress("space", 0, 1, message="Laying out the map")
        if adata.n_obs < 5:
            raise TooSmall(expected="five spots", found="fewer", remedy="Use more.")
        yield Progress("space", 1, 1)
        of_this_map = np.random.default_rng(sum(map(ord, key + kind)))
        return of_this_map.normal(size=(adata.n_obs, 2)).astype(np.float32)

    monkeypatch.setattr("napari_stimpute.analysis.spaces.space_steps", steps)
    return asked
