"""The open data made fuller by a trained model: more cells of a rare label, depth, less noise."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..progress import Progress
from ..session.session import Session
from .generators import Generators, sized, unreadable
from .making import MakingPanel
from .menu import Choice, Entry, Menu, entries
from .message import SILENT, Message
from .work import WorkState

if TYPE_CHECKING:
    from anndata import AnnData

    from ..models.scdiffusion.enhance import Enhanced

EXPLAINED = (
    "Makes the open data fuller: more cells of a rare label, more depth, or less noise. What was "
    "measured stays as it is; what is added stands beside it, and is marked."
)
RAISE, DEEPEN, DENOISE = "raise", "deepen", "denoise"
_KINDS = (
    Entry("More cells of a label", RAISE, "Generated cells are added to the measured ones."),
    Entry("More depth", DEEPEN, "Likely molecules are drawn beside the measured ones, in a layer."),
    Entry("Less noise", DENOISE, "One small step towards likely cells, in a layer."),
)
KIND, COLUMN, LABEL, N, FACTOR, TIME = "What", "Column", "Label", "Cells", "Times deeper", "Noise"
"""Titles of the controls."""

N_HELP = "How many cells of the label there are to be, with the measured ones."
FACTOR_HELP = "How many times as many molecules each cell is to have."
TIME_HELP = "How much of each cell is taken for noise: the more, the smoother. 0.05 is usual."
FACTORS, TIMES, MOST_CELLS = (1.1, 10.0), (0.01, 0.2), 1_000_000
"""Least and most of what can be set."""


@dataclass(frozen=True)
class Amounts:
    """How many cells there are to be, how much deeper, and how much noise is taken for granted."""

    n: int = 200
    factor: float = 2.0
    time: float = 0.05


@dataclass(frozen=True)
class EnhanceState:
    """What the section shows.

    ``no_options`` says why nothing can be set, and ``wait`` why nothing can be done with an answer.
    """

    kind: Menu
    column: Menu
    label: Menu
    amounts: Amounts
    no_options: str
    work: WorkState
    has_answer: bool
    said: Message
    wait: str
    saved: Message


class EnhancePanel(MakingPanel[EnhanceState, "Enhanced"]):
    """Adds to the open data what the chosen model makes likely, and says what it added."""

    _doing = "Enhancing data"

    def __init__(self, session: Session, generators: Generators) -> None:
        self.amounts = Amounts()
        self.kind = Choice("What is to be added.", _KINDS)
        self.column = Choice("The condition of which a label is rare.")
        self.label = Choice("The label of which there are to be more cells.")
        super().__init__(
            session,
            generators,
            owner="enhance",
            title="Enhance",
            help="Add this to a copy of the open data. All else stays usable.",
            ending="enhanced",
        )

    # ---- actions -------------------------------------------------------------------------------

    def choose_kind(self, name: str) -> None:
        """Add something else."""
        self.kind.choose(name)
        self.refresh()

    def choose_column(self, name: str) -> None:
        """Choose among the labels of another condition."""
        self.column.choose(name)
        self._offer()

    def choose_label(self, name: str) -> None:
        """Add cells of another label."""
        self.label.choose(name)
        self.refresh()

    def set_amounts(self, amounts: Amounts) -> None:
        """Add more, or less."""
        self.amounts = amounts
        self.refresh()

    @property
    def made(self) -> AnnData | None:
        """The data with something added; None where nothing was."""
        return None if self.answer.value is None else self.answer.value.adata

    # ---- within --------------------------------------------------------------------------------

    def _steps(self) -> Generator[Progress, None, Enhanced] | None:
        model, adata, amounts = self.generators.model, self.session.adata, self.amounts
        if model is None or adata is None or self._missing():
            return None
        from ..models.scdiffusion.enhance import deepen_steps, denoise_steps, raise_steps

        if self.kind.name == DEEPEN:
            return deepen_steps(model, adata, amounts.factor)
        if self.kind.name == DENOISE:
            return denoise_steps(model, adata, time=amounts.time)
        return raise_steps(model, adata, self.column.name, self.label.name, amounts.n)

    def _offer(self) -> None:
        """Offer the labels that the chosen model knows, the rarest first."""
        model = self.generators.model
        labels = {} if model is None else model.table_.labels
        self.column.offer(entries((name, name) for name in labels))
        known = sized(self.session, self.column.name, labels.get(self.column.name, ()))
        self._there = {name: n for name, (_title, n) in known.items()}
        rarest = sorted(known, key=lambda name: known[name][1])
        self.label.offer(entries((known[name][0], name) for name in rarest))
        self.answer.check()
        self.refresh()

    def _missing(self) -> str:
        """Why nothing can be added as it is set, in words; "" where it can."""
        reason, model = self.generators.missing(), self.generators.model
        if reason or model is None:
            return reason
        if lacking := unreadable(self.session, model):
            return lacking
        if self.kind.name != RAISE:
            return ""
        if not self.column.name:
            return "This model was trained without labels: it cannot be asked for one."
        there = self._there[self.label.name]
        if self.amounts.n <= there:
            return f"There are {there:,} cells of “{self.label.name}” already: ask for more."
        return ""

    def _resolve(self) -> EnhanceState:
        made, wait = self.answer.value, self.work.why_wait()
        why_not = wait or self.generators.missing()
        return EnhanceState(
            kind=self.kind.menu(why_not),
            column=self.column.menu(why_not),
            label=self.label.menu(why_not),
            amounts=self.amounts,
            no_options=why_not,
            work=self.work.state,
            has_answer=made is not None,
            said=SILENT if made is None else Message("\n".join(made.sentences)),
            wait=wait,
            saved=self.file.saved,
        )
