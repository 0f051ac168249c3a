"""A session's runs that kept their models: values of one gene, and what needs all genes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_stimpute import keys
from napari_stimpute.errors import UnknownName
from napari_stimpute.panels.groups import imputed_runs
from napari_stimpute.session.gene_values import write_values
from napari_stimpute.session.session import Session

from ..simulated import simulate_section


@pytest.fixture
def session() -> Session:
    """A section with a run of gene mean × depth, of which the model was kept."""
    session = Session()
    session.open(simulate_section(n_rows=15, n_genes=100))
    session.train("gene_mean", keeps="model").join()
    return session


def test_a_gene_is_computed_when_it_is_asked_for(session: Session) -> None:
    contents, gene = session.contents, session.contents.genes[3]
    assert (contents.runs, contents.whole, contents.kept) == (("gene_mean",), (), ("gene_mean",))
    assert session.display.source == "gene_mean" and "gene_mean" in contents.run_titles
    assert not contents.has(gene, "gene_mean")
    found = session.expression(gene, "gene_mean")
    by_model = session.models["gene_mean"].impute(session.adata, [gene]).ravel()
    np.testing.assert_array_equal(found, by_model)
    assert contents.has(gene, "gene_mean")
    assert session.expression(gene, "gene_mean") is found


def test_only_values_at_hand_set_the_scale(session: Session) -> None:
    gene = session.contents.genes[3]
    by_counts = session.limits(gene)
    values = session.expression(gene, "gene_mean")
    assert session.limits(gene) != by_counts
    assert session.limits(gene)[1] == pytest.approx(np.percentile(values, 99))


def test_a_saved_file_gives_the_same_values(session: Session, tmp_path: Path) -> None:
    gene, again = session.contents.genes[3], Session()
    again.open(session.save(tmp_path / "kept.h5ad"))
    assert again.contents.kept == ("gene_mean",)
    np.testing.assert_array_equal(
        again.expression(gene, "gene_mean"), session.expression(gene, "gene_mean")
    )


def test_what_needs_all_genes_says_that_they_were_not_kept(
    session: Session, tmp_path: Path
) -> None:
    assert "were not kept" in session.contents.not_whole
    assert imputed_runs(session) == []
    written = write_values(session.contents, session.contents.genes[:1], tmp_path / "a.csv")
    assert any("were not kept" in note for note in written.notes)
    assert "gene_mean" not in written.values.read_text().splitlines()[0]


def test_a_run_of_the_same_key_is_not_taken_for_the_one_before(session: Session) -> None:
    gene = session.contents.genes[3]
    session.expression(gene, "gene_mean")
    session.train("neighbour_mean", key="gene_mean", keeps="model").join()
    assert not session.contents.has(gene, "gene_mean")
    session.train("gene_mean").join()
    assert session.contents.kept == () and session.contents.not_whole == ""
    assert keys.MODELS not in session.adata.uns


def test_a_gene_that_was_not_modelled_is_named(session: Session) -> None:
    with pytest.raises(UnknownName, match="modelled gene"):
        session.expression("no such gene", "gene_mean")
