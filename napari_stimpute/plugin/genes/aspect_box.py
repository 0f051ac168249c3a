"""Choose what of an imputed gene is shown: expected counts, uncertainty or zero map."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QCheckBox, QSlider, QVBoxLayout, QWidget

from ...panels.gene_aspect import THRESHOLD_HELP, THRESHOLDS, AspectState
from ...panels.genes import GenesPanel
from ...words import percent
from ..widgets.choice import MenuBox
from ..widgets.plain import Label, tip
from ..widgets.words import labelled, row, sentence

LABEL = 80
"""Pixels of the labels on the page of maps: its forms stand in line."""


class AspectBox(QWidget):
    """A menu, a threshold for the zero map, and what it finds in words."""

    def __init__(self, panel: GenesPanel) -> None:
        super().__init__()
        self.aspect = MenuBox(panel.choose_aspect)
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(*THRESHOLDS)
        self.threshold.setToolTip(THRESHOLD_HELP)
        self.threshold.setAccessibleName("Threshold of the zero map")
        self.least = Label()
        self.shares = sentence()
        self.fade = QCheckBox("Fade what is uncertain")
        self._lay_out()
        self.threshold.valueChanged.connect(lambda value: panel.choose_threshold(value / 100))
        self.fade.toggled.connect(panel.choose_fading)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(labelled([("Show", self.aspect)], width=LABEL))
        self.zeros = QWidget()
        inner = QVBoxLayout(self.zeros)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        line, beside = QWidget(), row(self.threshold)
        self.least.setFixedWidth(self.fontMetrics().horizontalAdvance("99 %") + 8)
        self.least.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        beside.addWidget(self.least)
        line.setLayout(beside)
        inner.addLayout(labelled([("Likely from", line)], width=LABEL))
        inner.addWidget(self.shares)
        layout.addWidget(self.zeros)
        layout.addWidget(self.fade)

    def draw(self, now: AspectState) -> None:
        """Show what can be seen of the gene, and why no more."""
        self.aspect.draw(now.menu)
        with QSignalBlocker(self.threshold):
            self.threshold.setValue(round(100 * now.threshold))
        self.least.setText(percent(now.threshold))
        self.zeros.setVisible(now.is_zeros)
        self.shares.setText(now.shares)
        with QSignalBlocker(self.fade):
            self.fade.setChecked(now.fades)
        self.fade.setEnabled(not now.no_fade)
        self.fade.setToolTip(tip(now.fade_help))
