"""Which model is preselected, and which are offered first."""

from __future__ import annotations

from anndata import AnnData

from napari_stimpute.data.simulate import simulate_cells
from napari_stimpute.models import MODELS
from napari_stimpute.session.models import USUAL, fitting_first, titled
from napari_stimpute.session.session import Session

from ..simulated import simulate_section


def section() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100, seed=0)


def cells() -> AnnData:
    return simulate_cells(n_cells=50, n_genes=100, seed=0)


def test_the_usual_model_comes_first_and_then_those_made_for_such_data() -> None:
    assert fitting_first(section())[:2] == [USUAL, "gmm_vgae"]
    assert fitting_first(cells())[:2] == [USUAL, "scziva"]
    assert sorted(fitting_first(cells())) == sorted(MODELS)
    assert titled(USUAL) == "Mixture · quick, usually as good"
    assert titled("gmm_vgae") == "GMM-VGAE · also finds domains"


def test_a_model_that_was_chosen_stays_where_it_can_be_trained() -> None:
    session = Session()
    session.open(cells())
    assert session.model == USUAL
    session.open(section())
    assert session.model == USUAL
    session.model = "gmm_vgae"
    session.open(section())
    assert session.model == "gmm_vgae"
    session.open(cells())
    assert session.model == USUAL
    session.open(section())
    assert session.model == "gmm_vgae"
    session.model = "scziva"
    session.open(cells())
    assert session.model == "scziva"
