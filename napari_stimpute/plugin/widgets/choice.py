"""A combo box that draws a menu, and passes on what someone chooses."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import QComboBox

from ...panels.menu import LINE, Menu
from .plain import tip


class MenuBox(QComboBox):
    """Draws a `Menu`; ``choose`` is called with the name of the entry that a person chooses."""

    def __init__(self, choose: Callable[[str], object]) -> None:
        super().__init__()
        self._drawn: Menu | None = None
        self.activated.connect(lambda place: choose(str(self.itemData(place))))

    def draw(self, menu: Menu) -> None:
        """Show entries, which is chosen, and why none can be."""
        before, self._drawn = self._drawn, menu
        if before is None or before.entries != menu.entries:
            self._fill(menu)
        self.setCurrentIndex(self.findData(menu.chosen))
        self.setEnabled(not menu.why_not)
        self.setToolTip(tip(menu.why_not or menu.help))

    def _fill(self, menu: Menu) -> None:
        self.clear()
        items = self.model()
        assert isinstance(items, QStandardItemModel)
        for place, entry in enumerate(menu.entries):
            if entry == LINE:
                self.insertSeparator(place)
                continue
            self.addItem(entry.title, entry.name)
            if help_text := entry.why_not or entry.help:
                self.setItemData(place, tip(help_text), Qt.ItemDataRole.ToolTipRole)
            item = items.item(place)
            if item is not None:
                item.setEnabled(not entry.why_not)
