from __future__ import annotations

from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stimpute.data.card import DataCard, data_card
from napari_stimpute.data.results import Results, write_results

from ..records import record_of

PIXELS = np.full((90, 110, 3), 200, dtype=np.uint8)


def section(**uns: Any) -> ad.AnnData:
    """A hexagonal section of 100 spots × 30 genes, 10 units apart, with about 300 counts each."""
    row, column = np.divmod(np.arange(100), 10)
    hexagonal = 10 * np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])
    counts = sp.csr_matrix(np.random.default_rng(0).poisson(10.0, (100, 30)).astype(np.float32))
    adata = ad.AnnData(counts, obsm={"spatial": hexagonal}, uns=uns)
    adata.obs["domain"] = pd.Categorical(["cortex", "white matter"] * 50)
    return adata


def with_image(**changes: Any) -> ad.AnnData:
    scales = {"tissue_hires_scalef": 1.0, "spot_diameter_fullres": 5.5}
    library = {"images": {"hires": PIXELS}, "scalefactors": scales, **changes}
    return section(spatial={"A": library})


def row(card: DataCard, label: str) -> str:
    return dict(card.rows)[label]


def test_a_clean_section_is_described_without_problems() -> None:
    card = data_card(with_image())
    assert card.problems == ()
    assert card.counts_where == "X"
    assert row(card, "Size") == "100 spots × 30 genes"
    assert row(card, "Genes") == "not chosen yet"
    assert row(card, "Counts") == "in X: whole numbers, sparse by row (CSR)"
    assert row(card, "Coordinates").endswith("neighbouring spots 100 µm (10 units) apart")
    assert row(card, "Technology") == "10x Visium (hexagonal grid)"
    assert row(card, "Image and scale") == (
        "A (hires), 110 × 90 pixels, 10 µm per pixel; spots drawn 55 µm across"
    )
    assert row(card, "Labels") == "domain (2)"
    assert row(card, "Raw") == "none; it will hold the counts of all genes"
    assert row(card, "Earlier runs") == "none"


def test_zeros_and_depth_are_computed() -> None:
    adata = section()
    dense = adata.X.toarray()
    card = data_card(adata)
    assert row(card, "Zeros") == f"{100 * (dense == 0).mean():.1f} % of all values"
    median = np.median(dense.sum(axis=1))
    assert row(card, "Depth").startswith(f"median {median:,.0f} counts and 30 genes per spot")


@pytest.mark.parametrize(
    ("matrix", "words"),
    [(sp.csc_matrix, "sparse by column (CSC)"), (sp.csr_matrix.toarray, "dense")],
)
def test_the_storage_is_named(matrix: Any, words: str) -> None:
    adata = section()
    adata.X = matrix(adata.X)
    assert row(data_card(adata), "Counts") == f"in X: whole numbers, {words}"


def test_counts_elsewhere_are_found_and_the_logged_x_is_mentioned() -> None:
    adata = section()
    adata.layers["counts"] = adata.X.copy()
    adata.X = np.log1p(adata.X.toarray())
    card = data_card(adata)
    assert card.counts_where == "counts"
    assert row(card, "Counts").startswith("in layer 'counts'")
    assert any("X is not used" in p and "look log-transformed" in p for p in card.problems)


def test_missing_counts_are_a_problem_not_an_exception() -> None:
    adata = section()
    adata.X = np.log1p(adata.X.toarray())
    card = data_card(adata)
    assert card.counts_where == ""
    assert row(card, "Counts") == "none found"
    assert card.problems[0].startswith("Expected counts (whole numbers ≥ 0), but found values like")


def test_a_place_that_does_not_exist_is_a_problem() -> None:
    assert any("'umi'" in p for p in data_card(section(), "umi").problems)


