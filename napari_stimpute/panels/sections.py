"""Which of several sections is drawn: all of them beside one another, or one alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..scene.scene import Scene
from ..words import counted
from .menu import LINE, Entry, Menu
from .panel import Panel

GRID = "Grid"
"""The button that shows all sections beside one another."""

_ALL = "All sections"
_MENU_HELP = (
    "Which section of the tissue is drawn. Colours keep the range of all, so that sections can be "
    "compared; models are trained on all, and who is picked in one stays picked."
)
_ALL_HELP = "All sections beside one another, at one scale, each with its own image."


@dataclass(frozen=True)
class SectionsState:
    """The menu of sections; ``is_offered`` is False where there are not several.

    ``is_grid`` says whether all are drawn; ``grid_help`` what the button for that does now.
    """

    menu: Menu
    is_offered: bool
    is_grid: bool
    grid_help: str


_SINGLE = SectionsState(Menu(), is_offered=False, is_grid=True, grid_help="")


class SectionsPanel(Panel[SectionsState]):
    """Chooses the section that is drawn, in every view of the session."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.session)
        self.scene = scene
        self._last = ""
        self.connections.add(self.session.events.adata, self._forget)
        self.follow(scene.changed)
        self.refresh()

    # ---- actions -------------------------------------------------------------------------------

    def choose(self, name: str) -> None:
        """Show one section alone, by name; "" shows all."""
        self._last = name or self._last
        self.session.display.section = name

    def set_grid(self, is_grid: bool) -> None:
        """Show all sections, or the one that was shown alone last, the first to begin with."""
        self.choose("" if is_grid else self._last or next(iter(self._names()), ""))

    def step(self, by: int = 1) -> None:
        """Show the next section, or the one before; all of them come after the last."""
        offered = ["", *self._names()]
        here = offered.index(self.session.display.section)
        self.choose(offered[(here + by) % len(offered)])

    # ---- within --------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._last = ""
        self.refresh()

    def _names(self) -> tuple[str, ...]:
        places = self.scene.places
        names = () if places is None or places.layout is None else places.layout.sections.names
        return names if len(names) > 1 else ()

    def _resolve(self) -> SectionsState:
        places, names = self.scene.places, self._names()
        if not names or places is None or places.layout is None:
            return _SINGLE
        codes, place = places.layout.sections.codes, self.session.place
        numbers = np.bincount(codes, minlength=len(names)).tolist()
        all_spots = f"{_ALL} ({counted(len(codes), place)})"
        each = (
            Entry(f"{name} ({counted(n, place)})", name)
            for name, n in zip(names, numbers, strict=True)
        )
        offered = (Entry(all_spots, "", _ALL_HELP), LINE, *each)
        chosen = self.session.display.section
        grid_help = _ALL_HELP if chosen else f"Show one section alone: {self._last or names[0]}."
        menu = Menu(offered, chosen)
        menu = replace(menu, help=f"{menu.title}. {_MENU_HELP}")  # long names are cut off
        return SectionsState(menu, True, not chosen, grid_help)
