"""Choose what of an imputed gene is shown: expected counts, uncertainty or zero map."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QSlider, QVBoxLayout, QWidget

from ...connections import Connections
from ...session.display import Aspect
from ...session.session import Session
from ...words import percent
from ..canvas.view import SpotsView
from ..widgets.words import labelled, row, sentence

LABEL = 80
"""Pixels of the labels on the page of maps: its forms stand in line."""

_ASPECTS: tuple[tuple[str, Aspect, str], ...] = (
    ("Expected counts", "expected", "The imputed values: molecules to be expected."),
    (
        "Uncertainty",
        "uncertainty",
        "How far a second measurement of the same may lie from this one: "
        "the width of the interval that holds it nine times in ten.",
    ),
    (
        "Zero map",
        "zeros",
        "What each zero means: technical (the gene is there, but was missed), "
        "biological (it is not there), or unsure.",
    ),
)
_FADE_HELP = "The less is known of an expected count, the fainter it is drawn."
_WIPED = "The wipe compares values: end it to see more of them."
_THRESHOLD_HELP = (
    "A zero is called technical if five times the depth would show a molecule with at least this "
    "probability, and biological if with at most the rest. Higher: fewer zeros are called."
)


class AspectBox(QWidget):
    """A menu, a threshold for the zero map, and what it finds in words."""

    def __init__(self, session: Session, view: SpotsView) -> None:
        super().__init__()
        self.session, self.view = session, view
        self._make_controls()
        self._lay_out()
        self.aspect.activated.connect(lambda _index: self._choose())
        self.threshold.valueChanged.connect(lambda value: self._set_threshold(value / 100))
        self.fade.toggled.connect(self._set_fading)
        self.connections = Connections()
        self.connections.add(view.changed, self._follow)
        for event in (session.events.adata, session.events.contents, session.events.job):
            self.connections.add(event, self._follow)
        self._follow()

    def _make_controls(self) -> None:
        self.aspect = QComboBox()
        for title, aspect, help_text in _ASPECTS:
            self.aspect.addItem(title, aspect)
            place = self.aspect.count() - 1
            self.aspect.setItemData(place, help_text, Qt.ItemDataRole.ToolTipRole)
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setRange(50, 99)
        self.threshold.setValue(round(100 * self.session.display.threshold))
        self.threshold.setToolTip(_THRESHOLD_HELP)
        self.threshold.setAccessibleName("Threshold of the zero map")
        self.least = QLabel()
        self.shares = sentence()
        self.fade = QCheckBox("Fade what is uncertain")

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

    def _choose(self) -> None:
        self.session.display.aspect = self.aspect.currentData()

    def _set_threshold(self, threshold: float) -> None:
        self.session.display.threshold = threshold

    def _set_fading(self, wanted: bool) -> None:
        self.session.display.fades = wanted

    def _follow(self) -> None:
        aspects, wiped, display = (
            self.view.scene.aspects,
            self.view.wipe.is_on,
            self.session.display,
        )
        reason = _WIPED if wiped else aspects.why_not()
        chosen = self.aspect.currentText()
        self.aspect.setEnabled(not reason)
        self.aspect.setToolTip(reason or "What of the imputed gene is shown by colour.")
        can_fade = not reason and display.aspect == "expected"
        self.fade.setEnabled(can_fade)
        self.fade.setToolTip(_FADE_HELP if can_fade else reason or f"{chosen} is shown.")
        self.zeros.setVisible(not reason and display.aspect == "zeros")
        if self.zeros.isVisibleTo(self):
            self.least.setText(percent(display.threshold))
            self.shares.setText(aspects.shares_in_words())
