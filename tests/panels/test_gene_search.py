"""Finding a gene by part of its name."""

from __future__ import annotations

import pytest

from napari_stimpute.panels.gene_search import MOST_OFFERED, GeneSearch


@pytest.fixture
def search() -> GeneSearch:
    return GeneSearch(["MOBP", "MBP", "Sembp", "GFAP", "SNAP25"])


def test_the_gene_itself_comes_first_then_beginnings_then_the_rest() -> None:
    assert GeneSearch(["AMBP", "MBPL", "MBP"]).matches("mbp") == ["MBP", "MBPL", "AMBP"]


def test_no_match_offers_nothing(search: GeneSearch) -> None:
    assert search.matches("xyz") == []
    assert search.matches("") == list(search.genes)


def test_what_is_typed_means_the_first_match(search: GeneSearch) -> None:
    assert search.meant(" snap ") == "SNAP25"
    assert search.meant("MBP") == "MBP"
    assert search.meant("xyz") == "xyz"
    assert search.meant("") == ""


def test_of_30_000_genes_only_some_are_offered() -> None:
    search = GeneSearch([f"GENE{i:05d}" for i in range(30_000)])
    assert search.matches("29999") == ["GENE29999"]
    assert len(search.matches("")) == MOST_OFFERED


def test_a_gene_is_found_by_its_symbol_and_by_its_id() -> None:
    search = GeneSearch(["ENSG01", "ENSG02", "Mbp"], {"ENSG01": "ACTB", "ENSG02": "ACTA2"})
    assert search.matches("act") == ["ACTB", "ACTA2"]
    assert search.matches("ensg02") == ["ACTA2"]
    assert [search.meant(text) for text in ("ACTB", "actb", "ENSG01", "ensg01")] == ["ENSG01"] * 4
    assert [search.title(gene) for gene in ("ENSG02", "Mbp")] == ["ACTA2", "Mbp"]
    assert "ACTA2" in search.unknown("ACTA3")
