"""The panel that napari docks: its tabs, and below them what the colours of the canvas mean."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..connections import Connections
from ..panels.compare import ComparePanel
from ..panels.data import DataPanel
from ..panels.edit import EditPanel
from ..panels.tabs import TABS, Tabs
from ..panels.train import TrainPanel
from . import open_map, session_of, unwrapped, view_of
from .cells.panel import CellsPanel
from .compare.panel import CompareBox
from .data import DataTab
from .edit.panel import EditBox
from .generate.panel import GenerateTab
from .genes.panel import FIND_KEY, FLIP_KEY, GenesTab
from .statistics.panel import StatisticsPanel
from .train.panel import TrainTab
from .widgets.closing import close_with
from .widgets.connections import is_alive
from .widgets.copy_code import CopyCode
from .widgets.loop import deliver_events
from .widgets.unsaved import ask_before_closing
from .widgets.wheel import guard_wheel
from .widgets.words import quiet_colour, rule

WIDTH = 390

_LOOK_AFTER = 300
"""Milliseconds until devices are looked for: importing torch must not delay the panel."""

_PLACEHOLDER = 0.9
"""Share of the text colour in what stands in an empty line, on the grounds that lines have."""


class StimputePanel(QWidget):
    """All of the plugin in one dock."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        viewer = unwrapped(napari_viewer)
        self.session = session_of(viewer)
        self.view = view_of(viewer)
        self.data = DataTab(DataPanel(self.session))
        self.genes = GenesTab(self.view)
        self.train = TrainTab(TrainPanel(self.session))
        self.statistics = StatisticsPanel(self.view)
        self.compare = CompareBox(ComparePanel(self.session))
        self.cells = CellsPanel(self.session)
        self.generate = GenerateTab(self.session)
        self.edit = EditBox(EditPanel(self.session))
        self.titles = Tabs(self.session)
        self._lay_out()
        self.connections = Connections()
        self.connections.add(self.titles.changed, self._draw)
        parts = [
            self.connections,
            self.titles,
            self.view,
            *self.data.parts,
            *self.genes.parts,
            *self.train.parts,
            *self.statistics.parts,
            *self.cells.parts,
            *self.generate.parts,
            *self.edit.parts,
            *self.compare.parts,
        ]
        close_with(self, parts)
        deliver_events(self)
        viewer.bind_key(FLIP_KEY, self.flip, overwrite=True)
        self.genes.wipe.bind_keys(viewer)
        self.genes.map_button.clicked.connect(self.open_map)
        for tab in (self.generate.model, self.edit):
            tab.set_up.clicked.connect(self._set_up)
        viewer.bind_key(FIND_KEY, self.find_gene, overwrite=True)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(lambda: self.train.panel.look_for_devices())
        self._soon.start(_LOOK_AFTER)
        self._draw()

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.setCurrentIndex([tab.name for tab in TABS].index(name))

    def flip(self, _viewer: Any = None) -> None:
        """Raw ↔ imputed, by a key on the canvas."""
        if is_alive(self):  # the key outlives a closed panel
            self.genes.panel.flip()

    def open_map(self) -> None:
        """Dock the map."""
        if self.view.viewer is not None:
            open_map(self.view.viewer)

    def find_gene(self, _viewer: Any = None) -> None:
        """Put the cursor into the gene box, by a key on the canvas."""
        if is_alive(self):
            self.show_tab("genes")
            self.genes.gene.setFocus()
            self.genes.gene.selectAll()

    def showEvent(self, event: QShowEvent | None) -> None:
        """In a window that people see, they are asked before results are lost with it."""
        super().showEvent(event)
        self._follow_theme()
        ask_before_closing(self.window(), self.session)

    def changeEvent(self, event: QEvent | None) -> None:
        """Take over the colours of another theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.StyleChange:
            self._follow_theme()

    def sizeHint(self) -> QSize:
        """As wide as a form needs, no wider."""
        return QSize(WIDTH, 700)

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setStyleSheet("QTabBar::tab { padding: 7px 2px; }")  # all fit in WIDTH
        panels = (
            self.data,
            self.genes,
            self.train,
            self.statistics,
            self.cells,
            self.generate,
            self.edit,
            self.compare,
        )
        for panel, tab in zip(panels, TABS, strict=True):
            place = self.tabs.addTab(_scrolling(panel), tab.title)
            self.tabs.setTabToolTip(place, tab.help)
        guard_wheel(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(rule())
        layout.addWidget(self._legend())
        self.setMinimumWidth(350)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def _legend(self) -> QWidget:
        """What the colours of the canvas mean, below the tabs: seen whichever of them is open."""
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(10, 2, 10, 8)
        self.copy_code = CopyCode(lambda: getattr(self, TABS[self.tabs.currentIndex()].name))
        beside = QHBoxLayout()
        beside.addWidget(self.genes.legend, 1)
        beside.addWidget(self.copy_code, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(beside)
        layout.addWidget(self.copy_code.words)
        return holder

    def _set_up(self) -> None:
        """Lead to the settings of the model that was set."""
        self.show_tab("train")
        self.train.settings.set_open(True)

    def _follow_theme(self) -> None:
        """Let what stands in an empty line be read: Qt's own is half transparent."""
        colour = quiet_colour(self, _PLACEHOLDER)
        style = f"QLineEdit:enabled {{ placeholder-text-color: {colour}; }}"
        if style != self.styleSheet():
            self.setStyleSheet(style)

    def _draw(self) -> None:
        for place, title in enumerate(self.titles.now):
            self.tabs.setTabText(place, title)


def _scrolling(panel: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(panel)
    return area
