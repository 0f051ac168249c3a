"""What is offered for a gene that was not modelled, and what comes of it."""

from __future__ import annotations

from anndata import AnnData

from napari_stimpute.panels.add_gene import ADD_GENE, AddPanel
from napari_stimpute.panels.data import DataPanel
from napari_stimpute.session.session import Session


def not_modelled(session: Session) -> str:
    return next(g for g in session.contents.genes if not session.contents.is_modelled(g))


def test_nothing_is_offered_without_data_or_for_a_modelled_gene(
    session: Session, section: AnnData
) -> None:
    panel = AddPanel(session)
    assert not panel.now.is_offered and not panel.now.message
    session.open(section, genes="hvg:20")
    assert not panel.now.is_offered and not panel.now.message


def test_before_any_training_it_is_added_to_what_will_be_learned(
    session: Session, section: AnnData
) -> None:
    session.open(section, genes="hvg:20")
    panel, gene = AddPanel(session), not_modelled(session)
    session.display.gene = gene
    assert panel.now.message.text.endswith("Added, it is learned by the next training.")
    assert panel.now.work.button == ADD_GENE
    job = panel.add()
    assert job is not None
    job.wait(60)
    assert panel.now.work.outcome.text.endswith("always modelled: train to impute it.")
    assert session.also == (gene,) and session.unsaved == ()
    session.display.gene = session.contents.genes[1]
    assert not panel.now.work.outcome  # it was about another gene


def test_it_cannot_be_added_while_something_runs(session: Session, section: AnnData) -> None:
    session.open(section, genes="hvg:20")
    session.display.gene = not_modelled(session)
    panel = AddPanel(session)
    job = session.train("gene_mean")
    assert not panel.now.work.is_enabled and "is at work" in panel.now.work.why_not.text
    job.wait(60)
    assert panel.now.work.is_enabled


def test_other_genes_chosen_later_leave_those_that_are_always_modelled(
    session: Session, section: AnnData
) -> None:
    session.open(section, genes="hvg:20")
    session.also = (not_modelled(session),)
    data = DataPanel(session)
    data.choose_genes("hvg:1000")
    job = data.apply()
    assert job is not None
    job.wait(60)
    assert session.adata is not None and session.also[0] in session.adata.var_names
