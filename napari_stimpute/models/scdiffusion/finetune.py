"""A trained model taught new cells, while it is reminded of the old ones.

Only the denoiser learns: autoencoder, latent space and the scale of conditions stay, so that points
mean what they meant. Each step takes as many remembered points as new ones. What is gained on new
cells and lost on old ones is measured on points that neither training saw.
"""

from __future__ import annotations

import copy
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from ...data.counts import depth_of, read_counts
from ...data.peaks import are_peaks
from ...data.records import fingerprint
from ...errors import GenesMismatch, TooSmall
from ...nn.denoising import Conditions, Denoiser, denoising_loss
from ...nn.optimise import Schedule, minimise
from ...progress import Progress
from ..base import require
from ..diffusion_config import ScDiffusionConfig
from .conditions import ConditionTable
from .generator import CellGenerator, LabelScale, label_scale
from .latents import Latents, Posterior, Space, joint
from .replay import Replay
from .trained_on import TrainedOn
from .training import Network, Pair, log_depth

if TYPE_CHECKING:
    from anndata import AnnData

_SHARED = 0.7
"""Share of the model's genes that new data must have."""
_FEWEST = 40
_HELD_OUT, _FEWEST_HELD_OUT, _MOST_HELD_OUT = 0.1, 20, 500
_RATE, _BATCH, _STEPS_PER_EPOCH = 3e-4, 256, 100
_N_SCORED = 4000


class Learned(Protocol):
    """What is taught: a trained scDiffusion."""

    network_: Network
    table_: ConditionTable
    trained_on_: TrainedOn
    settings_: ScDiffusionConfig
    denoiser_: Denoiser
    space_: Space
    scale_: LabelScale
    replay_: Replay
    median_depth_: float
    var_names_: list[str]
    notes_: list[str]
    history_: list[dict[str, Any]]
    seed_: int

    @property
    def generator(self) -> CellGenerator:
        """What makes cells of points."""
        ...

    def means(self, latent: Tensor, size: Tensor) -> Tensor:
        """Expected counts at latent points."""
        ...

    def encoded(self, counts: sp.csr_matrix, size: np.ndarray) -> tuple[Tensor, Tensor]:
        """Latent posterior of counts."""
        ...


M = TypeVar("M", bound=Learned)


@dataclass(frozen=True, eq=False)
class FineTuned(Generic[M]):
    """A model of its own, and sentences: genes, what is frozen, gain and forgetting.

    Attributes
    ----------
    before, after : denoising error of new cells held out, and of old ones
    """

    model: M
    sentences: tuple[str, ...]
    before: tuple[float, float]
    after: tuple[float, float]


