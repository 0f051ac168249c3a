"""Imputed values that are too many to be held are those that would be."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.data import scratch
from napari_stimpute.data.simulate import simulate_cells
from napari_stimpute.models import model_info
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run

WAYS = {
    "simple methods alone": ("mixture", {}),
    "a blend": ("scziva", {}),
    "a blend, zeros alone": ("scziva", {"mode": "fill"}),
}


def imputed(model: str, settings: dict[str, str]) -> np.ndarray:
    config = model_info(model).config
    tiny = config.PRESETS["tiny"] | {"epochs": 2} if model == "scziva" else {}
    run = Run(
        simulate_cells(n_cells=120, n_genes=100),
        Request(model, config.checked(tiny | settings), device="cpu"),
    )
    drain(run.steps())
    assert run.results is not None and run.results.imputed is not None
    return run.results.imputed


@pytest.mark.parametrize("way", WAYS)
def test_in_a_file_values_are_those_in_memory(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held = imputed(*WAYS[way])
    monkeypatch.setattr(scratch, "MOST_IN_MEMORY", 0)
    in_file = imputed(*WAYS[way])
    assert isinstance(in_file, np.memmap) and not isinstance(held, np.memmap)
    np.testing.assert_allclose(in_file, held, rtol=1e-5)