def test_cells_without_a_tissue_are_no_problem() -> None:
    adata = section()
    del adata.obsm["spatial"]
    card = data_card(adata)
    assert row(card, "Size") == "100 cells × 30 genes"
    assert row(card, "Coordinates").startswith("none in obsm['spatial']: shown on a map")
    assert not any("coordinates" in p for p in card.problems)


def test_unusable_coordinates_are_a_problem_not_an_exception() -> None:
    adata = section()
    adata.obsm["spatial"] = np.full((100, 2), np.nan)
    card = data_card(adata)
    assert row(card, "Coordinates") == "none that can be used"
    assert any("obsm['spatial']" in p for p in card.problems)


def test_empty_spots_and_genes_are_counted() -> None:
    adata = section()
    dense = adata.X.toarray()
    dense[:2], dense[:, 7] = 0, 0
    adata.X = sp.csr_matrix(dense)
    problems = data_card(adata).problems
    assert "2 spots have no counts at all; kept as they are." in problems
    assert "1 gene has no counts at all; kept as they are." in problems


def test_low_depth_is_said() -> None:
    adata = section()
    adata.X = sp.csr_matrix((adata.X.toarray() > 8).astype(np.float32))
    assert any(p.startswith("Low depth (median") for p in data_card(adata).problems)


def test_unlabelled_spots_are_counted() -> None:
    adata = section()
    adata.obs["domain"] = adata.obs["domain"].where(np.arange(100) > 2)
    assert any("3 spots have no label in 'domain'" in p for p in data_card(adata).problems)


def test_names_and_numbers_are_not_labels() -> None:
    adata = section()
    adata.obs["barcode"] = adata.obs_names
    adata.obs["array_row"] = np.arange(100) // 10
    adata.obs["one"] = "same"
    assert row(data_card(adata), "Labels") == "domain (2)"


def test_a_missing_image_is_said_for_spots() -> None:
    card = data_card(section())
    assert row(card, "Image and scale") == "no image"
    assert card.problems == ("No tissue image in the file: spots are drawn on a plain background.",)


def test_a_missing_scale_factor_is_a_problem() -> None:
    card = data_card(with_image(scalefactors={}))
    assert row(card, "Image and scale") == "cannot be used"
    assert any("the scale factor 'tissue_hires_scalef'" in p for p in card.problems)


def test_spots_outside_the_image_are_counted() -> None:
    card = data_card(with_image(scalefactors={"tissue_hires_scalef": 1.2}))
    assert any("14 spots lie outside the image A (hires); is its scale" in p for p in card.problems)


def test_piled_cells_are_counted() -> None:
    adata = section()
    adata.obsm["spatial"][1] = adata.obsm["spatial"][0]
    assert "1 spot at the very place of another." in data_card(adata).problems


@pytest.mark.parametrize(("shape", "what"), [((1, 30), "spot"), ((100, 1), "gene")])
def test_one_spot_or_one_gene_is_too_few(shape: tuple[int, int], what: str) -> None:
    adata = section()[: shape[0], : shape[1]].copy()
    assert any(f"There is only 1 {what}:" in p for p in data_card(adata).problems)


def test_repeated_gene_names_are_a_problem() -> None:
    adata = section()
    adata.var_names = ["a", "a", *map(str, range(28))]
    assert any("adata.var_names_make_unique()" in p for p in data_card(adata).problems)


def test_raw_is_compared_with_the_counts() -> None:
    adata = section()
    adata.raw = adata.copy()
    assert row(data_card(adata), "Raw") == "30 genes, holds the counts"
    adata.raw = ad.AnnData(np.log1p(adata.X.toarray()), var=adata.var)
    assert "kept in obsm['raw_before_stimpute']" in row(data_card(adata), "Raw")


def test_earlier_runs_are_listed() -> None:
    adata = section()
    record = record_of("gmm_vgae", (100, 30), title="GMM-VGAE", completed=False)
    write_results(adata, Results(record))
    assert row(data_card(adata), "Earlier runs") == "gmm_vgae (GMM-VGAE, incomplete)"
    adata.uns["stimpute"]["gmm_vgae"] = "{"
    assert row(data_card(adata), "Earlier runs") == "cannot be read"


