"""How many spots a step takes: by the device, where nobody chose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_stimpute import simulate_cells
from napari_stimpute.config import ModelConfig, WithBlocks
from napari_stimpute.models import MODELS, model_info
from napari_stimpute.models.blocks import sized_for

from .conftest import make_brief

TRAINED = [name for name, info in MODELS.items() if info.config.PHASES]


def spots_of_a_step(config: ModelConfig, device: str, n_obs: int) -> int:
    sized = sized_for(config, device, n_obs)
    assert isinstance(sized, WithBlocks)
    return sized.batch_size


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_takes_more_spots_in_a_step_but_leaves_an_epoch_64_steps(
    name: str, device: str
) -> None:
    usual = model_info(name).config()
    assert spots_of_a_step(usual, device, 1_000_000) == 4_096
    assert spots_of_a_step(usual, device, 64 * 1_100) == 1_100
    assert sized_for(usual, device, 8_000) == usual


@pytest.mark.parametrize("name", TRAINED)
def test_the_processor_and_a_number_that_was_chosen_stay_as_they_are(name: str) -> None:
    config = model_info(name).config
    for device in ("cpu", "mps"):
        assert sized_for(config(), device, 1_000_000) == config()
    chosen = config.checked({"batch_size": 48})
    assert sized_for(chosen, "cuda", 1_000_000) == chosen


def test_settings_without_steps_stay_as_they_are() -> None:
    usual = model_info("mixture").config()
    assert sized_for(usual, "cuda", 1_000_000) == usual


def test_what_a_step_took_is_noted_and_kept_with_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = simulate_cells(n_cells=600, n_genes=100, seed=0)
    monkeypatch.setattr(  # as of a GPU, and of a thousand times as many cells
        "napari_stimpute.models.base.sized_for",
        lambda config, _device, n_obs: sized_for(config, "cuda", 1_000 * n_obs),
    )
    model = make_brief("scziva", epochs=1).fit(cells, device="cpu")
    assert any("Each step took 4,096 spots or cells" in note for note in model.notes_)
    kept = json.loads((model.save(tmp_path / "model") / "config.json").read_text())
    assert kept["config"]["batch_size"] == 4_096
