"""Of a file that is larger than memory, the counts of chosen genes alone are loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stimpute import keys
from napari_stimpute.cli import main
from napari_stimpute.data import lazy, on_disk
from napari_stimpute.data.opening import Opened, load, load_steps
from napari_stimpute.data.readers import h5ad
from napari_stimpute.errors import NotCounts, NotReadable, NotWritable, UnknownName
from napari_stimpute.progress import Progress, drain
from napari_stimpute.session.session import Session

from ..simulated import simulate_section

PART = {"load": "genes"}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk of a tiny file is a small part of it."""
    monkeypatch.setattr("napari_stimpute.data.readers.elements.CHUNK", 900)


def section() -> ad.AnnData:
    return simulate_section(n_rows=15, n_genes=100)


def written(adata: ad.AnnData, folder: Path) -> Path:
    file = folder / "large.h5ad"
    adata.write_h5ad(file)
    return file


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, np.asarray])
@pytest.mark.parametrize("genes", ["hvg:20", "all"])
def test_what_is_loaded_is_what_would_be_modelled(kind: type, genes: str, tmp_path: Path) -> None:
    adata = section()
    dense = adata.X.toarray()
    adata.X = kind(dense)
    file = written(adata, tmp_path)
    also = [str(adata.var_names[-1])]
    whole, part = (
        load(file, genes=genes, also=also),
        load(file, genes=genes, also=also, options=PART),
    )
    assert list(part.adata.var_names) == list(whole.adata.var_names)
    assert (part.adata.X != whole.adata.X).nnz == 0
    assert part.adata.uns[keys.GENE_CHOICE] == whole.adata.uns[keys.GENE_CHOICE]
    assert list(part.adata.obs_names) == list(whole.adata.obs_names)
    np.testing.assert_array_equal(part.adata.obsm["spatial"], whole.adata.obsm["spatial"])


def test_counts_are_found_where_they_are(tmp_path: Path) -> None:
    adata = section()
    adata.layers.clear()
    adata.layers["counts"] = adata.X.copy()
    adata.raw = adata
    adata.X = adata.X.log1p()
    file = written(adata, tmp_path)
    opened = load(file, genes="hvg:20", options=PART)
    assert opened.adata.shape == (adata.n_obs, 20)
    assert set(np.unique(opened.adata.X.data % 1)) == {0}
    said = " ".join(opened.notes)
    assert "Of the 100 genes in the file, the counts of 20 genes were loaded, from layer 'c" in said
    assert "Not loaded: X, raw." in said
    assert opened.card.counts_where == "counts"
    assert "in layer 'counts' of the file" in dict(opened.card.rows)["Counts"]
    assert set(opened.card.places) == {"X", "counts", "raw"}
    again = load(file, genes="hvg:10", counts=opened.card.counts_where, options=PART)
    assert again.adata.n_vars == 10


def test_spliced_and_unspliced_are_added(tmp_path: Path) -> None:
    adata = section()
    half = sp.csr_matrix(np.floor(adata.X.toarray() / 2))
    expected = adata.X.toarray()
    adata.layers.update({"spliced": half, "unspliced": sp.csr_matrix(expected - half)})
    adata.X = adata.X.log1p()
    opened = load(written(adata, tmp_path), options=PART)
    np.testing.assert_array_equal(opened.adata.X.toarray(), expected)


def test_a_place_that_holds_no_counts_is_refused(tmp_path: Path) -> None:
    adata = section()
    adata.layers["logged"] = adata.X.log1p()
    file = written(adata, tmp_path)
    with pytest.raises(NotCounts, match="log-transformed"):
        load(file, counts="logged", options=PART)
    with pytest.raises(UnknownName, match="count"):
        load(file, counts="cuonts", options=PART)


def test_a_file_that_does_not_fit_is_opened_in_part_and_the_card_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(section(), tmp_path)
    monkeypatch.setattr(h5ad, "LARGE", 1)
    assert _loaded(load(file)) == "everything"
    monkeypatch.setattr(h5ad, "free_memory", lambda: 1)
    assert _loaded(load(file, genes="hvg:20")) == "the counts of the chosen genes"
    session = Session()
    session.open_later(file, genes="hvg:20").join()
    assert session.adata is not None and session.adata.n_vars == 20