def test_the_text_has_every_row_and_problem_within_its_width() -> None:
    card = data_card(section())
    text = card.text(width=60)
    assert all(len(line) <= 60 for line in text.splitlines())
    assert text.splitlines()[0] == "Size             100 spots × 30 genes"
    assert "! No tissue image in the file" in text


def test_the_card_changes_nothing() -> None:
    adata = with_image()
    before = adata.copy()
    data_card(adata)
    assert (adata.X != before.X).nnz == 0
    assert adata.obs.equals(before.obs)
    assert list(adata.uns) == list(before.uns)
    assert adata.raw is None


def test_a_result_opened_again_tells_of_all_genes_and_of_the_modelled_ones() -> None:
    from napari_stimpute.data.opening import load

    fresh = load(section(), genes="hvg:12")
    again = load(fresh.adata)
    for label in ("Size", "Genes", "Zeros", "Depth"):
        assert row(again.card, label) == row(fresh.card, label)
    assert row(again.card, "Size") == "100 spots × 30 genes, of which 12 are modelled"
    assert row(again.card, "Genes").startswith("The 12 most variable of 30 genes are modelled")
    assert "30 genes per spot" in row(again.card, "Depth")
    assert row(data_card(fresh.adata), "Size") == "100 spots × 30 genes, of which 12 are in X"


def test_genes_of_a_raw_that_is_not_these_counts_are_not_counted() -> None:
    adata = section()
    whole = adata.copy()
    whole.X = np.log1p(whole.X.toarray())
    adata = adata[:, :12].copy()
    adata.raw = whole
    assert row(data_card(adata), "Size") == "100 spots × 12 genes"


# ---- which genes -------------------------------------------------------------------------------


def test_the_card_says_which_genes_would_be_modelled() -> None:
    assert row(data_card(section()), "Genes") == "not chosen yet"
    assert row(data_card(section(), genes=""), "Genes") == "All 30 genes would be modelled."
    names = list(section().var_names)
    card = data_card(section(), genes="hvg:2", also=names)
    assert "The 2 most variable of 30 genes would be modelled" in row(card, "Genes")
    assert "Asked for by name, and modelled in any case (30): " in row(card, "Genes")
    assert row(card, "Asked for").endswith(": chosen in any case")


def test_genes_that_are_not_there_are_a_problem_not_a_refusal() -> None:
    card = data_card(section(), genes="", also=["nothing"])
    assert card.counts_where and not card.is_usable
    assert row(card, "Genes") == "All 30 genes would be modelled."
    assert "'nothing', which is not among them" in card.problems[-1]


@pytest.mark.parametrize("name", ["chr1:{}00-{}50", "chr1-{}00-{}50", "1_{}00_{}50"])
def test_peaks_are_called_peaks(name: str) -> None:
    adata = section()
    assert not any("chromatin" in problem for problem in data_card(adata).problems)
    adata.var_names = [name.format(i + 1, i + 1) for i in range(adata.n_vars)]
    problem = next(p for p in data_card(adata).problems if "chromatin accessibility" in p)
    assert problem.startswith(f"30 of 30 features are peaks such as {adata.var_names[0]}")


def test_ends_of_fragments_counted_in_twos_flatter_and_that_is_said() -> None:
    adata = section()
    adata.var_names = [f"chr1:{i}00-{i}50" for i in range(1, 31)]
    adata.X = sp.csr_matrix(np.random.default_rng(0).poisson(0.3, (100, 30)).astype(np.float32))
    assert not any("verdicts flatter" in problem for problem in data_card(adata).problems)
    adata.X = 2 * adata.X
    assert any("verdicts flatter" in problem for problem in data_card(adata).problems)
