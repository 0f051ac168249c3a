"""A menu that remembers."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox


class Choice(QComboBox):
    """Offers entries anew whenever they change; the usual one is chosen until someone chooses."""

    def __init__(self, help_text: str) -> None:
        super().__init__()
        self._by_hand: object = None
        self.setToolTip(help_text)
        self.activated.connect(lambda _index: self._keep())

    def offer(self, entries: list[tuple[str, str]], usual: str = "") -> None:
        """Offer titles and names; without a usual one, the first is chosen."""
        self.clear()
        for title, name in entries:
            self.addItem(title, name)
        places = (self.findData(self._by_hand), self.findData(usual), 0)
        if entries:
            self.setCurrentIndex(next(place for place in places if place >= 0))

    @property
    def name(self) -> str:
        """The chosen entry's name; "" if there is none."""
        return str(self.currentData() or "")

    def forget(self) -> None:
        """What was chosen by hand counts no longer."""
        self._by_hand = None

    def _keep(self) -> None:
        self._by_hand = self.currentData()
