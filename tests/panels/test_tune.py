"""Find settings: start, watch, cancel, and take what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anndata import AnnData
from psygnal import emit_queued

from napari_stimpute.job import Job
from napari_stimpute.panels.train import TrainPanel
from napari_stimpute.panels.tune import TunePanel, TuneState
from napari_stimpute.session.session import Session

from .waiting import until_done


def until(job: Job[Any] | None, is_so: Callable[[], bool]) -> None:
    """Deliver what the job tells until something is so."""
    assert job is not None
    end = time.monotonic() + 60
    while not is_so():
        assert job.is_running and time.monotonic() < end
        time.sleep(0.01)
        emit_queued()


@pytest.fixture(scope="module")
def searched(pristine: AnnData) -> Iterator[TrainPanel]:
    """After a search of four trials; tests that share it leave its trials as they are."""
    session = Session()
    session.open(pristine.copy())
    train = TrainPanel(session)
    train.choose_model("pca")
    train.tune.set_n_trials(4)
    until_done(train.tune.search())
    assert session.problem == ""
    yield train
    train.close()


@pytest.fixture
def found(searched: TrainPanel) -> TunePanel:
    """The finished search, nothing chosen by hand."""
    searched.form.write({})
    searched.tune.choose(-1)
    return searched.tune


@pytest.fixture
def train(opened: Session) -> TrainPanel:
    made = TrainPanel(opened)
    made.choose_model("pca")
    made.tune.set_n_trials(2)
    return made


# ---- what was found ----------------------------------------------------------------------------


def test_a_search_ends_with_its_trials_and_a_sentence(found: TunePanel) -> None:
    now = found.now
    assert [dot.number for dot in now.dots] == [0, 1, 2, 3] and now.n_places == 4
    assert now.status.startswith("Done after")
    assert "the default settings" in now.verdict.text
    assert "the best so far" in now.about_trial
    assert [dot.kind for dot in now.dots].count("best") == 1
    assert found.work.outcome.text == ""


def test_the_best_settings_fill_the_form(found: TunePanel, searched: TrainPanel) -> None:
    best = next(dot for dot in found.now.dots if dot.kind == "best")
    assert found.now.can_use and found.now.use_help == "Fill the form with the best trial."
    found.use()
    n_components = searched.form.read().model_dump()["n_components"]
    assert n_components != 20 and f"components {n_components}" in best.help
    assert f"trial {best.number}" in found.now.used.text


def test_a_chosen_trial_fills_the_form(found: TunePanel, searched: TrainPanel) -> None:
    assert found.tuning is not None
    for trial in found.tuning.trials:
        found.choose(trial.number)
        assert found.now.about_trial.startswith(f"Trial {trial.number}") and not found.now.used
        assert found.now.use_help == "Fill the form with the chosen trial."
        found.use()
        assert searched.form.read().model_dump() == dict(trial.settings)


def test_every_dot_says_its_settings_and_lies_within_the_axis(found: TunePanel) -> None:
    assert found.tuning is not None
    low, high = found.now.limits
    for dot, trial in zip(found.now.dots, found.tuning.trials, strict=True):
        changed = f"Number of components {trial.settings['n_components']}"
        assert changed in dot.help or "The settings as they were." in dot.help
        if dot.score is None:
            assert dot.kind == "pruned" and "One fit scored" in dot.help
        else:
            assert low < dot.score - dot.spread <= dot.score + dot.spread < high


# ---- searching ---------------------------------------------------------------------------------


def test_cancel_is_said_at_once_and_keeps_what_was_scored(
    train: TrainPanel, slow_pca: None
) -> None:
    tune = train.tune
    tune.set_n_trials(4)
    job = tune.search()
    assert tune.now.work.button == "Cancel" and not tune.now.is_free and not tune.now.can_use
    until(job, lambda: len(tune.now.dots) == 1)
    until(job, lambda: tune.work.progress()[1].startswith("Trial 1 (2 of 4)"))
    assert not tune.now.verdict
    tune.work.press()
    assert tune.now.work.button == "Cancelling…" and tune.work.progress()[1] == "Cancelling…"
    until_done(job)
    assert tune.now.status.startswith("Cancelled after")
    assert "Stopped after 1 of 4 trials." in tune.now.verdict.text
    assert not tune.now.work.outcome and not train.now.work.outcome


def test_a_larger_number_of_trials_goes_on_and_keeps_the_choice(train: TrainPanel) -> None:
    tune = train.tune
    until_done(tune.search())
    before = [dot.score for dot in tune.now.dots]
    tune.choose(1)
    tune.set_n_trials(3)
    assert tune.now.n_places == 3
    until_done(tune.search())
    assert [dot.score for dot in tune.now.dots][:2] == before and len(tune.now.dots) == 3
    assert tune.now.chosen == 1 and tune.now.about_trial.startswith("Trial 1")


def test_workers_find_what_one_process_finds(train: TrainPanel, found: TunePanel) -> None:
    train.tune.choose_workers(2)
    until_done(train.tune.search())
    assert train.tune.tuning is not None and train.tune.tuning.workers.n == 2
    scores = [dot.score for dot in train.tune.now.dots]
    assert scores == [dot.score for dot in found.now.dots[:2]]


def nothing_is_shown(now: TuneState) -> bool:
    texts = (now.about_trial, now.status, now.verdict.text, now.used.text)
    return not now.dots and now.chosen == -1 and not any(texts) and not now.can_use


def test_another_search_forgets_the_one_before(
    train: TrainPanel, tmp_path: Any, slow_pca: None
) -> None:
    tune = train.tune
    job = tune.search()
    until(job, lambda: len(tune.now.dots) == 1)
    tune.work.press()
    until_done(job)
    for change in (
        lambda: train.form.enter("n_components", 7),
        lambda: tune.keep_in(str(tmp_path / "s.log")),
    ):
        tune.choose(0)
        change()
        job = tune.search()
        assert nothing_is_shown(tune.now)
        tune.work.press()
        until_done(job)


def test_a_study_of_other_settings_is_refused_in_words(train: TrainPanel, tmp_path: Any) -> None:
    tune = train.tune
    tune.keep_in(str(tmp_path / "s.log"))
    until_done(tune.search())
    train.form.enter("n_components", 7)
    until_done(tune.search())
    assert "n_components 20 instead of 7" in tune.now.work.outcome.text
    assert not train.now.work.outcome and not tune.now.status


def test_it_says_why_it_cannot_start(train: TrainPanel) -> None:
    train.choose_model("gene_mean")
    assert "has no settings to search" in train.tune.now.work.why_not.text
    assert not train.tune.now.work.is_enabled and not train.tune.now.searched


def test_a_bad_setting_is_marked_in_the_form(train: TrainPanel) -> None:
    train.form.enter("n_components", 0)
    assert train.tune.search() is None
    assert "n_components" in train.form.problems and not train.tune.now.work.outcome


def test_another_model_or_other_data_put_the_answer_away(
    searched: TrainPanel, section: AnnData
) -> None:
    tune = searched.tune
    assert tune.now.dots and "Number of components" in tune.now.searched
    searched.choose_model("gmm_vgae")
    assert nothing_is_shown(tune.now) and "Latent dimensions" in tune.now.searched
    searched.choose_model("pca")
    until_done(tune.search())
    searched.session.open(section)
    assert nothing_is_shown(tune.now)
