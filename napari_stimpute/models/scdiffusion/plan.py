"""What an edit comes down to in a file at hand; what cannot be done is refused in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...errors import InvalidSetting, MissingKey, TooSmall, UnknownName
from ..base import require
from .blend import FEWEST_CELLS
from .conditions import ConditionTable
from .edit import LARGEST_STRENGTH, METHODS, EditRequest

GENE_WISHES = ("knock-out", "over-expression")
_LARGEST_FOLD = 1000.0
UNNAMED = "unnamed"
"""Group of cells whose column is empty."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Which cells are edited, and in a change of condition from what to what.

    Attributes
    ----------
    rows : (n,), places in the file of the cells that are edited
    column, source, target : of the condition; "" where genes are edited, or for a number
    n_there : picked cells that are what is asked already, and are left as they are
    """

    rows: np.ndarray
    column: str = ""
    source: str = ""
    target: str = ""
    n_there: int = 0


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
        return Plan(rows)
    ((column, wish),) = request.to.items()
    if column not in table.names:
        raise UnknownName.of("condition of this model", column, table.names)
    if column in table.values:
        require(
            request.method != "blend",
            "method",
            "sdedit or ode where a condition is a number",
            "blend",
            "A blend needs labels to compare groups by.",
        )
        table.asked(1, request.to)  # refuses what is no number
        return Plan(rows)
    return _of_labels(request, obs, table, rows, column, str(wish))


def _of_labels(
    request: EditRequest,
    obs: pd.DataFrame,
    table: ConditionTable,
    rows: np.ndarray,
    column: str,
    target: str,
) -> Plan:
    if target not in table.labels[column]:
        raise UnknownName.of(
            f"label of {column!r} that was seen in training", target, table.labels[column]
        )
    if column not in obs:
        raise MissingKey(
            expected=f"the column {column!r} in obs, which the model was trained on",
            found=f"columns {list(obs.columns)}",
            remedy="Open the data that the model was trained on.",
        )
    labels = text_of(obs[column])
    n_target = int((labels == target).sum())
    if request.method == "blend" and n_target < FEWEST_CELLS:
        raise TooSmall(
            expected=f"at least {FEWEST_CELLS} cells whose {column!r} is {target!r} in these data",
            found=f"{n_target}",
            remedy="Choose a label that more cells have; so few cannot tell a change from noise.",
        )
    edited = rows[labels[rows] != target]
    if not len(edited):
        raise InvalidSetting(
            field="cells",
            expected=f"cells whose {column!r} is not {target!r} yet",
            found="none that were picked",
            remedy="Pick others, or choose another target.",
        )
    sources = np.unique(labels[edited]).tolist()
    if len(sources) > 1:
        raise InvalidSetting(
            field="cells",
            expected=f"cells of one label of {column!r} besides {target!r}",
            found=f"{', '.join(map(repr, sources[:4]))}",
            remedy="Edit the cells of one label at a time.",
        )
    return Plan(edited, column, sources[0], target, len(rows) - len(edited))


def text_of(column: pd.Series) -> np.ndarray:
    """Labels of a column of obs as text, (n,); `UNNAMED` where there is none."""
    named = column.astype(object).where(column.notna(), UNNAMED)
    return np.array([str(name) for name in named], dtype=object)


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
        len(request.to) <= 1,
        "to",
        "one condition at a time",
        f"{len(request.to)}",
        "Edit by one, then the result by the other.",
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
