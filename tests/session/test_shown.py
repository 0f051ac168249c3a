"""What a session shows: values, limits, labels and the choices of each."""

from __future__ import annotations

import re
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata import AnnData
from anndata.io import read_h5ad

from napari_stimpute.data.records import read_records
from napari_stimpute.data.results import Results, write_results
from napari_stimpute.errors import UnknownName
from napari_stimpute.session.contents import COUNTS, LOG
from napari_stimpute.session.session import Session

from ..records import record_of
from ..simulated import simulate_section


@pytest.fixture(scope="module")
def section() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100, n_domains=3)


@pytest.fixture
def session(section: AnnData) -> Session:
    session = Session()
    session.open(section)
    return session


def by_hand() -> tuple[Session, AnnData]:
    """Four spots; genes a and b are modelled, c is only in raw; one run imputed a and b."""
    counts = np.array([[1, 0, 5], [3, 0, 0], [0, 2, 1], [4, 0, 0]], np.float32)
    adata = AnnData(sp.csr_matrix(counts), var=pd.DataFrame(index=list("abc")))
    adata.obsm["spatial"] = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    adata.obs["kind"] = pd.Categorical(["x", "y", None, "x"], categories=["y", "x"])
    adata.obs["depth"] = counts.sum(axis=1)
    adata.obs["same"] = "one"
    return Session(), adata


@pytest.fixture
def shown(tmp_path: Path) -> Session:
    session, adata = by_hand()
    genes = tmp_path / "genes.txt"
    genes.write_text("a\nb\n")
    session.open(adata, genes=str(genes))
    session.train("gene_mean").wait(30)
    return session


def test_genes_that_are_only_in_raw_are_listed_last_and_shown(shown: Session) -> None:
    assert shown.contents.genes == ["a", "b", "c"]
    assert [shown.contents.is_modelled(g) for g in shown.contents.genes] == [True, True, False]
    np.testing.assert_array_equal(shown.expression("c", COUNTS), [5, 0, 1, 0])
    with pytest.raises(UnknownName, match="name of a modelled gene, but found 'c'"):
        shown.expression("c", "gene_mean")


def test_a_layer_called_raw_does_not_hide_the_counts_of_all_genes(tmp_path: Path) -> None:
    session, adata = by_hand()
    adata.layers["raw"] = adata.X * 7
    genes = tmp_path / "genes.txt"
    genes.write_text("a\nb\n")
    session.open(adata, genes=str(genes), counts="X")
    np.testing.assert_array_equal(session.expression("c", COUNTS), [5, 0, 1, 0])
    session.open(session.adata, genes="all", counts="raw")
    assert list(session.adata.var_names) == ["a", "b", "c"]
    np.testing.assert_array_equal(session.adata.X.toarray(), adata.X.toarray())


def test_expression_is_that_of_the_source(shown: Session) -> None:
    np.testing.assert_array_equal(shown.expression("a", COUNTS), [1, 3, 0, 4])
    assert shown.expression("a", COUNTS).dtype == np.float32
    size = np.array([6, 3, 3, 4]) / 3.5  # depth over all genes, relative to the median spot
    expected = np.log1p(np.array([1, 3, 0, 4]) / size)
    np.testing.assert_allclose(shown.expression("a", LOG), expected, rtol=1e-6)
    np.testing.assert_allclose(shown.expression("a", "gene_mean"), [0.8, 2.4, 1.6, 3.2], rtol=1e-6)


@pytest.mark.parametrize(("gene", "source"), [("d", COUNTS), ("a", "magic")])
def test_what_cannot_be_shown_is_refused_with_what_can(
    gene: str, source: str, shown: Session
) -> None:
    with pytest.raises(UnknownName, match=r"Choose one of"):
        shown.expression(gene, source)


def test_counts_and_imputed_values_have_one_scale(shown: Session) -> None:
    assert shown.limits("a", COUNTS, high=100) == shown.limits("a", "gene_mean", high=100)
    imputed = float(shown.expression("a", "gene_mean").max())
    assert shown.limits("a", COUNTS, high=100) == (0, imputed)  # imputed values set the scale
    low, high = shown.limits("a", LOG, high=100)
    assert (low, high) == (0, pytest.approx(shown.expression("a", LOG).max()))


def test_values_are_read_once_until_something_is_written(shown: Session) -> None:
    values = shown.expression("a", "gene_mean")
    assert shown.expression("a", "gene_mean") is values
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1.0
    shown.adata.layers["gene_mean_imputed"] *= 2
    shown.look_again()
    np.testing.assert_allclose(shown.expression("a", "gene_mean"), 2 * values)


def test_values_of_few_genes_are_kept(session: Session) -> None:
    genes = session.contents.genes
    first = weakref.ref(session.expression(genes[0], COUNTS))
    for gene in genes[1:20]:
        session.expression(gene, COUNTS)
    assert first() is None


def test_limits_are_percentiles_over_spots() -> None:
    session, adata = by_hand()
    session.open(adata)
    assert session.limits("a", COUNTS, low=25, high=75) == (0.75, 3.25)


def test_a_sparse_gene_is_not_blank_and_no_scale_is_of_zero_width() -> None:
    counts = np.zeros((200, 3), np.float32)
    counts[:, 0], counts[7, 1] = 2, 3
    session = Session()
    adata = AnnData(sp.csr_matrix(counts), var=pd.DataFrame(index=["flat", "rare", "none"]))
    session.open(adata)
    assert session.limits("rare") == (0, 3)
    assert session.limits("flat") == (0, 2)
    assert session.limits("flat", low=1) == (2, 3)
    assert session.limits("none") == (0, 1)


