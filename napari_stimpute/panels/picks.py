"""Spots picked by hand: how many, how they differ, and kept under a name."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import StimputeError
from ..scene.picks import Picks, picked_in_words
from .message import SILENT, Message, error, good
from .panel import Panel

NAME = "picked"
"""Name that is proposed for the column."""

UNDO_HELP, CLEAR_HELP = "Back to who was picked before (Ctrl+Z).", "Pick none (Esc)."
NAME_HELP = "Name of the column that will say who was picked."
KEEP_HELP = "Write it into a new column of obs: “selected” and “other”."


@dataclass(frozen=True)
class PicksState:
    """What is picked, in words ("" for nothing), and what came of keeping it.

    ``no_keeping`` says why it cannot be kept now, "" where it can.
    """

    picked: str
    can_undo: bool
    no_keeping: str
    outcome: Message


class PicksPanel(Panel[PicksState]):
    """Says who is picked, and keeps it as a column."""

    def __init__(self, picks: Picks) -> None:
        super().__init__(picks.session)
        self.picks = picks
        self._outcome = SILENT
        self.connections.add(self.session.display.changed, self._follow)
        self.connections.add(self.session.events.adata, self.unsay)
        self.follow(self.session.events.job)
        self.refresh()

    def keep(self, name: str) -> None:
        """Write who is picked into a column of this name; "" for the one that is proposed."""
        column, picks, adata = name.strip() or NAME, self.picks, self.session.adata
        if adata is not None and column in adata.obs.columns and column not in picks.kept:
            self.say(error(f"There is a column “{column}” already: choose another name."))
            return
        try:
            self.session.keep_picked(column)
        except StimputeError as problem:
            self.say(error(problem))
            return
        picks.kept.add(column)
        kept = f"Kept as “{column}”: colour by it, or compare it with the others under Statistics."
        self.say(good(kept))

    def say(self, outcome: Message) -> None:
        """Say something in the place of what came of keeping."""
        self._outcome = outcome
        self.refresh()

    def unsay(self) -> None:
        """What was said holds no longer."""
        self.say(SILENT)

    def _follow(self, changed: frozenset[str]) -> None:
        if "picked" in changed:
            self._outcome = SILENT
        self.refresh()

    def _resolve(self) -> PicksState:
        return PicksState(
            picked_in_words(self.session), self.picks.can_undo, self.session.wait, self._outcome
        )
