"""The tabs in order, and whose work shows on which."""

from __future__ import annotations

from dataclasses import dataclass

from ..scene.maps import MAPPING
from ..session.session import OPEN, SAVE, TRAIN, Session
from .panel import Panel


@dataclass(frozen=True)
class Tab:
    """A tab: ``owners`` are those of the jobs whose progress and errors are shown there."""

    title: str
    help: str
    owners: tuple[str, ...] = ()


TABS = (
    Tab("Data", "Open data, see what was found, save.", (OPEN, SAVE, "Opening", "Saving")),
    Tab(
        "Genes",
        "Look at genes on the tissue, and whether to believe them.",
        (MAPPING,),
    ),
    Tab("Train", "Train a model that imputes them.", (TRAIN, "Finding settings")),
    Tab(
        "Variable",
        "The most variable genes before and after imputing.",
        ("variable",),
    ),
    Tab(
        "Statistics",
        "Spatial patterns, and differences between groups.",
        ("patterns", "differences"),
    ),
    Tab(
        "Cells",
        "Markers, names, order, batches and gene communities.",
        ("markers", "names", "transfer", "trajectory", "batches", "communities"),
    ),
    Tab(
        "Compare",
        "Score all methods on hidden molecules.",
        ("compare", "report"),
    ),
)


class Tabs(Panel[tuple[str, ...]]):
    """Titles of the tabs, with a sign where something is at work or went wrong."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.follow(session.events.job, session.events.adata)
        self.refresh()

    def _resolve(self) -> tuple[str, ...]:
        job = self.session.job
        # titles stand for owners of work that still begins in a front end
        owner = OPEN if job is None else job.owner or job.title
        sign = " …" if self.session.is_busy else " !" if self.session.problem else ""
        return tuple(tab.title + sign * (owner in tab.owners) for tab in TABS)