def _loaded(opened: Opened) -> str:
    question = next(q for q in opened.card.questions if q.name == "load")
    return question.words.partition(",")[0].partition(";")[0]


def test_reading_can_be_stopped_between_chunks(tmp_path: Path) -> None:
    steps = load_steps(written(section(), tmp_path), genes="hvg:20", options=PART)
    seen: list[Progress] = [step for step, _ in zip(steps, range(30), strict=False)]
    assert {"counts", "genes"} <= {step.phase for step in seen}
    steps.close()


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, np.asarray])
def test_counts_that_do_not_fit_either_are_put_on_disk(
    kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adata = section()
    adata.X = kind(adata.X.toarray())
    file = written(adata, tmp_path)
    expected = load(file, genes="hvg:20", options=PART)
    monkeypatch.setattr("napari_stimpute.data.chosen.free_memory", lambda: 40_000)
    opened = load(file, genes="hvg:20", options=PART)
    assert on_disk.is_on_disk(opened.adata.X) and on_disk.is_on_disk(opened.adata.raw.X)
    assert not on_disk.is_on_disk(expected.adata.X)
    assert (opened.adata.X != expected.adata.X).nnz == 0
    assert (opened.adata.raw.X != expected.adata.X).nnz == 0
    assert "The counts lie on disk" in " ".join(opened.notes)
    assert "The counts lie on disk" not in " ".join(expected.notes)


def test_counts_go_to_disk_where_that_is_asked_for(tmp_path: Path) -> None:
    file = written(section(), tmp_path)
    opened = load(file, genes="hvg:20", options={"load": "disk"})
    assert on_disk.is_on_disk(opened.adata.X)
    file.unlink()  # nothing is read from there any more
    assert opened.adata.X.sum() == opened.adata.raw.X.sum() > 0


def test_a_disk_that_is_too_full_for_counts_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(section(), tmp_path)
    monkeypatch.setenv("TMPDIR", "/dev/full")
    with pytest.raises(NotWritable, match="variable TMPDIR"):
        load(file, genes="hvg:20", options={"load": "disk"})


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    file = written(section(), tmp_path)
    with h5py.File(file, "r+") as content:
        content["X/indices"][-1] = 5_000
    with pytest.raises(NotReadable, match="sound sparse matrix"):
        load(file, options=PART)


def test_a_chunk_lies_by_row_or_by_column(tmp_path: Path) -> None:
    adata = section()
    adata.layers["by column"] = sp.csc_matrix(adata.X)
    file = written(adata, tmp_path)
    from napari_stimpute.data.readers.reading import read_found

    found = read_found(file, PART).adata
    for matrix, side in ((found.X, 0), (found.layers["by column"], 1)):
        parts = list(lazy.chunks(matrix))
        assert len(parts) > 3
        joined = [sp.vstack, sp.hstack][side]([part.values for part in parts])
        np.testing.assert_array_equal(joined.toarray(), adata.X.toarray())


def test_the_shell_says_what_would_be_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(section(), tmp_path)
    assert main(["check", str(file), "--read", "load=genes", "--genes", "hvg:20"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "the counts of 20 genes were loaded" in said
    assert "The 20 most variable of 100 genes" in said


def test_converting_needs_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(section(), tmp_path)
    out = tmp_path / "out.zarr"
    assert main(["convert", str(file), str(out), "--read", "load=genes"]) == 1
    assert "enough free memory" in capsys.readouterr().err
    assert not out.exists()


def replaced(file: Path) -> None:
    file.unlink()
    section()[:40, :30].copy().write_h5ad(file)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("change", [replaced, cut])
@pytest.mark.parametrize("phase", ["counts", "genes", "load"])
def test_a_file_that_changes_while_it_is_read_is_said(
    change: Callable[[Path], None], phase: str, tmp_path: Path
) -> None:
    file = written(section(), tmp_path)
    steps = load_steps(file, genes="hvg:20", options=PART)
    while next(steps).phase != phase:
        pass
    change(file)
    with pytest.raises(NotReadable, match="another program changed it while it was read"):
        drain(steps)


def test_a_file_that_is_gone_while_it_is_read_is_said(tmp_path: Path) -> None:
    file = written(section(), tmp_path)
    steps = load_steps(file, genes="hvg:20", options=PART)
    for _ in range(4):
        next(steps)
    file.unlink()
    with pytest.raises(NotReadable, match="removed or renamed while it was read"):
        drain(steps)


def test_a_run_does_not_need_the_file_once_it_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, out = written(section(), tmp_path), tmp_path / "out.h5ad"

    def opened_and_gone(*args: object, **options: object) -> Opened:
        found = load(*args, **options)  # type: ignore[arg-type]
        file.unlink()
        return found

    monkeypatch.setattr("napari_stimpute.data.opening.load", opened_and_gone)
    said = ["--model", "gene_mean", "--genes", "hvg:20", "--read", "load=disk", "--quiet"]
    assert main(["impute", str(file), str(out), *said]) == 0
    assert "gene_mean_imputed" in ad.read_h5ad(out).layers


@pytest.mark.parametrize("where", ["genes", "disk"])
def test_an_anndata_that_is_backed_is_read_as_its_file(where: str, tmp_path: Path) -> None:
    adata = section()
    adata.layers["counts"] = adata.X.copy()
    adata.raw = adata
    adata.obsp["near"] = sp.identity(adata.n_obs, format="csr")
    file = written(adata, tmp_path)
    backed = ad.read_h5ad(file, backed="r")
    backed.obs["mine"] = "here"  # counts, though the file has none
    found = load(backed, genes="hvg:20", options={"load": where})
    expected = load(file, genes="hvg:20", options={"load": where})
    assert (found.adata.X != expected.adata.X).nnz == 0
    assert on_disk.is_on_disk(found.adata.X) is (where == "disk")
    assert set(found.adata.obs["mine"]) == {"here"} and backed.isbacked
    assert "obsp/near was left out" in " ".join(found.notes)
    assert (load(backed, genes="all").adata.X != adata.X).nnz == 0  # small enough for memory
    backed.file.close()


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, np.asarray])
@pytest.mark.parametrize("where", ["genes", "disk"])
def test_a_store_is_read_as_a_file_is(kind: type, where: str, tmp_path: Path) -> None:
    adata = section()
    adata.X = kind(adata.X.toarray())
    adata.raw = adata
    adata.obsp["near"] = sp.identity(adata.n_obs, format="csr")
    store = tmp_path / "large.zarr"
    adata.write_zarr(store)
    file = written(adata, tmp_path)
    found, expected = (load(p, genes="hvg:20", options={"load": where}) for p in (store, file))
    assert (found.adata.X != expected.adata.X).nnz == 0
    assert found.adata.obs.equals(expected.adata.obs)
    assert "obsp/near was left out" in " ".join(found.notes)


def test_a_store_that_loses_a_chunk_while_it_is_read_is_said(tmp_path: Path) -> None:
    store = tmp_path / "large.zarr"
    section().write_zarr(store)
    steps = load_steps(store, genes="hvg:20", options=PART)
    for _ in range(4):
        next(steps)
    chunk = next(f for f in (store / "X" / "data").rglob("*") if f.is_file() and "z" not in f.name)
    chunk.unlink()  # Zarr reads zeros in its place
    with pytest.raises(NotReadable, match="changed it while it was read"):
        drain(steps)


def test_what_stays_in_the_file_is_said_of_genes_too(tmp_path: Path) -> None:
    adata = section()
    adata.varm["loadings"] = np.zeros((adata.n_vars, 2))
    opened = load(written(adata, tmp_path), genes="hvg:20", options=PART)
    assert "varm 'loadings'" in " ".join(opened.notes)


def test_unsaved_results_are_recovered_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adata = section()
    adata.layers["kept"] = adata.X.copy()
    file = written(adata, tmp_path)
    monkeypatch.setattr(h5ad, "LARGE", 1)
    monkeypatch.setattr(h5ad, "free_memory", lambda: 1)
    session = Session()
    session.recover_later(file).join()
    assert session.adata is not None and "kept" in session.adata.layers


def test_samples_that_are_too_large_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        section().write_h5ad(tmp_path / f"{name}.h5ad")
    monkeypatch.setattr(h5ad, "LARGE", 1)
    monkeypatch.setattr(h5ad, "free_memory", lambda: 1)
    with pytest.raises(NotReadable, match="samples that fit in memory together"):
        load(tmp_path, options={"sample": "all"})
