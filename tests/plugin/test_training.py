"""The tab Train as Qt draws it: what is clicked reaches the run, and the window stays usable."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QStandardItemModel

from napari_stimpute import keys
from napari_stimpute.panels.train import TrainPanel
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.train.panel import TrainTab
from napari_stimpute.session.session import Session

from .hands import choose, until_idle

_LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def train(session: Session, qtbot: QtBot) -> TrainTab:
    """The tab without a viewer; events are delivered while a test waits for a job."""
    found = TrainTab(TrainPanel(session))
    qtbot.addWidget(found)
    return found


def until_done(session: Session) -> None:
    assert session.job is not None
    session.job.wait(120)


def test_what_is_set_reaches_the_run(train: TrainTab, session: Session, qtbot: QtBot) -> None:
    choose(train.model, "pca")
    train.form.widgets["n_components"].native.setValue(5)
    train.seed.setValue(3)
    qtbot.keyClicks(train.key, "mine")
    train.blend.click()
    train.judge.click()
    assert (train.panel.options.blend, train.panel.options.judged) == (False, False)
    qtbot.mouseClick(train.work.button, _LEFT)
    assert train.work.button.text() == "Cancel" and not train.head.isEnabled()
    until_done(session)
    record = session.contents.record("mine")
    assert (record.seed, record.config, record.trust) == (3, {"n_components": 5}, None)
    assert "Learned in" in train.card.text.text() and not train.card.details.button.isChecked()
    assert train.work.button.text() == "Train" and train.head.isEnabled()


def test_another_model_shows_its_settings_and_each_keeps_its_own(train: TrainTab) -> None:
    choose(train.model, "gmm_vgae")
    choose(train.preset, "tiny")
    assert train.form.widgets["epochs"].value == 12
    choose(train.model, "pca")
    assert set(train.form.widgets) == {"n_components"}
    assert [form for form in train.forms.values() if not form.isHidden()] == [train.form]
    assert train.summary.text() == train.panel.now.summary
    choose(train.model, "gmm_vgae")
    assert train.form.widgets["epochs"].value == 12
    assert train.preset.currentData() == "tiny"


def test_time_and_memory_are_told_while_the_tab_is_seen(train: TrainTab, qtbot: QtBot) -> None:
    train.panel.choose_model("gene_mean")
    assert train.forecast.panel.job is None  # nobody looks
    train.show()
    qtbot.waitUntil(lambda: "GB free memory" in train.forecast.line.text(), timeout=60_000)
    assert train.forecast.panel.job is not None and train.forecast.smaller.isHidden()
    train.hide()
    assert train.forecast.panel.job is None


def test_the_window_stays_usable_while_it_trains(
    opened: StimputePanel, qtbot: QtBot, slow_gene_mean: None
) -> None:
    train = opened.train
    choose(train.model, "gene_mean")
    train.work.button.click()
    qtbot.waitUntil(lambda: "left" in train.work.progress.status.text(), timeout=60_000)
    opened.session.display.gene = opened.session.contents.genes[5]
    assert opened.view.shown.caption.startswith(opened.session.contents.genes[5])
    assert train.work.progress.bar.value() > 0
    assert opened.session.is_busy
    qtbot.mouseClick(train.work.button, _LEFT)
    assert train.work.button.text() == "Cancelling…"
    until_idle(qtbot, opened)
    assert "marked incomplete" in train.card.found.text()
    assert "Gene mean × depth, incomplete" in opened.view.shown.caption


def test_where_the_model_is_kept_the_window_computes_the_shown_gene(
    opened: StimputePanel, qtbot: QtBot
) -> None:
    train, session = opened.train, opened.session
    choose(train.model, "gene_mean")
    train.keep.click()
    train.work.button.click()
    until_idle(qtbot, opened)
    assert session.contents.kept == ("gene_mean",)
    qtbot.waitUntil(lambda: "Gene mean" in opened.view.shown.caption, timeout=60_000)
    assert opened.genes.source.currentData() == "gene_mean"
    gene = next(g for g in session.contents.genes if g != session.display.gene)
    session.display.gene = gene
    title = session.contents.source("gene_mean").title
    qtbot.waitUntil(lambda: f"{gene} · {title}" in opened.view.shown.caption, timeout=60_000)
    np.testing.assert_array_equal(opened.view.shown.values, session.expression(gene, "gene_mean"))


def test_domains_that_were_found_are_in_the_legend(opened: StimputePanel, qtbot: QtBot) -> None:
    train, session = opened.train, opened.session
    choose(train.model, "gmm_vgae")
    choose(train.preset, "tiny")
    train.form.widgets["n_domains"].value = 3
    train.blend.click()
    train.judge.click()
    train.work.button.click()
    until_idle(qtbot, opened)
    card = train.card
    assert card.found.text().endswith("3 domains found.") and not card.best.isEnabled()
    card.colour.click()
    assert opened.genes.column.currentText() == "Domains (GMM-VGAE)"
    assert opened.view.shown.caption == "Domains (GMM-VGAE)"
    assert opened.genes.legend.swatches.names == session.labels(keys.cluster("gmm_vgae"))[1]
    assert len(opened.genes.legend.swatches.names) == 3


def test_the_curve_is_drawn_as_it_grows(
    train: TrainTab, session: Session, qtbot: QtBot, slow_gene_mean: None
) -> None:
    run, curve = train.card, train.panel.curve
    train.resize(390, 900)
    assert run.picture.isHidden()
    choose(train.model, "gene_mean")
    train.work.button.click()
    job = session.job
    assert job is not None
    qtbot.waitUntil(lambda: bool(job.latest and job.latest.step > 50), timeout=20_000)
    train.work.button.click()
    until_done(session)
    assert curve.n_points > 5 and not run.picture.isHidden() and not run.choice.isHidden()
    choose(run.choice, "loss")
    picture = run.picture.grab().toImage()
    hues = [
        picture.pixelColor(x, y).hue()
        for x in range(picture.width())
        for y in range(picture.height())
    ]
    assert sum(205 < hue < 225 for hue in hues) > picture.width() / 2


def test_an_error_is_shown_below_the_button(
    train: TrainTab, session: Session, failing_gene_mean: None
) -> None:
    choose(train.model, "gene_mean")
    train.work.button.click()
    until_done(session)
    assert "the cat sat on the keyboard" in train.work.words.text()
    assert train.work.words.tone == "error"


def test_a_model_that_cannot_be_trained_cannot_be_chosen(train: TrainTab, section: AnnData) -> None:
    del section.obsm["spatial"], section.uns["spatial"]
    train.panel.session.open(section)
    items = train.model.model()
    assert isinstance(items, QStandardItemModel)
    item = items.item(train.model.findData("gmm_vgae"))
    assert item is not None and not item.isEnabled()
    assert "needs coordinates" in item.toolTip()


def test_no_line_of_the_verdict_ends_before_a_per_cent_sign(
    train: TrainTab, judged: AnnData
) -> None:
    train.panel.session.open(judged)
    assert "25 of 75" in train.card.found.text() and train.card.found.tone == "good"
    assert "14.0\u00a0%" in train.card.text.text()


# ---- find settings -----------------------------------------------------------------------------


def test_a_search_is_unfolded_watched_and_used(
    train: TrainTab, session: Session, qtbot: QtBot
) -> None:
    tune = train.tune
    assert tune.fold.inside.isHidden()
    choose(train.model, "pca")
    tune.fold.set_open(True)
    tune.n_trials.setValue(3)
    train.show()
    qtbot.mouseClick(tune.work.button, _LEFT)
    assert not tune.n_trials.isEnabled()
    until_done(session)
    assert tune.status.text().startswith("Done after") and not tune.answer.isHidden()
    dots = train.panel.tune.now.dots
    place = tune.dots.place_of(dots[1]).toPoint()
    qtbot.mouseClick(tune.dots, _LEFT, pos=place + QPoint(2, 1))
    assert tune.about_trial.text().startswith("Trial 1")
    qtbot.mouseClick(tune.use, _LEFT)
    shown = train.form.widgets["n_components"].value
    assert f"components {shown}" in dots[1].help
    assert "trial 1" in tune.used.text()
    qtbot.keyClick(tune.dots, Qt.Key.Key_Right)
    assert tune.about_trial.text().startswith("Trial 2")


def test_a_file_for_the_search_is_typed(train: TrainTab, qtbot: QtBot) -> None:
    qtbot.keyClicks(train.tune.study, "s.log")
    assert train.panel.tune.study == "s.log"
