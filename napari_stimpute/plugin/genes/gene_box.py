"""Find a gene by typing part of its name, without a mouse."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QStringListModel, Qt
from qtpy.QtCore import Signal as QtSignal  # type: ignore[attr-defined]
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QCompleter, QLineEdit, QWidget

from ...panels.gene_search import GeneSearch


class GeneBox(QLineEdit):
    """A line in which one types; ↑ ↓ walk through the matches, Enter takes one.

    Parameters
    ----------
    search : asked for what finds genes now
    """

    chosen = QtSignal(str)

    def __init__(self, search: Callable[[], GeneSearch]) -> None:
        super().__init__()
        self.setPlaceholderText("Type part of a name")
        self.setClearButtonEnabled(True)
        self._search = search
        self._model = QStringListModel(self)
        completer = QCompleter(self._model, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setMaxVisibleItems(12)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompleter(completer)
        self.textEdited.connect(self._offer)
        self.returnPressed.connect(self._take_typed)
        completer.activated.connect(self._take)

    def show_gene(self, gene: str) -> None:
        """Show what was chosen elsewhere, unless someone is typing."""
        title = self._search().title(gene)
        if not self.hasFocus() or self.text() not in ("", gene, title):
            self.setText(title)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """↓ in an untouched box offers all genes."""
        completer = self.completer()
        popup = completer.popup() if completer is not None else None
        is_down = event is not None and event.key() == Qt.Key.Key_Down
        if is_down and popup is not None and not popup.isVisible():
            self._offer("")
            return
        super().keyPressEvent(event)

    def _offer(self, text: str) -> None:
        self._model.setStringList(self._search().matches(text))
        completer = self.completer()
        if completer is not None:
            self._dress(completer.popup())
            completer.complete()

    def _dress(self, popup: QWidget | None) -> None:
        """Give the list of matches, a window of its own, the colours and font of the box."""
        colours = self.palette()
        ground, ink = colours.base().color().name(), colours.text().color().name()
        if popup is not None:
            popup.setFont(self.font())
            popup.setStyleSheet(
                f"QListView {{ background: {ground}; color: {ink}; border: 1px solid #8a8f98; }}"
                " QListView::item { padding: 3px 6px; }"
                " QListView::item:selected { background: #3d6fd9; color: white; }"
            )

    def _take_typed(self) -> None:
        completer = self.completer()
        popup = completer.popup() if completer is not None else None
        if popup is not None and popup.isVisible() and popup.currentIndex().isValid():
            self._take(str(popup.currentIndex().data()))
            popup.hide()
        else:
            self._take(self.text())

    def _take(self, text: str) -> None:
        search = self._search()
        gene = search.meant(text)
        if gene:
            self.setText(search.title(gene))
            self.chosen.emit(gene)
