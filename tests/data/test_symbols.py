"""Genes that go by Ensembl ids are called by their symbols, where the data tell them."""

from __future__ import annotations

import pandas as pd
import pytest

from napari_stimpute.data.symbols import symbols_of

IDS = [f"ENSG{n:011d}.{n}" for n in range(4)]


def test_ids_are_called_by_their_symbols() -> None:
    var = pd.DataFrame({"n": range(4), "feature_name": pd.Categorical(list("abcd"))}, index=IDS)
    assert symbols_of(var) == dict(zip(IDS, "abcd", strict=True))


def test_a_shared_symbol_is_told_apart_and_a_missing_one_left_out() -> None:
    var = pd.DataFrame({"Symbol": ["a", "a", None, "d"]}, index=IDS)
    assert symbols_of(var) == {
        IDS[0]: f"a ({IDS[0]})",
        IDS[1]: f"a ({IDS[1]})",
        IDS[3]: "d",
    }


@pytest.mark.parametrize(
    "var",
    [
        pd.DataFrame({"feature_name": list("abcd")}, index=["Actb", "Gfap", "Mbp", "Snap25"]),
        pd.DataFrame({"biotype": list("abcd")}, index=IDS),
        pd.DataFrame({"feature_name": IDS}, index=IDS),
        pd.DataFrame({"feature_name": ["a", "", None, ""]}, index=IDS),
        pd.DataFrame(),
    ],
)
def test_other_genes_are_called_as_they_are_named(var: pd.DataFrame) -> None:
    assert symbols_of(var) == {}


def test_a_symbol_that_is_the_name_of_another_gene_is_told_apart() -> None:
    names = [*IDS, "a"]
    var = pd.DataFrame({"Symbol": [*"abcd", None]}, index=names)
    assert symbols_of(var)[IDS[0]] == f"a ({IDS[0]})"
