"""What an edit comes down to in a file at hand; what cannot be done is refused in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...errors import InvalidSetting, MissingKey, TooSmall, UnknownName
from ..base import require
from .blend import FEWEST_CELLS
from .conditions import ConditionTable
from .edit import LARGEST_STRENGTH, METHODS, EditRequest, Method
from .standing import standing

GENE_WISHES = ("knock-out", "over-expression")
_LARGEST_FOLD = 1000.0
_UNTESTED = (
    "{:,} cells of these data are {}, and "
    f"{FEWEST_CELLS} are needed to learn a change from. Diffusion alone led the cells there; "
    "whether real ones would be like this could not be tested."
)


@dataclass(frozen=True, eq=False)
class Plan:
    """Which cells are edited how, and in a change of conditions from what to what.

    Attributes
    ----------
    rows : (n,), places in the file of the cells that are edited
    method : how; diffusion where a number was asked for that too few cells have
    labels : (n_obs,), what each cell is of the conditions; none where genes are edited
    column, source, target : the conditions, and two of these labels; "" where genes are edited.
        Only a blend has a source
    n_there : cells among those asked for that are the target already, and are left as they are
    notes : which cells stand for a number
    untested : why nothing of the change could be tried on real cells; "" where it can
    """

    rows: np.ndarray
    method: Method
    labels: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=object))
    column: str = ""
    source: str = ""
    target: str = ""
    n_there: int = 0
    notes: tuple[str, ...] = ()
    untested: str = ""


def planned(
    request: EditRequest,
    obs: pd.DataFrame,
    table: ConditionTable,
    genes: Sequence[str],
    likelihood: str,
) -> Plan:
    """Resolve a request, or say why it cannot be done.

    Parameters
    ----------
    request : what is asked
    obs : of the file
    table, genes, likelihood : of the model

    Raises
    ------
    InvalidSetting : a strength, method or fold out of range, or no counts are drawn by this model
    UnknownName, MissingKey, TooSmall : what is asked for is not there, or in too few cells
    """
    _check(request, likelihood)
    rows = _rows(request.cells, obs.index)
    if request.genes:
        _check_genes(request, genes)
        return Plan(rows, "genes")
    return _of_conditions(request, obs, table, rows)


def _of_conditions(
    request: EditRequest, obs: pd.DataFrame, table: ConditionTable, rows: np.ndarray
) -> Plan:
    table.asked(1, request.to)  # refuses what the model does not know
    found, column = standing(request.to, obs, table, rows), " and ".join(request.to)
    edited = rows[~found.is_there[rows]]
    if not len(edited):
        raise InvalidSetting(
            field="cells",
            expected=f"cells whose {column!r} is not {found.target!r} yet",
            found="none among those asked for",
            remedy="Take others, or choose another target.",
        )
    n_target, method, untested = int(found.is_there.sum()), request.method, ""
    if method == "blend" and n_target < FEWEST_CELLS:
        if not found.windows:
            raise TooSmall(
                expected=f"at least {FEWEST_CELLS} cells whose {column!r} is {found.target!r} in "
                "these data",
                found=f"{n_target}",
                remedy="Choose what more cells have; so few cannot tell a change from noise.",
            )
        method, untested = "ode", _UNTESTED.format(n_target, found.target)
    return Plan(
        edited,
        method,
        found.labels,
        column,
        _source(found.labels[edited], column, found.target) if method == "blend" else "",
        found.target,
        len(rows) - len(edited),
        found.windows and (*found.windows, f"In these data {n_target:,} cells are {found.target}."),
        untested,
    )


def _source(labels: np.ndarray, column: str, target: str) -> str:
    """What all of the cells are that are edited."""
    sources = np.unique(labels).tolist()
    if len(sources) > 1:
        raise InvalidSetting(
            field="cells",
            expected=f"cells of one label of {column!r} besides {target!r}",
            found=f"{', '.join(map(repr, sources[:4]))}",
            remedy="Edit the cells of one label at a time.",
        )
    return str(sources[0])


def _check(request: EditRequest, likelihood: str) -> None:
    require(
        likelihood == "nb",
        "likelihood",
        "nb, whose counts an edit can move",
        likelihood,
        "Peaks and other distributions cannot be edited; train on counts of genes with nb.",
    )
    if request.method not in METHODS:
        raise UnknownName.of("method of editing", request.method, METHODS)
    require(
        bool(request.to) != bool(request.genes),
        "to",
        "either a condition or genes to change",
        "both" if request.to else "neither",
        'Ask for one, such as {"condition": "stimulated"} or {"IFIT1": 2.0}.',
    )
    require(
        request.method != "genes" or bool(request.genes),
        "method",
        "blend, sdedit or ode for a condition",
        "genes",
        "Name genes to change, or choose another method.",
    )
    require(
        request.method in ("blend", "genes") or not request.genes,
        "method",
        "genes where genes are changed",
        request.method,
        "Leave the method out.",
    )
    require(
        math.isfinite(request.strength) and 0 <= request.strength <= LARGEST_STRENGTH,
        "strength",
        f"from 0 to {LARGEST_STRENGTH:g}",
        f"{request.strength}",
        "1 is the whole change; 0 returns the cells as they are.",
    )
    require(request.seed >= 0, "seed", "a whole number ≥ 0", f"{request.seed}", "Choose another.")


def _check_genes(request: EditRequest, genes: Sequence[str]) -> None:
    known = set(genes)
    for gene, wish in request.genes.items():
        if gene not in known:
            raise UnknownName.of("gene of this model", gene, genes)
        if isinstance(wish, str):
            if wish not in GENE_WISHES:
                raise UnknownName.of(f"way to change {gene}", wish, GENE_WISHES)
            continue
        require(
            math.isfinite(wish) and 0 <= wish <= _LARGEST_FOLD,
            "genes",
            f"a fold change from 0 to {_LARGEST_FOLD:,.0f} for {gene}",
            f"{wish}",
            "2 doubles a gene, 0 is a knock-out.",
        )


def _rows(cells: Sequence[str], names: pd.Index) -> np.ndarray:
    wanted = pd.Index(cells).unique()
    if not len(wanted):
        raise TooSmall(
            expected="at least one cell to edit", found="none", remedy="Pick some, and edit again."
        )
    places = names.get_indexer(wanted)
    missing = wanted[places < 0]
    if len(missing):
        raise MissingKey(
            expected="cells of these data",
            found=f"{len(missing):,} of {len(wanted):,} that are not, such as {missing[0]!r}",
            remedy="Were other data opened since they were picked? Pick cells of these.",
        )
    return np.sort(places)
