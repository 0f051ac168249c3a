"""A training that was killed goes on where it stood."""

from itertools import islice
from pathlib import Path

import pytest
import torch

from napari_stimpute import ScDiffusion

from ...generating import SMALL, cells


def new_model(path: Path, **settings: object) -> ScDiffusion:
    return ScDiffusion(condition="cell_type", **SMALL | settings).keeping(path, every=0.0)


def steps_of(model: ScDiffusion, n: int | None = None) -> list[tuple[str, int]]:
    """Phase and number of each of the first n steps; then the training is left as it is."""
    found = model.fit_steps(cells(), seed=3)
    return [(p.phase, p.step) for p in islice(found, n) if p.epoch]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "training.pt"


def test_diffusion_goes_on_to_the_same_model(path: Path) -> None:
    whole = new_model(path)
    steps = steps_of(whole)
    path.unlink()
    n_before = sum(phase == "autoencoder" for phase, _ in steps) + 130
    steps_of(new_model(path), n_before)
    again = new_model(path)
    rest = steps_of(again)
    assert rest[0] == ("diffusion", steps[-1][1] - 100 + 1)
    assert rest[-1] == steps[-1]
    assert any("went on" in note for note in again.notes_)
    for name, weights in whole.denoiser_.state_dict().items():
        assert torch.allclose(weights, again.denoiser_.state_dict()[name], atol=1e-6), name
    made, other = (m.generate(20, n_steps=4) for m in (whole, again))
    assert abs(made.X - other.X).nnz == 0


def test_autoencoder_goes_on_too(path: Path) -> None:
    steps_of(new_model(path), 40)
    again = new_model(path)
    assert steps_of(again)[0][1] > 20
    assert again.completed_


def test_another_training_begins_anew(path: Path) -> None:
    steps_of(new_model(path), 40)
    other = new_model(path, n_latent=5)
    assert steps_of(other, 5)[0][1] == 1
    path.write_bytes(b"damaged")
    assert steps_of(new_model(path), 5)[0][1] == 1
