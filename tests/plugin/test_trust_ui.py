"""Trust beside the gene: chip, overlays, hover and words, on a run judged by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anndata import AnnData
from napari.layers import Image
from qtpy.QtCore import QRectF
from qtpy.QtGui import QColor, QImage, QPainter
from scipy.stats import spearmanr

from napari_stimpute.plugin.canvas import spots
from napari_stimpute.plugin.panel import WIDTH, StimputePanel
from napari_stimpute.plugin.widgets.chip import chip_height, chip_width, draw_chip
from napari_stimpute.scene.aspects import ZERO_NAMES
from napari_stimpute.scene.colours import LOOKS, opacity_of
from napari_stimpute.scene.shown import colours_of
from napari_stimpute.scene.spot import second_measurement
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.trust.verdict import VERDICTS, badge

from .limits import limits_of


@pytest.fixture
def shown(panel: StimputePanel, judged: AnnData) -> StimputePanel:
    """The panel with the judged run's values of a gene that was counted in some spots only."""
    panel.session.open(judged)
    panel.session.display.source = "mine"
    share = np.asarray((judged.X > 0).mean(axis=0)).ravel()
    panel.session.display.gene = str(judged.var_names[int(np.argmin(np.abs(share - 0.5)))])
    return panel


def gene_of(panel: StimputePanel, verdict: str) -> str:
    """The last gene of a verdict: both of its parts have a share."""
    names = panel.session.adata.var_names
    return str(names[96 + VERDICTS.index(verdict)])  # type: ignore[arg-type]


def choose(panel: StimputePanel, aspect: str) -> None:
    combo = panel.genes.aspect.aspect
    combo.setCurrentIndex(combo.findData(aspect))
    combo.activated.emit(combo.currentIndex())


# ---- chip --------------------------------------------------------------------------------------


def test_the_chip_stands_beside_the_gene_and_in_the_legend(shown: StimputePanel) -> None:
    shown.session.display.gene = gene_of(shown, "use with care")
    expected = badge(shown.session.adata, "mine", shown.session.display.gene)
    assert expected is not None
    for chip in (shown.genes.chip, shown.genes.legend.trust.chip):
        assert chip.verdict == "use with care"
        assert expected.sentence in chip.toolTip()
        assert not chip.isHidden()
    assert shown.genes.legend.trust.reason.whole == expected.reason
    assert not shown.genes.made_of.isHidden() and shown.genes.said.isHidden()
    assert expected.blend in shown.genes.blend.text().replace("\u00a0", " ")
    text = shown.view.viewer.canvas.overlays.text.text
    assert text == f"{shown.session.display.gene} · Mine · use with care"
    shown.session.display.source = COUNTS
    assert shown.genes.chip.isHidden()
    assert shown.genes.legend.trust.isHidden()


