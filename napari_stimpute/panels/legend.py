"""The legend of groups: how many there are of each; shown alone, hidden, or in another colour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..scene.scene import Scene
from ..scene.shown import Categories
from ..session.palettes import palette_of, recolour
from .panel import Panel

ENTRY_HELP = (
    "Click: show this group alone, and again: all. Ctrl-click: hide or show it. "
    "Right click: more, such as another colour."
)
ALONE, ALL, HIDE, SHOW, RECOLOUR, UNDO = (
    "Show alone",
    "Show all groups",
    "Hide",
    "Show",
    "Colour…",
    "Undo",
)
"""What the menu of an entry offers."""

_NO_COLOUR = "These colours have a fixed meaning."
_MOST_BACK = 50


@dataclass(frozen=True)
class LegendEntry:
    """One group: its name, colour (hex), number of spots, and whether it is not drawn."""

    name: str
    colour: str
    count: int
    is_hidden: bool


@dataclass(frozen=True)
class LegendState:
    """What the legend of groups shows.

    ``note`` says how many groups are not drawn, "" for none; ``no_recolour`` why colours cannot be
    changed now, "" where they can.
    """

    title: str = ""
    entries: tuple[LegendEntry, ...] = ()
    place: str = "spot"
    note: str = ""
    no_recolour: str = ""
    can_undo: bool = False

    def about(self, entry: LegendEntry) -> str:
        """An entry in words, for hover and for screen readers."""
        hidden = ", hidden" if entry.is_hidden else ""
        places = self.place if entry.count == 1 else f"{self.place}s"
        return f"{entry.name}: {entry.count:,} {places}{hidden}"


class LegendPanel(Panel[LegendState]):
    """Shows groups alone, hides them, gives them other colours, and takes that back."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.session)
        self.scene = scene
        self._before: list[Callable[[], object]] = []
        self.connections.add(self.session.events.adata, self._forget)
        self.follow(scene.changed, self.session.events.job)
        self.refresh()

    # ---- actions -------------------------------------------------------------------------------

    def isolate(self, name: str) -> None:
        """Draw one group alone; all of them, if it is alone already."""
        others = self._names() - {name}
        self._hide(frozenset() if self._hidden() == others else others)

    def toggle(self, name: str) -> None:
        """Draw a group no longer, or again."""
        self._hide(self._hidden() ^ {name})

    def show_all(self) -> None:
        """Draw all groups."""
        self._hide(frozenset())

    def recolour(self, name: str, colour: str) -> None:
        """Give a group another colour (hex), for the file that is saved too."""
        shown = self.scene.shown
        if not isinstance(shown, Categories) or self.now.no_recolour:
            return
        session, column = self.session, shown.of
        before = recolour(session, column, palette_of(session.contents, column) | {name: colour})
        self._remember(lambda: recolour(session, column, before))

    def undo(self) -> None:
        """Take the last change back, unless something runs that reads the colours."""
        if self.now.can_undo:
            self._before.pop()()
            self.refresh()

    # ---- within --------------------------------------------------------------------------------

    def _names(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self.now.entries)

    def _hidden(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self.now.entries if entry.is_hidden)

    def _hide(self, names: frozenset[str]) -> None:
        shown, display = self.scene.shown, self.session.display
        if isinstance(shown, Categories) and names != self._hidden():
            before = display.hidden
            display.hidden = {**before, shown.of: names}
            self._remember(partial(setattr, display, "hidden", before))

    def _remember(self, undo: Callable[[], object]) -> None:
        self._before = [*self._before[1 - _MOST_BACK :], undo]
        self.refresh()

    def _forget(self) -> None:
        self._before = []
        self.refresh()

    def _resolve(self) -> LegendState:
        shown, session = self.scene.shown, self.session
        if not isinstance(shown, Categories):
            return LegendState()
        named = zip(shown.names, shown.palette, shown.counts, strict=True)
        entries = tuple(
            LegendEntry(name, colour, count, name in shown.hidden) for name, colour, count in named
        )
        n_hidden = sum(entry.is_hidden for entry in entries)
        return LegendState(
            title=shown.title,
            entries=entries,
            place=session.place,
            note=f"{n_hidden} of {len(entries)} hidden" if n_hidden else "",
            no_recolour=session.wait or ("" if shown.of else _NO_COLOUR),
            can_undo=bool(self._before) and not session.wait,
        )
