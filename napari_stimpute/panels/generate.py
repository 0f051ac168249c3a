"""Cells that a trained model is asked for, and at once how far they can be told from real ones."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, get_args

from ..errors import StimputeError
from ..job import Job
from ..plots.saving import SCREEN_DPI, png_of
from ..progress import Progress
from ..session.session import Session
from .figures import Drawn, Figures
from .generators import Generators, sized
from .making import MakingPanel
from .menu import Choice, Entry, Menu
from .message import SILENT, Message, warning
from .realism import score_rows
from .table import Cell
from .work import WorkState

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.figure import Figure

    from ..generate import Generated, Order

EXPLAINED = (
    "Draws new cells of the types and conditions that you ask for, and holds them at once against "
    "real cells that the model never saw, beside simple ways to make cells."
)
N, STEPS, SAMPLER, SEED, ADVANCED = "Cells", "Steps", "Sampler", "Seed", "Advanced"
"""Titles of the options, and of the fold that holds all but the first."""

N_HELP = "How many cells are generated; from 40 on they are judged."
STEPS_HELP = "Steps from noise to a cell. More are slower, and beyond some 25 seldom better."
SEED_HELP = "The same seed gives the same cells."
GUIDANCE = "Guidance"
"""Title over how strongly each condition is followed."""

GUIDANCE_HELP = (
    "how strongly this condition is followed. 1: as it was learned. More exaggerates what is "
    "particular to it; 0 does not heed it."
)
NUMBER_HELP = "a number in the units of the data; empty: any, as often as in training."
LARGER = "Larger figure"
FIGURE_HELP = "The same figure larger, to be saved as PNG, PDF or SVG."
ANY = Entry("Any", "", "As often as in training.")

MOST_CELLS, MOST_STEPS, MOST_GUIDANCE, MOST_SEED = 1_000_000, 1000, 10.0, 2**31 - 1

_METHODS = (
    Entry("Heun", "heun", "An ordinary differential equation, two looks per step: the usual one."),
    Entry("DDIM", "ddim", "The same path, one look per step: twice as fast, a little coarser."),
    Entry("Euler–Maruyama", "euler_maruyama", "Noise is added on the way; needs 100 steps."),
    Entry("Predictor–corrector", "predictor_corrector", "Noise on the way, and corrections."),
)
_UNCONDITIONAL = (
    "This model was trained without conditions: it can only be asked for cells like all of them."
)
_SMALL, _LARGE = 3.7, 8.0
"""Inches of the figure in the panel, and in a window or file."""

_LONGEST = 16
"""Letters of a condition's name beside its control; all of it is in the control's tooltip."""

_FINE = 2
"""Pixels of the figure for each of the panel, so that fine screens show it sharp."""


@dataclass(frozen=True)
class Options:
    """What is asked for beside conditions."""

    n: int = 500
    n_steps: int = 25
    seed: int = 0


@dataclass(frozen=True)
class Condition:
    """A condition of the model: a menu of labels, or a text for a number, "" for any.

    ``usual`` stands where no number was entered.
    """

    name: str
    guidance: float
    menu: Menu | None = None
    text: str = ""
    usual: str = ""

    @property
    def title(self) -> str:
        """The name, as far as there is room for it."""
        return self.name if len(self.name) <= _LONGEST else f"{self.name[: _LONGEST - 1]}…"


@dataclass(frozen=True)
class GenerateState:
    """What the section shows.

    ``about`` says why there are no conditions; ``no_options`` says why nothing can be set, and
    ``wait`` why nothing can be done with an answer. ``verdict`` says whether the cells, and those
    of simple ways, are told from real ones, ``doubts`` what else speaks against them; ``picture``
    is a PNG.
    """

    conditions: tuple[Condition, ...]
    about: Message
    options: Options
    method: Menu
    no_options: str
    work: WorkState
    has_answer: bool
    notes: Message
    verdict: Message
    doubts: Message
    rows: tuple[tuple[Cell, ...], ...]
    picture: bytes
    wait: str
    saved: Message


class Made(NamedTuple):
    """What came of an order, its figure (PNG; b"" where it was not judged), and by which run."""

    found: Generated
    picture: bytes
    run: str


class GeneratePanel(MakingPanel[GenerateState, Made]):
    """Takes an order, has the cells made and judged, and keeps them in a file of their own."""

    _doing = "Generating cells"

    def __init__(self, session: Session, generators: Generators) -> None:
        self.options = Options()
        self.method = Choice("How a cell is found from noise.", _METHODS)
        self._labels = dict[str, Choice]()
        self._numbers = dict[str, str]()
        self._guidance = dict[str, float]()
        super().__init__(
            session,
            generators,
            owner="generate",
            title="Generate",
            help="Draw these cells, and hold them against real ones. All else stays usable.",
            ending="generated",
        )
        self.figures = Figures(self.work)

    # ---- actions -------------------------------------------------------------------------------

    def choose_label(self, column: str, name: str) -> None:
        """Ask for a label of a condition; "" leaves it open."""
        self._labels[column].choose(name)
        self.refresh()

    def enter_number(self, column: str, text: str) -> None:
        """Ask for a number of a condition; "" leaves it open."""
        self._numbers[column] = text
        self.refresh()

    def choose_guidance(self, column: str, guidance: float) -> None:
        """Follow a condition more or less strongly."""
        self._guidance[column] = guidance
        self.refresh()

    def choose_method(self, name: str) -> None:
        """Sample in another way."""
        self.method.choose(name)
        self.refresh()

    def set_options(self, options: Options) -> None:
        """Set how many cells are made, and how."""
        self.options = options
        self.refresh()

    def draw_figure(self, ratio: float = 1.0) -> Job[Drawn] | None:
        """Draw the figure for a window of its own."""
        made = self.answer.value
        if made is None or made.found.judged is None:
            return None
        draw = partial(_figure, made.found, _LARGE)
        return self.figures.draw("Real and generated cells", draw, ratio)

    @property
    def made(self) -> AnnData | None:
        """The cells that were generated; None where none were."""
        return None if self.answer.value is None else self.answer.value.found.adata

    # ---- within --------------------------------------------------------------------------------

    def _steps(self) -> Generator[Progress, None, Made] | None:
        from ..generate import generation_steps

        model = self.generators.model
        if model is None or self._missing():
            return None
        order, adata = self.order, self.session.adata
        title = self.generators.now.run.title

        def making() -> Generator[Progress, None, Made]:
            found = yield from generation_steps(model, order, adata)
            yield Progress("draw", 0, 1, message="Drawing the figure")
            return Made(found, _thumbnail(found), title)

        return making()

    def _offer(self) -> None:
        """Ask for what the chosen model knows; an answer of a run that was trained anew goes."""
        model = self.generators.model
        labels = {} if model is None else model.table_.labels
        for column, names in labels.items():
            choice = self._labels.setdefault(column, Choice(f"{column} of the cells."))
            known = sized(self.session, column, names)
            choice.offer([ANY, *(Entry(title, name) for name, (title, _n) in known.items())])
        self.answer.check()
        self.refresh()

    @property
    def order(self) -> Order:
        """What is asked for."""
        from ..generate import Order
        from ..nn.sampling import Method

        model, options = self.generators.model, self.options
        names = () if model is None else model.table_.names
        wishes = {name: self._wish(name) for name in names}
        return Order(
            options.n,
            {name: wish for name, wish in wishes.items() if wish},
            {name: self._guidance.get(name, 1.0) for name in names},
            next(method for method in get_args(Method) if method == self.method.name),
            options.n_steps,
            options.seed,
        )

    def _wish(self, column: str) -> str:
        """The label or number that is asked for; "" for any."""
        chosen = self._labels.get(column)
        return self._numbers.get(column, "").strip() if chosen is None else chosen.name

    def _missing(self) -> str:
        """Why nothing can be generated as it is set, in words; "" where it can."""
        reason, model = self.generators.missing(), self.generators.model
        if reason or model is None:
            return reason
        from ..generate import check_order

        try:
            check_order(model, self.order)
        except StimputeError as problem:
            return str(problem)
        return ""

    def _resolve(self) -> GenerateState:
        made, wait = self.answer.value, self.work.why_wait()
        found = None if made is None else made.found
        judged = None if found is None else found.judged
        return GenerateState(
            conditions=self._conditions(wait),
            about=self._about(),
            options=self.options,
            method=self.method.menu(wait or self.generators.missing()),
            no_options=wait or self.generators.missing(),
            work=self.work.state,
            has_answer=found is not None,
            notes=SILENT if made is None else self._notes(made),
            verdict=SILENT if judged is None else Message("\n".join(judged.sentences[:2])),
            doubts=warning("" if judged is None else "\n".join(judged.sentences[2:])),
            rows=() if judged is None else score_rows(judged.scores),
            picture=b"" if made is None else made.picture,
            wait=wait,
            saved=self.file.saved,
        )

    def _notes(self, made: Made) -> Message:
        """What was made, and of several models by which."""
        by = [f"By {made.run}."] if len(self.generators.now.run.entries) > 1 else []
        return Message("\n".join([*made.found.notes, *by]))

    def _conditions(self, wait: str) -> tuple[Condition, ...]:
        model = self.generators.model
        if model is None:
            return ()
        made = []
        for name in model.table_.names:
            guidance = self._guidance.get(name, 1.0)
            if name in model.table_.labels:
                made.append(Condition(name, guidance, self._labels[name].menu(wait)))
            else:
                mean, spread = model.table_.values[name]
                usual = f"Any; in training {mean:.3g} ± {spread:.2g}"
                made.append(Condition(name, guidance, None, self._numbers.get(name, ""), usual))
        return tuple(made)

    def _about(self) -> Message:
        model = self.generators.model
        return SILENT if model is None or model.table_.names else Message(_UNCONDITIONAL)


def _thumbnail(found: Generated) -> bytes:
    """The figure as small as the panel is; nothing where cells were not judged."""
    return b"" if found.judged is None else png_of(_figure(found, _SMALL), _FINE * SCREEN_DPI)


def _figure(found: Generated, size: float) -> Figure:
    from ..plots.generated import real_and_generated

    assert found.judged is not None
    pictures = found.judged.pictures
    return real_and_generated(
        (pictures.real, pictures.made),
        pictures.means,
        pictures.zeros,
        pictures.correlations,
        title=found.notes[0].removesuffix("."),
        size=size,
    )
