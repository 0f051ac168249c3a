"""Names are carried over by shared genes, with doubts where there is reason for them."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.analysis import transfer_steps
from napari_stimpute.errors import InputError, TooSmall, UnknownName


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def spots_of(seed: int, depth: float = 1.0) -> AnnData:
    """Three types of 60 spots, ten genes each that are higher in it, of 90 genes."""
    rates = np.full((180, 90), 0.8)
    for kind in range(3):
        rates[60 * kind : 60 * (kind + 1), 10 * kind : 10 * (kind + 1)] = 3.0
    counts = np.random.default_rng(seed).poisson(depth * rates).astype(np.float32)
    adata = AnnData(counts)
    adata.var_names = [f"gene {i}" for i in range(90)]
    adata.obs["kind"] = np.repeat(list("abc"), 60)
    return adata


def test_spots_get_the_names_of_their_like_at_another_depth_and_order_of_genes() -> None:
    data = spots_of(1, depth=3.0)[:, ::-1].copy()
    found = finished(transfer_steps(data, spots_of(0), "kind"))
    assert (np.asarray(found.labels) == data.obs["kind"].to_numpy()).mean() > 0.97
    assert found.n_shared == 90 and found.notes == ()


def test_spots_between_two_types_are_doubted() -> None:
    data = spots_of(1)
    mixed = data.X[:60] // 2 + data.X[60:120] // 2 + data.X[120:] // 2
    found = finished(transfer_steps(data, spots_of(0), "kind"))
    of_mixed = finished(transfer_steps(AnnData(mixed, var=data.var), spots_of(0), "kind"))
    assert of_mixed.probability.mean() < found.probability.mean() - 0.1
    is_unsure = np.asarray(of_mixed.labels) == "unsure"
    np.testing.assert_array_equal(is_unsure, of_mixed.probability < 0.5)
    assert is_unsure.any()


def test_probabilities_are_as_often_right_as_they_say() -> None:
    noisy = [spots_of(seed, depth=0.08) for seed in (0, 1)]
    found = finished(transfer_steps(noisy[1], noisy[0], "kind"))
    right = np.asarray(found.labels) == noisy[1].obs["kind"].to_numpy()
    sure = found.probability >= 0.5
    assert 0.2 < sure.mean() < 0.95
    assert right[sure].mean() == pytest.approx(found.probability[sure].mean(), abs=0.1)


def test_the_same_seed_gives_the_same_names() -> None:
    first, second = (finished(transfer_steps(spots_of(1), spots_of(0), "kind")) for _ in range(2))
    np.testing.assert_array_equal(first.probability, second.probability)


def test_names_of_few_spots_are_not_given_and_said() -> None:
    reference = spots_of(0)
    reference.obs["kind"] = ["rare"] * 4 + list(reference.obs["kind"][4:])
    found = finished(transfer_steps(spots_of(1), reference, "kind"))
    assert "rare" not in found.labels.categories and "rare" in found.notes[0]


def test_genes_that_are_not_modelled_are_taken_from_raw() -> None:
    data = spots_of(1)[:, 40:].copy()
    data.raw = spots_of(1)
    assert finished(transfer_steps(data, spots_of(0), "kind")).n_shared == 90


def test_few_or_no_shared_genes_are_refused_in_words() -> None:
    reference = spots_of(0)
    with pytest.raises(InputError, match=r"at least 20 genes.*found 10"):
        finished(transfer_steps(spots_of(1)[:, :10].copy(), reference, "kind"))
    reference.var_names = [f"other {i}" for i in range(90)]
    with pytest.raises(InputError, match="'gene 0', the reference 'other 0'"):
        finished(transfer_steps(spots_of(1), reference, "kind"))


def test_a_reference_with_one_name_or_none_is_refused() -> None:
    with pytest.raises(TooSmall, match="at least two names"):
        finished(transfer_steps(spots_of(1), spots_of(0)[:60].copy(), "kind"))
    with pytest.raises(UnknownName, match="column"):
        finished(transfer_steps(spots_of(1), spots_of(0), "no such"))


def test_spots_without_molecules_are_borne() -> None:
    data = spots_of(1)
    data.X[:3] = 0
    assert np.isfinite(finished(transfer_steps(data, spots_of(0), "kind")).probability).all()