@pytest.mark.parametrize("verdict", VERDICTS)
def test_words_on_chips_can_be_read(verdict: str) -> None:
    def luminance(colour: str) -> float:
        parts = np.array(QColor(colour).getRgbF()[:3])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    look = LOOKS[verdict]
    dark, light = sorted((luminance(look.ground), luminance(look.ink)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, level AA


def test_verdicts_differ_without_colour_and_words(qapp: Any) -> None:
    pictures = []
    for verdict in VERDICTS:
        image = QImage(30, 24, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        metrics = painter.fontMetrics()
        draw_chip(painter, QRectF(0, 0, chip_width(metrics, verdict), 24), verdict)
        painter.end()
        ground = QColor(LOOKS[verdict].ground)
        sign = [QColor(image.pixel(x, y)) != ground for x in range(7, 18) for y in range(5, 19)]
        pictures.append(tuple(sign))
        assert chip_height(metrics) > metrics.height()
    assert len(set(pictures)) == len(VERDICTS)


# ---- overlays ----------------------------------------------------------------------------------


def test_the_zero_map_is_drawn_with_its_legend_and_comes_back_with_its_run(
    shown: StimputePanel,
) -> None:
    choose(shown, "zeros")
    counted = shown.session.expression(source=COUNTS) > 0
    assert shown.genes.legend.swatches.names == list(ZERO_NAMES)
    colours = np.asarray(shown.view.layer.face_color)
    assert len(np.unique(colours[counted], axis=0)) == 1
    box = shown.genes.aspect
    assert box.zeros.isVisibleTo(box)
    shown.genes.panel.flip()
    assert not box.aspect.isEnabled()
    assert "Counts are shown" in box.aspect.toolTip()
    assert not box.zeros.isVisibleTo(box)
    shown.genes.panel.flip()
    assert shown.view.shown.names == list(ZERO_NAMES)


def test_uncertainty_is_drawn_on_its_own_scale(shown: StimputePanel) -> None:
    choose(shown, "uncertainty")
    assert "molecules" in shown.genes.legend.bar.title
    assert limits_of(shown.view.layer)[0] == 0
    assert not shown.genes.aspect.fade.isEnabled()
    assert "Uncertainty is shown" in shown.genes.aspect.fade.toolTip()


def test_uncertain_spots_are_drawn_faintly(shown: StimputePanel) -> None:
    shown.genes.aspect.fade.setChecked(True)
    values = shown.view.shown
    whole = colours_of(replace(values, certainty=None))[:, :3]
    drawn = np.asarray(shown.view.layer.face_color)
    opacity = (1 - drawn[:, :3]).sum(axis=1) / (1 - whole).sum(axis=1)  # what is left on paper
    assert (drawn[:, 3] == 1).all()  # the tissue does not shine through
    certainty = shown.view.shown.certainty
    assert certainty is not None
    assert spearmanr(opacity, certainty).statistic > 0.999
    assert 0 < opacity.min() < opacity.max() <= 1
    shown.genes.aspect.fade.setChecked(False)
    np.testing.assert_allclose(np.asarray(shown.view.layer.face_color)[:, :3], whole, atol=1e-6)


def test_many_spots_fade_in_one_picture(
    panel: StimputePanel, judged: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spots, "MOST_POINTS", 100)
    panel.session.open(judged)
    panel.session.display.source = "mine"
    panel.genes.aspect.fade.setChecked(True)
    layer = panel.view.layer
    assert isinstance(layer, Image)
    wanted = opacity_of(panel.view.shown.certainty)
    picture = layer.data[0][:, :]
    drawn = layer.colormap.colors[picture[np.isfinite(picture)].astype(int), 3]
    assert len(np.unique(drawn)) > 1
    assert drawn.min() == pytest.approx(wanted.min(), abs=0.07)  # half of one of eight steps
    assert drawn.max() == pytest.approx(wanted.max(), abs=0.07)
    assert not layer.colorbar.visible
    panel.genes.aspect.fade.setChecked(False)
    assert layer.colorbar.visible


# ---- hover -------------------------------------------------------------------------------------


def test_the_spot_under_the_mouse_follows_the_gene(shown: StimputePanel) -> None:
    shown.view.hovered.emit(5)
    for gene in shown.session.adata.var_names[:6]:
        shown.session.display.gene = str(gene)
        raw = shown.session.expression(source=COUNTS)[5]
        assert shown.genes.spot.line.text().startswith(f"raw {raw:.0f} ·")
    choose(shown, "zeros")
    assert shown.genes.spot.line.text() == second_measurement(shown.view.scene, 5)


def test_the_mouse_lies_on_no_spot_of_data_that_were_opened_since(shown: StimputePanel) -> None:
    adata = shown.session.adata
    shown.view.hovered.emit(adata.n_obs - 1)
    shown.session.open(adata[:100].copy())
    assert not shown.genes.spot.line.isVisibleTo(shown.genes.spot)


# ---- controls ----------------------------------------------------------------------------------


def test_controls_of_trust_have_tooltips(shown: StimputePanel) -> None:
    genes = shown.genes
    choose(shown, "zeros")
    controls = [genes.aspect.aspect, genes.aspect.threshold, genes.aspect.fade, genes.save]
    controls += [genes.gene_list.text, genes.gene_list.verdict, genes.gene_list.table.export]
    controls += [shown.train.blend, shown.train.judge]
    genes.page_bar.setCurrentIndex(1)
    assert all(control.toolTip() for control in controls)


def test_overlays_wait_while_the_wipe_compares_values(shown: StimputePanel) -> None:
    choose(shown, "zeros")
    shown.genes.wipe.on.setChecked(True)
    assert not shown.genes.aspect.aspect.isEnabled()
    shown.genes.wipe.on.setChecked(False)
    assert shown.genes.aspect.aspect.isEnabled()
    assert shown.view.shown.names == list(ZERO_NAMES)


def test_all_tabs_fit_the_panel_when_one_has_a_problem(
    panel: StimputePanel, tmp_path: Path
) -> None:
    panel.session.open_later(tmp_path / "none.h5ad").wait(60)
    bar = panel.tabs.tabBar()
    assert bar is not None
    assert panel.tabs.tabText(0) == "Data !"
    assert bar.count() == 8
    assert bar.sizeHint().width() <= WIDTH
