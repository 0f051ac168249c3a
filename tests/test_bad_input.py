"""Bad input ends in words, and nothing is lost: as a person meets it who opens, trains and saves.

What may come in                      Test here                                    Details beside
------------------------------------  -------------------------------------------  ----------------
not a file, a folder                  test_a_file_that_cannot_be_read              data/test_io
not an h5ad, truncated, empty         test_a_file_that_cannot_be_read              data/test_io
no counts: log, scaled, negative,     test_values_that_are_no_counts               data/test_counts
  NaN, inf, fractions
duplicated gene or cell names         test_repeated_names                          data/test_io
no coordinates                        test_no_coordinates                          data/test_graph
coordinates: shape, all equal, NaN    test_coordinates_that_cannot_be_used         data/test_graph
image or scale factors missing        test_half_an_image                           data/test_image
one spot, one gene                    test_one_spot_or_gene                        test_preflight
all-zero spots and genes              test_spots_and_genes_without_counts          test_contract
more domains than spots               test_more_domains_than_spots                 test_gmm_vgae
unknown gene, layer, model, device    test_unknown_names                           test_configs
CUDA where there is none              test_cuda_where_there_is_none                test_run
output: not writable, disk full,      test_an_output_that_cannot_be_written,       data/test_io
  equal to the input                    test_a_full_disk
a model saved with other genes        test_a_model_saved_with_other_genes          test_contract
a checkpoint with a pickle inside     test_a_saved_model_that_cannot_be_trusted    test_contract
out of memory                         (test_run: it starts again with half)        test_run
a broken structure, an absurd size    (data/test_reading_damage)
links out of the file, locks, packing (data/test_reading_causes)
what h5ad cannot hold                 (data/test_storable)
what nobody foresaw, odd names        (cli/test_last_defence)
the same words in the panels          (plugin/test_training, plugin/test_panels)
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData

from napari_stimpute import GeneMean, Session
from napari_stimpute.errors import (
    DuplicateNames,
    GenesMismatch,
    NotCounts,
    NotReadable,
    StimputeError,
    UnknownName,
    UnsafeFile,
)
from napari_stimpute.models import model_info


def make(n_obs: int = 30, n_vars: int = 12) -> AnnData:
    """Spots on a grid with Poisson counts."""
    counts = np.random.default_rng(0).poisson(3.0, (n_obs, n_vars)).astype(np.float32)
    adata = AnnData(sp.csr_matrix(counts))
    adata.obs_names = [f"spot {i}" for i in range(n_obs)]
    adata.var_names = [f"gene {j}" for j in range(n_vars)]
    adata.obsm["spatial"] = np.column_stack(np.divmod(np.arange(n_obs), 6)).astype(float)
    return adata


@pytest.fixture
def session() -> Session:
    """A session with good data open, which no failure may cost it."""
    session = Session()
    session.open(make())
    return session


def refused_when_opened(session: Session, source: Path | AnnData) -> StimputeError:
    """The error of opening, which is the same later in a thread, and loses nothing."""
    before = session.adata, session.display.gene, session.card
    with pytest.raises(StimputeError) as caught:
        session.open(source)
    session.open_later(source).wait(30)
    assert session.problem == str(caught.value)
    assert (session.adata, session.display.gene, session.card) == before
    assert not session.is_busy
    return caught.value


def problem_when_trained(session: Session, model: str = "gmm_vgae", **how: str) -> str:
    """What is said of a training that cannot be; at once, or when its thread has ended."""
    try:
        session.train(model, model_info(model).config(), **how).wait(60)  # type: ignore[arg-type]
    except StimputeError as error:
        session.problem = str(error)
    assert session.contents.runs == () and not session.is_busy
    return session.problem


# ---- files -------------------------------------------------------------------------------------


def missing(folder: Path) -> Path:
    return folder / "nowhere.h5ad"


def a_folder(folder: Path) -> Path:
    return folder


def text(folder: Path) -> Path:
    (folder / "notes.h5ad").write_text("These are notes.")
    return folder / "notes.h5ad"


def a_document(folder: Path) -> Path:
    (folder / "paper.pdf").write_text("%PDF")
    return folder / "paper.pdf"


def other_hdf5(folder: Path) -> Path:
    with h5py.File(folder / "other.h5ad", "w") as file:
        file["weights"] = [1.0, 2.0]
    return folder / "other.h5ad"


def truncated(folder: Path) -> Path:
    make().write_h5ad(folder / "cut.h5ad")
    os.truncate(folder / "cut.h5ad", (folder / "cut.h5ad").stat().st_size // 2)
    return folder / "cut.h5ad"


def empty(folder: Path) -> Path:
    (folder / "empty.h5ad").touch()
    return folder / "empty.h5ad"


def no_cells(folder: Path) -> Path:
    make()[:0].copy().write_h5ad(folder / "none.h5ad")
    return folder / "none.h5ad"


@pytest.mark.parametrize(
    ("write", "found", "remedy"),
    [
        (missing, "no such file", "Check the path."),
        (a_folder, "an empty folder", "Check the step that should have filled it."),
        (text, "a file that is not HDF5", "Check where it came from."),
        (a_document, "the ending '.pdf'", "These can be read: AnnData (.h5ad); 10x"),
        (other_hdf5, "an HDF5 file that is not an AnnData (it holds weights)", "Save it with"),
        (truncated, "a truncated file", "Copy or download it again."),
        (empty, "an empty file (0 bytes)", "Copy or download it again."),
        (no_cells, "0 cells and 12 genes in none.h5ad", "perhaps a filter removed everything"),
    ],
)
def test_a_file_that_cannot_be_read(
    write: Callable[[Path], Path], found: str, remedy: str, session: Session, tmp_path: Path
) -> None:
    error = refused_when_opened(session, write(tmp_path))
    assert isinstance(error, NotReadable)
    assert found in error.found
    assert remedy in error.remedy


# ---- what a file holds -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (np.log1p, "which look log-transformed"),
        (lambda x: (x - x.mean(0)) / x.std(0), "which look scaled (centred on zero)"),
        (lambda x: x - 1, "negative values like -1 in X"),
        (lambda x: np.where(x == 7, np.nan, x), "NaN (missing values) in X"),
        (lambda x: np.where(x == 7, np.inf, x), "infinite values in X"),
        (lambda x: 40 * x + 0.5, "which look normalised, or estimated"),
        (lambda x: 0 * x, "only zeros in X"),
    ],
    ids=["log", "scaled", "negative", "nan", "inf", "fractions", "zeros"],
)
def test_values_that_are_no_counts(
    change: Callable[[np.ndarray], np.ndarray], found: str, session: Session
) -> None:
    adata = make()
    adata.X = change(adata.X.toarray().astype(np.float64))
    error = refused_when_opened(session, adata)
    assert isinstance(error, NotCounts)
    assert error.expected == "counts (whole numbers ≥ 0)"
    assert found in error.found
    assert "Put the raw counts in X or in a layer" in error.remedy


@pytest.mark.parametrize("kind", ["gene", "cell"])
def test_repeated_names(kind: str, session: Session) -> None:
    adata = make()
    attribute = {"gene": "var_names", "cell": "obs_names"}[kind]
    names = list(getattr(adata, attribute))
    setattr(adata, attribute, ["twin", "twin", *names[2:]])
    error = refused_when_opened(session, adata)
    assert isinstance(error, DuplicateNames)
    words = f"Expected every {kind} to have its own name, but found 'twin' more than once. Run"
    assert str(error).startswith(words)
    assert f"adata.{attribute}_make_unique()" in error.remedy
    with pytest.raises(DuplicateNames):
        GeneMean().fit(adata)


def test_no_coordinates() -> None:
    adata, session = make(), Session()
    del adata.obsm["spatial"]
    session.open(adata)  # cells without a tissue can be opened, and imputed by other models
    assert session.card is not None
    assert dict(session.card.rows)["Coordinates"].startswith("none in obsm['spatial']")
    sentence = problem_when_trained(session)
    assert sentence.startswith("Expected coordinates in obsm['spatial'], but found")
    assert "choose another model" in sentence
    session.train("gene_mean").wait(30)
    assert session.contents.runs == ("gene_mean",)


@pytest.mark.parametrize(
    ("coordinates", "words"),
    [
        (np.zeros((30, 4)), "two columns (x, y) in obsm['spatial'], but found an array of 30 × 4"),
        (np.ones((30, 2)), "but found all 30 spots in one, (1.0, 1.0)"),
        (np.full((30, 2), np.nan), "but found NaN or infinite values in 30 of 30 spots"),
    ],
    ids=["shape", "equal", "nan"],
)
def test_coordinates_that_cannot_be_used(coordinates: np.ndarray, words: str) -> None:
    adata, session = make(), Session()
    adata.obsm["spatial"] = coordinates
    session.open(adata)
    assert session.card is not None
    assert any(words in p for p in session.card.problems)
    assert words in problem_when_trained(session)


@pytest.mark.parametrize(
    ("library", "words"),
    [
        (
            {"images": {"hires": np.zeros((9, 9, 3))}},
            r"the scale factor 'tissue_hires_scalef'.* go on without",
        ),
        ({"scalefactors": {"tissue_hires_scalef": 1.0}}, "No tissue image .* plain background"),
    ],
    ids=["no scale", "no image"],
)
def test_half_an_image(library: dict[str, object], words: str) -> None:
    adata, session = make(), Session()
    adata.uns["spatial"] = {"slide": library}
    session.open(adata)
    assert session.card is not None
    assert any(re.search(words, problem) for problem in session.card.problems)
    session.train("gene_mean").wait(30)
    assert session.contents.runs == ("gene_mean",)


@pytest.mark.parametrize(("n_obs", "n_vars"), [(1, 12), (30, 1), (1, 1)])
@pytest.mark.parametrize("model", ["gmm_vgae", "gene_mean"])
def test_one_spot_or_gene(n_obs: int, n_vars: int, model: str) -> None:
    session = Session()
    session.open(make(n_obs, n_vars))
    assert np.isfinite(session.expression()).all()
    sentence = problem_when_trained(session, model)
    assert f"at least two spots (or cells) and two genes, but found {n_obs} × {n_vars}" in sentence
    assert "open more data" in sentence


def test_spots_and_genes_without_counts() -> None:
    adata, session = make(), Session()
    counts = adata.X.toarray()
    counts[4], counts[:, 2] = 0, 0
    adata.X = sp.csr_matrix(counts)
    session.open(adata)
    assert session.card is not None and session.adata is not None
    assert sum("no counts at all; kept as" in p for p in session.card.problems) == 2
    config = model_info("gmm_vgae").config
    tiny = config.checked(config.PRESETS["tiny"])
    session.train("gmm_vgae", tiny).wait(60)
    assert session.problem == ""
    assert session.adata.shape == (30, 12)
    assert np.isfinite(session.adata.layers["gmm_vgae_imputed"]).all()
    assert session.limits("gene 2") == (0, 1)


def test_more_domains_than_spots(session: Session) -> None:
    with pytest.raises(StimputeError, match=r"at most the number of spots \(30\), but found 31"):
        session.train("gmm_vgae", model_info("gmm_vgae").config(n_domains=31))
    assert session.job is None


# ---- names and devices -------------------------------------------------------------------------


def test_unknown_names(session: Session) -> None:
    refused: dict[str, Callable[[], object]] = {
        "gene, but found 'gene 99'": lambda: session.expression("gene 99"),
        "counts layer, but found 'cuonts'": lambda: session.open(make(), counts="cuonts"),
        "model, but found 'gmm_vgea'": lambda: session.train("gmm_vgea"),
        "source, but found 'magic'": lambda: session.expression(source="magic"),
        "column, but found 'layer'": lambda: session.labels("layer"),
    }
    for words, call in refused.items():
        with pytest.raises(
            UnknownName, match=f"Expected the name of a {words}.*(Choose one of|Did you mean)"
        ):
            call()
    words = "the name of a device, but found 'tpu', which is not one. Choose one of: 'auto', 'cpu'"
    assert words in problem_when_trained(session, device="tpu")


def test_cuda_where_there_is_none(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    sentence = problem_when_trained(session, device="cuda")
    assert sentence.startswith("Expected a CUDA device, but found none in this machine")
    assert sentence.endswith("Choose 'auto' or 'cpu'.")


# ---- saving ------------------------------------------------------------------------------------


def test_an_output_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "in.h5ad"
    make().write_h5ad(source)
    before, session = source.read_bytes(), Session()
    session.open(source)
    outputs = {
        source: "the input file itself. Choose another name",
        tmp_path: "the ending ''. Give the output the ending .h5ad or .zarr.",
        tmp_path / "no" / "out.h5ad": "that its folder is missing. Make the folder",
    }
    for path, words in outputs.items():
        session.save_later(path).wait(30)
        assert words in session.problem
    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as root, who may all
    session.save_later(tmp_path / "out.h5ad").wait(30)
    assert "no permission to write there. Choose another folder." in session.problem
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]
    assert source.read_bytes() == before


def full_disk(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full_disk)
        session.save_later(tmp_path / "out.h5ad").wait(30)
    assert "found that the disk is full. Free some space" in session.problem
    assert not list(tmp_path.iterdir())
    session.save(tmp_path / "out.h5ad")  # nothing was lost: it can be saved elsewhere, or later


# ---- saved models ------------------------------------------------------------------------------


def test_a_model_saved_with_other_genes(tmp_path: Path) -> None:
    GeneMean().fit(make()).save(tmp_path / "model")
    other = make()
    other.var_names = [f"other {j}" for j in range(12)]
    words = r"12 genes this Gene mean × depth was fitted on, .*12 of them.*'gene 0'.*fit the model"
    with pytest.raises(GenesMismatch, match=words):
        GeneMean.load(tmp_path / "model").impute(other)


def test_a_saved_model_that_cannot_be_trusted(tmp_path: Path) -> None:
    path = GeneMean().fit(make()).save(tmp_path / "model")
    torch.save({"gene_share": pd.Timestamp(0)}, path / "weights.pt")
    with pytest.raises(UnsafeFile, match=r"a pickle that could run code\. Do not open it unless"):
        GeneMean.load(path)
