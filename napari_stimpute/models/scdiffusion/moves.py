"""How counts of cells move: by a blend of predicted changes, by diffusion, or led by genes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import Tensor

from ...data.counts import depth_of
from ...data.records import fingerprint
from ...errors import NotFitted
from ...nn.denoising import Conditions, Denoiser
from ..diffusion_config import ScDiffusionConfig
from .blend import DEPTH, Evidence, Sample, drawn_mean, moved_rates, predict
from .coder import Coder
from .conditions import ConditionTable
from .edit import EditRequest, GeneWish
from .landing import Landing, Rates, mean_log
from .latents import Space
from .paths import Paths
from .plan import Plan
from .shifts import Tuned
from .trained_on import TrainedOn
from .training import Network, log_depth, process_of

if TYPE_CHECKING:
    from anndata import AnnData

_MOST_LANDED = 2000
"""Cells with which factors of genes are found; they hold for all."""
_MOST_RECONSTRUCTED = 200
_MOST_FOR_LEVEL = 2000
_OVER_EXPRESSED = 0.95
"""Quantile of a gene's expected level to which it is over-expressed; at least doubled."""
_LEAST_FOLD = 0.05
"""Fold change down to which the other genes are led along."""


class EditedModel(Protocol):
    """What an editor needs of a trained model."""

    settings_: ScDiffusionConfig
    network_: Network
    table_: ConditionTable
    denoiser_: Denoiser
    space_: Space
    median_depth_: float
    gene_scale_: np.ndarray
    var_names_: list[str]
    trained_on_: TrainedOn
    seed_: int
    device_: str

    @property
    def provenance(self) -> dict[str, object]:
        """Which model it is, and what it learned from."""
        ...

    def read(self, adata: AnnData) -> sp.csr_matrix:
        """Counts of the modelled genes, in their order, (n_obs, n_genes)."""
        ...

    def cluster(self, adata: AnnData) -> np.ndarray:
        """Cluster of each cell, from 0."""
        ...


@dataclass(frozen=True, eq=False)
class Subject:
    """Cells of a file, as a model sees them.

    Attributes
    ----------
    counts : (n_obs, n_genes)
    coder : the model's autoencoder
    is_own : whether these are the data that the model learned from
    """

    model: EditedModel
    adata: AnnData
    counts: sp.csr_matrix
    coder: Coder
    is_own: bool

    @classmethod
    def of(cls, model: EditedModel, adata: AnnData) -> Subject:
        """Raises as the model does where its genes are not there."""
        coder = Coder(model.network_, model.median_depth_, model.gene_scale_)
        counts = model.read(adata)
        is_own = fingerprint(counts) == model.trained_on_.fingerprint
        return cls(model, adata, counts, coder, is_own)

    def reconstruction(self, rows: np.ndarray) -> float:
        """Root mean square over genes of what the model changes in mean log values, unasked."""
        counts = self.counts[rows[:_MOST_RECONSTRUCTED]]
        rates = self.coder.rates(self.coder.latent(counts), counts)
        missed = drawn_mean(rates, self.coder.theta) - mean_log(counts.toarray(), DEPTH)
        return float(np.sqrt(np.square(missed).mean()))

    def paths(self) -> Paths:
        """Where the model's diffusion leads.

        Raises
        ------
        NotFitted : training was stopped before the denoiser had begun
        """
        if not hasattr(self.model, "denoiser_"):
            raise NotFitted(
                expected="a trained denoiser",
                found="training that was stopped before it had begun",
                remedy="Train again, to the end, or choose the method blend.",
            )
        space = self.model.space_
        return Paths(self.model.denoiser_, process_of(self.model.settings_, space), space)

    def log_depth(self, rows: np.ndarray) -> np.ndarray:
        """Logarithm of size factors, (n,), at the depths that the denoiser learned."""
        model = self.model
        size = depth_of(self.counts[rows]) * model.trained_on_.kept_share / model.median_depth_
        return log_depth(torch.from_numpy(size)).numpy()

    def conditions(self, rows: np.ndarray) -> Conditions:
        """What the cells are, as the model was told in training."""
        return self.model.table_.of_cells(self.adata.obs.iloc[rows])


@dataclass(frozen=True, eq=False)
class Moves:
    """All that an edit is but its strength.

    Attributes
    ----------
    landings : rows of the file, and how their counts move
    predicted : groups × genes, as in `edit.Edit`, as are the others
    """

    landings: tuple[tuple[np.ndarray, Landing], ...]
    notes: tuple[str, ...]
    predicted: pd.DataFrame | None = None
    round_trip: float | None = None
    evidence: Evidence | None = None


