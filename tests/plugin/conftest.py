"""A small section, and a panel in a real napari viewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anndata import AnnData

from napari_stimpute.data.simulate import simulate_section
from napari_stimpute.plugin import open_panel
from napari_stimpute.plugin.panel import StimputePanel


@pytest.fixture(scope="session")
def _section() -> AnnData:
    return simulate_section(seed=0, n_rows=16, n_genes=100)


@pytest.fixture
def section(_section: AnnData) -> AnnData:
    """About 150 spots on a tissue image, with 100 genes and known domains."""
    return _section.copy()


@pytest.fixture
def panel(make_napari_viewer: Callable[..., Any]) -> Iterator[StimputePanel]:
    """The panel in a hidden viewer; what it runs has ended when the test ends."""
    found = open_panel(make_napari_viewer())
    found._soon.stop()  # devices are looked for where a test asks for them
    yield found
    job = found.session.job
    if job is not None:
        job.cancel()
        job.wait(60)


@pytest.fixture
def opened(panel: StimputePanel, section: AnnData) -> StimputePanel:
    """The panel with the section open."""
    panel.session.open(section)
    return panel
