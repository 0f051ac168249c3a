"""All genes of one run with their verdicts: sort, filter, walk through them, save."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass

import pandas as pd

from ..errors import StimputeError
from ..job import Job
from ..progress import Progress
from ..session.gene_values import Written, write_values
from ..session.session import Session
from ..trust.verdict import VERDICTS, trust_table
from ..words import counted, percent
from .menu import Choice, Entry, Menu
from .message import SILENT, Message, error, good
from .panel import Panel
from .table import Column, Table
from .train import JUDGE


def _gain(share: float) -> str:
    """4.6 %, or 74 %: as many digits as a narrow column holds."""
    return percent(share, 0 if abs(share) >= 0.0995 else 1)


_COLUMNS = (
    Column(
        "verdict",
        "Verdict",
        "Whether the imputed gene can be believed.",
        str.capitalize,
        kind="verdict",
    ),
    Column(
        "gain",
        "Gain",
        "Share of the differences, which gene mean × depth leaves open, that is "
        "explained on hidden molecules.",
        _gain,
    ),
    Column("hidden", "Hidden", "Molecules hidden before training, to judge by.", "{:,}".format),
    Column("model_weight", "Model", "Share of the model in the blend that is shown.", percent),
)
VALUES = "Save values…"
VALUES_HELP = (
    "Counts and imputed values of the listed genes as CSV, a row per spot, with places and groups; "
    "and a second table with the verdicts."
)
_OWNER = "values"
_NO_GENE, _NO_MATCH = "No gene is listed.", "No gene matches."


@dataclass(frozen=True)
class GeneListState:
    """What is said around the table; ``nothing`` says why there is none, "" where there is.

    ``no_values`` says why the values of the genes cannot be saved, "" where they can; ``row`` is
    where the shown gene is listed, −1 if nowhere; ``elsewhere`` a gene that is meant and not
    listed, since it was not modelled.
    """

    verdict: Menu
    export_help: str
    no_values: str = ""
    about: str = ""
    nothing: str = ""
    n_listed: int = 0
    message: Message = SILENT
    row: int = -1
    elsewhere: str = ""


class GeneListPanel(Panel[GeneListState]):
    """The genes of the run that is shown, or else of the newest, while someone looks."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.key = ""
        """The run whose genes are listed; "" for none."""
        self.table = Table(
            "Genes and their verdicts",
            _COLUMNS,
            help="Every gene that the model imputed.",
            order=(1, True),
            titles=lambda: session.contents.gene_titles,
        )
        self.table.export_title = "Export genes"
        self.verdict = Choice("List only genes of one verdict.")
        self._text, self._title = "", ""
        self._is_watched, self._is_stale = False, True
        self.now = self._empty()
        self.connections.add(session.events.contents, self._spoil)
        self.connections.add(session.events.problem, self._follow_problem)
        self.follow(session.events.job)
        self.connections.add(session.display.changed, self._follow_display)

    # ---- actions -------------------------------------------------------------------------------

    def watch(self, *, is_watched: bool) -> None:
        """List the genes while someone looks, and not otherwise: it takes a while with many."""
        self._is_watched = is_watched
        self.refresh()

    def search(self, text: str) -> None:
        """List only genes whose name holds a text."""
        self._text = text
        self._filter()

    def show_elsewhere(self) -> None:
        """Show the gene that is meant and was not modelled; adding it is offered there."""
        self.session.display.show_gene(self.now.elsewhere)

    def choose_verdict(self, verdict: str) -> None:
        """List only genes of one verdict; "" for any."""
        self.verdict.choose(verdict)
        self._filter()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the listed genes as CSV, in their order; how that went is said."""
        self.table.save(path)
        self.refresh()

    def save_values(self, path: str | os.PathLike[str]) -> Job[Written] | None:
        """Write counts and imputed values of the listed genes, a row per spot, with verdicts."""
        contents, genes = self.session.contents, [str(gene) for gene in self.table.listed.index]

        def steps() -> Generator[Progress, None, Written]:
            yield Progress("values", 0, 1, message="Writing values")
            return write_values(contents, genes, path)

        def take(found: Written) -> None:
            said = " ".join([*found.notes, f"Saved to {found.values}, verdicts to {found.genes}."])
            self._say(good(said))

        self._say(SILENT)
        try:
            return self.session.work_later(steps(), "Saving values", take, owner=_OWNER)
        except StimputeError as problem:
            self._say(error(problem))
            return None

    @property
    def values_name(self) -> str:
        """A name for the table of values."""
        return f"{self.key}_values.csv"

    @property
    def row(self) -> int:
        """Where the shown gene is listed; −1 if nowhere."""
        return self.table.row_of(self.session.display.gene)

    # ---- within --------------------------------------------------------------------------------

    def _say(self, message: Message) -> None:
        self.table.saved = message
        self.refresh()

    def _follow_problem(self) -> None:
        if self.session.at_fault == _OWNER and self.session.problem:
            self._say(error(self.session.problem))

    def _spoil(self) -> None:
        self._is_stale = True
        self.refresh()

    def _follow_display(self, changed: frozenset[str]) -> None:
        if "source" in changed:
            self._spoil()
        elif "gene" in changed:
            self.refresh()

    def refresh(self) -> None:
        """Resolve anew while someone looks."""
        if self._is_watched:
            super().refresh()

    def _filter(self) -> None:
        verdict, self.table.saved = self.verdict.name, SILENT
        self.table.filter(self._text, **({"verdict": verdict} if verdict else {}))
        self.refresh()

    def _list(self) -> None:
        contents, source = self.session.contents, self.session.display.source
        self._is_stale = False
        self.key = source if source in contents.runs else next(reversed(contents.runs), "")
        adata, found = self.session.adata, None
        if adata is not None and self.key:
            found = trust_table(adata, self.key)
        if found is not None:
            self._title = contents.record(self.key).title
            self.table.file_name = f"{self.key}_genes.csv"
            found["verdict"] = pd.Categorical(found["verdict"], VERDICTS)
            # among equals the larger gain comes first
            found = found.sort_values("gain", ascending=False, kind="stable")
            n_genes = found["verdict"].value_counts()
            every = Entry(f"All verdicts ({len(found):,})", "")
            some = (Entry(f"{v.capitalize()} ({n_genes[v]:,})", v) for v in VERDICTS)
            self.verdict.offer([every, *some])
        self.table.show(found)

    def _resolve(self) -> GeneListState:
        if self._is_stale:
            self._list()
        n, n_genes = len(self.table.rows), len(self.table.frame)
        elsewhere = "" if n else self._elsewhere()
        called = self.session.contents.gene_title(elsewhere)
        no_match = f"No gene matches. {called} is not modelled." if elsewhere else _NO_MATCH
        if not n_genes:
            return self._empty(self._why_nothing())
        return GeneListState(
            about=f"{self._title}: {counted(n_genes, 'gene')}.",
            verdict=self.verdict.menu(),
            n_listed=n,
            export_help=f"Save the {counted(n, 'listed gene')}, in this order." if n else _NO_GENE,
            no_values=self.session.wait or ("" if n else _NO_GENE),
            message=self.table.saved if n else Message(no_match),
            row=self.row,
            elsewhere=elsewhere,
        )

    def _elsewhere(self) -> str:
        """The gene that is looked for, if it is in the data but not modelled."""
        contents, typed = self.session.contents, self._text.strip().casefold()
        if not typed:
            return ""
        return next(
            (
                gene
                for gene in contents.genes
                if typed in (gene.casefold(), contents.gene_title(gene).casefold())
                and not contents.is_modelled(gene)
            ),
            "",
        )

    def _empty(self, why: str = "") -> GeneListState:
        return GeneListState(
            nothing=why,
            verdict=self.verdict.menu(),
            export_help=_NO_GENE,
            no_values=why or _NO_GENE,
        )

    def _why_nothing(self) -> str:
        if self.session.adata is None:
            return "Open data first: there are no genes yet."
        if not self.key:
            return "Nothing is imputed yet. Train a model: each of its genes gets a verdict here."
        return (
            "This result was not judged on hidden molecules, so there is no verdict to list. "
            f"Train again with “{JUDGE}”."
        )
