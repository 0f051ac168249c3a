"""Models learn from counts on disk what they learn from counts in memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from anndata import AnnData
from scipy.sparse import csr_matrix

from napari_stimpute.data import components, on_disk
from napari_stimpute.data.components import principal_components
from napari_stimpute.data.on_disk import Stack, is_on_disk
from napari_stimpute.models import training
from napari_stimpute.models.base import Model
from napari_stimpute.models.training import RandomBlocks, rows_of


def stored(counts: csr_matrix) -> csr_matrix:
    stack = Stack(counts.shape[1], on_disk=True)
    stack.add(csr_matrix(counts))
    return stack.matrix()


@pytest.fixture
def section_on_disk(section: AnnData, monkeypatch: pytest.MonkeyPatch) -> AnnData:
    """The section with its counts on disk, read in many parts."""
    monkeypatch.setattr(on_disk, "PART", 500)
    section.X = stored(section.X)
    assert is_on_disk(section.X)
    return section


def test_a_fit_is_as_one_from_memory(
    name: str,
    section_on_disk: AnnData,
    fitted: Callable[[str], Model],
    brief: Callable[..., Model],
) -> None:
    """One block holds all spots, so that both see them in the same order."""
    model, expected = brief(name), fitted(name)
    model.fit(section_on_disk, seed=0, device="cpu")
    scores, wanted = (
        [row["validation"] for row in m.history_ if "validation" in row] for m in (model, expected)
    )
    np.testing.assert_allclose(scores, wanted, atol=2e-3)  # components are found otherwise
    assert is_on_disk(section_on_disk.X)


def test_random_blocks_take_every_spot_and_pieces_lie_together(
    section_on_disk: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "RUN", 5)
    monkeypatch.setattr(training, "AT_ONCE", 20)
    counts, generator = section_on_disk.X, torch.Generator().manual_seed(0)
    blocks = RandomBlocks(rows_of(counts, torch.device("cpu")), 10, generator)
    taken = [next(blocks) for _ in range(24)]
    for n, block in enumerate(taken):
        rows, columns, values = block.entries
        dense = torch.zeros(10, counts.shape[1])
        dense[rows, columns] = values
        assert torch.equal(dense, torch.from_numpy(counts[block.index.numpy()].toarray())), n
    first, second = (torch.cat([b.index for b in half]) for half in (taken[:12], taken[12:]))
    assert set(first.tolist()) == set(second.tolist()) == set(range(120))
    assert not torch.equal(first, second)
    near = torch.sort(first[:20]).values.view(4, 5)
    assert (near[:, -1] - near[:, 0] == 4).all()
    assert not torch.equal(first[:20].sort().values, first[:20])


@pytest.mark.parametrize("most", [components.MOST_AT_ONCE, 10])
def test_components_are_those_of_memory(
    section_on_disk: AnnData, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = section_on_disk.X
    monkeypatch.setattr(components, "MOST_AT_ONCE", most)  # of more genes, by products
    found = principal_components(counts, 6, 0)
    expected = principal_components(csr_matrix(counts.toarray()), 6, 0)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-6)
    np.testing.assert_allclose(found.loadings, expected.loadings, atol=1e-4)


@pytest.mark.parametrize("most", [components.MOST_AT_ONCE, 3])
def test_constant_values_have_no_components(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "MOST_AT_ONCE", most)
    found = principal_components(stored(csr_matrix(np.full((30, 4), 2, np.float32))), 2, 0)
    assert not found.scores.any()
