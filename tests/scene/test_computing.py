"""The shown gene of a run that kept its model: computed in a thread, counts meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.keys import COUNTS
from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.shown import Values
from napari_stimpute.session.session import Session

from ..simulated import simulate_section


@pytest.fixture(scope="module")
def kept() -> AnnData:
    """A section with a judged mixture, of which the model was kept; shared, so it is copied."""
    session = Session()
    session.open(simulate_section(n_rows=15, n_genes=100))
    session.train("mixture", keeps="model").join()
    assert session.adata is not None
    return session.adata


@pytest.fixture
def scene(kept: AnnData) -> Scene:
    """The section is open, and the run is looked at."""
    session = Session()
    session.open(kept.copy())
    scene = Scene(session)
    session.display.source = "mixture"
    return scene


def finish(scene: Scene) -> None:
    """Wait until nothing is computed any more."""
    while scene.computing.job is not None:
        scene.computing.job.wait(60)


def test_counts_are_shown_until_the_gene_is_computed(scene: Scene) -> None:
    session = scene.session
    assert isinstance(scene.shown, Values) and scene.shown.unit == "counts"
    assert scene.aspects.run_shown() == ""
    assert "is being computed: its counts are shown" in scene.aspects.why_not()
    finish(scene)
    assert scene.aspects.run_shown() == "mixture" and scene.aspects.why_not() == ""
    np.testing.assert_array_equal(
        scene.shown.values, session.expression(session.display.gene, "mixture")
    )


def test_intervals_and_zeros_are_those_of_the_computed_values(scene: Scene) -> None:
    finish(scene)
    lower, upper = scene.aspects.interval("mixture") or (None, None)
    values = scene.session.expression(source="mixture")
    assert lower is not None and (lower <= values + 1).all() and (upper >= values - 1).all()
    assert scene.aspects.zeros("mixture") is not None
    assert scene.aspects.badge("mixture") is not None


def test_once_prepared_each_gene_is_computed_whatever_is_shown(scene: Scene) -> None:
    finish(scene)
    session, display = scene.session, scene.session.display
    gene = session.contents.genes[9]
    with display.together():
        display.source, display.gene = COUNTS, gene
    finish(scene)
    assert session.contents.has(gene, "mixture")


def test_a_run_beside_what_is_chosen_is_computed_once_it_is_drawn(kept: AnnData) -> None:
    session = Session()
    session.open(kept.copy())
    scene = Scene(session)
    assert scene.computing.job is None
    assert scene.pair.names()[1] == "Mixture (not computed yet: counts)"
    scene.pair.drawn()
    finish(scene)
    assert scene.pair.names()[1] == "Mixture"
    values = session.expression(source="mixture")
    np.testing.assert_array_equal(scene.pair.drawn()[1].values, values)


def test_the_last_of_several_genes_is_computed(scene: Scene) -> None:
    display, genes = scene.session.display, scene.session.contents.genes
    for gene in genes[4:9]:
        display.gene = gene
    finish(scene)
    assert scene.session.contents.has(genes[8], "mixture")
    assert not scene.session.contents.has(genes[6], "mixture")


def test_what_was_chosen_before_is_computed_for_who_draws_later(kept: AnnData) -> None:
    session = Session()
    session.open(kept.copy())
    session.display.source = "mixture"
    scene = Scene(session)
    finish(scene)
    assert scene.aspects.run_shown() == "mixture"


def test_why_it_could_not_be_computed_is_said_once(kept: AnnData) -> None:
    session, damaged = Session(), kept.copy()
    damaged.uns[keys.MODELS]["mixture"]["config.json"] = np.frombuffer(b"{", np.uint8)
    session.open(damaged)
    scene = Scene(session)
    session.display.source = "mixture"
    finish(scene)
    assert "could not be computed, and its counts are shown" in scene.aspects.why_not()
    assert "config.json" in scene.aspects.why_not()
