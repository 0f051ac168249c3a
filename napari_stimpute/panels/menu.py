"""What can be chosen, what is chosen, and why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One line of a menu.

    ``help`` is shown on hover; ``why_not`` says why it cannot be chosen, "" where it can.
    """

    title: str
    name: str
    help: str = ""
    why_not: str = ""


LINE = Entry("—", "—")
"""A line between entries; it cannot be chosen."""


@dataclass(frozen=True)
class Menu:
    """A menu as it is to be drawn.

    ``chosen`` is the name of an entry, "" for none; ``why_not`` says why nothing can be chosen now.
    """

    entries: tuple[Entry, ...] = ()
    chosen: str = ""
    help: str = ""
    why_not: str = ""

    @property
    def title(self) -> str:
        """Title of the chosen entry; "" for none."""
        return next((e.title for e in self.entries if e.name == self.chosen), "")


class Choice:
    """Keeps what was chosen while the entries change; the usual one until someone chooses."""

    def __init__(self, help: str = "", entries: Iterable[Entry] = ()) -> None:
        self.help = help
        self.entries: tuple[Entry, ...] = tuple(entries)
        self._by_hand: str | None = None
        self._usual = ""

    def offer(self, entries: Iterable[Entry], usual: str = "") -> None:
        """Offer other entries; without a usual one, the first is chosen."""
        self.entries, self._usual = tuple(entries), usual

    def choose(self, name: str) -> None:
        """Choose an entry by hand; it stays chosen wherever it is offered again."""
        self._by_hand = name

    def forget(self) -> None:
        """What was chosen by hand counts no longer."""
        self._by_hand = None

    @property
    def name(self) -> str:
        """Name of the chosen entry; "" if there is none."""
        names = [entry.name for entry in self.entries]
        wanted = (name for name in (self._by_hand, self._usual) if name in names)
        return next(wanted, None) or (names[0] if names else "")

    def menu(self, why_not: str = "") -> Menu:
        """The menu as it is to be drawn."""
        return Menu(self.entries, self.name, self.help, why_not)


def entries(pairs: Iterable[tuple[str, str]]) -> list[Entry]:
    """Entries from titles and names."""
    return [Entry(title, name) for title, name in pairs]
