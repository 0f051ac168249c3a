"""What stands beside a button before it is pressed: how long, how much memory, and what fits."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.forecast import Duration, Plan, needed_memory
from napari_stimpute.job import JobState
from napari_stimpute.models import model_info
from napari_stimpute.panels.compare import ComparePanel
from napari_stimpute.panels.forecast import ForecastPanel, Intended
from napari_stimpute.panels.train import TrainPanel
from napari_stimpute.progress import Progress
from napari_stimpute.session.session import Session

from .waiting import endless, until_done


class Choice:
    """What is set in a tab, as a person changes it."""

    def __init__(self, *models: str, free_on_device: int = 0) -> None:
        self.models, self.free_on_device = models, free_on_device

    def __call__(self) -> Intended:
        plans = (Plan(m, model_info(m).config(), "cpu") for m in self.models)
        runs = tuple((plan, 1) for plan in plans)
        return Intended(runs, free_on_device=self.free_on_device)


def looked_at(session: Session, choice: Choice, *, pause: float = 0.0) -> ForecastPanel:
    panel = ForecastPanel(session, choice, pause=pause)
    panel.look(is_seen=True)
    return panel


def until_told(panel: ForecastPanel) -> str:
    while panel.job is not None:
        until_done(panel.job)
    return panel.now.line


def test_time_and_memory_are_told_of_what_is_set(opened: Session) -> None:
    panel = looked_at(opened, Choice("pca"))
    assert panel.now.line.startswith("Estimating the time… ")
    said = until_told(panel)
    assert said.startswith("A few seconds, ") and said.endswith(" GB free memory.")


def test_nothing_is_rehearsed_without_data_or_where_nobody_looks(
    session: Session, section: AnnData
) -> None:
    panel = looked_at(session, Choice("pca"))
    assert panel.job is None and panel.now.line == ""
    panel.look(is_seen=False)
    session.open(section)
    assert panel.job is None
    panel.look(is_seen=True)
    job = panel.job
    assert job is not None
    panel.look(is_seen=False)
    until_done(job)
    assert job.state is JobState.CANCELLED and panel.job is None


def test_a_change_gives_up_what_is_rehearsed_and_what_is_known_is_told_again(
    opened: Session,
) -> None:
    choice = Choice("gmm_vgae")
    panel = looked_at(opened, choice, pause=60.0)
    first = panel.job
    assert first is not None
    panel.update()
    assert panel.job is first  # the same is intended
    choice.models = ("pca",)
    panel.update()
    assert panel.job is not first
    until_done(first)
    assert first.state is JobState.CANCELLED
    panel.close()


def test_what_was_found_before_is_told_at_once(
    opened: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_stimpute.panels.forecast.free_memory", lambda: 2**33)
    choice = Choice("pca")
    panel = looked_at(opened, choice)
    said = until_told(panel)
    choice.models = ("gene_mean",)
    panel.update()
    until_told(panel)
    choice.models = ("pca",)
    panel.update()
    assert panel.job is None and panel.now.line == said


def test_nothing_is_rehearsed_while_anything_is_at_work(opened: Session) -> None:
    panel = looked_at(opened, Choice("pca"), pause=60.0)
    before = panel.job
    assert before is not None
    work = opened.work_later(endless(), "Waiting")
    assert panel.job is None and panel.now.line == ""
    until_done(before)
    assert before.state is JobState.CANCELLED
    work.cancel()
    until_done(work)
    assert panel.job is not None
    panel.close()


def test_what_cannot_begin_is_not_estimated(opened: Session) -> None:
    assert opened.adata is not None
    del opened.adata.obsm["spatial"]
    said = until_told(looked_at(opened, Choice("gmm_vgae")))
    assert said.startswith("How long it takes could not be estimated. ")


# ---- what does not fit -------------------------------------------------------------------------


@pytest.fixture
def wide(session: Session) -> Session:
    """A session with 60 cells × 700 genes open."""
    counts = np.random.default_rng(0).poisson(np.linspace(0.5, 4, 700), (60, 700))
    adata = AnnData(sp.csr_matrix(counts.astype(np.float32)))
    adata.obs_names, adata.var_names = [str(i) for i in range(60)], [f"g{i}" for i in range(700)]
    session.open(adata, genes="all")
    return session


def test_what_cannot_fit_is_refused_and_fewer_genes_that_fit_can_be_opened(
    wide: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wide.adata is not None
    config = model_info("scziva").config()
    free = needed_memory(wide.adata, Plan("scziva", config), 500)
    monkeypatch.setattr("napari_stimpute.panels.forecast.free_memory", lambda: free)
    wide.model = "scziva"
    train = TrainPanel(wide)
    train.forecast.look(is_seen=True)
    assert train.forecast.job is None
    assert not train.now.work.is_enabled
    assert train.now.work.why_not.text.startswith("Too large for this machine: ")
    assert train.forecast.now.smaller == "Model the 500 most variable genes"
    until_done(train.forecast.open_smaller())
    assert wide.adata.n_vars == 500
    assert train.now.work.is_enabled and train.forecast.now.smaller == ""
    train.close()


def test_no_button_is_offered_where_nothing_fits(
    wide: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_stimpute.panels.forecast.free_memory", lambda: 1)
    panel = looked_at(wide, Choice("pca"))
    assert panel.now.refusal and panel.now.smaller == ""
    assert panel.open_smaller() is None


def test_memory_of_a_gpu_is_told_of_what_uses_one(opened: Session) -> None:
    choice = Choice("gene_mean", free_on_device=2**33)
    panel = looked_at(opened, choice, pause=60.0)
    assert "GPU" not in panel.now.line
    choice.models = ("scziva",)
    panel.update()
    assert panel.now.line.endswith(" GB free memory, 0.1 of 8.0 GB free memory on the GPU.")
    choice.free_on_device = 1000
    panel.update()
    assert "training starts again with fewer at a time" in panel.now.line
    assert not panel.now.refusal  # it can be run all the same
    panel.close()


# ---- in the tabs -------------------------------------------------------------------------------


def test_train_tells_of_its_own_settings(opened: Session) -> None:
    train = TrainPanel(opened)
    train.choose_model("pca")
    train.forecast.look(is_seen=True)
    first = train.forecast.job
    train.set_options(replace(train.options, judged=False))
    assert train.forecast.job is not first
    second = train.forecast.job
    train.form.enter("n_components", 5)
    assert train.forecast.job is not second
    train.form.enter("n_components", -5)  # nothing can be told of a setting that is wrong
    assert train.forecast.job is None and train.forecast.now.line == ""
    train.close()


def test_compare_adds_up_what_is_ticked(opened: Session) -> None:
    compare = ComparePanel(opened)
    for method in compare.now.methods:
        compare.tick(method.name, wanted=method.name in ("raw", "gene_mean", "pca"))
    compare.forecast.look(is_seen=True)
    assert until_told(compare.forecast).startswith("A few seconds, ")
    compare.choose_splits(50)
    assert compare.forecast.job is None  # each was rehearsed before
    compare.close()


def test_workers_divide_the_time_of_a_comparison_and_multiply_its_memory(
    opened: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened.adata is not None
    needed = needed_memory(opened.adata, Plan("pca", model_info("pca").config()))
    monkeypatch.setattr("napari_stimpute.panels.forecast.free_memory", lambda: 5 * needed // 2)
    monkeypatch.setattr(
        "napari_stimpute.panels.forecast.Rehearsal.steps", lambda _rehearsal: hours_long()
    )
    compare = ComparePanel(opened)
    for method in compare.now.methods:
        compare.tick(method.name, wanted=method.name in ("gene_mean", "pca"))
    compare.forecast.look(is_seen=True)
    assert until_told(compare.forecast).startswith("About 12 h 00 min, ")
    compare.choose_workers(2)
    said = compare.forecast.now.line
    assert said.startswith("About 6 h 00 min, ") and " by 2 workers" in said
    compare.choose_workers(3)
    assert "Choose at most 2." in compare.now.work.why_not.text
    assert not compare.now.work.is_enabled and not compare.forecast.now.smaller
    compare.close()


def hours_long() -> Generator[Progress, None, Duration]:
    """What is found of a run of two hours."""
    yield Progress("rehearse", 0, 1)
    return Duration(7_200.0, 7_200.0)


def test_workers_of_a_search_that_do_not_fit_are_refused(
    opened: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened.adata is not None
    opened.model = "pca"
    train = TrainPanel(opened)
    needed = needed_memory(opened.adata, Plan("pca", model_info("pca").config()))
    monkeypatch.setattr("napari_stimpute.panels.tune.free_memory", lambda: 5 * needed // 2)
    train.tune.choose_workers(2)
    assert train.tune.now.work.is_enabled
    train.tune.choose_workers(3)
    assert "3 workers would need" in train.tune.now.work.why_not.text
    train.close()