def test_a_run_that_only_clustered_is_no_source_of_values(session: Session) -> None:
    assert session.adata is not None
    record = record_of("only", (118, 100), model="gmm_vgae", title="GMM-VGAE")
    write_results(session.adata, Results(record, clusters=np.arange(118) % 3))
    again = Session()
    again.open(session.adata)
    assert [s.name for s in again.contents.sources] == [COUNTS, LOG]
    assert again.limits()[1] > 0
    assert "only_cluster" in again.contents.columns
    assert again.contents.run_titles == {}
    session.adata.obsm["X_only"] = np.zeros((118, 2))
    again.open(session.adata)
    assert again.contents.run_titles == {"only": "GMM-VGAE (only)"}  # a map can be drawn of it
    with pytest.raises(UnknownName, match="name of a source"):
        again.expression(source="only")


def test_categories_have_codes_names_and_the_stored_palette(section: AnnData) -> None:
    section = section.copy()
    section.uns["domain_colors"] = ["#111111", "#222222", "#333333"]
    session = Session()
    session.open(section)
    codes, names, colours = session.labels("domain")
    assert names == list(section.obs["domain"].cat.categories)
    np.testing.assert_array_equal(np.array(names)[codes], section.obs["domain"])
    assert colours == ["#111111", "#222222", "#333333"]


def test_a_palette_that_is_too_short_is_replaced_and_missing_labels_are_minus_one(
    shown: Session,
) -> None:
    assert shown.adata is not None
    shown.adata.uns["kind_colors"] = ["#111111"]
    codes, names, colours = shown.labels("kind")
    np.testing.assert_array_equal(codes, [1, 0, -1, 1])
    assert names == ["y", "x"]
    assert len(set(colours)) == 2 and "#111111" not in colours
    with pytest.raises(UnknownName, match=r"name of a column, but found 'kinds'.*'kind'"):
        shown.labels("kinds")


def test_only_columns_with_some_categories_are_offered(shown: Session) -> None:
    assert shown.contents.columns == ["kind"]


def test_an_unknown_run_is_refused(shown: Session) -> None:
    with pytest.raises(UnknownName, match=r"name of a run, but found 'x'.*'gene_mean'"):
        shown.contents.record("x")


def test_results_are_read_back_by_others(shown: Session, tmp_path: Path) -> None:
    out = shown.save(tmp_path / "out.h5ad")
    adata = read_h5ad(out)
    assert list(adata.var_names) == ["a", "b"]
    assert list(adata.raw.var_names) == ["a", "b", "c"]
    assert list(read_records(adata)) == ["gene_mean"]


RGB = ["#ff0000", "#0000ff"]


@pytest.mark.parametrize(
    "stored",
    [
        ["red", "b"],
        ("#F00", "#00F"),
        np.array([[1, 0, 0, 1], [0, 0, 1, 0.5]]),
        np.array([[255, 0, 0], [0, 0, 255]], dtype=np.uint8),
        {"p": "red", "q": "blue"},
    ],
)
def test_colours_are_known_in_any_way_that_they_are_stored(
    section: AnnData, stored: object
) -> None:
    section = section.copy()
    section.obs["kind"] = np.array(["p", "q"])[np.arange(section.n_obs) % 2]
    section.uns["kind_colors"] = stored
    session = Session()
    session.open(section)
    assert session.labels("kind")[1:] == (["p", "q"], RGB)
    assert not any("kind_colors" in problem for problem in session.card.problems)


def test_what_is_no_colour_is_replaced_and_told(section: AnnData) -> None:
    section = section.copy()
    section.obs["kind"] = np.array(["p", "q"])[np.arange(section.n_obs) % 2]
    section.uns["kind_colors"] = ["no colour", "blue"]
    session = Session()
    session.open(section)
    first, second = session.labels("kind")[2]
    assert second == RGB[1] and re.fullmatch("#[0-9a-f]{6}", first)
    told = "uns['kind_colors'] holds no colour for p: another is taken."
    assert told in session.card.problems


def test_categories_that_no_spot_has_are_not_shown(section: AnnData) -> None:
    section = section.copy()
    names = [f"type {i:03d}" for i in range(300)]
    codes = np.array([17, 77, 137])[np.arange(section.n_obs) % 3]
    codes[0] = -1
    section.obs["kind"] = pd.Categorical.from_codes(codes, names)
    session = Session()
    session.open(section)
    found, shown, colours = session.labels("kind")
    assert shown == ["type 017", "type 077", "type 137"]
    assert found[:4].tolist() == [-1, 1, 2, 0]
    assert len(set(colours)) == 3


def test_nullable_columns_can_be_shown(section: AnnData) -> None:
    section = section.copy()
    n = section.n_obs
    section.obs["doublet"] = pd.array([None if i % 3 == 0 else bool(i % 2) for i in range(n)])
    section.obs["nuclei"] = pd.array([None if i % 3 == 0 else i for i in range(n)], dtype="Int64")
    session = Session()
    session.open(section)
    assert "doublet" in session.contents.columns
    codes, names, _ = session.labels("doublet")
    assert names == ["False", "True"]
    assert codes[:4].tolist() == [-1, 1, 0, -1]
    np.testing.assert_array_equal(session.numbers("nuclei")[:4], [np.nan, 1, 2, np.nan])
