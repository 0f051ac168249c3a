"""Which map of the cells is looked at, and how its drawing comes on."""

from __future__ import annotations

from dataclasses import dataclass

from psygnal import Signal

from ..keys import COUNTS
from ..scene.maps import KINDS, MAPPING, MOST_BY_ITSELF, MapOf, Maps
from .menu import Entry, Menu
from .message import SILENT, Message, error
from .panel import Panel
from .work import Work, WorkState

_KEY_HELP = "Of what the map is drawn: the counts, or what a model learned."


@dataclass(frozen=True)
class MapState:
    """Two menus and a button, as they are to be drawn.

    ``nothing`` stands in place of a map that is not there; ``explained`` says what may be read from
    one that is.
    """

    key: Menu
    kind: Menu
    work: WorkState
    is_there: bool
    nothing: str
    explained: str
    problem: Message


class MapChoice(Panel[MapState]):
    """Chooses a map, and draws it. `chosen` is emitted with what someone chose here."""

    chosen = Signal(MapOf)

    def __init__(self, maps: Maps) -> None:
        super().__init__(maps.session)
        self.maps, self.wanted = maps, MapOf()
        self._runs: tuple[str, ...] = ()
        self.work = Work(
            self,
            MAPPING,
            "Draw map",
            "",
            begin=lambda: maps.draw(self.wanted),
            cancel_help="Stop drawing the map.",
        )
        events = maps.session.events
        self.follow(events.adata, events.contents, maps.changed, self.work.changed)
        self.refresh()

    def choose_key(self, key: str) -> None:
        """Choose of what a map is drawn."""
        self._choose(self.wanted._replace(key=key))

    def choose_kind(self, kind: str) -> None:
        """Choose the kind of map."""
        self._choose(MapOf(self.wanted.key, next(k for k, _, _ in KINDS if k == kind)))

    def show(self, wanted: MapOf) -> None:
        """Take over a choice that was made elsewhere."""
        self.wanted = wanted
        self.refresh()

    def show_newest(self) -> None:
        """Take over the newest run: it is what one wants to look at."""
        self._runs = tuple(self.session.contents.records)
        newest = next(reversed(self.session.contents.run_titles), COUNTS)
        self.show(self.wanted._replace(key=newest))

    def follow_runs(self) -> None:
        """Take over the newest run once there is another one."""
        if tuple(self.session.contents.records) != self._runs:
            self.show_newest()

    def draw_soon(self) -> None:
        """Draw the chosen map by itself, if it is small."""
        self.maps.draw_soon(self.wanted)
        self.refresh()

    def _choose(self, wanted: MapOf) -> None:
        self.show(wanted)
        self.chosen.emit(wanted)

    def _resolve(self) -> MapState:
        maps, is_open = self.maps, self.session.adata is not None
        if self.wanted.key not in dict(maps.choices()):
            self.wanted = MapOf(kind=self.wanted.kind)
        wanted, title = self.wanted, maps.title(self.wanted)
        is_there, why_not = maps.find(wanted) is not None, "" if is_open else "Open data first."
        kind_help = next(text for kind, _, text in KINDS if kind == wanted.kind)
        keys = tuple(Entry(title, key) for key, title in maps.choices())
        kinds = tuple(Entry(title, kind, text) for kind, title, text in KINDS)
        self.work.help = f"Draw the {title} in the background."
        is_silent = is_there or self.work.is_running
        return MapState(
            key=Menu(keys, wanted.key, _KEY_HELP, why_not),
            kind=Menu(kinds, wanted.kind, kind_help, why_not),
            work=self.work.state,
            is_there=is_there,
            nothing=self._nothing(title),
            explained=maps.explained(wanted) if is_there else "",
            problem=SILENT if is_silent or not maps.problem else error(maps.problem),
        )

    def _nothing(self, title: str) -> str:
        """Why there is no map to see, and what to do."""
        maps, adata = self.maps, self.session.adata
        if adata is None:
            return "Open data first: their cells are then laid out here by what they express."
        if maps.waits_for(self.wanted):
            return f"The {title} is being drawn…"
        if maps.problem:
            return f"There is no {title}."
        if adata.n_obs >= MOST_BY_ITSELF:
            return (
                f"The {title} is not drawn yet. {adata.n_obs:,} {self.session.place}s take a "
                "while: press “Draw map” when it suits you."
            )
        return f"The {title} is not drawn yet: press “Draw map”."
