"""Compare methods on hidden molecules: choose them, start, watch, cancel, and keep a report."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import keys
from ..compare.methods import Kind, Method, methods
from ..errors import StimputeError
from ..forecast import Plan
from ..job import Job, JobState
from ..models import model_info
from ..progress import Progress
from ..session.models import USUAL, fitting_first, titled
from ..session.session import Session
from ..words import counted, duration
from ..workers.workers import Workers
from .forecast import ForecastPanel, Intended
from .message import SILENT, Message, error, good
from .panel import Panel
from .scores import FALLING, SCORE, Scores, in_order, scores_of
from .work import Work, WorkState
from .workers import WorkersChoice, workers_choice

if TYPE_CHECKING:
    from ..compare.comparison import Comparison

COMPARE, REPORT = "compare", "report"
"""Owners of the tab's work."""

EXPLAINED = (
    "A tenth of the molecules is hidden; every method that is ticked predicts them from the rest, "
    "and is scored. Models run with their default settings and take longer: at first none is "
    "ticked."
)
KINDS: dict[Kind, str] = {"simple": "Simple methods", "model": "Models", "tool": "Other tools"}
SPLITS = (1, 50)
"""Least and most splits that can be asked for."""

SPLITS_HELP = (
    "How often molecules are hidden anew; more splits tell chance from difference, and take as "
    "many times as long."
)
NO_GENES = "Three, chosen from the counts"
GENES_HELP = "Genes that the report draws under each method; names with commas."
REPORT_TITLE, SPLITS_TITLE, GENES_TITLE = "Save report", "Splits", "Genes to draw"
_REPORT_HELP = "One page with table, figures, genes on the tissue, and how it was measured."


@dataclass(frozen=True)
class Offered:
    """A method that can be ticked; ``why_not`` says why it cannot, "" where it can."""

    name: str
    title: str
    kind: Kind
    help: str
    is_ticked: bool
    why_not: str


@dataclass(frozen=True)
class CompareState:
    """What the tab shows.

    ``chosen`` says how much is ticked, ``wait`` why nothing can be chosen now, ``status`` how the
    last comparison ended. Its report, which draws ``genes``, can be kept where ``has_report``,
    unless ``no_report`` says why not.
    """

    methods: tuple[Offered, ...]
    chosen: str
    n_splits: int
    workers: WorkersChoice
    genes: str
    wait: str
    work: WorkState
    status: str
    scores: Scores
    order: int
    falls: bool
    has_report: bool
    no_report: str
    report_help: str
    saved: Message


class Comparing(Work):
    """The button of the comparison."""

    stopping = "The running method is being stopped."
    cancelled = ""

    comparison: Comparison | None = None
    """The one under way, or the last."""

    def tell(self, job: Job[Any], latest: Progress, left: str) -> str:
        """Which method is at work on which split."""
        if job.is_cancelling:
            return "Cancelling: the running method is being stopped…"
        if self.comparison is None or not self.comparison.current:
            return "Starting…"
        words = [self.comparison.current, left]
        return " · ".join(part for part in words if part)


