from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute.data.counts import (
    check_counts,
    count_places,
    counts_of,
    find_counts,
    log_normalise,
    read_counts,
    size_factors,
    var_of,
)
from napari_stimpute.errors import NotCounts, NotReadable, UnknownName

COUNTS = np.array([[0, 3, 1], [2, 0, 0], [0, 0, 0], [5, 1, 4]], dtype=np.float32)
LOGGED = np.log1p(COUNTS)


def test_counts_in_x_win_over_counts_in_a_layer() -> None:
    adata = ad.AnnData(COUNTS, layers={"counts": COUNTS + 1})
    assert find_counts(adata) == "X"


@pytest.mark.parametrize("matrix", [COUNTS, sp.csr_matrix(COUNTS), sp.csc_matrix(COUNTS)])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.uint8])
def test_counts_are_the_same_however_they_are_stored(matrix: object, kind: type) -> None:
    counts = counts_of(ad.AnnData(matrix.astype(kind)))
    assert counts.format == "csr"
    assert counts.dtype == np.float32
    assert np.array_equal(counts.toarray(), COUNTS)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_counts_of_half_precision_are_read_without_a_warning() -> None:
    assert (counts_of(ad.AnnData(COUNTS.astype(np.float16))).toarray() == COUNTS).all()


def test_counts_are_found_in_a_layer_when_x_is_logged() -> None:
    adata = ad.AnnData(LOGGED, layers={"scaled": LOGGED - 1, "umi": COUNTS})
    assert find_counts(adata) == "umi"


def test_a_layer_named_counts_goes_before_other_layers() -> None:
    adata = ad.AnnData(LOGGED, layers={"a": COUNTS * 2, "Counts": COUNTS})
    assert find_counts(adata) == "Counts"


def test_counts_are_found_in_raw_with_its_own_genes() -> None:
    adata = ad.AnnData(LOGGED[:, :2])
    adata.raw = ad.AnnData(COUNTS)
    assert find_counts(adata) == "raw"
    assert counts_of(adata).shape == (4, 3)
    assert list(var_of(adata, "raw").index) == ["0", "1", "2"]


def test_a_layer_called_like_another_place_is_told_from_it() -> None:
    adata = ad.AnnData(LOGGED, layers={"raw": COUNTS, "X": COUNTS * 3})
    assert np.array_equal(counts_of(adata, "raw").toarray(), COUNTS)
    adata.raw = ad.AnnData(COUNTS * 2)
    assert count_places(adata) == ["X", "layers/raw", "layers/X", "raw"]
    for place, times in (("raw", 2), ("layers/raw", 1), ("layers/X", 3)):
        assert np.array_equal(counts_of(adata, place).toarray(), COUNTS * times)
    assert read_counts(adata).where == "layer 'raw'"
    adata.X = None
    assert np.array_equal(counts_of(adata, "X").toarray(), COUNTS * 3)


def test_counts_are_found_without_x() -> None:
    adata = ad.AnnData(shape=COUNTS.shape, layers={"counts": COUNTS})
    assert find_counts(adata) == "counts"


def test_nothing_at_all_is_said() -> None:
    with pytest.raises(NotCounts, match="found no values: X is empty"):
        find_counts(ad.AnnData(shape=(4, 3)))


def test_logged_values_are_shown_and_named() -> None:
    logged = np.array([[0.0, 1.3652], [0.0, 2.0]])
    with pytest.raises(NotCounts) as caught:
        find_counts(ad.AnnData(logged))
    assert str(caught.value) == (
        "Expected counts (whole numbers ≥ 0), but found values like 1.37 in X, which look "
        "log-transformed. Put the raw counts in X or in a layer (adata.layers['counts']), "
        "or open the file that holds them."
    )


def test_every_place_that_was_tried_is_named() -> None:
    adata = ad.AnnData(LOGGED, layers={"scaled": LOGGED - 1})
    adata.raw = ad.AnnData(LOGGED * 100)
    with pytest.raises(NotCounts, match=r"in X, .*in layer 'scaled', .*in raw, "):
        find_counts(adata)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-1.0, "negative values like -1 in X"),
        (-0.5, "negative values like -0.5 in X, which look scaled"),
        (np.nan, r"NaN \(missing values\) in X"),
        (np.inf, "infinite values in X"),
        (0.25, "values like 0.25 in X, which look log-transformed"),
        (123.4, "values like 123 in X, which look normalised"),
        (2.998, r"values like 3 in X, which look log-transformed"),
        (2.0**30, r"values like 1.07e\+09 in X, too large for counts"),
    ],
)
@pytest.mark.parametrize("form", [np.array, sp.csr_matrix, sp.csc_matrix])
def test_one_bad_value_is_enough(value: float, words: str, form: type) -> None:
    matrix = COUNTS.astype(np.float64)
    matrix[3, 2] = value
    with pytest.raises(NotCounts, match=words):
        check_counts(form(matrix), "X")


@pytest.mark.parametrize("noise", [9e-4, -9e-4, 1e-9])
@pytest.mark.parametrize("form", [np.array, sp.csr_matrix, sp.csc_matrix])
def test_counts_with_the_noise_of_rounding_are_rounded_and_it_is_told(
    form: type, noise: float
) -> None:
    noisy = COUNTS.astype(np.float64) + noise
    found = read_counts(ad.AnnData(form(noisy)))
    assert np.array_equal(found.matrix.toarray(), COUNTS)
    assert found.is_rounded
    assert not read_counts(ad.AnnData(form(COUNTS))).is_rounded


