from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QTimer

from napari_stimpute.errors import Busy
from napari_stimpute.job import JobState
from napari_stimpute.models import MODELS
from napari_stimpute.models.simple.baselines import GeneMean
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.progress import Progress

from ..slow_models import SlowGeneMean
from .hands import until_idle

StandIn = Callable[[type[GeneMean]], None]


@pytest.fixture
def slow(stand_in: StandIn) -> None:
    """Make the gene mean learn in many steps, as a network does."""
    stand_in(SlowGeneMean)


def test_every_model_is_offered_with_its_settings(opened: StimputePanel) -> None:
    train = opened.train
    assert list(train.model.choices) == list(MODELS)
    for name, info in MODELS.items():
        train.model.value = name
        assert set(train.form.widgets) == set(info.config.model_fields)
        assert train.summary.text() == info.summary


def test_a_preset_fills_the_form(opened: StimputePanel) -> None:
    opened.train.model.value = "gmm_vgae"
    opened.train.preset.value = "tiny"
    assert opened.train.form.read().epochs == 12  # type: ignore[attr-defined]
    opened.train.preset.value = "default"
    assert opened.train.form.read() == MODELS["gmm_vgae"].config()


def test_training_ends_with_the_imputed_gene_on_the_canvas(
    opened: StimputePanel, qtbot: QtBot
) -> None:
    train, session = opened.train, opened.session
    train.model.value = "pca"
    train.form.widgets["n_components"].value = 5
    train.seed.value, train.key.value = 3, "mine"
    qtbot.mouseClick(train.button, _left())
    assert train.button.text() == "Cancel"
    until_idle(qtbot, opened)
    assert session.contents.runs == ("mine",)
    assert session.contents.record("mine").seed == 3
    assert session.contents.record("mine").config == {"n_components": 5}
    assert "Imputed: PCA denoiser (mine)" in opened.view.shown.caption
    assert train.run_view.status.text().startswith("Done after")
    assert train.button.text() == "Train"


def test_gmm_vgae_trains_in_the_viewer_and_finds_domains(
    opened: StimputePanel, qtbot: QtBot
) -> None:
    train = opened.train
    train.model.value, train.preset.value = "gmm_vgae", "tiny"
    train.train()
    until_idle(qtbot, opened)
    assert opened.session.problem == ""
    assert train.run_view.curve.n_points > 0
    assert train.run_view.notes.text()
    opened.session.display.column = "gmm_vgae_cluster"
    assert opened.genes.legend.swatches.names


def test_the_window_stays_usable_while_it_trains(
    opened: StimputePanel, qtbot: QtBot, slow: None
) -> None:
    opened.train.model.value = "gene_mean"
    opened.train.train()
    ticks: list[float] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(10)
    qtbot.wait(1500)
    timer.stop()
    opened.session.display.gene = opened.session.contents.genes[5]
    assert opened.view.shown.caption.startswith(opened.session.contents.genes[5])
    assert len(ticks) > 50  # 150 on an idle machine
    assert "left" in opened.train.run_view.status.text()
    assert opened.train.run_view.bar.value() > 0


def test_cancel_answers_quickly_and_keeps_the_best_so_far(
    opened: StimputePanel, qtbot: QtBot, slow: None
) -> None:
    train, session = opened.train, opened.session
    train.model.value = "gene_mean"
    train.train()
    qtbot.waitUntil(lambda: train.run_view.curve.n_points > 3, timeout=10_000)
    started = time.perf_counter()
    qtbot.mouseClick(train.button, _left())
    assert train.button.text() == "Cancelling…"
    until_idle(qtbot, opened)
    assert time.perf_counter() - started < 2
    assert session.job.state is JobState.CANCELLED
    assert not session.contents.record("gene_mean").completed
    assert "marked incomplete" in train.run_view.notes.text()
    assert "incomplete" in opened.view.shown.caption


def test_a_second_start_is_refused_in_words(opened: StimputePanel, slow: None) -> None:
    opened.train.model.value = "gene_mean"
    opened.train.train()
    with pytest.raises(Busy):
        opened.session.train("pca")
    assert opened.train.train() is None
    assert "Gene mean × depth” at work" in opened.train.words.text()
    assert "at work" in opened.data.open_button.toolTip()
    opened.data.open("anything.h5ad")
    assert "at work" in opened.data.words.text()


class Fails(GeneMean):
    """Fails while it learns."""

    def _learn(self, *_: Any) -> Iterator[Progress]:
        yield Progress("train", 1, 2)
        raise ValueError("the cat sat on the keyboard")


def test_an_error_while_training_is_explained_beside_the_button(
    opened: StimputePanel, qtbot: QtBot, stand_in: StandIn
) -> None:
    stand_in(Fails)
    opened.train.model.value = "gene_mean"
    opened.train.train()
    until_idle(qtbot, opened)
    assert "the cat sat on the keyboard" in opened.train.words.text()
    assert opened.tabs.tabText(2) == "Train !"
    assert not opened.data.words.text()


def test_a_setting_that_does_not_fit_the_data_is_marked(
    opened: StimputePanel, qtbot: QtBot, section: Any
) -> None:
    opened.session.open(section[:20].copy())
    train = opened.train
    train.model.value, train.preset.value = "gmm_vgae", "tiny"
    train.form.widgets["n_domains"].value = 50
    train.train()
    until_idle(qtbot, opened)
    assert "n_domains" in train.form.words.text()
    assert train.form.widgets["n_domains"].native.styleSheet()


def test_a_model_that_needs_a_tissue_says_so(panel: StimputePanel, section: Any) -> None:
    del section.obsm["spatial"], section.uns["spatial"]
    panel.session.open(section)
    panel.train.model.value = "gmm_vgae"
    assert "needs coordinates" in panel.train.why_not.text()
    assert not panel.train.button.isEnabled()
    panel.train.model.value = "pca"
    assert panel.train.button.isEnabled()


def test_devices_are_listed_with_their_free_memory(panel: StimputePanel) -> None:
    panel.train.look_for_devices().wait(60)
    assert list(panel.train.device.choices)[:2] == ["auto", "cpu"]
    assert "GB free" in panel.train.device.native.itemText(1)


def _left() -> Any:
    from qtpy.QtCore import Qt

    return Qt.MouseButton.LeftButton
