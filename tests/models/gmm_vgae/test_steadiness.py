"""Which domains come again, held against sets that are counted one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData
from numpy.typing import NDArray

from napari_stimpute.models.gmm_vgae.domain_views import HalvedGenes
from napari_stimpute.models.gmm_vgae.model import GMMVGAE
from napari_stimpute.models.gmm_vgae.steadiness import steadiness

Labels = NDArray[np.int_]
MakeSection = Callable[..., AnnData]

SHORT = {"epochs": 20, "mixture_epochs": 2, "smoothing": "none"}


def jaccard(domain: set[int], match: set[int]) -> float:
    return len(domain & match) / len(domain | match) if domain | match else 0.0


def match_of(domain: int, labels: Labels, other: Labels) -> set[int]:
    """Spots of the other map's domains of which more lie in this domain than in any other."""
    found: set[int] = set()
    for name in np.unique(other):
        members = np.flatnonzero(other == name)
        if np.bincount(labels[members]).argmax() == domain:
            found |= set(members.tolist())
    return found


def test_spots_and_domains_are_as_counted_one_by_one() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 4
    maps = np.where(rng.random((5, 60)) < 0.7, labels, rng.integers(0, 4, (5, 60)))
    found = steadiness(labels, maps, 4)
    matches = [[match_of(d, labels, other) for other in maps] for d in range(4)]
    for d in range(4):
        members = set(np.flatnonzero(labels == d).tolist())
        assert found.domains[d] == pytest.approx(np.mean([jaccard(members, m) for m in matches[d]]))
    shares = [np.mean([spot in m for m in matches[labels[spot]]]) for spot in range(60)]
    np.testing.assert_allclose(found.spots, shares, rtol=1e-6)


def test_names_of_domains_in_other_maps_do_not_matter() -> None:
    labels = np.arange(12) % 3
    found = steadiness(labels, np.array([(labels + 1) % 3, (labels + 2) % 3]), 3)
    np.testing.assert_array_equal(found.spots, 1)
    assert found.merged == ((0,), (1,), (2,))
    assert found.in_words.startswith("All 3 domains are steady")


def test_domains_that_maps_mix_are_merged_and_named_from_one() -> None:
    labels = np.repeat([0, 1, 2], 20)
    rng = np.random.default_rng(0)
    maps = np.array([np.where(labels == 2, 2, rng.integers(0, 2, 60)) for _ in range(6)])
    found = steadiness(labels, maps, 3)
    assert found.merged == ((0, 1), (2,))
    np.testing.assert_array_equal(found.spots[40:], 1)
    assert found.spots[:40].mean() < 0.8
    assert "These 3 domains are a matter of chance, 2 of them not steady" in found.in_words
    assert "2 are steady: 1+2, 3 (" in found.in_words


def test_a_domain_that_other_maps_divide_is_steady() -> None:
    labels = np.repeat([0, 1], 30)
    divided = np.where(labels == 0, np.arange(60) % 2, 2)
    assert steadiness(labels, np.array([divided]), 3).merged == ((0,), (1,))


def test_maps_at_random_have_no_steady_domains() -> None:
    rng = np.random.default_rng(1)
    labels, maps = rng.integers(0, 4, 200), rng.integers(0, 4, (8, 200))
    found = steadiness(labels, maps, 4)
    assert found.merged == ((0, 1, 2, 3),)
    assert "no fewer are steady" in found.in_words


def test_views_are_components_of_each_half_of_the_genes(section: AnnData) -> None:
    counts = section.X.astype(np.float32)
    size = np.asarray(counts.sum(axis=1)).ravel() / 100
    halves = HalvedGenes(counts, size.astype(np.float32), seed=0)
    views, order = list(halves.views(5)), np.random.default_rng(5).permutation(60)
    for view, genes in zip(views[::2], (order[:30], order[30:]), strict=True):
        logged = np.log1p(counts.toarray() / size[:, None])[:, genes]
        spread = np.linalg.svd(logged - logged.mean(axis=0), compute_uv=False)[:20]
        np.testing.assert_allclose(np.linalg.norm(view, axis=0), spread, rtol=1e-3)


def test_a_view_of_half_of_the_genes_does_not_see_the_others(section: AnnData) -> None:
    counts, size = section.X.astype(np.float32), np.ones(section.n_obs, np.float32)
    others = np.random.default_rng(5).permutation(60)[30:]
    changed = counts.toarray()
    changed[:, others] = changed[::-1, others]
    first, _, second, _ = HalvedGenes(counts, size, seed=0).views(5)
    same, _, other, _ = HalvedGenes(sp.csr_matrix(changed), size, seed=0).views(5)
    np.testing.assert_allclose(np.abs(same), np.abs(first), rtol=1e-3, atol=1e-3)
    assert not np.allclose(np.abs(other), np.abs(second), atol=0.1)


@pytest.mark.parametrize("n_genes", [2, 3])
def test_of_very_few_genes_domains_have_a_stability_too(section: AnnData, n_genes: int) -> None:
    model = GMMVGAE(n_domains=2, epochs=1, mixture_epochs=0, smoothing="none")
    stability = model.fit(section[:, :n_genes].copy(), device="cpu").stability_
    assert ((stability >= 0) & (stability <= 1)).all()


@pytest.fixture(scope="module")
def pieces(make_section: MakeSection) -> AnnData:
    """Three pieces of tissue that do not touch, each a domain, in which all spots are alike."""
    apart = make_section()
    codes = apart.obs["domain"].astype("category").cat.codes.to_numpy()
    rates = np.random.default_rng(0).gamma(1.0, 20.0, (3, apart.n_vars))[codes]
    apart.X = sp.csr_matrix(np.random.default_rng(1).poisson(rates).astype(np.float32))
    apart.obsm["spatial"] = apart.obsm["spatial"] + 1e4 * codes[:, None]
    return apart


def test_of_six_domains_asked_for_three_are_steady_where_there_are_three(pieces: AnnData) -> None:
    model = GMMVGAE(n_domains=6, **SHORT).fit(pieces, device="cpu")
    (said,) = [note for note in model.notes_ if "matter of chance" in note]
    assert "These 6 domains are a matter of chance" in said
    assert "; 3 are steady:" in said
    assert model.stability_.shape == (pieces.n_obs,)
    assert 0 <= model.stability_.min() < 0.75
    assert model.stability_.max() <= 1


def test_three_domains_that_are_there_are_all_steady(pieces: AnnData) -> None:
    model = GMMVGAE(n_domains=3, **SHORT).fit(pieces, device="cpu")
    assert any("All 3 domains are steady" in note for note in model.notes_)
    assert model.stability_.mean() > 0.97
