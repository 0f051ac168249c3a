"""What a run takes, told before it is started: more where there is more to do, and nothing left."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData

from napari_stimpute.config import Phase
from napari_stimpute.data.on_disk import Stack
from napari_stimpute.data.simulate import simulate_cells
from napari_stimpute.forecast import (
    Duration,
    Plan,
    Rehearsal,
    Remaining,
    Trained,
    genes_that_fit,
    needed_memory,
    room_in_words,
)
from napari_stimpute.models import MODELS, model_info
from napari_stimpute.progress import Progress, drain
from napari_stimpute.run import Request, Run
from napari_stimpute.words import memory

from .simulated import simulate_section


@pytest.fixture(scope="module")
def section() -> AnnData:
    """About 150 spots × 100 genes."""
    return simulate_section(seed=0, n_rows=16, n_genes=100)


@pytest.fixture(scope="module")
def cells() -> AnnData:
    """100 cells × 100 genes."""
    return simulate_cells(seed=0, n_cells=100, n_genes=100)


def plan_of(model: str, *, blend: bool = True, judged: bool = True, **settings: object) -> Plan:
    config = model_info(model).config
    return Plan(model, config.checked(config.PRESETS["tiny"] | settings), "cpu", blend, judged)


def told(adata: AnnData, plan: Plan, n_obs: int = 0) -> Duration:
    """By a clock on which everything takes one second."""
    ticks = itertools.count()
    rehearsal = Rehearsal(adata, plan, n_obs=n_obs, clock=lambda: float(next(ticks)))
    return drain(rehearsal.steps())


def many_spots(n: int) -> AnnData:
    rng = np.random.default_rng(0)
    adata = AnnData(sp.csr_matrix(rng.poisson(1.0, (n, 100)).astype(np.float32)))
    adata.obs_names, adata.var_names = [str(i) for i in range(n)], [f"g{i}" for i in range(100)]
    return adata


# ---- time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [name for name, info in MODELS.items() if info.config.PHASES])
def test_every_phase_of_training_is_counted(model: str, section: AnnData, cells: AnnData) -> None:
    plan = plan_of(model, blend=False, judged=False)
    adata = section if model == "gmm_vgae" else cells
    found = told(adata, plan)
    per_epoch, phases = 4, plan.config.PHASES.values()
    n_steps = sum(phase.n_steps(plan.config, per_epoch, adata.n_obs) for phase in phases)
    if model == "gmm_vgae":  # three ways to smooth are tried
        n_steps += 2 * per_epoch * plan.config.epochs
    assert found.usual == found.most  # fewer epochs than it takes to stop early
    assert n_steps < found.most < n_steps + 100  # beside the steps there is little


@pytest.mark.parametrize("model", MODELS)
def test_settings_that_count_epochs_belong_to_phases(model: str) -> None:
    """Else the whole training would be rehearsed."""
    config = model_info(model).config
    counted = {name for name in config.model_fields if name.endswith("epochs")}
    assert counted <= {phase.setting for phase in config.PHASES.values()}


def test_a_phase_counts_epochs_or_steps_and_goes_on_for_some_in_any_case() -> None:
    config = model_info("scdiffusion").config(epochs=10, diffusion_steps=300, least_steps=50)
    assert Phase("epochs").n_steps(config, 4, 400) == 40
    assert Phase("epochs", least="least_steps").n_steps(config, 4, 400) == 50
    assert Phase("diffusion_steps", unit="steps").n_steps(config, 4, 400) == 300


def test_a_phase_that_counts_steps_has_fewer_where_cells_are_few() -> None:
    config = model_info("scdiffusion").config()
    phase = Phase("diffusion_steps", unit="steps", per_cell=2.0)
    asked = [phase.n_steps(config, 4, n) for n in (10, 250, 1000, 2500, 100_000)]
    assert asked == [500, 500, 2000, 5000, 5000]
    assert phase.n_steps(config.model_copy(update={"diffusion_steps": 20}), 4, 1000) == 20


def test_more_epochs_take_longer_but_it_may_stop_early(cells: AnnData) -> None:
    few, many = (
        told(cells, plan_of("scziva", epochs=epochs, blend=False, judged=False))
        for epochs in (10, 1000)
    )
    assert few.usual < many.usual < many.most
    assert many.most - few.most == pytest.approx(990 * 4)  # four steps each


def test_judging_takes_time(section: AnnData) -> None:
    judged, not_judged = (told(section, plan_of("mixture", judged=on)) for on in (True, False))
    assert judged.usual > not_judged.usual


def test_twice_the_spots_take_twice_as_long() -> None:
    plan = plan_of("gene_mean", judged=False)
    one, two = told(many_spots(4000), plan), told(many_spots(8000), plan)
    assert two.usual == pytest.approx(2 * one.usual)


def test_some_spots_stand_for_all_of_a_file() -> None:
    plan, some = plan_of("gene_mean", judged=False), many_spots(4000)
    assert told(some, plan, n_obs=8000) == told(many_spots(8000), plan)
    assert needed_memory(some, plan, n_obs=8000) > needed_memory(some, plan)


def test_a_thorough_rehearsal_is_of_more_spots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_stimpute.forecast.duration.THOROUGH", 50_000)
    monkeypatch.setattr("napari_stimpute.forecast.duration.FEW_SIMPLE", 6_000)
    monkeypatch.setattr("napari_stimpute.forecast.duration._MANY", 6_000)
    plan, spots = plan_of("gene_mean", judged=False), many_spots(1000)

    def rehearsed_on(*, thorough: bool) -> set[str]:
        steps = Rehearsal(spots, plan, thorough=thorough).steps()
        return {progress.message for progress in steps}

    assert "Rehearsing on 500 cells" in rehearsed_on(thorough=True)
    assert "Rehearsing on 500 cells" not in rehearsed_on(thorough=False)


def test_a_run_after_it_finds_the_same_and_the_data_stay_as_they_were(cells: AnnData) -> None:
    plan = plan_of("scziva", epochs=4)
    before, counts = cells.copy(), cells.X.copy()
    states = torch.get_rng_state(), str(np.random.get_state())  # noqa: NPY002  that none use

    def found() -> np.ndarray:
        run = Run(cells, Request(plan.model, plan.config, device="cpu", blend=False))
        drain(run.steps())
        assert run.results is not None and run.results.imputed is not None
        return run.results.imputed

    first = found()
    drain(Rehearsal(cells, plan).steps())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert str(np.random.get_state()) == states[1]  # noqa: NPY002
    assert np.array_equal(cells.X.toarray(), counts.toarray())
    assert list(cells.layers) == list(before.layers) and cells.uns.keys() == before.uns.keys()
    assert np.array_equal(found(), first)


def test_it_can_be_given_up_at_any_step(section: AnnData) -> None:
    steps = Rehearsal(section, plan_of("pca")).steps()
    next(steps)
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


TOLD = Duration(
    250.0,
    850.0,
    (
        Trained("train (near)", "train", 1.0, 100, 400),
        Trained("train (far)", "train", 1.0, 100, 400),
        Trained("tune", "tune", 2.0, 10, 10),
    ),
    after=30.0,
)
TWENTIETH = Progress("train (near)", 20, 825, epoch=5, phase_ends=400, may_end=60)


def test_while_it_trains_the_time_left_is_by_the_pace_of_its_steps() -> None:
    left = Remaining(TOLD)
    assert left.seconds(TWENTIETH, 1.0) == 80 + 100 + 20 + 30
    assert left.seconds(TWENTIETH, 0.5) == 40 + 50 + 10 + 15
    in_the_last = Progress("tune", 804, 825, epoch=1, phase_ends=810)
    assert left.seconds(in_the_last, 2.0) == 12 + 30
    assert left.seconds(Progress("judge", 811, 815), 1.0) is None


def test_training_that_goes_on_for_longer_than_usual_ends_with_its_patience_at_the_earliest() -> (
    None
):
    left = Remaining(TOLD)
    longer = replace(TWENTIETH, step=140, may_end=160)
    assert left.seconds(longer, 1.0) == 20 + 160 + 20 + 30


def test_training_once_more_takes_about_as_many_steps_as_before() -> None:
    left = Remaining(TOLD)
    left.seconds(replace(TWENTIETH, step=40), 1.0)
    again = Progress("train (far)", 405, 825, epoch=2, phase_ends=800, may_end=430)
    assert left.seconds(again, 1.0) == 65 + 20 + 30  # of 70, between 40 and the usual 100


# ---- memory ------------------------------------------------------------------------------------


def test_counts_on_disk_need_less_memory(section: AnnData) -> None:
    stack = Stack(section.n_vars, on_disk=True)
    stack.add(sp.csr_matrix(section.X))
    stored = section.copy()
    stored.X = stack.matrix()
    plan = plan_of("scziva")
    assert needed_memory(stored, plan) < needed_memory(section, plan)


def test_more_genes_more_spots_and_filled_zeros_need_more_memory(section: AnnData) -> None:
    plan, filled = plan_of("gmm_vgae"), plan_of("gmm_vgae", mode="fill")
    needed = needed_memory(section, plan)
    assert needed_memory(section, plan, 30) < needed < needed_memory(section, filled)
    assert needed < needed_memory(many_spots(2000), plan)
    assert needed > 4 * section.n_obs * section.n_vars


def test_values_that_are_not_held_take_room_on_disk_instead(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert room_in_words(section) == ""
    size = 4 * section.n_obs * section.n_vars
    monkeypatch.setattr("napari_stimpute.data.scratch.MOST_IN_MEMORY", size - 1)
    assert room_in_words(section).startswith(f", and {memory(size)} in ")


def test_the_most_genes_that_fit_are_named() -> None:
    counts = sp.random(200, 4000, density=0.1, format="csr", random_state=0, dtype=np.float32)
    adata, plan = AnnData(counts), plan_of("scziva")
    needed = {n: needed_memory(adata, plan, n) for n in (500, 1000, 2000, 3000)}
    assert sorted(needed.values()) == list(needed.values())
    assert genes_that_fit(adata, plan, needed[2000]) == 2000
    assert genes_that_fit(adata, plan, needed[2000] - 1) == 1000
    assert genes_that_fit(adata, plan, needed[500] - 1) == 0
