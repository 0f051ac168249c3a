"""Which trained model generates: one choice of a run for all sections of the tab Generate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import keys
from ..errors import StimputeError
from ..session.models import from_folders
from ..session.session import Session
from ..words import counted
from .groups import newest_first
from .menu import Choice, Entry, Menu, entries
from .message import SILENT, Message
from .panel import Panel

if TYPE_CHECKING:
    from ..models.scdiffusion.model import ScDiffusion

MODEL = "scdiffusion"
"""The model that generates cells."""

HYPOTHESIS = f"{keys.HYPOTHESIS.capitalize()}: generated, not measured."
"""Said wherever generated cells are shown."""

SET_UP = "Set up scDiffusion in Train"
SET_UP_HELP = "Choose scDiffusion in Train; its settings say by which columns cells are asked for."
_NO_MODEL = (
    "No model here generates cells yet. Train scDiffusion first, with a condition, the column by "
    "which cells are asked for{example}, or open a saved model. A run that was read from a file "
    "has no model with it."
)


@dataclass(frozen=True)
class GeneratorsState:
    """The menu of runs; ``nothing`` says why there is none, and what to do."""

    run: Menu
    nothing: Message


class Generators(Panel[GeneratorsState]):
    """A menu of the runs whose model generates: the newest, until someone chooses."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.choice = Choice("The trained model that generates.")
        events = session.events
        self.follow(events.contents, events.adata, events.job, events.models)
        self.refresh()

    def choose(self, key: str) -> None:
        """Let the model of another run generate."""
        self.choice.choose(key)
        self.refresh()

    def set_up(self) -> None:
        """Set scDiffusion as the model that is trained next."""
        self.session.model = MODEL

    @property
    def key(self) -> str:
        """Key of the chosen run; "" if there is none."""
        return self.choice.name

    @property
    def model(self) -> ScDiffusion | None:
        """The chosen run's model."""
        found = self.session.models.get(self.key)
        if found is None:
            return None
        from ..models.scdiffusion.model import ScDiffusion  # torch: there is a model, so it is here

        return found if isinstance(found, ScDiffusion) else None

    def missing(self) -> str:
        """Why nothing can be generated, in words; "" where it can."""
        if self.session.adata is None:
            return "Open data first."
        model = self.model
        if model is None:
            return "Train scDiffusion first, or open a saved model."
        try:
            _ = model.generator
        except StimputeError as problem:
            return str(problem)
        return ""

    def _resolve(self) -> GeneratorsState:
        session = self.session
        trained = {key for key, model in session.models.items() if model.name == MODEL}
        here = entries(pair for pair in newest_first(session) if pair[1] in trained)
        self.choice.offer([*here, *(Entry(key, key) for key in from_folders(session.models))])
        is_open = session.adata is not None
        nothing = Message(self._no_model()) if is_open and not self.key else SILENT
        return GeneratorsState(self.choice.menu(session.wait or self.missing()), nothing)

    def _no_model(self) -> str:
        contents = self.session.contents
        made_here = {keys.cluster(key) for key in contents.records}
        columns = (column for column in contents.columns if column not in made_here)
        example = next(columns, "")
        return _NO_MODEL.format(example=f" (here for example “{example}”)" if example else "")


def unreadable(session: Session, model: ScDiffusion) -> str:
    """Why a model cannot read the counts of the open data, in words; "" where it can."""
    adata, names = session.adata, model.var_names_
    if adata is None:
        return "Open data first."
    known = set(adata.var_names)
    missing = [name for name in names if name not in known]
    if len(missing) == len(names):
        return (
            f"None of the model's {len(names):,} genes ({_some(names)}) is in these data "
            f"({_some(list(adata.var_names))}): are they named alike?"
        )
    if missing:
        others = set() if adata.raw is None else set(adata.raw.var_names)
        n_raw = len(others.intersection(missing))
        hint = f" {n_raw:,} of them are in raw: model all genes, under Data." if n_raw else ""
        return (
            f"{len(missing):,} of the model's {len(names):,} genes are not in these data "
            f"({_some(missing)}).{hint}"
        )
    return ""


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def sized(session: Session, column: str, labels: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Of each label of a column: a title that tells its size, and how many of the cells have it."""
    adata, sizes = session.adata, dict[str, int]()
    if adata is not None and column in adata.obs:
        found = adata.obs[column].value_counts()
        sizes = dict(zip(map(str, found.index), map(int, found), strict=True))
    known = {label: sizes.get(label, 0) for label in labels}
    return {label: (f"{label} ({counted(n, 'cell')})", n) for label, n in known.items()}
