"""Values of genes as tables that R and pandas read with one line."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from napari_stimpute.cli import main
from napari_stimpute.errors import NotWritable, UnknownName
from napari_stimpute.session.contents import Contents
from napari_stimpute.session.gene_values import write_values

from ..judged import judge
from ..simulated import simulate_section


@pytest.fixture
def judged() -> ad.AnnData:
    return judge(simulate_section(seed=0, n_rows=16, n_genes=100))


def test_values_places_groups_and_verdicts_are_read_with_one_line_each(
    judged: ad.AnnData, tmp_path: Path
) -> None:
    contents, genes = Contents(judged), list(judged.var_names[[7, 3]])
    found = write_values(contents, genes, tmp_path / "a.csv")
    assert found.genes.name == "a_genes.csv"
    values = pd.read_csv(found.values, index_col=0)
    assert list(values.index) == list(judged.obs_names) and values.index.name == "spot"
    np.testing.assert_allclose(values[["x", "y"]], judged.obsm["spatial"], rtol=1e-12)
    microns = contents.layout.microns_per_unit
    np.testing.assert_allclose(values["x_um"], judged.obsm["spatial"][:, 0] * microns)
    assert list(values["domain"]) == list(judged.obs["domain"])
    for gene in genes:
        counts = np.asarray(judged[:, gene].X.todense()).ravel()
        np.testing.assert_array_equal(values[f"{gene}_counts"], counts)
        assert values[f"{gene}_counts"].dtype.kind == "i"
        imputed = np.asarray(judged[:, gene].layers["mine_imputed"], dtype=np.float32).ravel()
        np.testing.assert_allclose(values[f"{gene}_mine"], imputed, rtol=1e-6)
    verdicts = pd.read_csv(found.genes, index_col=0)
    assert list(verdicts.index) == genes and set(verdicts["run"]) == {"mine"}
    assert list(verdicts["verdict"]) == list(judged.var.loc[genes, "mine_trust"])


@pytest.mark.parametrize("ending", [".csv.gz", ".tsv", ".tsv.gz"])
def test_the_ending_says_how_it_is_written(judged: ad.AnnData, tmp_path: Path, ending: str) -> None:
    found = write_values(Contents(judged), judged.var_names[:2], tmp_path / f"a{ending}")
    assert found.genes.name == f"a_genes{ending}"
    separator = "\t" if "tsv" in ending else ","
    assert pd.read_csv(found.values, sep=separator, index_col=0).shape[0] == judged.n_obs


def test_without_a_run_there_are_counts_and_no_verdicts(tmp_path: Path) -> None:
    cells = ad.AnnData(np.arange(12.0, dtype=np.float32).reshape(4, 3))
    found = write_values(Contents(cells, "cell"), ["1"], tmp_path / "a.csv")
    assert pd.read_csv(found.values, index_col=0).columns.tolist() == ["1_counts"]
    assert pd.read_csv(found.genes)["verdict"].isna().all()


def test_names_are_written_as_they_are_and_formulas_said(tmp_path: Path) -> None:
    cells = ad.AnnData(np.ones((3, 2), dtype=np.float32))
    cells.obs_names = ["=1+1", "a,b", 'q"']
    found = write_values(Contents(cells, "cell"), ["0"], tmp_path / "a.csv")
    assert pd.read_csv(found.values, index_col=0).index.tolist() == ["=1+1", "a,b", 'q"']
    assert any("1 name" in note and "spreadsheet" in note for note in found.notes)


def test_what_cannot_be_leaves_nothing(judged: ad.AnnData, tmp_path: Path) -> None:
    contents = Contents(judged)
    with pytest.raises(UnknownName, match="no such"):
        write_values(contents, ["no such"], tmp_path / "a.csv")
    with pytest.raises(NotWritable, match=r"\.tsv"):
        write_values(contents, judged.var_names[:1], tmp_path / "a.xlsx")
    (tmp_path / "a_genes.csv").mkdir()
    with pytest.raises(NotWritable, match="a folder of that name"):
        write_values(contents, judged.var_names[:1], tmp_path / "a.csv")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a_genes.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file size")
@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_a_disk_that_fails_leaves_what_was_there(
    judged: ad.AnnData, tmp_path: Path, ending: str
) -> None:
    path, contents = tmp_path / f"a{ending}", Contents(judged)
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(NotWritable, match="writing failed"):
            write_values(contents, judged.var_names[:50], path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_shell_writes_chosen_genes(
    judged: ad.AnnData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged.write_h5ad(tmp_path / "in.h5ad")
    genes, out = list(judged.var_names[:2]), tmp_path / "out.csv"
    assert main(["convert", str(tmp_path / "in.h5ad"), str(out), "--genes", ",".join(genes)]) == 0
    values = pd.read_csv(out, index_col=0)
    assert f"{genes[1]}_mine" in values and len(values) == judged.n_obs
    assert "verdicts to" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["convert", str(tmp_path / "in.h5ad"), str(out)])
    assert "--genes GENE,… go together" in capsys.readouterr().err


def test_groups_are_written_where_places_mean_nothing(tmp_path: Path) -> None:
    cells = ad.AnnData(np.arange(12.0, dtype=np.float32).reshape(4, 3))
    cells.obs["type"] = list("abab")
    cells.obsm["spatial"] = np.full((4, 2), np.nan)
    found = write_values(Contents(cells), ["0"], tmp_path / "a.csv")
    assert list(pd.read_csv(found.values, index_col=0)["type"]) == list("abab")


def test_no_column_takes_the_place_of_another(judged: ad.AnnData, tmp_path: Path) -> None:
    gene = judged.var_names[0]
    for name in ("x", f"{gene}_counts"):
        judged.obs[name] = np.resize(["left", "right"], judged.n_obs)
    values = pd.read_csv(
        write_values(Contents(judged), [gene], tmp_path / "a.csv").values, index_col=0
    )
    np.testing.assert_allclose(values["x"], judged.obsm["spatial"][:, 0])
    assert list(values["x_2"][:2]) == ["left", "right"]
    assert list(values[f"{gene}_counts"][:2]) == ["left", "right"]
    assert values[f"{gene}_counts_2"].dtype.kind == "i"


def test_the_shell_finds_genes_by_symbol_too(judged: ad.AnnData, tmp_path: Path) -> None:
    judged.var["symbol"] = [f"S{i}" for i in range(judged.n_vars)]
    judged.write_h5ad(tmp_path / "in.h5ad")
    out = tmp_path / "out.csv"
    assert main(["convert", str(tmp_path / "in.h5ad"), str(out), "--genes", "S1"]) == 0
    assert f"{judged.var_names[1]}_counts" in pd.read_csv(out, index_col=0)
