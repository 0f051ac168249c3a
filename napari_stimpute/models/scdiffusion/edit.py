"""What is asked of an edit, and what it gives: plain data, without a toolkit or a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ... import keys
from ...data.components import principal_components
from ...data.counts import depth_of
from ...errors import UnknownName
from .blend import Evidence
from .marks import mark
from .shifts import logged

if TYPE_CHECKING:
    from anndata import AnnData

Method = Literal["blend", "sdedit", "ode", "genes"]
METHODS: tuple[Method, ...] = ("blend", "sdedit", "ode", "genes")

GeneWish = float | Literal["knock-out", "over-expression"]
"""A fold change, ≥ 0, or what is usually done to a gene."""

LARGEST_STRENGTH = 2.0

_N_COMPONENTS = 30
_MOST_COMPARED = 1000


@dataclass(frozen=True)
class EditRequest:
    """What is asked: cells, and either a condition or genes.

    Attributes
    ----------
    cells : names of the cells in obs
    to : columns of obs that the model was conditioned on, and the label (or number) each is to have
    genes : fold change of each gene that is to change, or "knock-out", "over-expression"
    strength : from 0, the input bit for bit, over 1 to `LARGEST_STRENGTH`
    method : how; with genes always "genes"
    groups : column of obs whose groups may respond in their own way; "" for the model's other
        conditions, or where there are none its clusters
    seed : of everything random
    """

    cells: tuple[str, ...]
    to: Mapping[str, str | float] = field(default_factory=dict)
    genes: Mapping[str, GeneWish] = field(default_factory=dict)
    strength: float = 1.0
    method: Method = "blend"
    groups: str = ""
    seed: int = 0

    @property
    def asked(self) -> str:
        """In words: "condition: stimulated", or "CD3D: knock-out, IFIT1: × 2"."""
        wishes = {g: w if isinstance(w, str) else f"× {w:g}" for g, w in self.genes.items()}
        return ", ".join(f"{name}: {wish}" for name, wish in {**self.to, **wishes}.items())


@dataclass(frozen=True)
class Distance:
    """How far cells lie from real ones of the target population.

    Attributes
    ----------
    before, after : energy distance in principal components, of the input and of the edited cells
    n_real : real cells of the target population
    """

    before: float
    after: float
    n_real: int

    @classmethod
    def of(cls, before: sp.csr_matrix, after: sp.csr_matrix, real: sp.csr_matrix) -> Distance:
        """From log values (n, n_genes) each; of each kind at most a thousand cells are compared."""
        rng = np.random.default_rng(0)
        chosen = [
            m[np.sort(rng.permutation(m.shape[0])[:_MOST_COMPARED])] for m in (before, after, real)
        ]
        space = principal_components(sp.vstack([chosen[0], chosen[2]]).tocsr(), _N_COMPONENTS, 0)
        start, edited, goal = (space.project(m) for m in chosen)
        return cls(_energy(start, goal), _energy(edited, goal), real.shape[0])


@dataclass(frozen=True, eq=False)
class Edit:
    """Cells as they might be, were something otherwise: a hypothesis, and no measurement.

    Attributes
    ----------
    request : what was asked
    provenance : of the model: its name and settings, and what it was trained on
    obs : of the edited cells, as they came
    genes : modelled genes
    before, after : (n_cells, n_genes), counts
    depth : molecules per cell that log values are scaled to
    predicted : groups × genes, predicted changes of mean log values at strength 1; None where the
        method has none
    distance : to real cells of the target; None where there are none
    reconstruction : root mean square over genes of what the model itself, asked for no change,
        changes in the mean log values
    round_trip : for "ode", by how much points led to noise and back miss themselves, in latent
        standard deviations
    notes : what was done and what is known of it, as sentences
    evidence : what left-out groups say of the method; None where it was not asked
    untested : why they could not be asked, though they were to be; "" otherwise
    """

    request: EditRequest
    provenance: Mapping[str, object]
    obs: pd.DataFrame
    genes: list[str]
    before: sp.csr_matrix
    after: sp.csr_matrix
    depth: float
    predicted: pd.DataFrame | None
    distance: Distance | None
    reconstruction: float
    round_trip: float | None
    notes: tuple[str, ...]
    evidence: Evidence | None
    untested: str = ""

    @property
    def change(self) -> np.ndarray:
        """Change of each gene's mean log value, (n_genes,)."""
        before, after = (_mean_log(m, self.depth) for m in (self.before, self.after))
        found: np.ndarray = after - before
        return found

    def changed(self, gene: str) -> np.ndarray:
        """Change of a gene's log value in each cell, (n_cells,)."""
        if gene not in self.genes:
            raise UnknownName.of("modelled gene", gene, self.genes)
        column = self.genes.index(gene)
        before, after = (_log_values(m, column, self.depth) for m in (self.before, self.after))
        found: np.ndarray = after - before
        return found

    def table(self) -> pd.DataFrame:
        """Genes whose counts changed, by mean log values before and after; largest change first."""
        before, after = (_mean_log(m, self.depth) for m in (self.before, self.after))
        frame = pd.DataFrame(
            {"before": before, "after": after, "change": after - before},
            index=pd.Index(self.genes, name="gene"),
        )
        is_edited = abs(self.after - self.before).getnnz(axis=0) > 0
        order = np.argsort(-np.abs(frame["change"].to_numpy()), kind="stable")
        found: pd.DataFrame = frame.iloc[order[is_edited[order]]]
        return found

    def as_anndata(self) -> AnnData:
        """Edited cells, marked as such, with their counts before in a layer."""
        from anndata import AnnData

        made = AnnData(
            self.after, obs=self.obs.copy(), var=pd.DataFrame(index=pd.Index(self.genes))
        )
        made.layers[keys.BEFORE_EDIT] = self.before
        request = self.request
        mark(
            made,
            "edited",
            {
                "what": keys.HYPOTHESIS,
                **self.provenance,
                "asked": request.asked,
                "strength": request.strength,
                "method": request.method,
                "seed": request.seed,
                "notes": list(self.notes),
            },
        )
        return made


def _log_values(counts: sp.csr_matrix, column: int, depth: float) -> np.ndarray:
    seen = counts[:, [column]].toarray().ravel().astype(np.float64)
    found: np.ndarray = np.log1p(seen * depth / np.maximum(depth_of(counts), 1.0))
    return found


def _mean_log(counts: sp.csr_matrix, depth: float) -> np.ndarray:
    return np.asarray(logged(counts, depth).mean(axis=0)).ravel()


def _energy(one: np.ndarray, other: np.ndarray) -> float:
    from sklearn.metrics import pairwise_distances

    between = 2 * pairwise_distances(one, other).mean()
    return float(between - pairwise_distances(one).mean() - pairwise_distances(other).mean())