def blend_moves(
    subject: Subject,
    sample: Sample,
    evidence: Evidence,
    rows_of: dict[str, np.ndarray],
    seed: int,
    notes: tuple[str, ...],
) -> Moves:
    """Counts of each group moved until their mean log values have changed as was predicted.

    Parameters
    ----------
    sample, evidence : of the change
    rows_of : rows of the file to edit, by group
    seed : of the places within equal counts
    notes : what is known of it
    """
    known, coder = evidence.known, subject.coder
    tuned, landings, predicted = Tuned.on(evidence.groups, known), [], {}
    for group, rows in rows_of.items():
        found = predict(sample, evidence.groups, group, known, tuned, coder)
        predicted[group] = evidence.weights @ found.changes
        counts = subject.counts[rows]
        rates = moved_rates(coder, counts, found.shift)
        some = counts[:_MOST_LANDED]
        target = mean_log(some.toarray(), DEPTH) + predicted[group]
        landed = Landing.on(some, rates, target, depth=DEPTH, seed=seed)
        landings.append((rows, Landing(counts, rates, landed.factor, seed)))
    frame = pd.DataFrame(predicted, index=pd.Index(subject.model.var_names_)).T
    return Moves(tuple(landings), notes, frame, evidence=evidence)


def diffusion_moves(subject: Subject, plan: Plan, request: EditRequest) -> Moves:
    """Counts moved as the latent points are that a diffusion leads to a condition."""
    rows, paths, table = plan.rows, subject.paths(), subject.model.table_
    latent, depth = subject.coder.latent(subject.counts[rows]), subject.log_depth(rows)
    source = subject.conditions(rows)
    target = table.of_cells(subject.adata.obs.iloc[rows].assign(**request.to))
    if plan.method == "ode":
        moved = paths.inverted(latent, depth, source, target)
        round_trip: float | None = paths.round_trip_error(latent, depth, source)
    else:
        moved, round_trip = paths.redrawn(latent, depth, target, request.seed), None
    notes = (
        "Diffusion answers with what it has seen: where cells of this kind were never measured "
        "under the condition, the blend is the better method.",
    )
    return Moves(_landings(subject, rows, moved, request.seed), notes, round_trip=round_trip)


def gene_moves(subject: Subject, plan: Plan, request: EditRequest) -> Moves:
    """Named genes get the rates that are asked; others follow the latent points led there."""
    rows, coder = plan.rows, subject.coder
    counts = subject.counts[rows]
    latent = coder.latent(counts)
    columns = np.array([subject.model.var_names_.index(gene) for gene in request.genes])
    own = coder.rates(latent, counts, columns)
    folds = np.column_stack(
        [
            _fold(subject, column, wish, own[:, k], counts)
            for k, (column, wish) in enumerate(zip(columns, request.genes.values(), strict=True))
        ]
    )
    device = coder.device
    chosen = torch.from_numpy(columns).to(device)
    with torch.no_grad():
        now = coder.network.decode(torch.from_numpy(latent).to(device), chosen)[0]
    wanted = now + torch.from_numpy(np.log(np.maximum(folds, _LEAST_FOLD))).to(now)

    def loss(z: Tensor) -> Tensor:
        found: Tensor = (coder.network.decode(z, chosen)[0] - wanted).square().sum(dim=1)
        return found

    depth, source = subject.log_depth(rows), subject.conditions(rows)
    paths = subject.paths()
    # what the way there and back changes by itself is no response
    pulled, idle = (paths.pulled(latent, depth, source, f) for f in (loss, None))
    moved = moved_rates(coder, counts, pulled - idle)
    on_line = np.isin(np.arange(counts.shape[1]), columns)

    def rates(block: slice) -> Rates:
        found = moved(block)
        found.after[:, columns] = found.before[:, columns] * folds[block]
        return replace(found, on_line=on_line)

    landing = Landing(counts, rates, np.ones(counts.shape[1]), request.seed)
    notes = (
        "The named genes got the change that was asked. How other genes respond is what goes along "
        "with these genes in the cells that the model learned from: correlation, not causation.",
    )
    return Moves(((rows, landing),), notes)


def _landings(
    subject: Subject, rows: np.ndarray, moved: np.ndarray, seed: int
) -> tuple[tuple[np.ndarray, Landing], ...]:
    counts = subject.counts[rows]
    rates = moved_rates(subject.coder, counts, moved - subject.coder.latent(counts))
    return ((rows, Landing(counts, rates, np.ones(counts.shape[1]), seed)),)


def _fold(
    subject: Subject, column: int, wish: GeneWish, before: np.ndarray, counts: sp.csr_matrix
) -> np.ndarray:
    """Fold change of a gene in each cell, (n,)."""
    if wish == "knock-out":
        return np.zeros(len(before))
    if wish == "over-expression":
        rng, n = np.random.default_rng(0), subject.counts.shape[0]
        every = subject.counts[np.sort(rng.permutation(n)[:_MOST_FOR_LEVEL])]
        level = subject.coder.rates(subject.coder.latent(every), every, np.array([column]))[:, 0]
        high = np.quantile(level / np.maximum(depth_of(every), 1.0), _OVER_EXPRESSED)
        own = before / np.maximum(depth_of(counts), 1.0)
        found: np.ndarray = np.maximum(high / own, 2.0)
        return found
    return np.full(len(before), float(wish))
