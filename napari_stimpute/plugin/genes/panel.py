"""Choose what colours the spots: a gene and its source, or a column of labels."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QPushButton,
    QSlider,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from ...connections import Connections
from ...panels.gene_list import GeneList
from ...panels.map import MapChoice
from ...scene.colours import COLOURMAPS
from ...scene.shown import Shown, drawable_source
from ...session.contents import COUNTS, LOG
from ...session.session import Session
from ...trust.verdict import Badge
from ..canvas.view import SpotsView
from ..map.choice import MapChoiceBox
from ..map.pick_box import PickBox
from ..widgets.chip import TrustChip
from ..widgets.legend import Legend, colormap_icon
from ..widgets.words import Words, labelled, row, rule, sentence
from .aspect_box import LABEL, AspectBox
from .figure_button import FigureButton
from .gene_box import GeneBox
from .gene_list import GeneListBox
from .spot_card import SpotCard
from .wipe_box import WipeBox

FLIP_KEY, FIND_KEY = "I", "G"
_NO_COLUMN = "Gene"
_BLEND_LINES = 3


class OverlayPanel(QWidget):
    """Gene, source, limits, colours, legend, and the spot under the mouse."""

    def __init__(self, session: Session, view: SpotsView) -> None:
        super().__init__()
        self.session, self.view = session, view
        self._last_run = ""
        self._make_controls()
        self._lay_out()
        self._connect()
        self._follow_adata()
        self._follow_shown(view.shown)

    # ---- actions -------------------------------------------------------------------------------

    def choose_gene(self, gene: str) -> None:
        """Show a gene; an unknown name is said beside the box."""
        session = self.session
        if session.adata is None:
            self.words.say("Open data first: there are no genes yet.")
            return
        if gene not in self._known:
            near = self.gene.matches(gene)[:3]
            hint_text = f" Did you mean {', '.join(near)}?" if near else ""
            self.words.say(f"There is no gene {gene!r} in these data.{hint_text}")
            return
        self.words.say("")
        session.display.column = ""
        session.display.gene = gene
        self._follow()

    def flip(self) -> None:
        """Raw ↔ imputed, one press away; says so where there is nothing imputed."""
        session = self.session
        if session.adata is None or not session.contents.runs:
            self.words.say("Nothing is imputed yet: train a model first.", "note")
            return
        if not session.contents.is_modelled(session.display.gene):
            self.words.say(self._not_modelled(), "note")
            return
        session.display.column = ""
        if session.display.source in session.contents.runs:
            self._last_run, session.display.source = session.display.source, COUNTS
        else:
            known = self._last_run in session.contents.runs
            session.display.source = self._last_run if known else session.contents.runs[-1]

    # ---- controls ------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self._known: set[str] = set()
        self.gene = GeneBox()
        self.gene.setToolTip(
            f"Type part of a name; ↓ and Enter choose. Press {FIND_KEY} on the canvas."
        )
        self.words = Words("error")
        self.source = QComboBox()
        self.source.setToolTip("Which values are shown by colour.")
        self.flip_button = QPushButton(f"⇄ Raw / imputed ({FLIP_KEY})")
        self.flip_button.setToolTip(
            f"Flip between counts and imputed; press {FLIP_KEY} on the canvas."
        )
        self.column = QComboBox()
        self.column.setToolTip("Colour by a gene, or by a column: labels, or numbers.")
        low, high = self.session.display.percentiles
        self.low = _percentile(low, "Values below this percentile take the lowest colour.")
        self.high = _percentile(high, "Values above this percentile take the highest colour.")
        self.colormap = QComboBox()
        self.colormap.setToolTip("Colours of the values; all can be read by the colour-blind.")
        self.colormap.setIconSize(QSize(48, 12))
        for name in COLOURMAPS:
            self.colormap.addItem(colormap_icon(name), name)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(5, 100)
        self.opacity.setValue(100)
        self.opacity.setToolTip("How much of the image shows through the spots.")
        self.both = QCheckBox("Raw and imputed side by side")
        self.legend = Legend()  # laid out by the panel, to be seen whatever tab is open
        self.chip, self.blend = TrustChip(), sentence()
        self.save = FigureButton(self.session, self.view)
        self.wipe = WipeBox(self.view)
        self.aspect = AspectBox(self.session, self.view)
        self.spot = SpotCard(self.session, self.view)
        self.gene_list = GeneListBox(GeneList(self.session))
        self.picks, self.map = PickBox(self.view), MapChoiceBox(MapChoice(self.view.scene.maps))
        self.map_button = QPushButton("Map of cells…")
        self.map_button.setToolTip(
            "A map beside the canvas, on which like lies near like, by expression."
        )

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        gene, inner = QWidget(), row(self.gene)
        inner.addWidget(self.chip)
        gene.setLayout(inner)
        layout.addLayout(labelled([("Gene", gene), ("Values", self.source)], width=LABEL))
        self.gene.setAccessibleName("Gene")
        layout.addWidget(self.words)
        layout.addLayout(row(self.flip_button, self.save))
        self.blend.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.blend)
        layout.addWidget(self.save.words)
        layout.addLayout(self._pages())

    def _pages(self) -> QVBoxLayout:
        """The map's settings, or the list of genes: one of them at a time."""
        self.pages, self.page_bar = QStackedWidget(), QTabBar()
        self.page_bar.setDrawBase(False)
        self.page_bar.setExpanding(True)
        named = (
            ("Map", self._map_page(), "What the map shows, and in which colours."),
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

    def _map_page(self) -> QWidget:
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
        limits.setLayout(row(self.low, QLabel("to"), self.high, stretch=False))
        rows: list[tuple[str, QWidget]] = [
            ("Colour by", self.column),
            ("Percentiles", limits),
            ("Colours", self.colormap),
            ("Opacity", self.opacity),
        ]
        layout.addLayout(labelled(rows, width=LABEL))
        layout.addWidget(rule())
        layout.addWidget(self.picks)
        layout.addWidget(self.map_button)
        layout.addWidget(rule())
        layout.addWidget(self.spot)
        layout.addStretch(1)
        return page

    def _connect(self) -> None:
        self.gene.chosen.connect(self.choose_gene)
        self.source.activated.connect(self._choose_source)
        self.column.activated.connect(self._choose_column)
        self.flip_button.clicked.connect(lambda: self.flip())
        self.both.toggled.connect(partial(self.view.toggle, "side by side"))
        for box in (self.low, self.high):
            box.valueChanged.connect(lambda _value: self._set_limits())
        self.colormap.currentTextChanged.connect(self._set_colormap)
        self.opacity.valueChanged.connect(lambda value: self.view.stage.set_opacity(value / 100))
        events = self.session.events
        self.connections = Connections()
        self.connections.add(events.adata, self._follow_adata)
        for event in (self.session.display.changed, events.contents, events.job):
            self.connections.add(event, self._follow)
        for event in (events.contents, events.job):
            self.connections.add(event, self._fill_columns)
        self.connections.add(self.view.changed, self._follow_shown)
        self.connections.add(self.map.panel.chosen, self.view.scene.show_map)

    def _choose_source(self, _index: int) -> None:
        self.session.display.column = ""
        self.session.display.source = str(self.source.currentData())

    def _choose_column(self, _index: int) -> None:
        self.session.display.column = str(self.column.currentData() or "")

    def _set_limits(self) -> None:
        low, high = self.low.value(), self.high.value()
        if low >= high:
            self.words.say("The lower percentile has to lie below the upper one.")
            return
        self.words.say("")
        self.session.display.percentiles = (low, high)

    def _set_colormap(self, colormap: str) -> None:
        self.session.display.colormap = colormap

    # ---- following the session -----------------------------------------------------------------

    def _follow_adata(self) -> None:
        genes = self.session.contents.genes if self.session.adata is not None else []
        self.gene.set_genes(genes)
        self._fill_columns()
        self._known = set(genes)
        self.words.say("")
        self.save.words.say("")
        self._follow()

    def _follow(self) -> None:
        session = self.session
        is_open = session.adata is not None
        for widget in (self.gene, self.source, self.column, self.low, self.high):
            widget.setEnabled(is_open)
        self.gene.show_gene(session.display.gene)
        self._fill_sources()
        self.column.setCurrentIndex(max(0, self.column.findData(session.display.column)))
        self._enable_pairs(is_open)

    def _fill_sources(self) -> None:
        session = self.session
        modelled = (
            session.adata is not None
            and bool(session.display.gene)
            and session.contents.is_modelled(session.display.gene)
        )
        self.source.clear()
        for source in session.contents.sources:
            self.source.addItem(source.title, source.name)
            if source.name not in (COUNTS, LOG) and not modelled:
                _disable_last(self.source, self._not_modelled())
        self.source.setCurrentIndex(self.source.findData(self._drawn_source()))

    def _drawn_source(self) -> str:
        session = self.session
        if session.adata is None or not session.display.gene:
            return COUNTS
        return drawable_source(session, session.display.source)

    def _fill_columns(self) -> None:
        self.column.clear()
        self.column.addItem(_NO_COLUMN, "")
        for column in self.session.contents.columns:
            self.column.addItem(column, column)
        numbers = self.session.contents.number_columns
        if numbers:
            self.column.insertSeparator(self.column.count())
        for column in numbers:
            self.column.addItem(f"{column} (numbers)", column)
        self.column.setCurrentIndex(max(0, self.column.findData(self.session.display.column)))

    def _enable_pairs(self, is_open: bool) -> None:
        has_run = is_open and bool(self.session.contents.runs)
        missing = "" if has_run else "Train a model first: nothing is imputed yet."
        self.flip_button.setEnabled(has_run)
        self.flip_button.setToolTip(missing or f"Flip between counts and imputed ({FLIP_KEY}).")
        self.both.setEnabled(has_run and not self.view.scene.no_map)
        self.both.setToolTip(missing or "Two maps on one scale; they pan and zoom as one.")
        if self.both.isChecked() and not self.view.stage.is_grid:
            self.both.setChecked(False)

    def _follow_shown(self, shown: Shown | None) -> None:
        has_map = self.session.adata is not None and not self.view.scene.has_tissue
        self.on_map.setVisible(has_map)
        self.map.panel.show(self.view.scene.map)
        aspects = self.view.scene.aspects
        badge = aspects.badge(aspects.run_shown()) if aspects.run_shown() else None
        self.chip.show_badge(badge)
        self.blend.setText(self._blend_of(badge).replace(" %", "\u00a0%"))
        self.blend.setVisible(bool(self.session.contents.runs))
        # as high for every gene: nothing moves under the mouse while one walks through the list
        self.blend.setMinimumHeight(_BLEND_LINES * self.blend.fontMetrics().lineSpacing())
        self.legend.show_it(shown, self.view.scene.no_map, badge)
        self.save.follow()
        if self.both.isChecked() and not self.view.stage.is_grid:
            self.both.setChecked(False)

    def _blend_of(self, badge: Badge | None) -> str:
        """What the shown values are made of, or why they have no verdict."""
        session = self.session
        if badge is not None:
            return badge.blend if badge.blend else "The model alone, not blended."
        if session.display.source not in session.contents.runs:
            return "As measured. Imputed values come with a verdict: can this gene be believed?"
        return self.view.scene.aspects.why_no_badge()

    def _not_modelled(self) -> str:
        gene = self.session.display.gene
        return f"{gene} is not among the modelled genes: it has no imputed values."


def _percentile(value: float, help_text: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0, 100)
    box.setDecimals(1)
    box.setSuffix(" %")
    box.setValue(value)
    box.setToolTip(help_text)
    box.setKeyboardTracking(False)
    return box


def _disable_last(combo: QComboBox, reason: str) -> None:
    model: Any = combo.model()
    if isinstance(model, QStandardItemModel):
        item = model.item(combo.count() - 1)
        if item is not None:
            item.setEnabled(False)
            item.setToolTip(reason)
