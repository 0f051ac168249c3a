"""Open data, see in words what was found, choose genes, save."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.opening import Opened
from ..data.readers import FORMATS
from ..data.samples import SAMPLES
from ..data.simulate import simulate_section
from ..errors import StimputeError
from ..job import Job
from ..session.autosave import Left, left, taken_over
from ..session.models import from_folders
from ..session.samples import SAMPLE, fetched, sample_named
from ..session.session import OPEN, SAVE, Session
from .data_card import said_of
from .gene_choice import GeneChoice
from .menu import Choice, Entry, Menu, entries
from .message import SILENT, Message, error, good
from .panel import Panel
from .reading import CANCELLING, READING, Asked, Reading
from .saving import Saving
from .work import Work, WorkState

if TYPE_CHECKING:
    from anndata import AnnData

    from ..data.readers.found import Options

EMPTY = (
    "Nothing is open yet. Open a file or a folder, or begin with the sample: a simulated tissue "
    "section with an image."
)
OPEN_HELP = "Open a file: AnnData, 10x, loom, or a table of counts."
FOLDER_HELP = (
    "Open a folder that Space Ranger, Xenium, CosMx, MERSCOPE or Curio Seeker wrote, a SpatialData "
    "store, or a folder with a 10x matrix."
)
SAMPLE_HELP = (
    "Open the chosen section. The simulated one needs no network; the others are fetched once "
    "(tens of MB, from where squidpy has them) and kept."
)
_STOP_HELP = "Stop; of a section that is not there in full, nothing is kept."
APPLY_HELP = "Open the data again with these genes; other menus work at once."
SAVE_HELP = "Write data and results to a new file; the opened one stays as it is."
SAVE_MODEL_HELP = "Write the trained model as a folder, to be used again."
RECOVER_HELP, DISCARD_HELP = "Open them.", "Remove them for good."
FOUND, MODELLED, KEEP = "What was found", "What is modelled", "Keep"
"""Titles of the parts of the tab."""

LEFT = "Results that were not saved when the program ended:"
READABLE = ";;".join(
    f"{title} ({' '.join(f'*{ending}' for ending in endings)})"
    for title, endings in (
        ("All that can be read", [ending for kind in FORMATS for ending in kind.endings]),
        *((kind.title, kind.endings) for kind in FORMATS if kind.endings),
    )
)
"""Files that can be opened, as a dialog lists them."""

_SAMPLES = (
    Entry("Simulated tissue section", "", "With an image, and known layers; made here."),
    *(Entry(s.title, s.name, "Public: by 10x Genomics, raw counts with image.") for s in SAMPLES),
)
MODEL = "Model these genes"

_COUNTS_CHOSEN = "These data came from no file: where their counts are was chosen when they came."


@dataclass(frozen=True)
class DataState:
    """What the tab shows.

    ``is_busy`` says whether a file is being read or written, ``doing`` what, and ``can_cancel``
    whether that can be given up; ``wait`` why nothing can be opened or saved now, ``no_model`` why
    no model can; ``card`` has a label and a sentence in each row, and so have ``details``, which
    ``asides`` go with; ``notes`` are what this file made necessary; ``left`` are results that an
    earlier process did not save, until something is opened here; ``asked`` must be answered before
    a file can be opened; ``sample`` says which sample is chosen, ``work`` how far it is fetched;
    ``reading`` has the name, title and menu of what could be read otherwise of the open file;
    ``table`` is a name for a new table of the opened store, "" where it is none.
    """

    is_open: bool
    left: tuple[Left, ...]
    is_busy: bool
    can_cancel: bool
    doing: str
    wait: str
    no_model: str
    problem: Message
    unsaved: Message
    saved: Message
    table: str
    card: tuple[tuple[str, str], ...]
    details: tuple[tuple[str, str], ...]
    doubts: tuple[str, ...]
    notes: str
    asides: str
    genes: Menu
    gene_file: str
    takes_file: bool
    counts: Menu
    apply: str
    asked: Asked | None
    sample: Menu
    work: WorkState
    reading: tuple[tuple[str, str, Menu], ...]


class DataPanel(Panel[DataState]):
    """What is open, in words; and the way in and out."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._genes = GeneChoice()
        self._counts = Choice("Where the raw counts are: whole numbers, neither logged nor scaled.")
        self._sample = Choice("Which section is opened as a sample.", _SAMPLES)
        self.work = Work(
            self,
            SAMPLE,
            "Open sample",
            SAMPLE_HELP,
            begin=self.open_sample,
            cancel_help=_STOP_HELP,
            needs_data=False,
        )
        self.reading = Reading(session)
        self._problem, self.saving = SILENT, Saving(session)
        self._left = tuple(left())
        events = session.events
        self.connections.add(events.adata, self._forget_choice)
        self.connections.add(events.job, self._forget_choice)
        self.connections.add(events.adata, self._stop_offering)
        self.connections.add(events.problem, self._follow_problem)
        self.follow(events.adata, events.contents, events.job, events.problem, events.undecided)
        self.follow(self.saving.changed, self.work.changed)
        self._follow_problem()
        self.refresh()

    # ---- actions -------------------------------------------------------------------------------

    def open(self, source: str | os.PathLike[str] | AnnData) -> Job[Opened] | None:
        """Open a file or an AnnData in the background; words appear here if it cannot be."""
        return self._open(source)

    def choose_reading(self, name: str, value: str) -> Job[Opened] | None:
        """Read something else of the open file at once; what is open stays until that is done."""
        card = self.session.card
        if card is None:
            return None
        options = self.reading.choose(name, value)
        return self._open_anew(counts=card.how.counts, options=options)

    def answer(self, value: str) -> None:
        """Choose in what is asked before a file can be opened."""
        self.reading.answer(value)
        self.refresh()

    def open_asked(self) -> Job[Opened] | None:
        """Open the file that waits, as was chosen."""
        undecided = self.session.undecided
        if undecided is None:
            return None
        return self._open(undecided.path, options=self.reading.answers)

    def leave_asked(self) -> None:
        """Do not open the file that waits."""
        self.session.undecided = None

    def choose_sample(self, name: str) -> None:
        """Choose the section that is opened as a sample; "" is the simulated one."""
        self._sample.choose(name)
        self.refresh()

    def open_sample(self) -> Job[Any] | None:
        """Make, or fetch, the chosen sample in the background, and open it."""
        if not self._sample.name:
            return self._open(simulate_section)
        sample = sample_named(self._sample.name)
        title = f"Opening “{sample.title}”"
        return self.work.run(fetched(sample), title, lambda found: self.session.adopt(*found))

    def recover(self, copy: Left) -> Job[Opened] | None:
        """Open results that an earlier process did not save."""
        try:
            return self.session.recover_later(taken_over(copy.file))
        except (StimputeError, OSError) as problem:
            self._problem = error(str(problem))
            return None
        finally:
            self._left = tuple(left())
            self.refresh()

    def discard(self, copy: Left) -> None:
        """Remove results that an earlier process did not save."""
        copy.file.unlink(missing_ok=True)
        self._left = tuple(left())
        self.refresh()

    def apply(self) -> Job[Opened] | None:
        """Open the same data again, with the genes and the counts chosen here."""
        genes, session = self._genes.wanted, self.session
        if session.path:
            return self._open(
                session.path,
                genes=genes,
                also=session.also,
                counts=self._counts.name,
                options=session.card.how.options if session.card else {},
            )
        if session.adata is None:
            return None
        # the working data hold the counts of all genes in raw
        return self._open(session.adata, genes=genes, also=session.also, counts="raw")

    def choose_genes(self, name: str) -> None:
        """Choose which genes are modelled, once applied."""
        self._genes.choose(name)
        self.refresh()

    def take_genes_from(self, file: str) -> None:
        """Name the file that lists the genes."""
        self._genes.file = file
        self.refresh()

    def choose_counts(self, name: str) -> Job[Opened] | None:
        """Take the counts from another place at once; what is open stays until that is done."""
        card = self.session.card
        if card is None:
            return None
        self._counts.choose(name)
        return self._open_anew(counts=name, options=card.how.options)

    def cancel(self) -> None:
        """Do not open what is being read: what is open stays."""
        if self.now.can_cancel:
            self.session.cancel()
            self.refresh()

    def save_to(self, path: str | os.PathLike[str]) -> Job[Path] | None:
        """Save data and results in the background; how that went is said."""
        return self.saving.save_to(path)

    def save_model_to(self, path: str | os.PathLike[str]) -> None:
        """Save the model of the run that is shown, else of the last one; how that went is said."""
        try:
            place = self.session.save_model(self._last_model(), path)
            self.saving.say(good(f"Model saved to {place}."))
        except StimputeError as problem:
            self.saving.say(error(problem))

    def close(self) -> None:
        """Listen no longer."""
        super().close()
        self.saving.close()

    @property
    def file_name(self) -> str:
        """A name for the file of data and results."""
        return self.saving.file_name

    @property
    def model_name(self) -> str:
        """A name for the folder of the model; "" where there is none."""
        last = self._last_model()
        return f"{last}_model" if last else ""

    # ---- within --------------------------------------------------------------------------------

    def _open_anew(self, *, counts: str, options: Options) -> Job[Opened] | None:
        """Open the same file again, with the genes that were chosen when it was opened."""
        session, card = self.session, self.session.card
        genes = "" if card is None else card.how.genes
        return self._open(
            session.path, genes=genes, also=session.also, counts=counts, options=options
        )

    def _open(
        self,
        source: str | os.PathLike[str] | AnnData | Callable[[], AnnData],
        *,
        genes: str = "",
        also: Sequence[str] = (),
        counts: str = "",
        options: Options | None = None,
    ) -> Job[Opened] | None:
        self._problem = SILENT
        self.saving.say(SILENT)
        try:
            return self.session.open_later(
                source, genes=genes, also=also, counts=counts, options=options
            )
        except StimputeError as problem:
            self._problem = error(problem)
            self._forget_choice()
            return None
        finally:
            self.refresh()

    def _forget_choice(self) -> None:
        """Once nothing is read any more, the menus say how the open data were read."""
        if not self.session.is_busy:
            self._counts.forget()
            self.reading.forget()

    def _stop_offering(self) -> None:
        """Something was opened since: what was left is offered by the next start."""
        self._left = ()

    def _follow_problem(self) -> None:
        if self.session.at_fault == OPEN:
            self._problem = error(self.session.problem)

    def _no_model(self) -> str:
        if self.session.adata is None:
            return "Open data first."
        return "" if self._last_model() else "Train a model first."

    def _last_model(self) -> str:
        models, source = self.session.models, self.session.display.source
        trained = [key for key in models if key not in from_folders(models)]
        return source if source in trained else next(reversed(trained), "")

    def _resolve(self) -> DataState:
        session, wait, job = self.session, self.session.wait, self.session.job
        said, path = said_of(session), session.path
        opening = job if wait and job is not None and job.owner == OPEN else None
        is_cancelling = opening is not None and opening.is_cancelling
        self._offer_counts()
        return DataState(
            is_open=session.adata is not None,
            left=self._left,
            is_busy=bool(wait) and job is not None and job.owner in (OPEN, SAVE),
            can_cancel=opening is not None and not is_cancelling,
            doing=CANCELLING if is_cancelling else READING if opening else wait,
            wait=wait,
            no_model=wait or self._no_model(),
            problem=self._problem,
            unsaved=self.saving.now.unsaved,
            saved=self.saving.now.saved,
            table=self.saving.now.table,
            card=said.rows,
            details=said.details,
            doubts=said.doubts,
            notes=said.notes,
            asides=said.asides,
            genes=self._genes.menu(),
            gene_file=self._genes.file,
            takes_file=self._genes.takes_file,
            counts=self._counts.menu(wait if path else _COUNTS_CHOSEN),
            apply=f"{MODEL}, and drop results" if session.has_results else MODEL,
            asked=self.reading.asked,
            sample=self._sample.menu(wait),
            work=self.work.state,
            reading=self.reading.menus(wait),
        )

    def _offer_counts(self) -> None:
        """Offer the places of the file, which the data that are worked on have no more."""
        card, found = self.session.card, [Entry("Found automatically", "")]
        usual = ""
        if self.session.path and card is not None:
            places = [p for p in card.places if not p.endswith(("_imputed", "_fill_probability"))]
            found += entries((place, place) for place in places)
            usual = card.counts_where
        self._counts.offer(found, usual)
