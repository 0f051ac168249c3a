"""The list of one run's genes: what is listed, in which order, what is said, and saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.panels.gene_list import GeneListPanel
from napari_stimpute.session.session import Session
from napari_stimpute.trust.verdict import VERDICTS

from .waiting import until_done

TITLES = ("Gene", "Verdict", "Gain", "Hidden", "Model")


@pytest.fixture
def genes(session: Session, judged: AnnData) -> GeneListPanel:
    session.open(judged)
    session.display.source = "mine"
    return watched(session)


def watched(session: Session) -> GeneListPanel:
    found = GeneListPanel(session)
    found.watch(is_watched=True)
    return found


def listed(genes: GeneListPanel) -> list[str]:
    return [genes.table.gene_at(row) for row in range(len(genes.table.rows))]


def cell(genes: GeneListPanel, gene: str, title: str) -> str:
    return genes.table.text_at(genes.table.row_of(gene), TITLES.index(title))


def names(session: Session) -> list[str]:
    assert session.adata is not None
    return [str(gene) for gene in session.adata.var_names]


def test_every_modelled_gene_is_listed_with_its_numbers(
    genes: GeneListPanel, session: Session
) -> None:
    assert sorted(listed(genes)) == sorted(names(session))
    assert [genes.table.heading(column)[0] for column in range(5)] == list(TITLES)
    gene = names(session)[70]
    assert cell(genes, gene, "Verdict") == "Do not use"
    assert cell(genes, gene, "Gain") == "20 %"
    assert cell(genes, gene, "Hidden") == "80"
    assert cell(genes, gene, "Model") == "70 %"
    assert genes.now.about == "Mine: 100 genes."


def test_the_best_of_the_reliable_come_first(genes: GeneListPanel, judged: AnnData) -> None:
    codes = np.asarray(judged.var[keys.trust("mine")].cat.codes)
    gains = np.asarray(judged.var[keys.gain("mine")])
    expected = sorted(range(len(codes)), key=lambda i: (codes[i], -gains[i]))
    assert listed(genes) == [str(judged.var_names[i]) for i in expected]


@pytest.mark.parametrize("column", range(len(TITLES)))
@pytest.mark.parametrize("ascending", [True, False])
def test_each_column_sorts_both_ways(genes: GeneListPanel, column: int, ascending: bool) -> None:
    genes.table.sort(column, ascending=ascending)
    texts = [genes.table.text_at(row, column) for row in range(len(genes.table.rows))]
    if column == 0:
        values = [text.casefold() for text in texts]
    elif column == 1:
        values = [VERDICTS.index(text.lower()) for text in texts]  # type: ignore[arg-type]
    else:
        values = [float(text.removesuffix(" %").replace("−", "-")) for text in texts]
    assert values == sorted(values, reverse=not ascending)


def test_among_equals_the_larger_gain_comes_first(genes: GeneListPanel) -> None:
    genes.table.sort(1, ascending=False)
    listed = genes.table.listed
    for verdict in VERDICTS:
        assert listed["gain"][listed["verdict"] == verdict].is_monotonic_decreasing


def test_genes_are_filtered_by_name_and_verdict(genes: GeneListPanel, session: Session) -> None:
    gene = names(session)[4]
    genes.search(f" {gene.lower()}")
    assert listed(genes) == [gene]
    genes.search("")
    genes.choose_verdict("do not use")
    assert sorted(listed(genes)) == sorted(names(session)[2::4])
    assert genes.now.verdict.title == "Do not use (25)"
    assert genes.now.verdict.entries[0].title == "All verdicts (100)"


def test_the_filter_stays_when_other_genes_are_listed(
    genes: GeneListPanel, session: Session
) -> None:
    genes.choose_verdict("reliable")
    session.look_again()
    assert set(genes.table.listed["verdict"]) == {"reliable"}
    assert genes.now.verdict.chosen == "reliable"


def test_no_match_is_said(genes: GeneListPanel) -> None:
    genes.search("no such gene")
    assert listed(genes) == []
    assert genes.now.message.text == "No gene matches."
    assert genes.now.n_listed == 0 and genes.now.export_help == "No gene is listed."


def test_it_knows_where_the_shown_gene_is_listed(genes: GeneListPanel, session: Session) -> None:
    session.display.gene = names(session)[8]
    assert listed(genes)[genes.now.row] == session.display.gene
    genes.choose_verdict("cannot be judged")
    assert genes.now.row == -1
    assert session.display.gene == names(session)[8]


def test_the_listed_genes_are_exported_in_their_order(genes: GeneListPanel, tmp_path: Path) -> None:
    genes.choose_verdict("reliable")
    genes.table.sort(3, ascending=False)
    genes.save(tmp_path / "genes.csv")
    written = pd.read_csv(tmp_path / "genes.csv")
    assert list(written["gene"]) == listed(genes)
    assert set(written["verdict"]) == {"reliable"}
    assert written["hidden"].is_monotonic_decreasing
    assert "25 genes saved" in genes.now.message.text and genes.now.message.tone == "good"
    assert genes.table.file_name == "mine_genes.csv"
    genes.search("")
    assert not genes.now.message


def test_values_of_the_listed_genes_are_saved_in_their_order(
    genes: GeneListPanel, tmp_path: Path
) -> None:
    genes.choose_verdict("reliable")
    until_done(genes.save_values(tmp_path / genes.values_name))
    assert genes.now.message.tone == "good" and "verdicts to" in genes.now.message.text
    verdicts = pd.read_csv(tmp_path / "mine_values_genes.csv")
    assert list(verdicts["gene"]) == listed(genes) and set(verdicts["verdict"]) == {"reliable"}
    assert f"{listed(genes)[0]}_mine" in pd.read_csv(tmp_path / "mine_values.csv", nrows=2)
    until_done(genes.save_values(tmp_path / "none" / "a.csv"))
    assert "folder is missing" in genes.now.message.text and genes.now.message.tone == "error"


def test_an_export_that_fails_is_explained(genes: GeneListPanel, tmp_path: Path) -> None:
    genes.save(tmp_path / "no such folder" / "genes.csv")
    assert "no such folder" in genes.now.message.text and genes.now.message.tone == "error"


def test_an_empty_list_says_what_to_do(session: Session, section: AnnData) -> None:
    genes = watched(session)
    assert "Open data first" in genes.now.nothing
    session.open(section)
    assert "Train a model" in genes.now.nothing


def test_a_run_that_was_not_judged_says_so(session: Session, judged: AnnData) -> None:
    judged.var = judged.var.drop(columns=list(keys.gene_facts("mine")))
    session.open(judged)
    assert "was not judged" in watched(session).now.nothing


def test_nothing_is_listed_while_nobody_looks(session: Session, judged: AnnData) -> None:
    genes = watched(session)
    resets = []
    genes.table.changed.connect(lambda: resets.append(1))
    genes.watch(is_watched=False)
    session.open(judged)
    session.display.source = "mine"
    session.display.gene = names(session)[3]
    assert not resets and not listed(genes)
    genes.watch(is_watched=True)
    assert len(listed(genes)) == 100 and len(resets) == 1


def test_another_gene_moves_the_mark_alone(genes: GeneListPanel, session: Session) -> None:
    resets, changes = [], []
    genes.table.changed.connect(lambda: resets.append(1))
    genes.changed.connect(lambda: changes.append(1))
    session.display.gene = names(session)[8]
    assert not resets and len(changes) == 1
