"""Open data, see in words what was found, choose genes, save."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtWidgets import QFileDialog, QLineEdit, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ..connections import Connections
from ..panels.data import (
    APPLY_HELP,
    DISCARD_HELP,
    EMPTY,
    FOLDER_HELP,
    FOUND,
    KEEP,
    LEFT,
    MODELLED,
    OPEN_HELP,
    READABLE,
    RECOVER_HELP,
    SAVE_HELP,
    SAVE_MODEL_HELP,
    DataPanel,
)
from ..panels.menu import Menu
from ..panels.reading import CANCEL, CANCEL_HELP
from ..panels.run_card import DETAILS
from ..panels.saving import INTO_STORE, INTO_STORE_HELP, TABLE_HELP
from ..panels.unsaved import SAVE_TITLE
from ..session.autosave import Left
from .widgets.asked import AskedBox
from .widgets.choice import MenuBox
from .widgets.fold import Fold
from .widgets.sample_box import SampleBox
from .widgets.saving import ask_where
from .widgets.unsaved import ask_first
from .widgets.words import (
    Card,
    Words,
    add_labelled,
    clear,
    heading,
    hint,
    labelled,
    row,
    rule,
    sentence,
)

_DROP = "Either can also be dropped on the canvas."


class DataTab(QWidget):
    """Draws what is open, and passes on what is to be opened and saved."""

    def __init__(self, panel: DataPanel) -> None:
        super().__init__()
        self.panel = panel
        self._carded: tuple[object, ...] = ()
        self._make_controls()
        self._lay_out()
        self.connections = Connections()
        self.connections.add(panel.changed, self._draw)
        self.parts = [self.connections, panel]
        self._draw()

    def _make_controls(self) -> None:
        panel = self.panel
        self.open_button = _button("Open file…", OPEN_HELP, lambda: self._ask_first(self._ask_open))
        self.folder_button = _button(
            "Open folder…", FOLDER_HELP, lambda: self._ask_first(self._ask_folder)
        )
        self.sample = SampleBox(panel)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setFixedHeight(6)
        self.doing, self.cancel = hint(""), _button(CANCEL, CANCEL_HELP, panel.cancel)
        self.problem, self.unsaved, self.saved = Words("error"), Words("note"), Words("good")
        self.empty, self.card, self.notes = hint(f"{EMPTY} {_DROP}"), Card(), hint("")
        self.details, self.asides, inside = Card(), hint(""), QWidget()
        inner = QVBoxLayout(inside)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.details)
        inner.addWidget(self.asides)
        self.fold = Fold(DETAILS, inside)
        self.left = QWidget()
        self.left.hide()
        self._left_rows = QVBoxLayout(self.left)
        self._left_rows.setContentsMargins(0, 0, 0, 0)
        self._offered: tuple[Left, ...] = ()
        self.asked = AskedBox(panel)
        self.reading: dict[str, MenuBox] = {}
        self.genes = MenuBox(panel.choose_genes)
        self.counts = MenuBox(partial(self._read_anew, panel.choose_counts))
        self.gene_file = QLineEdit()
        self.gene_file.setPlaceholderText("Path of the file")
        self.gene_file.textEdited.connect(panel.take_genes_from)
        self.browse = _button("Browse…", "Choose the file.", self._ask_gene_file)
        self.apply = _button("", APPLY_HELP, lambda: self._ask_first(panel.apply))
        self.save = _button(
            "Save data…",
            SAVE_HELP,
            lambda: ask_where(self, SAVE_TITLE, panel.file_name, panel.save_to),
        )
        self.save_model = _button(
            "Save model…",
            SAVE_MODEL_HELP,
            lambda: ask_where(self, "Save model", panel.model_name, panel.save_model_to),
        )

        self.table, self.into_store = QLineEdit(), QWidget()
        self.table.setAccessibleName("Name of the table")
        self.table.setToolTip(TABLE_HELP)
        self.save_table = _button(
            INTO_STORE, INTO_STORE_HELP, lambda: panel.saving.save_table(self.table.text())
        )
        self.into_store.setLayout(row(self.table, self.save_table))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(row(self.open_button, self.folder_button))
        layout.addWidget(self.sample)
        layout.addWidget(self.busy)
        layout.addLayout(row(self.doing, self.cancel))
        self._found = heading(FOUND)
        found = (self._found, self.card)
        for widget in (self.problem, self.asked, self.empty, self.left, *found):
            layout.addWidget(widget)
        layout.addWidget(self.notes)
        layout.addWidget(self.fold)
        self._choice = QWidget()
        inner = QVBoxLayout(self._choice)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(rule())
        inner.addWidget(heading(MODELLED))
        self._menus = labelled([("Genes", self.genes), ("Counts in", self.counts)])
        inner.addLayout(self._menus)
        inner.addLayout(row(self.gene_file, self.browse))
        inner.addWidget(self.apply)
        inner.addWidget(rule())
        inner.addWidget(heading(KEEP))
        inner.addLayout(row(self.save, self.save_model))
        inner.addWidget(self.into_store)
        inner.addWidget(self.unsaved)
        inner.addWidget(self.saved)
        layout.addWidget(self._choice)
        layout.addStretch(1)

    def _draw(self) -> None:
        now = self.panel.now
        self.empty.setVisible(not now.is_open and now.asked is None)
        self._draw_left(now.left)
        for widget in (self._found, self.card, self.fold, self._choice):
            widget.setVisible(now.is_open)
        self.notes.setVisible(bool(now.notes))
        for widget in (self.busy, self.doing):
            widget.setVisible(now.is_busy)
        self.doing.setText(now.doing)
        self.cancel.setVisible(now.can_cancel)
        self.problem.draw(now.problem)
        self.unsaved.draw(now.unsaved)
        self.saved.draw(now.saved)
        if (now.card, now.doubts, now.details) != self._carded:
            self._carded = (now.card, now.doubts, now.details)
            self.card.fill(now.card, now.doubts)
            self.details.fill(now.details)
        self.notes.setText(now.notes)
        self.asides.setText(now.asides)
        self.genes.draw(now.genes)
        self.counts.draw(now.counts)
        if self.gene_file.text() != now.gene_file:
            self.gene_file.setText(now.gene_file)
        self.gene_file.setVisible(now.takes_file)
        self.browse.setVisible(now.takes_file)
        self.apply.setText(now.apply)
        self.sample.draw(now)
        self.into_store.setVisible(bool(now.table))
        if self.table.placeholderText() != now.table:
            self.table.setPlaceholderText(now.table)
        opens = (self.open_button, self.folder_button)
        for button in (*opens, self.apply, self.save, self.save_table):
            _enable(button, now.wait)
        self.asked.draw(now.asked)
        self._draw_reading(now.reading)
        _enable(self.save_model, now.no_model)

    def _draw_reading(self, menus: tuple[tuple[str, str, Menu], ...]) -> None:
        """One menu for each thing that could be read otherwise."""
        names = tuple(name for name, _title, _menu in menus)
        if names != tuple(self.reading):
            for box in self.reading.values():
                self._menus.removeRow(box)
            self.reading = {
                name: MenuBox(partial(self._read_anew, partial(self.panel.choose_reading, name)))
                for name in names
            }
            for name, title, _menu in menus:
                add_labelled(self._menus, title, self.reading[name])
        for name, _title, menu in menus:
            self.reading[name].draw(menu)

    def _draw_left(self, left: tuple[Left, ...]) -> None:
        if left == self._offered:
            return
        self._offered = left
        clear(self._left_rows)
        self.left.setVisible(bool(left))
        self._left_rows.addWidget(sentence(LEFT))
        for copy in left:
            recover = partial(self.panel.recover, copy)
            self._left_rows.addWidget(sentence(copy.title))
            self._left_rows.addLayout(
                row(
                    _button("Open", RECOVER_HELP, partial(self._ask_first, recover)),
                    _button("Discard", DISCARD_HELP, partial(self.panel.discard, copy)),
                )
            )

    def _ask_first(self, go_on: Callable[[], object]) -> None:
        ask_first(self, self.panel.session, go_on)

    def _read_anew(self, choose: Callable[[str], object], name: str) -> None:
        """Read as was chosen in a menu, which goes back until it is known whether to."""
        self._ask_first(lambda: choose(name))
        self._draw()

    def _ask_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open data", "", f"{READABLE};;All files (*)")
        if path:
            self.panel.open(path)

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a folder of data")
        if path:
            self.panel.open(path)

    def _ask_gene_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Genes to model", "", "Text (*.txt *.csv *.tsv);;All files (*)"
        )
        if path:
            self.panel.take_genes_from(path)


def _button(text: str, help_text: str, pressed: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(help_text)
    button.setProperty("help", help_text)
    button.clicked.connect(lambda: pressed())
    return button


def _enable(button: QPushButton, why_not: str) -> None:
    button.setEnabled(not why_not)
    button.setToolTip(why_not or str(button.property("help")))