SPLIT = {"spliced": 3, "unspliced": 2, "ambiguous": 1}


def split(**names: str) -> dict[str, np.ndarray]:
    """Layers with a part of the molecules each, perhaps under other names."""
    return {names.get(part, part): COUNTS * times for part, times in SPLIT.items()}


def test_the_whole_goes_before_its_parts_in_layers() -> None:
    adata = ad.AnnData(LOGGED, layers={**split(), "matrix": COUNTS * 6})
    assert find_counts(adata) == "matrix"


@pytest.mark.parametrize(
    ("names", "place"),
    [
        ({}, "spliced + unspliced + ambiguous"),
        ({"spliced": "mature", "unspliced": "nascent"}, "mature + nascent + ambiguous"),
    ],
)
def test_parts_in_layers_are_added_up(names: dict[str, str], place: str) -> None:
    adata = ad.AnnData(LOGGED, layers=split(**names))
    found = read_counts(adata)
    assert (found.place, found.where) == (place, f"layers {place!r}")
    assert np.array_equal(found.matrix.toarray(), COUNTS * 6)
    assert place in count_places(adata)
    assert np.array_equal(counts_of(adata, "ambiguous").toarray(), COUNTS)  # it can be chosen


def test_a_layer_with_few_of_the_molecules_is_not_taken_for_all() -> None:
    adata = ad.AnnData(LOGGED, layers={"a_part": COUNTS, "whole": COUNTS * 9})
    found = read_counts(adata)
    assert found.place == "whole"
    assert found.rejected["a_part"] == "only 11% of the molecules in layer 'a_part'"


def test_x_with_few_of_the_molecules_is_not_taken_for_all() -> None:
    adata = ad.AnnData(COUNTS, layers={"raw_counts": COUNTS * 9})
    assert find_counts(adata) == "raw_counts"


def test_raw_is_compared_by_the_genes_of_the_layers() -> None:
    adata = ad.AnnData(LOGGED[:, :1], layers={"a": COUNTS[:, :1]})
    adata.raw = ad.AnnData(COUNTS)
    assert find_counts(adata) == "a"
    adata.raw = ad.AnnData(COUNTS * 9)
    assert find_counts(adata) == "raw"


def test_zeros_and_ones_are_taken_only_where_there_is_nothing_else() -> None:
    binary = np.minimum(COUNTS, 1)
    adata = ad.AnnData(binary, layers={"a": COUNTS})
    found = read_counts(adata)
    assert (found.place, found.rejected) == ("a", {"X": "only 0 and 1 in X"})
    assert find_counts(ad.AnnData(binary, layers={"b": LOGGED})) == "X"


def test_only_zeros_are_not_counts() -> None:
    with pytest.raises(NotCounts, match="only zeros in X"):
        check_counts(sp.csr_matrix((3, 3)), "X")


def test_true_and_false_are_not_counts() -> None:
    with pytest.raises(NotCounts, match="true/false values in layer 'mask'"):
        check_counts(COUNTS > 0, "layer 'mask'")


def test_an_unknown_layer_is_refused_with_those_there_are() -> None:
    adata = ad.AnnData(COUNTS, layers={"counts": COUNTS})
    with pytest.raises(UnknownName, match=r"a counts layer, but found 'cuonts'.*'counts'"):
        counts_of(adata, "cuonts")


def test_a_place_chosen_by_name_is_checked_too() -> None:
    adata = ad.AnnData(COUNTS, layers={"log": LOGGED})
    with pytest.raises(NotCounts, match="in layer 'log'"):
        counts_of(adata, "log")


def test_a_backed_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    ad.AnnData(sp.csr_matrix(COUNTS)).write_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(NotReadable, match=r"backed by a file.*to_memory\(\)"):
        counts_of(ad.read_h5ad(tmp_path / "a.h5ad", backed="r"))


def test_stored_zeros_and_split_entries_are_tidied_without_touching_the_input() -> None:
    split = sp.csr_matrix(([1.0, 2.0, 0.0], ([0, 0, 1], [1, 1, 2])), shape=(2, 3))
    messy = sp.csr_matrix((split.data, split.indices, split.indptr), split.shape)
    messy.data = np.array([1.0, 2.0, 0.0], dtype=np.float32)
    messy.indices, messy.indptr = np.array([1, 1, 2]), np.array([0, 2, 3])
    counts = counts_of(ad.AnnData(messy))
    assert counts.nnz == 1
    assert counts[0, 1] == 3
    assert messy.nnz == 3


def test_size_factors_are_totals_over_the_median_of_positive_totals() -> None:
    # totals 4, 2, 0, 10: median of 2, 4, 10 is 4
    assert np.allclose(size_factors(sp.csr_matrix(COUNTS)), [1, 0.5, 1, 2.5])


def test_size_factors_of_nothing_are_one() -> None:
    assert size_factors(sp.csr_matrix((3, 2))).tolist() == [1, 1, 1]


def test_log_normalise_equals_the_dense_formula_and_leaves_counts_alone() -> None:
    counts = sp.csr_matrix(COUNTS)
    factors = size_factors(counts)
    logged = log_normalise(counts, factors)
    assert np.allclose(logged.toarray(), np.log1p(COUNTS / factors[:, None]), rtol=1e-6)
    assert np.array_equal(counts.toarray(), COUNTS)