class ComparePanel(Panel[CompareState]):
    """One comparison at a time, on the open data."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.n_splits, self.n_workers, self.genes = 3, 1, ""
        self._unwanted = {m.name for m in methods().values() if m.kind != "simple"}
        self._scores, self._n_shown, self._status = Scores(), 0, ""
        self._order, self._falls = SCORE, True
        self._saved = SILENT
        self.forecast = ForecastPanel(session, self._intended)
        self.work = Comparing(
            self,
            COMPARE,
            "Compare",
            "Start in the background.",
            begin=self.compare,
            missing=self._missing,
            cancel_help="Stop, and keep what was scored.",
        )
        self.connections.add(self.work.began, self._forget)
        self.connections.add(self.work.progressed, self._look)
        self.connections.add(self.work.ended, self._end)
        self.connections.add(session.events.adata, self._forget)
        self.connections.add(session.events.job, self._follow_report)
        self.follow(self.work.changed, self.forecast.changed)
        self.refresh()

    @property
    def comparison(self) -> Comparison | None:
        """The comparison under way, or the last; None before, and after other data were opened."""
        return self.work.comparison

    @property
    def chosen(self) -> list[str]:
        """Names of the methods that are ticked and can run."""
        return [method.name for method in self._offered() if method.is_ticked]

    # ---- actions -------------------------------------------------------------------------------

    def tick(self, name: str, *, wanted: bool) -> None:
        """Choose a method, or leave it out, wherever it can run."""
        (self._unwanted.discard if wanted else self._unwanted.add)(name)
        self.refresh()

    def choose_splits(self, n: int) -> None:
        """Hide molecules so often anew."""
        self.n_splits = n
        self.refresh()

    def choose_workers(self, n: int) -> None:
        """Have so many processes of this machine share the fits."""
        self.n_workers = n
        self.refresh()

    def draw_genes(self, names: str) -> None:
        """Draw these in the report, names with commas; "" for three chosen from the counts."""
        self.genes = names
        self.refresh()

    def sort(self, column: int) -> None:
        """Order the table by a column; the other way if it is ordered by it already."""
        self._falls = not self._falls if column == self._order else column in FALLING
        self._order = column
        self.refresh()

    def compare(self) -> Job[Comparison] | None:
        """Start what is chosen; whatever is wrong is said."""
        adata, names, seeds = self.session.adata, self.chosen, range(self.n_splits)
        workers = Workers(self.n_workers)
        show = [gene.strip() for gene in self.genes.split(",") if gene.strip()]
        if adata is None or not names:
            return None

        def comparing() -> Generator[Progress, None, Comparison]:
            yield Progress("prepare", 0, 1)
            from ..compare.contenders import comparison_of  # torch: not before it is needed

            comparison = comparison_of(adata, names, seeds=seeds, show=show, workers=workers)
            self.work.comparison = comparison  # so that scores are seen as they come
            yield from comparison.steps()
            return comparison

        return self.work.run(comparing(), "Comparing methods")

    @property
    def file_name(self) -> str:
        """A name for the report."""
        name = Path(self.session.path).stem if self.session.path else "section"
        return f"{name}_comparison.html"

    def save_report(self, path: str | os.PathLike[str]) -> Job[Path] | None:
        """Write the report in the background; how that went is said."""
        comparison, adata, source = self.comparison, self.session.adata, self.session.path
        if comparison is None or adata is None:
            return None

        def writing() -> Generator[Progress, None, Path]:
            yield Progress("write", 0, 1, message="Drawing and writing the report")
            from ..compare.page import page_of

            written = page_of(comparison, adata, source).write(path)
            yield Progress("write", 1, 1)
            return written

        self._say_saved(SILENT)
        try:
            return self.session.work_later(
                writing(),
                "Writing the report",
                lambda _written: self._say_saved(good(f"Saved to {path}.")),
                owner=REPORT,
            )
        except StimputeError as problem:
            self._say_saved(error(problem))
            return None

    def refresh(self) -> None:
        """Look again at what is ticked, and what that would take."""
        super().refresh()
        self.forecast.update()

    def close(self) -> None:
        """Listen no longer."""
        super().close()
        self.forecast.close()

    # ---- following -----------------------------------------------------------------------------

    def _look(self) -> None:
        """Show what was scored since."""
        found = self.comparison
        n = 0 if found is None else len(found.scores) + len(found.failures)
        if found is not None and self.work.is_running and n != self._n_shown:
            self._n_shown, self._scores = n, scores_of(found, ended=False)
            self.refresh()

    def _end(self, job: Job[Any]) -> None:
        if job.state is JobState.FAILED:
            return
        if self.comparison is None:  # another panel of this session began it
            self.work.comparison = job.result
        took, found = duration(self.work.seconds), self.comparison
        if found is None or not (found.scores or found.failures):
            self._status = f"Cancelled after {took}; nothing was scored yet."
        else:
            self._status = f"{'Done' if found.is_complete else 'Cancelled'} after {took}."
            self._scores = scores_of(found, ended=True)

    def _follow_report(self) -> None:
        job, session = self.session.job, self.session
        if job is not None and job.owner == REPORT and not session.is_busy and session.problem:
            self._say_saved(error(session.problem))

    def _say_saved(self, message: Message) -> None:
        self._saved = message
        self.refresh()

    def _forget(self) -> None:
        self.work.comparison = None
        self._scores, self._n_shown, self._status = Scores(), 0, ""
        self._say_saved(SILENT)

    # ---- what is to be drawn -------------------------------------------------------------------

    def _missing(self) -> str:
        return self.forecast.now.refusal if self.chosen else "Tick a method to compare."

    def _intended(self) -> Intended:
        """What would be run; other tools, and the counts as they are, cannot be rehearsed."""
        ticked = [methods()[name] for name in self.chosen]
        plans = [
            Plan(
                m.model, model_info(m.model).config.checked(m.settings), blend=m.blend, judged=False
            )
            for m in ticked
            if m.model
        ]
        tools = tuple(method.title for method in ticked if method.package)
        runs = tuple((plan, self.n_splits) for plan in plans)
        n_fits = len(ticked) * self.n_splits
        return Intended(runs, tools, n_at_once=max(1, min(self.n_workers, n_fits)))

    def _offered(self) -> tuple[Offered, ...]:
        adata = self.session.adata
        has_tissue, first = adata is None or keys.SPATIAL in adata.obsm, fitting_first(adata)

        def place(method: Method) -> tuple[int, int]:
            """By kind, then as in Train's list; what is simple, but the usual model, comes last."""
            is_listed = method.kind == "model" or method.name == USUAL
            kind = list(KINDS).index(method.kind)
            return kind, first.index(method.model) if is_listed else len(first)

        return tuple(
            Offered(
                method.name,
                titled(method.name) if method.blend or method.name == USUAL else method.title,
                method.kind,
                reason or method.about,
                not reason and method.name not in self._unwanted,
                _short(method, reason),
            )
            for method in sorted(methods().values(), key=place)
            for reason in [method.why_not(has_tissue)]
        )

    def _resolve(self) -> CompareState:
        wait, found, rows = self.work.why_wait(), self.comparison, self._scores.rows
        offered = self._offered()
        n_ticked = sum(method.is_ticked for method in offered)
        no_report = wait if self.session.is_busy else ""
        return CompareState(
            methods=offered,
            chosen=f"Methods: {n_ticked} ticked, {counted(self.n_splits, 'split')}",
            n_splits=self.n_splits,
            workers=workers_choice(self.n_workers, "one method on one split"),
            genes=self.genes,
            wait=wait if self.session.is_busy else "",
            work=self.work.state,
            status=self._status,
            scores=replace(self._scores, rows=in_order(rows, self._order, falls=self._falls)),
            order=self._order,
            falls=self._falls,
            has_report=found is not None and bool(found.scores) and not self.work.is_running,
            no_report=no_report,
            report_help=no_report or _REPORT_HELP,
            saved=self._saved,
        )


def _short(method: Method, reason: str) -> str:
    """A reason without the name that stands above it."""
    rest = reason.removeprefix(f"{method.title} ").removeprefix("is ")
    return rest[:1].upper() + rest[1:]
