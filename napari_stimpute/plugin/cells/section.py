"""What the sections of the tab "Cells" have in common: groups, one work at a time, figures."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...connections import Connections
from ...job import Job
from ...panels.answer import changed_meanwhile
from ...panels.groups import Groups
from ...progress import Progress
from ...session.session import Session
from ..widgets.old_figure import Drawn, FigureWindow, drawing_steps
from ..widgets.old_work import DRAWING, Work
from ..widgets.words import hint

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.figure import Figure

T = TypeVar("T")


class SectionBox(QWidget):
    """A sentence, then controls; its answer appears below them.

    Parameters
    ----------
    explained : what it is for
    """

    def __init__(self, explained: str) -> None:
        super().__init__()
        self.connections = Connections()
        self.page = QVBoxLayout(self)
        self.page.setContentsMargins(0, 4, 0, 8)
        self.page.setSpacing(8)
        self.page.addWidget(hint(explained))
        self.answer = QWidget()
        self.inner = QVBoxLayout(self.answer)
        self.inner.setContentsMargins(0, 0, 0, 0)
        self.inner.setSpacing(8)
        self.answer.hide()


class Section(QWidget):
    """A sentence, then controls; its answer appears below them.

    Parameters
    ----------
    explained : what it is for
    """

    def __init__(self, session: Session, groups: Groups, explained: str) -> None:
        super().__init__()
        self.session, self.groups = session, groups
        self.window_of_figures: FigureWindow | None = None
        self.work: Work
        self._asked: tuple[object, ...] = ()
        self.connections = Connections()
        self.page = QVBoxLayout(self)
        self.page.setContentsMargins(0, 4, 0, 8)
        self.page.setSpacing(8)
        self.page.addWidget(hint(explained))
        self.answer = QWidget()
        self.inner = QVBoxLayout(self.answer)
        self.inner.setContentsMargins(0, 0, 0, 0)
        self.inner.setSpacing(8)
        self.answer.hide()

    @property
    def parts(self) -> list[Connections]:
        """What is to be closed with the panel."""
        return [self.connections, self.work.connections]

    @property
    def ready(self) -> AnnData | None:
        """The open data, if all is chosen that the section's work needs."""
        return None if self.work.missing() else self.session.adata

    @property
    def about(self) -> tuple[object, ...]:
        """What the answer is about, to tell it from anything else that is chosen or there later."""
        return (self.groups.stamp,)

    @property
    def is_outdated(self) -> bool:
        """Whether the last answer that was asked for is about something else than is there now."""
        return self._asked != self.about

    def ask(
        self, steps: Generator[Progress, None, T], title: str, take: Callable[[T], None]
    ) -> Job[Any] | None:
        """Find the answer in the background; it is dropped if what it is about has changed."""
        self._asked = self.about

        def taking(found: T) -> None:
            if self.is_outdated:
                raise changed_meanwhile()
            take(found)

        return self.work.run(steps, title, taking)

    def draw(self, title: str, draw: Callable[[], Figure]) -> Job[Any] | None:
        """Draw a figure in a thread, and show it in the section's window."""
        return self.work.run(
            drawing_steps(title, draw, self.devicePixelRatioF()), DRAWING, self._show_figure
        )

    def show_gene(self, gene: str) -> None:
        """Colour the canvas by a gene."""
        self.session.display.column = ""
        self.session.display.gene = gene

    def _show_figure(self, drawn: Drawn) -> None:
        if self.window_of_figures is None:
            self.window_of_figures = FigureWindow(self)
        self.window_of_figures.show_figure(drawn)


def enable(widgets: Sequence[QWidget], reason: str) -> None:
    """Let controls be used unless there is a reason why not, which their tooltip then says."""
    for widget in widgets:
        if not widget.property("help"):
            widget.setProperty("help", widget.toolTip())
        widget.setEnabled(not reason)
        widget.setToolTip(reason or str(widget.property("help")))
