"""What every tab and section has: a frozen state, and word when it is another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from psygnal import Signal

from ..connections import Connections
from ..session.session import Session

S = TypeVar("S")


class Panel(ABC, Generic[S]):
    """Resolves what was chosen, and the data, to one frozen, comparable state.

    Front ends draw ``now`` whenever `changed` is emitted, and pass clicks on to methods. A subclass
    says in `_resolve` what is to be drawn, and calls `refresh` whenever that may have changed.
    """

    changed = Signal()

    now: S

    def __init__(self, session: Session) -> None:
        self.session = session
        self.connections = Connections()

    @abstractmethod
    def _resolve(self) -> S:
        """What is to be drawn."""

    def refresh(self) -> None:
        """Resolve anew, and say so if anything is different."""
        now = self._resolve()
        if getattr(self, "now", None) != now:
            self.now = now
            self.changed.emit()

    def follow(self, *signals: Any) -> None:
        """Refresh whenever one of these is emitted."""
        for signal in signals:
            self.connections.add(signal, self.refresh)

    def close(self) -> None:
        """Listen no longer; called when the front end's panel closes."""
        self.connections.close()
