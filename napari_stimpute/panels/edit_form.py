"""What is asked of an edit: cells, what they are to become, how strongly, and by which method."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..session.session import Session
from ..words import counted
from .answer import stamp_of
from .edit_goal import NOTHING, Goal, GoalState
from .gene_search import GeneSearch
from .generators import MODEL
from .groups import column_entries, titled_groups
from .menu import LINE, Choice, Entry, Menu, entries
from .message import SILENT, Message, error

if TYPE_CHECKING:
    from ..models.scdiffusion.edit import EditRequest, GeneWish, Method
    from ..models.scdiffusion.model import ScDiffusion

PICKED, ALL = ":picked", ":all"
"""Names of the entries that stand for no column of obs."""
CONDITION, GENES = "condition", "genes"
FOLD = "fold"
ADVANCED = "Advanced"
"""Title of the fold that holds what is seldom changed."""

MOST = 2.0
"""Strength at most; 1 is the whole change."""
MOST_FOLD = 1000.0
MOST_SEED = 2**31 - 1

STRENGTH_HELP = (
    "0 returns the cells as they are, 1 is the whole predicted change. Beyond 1 nothing was "
    "measured, so that no gene is called reliable."
)
FOLD_HELP = "How many times its expected count each cell gets: 2 doubles it, 0 knocks it out."
SEED_HELP = "Another seed, another draw of the same edit."

_GOALS = (
    "A column that the model was conditioned on.",
    "Another column that is to change at once: real cells that are both tell the change.",
)
_WHAT = (
    Entry("Another condition", CONDITION, "Such as treated in place of untreated."),
    Entry("Genes changed", GENES, "Knocked out, over-expressed, or by a fold change."),
)
HOW = (
    Entry("Knock out", "knock-out", "No molecule of it is left."),
    Entry("Over-express", "over-expression", "To the level of its highest cells, at least twice."),
    Entry("Fold change", FOLD, FOLD_HELP),
)
_BLEND = Entry(
    "Blend of shifts",
    "blend",
    "Changes measured in other groups, weighted by how well they foretell groups that are left "
    "out in turn. Only this method has verdicts.",
)
_BY_DIFFUSION = (
    Entry("ODE inversion", "ode", "Each cell is led to noise, and back under what is asked."),
    Entry("SDEdit", "sdedit", "Each cell gets some noise, which is taken away as is asked."),
)
_BY_GENES = Entry("Led by the genes", "genes", "Other genes follow as far as they go along.")
_AUTOMATIC = Entry(
    "Automatic", "", "The model's other conditions; where it has none, its clusters."
)


@dataclass(frozen=True)
class Wish:
    """A gene, and what is to be done to it; ``fold`` counts only for a fold change."""

    gene: str
    how: str = HOW[0].name
    fold: float = 2.0


@dataclass(frozen=True)
class EditFormState:
    """What is set, as it is to be drawn.

    ``group`` has no entries where all of the cells are meant. ``goals`` are two conditions, the
    second of which may be left. ``said`` is what is wrong with a gene that was named.
    """

    run: Menu
    cells: Menu
    group: Menu
    what: Menu
    goals: tuple[GoalState, ...]
    wishes: tuple[Wish, ...]
    said: Message
    strength: float
    method: Menu
    groups: Menu
    seed: int


@dataclass(frozen=True)
class Asked:
    """What one edit is about, but for its strength; two of the same are equal.

    Parameters
    ----------
    editor : tells the run, and the labels that its editor reads, from any others
    mask : which cells, bool as bytes
    """

    key: str
    editor: tuple[object, ...]
    mask: bytes
    to: tuple[tuple[str, str | float], ...]
    genes: tuple[tuple[str, GeneWish], ...]
    method: Method
    groups: str
    seed: int

    def request(self, names: Iterable[str], strength: float) -> EditRequest:
        """For the editor; ``names`` are those of all cells."""
        from ..models.scdiffusion.edit import EditRequest

        chosen = np.frombuffer(self.mask, dtype=bool)
        cells = tuple(str(name) for name in np.asarray(names)[chosen])
        to, genes = dict(self.to), dict(self.genes)
        return EditRequest(cells, to, genes, strength, self.method, self.groups, self.seed)


class EditForm:
    """Keeps what was chosen, and offers what the data and the model hold."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.run = Choice("The trained scDiffusion model that edits.")
        self.cells = Choice("Which cells are edited: picked by hand, all, or a group.")
        self.group = Choice("The group whose cells are edited.")
        self.what = Choice("What is asked of the cells.", _WHAT)
        self.goals = tuple(map(Goal, _GOALS))
        self.method = Choice("How counts are changed.")
        self.groups = Choice("Groups of cells that may respond each in their own way.")
        self.wishes: dict[str, Wish] = {}
        self.strength, self.seed, self.said = 1.0, 0, SILENT
        self.search = GeneSearch()
        self._of: ScDiffusion | None = None
        self.offer()

    # ---- what is entered -----------------------------------------------------------------------

    def add_gene(self, gene: str) -> None:
        """Name a gene to change; one that the model does not know is said."""
        contents, self.said = self.session.contents, SILENT
        if gene in self.search:
            self.wishes.setdefault(gene, Wish(gene))
        elif self.session.adata is not None and gene in contents.genes:
            self.said = error(f"{gene} is not among the genes that this model learned.")
        else:
            self.said = error(self.search.unknown(gene))

    # ---- what is offered -----------------------------------------------------------------------

    @property
    def model(self) -> ScDiffusion | None:
        """The chosen model; None where there is none."""
        found = self.session.models.get(self.run.name)
        if found is None:
            return None  # nothing is imported before it is needed
        from ..models.scdiffusion.model import ScDiffusion

        return found if isinstance(found, ScDiffusion) else None

    def offer(self) -> None:
        """Offer what there is now; what was chosen stays where it is offered again."""
        session = self.session
        titles = session.contents.run_titles
        trained = [key for key, model in session.models.items() if model.name == MODEL]
        self.run.offer(Entry(titles.get(key, key), key) for key in reversed(trained))
        model = self.model
        if model is not self._of:
            self._of = model
            self.search = GeneSearch(
                () if model is None else model.var_names_, session.contents.gene_titles
            )
            self.wishes = {g: wish for g, wish in self.wishes.items() if g in self.search}
        if session.adata is None:
            return
        self._offer_cells()
        if model is None:
            return
        table = model.table_
        self.what.offer(_WHAT if table.names else _WHAT[1:])
        columns = entries((session.contents.column_title(c), c) for c in table.names)
        first, second = self.goals
        usual = next(reversed(table.labels), "")  # types are named first
        first.offer(session, table, self.mask(), columns, usual)
        others = [entry for entry in columns if entry.name != first.column.name]
        second.offer(session, table, self.mask(), [NOTHING, *others] if others else ())
        self.groups.offer([_AUTOMATIC, *column_entries(session)])
        by_condition = (_BLEND, *_BY_DIFFUSION)
        self.method.offer((_BY_GENES,) if self.what.name == GENES else by_condition)

    def _offer_cells(self) -> None:
        session, picked = self.session, self.session.display.picked
        assert session.adata is not None
        n_picked, place = 0 if picked is None else int(picked.sum()), session.place
        nobody = "" if n_picked else "None are picked: draw around some on the tissue or the map."
        by_hand = Entry(f"Picked by hand ({n_picked:,})", PICKED, why_not=nobody)
        every = Entry(f"All {counted(session.adata.n_obs, place)}", ALL)
        columns = [Entry(f"By {e.title}", e.name) for e in column_entries(session)]
        usual = PICKED if n_picked else ALL
        self.cells.offer([by_hand, every, *([LINE] if columns else []), *columns], usual)
        is_column = self.cells.name not in (PICKED, ALL)
        self.group.offer(titled_groups(session, self.cells.name) if is_column else ())

    def mask(self) -> NDArray[np.bool_] | None:
        """Which cells are to be edited, (n_obs,); None for none."""
        session, chosen = self.session, self.cells.name
        if session.adata is None:
            return None
        if chosen == PICKED:
            return session.display.picked
        if chosen == ALL:
            return np.ones(session.adata.n_obs, dtype=bool)
        codes, names, _colours = session.labels(chosen)
        if self.group.name not in names:
            return None
        found: NDArray[np.bool_] = codes == names.index(self.group.name)
        return found

    # ---- what is asked -------------------------------------------------------------------------

    def missing(self) -> str:
        """What has still to be chosen, in words; "" where all is."""
        if not self.run.name:
            return self._no_model()
        if self.mask() is None:
            return "Pick some cells first: draw around them on the tissue or on the map."
        if self.what.name == GENES and not self.wishes:
            return "Name a gene to change first."
        return ""

    def _no_model(self) -> str:
        is_known = any(r.model == MODEL for r in self.session.contents.records.values())
        if is_known:
            return (
                "The scDiffusion model of these data was not kept in the file: train it again, "
                "under Train, or open it where it was saved, under Generate."
            )
        return (
            "No scDiffusion model is trained yet. Under Train, choose scDiffusion and give it "
            "columns to condition on, such as cell type and treatment; or open a saved model, "
            "under Generate."
        )

    def asked(self) -> Asked | None:
        """What is set; None while something is missing."""
        if self.session.adata is None or self.missing():
            return None
        model, mask = self.model, self.mask()
        if model is None or mask is None:
            return None
        is_genes, groups = self.what.name == GENES, self.groups.name
        to = () if is_genes else tuple(wish for goal in self.goals for wish in goal.wish)
        genes = tuple((w.gene, _gene_wish(w)) for w in self.wishes.values()) if is_genes else ()
        return Asked(
            self.run.name,
            (id(model), *(stamp_of(self.session, c) for c in (*model.table_.labels, groups))),
            mask.tobytes(),
            to,
            genes,
            _method(self.method.name),
            groups,
            self.seed,
        )

    def state(self, why_not: str) -> EditFormState:
        """As it is to be drawn; ``why_not`` says why nothing can be chosen now."""
        is_genes, is_blend = self.what.name == GENES, self.method.name == "blend"
        others = "" if is_blend else "Only a blend of shifts goes by groups."
        return EditFormState(
            self.run.menu(why_not),
            self.cells.menu(why_not),
            self.group.menu(why_not),
            self.what.menu(why_not),
            tuple(goal.state(why_not) for goal in self.goals),
            tuple(self.wishes.values()) if is_genes else (),
            self.said if is_genes else SILENT,
            self.strength,
            self.method.menu(why_not),
            self.groups.menu(why_not or others),
            self.seed,
        )


def _gene_wish(wish: Wish) -> GeneWish:
    if wish.how == "knock-out":
        return "knock-out"
    return "over-expression" if wish.how == "over-expression" else wish.fold


def _method(name: str) -> Method:
    from ..models.scdiffusion.edit import METHODS

    return next(method for method in METHODS if method == name)
