"""Cells as they might be, were something otherwise: asked, made, judged, shown and kept."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.save import write
from ..errors import in_words
from ..job import Job, JobState
from ..keys import COUNTS, HYPOTHESIS
from ..progress import Progress
from ..scene.shown import drawable_source
from ..session.edited import EDITED, EditedChange
from ..session.session import Session
from ..trust.verdict import VERDICTS
from ..words import about
from .answer import Answer, began
from .edit_form import Asked, EditForm, EditFormState
from .edit_found import COLUMNS, doubt, facts, listed, on_gene
from .edit_goal import Goal
from .generators import MODEL
from .menu import Choice, Entry, Menu
from .message import SILENT, Message, good
from .panel import Panel
from .table import Table
from .work import Work, WorkState

if TYPE_CHECKING:
    from anndata import AnnData

    from ..models.scdiffusion.editor import Editor
    from ..models.scdiffusion.model import ScDiffusion

EXPLAINED = (
    "Cells as they might be, were something otherwise: treated, or with genes switched off. A "
    f"trained scDiffusion model changes their counts. What comes out is an {HYPOTHESIS}; groups "
    "left out in turn tell which genes' changes can be believed."
)
SHOWN_HELP = "Colour by the change of the gene in each edited cell; press again for its counts."
CLEAR_HELP = "Take the edit back: the data are as they were, in any case."
SAVE_HELP = "Write the edited cells, marked as such, to a new .h5ad, with changes and verdicts."
SHOWN, CLEAR, SAVE_TITLE = "Show the change on the canvas", "Clear edit", "Save edited cells"
HOW_DONE = "How this was found"

_SHARE_OF_TRAINING = 0.3
"""Time of a training without one group, as a share of that of the model itself: an upper guess."""


@dataclass(frozen=True)
class EditState:
    """What the tab shows.

    ``is_ready`` says whether there is a model, ``has_no_model`` whether only that is missing.
    ``cost`` says what the edit would take first, "" while that is not known; ``asked``, ``facts``,
    ``doubt`` and ``how`` tell what came of it, ``gene`` what is known of the gene that is shown.
    """

    is_ready: bool
    has_no_model: bool
    form: EditFormState
    cost: str
    work: WorkState
    has_answer: bool
    asked: Message
    facts: tuple[tuple[str, str], ...]
    doubt: Message
    how: str
    listed: Menu
    gene: Message
    is_shown: bool
    saving: WorkState


class EditPanel(Panel[EditState]):
    """Edits cells by a trained model, and shows what changed; a click shows the gene's change."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.form = EditForm(session)
        self.listed = Choice("List only genes of one verdict.")
        self.work = Work(
            self,
            "edit",
            "Edit",
            "Compute the cells as they might be; the data stay as they are.",
            begin=self.edit,
            missing=self._missing,
        )
        self.saving = Work(self, "save edited", "Save edited cells…", SAVE_HELP, begin=lambda: None)
        self.answer: Answer[EditedChange] = Answer(self.work, lambda: self._run_of(""))
        self.table = Table(
            f"Changed genes ({HYPOTHESIS})",
            COLUMNS,
            help="Choose a row to see the change in every edited cell.",
            titles=lambda: session.contents.gene_titles,
        )
        self.table.file_name = "edited_genes.csv"
        self._editors: dict[tuple[object, ...], Editor] = {}
        self._looking: Job[int] | None = None
        self._about: Asked | None = None
        self._cost: int | None = None
        self._refusal, self._is_watched, self._text = "", False, ""
        self.connections.add(session.events.adata, self._forget)
        for signal in (session.events.contents, session.events.models):
            self.connections.add(signal, self._follow)
        self.connections.add(session.events.job, self._look)
        self.connections.add(session.display.changed, self._follow_display)
        self.connections.add(self.answer.changed, self._take)
        self.connections.add(self.work.ended, self._look_anew)
        self.follow(self.work.changed, self.saving.changed)
        self._follow()

    # ---- actions -------------------------------------------------------------------------------

    def edit(self) -> Job[EditedChange] | None:
        """Edit the chosen cells in the background; what is wrong is said."""
        asked, model, adata = self.form.asked(), self.form.model, self.session.adata
        if asked is None or model is None or adata is None:
            return None
        request = asked.request(adata.obs_names, self.form.strength)

        def editing() -> Generator[Progress, None, EditedChange]:
            from ..editing import edit_steps

            yield Progress("edit", 0, 1, message="Looking at the cells")
            judged = yield from edit_steps(self._editor(asked, model, adata), request)
            return EditedChange.of(judged, adata.obs_names)

        return self.answer.ask(editing(), "Editing cells", lambda: self._run_of(asked.key))

    def clear(self) -> None:
        """Take the edit back: nothing of it is shown any longer."""
        self.answer.drop()

    def save(self, path: str | os.PathLike[str]) -> Job[Path] | None:
        """Write the edited cells to a new file, whole or not at all; how that went is said."""
        found, source = self.answer.value, self.session.path or None
        if found is None:
            return None

        def saving() -> Generator[Progress, None, Path]:
            yield Progress("save", 0, 1, message="Writing the file")
            return write(found.judged.as_anndata(), path, source)

        def say(file: Path) -> None:
            self.saving.say(good(f"Saved to {file}: {HYPOTHESIS}, each cell marked as synthetic."))

        return self.saving.run(saving(), "Saving edited cells", say)

    @property
    def file_name(self) -> str:
        """A name for the file of edited cells."""
        stem = Path(self.session.path).stem if self.session.path else "cells"
        return f"{stem}_edited.h5ad"

    def show_gene(self, gene: str) -> None:
        """Colour by the change of a gene in every edited cell."""
        display = self.session.display
        with display.together():
            display.show_gene(gene)
            display.source = EDITED

    def show_change(self, is_shown: bool) -> None:
        """Colour by the change of the shown gene, or by its counts."""
        display = self.session.display
        with display.together():
            display.column, display.source = "", EDITED if is_shown else COUNTS

    def choose_listed(self, verdict: str) -> None:
        """List only genes of one verdict; "" for any."""
        self.listed.choose(verdict)
        self._filter()

    def search(self, text: str) -> None:
        """List only genes whose name holds a text."""
        self._text = text
        self._filter()

    def choose(self, choice: Choice, name: str) -> None:
        """Choose an entry of one of the form's menus."""
        choice.choose(name)
        self._follow()

    def enter_number(self, goal: Goal, number: float) -> None:
        """Ask for a number, where the condition is one."""
        goal.enter(number)
        self._follow()

    def set_strength(self, strength: float) -> None:
        """Ask for a part of the change, or for more than all of it: 0 to 2."""
        self.form.strength = strength
        self._follow()

    def set_seed(self, seed: int) -> None:
        """Draw the edit anew, or as before."""
        self.form.seed = seed
        self._follow()

    def add_gene(self, gene: str) -> None:
        """Name a gene to change; one that the model does not know is said."""
        self.form.add_gene(gene)
        self._follow()

    def remove_gene(self, gene: str) -> None:
        """Leave a gene as it is after all."""
        self.form.wishes.pop(gene, None)
        self._follow()

    def set_up(self) -> None:
        """Set scDiffusion as the model that is trained next."""
        self.session.model = MODEL

    def change_gene(self, gene: str, how: str = "", fold: float | None = None) -> None:
        """Do something else to a named gene; what is not given stays."""
        wish = self.form.wishes[gene]
        how, fold = how or wish.how, wish.fold if fold is None else fold
        self.form.wishes[gene] = replace(wish, how=how, fold=fold)
        self._follow()

    def watch(self, *, is_watched: bool) -> None:
        """Look what an edit would take only while someone looks."""
        self._is_watched = is_watched
        self._look()

    def close(self) -> None:
        """Listen and look no longer."""
        super().close()
        self._stop()

    # ---- what an edit would take -----------------------------------------------------------------

    def _look(self) -> None:
        """Ask the editor, in the background, whether it can be done, and at what cost."""
        asked = self.form.asked()
        if asked != self._about:
            self._about, self._cost, self._refusal = asked, None, ""
            self._stop()
        is_due = self._is_watched and not self.session.is_busy and self._looking is None
        if is_due and asked is not None and self._cost is None and not self._refusal:
            self._begin(asked)
        self.refresh()

    def _look_anew(self) -> None:
        """What the editor found meanwhile, it need not find again."""
        self._about = None
        self._look()

    def _begin(self, asked: Asked) -> None:
        model, adata = self.form.model, self.session.adata
        assert model is not None and adata is not None

        def looking() -> Generator[Progress, None, int]:
            yield Progress("look", 0, 1)
            editor, request = self._editor(asked, model, adata), asked.request(adata.obs_names, 1.0)
            editor.check(request)
            return editor.cost(request)

        job = Job(looking(), "Looking what an edit takes")
        job.finished.connect(lambda state: self._found(job, state), thread="current")
        self._looking = job.start()

    def _found(self, job: Job[int], state: JobState) -> None:
        if job is not self._looking:
            return  # something else is asked by now
        self._looking = None
        if state is JobState.DONE:
            self._cost = job.result
        else:
            self._refusal = in_words(job.error)
            if self._refusal == self.work.outcome.text:
                self.work.say(SILENT)  # the button says it
        self.refresh()

    def _stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _editor(self, asked: Asked, model: ScDiffusion, adata: AnnData) -> Editor:
        """The editor of a run, which keeps what it found, as long as the labels are the same."""
        from ..models.scdiffusion.editor import Editor

        if asked.editor not in self._editors:
            self._editors[asked.editor] = Editor(model, adata)
        return self._editors[asked.editor]

    # ---- within --------------------------------------------------------------------------------

    def _run_of(self, key: str) -> tuple[object, ...]:
        return began(self.session, key), id(self.session.models.get(key))

    def _filter(self) -> None:
        verdict = self.listed.name
        self.table.filter(self._text, **({"verdict": verdict} if verdict else {}))
        self.refresh()

    def _missing(self) -> str:
        return self.form.missing() or self._refusal

    def _follow(self) -> None:
        self.form.offer()
        self.answer.check()
        self._look()

    def _follow_display(self, names: frozenset[str]) -> None:
        if "picked" in names:
            self._follow()
        elif names & {"gene", "source", "column"}:
            self.refresh()

    def _forget(self) -> None:
        """Other data are open: their cells, genes and groups are not those that were named."""
        self._editors.clear()
        self.form.wishes, self.form.said = {}, SILENT
        for goal in self.form.goals:
            goal.forget()
        self._follow()

    def _take(self) -> None:
        """List and show what was found, or no longer."""
        found, display = self.answer.value, self.session.display
        frame = None if found is None else listed(found.judged)
        self.saving.say(SILENT)
        if frame is not None:
            n_genes = frame["verdict"].value_counts()
            every = Entry(f"All changed genes ({len(frame):,})", "")
            some = (Entry(f"{v.capitalize()} ({n_genes[v]:,})", v) for v in VERDICTS if n_genes[v])
            self.listed.offer([every, *some])
        self.table.show(frame)
        self.choose_listed(self.listed.name)
        with display.together():
            display.edited = found
            if frame is not None and len(frame):
                shown = display.gene if display.gene in frame.index else str(frame.index[0])
                self.show_gene(shown)
            elif display.source == EDITED:
                display.source = COUNTS
        self.refresh()

    def _resolve(self) -> EditState:
        session, found = self.session, self.answer.value
        work, display = self.work.state, session.display
        judged = None if found is None else found.judged
        is_shown = not display.column and drawable_source(session, display.source) == EDITED
        return EditState(
            is_ready=bool(self.form.run.name),
            has_no_model=session.adata is not None and not self.form.run.name,
            form=self.form.state(self.work.why_wait()),
            cost=self._cost_in_words() if work.is_enabled and not work.is_running else "",
            work=work,
            has_answer=judged is not None,
            asked=SILENT if judged is None else Message(judged.edit.notes[0]),
            facts=() if judged is None else facts(judged, session.place),
            doubt=SILENT if judged is None else doubt(judged),
            how="" if judged is None else "\n".join(judged.notes[1:]),
            listed=self.listed.menu(),
            gene=SILENT
            if found is None or not is_shown
            else on_gene(found, display.gene, session.contents),
            is_shown=is_shown,
            saving=self.saving.state,
        )

    def _cost_in_words(self) -> str:
        if self._cost is None:
            return "Looking what it takes…" if self._looking is not None else ""
        if self._cost == 0:
            return "This edit needs no training."
        record = self.session.contents.records.get(self.form.run.name)
        seconds = 0.0 if record is None else self._cost * _SHARE_OF_TRAINING * record.seconds
        lasting = f": {about(seconds)}" if seconds else ""
        return (
            f"The first edit of this kind trains {self._cost} small models, each without one "
            f"group, to know what can be believed{lasting}. Later ones are quick."
        )
