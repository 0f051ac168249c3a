"""Genes that are modelled whatever is chosen: added at once, and learned by the next training."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.errors import UnknownName
from napari_stimpute.session.adding import add_genes_later
from napari_stimpute.session.session import Session

from ..simulated import simulate_section


@pytest.fixture
def chosen() -> Session:
    """A session on a section, of whose 120 genes the 40 most variable are modelled."""
    session = Session()
    session.open(simulate_section(n_rows=15, n_genes=120), genes="hvg:40")
    return session


def left_out(session: Session) -> str:
    """A gene that is not modelled."""
    return next(g for g in session.contents.genes if not session.contents.is_modelled(g))


def test_an_added_gene_has_values_in_the_runs_there_are(chosen: Session) -> None:
    gene, adata = left_out(chosen), chosen.adata
    chosen.train("mixture", key="mine").wait(60)
    chosen.unsaved = ()
    add_genes_later(chosen, [gene]).wait(60)
    assert chosen.problem == "" and chosen.adata is adata
    assert chosen.contents.is_modelled(gene) and chosen.also == (gene,)
    assert np.isfinite(chosen.expression(gene, "mine")).all()
    assert chosen.unsaved == ("mine",)
    assert chosen.card is not None
    assert "of which 41 are modelled" in dict(chosen.card.rows)["Size"]
    assert gene in dict(chosen.card.rows)["Genes"]


def test_the_next_training_learns_genes_that_are_always_modelled(chosen: Session) -> None:
    gene, adata = left_out(chosen), chosen.adata
    chosen.train("gene_mean").wait(60)
    chosen.also = (gene,)
    chosen.train("mixture").wait(60)
    assert chosen.problem == "" and chosen.adata is adata
    records = chosen.contents.records
    assert list(records["gene_mean"].added) == [gene] and records["gene_mean"].also == []
    assert records["mixture"].added == {} and records["mixture"].also == [gene]
    assert records["mixture"].n_vars == 41
    for run in ("gene_mean", "mixture"):
        assert np.isfinite(chosen.expression(gene, run)).all()


def test_an_unknown_gene_among_them_is_asked_about_before_training(chosen: Session) -> None:
    chosen.also = ("layer1_a",)
    with pytest.raises(UnknownName, match=r"Did you mean 'Layer1_a'\?"):
        chosen.train("gene_mean")
    assert not chosen.is_busy


def test_genes_always_modelled_outlive_the_data_as_far_as_others_hold_them(
    chosen: Session,
) -> None:
    chosen.also = ("Layer1_a", "nothing like it")
    chosen.open(simulate_section(n_rows=16, n_genes=120))
    assert chosen.also == ("Layer1_a",)
    assert "not among the genes always modelled: nothing like it." in chosen.notes[-1]
