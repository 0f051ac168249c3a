"""Whether to smooth over the tissue is decided by hidden molecules, not fixed."""

from __future__ import annotations

import numpy as np

from napari_stimpute import GMMVGAE
from napari_stimpute.models.gmm_vgae.training import is_clearly_better

from ...simulated import simulate_section


def test_neighbours_are_not_read_where_they_tell_nothing() -> None:
    """Where the tissue tells something, they are: see the layered tissue in test_model.py."""
    section = simulate_section(n_rows=15, n_genes=150)
    order = np.random.default_rng(0).permutation(section.n_obs)
    section.obsm["spatial"] = section.obsm["spatial"][order]
    model = GMMVGAE(n_domains=4, mixture_epochs=0, epochs=50).fit(section, device="cpu")
    assert model.smoothing_ == "none"
    (text,) = [note for note in model.notes_ if note.startswith("Smoothing over the tissue")]
    assert "decided from the data" in text


def test_a_gain_within_its_standard_error_is_not_clearly_better() -> None:
    others = np.zeros(100)
    noisy = np.tile([1.0, -1.0], 50)
    assert not is_clearly_better(noisy + 0.05, others)  # 5 in all; its standard error is 10
    assert is_clearly_better(noisy + 0.15, others)
    assert not is_clearly_better(others, others)
