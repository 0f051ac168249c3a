"""Latent points of very many cells lie in a file; what is learned from them is the same."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_stimpute import ScDiffusion
from napari_stimpute.errors import NotWritable
from napari_stimpute.models.scdiffusion import latents
from napari_stimpute.models.scdiffusion.latents import Latents, Posterior, joint

from ...generating import SMALL, cells

HALF = 2**-11
"""Largest relative error of rounding to float16."""


def blocks(n_blocks: int = 5, n: int = 40) -> list[Tensor]:
    """Posteriors of so many cells, 3 dimensions and log depth."""
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = (torch.randn(n_blocks * n, 3, generator=generator) for _ in range(2))
    depth = torch.randn(n_blocks * n, generator=generator)
    return list(torch.split(joint(2 + mean, log_variance - 2, depth), n))


def test_a_file_holds_what_memory_holds_but_for_rounding(tmp_path: Path) -> None:
    here, there = Latents.in_memory(blocks()), Latents.on_disk(blocks(), tmp_path)
    index = torch.tensor([199, 0, 77, 77])
    for exact, rounded in zip(here.take(index), there.take(index), strict=True):
        assert rounded.dtype is torch.float32
        assert torch.allclose(exact, rounded, rtol=HALF, atol=1e-7)
    assert len(there) == len(here) == 200
    assert torch.equal(there.part(index).table, there.table[index])
    assert not list(tmp_path.iterdir()), "the file has no name, so that none is left behind"


def test_points_drawn_from_a_file_are_those_from_memory(tmp_path: Path) -> None:
    index = torch.arange(200)
    drawn = [
        Posterior.of(kept).draw(index, torch.Generator().manual_seed(1))
        for kept in (Latents.in_memory(blocks()), Latents.on_disk(blocks(), tmp_path))
    ]
    assert torch.allclose(*drawn, atol=0.02)  # means of 2 ± 1 in units of their scale, 1


@pytest.mark.parametrize("at_a_time", [64, 200])
def test_space_is_that_of_all_cells_however_many_are_read_at_a_time(
    at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latents, "READ_AT_A_TIME", at_a_time)
    table = torch.cat(blocks()).double().numpy()
    mean, sd = table[:, 0], table[:, 1]
    space = Posterior.of(Latents.in_memory(blocks())).space
    scale = np.sqrt(mean.var(axis=0, ddof=1) + (sd**2).mean(axis=0))
    assert np.allclose(space.centre, mean.mean(axis=0), atol=1e-5)
    assert np.allclose(space.scale, scale, atol=1e-5)
    assert space.depths.tolist() == pytest.approx([mean[:, -1].min(), mean[:, -1].max()])
    reach = np.linalg.norm((mean - mean.mean(axis=0)) / scale, axis=1).max()
    assert float(space.reach) == pytest.approx(reach, rel=1e-5)


def fitted() -> ScDiffusion:
    short = SMALL | {"epochs": 2, "least_steps": 10, "diffusion_steps": 30}
    return ScDiffusion(condition="cell_type", **short).fit(cells()[:150].copy())


def test_a_model_learns_the_same_from_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = fitted()
    monkeypatch.setattr(latents, "MOST_IN_MEMORY", 10)
    from_file = fitted()
    assert torch.allclose(from_file.space_.scale, in_memory.space_.scale, rtol=1e-3)
    points, others = (
        model.generate(60, seed=2).obsm["X_scdiffusion"] for model in (from_file, in_memory)
    )
    assert 0 < np.abs(points - others).mean() < 0.01 * others.std()


def test_no_room_for_the_file_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(NotWritable, match=r"room in .*gone for latent points.*Free some space"):
        Latents.on_disk(blocks(), tmp_path / "gone")
