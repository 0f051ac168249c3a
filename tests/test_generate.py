"""Cells are generated and judged by real ones that the model never saw."""

import json

import pytest

from napari_stimpute import ScDiffusion, keys
from napari_stimpute.errors import InvalidSetting, UnknownName
from napari_stimpute.generate import MODEL, REAL, Generated, Order, check_order, generation_steps
from napari_stimpute.models.scdiffusion.simple import WORDS as SIMPLE
from napari_stimpute.progress import drain
from napari_stimpute.trust.generated import WORDS

from .generating import cells, trained


@pytest.fixture(scope="module")
def model() -> ScDiffusion:
    return trained()


@pytest.fixture(scope="module")
def generated(model: ScDiffusion) -> Generated:
    return drain(generation_steps(model, Order(120, n_steps=8), cells()))


def test_scores_stand_beside_their_floor_and_simple_ways(generated: Generated) -> None:
    assert generated.judged is not None
    scores = generated.judged.scores
    assert list(scores.index) == list(WORDS)
    assert list(scores) == [MODEL, REAL, *SIMPLE]
    assert scores.notna().all(axis=None)
    assert scores.loc["forest", REAL] == pytest.approx(0.5, abs=0.15)
    assert scores.loc["copying", MODEL] > 0.9
    assert "by a random forest" in generated.judged.sentences[0]
    assert "simple way" in generated.judged.sentences[1].lower()
    (_, told) = json.loads(generated.adata.uns[keys.SYNTHETIC])
    assert told["scores"]["forest"] == scores.loc["forest"].to_dict()


def test_pictures_hold_both_kinds_of_cells(generated: Generated) -> None:
    assert generated.judged is not None
    pictures = generated.judged.pictures
    assert pictures.made.shape == (120, 2)
    assert pictures.real.shape == (120, 2)
    assert pictures.zeros.shape == pictures.means.shape == (2, cells().n_vars)


def test_what_is_not_asked_for_comes_as_often_as_in_training(generated: Generated) -> None:
    made, real = (
        adata.obs["cell_type"].value_counts(normalize=True) for adata in (generated.adata, cells())
    )
    assert generated.adata.obs["condition"].notna().all()
    assert abs(made - real).max() < 0.15


def test_cells_are_not_judged_where_nothing_could_be_told(model: ScDiffusion) -> None:
    def notes(order: Order, adata: object = cells()) -> str:
        found = drain(generation_steps(model, order, adata))  # type: ignore[arg-type]
        assert found.judged is None
        return " ".join(found.notes)

    few = Order(5, n_steps=2)
    assert "training data are not at hand" in notes(few, None)
    assert "fewer than 40 cells tell nothing" in notes(few)
    assert "cells like these, and 40 are needed" in notes(Order(50, {"cell_type": "Type E"}))
    other = cells().copy()
    other.obs_names = [f"other {k}" for k in range(other.n_obs)]
    assert "not those the model was trained on" in notes(few, other)
    bare = cells().copy()
    del bare.obs["condition"]
    assert "the column 'condition'" in notes(few, bare)


def test_what_was_asked_for_is_kept(model: ScDiffusion) -> None:
    found = drain(generation_steps(model, Order(3, {"cell_type": "Type B"}, n_steps=2)))
    entries = json.loads(found.adata.uns[keys.SYNTHETIC])
    assert [entry["how"] for entry in entries] == ["generated", "asked for"]
    assert entries[1]["conditions"] == {"cell_type": "Type B"}


def test_an_order_is_refused_before_anything_is_begun(model: ScDiffusion) -> None:
    with pytest.raises(InvalidSetting, match="at least one cell"):
        check_order(model, Order(0))
    with pytest.raises(UnknownName, match="Type A"):
        check_order(model, Order(1, {"cell_type": "Type AA"}))
