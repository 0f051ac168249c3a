"""Of very many spots a part is weighed by and judged on, and that is said; values are of all."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute import keys
from napari_stimpute.data.simulate import simulate_cells
from napari_stimpute.models import model_class, model_info
from napari_stimpute.models.protocols import PredictsSome
from napari_stimpute.models.simple import sample
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run

from .simulated import simulate_section


def run_of(model: str, **settings: object) -> Run:
    section = simulate_section(n_rows=18, n_genes=100, n_domains=3)
    run = Run(section, Request(model, model_info(model).config(**settings), device="cpu"))
    drain(run.steps())
    return run


def test_rows_are_drawn_from_too_many_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample.judged_rows(sample.MOST_JUDGED, 0) is None
    monkeypatch.setattr(sample, "MOST_JUDGED", 30)
    drawn = sample.judged_rows(200, 3)
    assert drawn is not None
    assert len(set(drawn)) == 30 and (np.diff(drawn) > 0).all() and drawn[-1] < 200
    np.testing.assert_array_equal(drawn, sample.judged_rows(200, 3))


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("mixture", {}),
        ("gene_mean", {}),
        ("gmm_vgae", {"epochs": 2, "mixture_epochs": 1, "n_domains": 3}),
    ],
)
def test_a_part_is_judged_and_all_are_imputed(
    model: str, settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_of(model, **settings)
    n_obs = whole.adata.n_obs
    monkeypatch.setattr(sample, "MOST_JUDGED", n_obs // 2)
    part = run_of(model, **settings)
    assert whole.results is not None and part.results is not None
    said = f"Weighed and judged on {n_obs // 2:,} of {n_obs:,} spots, drawn at random."
    assert said in part.results.record.notes
    assert said not in whole.results.record.notes
    assert whole.results.imputed is not None and part.results.imputed is not None
    np.testing.assert_allclose(
        part.results.imputed.sum(axis=0), whole.results.imputed.sum(axis=0), rtol=0.2, atol=2
    )
    looked_at, hidden = (
        results.genes.columns[keys.hidden(model)].sum()
        for results in (part.results, whole.results)
        if results.genes is not None
    )
    assert looked_at == pytest.approx(hidden / 2, rel=0.1)


@pytest.mark.parametrize("name", ["scziva", "scimta"])
def test_a_model_predicts_some_cells_as_among_all(name: str) -> None:
    cells, at = simulate_cells(n_cells=120, n_genes=100), np.arange(5, 120, 7)
    info = model_info(name).config
    model = model_class(name)(info.checked(info.PRESETS["tiny"] | {"epochs": 2}))
    drain(model.fit_steps(cells, device="cpu"))
    assert isinstance(model, PredictsSome)
    np.testing.assert_allclose(
        np.concatenate(list(model.expected_at(cells, at))),
        model.expected(cells)[at],  # type: ignore[attr-defined]
        rtol=1e-4,
    )
