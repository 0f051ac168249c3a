"""Find settings in the panel: start, watch, cancel, and take what was found."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt

from napari_stimpute.models.simple.baselines import PCADenoiser
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.train.tune_section import TuneSection

from ..slow_models import SlowButForDefaults

StandIn = Callable[[type[PCADenoiser]], None]


@pytest.fixture
def tune(opened: StimputePanel) -> TuneSection:
    """The section for the PCA denoiser, unfolded."""
    opened.train.model.value = "pca"
    section = opened.train.tune
    section.n_trials.setValue(4)
    section.fold.set_open(True)
    return section


@pytest.fixture
def slow(stand_in: StandIn) -> None:
    """Every fit but those of the default settings takes 20 s."""
    stand_in(SlowButForDefaults)


def ended(qtbot: QtBot, tune: TuneSection) -> None:
    qtbot.waitUntil(lambda: not tune.session.is_busy, timeout=60_000)
    qtbot.waitUntil(lambda: not tune._timer.isActive(), timeout=5_000)


def found(qtbot: QtBot, tune: TuneSection) -> None:
    qtbot.mouseClick(tune.button, Qt.MouseButton.LeftButton)
    ended(qtbot, tune)


def test_it_is_folded_away_at_first(opened: StimputePanel) -> None:
    assert opened.train.tune.fold.inside.isHidden()


def test_a_search_ends_with_its_trials_and_a_sentence(qtbot: QtBot, tune: TuneSection) -> None:
    found(qtbot, tune)
    assert tune.session.problem == ""
    assert len(tune.dots.trials) == 4
    assert tune.status.text().startswith("Done after")
    assert "the default settings" in tune.verdict.text()
    assert "the best so far" in tune.told.text() and not tune.answer.isHidden()


def test_the_best_settings_fill_the_form(
    qtbot: QtBot, tune: TuneSection, opened: StimputePanel
) -> None:
    found(qtbot, tune)
    assert tune.tuning is not None
    best = tune.tuning.outcome.best
    assert best is not None and best.settings["n_components"] != 20
    tune.use_button.click()
    assert opened.train.form.read().model_dump() == dict(best.settings)
    assert f"trial {best.number}" in tune.used.text()


def test_a_clicked_trial_fills_the_form(
    qtbot: QtBot, tune: TuneSection, opened: StimputePanel
) -> None:
    found(qtbot, tune)
    trial = tune.dots.trials[1]
    place = tune.dots.place_of(trial).toPoint()
    qtbot.mouseClick(tune.dots, Qt.MouseButton.LeftButton, pos=place + QPoint(2, 1))
    assert tune.told.text().startswith("Trial 1")
    tune.use_button.click()
    assert opened.train.form.read().model_dump() == dict(trial.settings)
    qtbot.keyClick(tune.dots, Qt.Key.Key_Right)
    assert tune.told.text().startswith("Trial 2")


def test_every_dot_says_its_settings(qtbot: QtBot, tune: TuneSection) -> None:
    found(qtbot, tune)
    for trial in tune.dots.trials:
        near = tune.dots._near(tune.dots.place_of(trial))
        assert near == trial
        sentence = tune._tell(trial)
        changed = f"components {trial.settings['n_components']}"
        assert changed in sentence or "The settings as they were." in sentence


def test_cancel_is_quick_and_keeps_what_was_scored(
    qtbot: QtBot, tune: TuneSection, slow: None
) -> None:
    tune.button.click()
    qtbot.waitUntil(lambda: len(tune.dots.trials) == 1, timeout=20_000)
    assert tune.button.text() == "Cancel" and tune.status.text().startswith("Trial 1 (2 of 4)")
    begun = time.monotonic()
    tune.button.click()
    assert tune.button.text() == "Cancelling…"
    ended(qtbot, tune)
    assert time.monotonic() - begun < 2.5  # 2 s, and until the timer looks
    assert tune.status.text().startswith("Cancelled after")
    assert "Stopped after 1 of 4 trials." in tune.verdict.text()


def test_a_larger_number_of_trials_goes_on(qtbot: QtBot, tune: TuneSection) -> None:
    found(qtbot, tune)
    before = tune.dots.trials
    tune.n_trials.setValue(6)
    found(qtbot, tune)
    assert len(tune.dots.trials) == 6 and tune.dots.trials[:4] == before


def test_a_search_that_goes_on_keeps_the_chosen_trial(qtbot: QtBot, tune: TuneSection) -> None:
    found(qtbot, tune)
    tune.choose(2)
    tune.n_trials.setValue(5)
    found(qtbot, tune)
    assert tune.dots.selected == 2 and tune.told.text().startswith("Trial 2")


@pytest.mark.parametrize("change", ["form", "study"])
def test_another_search_forgets_the_choice_of_the_one_before(
    change: str,
    qtbot: QtBot,
    tune: TuneSection,
    opened: StimputePanel,
    tmp_path: Any,
    stand_in: StandIn,
) -> None:
    tune.n_trials.setValue(2)
    found(qtbot, tune)
    stand_in(SlowButForDefaults)
    tune.choose(1)
    tune.use()
    assert "trial 1" in tune.used.text()
    if change == "form":
        opened.train.form.widgets["n_components"].value = 7
    else:
        opened.train.form.widgets["n_components"].value = 20
        tune.study.setText(str(tmp_path / "s.log"))
    tune.search()
    assert tune.dots.selected == -1 and tune.answer.isHidden()
    assert tune.used.text() == tune.told.text() == tune.verdict.text() == ""
    tune.session.cancel()
    ended(qtbot, tune)


def test_what_is_set_is_read_before_the_work_begins(
    qtbot: QtBot, tune: TuneSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = []

    def reads(widget: Any, name: str) -> None:
        read = getattr(widget, name)
        monkeypatch.setattr(
            widget, name, lambda: readers.append(threading.current_thread()) or read()
        )

    reads(tune.n_trials, "value")
    reads(tune.study, "text")
    found(qtbot, tune)
    assert len(tune.dots.trials) == 4
    assert set(readers) == {threading.main_thread()}


def test_a_study_of_other_settings_is_refused_in_words(
    qtbot: QtBot, tune: TuneSection, opened: StimputePanel, tmp_path: Any
) -> None:
    tune.study.setText(str(tmp_path / "s.log"))
    found(qtbot, tune)
    opened.train.form.widgets["n_components"].value = 7
    found(qtbot, tune)
    assert "n_components 20 instead of 7" in tune.words.text()
    assert opened.train.words.text() == "" and opened.tabs.tabText(2) == "Train !"


def test_it_says_why_it_cannot_start(opened: StimputePanel, tune: TuneSection) -> None:
    opened.train.model.value = "gene_mean"
    assert "has no settings to search" in tune.why_not.text()
    assert not tune.button.isEnabled()


def test_another_model_puts_the_answer_away(
    qtbot: QtBot, tune: TuneSection, opened: StimputePanel
) -> None:
    found(qtbot, tune)
    opened.train.model.value = "gmm_vgae"
    assert tune.tuning is None and tune.answer.isHidden()
    assert "Latent dimensions" in tune.searched.text()
