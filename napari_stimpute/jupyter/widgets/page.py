"""What a tab needs to know of the panel that it is part of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import ipywidgets as widgets
from psygnal import Signal

from ...panels.unsaved import AskFirst
from ...session.session import Session
from .loop import Home


class Closable(Protocol):
    """What listens until it is closed."""

    def close(self) -> None:
        """Listen no longer."""


C = TypeVar("C", bound=Closable)


class Page:
    """The session that is shown, the thread that may change it, and the question about results.

    `looked` is emitted with the name of the tab that came into sight.

    Parameters
    ----------
    go_to : brings the tab of a name into sight
    """

    looked = Signal(str)

    def __init__(self, session: Session, go_to: Callable[[str], object]) -> None:
        self.session, self.go_to, self.home = session, go_to, Home()
        self._kept: list[Closable] = []
        self.question = self.keep(AskFirst(session))
        self.in_sight = ""
        """Name of the tab that is in sight."""
        if session.is_busy:  # what was begun without a panel
            self.home.deliver()

    def keep(self, part: C) -> C:
        """Have a part closed with the page; it is given back."""
        self._kept.append(part)
        return part

    def close(self) -> None:
        """Close all that was kept, newest first."""
        while self._kept:
            self._kept.pop().close()
        self.home.close()

    def look_at(self, name: str) -> None:
        """Say which tab is in sight."""
        self.in_sight = name
        self.looked.emit(name)


class Drawn(Protocol):
    """What draws a tab or a section."""

    @property
    def widget(self) -> widgets.DOMWidget:
        """As it is laid out."""


def laid_out(*parts: Drawn) -> list[widgets.DOMWidget]:
    """What draws each of some parts."""
    return [part.widget for part in parts]