def finetune_steps(
    model: M,
    adata: AnnData,
    *,
    force: bool = False,
    seed: int = 0,
    n_steps: int = 2000,
) -> Generator[Progress, None, FineTuned[M]]:
    """Teach a copy of a model new cells.

    Parameters
    ----------
    model : trained to its end; not changed
    adata : new cells, with the columns of the model's conditions; labels may be new
    force : go on though few of the model's genes are there
    seed : of all that is drawn
    n_steps : of training

    Raises
    ------
    GenesMismatch : peaks for a model of genes or the reverse; no gene of the model; or less than
        70 % of them, unless forced
    TooSmall : fewer than 40 cells
    MissingKey : a condition's column is missing
    """
    model.generator  # noqa: B018  refuses one that was not trained to its end
    require(n_steps >= 1, "n_steps", "at least 1", str(n_steps), "Take 2000.")
    aligned = _aligned(model, adata, force)
    if adata.n_obs < _FEWEST:
        raise TooSmall(
            expected=f"at least {_FEWEST} new cells",
            found=f"{adata.n_obs:,}",
            remedy="Fine-tune on more of them.",
        )
    table = model.table_.extended(adata.obs)
    lesson = _Lesson(model, aligned, table.of_cells(adata.obs), table, seed)
    before = lesson.errors()
    schedule = Schedule(
        -(-n_steps // _STEPS_PER_EPOCH),
        min(n_steps, _STEPS_PER_EPOCH),
        _RATE,
        clip=1.0,
        patience=0,
        falls_to=0.05,
        keeps_last=True,  # the cells that measure the gain choose nothing
    )
    with closing(minimise(lesson.loss, lesson.pair, schedule, phase="fine-tuning")) as steps:
        yield from steps
    after = lesson.errors()
    tuned = lesson.taught(adata)
    sentences = (*aligned.sentences, *_in_words(model, table, before, after))
    tuned.notes_ = [*model.notes_, *sentences]
    return FineTuned(tuned, sentences, before, after)


@dataclass(frozen=True)
class _Aligned:
    """New counts in the order of the model's genes; those of genes that are missing are 0.

    ``share`` is how many of a cell's molecules the genes that are there hold, by the model.
    """

    counts: sp.csr_matrix
    is_there: np.ndarray
    share: float
    sentences: tuple[str, ...]


def _aligned(model: Learned, adata: AnnData, force: bool) -> _Aligned:
    found, names = read_counts(adata), model.var_names_
    if are_peaks(list(found.var.index)) != are_peaks(names):
        kinds = ("peaks", "genes") if are_peaks(names) else ("genes", "peaks")
        raise GenesMismatch(
            expected=f"{kinds[0]}, which the model was trained on",
            found=kinds[1],
            remedy=f"Train a model of {kinds[1]} on them.",
        )
    places = found.var.index.get_indexer(pd.Index(names))
    is_there = places >= 0
    n, share = int(is_there.sum()), float(is_there.mean())
    if n == 0 or (share < _SHARED and not force):
        raise GenesMismatch(
            expected=f"at least {100 * _SHARED:.0f} % of the model's {len(names):,} genes",
            found=f"{n:,} of them ({100 * share:.0f} %)",
            remedy="Check that genes are named alike"
            + (", or train a new model." if n == 0 else ", train a new model, or force it."),
        )
    picked = sp.coo_matrix(found.matrix[:, places[is_there]])
    columns = np.flatnonzero(is_there)[picked.col]
    shape = (adata.n_obs, len(names))
    counts = sp.csr_matrix((picked.data, (picked.row, columns)), shape, dtype=np.float32)
    said = f"{n:,} of the model's {len(names):,} genes are in the new data ({100 * share:.0f} %)"
    missing = [name for name, there in zip(names, is_there, strict=True) if not there]
    if missing:
        listed = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        said += f"; {len(missing):,} are missing ({listed}), and keep what the model knows of them"
    n_new = len(found.var) - n
    others = [f"{n_new:,} genes that the model does not know are left out."] if n_new else []
    return _Aligned(counts, is_there, _share_of(model, is_there), (f"{said}.", *others))


def _share_of(model: Learned, is_there: np.ndarray) -> float:
    with torch.no_grad():
        latent, size = model.space_.opened(model.replay_.points[:500])
        means = model.means(latent, size.exp()).sum(dim=0).cpu().numpy()
    return float(means[is_there].sum() / means.sum())


class _Lesson(Generic[M]):
    """New and remembered points, and the denoiser that learns from both."""

    def __init__(
        self,
        model: M,
        aligned: _Aligned,
        conditions: Conditions,
        table: ConditionTable,
        seed: int,
    ) -> None:
        self.model, self.aligned, self.table, self.seed = model, aligned, table, seed
        device = model.space_.centre.device
        self.device, self.process = device, model.generator.process
        self.conditions = Conditions(conditions.labels.to(device), conditions.values.to(device))
        self.posterior = self._encoded()
        n = len(conditions)
        n_out = min(_MOST_HELD_OUT, max(_FEWEST_HELD_OUT, int(_HELD_OUT * n)))
        order = torch.from_numpy(np.random.default_rng(seed).permutation(n)).to(device)
        self.held_out, self.learned = order[:n_out], order[n_out:]
        self.pair = Pair(_extended(model, table)).to(device)
        self.generator = torch.Generator(device).manual_seed(seed)

    def loss(self) -> Tensor:
        """Denoising error of new points and as many remembered ones."""
        self.pair.follow()
        points, known = self.model.replay_.learned
        new = self.learned[self._some(len(self.learned))]
        old = self._some(len(points))
        z = torch.cat([self.posterior.draw(new, self.generator), points[old]])
        asked = _both(self.conditions[new], known[old])
        asked = asked.dropped(self.model.settings_.condition_dropout, self.generator)
        return denoising_loss(self.pair.network, self.process, z, asked, self.generator).mean()

    def errors(self) -> tuple[float, float]:
        """Denoising error of new cells held out and of remembered ones never learned, by average.

        The noise is the same each time.
        """
        index = self.held_out
        generator = torch.Generator(self.device).manual_seed(self.seed)
        old = self.model.replay_.tested
        if not len(old[0]):
            old = self.model.replay_.learned
        new = self.posterior.draw(index, generator), self.conditions[index]
        return self._error(*new), self._error(*old)

    def taught(self, adata: AnnData) -> M:
        """A model with the denoiser as it is now, and labels that are new."""
        model, labels = self.model, self.conditions.labels[self.learned].cpu().numpy()
        tuned = copy.copy(model)
        tuned.table_, tuned.denoiser_ = self.table, self.pair.average.eval()
        rows = self.learned.cpu().numpy()
        counts, share = self.aligned.counts, model.trained_on_.kept_share
        learned = Posterior(self.posterior.latents.part(self.learned), model.space_)
        found = label_scale(model.network_, learned, counts[rows] * share, labels, self.seed)
        tuned.scale_ = _with_new(model.scale_, found, self.aligned.is_there)
        fresh = Replay.of(self.posterior, self.conditions, self.held_out, self.learned)
        tuned.replay_ = model.replay_.with_half_of(fresh)
        names = adata.obs_names.astype(str)
        tuned.trained_on_ = TrainedOn(
            adata.n_obs, fingerprint(counts), tuple(names[self.held_out.cpu().numpy()]), share
        )
        tuned.seed_ = self.seed
        tuned.history_ = [*model.history_]
        return tuned

    def _encoded(self) -> Posterior:
        model, counts = self.model, self.aligned.counts
        size = depth_of(counts) / (self.aligned.share * model.median_depth_)
        learned = (size * model.trained_on_.kept_share).astype(np.float32)
        depth = log_depth(torch.from_numpy(learned).to(self.device))

        def encoded(start: int) -> Tensor:
            some = slice(start, start + _N_SCORED)
            return joint(*model.encoded(counts[some], size[some]), depth[some])

        n = counts.shape[0]
        with torch.no_grad():
            latents = Latents.of(map(encoded, range(0, n, _N_SCORED)), n)
        return Posterior(latents, model.space_)

    def _error(self, z: Tensor, conditions: Conditions) -> float:
        generator = torch.Generator(self.device).manual_seed(self.seed)
        rows = torch.arange(_N_SCORED, device=self.device) % len(z)
        rows = rows[torch.randperm(_N_SCORED, generator=generator, device=self.device)]
        with torch.no_grad():
            found = denoising_loss(
                self.pair.average, self.process, z[rows], conditions[rows], generator
            )
        return float(found.mean())

    def _some(self, n: int) -> Tensor:
        shape = (_BATCH // 2,)
        return torch.randint(n, shape, generator=self.generator, device=self.device)


def _extended(model: Learned, table: ConditionTable) -> Denoiser:
    """The model's denoiser, with an embedding for each new label: the mean of the known ones."""
    denoiser = copy.deepcopy(model.denoiser_)
    tables = []
    for known, names in zip(denoiser.labels, table.labels.values(), strict=True):
        n_new = 1 + len(names) - len(known)
        mean = known[1:].mean(dim=0, keepdim=True)
        tables.append(nn.Parameter(torch.cat([known.detach(), mean.detach().repeat(n_new, 1)])))
    denoiser.labels = nn.ParameterList(tables)
    return denoiser.requires_grad_(True)


def _with_new(known: LabelScale, found: LabelScale, is_there: np.ndarray) -> LabelScale:
    """Factors of sets that were known, and of new ones; those of genes that are missing stay."""
    have = {tuple(labels) for labels in known.sets.tolist()}
    new = np.array([tuple(labels) not in have for labels in found.sets.tolist()], dtype=bool)
    factors = np.where(is_there, found.factors[new], known.common)
    return LabelScale(
        np.concatenate([known.sets, found.sets[new]]),
        np.concatenate([known.factors, factors]).astype(np.float32),
        known.common,
    )


def _both(one: Conditions, other: Conditions) -> Conditions:
    return Conditions(torch.cat([one.labels, other.labels]), torch.cat([one.values, other.values]))


def _in_words(
    model: Learned,
    table: ConditionTable,
    before: tuple[float, float],
    after: tuple[float, float],
) -> list[str]:
    said = [
        "Frozen: the autoencoder, its latent space, and totals of genes in known labels. Learned: "
        "the denoiser, reminded of old cells in half of each step."
    ]
    for column, names in table.labels.items():
        new = names[len(model.table_.labels[column]) :]
        if new:
            said.append(f"New in {column}: {', '.join(new)}.")
    changes = [100 * (b - a) / max(a, 1e-9) for a, b in zip(before, after, strict=True)]
    gained = "a gain" if changes[0] < 0 else "no gain"
    lost = "forgetting" if changes[1] > 0 else "nothing forgotten"
    said.append(
        f"Denoising error of new cells held out: {before[0]:.3f} before, {after[0]:.3f} after "
        f"({changes[0]:+.1f} %, {gained}). Of old cells never learned from: {before[1]:.3f} "
        f"before, {after[1]:.3f} after ({changes[1]:+.1f} %, {lost})."
    )
    return said
