"""The panel that a cell shows: its tabs, each made when someone first looks; or one tab alone."""

from __future__ import annotations

import os
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakSet

import ipywidgets as widgets
from IPython.display import display

from ..errors import StimputeError
from ..panels.tabs import TABS, Tabs
from ..session.autosave import autosave_of
from ..session.session import OPEN, Session
from .cell_runs import CellRun, running_cell
from .still import Still, in_words
from .tabs.cells.panel import CellsTab
from .tabs.compare import CompareTab
from .tabs.data import DataTab
from .tabs.edit.panel import EditTab
from .tabs.generate.panel import GenerateTab
from .tabs.genes import GenesTab
from .tabs.statistics.panel import StatisticsTab
from .tabs.train import TrainTab
from .widgets import markup
from .widgets.code_box import CodeBox
from .widgets.page import Drawn, Page
from .widgets.unsaved import AskBox

if TYPE_CHECKING:
    from anndata import AnnData

MOST_WIDE = "1100px"

CLOSED = "A closed panel of napari-stimpute: run the cell that made it again."


def session_of(source: Session | AnnData | str | os.PathLike[str] | None) -> Session:
    """The session itself, or a new one that has this open; what is wrong with it is its problem."""
    if isinstance(source, Session):
        return source
    session = Session()
    if source is not None:
        try:
            session.open(source)
        except StimputeError as problem:
            session.report(str(problem), OPEN)  # said in the tab Data
    return session


def close_whole(widget: widgets.Widget) -> None:
    """Close a widget and all that it is made of, so that neither kernel nor page keeps them."""
    for value in widget.trait_values().values():
        for part in value if isinstance(value, list | tuple) else (value,):
            if isinstance(part, widgets.Widget):
                close_whole(part)
    widgets.Widget.close(widget)


class Panel(widgets.VBox):  # type: ignore[misc]
    """Tabs of one session under their names, and the question about unsaved results above them.

    It listens to its session until it is closed: by `close`, or when the cell that made and alone
    showed it is run again and makes another.
    """

    _open: ClassVar[WeakSet[Panel]] = WeakSet()

    def __init__(self, session: Session) -> None:
        self._made_by, self._shown_by = running_cell(), set[str]()
        for other in list(Panel._open):
            other.make_way_for(self._made_by)
        super().__init__(layout=widgets.Layout(max_width=MOST_WIDE))
        self.session, self.page = session, Page(session, self.show_tab)
        self.add_class(markup.PANEL)
        name = f"stimpute-still-{self.model_id}"
        self._still = self.page.keep(Still(session, self.page.home, name))
        autosave_of(session)  # what is unsaved outlives the kernel, and is offered by the next one
        self.asked = AskBox(self.page.question, self.page.home)
        self.code = CodeBox(lambda: self.tab(self.page.in_sight), self.page.home)
        self.page.looked.connect(lambda _name: self.code.hide())
        looks = widgets.HTML(markup.SHEET + markup.hidden(name))
        self._frame: list[widgets.DOMWidget] = [looks, self.asked.widget]
        Panel._open.add(self)

    def __repr__(self) -> str:
        return CLOSED if self.comm is None else in_words(self.session)

    def __del__(self) -> None:
        widgets.Widget.close(self)  # when Python is taken down, not even children can be asked for

    def close(self) -> None:
        """Leave the page, and listen no longer; the session stays, and goes on with its work."""
        Panel._open.discard(self)
        self.page.close()
        close_whole(self)

    def make_way_for(self, now: CellRun) -> None:
        """Close if nobody sees it any longer when a cell is run again and makes another panel."""
        if now.replaces(self._made_by) and self._shown_by == {now.cell}:
            self.close()

    @cached_property
    def data(self) -> DataTab:
        """Open, choose, save."""
        return DataTab(self.page)

    @cached_property
    def genes(self) -> GenesTab:
        """Look at genes."""
        return GenesTab(self.page)

    @cached_property
    def train(self) -> TrainTab:
        """Train a model."""
        return TrainTab(self.page)

    @cached_property
    def statistics(self) -> StatisticsTab:
        """Variable genes, patterns, differences."""
        return StatisticsTab(self.page)

    @cached_property
    def cells(self) -> CellsTab:
        """Markers, names, order, batches, communities."""
        return CellsTab(self.page)

    @cached_property
    def generate(self) -> GenerateTab:
        """New cells."""
        return GenerateTab(self.page)

    @cached_property
    def edit(self) -> EditTab:
        """Cells as they might be."""
        return EditTab(self.page)

    @cached_property
    def compare(self) -> CompareTab:
        """Methods on hidden molecules."""
        return CompareTab(self.page)

    def _repr_mimebundle_(self, **wanted: object) -> dict[str, object]:
        """The panel, and a sentence where nothing is drawn."""
        self._shown_by.add(running_cell().cell)
        bundle: dict[str, object] = super()._repr_mimebundle_(**wanted)
        return bundle

    def _ipython_display_(self) -> None:
        """Show the panel, and after it what is seen of a notebook that is read without a kernel."""
        display(self._repr_mimebundle_(), raw=True)
        if self.comm is not None:  # a closed one has said so
            self._still.show()

    def show_tab(self, name: str) -> None:
        """Bring a tab into sight."""
        raise NotImplementedError

    def tab(self, name: str) -> Drawn:
        """What draws the tab of a name; it is made if it was not yet."""
        made: Drawn = getattr(self, name)
        return made


class AllTabs(Panel):
    """Every tab, in the order in which the window has them."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._names = [tab.name for tab in TABS]
        self.titles = self.page.keep(Tabs(session))
        places = [widgets.VBox(layout=widgets.Layout(padding="4px 2px")) for _ in TABS]
        self.tabs = widgets.Tab(places, titles=self.titles.now)
        self.tabs.add_class("stimpute-tabs")
        self.children = (*self._frame, self.tabs, self.code.widget)
        self.titles.changed.connect(self._draw, thread="current")
        look = partial(self.page.home.run, self._look)
        self.tabs.observe(lambda _change: look(), "selected_index")
        self._look()

    def show_tab(self, name: str) -> None:
        """Bring a tab into sight."""
        self.tabs.selected_index = self._names.index(name)

    def _look(self) -> None:
        place = self.tabs.selected_index or 0
        name = self._names[place]
        self.page.look_at(name)
        if not self.tabs.children[place].children:
            self.tabs.children[place].children = (self.tab(name).widget,)

    def _draw(self) -> None:
        self.tabs.titles = self.titles.now


class OneTab(Panel):
    """One tab alone; below the tab Data while nothing is open, and above one that it leads to."""

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session)
        self._shown: list[widgets.DOMWidget] = []
        if session.adata is None:
            self.show_tab("data")
        self.show_tab(name)

    def show_tab(self, name: str) -> None:
        """Bring a tab into sight."""
        self.page.look_at(name)
        drawn = self.tab(name).widget
        if drawn not in self._shown:
            self._shown.append(drawn)
            self.children = (*self._frame, *self._shown, self.code.widget)
