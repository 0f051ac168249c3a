"""Choose what colours the spots: a gene and its source, or a column of labels."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QSignalBlocker, QSize, Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...panels.add_gene import AddPanel
from ...panels.gene_list import GeneListPanel
from ...panels.genes import (
    COLORMAP_HELP,
    HIGH_HELP,
    LOW_HELP,
    MADE_OF,
    PAIR_HELP,
    GenesPanel,
    GenesState,
)
from ...panels.legend import LegendPanel
from ...panels.map import MapChoice
from ...panels.regions import RegionsPanel
from ...panels.sections import SectionsPanel
from ...scene.colours import COLOURMAPS
from ...scene.shown import Shown
from ..canvas.view import SpotsView
from ..map.choice import MapChoiceBox
from ..map.pick_box import PickBox
from ..widgets.chip import TrustChip
from ..widgets.choice import MenuBox
from ..widgets.fold import Fold
from ..widgets.legend import Legend, colormap_icon
from ..widgets.plain import Label
from ..widgets.saving import ask_figure
from ..widgets.words import Words, labelled, row, rule, sentence
from .add_box import AddBox
from .aspect_box import LABEL, AspectBox
from .gene_box import GeneBox
from .gene_list import GeneListBox
from .look_box import LookBox
from .region_box import RegionBox
from .section_box import SectionBox
from .spot_card import SpotCard
from .wipe_box import WipeBox

FLIP_KEY, FIND_KEY = "I", "G"
_BLEND_LINES = 3


class GenesTab(QWidget):
    """Gene, source, limits, colours, legend, and the spot under the mouse."""

    def __init__(self, view: SpotsView) -> None:
        super().__init__()
        self.view, self.panel = view, GenesPanel(view.scene)
        self._drawn: GenesState | None = None
        self._make_controls()
        self._make_boxes()
        self._lay_out()
        self._connect()
        self._follow_view(view.shown)
        self._draw()

    # ---- controls ------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        panel = self.panel
        self.gene = GeneBox(lambda: panel.search)
        self.gene.setToolTip(
            f"Type part of a name; ↓ and Enter choose. Press {FIND_KEY} on the canvas."
        )
        self.words, self.saved = Words("error"), Words("good")
        self.source, self.column = MenuBox(panel.choose_source), MenuBox(panel.choose_column)
        self.flip_button = QPushButton(f"⇄ Raw / imputed ({FLIP_KEY})")
        self.save = QPushButton("Save figure…")
        self.low, self.high = _percentile(LOW_HELP), _percentile(HIGH_HELP)
        self.colormap = QComboBox()
        self.colormap.setToolTip(COLORMAP_HELP)
        self.colormap.setIconSize(QSize(48, 12))
        for name in COLOURMAPS:
            self.colormap.addItem(colormap_icon(name), name)
        self.both = QCheckBox("Raw and imputed side by side")
        self.chip, self.said, self.blend = TrustChip(), sentence(), sentence()
        self.made_of = Fold(MADE_OF, self.blend)
        self.map_button = QPushButton("Open the map")
        self.map_button.setToolTip(
            "Beside the canvas, a map of all by expression: like lies near like."
        )

    def _make_boxes(self) -> None:
        view, panel = self.view, self.panel
        # laid out by the panel, to be seen whatever tab is open
        self.legend = Legend(LegendPanel(view.scene))
        self.wipe, self.aspect, self.spot = WipeBox(view, panel), AspectBox(panel), SpotCard(view)
        self.look = LookBox(panel, view.stage, label=LABEL)
        self.add = AddBox(AddPanel(view.session))
        self.gene_list = GeneListBox(GeneListPanel(view.session))
        self.picks, self.map = PickBox(view), MapChoiceBox(MapChoice(view.scene.maps))
        self.section = SectionBox(SectionsPanel(view.scene))
        self.regions = RegionBox(RegionsPanel(view.scene), LABEL)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        gene, inner = QWidget(), row(self.gene)
        inner.addWidget(self.chip)
        gene.setLayout(inner)
        layout.addLayout(labelled([("Gene", gene), ("Values", self.source)], width=LABEL))
        layout.addWidget(self.section)
        self.gene.setAccessibleName("Gene")
        layout.addWidget(self.words)
        layout.addWidget(self.add)
        layout.addLayout(row(self.flip_button, self.save))
        self.blend.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.said)
        layout.addWidget(self.made_of)
        layout.addWidget(self.saved)
        layout.addLayout(self._pages())

    def _pages(self) -> QVBoxLayout:
        """Settings of the canvas, or the list of genes: one of them at a time."""
        self.pages, self.page_bar = QStackedWidget(), QTabBar()
        self.page_bar.setDrawBase(False)
        self.page_bar.setExpanding(True)
        named = (
            ("Display", self._display_page(), "What is shown, and in which colours."),
            ("Gene list", self.gene_list, "All modelled genes with their verdicts."),
        )
        for title, page, help_text in named:
            self.pages.addWidget(page)
            self.page_bar.setTabToolTip(self.page_bar.addTab(title), help_text)
        self.page_bar.currentChanged.connect(self.pages.setCurrentIndex)
        layout = QVBoxLayout()
        layout.addWidget(self.page_bar)
        layout.addWidget(self.pages, 1)
        return layout

    def _display_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.on_map = QWidget()
        on_map = QVBoxLayout(self.on_map)
        on_map.setContentsMargins(0, 0, 0, 0)
        on_map.addLayout(labelled([("Map of", self.map)], width=LABEL))
        on_map.addWidget(rule())
        layout.addWidget(self.on_map)
        layout.addWidget(self.both)
        layout.addWidget(self.wipe)
        layout.addWidget(rule())
        layout.addWidget(self.aspect)
        layout.addWidget(rule())
        limits = QWidget()
        limits.setLayout(row(self.low, Label("to"), self.high, stretch=False))
        rows: list[tuple[str, QWidget]] = [
            ("Colour by", self.column),
            ("Percentiles", limits),
            ("Colours", self.colormap),
        ]
        layout.addLayout(labelled(rows, width=LABEL))
        layout.addWidget(self.look)
        layout.addWidget(rule())
        layout.addWidget(self.picks)
        layout.addWidget(self.regions)
        layout.addWidget(self.map_button)
        layout.addWidget(rule())
        layout.addWidget(self.spot)
        layout.addStretch(1)
        return page

    def _connect(self) -> None:
        panel, view = self.panel, self.view
        self.gene.chosen.connect(panel.choose_gene)
        self.flip_button.clicked.connect(lambda: panel.flip())
        self.save.clicked.connect(
            lambda: ask_figure(self, "Save figure", f"{panel.now.gene}.png", panel.save_figure)
        )
        self.both.toggled.connect(partial(view.toggle, "side by side"))
        for box in (self.low, self.high):
            box.valueChanged.connect(
                lambda _value: panel.choose_limits(self.low.value(), self.high.value())
            )
        self.colormap.currentTextChanged.connect(panel.choose_colormap)
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.connections.add(view.changed, self._follow_view)
        self.connections.add(self.map.panel.chosen, view.scene.show_map)
        inner = (self, self.wipe, self.spot, self.map, self.section)
        self.parts = [panel, self.map.panel, *(part.connections for part in inner)]
        boxes = (self.gene_list, self.picks, self.regions, self.add, self.legend)
        self.parts += [part for box in boxes for part in box.parts]

    # ---- drawing -------------------------------------------------------------------------------

    def _draw(self) -> None:
        before, now = self._drawn, self.panel.now
        self._drawn = now
        if before is None or before.gene != now.gene or not now.message:
            self.gene.show_gene(now.gene)  # a name that is not known stays, to be mended
        for widget in (self.gene, self.low, self.high):
            widget.setEnabled(not now.not_open)
        self.words.draw(now.message)
        self.source.draw(now.source)
        self.column.draw(now.column)
        if before is None or before.percentiles != now.percentiles:
            for box, value in zip((self.low, self.high), now.percentiles, strict=True):
                with QSignalBlocker(box):
                    box.setValue(value)
        self.colormap.setCurrentText(now.colormap)
        self._draw_trust(now)
        self._draw_buttons(now)
        self.on_map.setVisible(now.is_on_map)
        self.aspect.draw(now.aspect)
        self.look.draw(now.look)
        self.wipe.draw()

    def _draw_trust(self, now: GenesState) -> None:
        self.chip.show_badge(now.badge)
        self.blend.setText(now.blend.replace(" %", "\u00a0%"))
        has_verdict = now.badge is not None
        self.made_of.setVisible(has_verdict)
        self.said.setText(now.blend)
        self.said.setVisible(bool(now.blend) and not has_verdict)
        # as high for every gene: nothing moves under the mouse while one walks through the list
        self.blend.setMinimumHeight(_BLEND_LINES * self.blend.fontMetrics().lineSpacing())

    def _draw_buttons(self, now: GenesState) -> None:
        self.flip_button.setEnabled(not now.no_run)
        self.flip_button.setToolTip(now.no_run or f"Flip between counts and imputed ({FLIP_KEY}).")
        self.save.setEnabled(not now.no_figure)
        self.save.setToolTip(now.figure_help)
        self.saved.draw(now.saved)
        self.both.setEnabled(not now.no_pair)
        self.both.setToolTip(now.no_pair or PAIR_HELP)

    def _follow_view(self, shown: Shown | None) -> None:
        """The canvas was recoloured, or is laid out in another way."""
        self.both.setChecked(self.view.stage.is_grid)
        self.map.panel.show(self.view.scene.map)
        self.panel.set_wiped(self.view.wipe.is_on)
        self.legend.show_it(shown, self.view.scene.no_map, self.panel.badge())


def _percentile(help_text: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0, 100)
    box.setDecimals(1)
    box.setSuffix(" %")
    box.setToolTip(help_text)
    box.setKeyboardTracking(False)
    return box
