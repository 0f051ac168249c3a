"""The panel that napari docks: its tabs, each made when someone first looks, and the legend below.

The legend says what the colours of the canvas mean.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, TypeVar

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

_NAMES = [tab.name for tab in TABS]

_LOOK_AFTER = 300
"""Milliseconds until devices are looked for: importing torch must not delay the tab Train."""

_PLACEHOLDER = 0.9
"""Share of the text colour in what stands in an empty line, on the grounds that lines have."""

AnyTab = TypeVar(
    "AnyTab",
    DataTab,
    GenesTab,
    TrainTab,
    StatisticsPanel,
    CellsPanel,
    GenerateTab,
    EditBox,
    CompareBox,
)


class StimputePanel(QWidget):
    """All of the plugin in one dock."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        viewer = unwrapped(napari_viewer)
        self.session = session_of(viewer)
        self.view = view_of(viewer)
        self.titles = Tabs(self.session)
        self.connections = Connections()
        self._parts: list[Any] = [self.connections, self.titles, self.view]
        close_with(self, self._parts)
        self._lay_out()
        self.connections.add(self.titles.changed, self._draw)
        deliver_events(self)
        viewer.bind_key(FLIP_KEY, self.flip, overwrite=True)
        viewer.bind_key(FIND_KEY, self.find_gene, overwrite=True)
        self.genes.wipe.bind_keys(viewer)
        self.genes.section.bind_keys(viewer)
        self.show_tab("data")
        self._draw()

    # ---- tabs ----------------------------------------------------------------------------------

    @cached_property
    def data(self) -> DataTab:
        """Open, choose, save."""
        return self._placed("data", DataTab(DataPanel(self.session)))

    @cached_property
    def genes(self) -> GenesTab:
        """Look at genes; its legend is in sight from the beginning."""
        made = GenesTab(self.view)
        made.map_button.clicked.connect(self.open_map)
        return self._placed("genes", made)

    @cached_property
    def train(self) -> TrainTab:
        """Train a model."""
        made = TrainTab(TrainPanel(self.session))
        soon = QTimer(made)
        soon.setSingleShot(True)
        # a method, which goes with its object: a function could be gone when the timer calls it
        soon.timeout.connect(made.panel.look_for_devices)
        soon.start(_LOOK_AFTER)
        return self._placed("train", made)

    @cached_property
    def statistics(self) -> StatisticsPanel:
        """Variable genes, patterns, differences."""
        return self._placed("statistics", StatisticsPanel(self.view))

    @cached_property
    def cells(self) -> CellsPanel:
        """Markers, names, order, batches, communities."""
        return self._placed("cells", CellsPanel(self.session))

    @cached_property
    def generate(self) -> GenerateTab:
        """New cells."""
        made = GenerateTab(self.session)
        made.model.set_up.clicked.connect(self._set_up)
        return self._placed("generate", made)

    @cached_property
    def edit(self) -> EditBox:
        """Cells as they might be."""
        made = EditBox(EditPanel(self.session))
        made.set_up.clicked.connect(self._set_up)
        return self._placed("edit", made)

    @cached_property
    def compare(self) -> CompareBox:
        """Methods on hidden molecules."""
        return self._placed("compare", CompareBox(ComparePanel(self.session)))

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        getattr(self, name)  # a panel may be out of sight itself
        self.tabs.setCurrentIndex(_NAMES.index(name))

    # ---- keys and buttons ----------------------------------------------------------------------

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
        for tab in TABS:
            place = self.tabs.addTab(_Page(partial(getattr, self, tab.name)), tab.title)
            self.tabs.setTabToolTip(place, tab.help)
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

    def _placed(self, name: str, tab: AnyTab) -> AnyTab:
        """A tab put where it is seen; it is closed with the panel."""
        guard_wheel(tab)
        area = self.tabs.widget(_NAMES.index(name))
        assert isinstance(area, QScrollArea)
        area.setWidget(tab)
        self._parts += tab.parts
        return tab

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


class _Page(QScrollArea):
    """A place for a tab, which is made when the page is first shown.

    The signal of `QTabWidget` would not do: it is also emitted while pages are deleted.
    """

    def __init__(self, make: Callable[[], object]) -> None:
        super().__init__()
        self._make = make
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Make the tab, if it was not made yet."""
        self._make()
        super().showEvent(event)
