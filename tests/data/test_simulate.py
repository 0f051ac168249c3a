"""Simulated data are what they claim: counts, with a truth that explains them."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial import cKDTree

from napari_stimpute import keys
from napari_stimpute.data.simulate import (
    LIBRARY,
    TECHNICAL_ZERO,
    TRUE_RATE,
    loss_probability,
    simulate_cells,
    simulate_section,
    simulate_tissue,
)
from napari_stimpute.errors import InvalidSetting

SAMPLE_DATA = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def section() -> ad.AnnData:
    return simulate_section(seed=0)


@pytest.fixture(scope="module")
def cells() -> ad.AnnData:
    return simulate_cells(seed=0)


@pytest.fixture(params=["section", "cells"])
def with_truth(request: pytest.FixtureRequest) -> ad.AnnData:
    adata: ad.AnnData = request.getfixturevalue(request.param)
    return adata


@pytest.fixture(scope="module")
def rewritten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the sample files as the script writes them now."""
    folder = tmp_path_factory.mktemp("sample_data")
    spec = importlib.util.spec_from_file_location("make", SAMPLE_DATA / "make_sample_data.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(["--to", str(folder)])
    return folder


def slide(adata: ad.AnnData) -> tuple[np.ndarray, np.ndarray, float]:
    """Image, spot centres (x, y) in image pixels, and spot radius in image pixels."""
    library = adata.uns[keys.SPATIAL][LIBRARY]
    scale = library["scalefactors"]["tissue_hires_scalef"]
    radius = library["scalefactors"]["spot_diameter_fullres"] * scale / 2
    return library["images"]["hires"], adata.obsm[keys.SPATIAL] * scale, radius


def test_x_holds_whole_sparse_counts(with_truth: ad.AnnData) -> None:
    assert sp.issparse(with_truth.X)
    assert (with_truth.X.data > 0).all()
    assert (with_truth.X.data == np.rint(with_truth.X.data)).all()


def test_true_rate_and_loss_explain_the_counts(with_truth: ad.AnnData) -> None:
    rate = with_truth.layers[TRUE_RATE].astype(float)
    expected = rate * (1 - loss_probability(rate, with_truth.uns["simulation"]["dropout"]))
    assert with_truth.X.sum() / expected.sum() == pytest.approx(1, abs=0.02)
    by_gene = np.asarray(with_truth.X.sum(axis=0)).ravel() / expected.sum(axis=0)
    bright = expected.sum(axis=0) > 500
    # Negative binomial sums of > 500 counts scatter by about 5 %; four times that is generous.
    assert np.abs(by_gene[bright] - 1).max() < 0.2


def test_true_rate_is_depth_times_program(section: ad.AnnData) -> None:
    flat = (section.var["program"] == "Flat").to_numpy()
    level = section.layers[TRUE_RATE][:, flat] / section.obs["true_depth"].to_numpy()[:, None]
    # Rates keep 16 steps per doubling: at most 1/32 off.
    np.testing.assert_allclose(
        level, np.tile(2 ** section.var["true_log2_level"][flat], (len(section), 1)), rtol=0.033
    )


def test_lost_entries_are_zero_and_as_many_as_stated(with_truth: ad.AnnData) -> None:
    lost = with_truth.layers[TECHNICAL_ZERO].toarray().astype(bool)
    assert (with_truth.X.toarray()[lost] == 0).all()
    rate = with_truth.layers[TRUE_RATE].astype(float)
    theta = with_truth.var["true_theta"].to_numpy()
    seen = 1 - (theta / (theta + rate)) ** theta
    expected = loss_probability(rate, with_truth.uns["simulation"]["dropout"]) * seen
    assert lost.sum() / expected.sum() == pytest.approx(1, abs=0.03)


def test_no_loss_when_dropout_is_zero() -> None:
    assert simulate_cells(n_cells=60, dropout=0.0).layers[TECHNICAL_ZERO].nnz == 0


def test_section_is_as_sparse_as_visium(section: ad.AnnData) -> None:
    depth = np.asarray(section.X.sum(axis=1)).ravel()
    assert 900 <= section.n_obs <= 1100
    assert 500 <= np.median(depth) <= 1500
    assert 0.75 <= 1 - section.X.nnz / np.prod(section.shape) <= 0.85


def test_domains_are_contiguous_and_coloured(section: ad.AnnData) -> None:
    distances, neighbours = cKDTree(section.obsm[keys.SPATIAL]).query(
        section.obsm[keys.SPATIAL], k=7
    )
    domain = section.obs["domain"].cat.codes.to_numpy()
    is_ring = distances[:, 1:] < 1.1 * distances[:, 1:].min()
    assert (domain[neighbours[:, 1:]] == domain[:, None])[is_ring].mean() > 0.8
    assert len(set(section.uns[keys.colors("domain")])) == domain.max() + 1
    assert (section.obs["domain"].value_counts() >= 30).all()


def test_scattered_cell_type_ignores_space(section: ad.AnnData) -> None:
    _, neighbours = cKDTree(section.obsm[keys.SPATIAL]).query(section.obsm[keys.SPATIAL], k=7)
    is_on = section.obs["scattered"].to_numpy()
    beside_it = is_on[neighbours[is_on, 1:]].mean()
    # 150 spots with 6 neighbours each: the share scatters by about 0.015.
    assert beside_it == pytest.approx(is_on.mean(), abs=0.05)


@pytest.mark.parametrize("kind", ["Layer 2", "Layer 4", "Nest"])
def test_marker_is_highest_in_its_domain(section: ad.AnnData, kind: str) -> None:
    marker = f"{kind.replace(' ', '')}_a"
    rate = section[:, marker].layers[TRUE_RATE].ravel() / section.obs["true_depth"].to_numpy()
    means = section.obs.assign(rate=rate).groupby("domain", observed=True)["rate"].mean()
    assert means.idxmax() == kind
    assert means[kind] > 2 * means.drop(kind).max()


def test_every_spot_lies_on_tissue_and_the_corners_on_glass(section: ad.AnnData) -> None:
    image, centres, radius = slide(section)
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rim = centres[:, None] + radius * np.column_stack([np.cos(turn), np.sin(turn)])
    columns, rows = np.rint(rim).astype(int).reshape(-1, 2).T
    assert image[rows, columns].min(axis=1).max() < 225
    border = np.concatenate([image[:12].reshape(-1, 3), image[:, :12].reshape(-1, 3)])
    assert border.min() > 235


def test_image_is_the_right_way_up(section: ad.AnnData) -> None:
    image, centres, _ = slide(section)
    is_tissue = image.min(axis=2) < 225
    rows, columns = np.nonzero(is_tissue)
    half = np.ptp(rows) / 2 + rows.min()
    # The slab is an arch: its feet, at the bottom, leave a gap that no spot may fill.
    gap = ~is_tissue[int(half) :, columns.min() : columns.max()]
    assert gap.mean() > 0.2
    assert np.abs(centres[:, 1].min() - rows.min()) < 20
    assert np.abs(centres[:, 1].max() - rows.max()) < 20


def test_packed_domain_is_darker_than_its_sparse_neighbour(section: ad.AnnData) -> None:
    image, centres, _ = slide(section)
    columns, rows = np.rint(centres).astype(int).T
    patch = np.stack([image[rows + i, columns + j] for i in (-3, 0, 3) for j in (-3, 0, 3)])
    red = patch[..., 0].mean(axis=0)
    domain = section.obs["domain"].to_numpy()
    assert red[domain == "Layer 2"].mean() < red[domain == "Layer 1"].mean() - 10


def test_cells_have_unequal_types_in_every_batch_and_condition(cells: ad.AnnData) -> None:
    table = cells.obs.groupby(["batch", "condition", "cell_type"], observed=False).size()
    assert table.min() > 0
    sizes = cells.obs["cell_type"].value_counts()
    assert len(sizes) == 5 and sizes.max() > 5 * sizes.min()
    assert keys.SPATIAL not in cells.obsm


def test_stated_response_is_in_the_true_rate(cells: ad.AnnData) -> None:
    level = np.log2(cells.layers[TRUE_RATE] / cells.obs["true_depth"].to_numpy()[:, None])
    chosen = (cells.obs["cell_type"] == "Type A") & (cells.obs["batch"] == "batch 1")
    stimulated = (cells.obs["condition"] == "stimulated").to_numpy()
    change = level[chosen & stimulated].mean(axis=0) - level[chosen & ~stimulated].mean(axis=0)
    # log2(1 + 1/32) = 0.044 of rounding at either end.
    np.testing.assert_allclose(change, cells.varm["true_response"][:, 0], atol=0.09)
    assert (cells.varm["true_response"][cells.var_names.get_loc("Response_a")] > 1).all()
    assert (cells.varm["true_response"][cells.var_names.get_loc("Response_b")] > 0).sum() == 1


@pytest.mark.parametrize("simulate", [simulate_section, simulate_cells])
def test_seed_alone_decides(simulate: object) -> None:
    assert callable(simulate)
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (only read, to show it is untouched)
    first, second, other = (simulate(seed=s, n_genes=100) for s in (3, 3, 4))
    assert (first.X != second.X).nnz == 0
    np.testing.assert_array_equal(first.layers[TRUE_RATE], second.layers[TRUE_RATE])
    assert first.X.shape != other.X.shape or (first.X != other.X).nnz > 0
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_seeds_make_whole_sections_too(seed: int) -> None:
    adata = simulate_section(seed=seed, n_genes=100)
    assert 800 <= adata.n_obs <= 1200
    assert (adata.obs["domain"].value_counts() >= 20).all()


def test_setting_out_of_range_is_named() -> None:
    with pytest.raises(InvalidSetting, match="n_domains"):
        simulate_section(n_domains=2)


def test_tissue_has_the_size_and_depth_asked_for() -> None:
    adata = simulate_tissue(3_000, 200, seed=0, molecules=100)
    assert adata.shape == (3_000, 200)
    assert adata.X.has_canonical_format and adata.X.dtype == np.float32
    assert np.median(np.asarray(adata.X.sum(axis=1))) == pytest.approx(100, rel=0.05)
    distances, _ = cKDTree(adata.obsm[keys.SPATIAL]).query(adata.obsm[keys.SPATIAL], k=2)
    np.testing.assert_allclose(distances[:, 1], 1)


def test_tissue_counts_follow_their_shares() -> None:
    adata = simulate_tissue(3_000, 200, seed=0)
    share = adata.obsm["true_shares"] @ adata.varm["true_signatures"].T
    expected = (np.asarray(adata.X.sum(axis=1)) * share).sum(axis=0)
    counts = np.asarray(adata.X.sum(axis=0)).ravel()
    # Pearson's chi-squared, mean 1 per gene, standard deviation sqrt(2 / 200) = 0.1.
    assert ((counts - expected) ** 2 / expected).mean() == pytest.approx(1, abs=0.4)


@pytest.mark.parametrize("name", ["section.h5ad", "cells.h5ad"])
def test_sample_file_is_what_the_script_writes(rewritten: Path, name: str) -> None:
    kept, new = (ad.read_h5ad(folder / name) for folder in (SAMPLE_DATA, rewritten))
    assert (kept.X != new.X).nnz == 0
    assert (kept.layers[TECHNICAL_ZERO] != new.layers[TECHNICAL_ZERO]).nnz == 0
    np.testing.assert_array_equal(kept.layers[TRUE_RATE], new.layers[TRUE_RATE])
    assert kept.obs.equals(new.obs) and kept.var.equals(new.var)
    assert (SAMPLE_DATA / name).stat().st_size < 1_000_000


def test_sample_image_is_what_the_script_writes(rewritten: Path) -> None:
    kept, new = (slide(ad.read_h5ad(f / "section.h5ad")) for f in (SAMPLE_DATA, rewritten))
    # Another processor may round a stain to the next shade here and there.
    assert (kept[0] != new[0]).any(axis=2).mean() < 0.001
    np.testing.assert_allclose(kept[1], new[1])


def test_readme_states_the_checksums() -> None:
    stated = re.findall(r"[0-9a-f]{64}", (SAMPLE_DATA / "README.md").read_text(encoding="utf-8"))
    files = [SAMPLE_DATA / "section.h5ad", SAMPLE_DATA / "cells.h5ad"]
    assert stated == [hashlib.sha256(f.read_bytes()).hexdigest() for f in files]
