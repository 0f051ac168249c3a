"""Data made fuller by a trained model: more cells of a rare label, quieter counts, more depth.

Measured cells stay as they are: what is added stands in rows or a layer of its own, and is told.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch

from ... import keys
from ...data.counts import depth_of
from ...data.structure import named
from ...errors import GenesMismatch, UnknownName
from ...nn.denoising import Conditions
from ...nn.noising import parted
from ...progress import Progress
from ..base import require
from ..cells.model import BLOCK
from .draws import for_counts
from .marks import tell, told_in
from .model import ScDiffusion
from .simple import meets

if TYPE_CHECKING:
    from anndata import AnnData

_LARGEST_TIME, _MOST_DEPTH = 0.2, 10.0
_OWN_SEED = 2**21
"""Added to seeds, so that molecules are none of those that generated cells drew."""


@dataclass(frozen=True, eq=False)
class Enhanced:
    """Data with something added, and sentences on what was."""

    adata: AnnData
    sentences: tuple[str, ...]


# ---- more cells --------------------------------------------------------------------------------


def raise_steps(
    model: ScDiffusion,
    adata: AnnData,
    column: str,
    label: str,
    n: int,
    *,
    guidance: float | Mapping[str, float] = 1.0,
    seed: int = 0,
) -> Generator[Progress, None, Enhanced]:
    """Add generated cells of a label until there are n of it.

    Other conditions come as often as in real cells of the label, or in training where there is no
    real one.

    Parameters
    ----------
    model : trained with `column` as a condition
    adata : counts in X; not changed
    column, label : of which there are too few
    n : cells of the label that are wished, with those that are there
    guidance, seed : as for `ScDiffusion.generate`; what was generated before counts into the seed,
        so that no cell is made twice

    Raises
    ------
    MissingKey, UnknownName : the data, or the model, know no such label
    InvalidSetting : there are as many already
    """
    labels = model.table_.labels
    if column not in labels:
        raise UnknownName.of("condition with labels of this model", column, labels)
    conditions = model.table_.of_cells(adata.obs)
    real = np.flatnonzero((adata.obs[column].astype(str) == label).to_numpy())
    seed += int(_is_made(adata).sum())
    require(
        n > len(real),
        "n",
        f"more than the {len(real):,} cells of {label!r} that are there",
        f"{n:,}",
        "Wish for more.",
    )
    wanted = model.asked(1, {column: label}).labels.numpy()[0]
    known = conditions if len(real) else model.replay_.learned[1]
    like = np.flatnonzero(meets(known.labels.cpu().numpy(), wanted))
    rows = like[np.random.default_rng(seed).integers(len(like), size=n - len(real))]
    asked = model.table_.as_columns(known[torch.from_numpy(rows)])
    made = yield from model.generate_steps(len(rows), asked, guidance=guidance, seed=seed)
    said = [
        f"Added {len(rows):,} generated cells of {label}, to {len(real):,} that were there; obs "
        f"{keys.SYNTHETIC!r} tells them apart. No test of significance may count them as measured."
    ]
    joined, left_out = _joined(model, adata, made)
    return Enhanced(joined, (*said, *left_out))


def _joined(model: ScDiffusion, adata: AnnData, made: AnnData) -> tuple[AnnData, list[str]]:
    """Real cells, then generated ones, of the modelled genes; and what could not be joined."""
    import anndata

    work, said = _of_model(model, adata)
    lost = [f"layer {name}" for name in named(work, "layers")] + (
        ["raw"] if work.raw is not None else []
    )
    if lost:
        said.append(f"Left out, as generated cells have none: {', '.join(lost)}.")
    real = anndata.AnnData(model.read(adata), obs=work.obs, var=work.var, obsm=dict(work.obsm))
    real.obs[keys.SYNTHETIC] = _is_made(work)
    made.obs_names = pd.Index(_free(made.obs_names, set(real.obs_names)))
    both = anndata.concat([real, made], join="outer", merge="first", fill_value=np.nan)
    both.X = sp.csr_matrix(sp.vstack([real.X, made.X]))
    both.var, both.uns = work.var, dict(work.uns)
    both.uns[keys.SYNTHETIC] = json.dumps([*told_in(work), *told_in(made)], ensure_ascii=False)
    for name in made.obs.columns.intersection(work.obs.columns):
        if isinstance(work.obs[name].dtype, pd.CategoricalDtype):
            both.obs[name] = pd.Categorical(both.obs[name], _categories(work, made, name))
    return both, said


def _is_made(adata: AnnData) -> np.ndarray:
    """Which cells were generated already, (n_obs,) bool."""
    if keys.SYNTHETIC not in adata.obs:
        return np.zeros(adata.n_obs, dtype=bool)
    found: np.ndarray = adata.obs[keys.SYNTHETIC].to_numpy(dtype=bool)
    return found


def _categories(work: AnnData, made: AnnData, name: str) -> list[object]:
    known = list(work.obs[name].cat.categories)
    return [*known, *(v for v in made.obs[name].dropna().unique() if v not in known)]


def _free(names: pd.Index[str], taken: set[str]) -> list[str]:
    return [keys.free(str(name), taken) for name in names]


# ---- quieter, deeper ---------------------------------------------------------------------------


def denoise_steps(
    model: ScDiffusion, adata: AnnData, *, time: float = 0.05
) -> Generator[Progress, None, Enhanced]:
    """Lead each cell's latent point one small step towards likely cells, and decode it.

    Imputing does as well, and is judged gene by gene: prefer it.

    Parameters
    ----------
    adata : counts in X; not changed
    time : how much noise is taken for granted, above 0 to 0.2; the more, the smoother

    Returns
    -------
    with expected counts at each cell's own depth in a layer
    """
    require(0 < time <= _LARGEST_TIME, "time", "above 0 to 0.2", f"{time:g}", "Take 0.05.")
    work, said = _of_model(model, adata)
    counts, generator = model.read(adata), model.generator
    angle = generator.process.angle(torch.tensor([time])).to(generator.space.centre.device)
    rows: list[np.ndarray] = []
    for start in range(0, work.n_obs, BLOCK):
        some = counts[start : start + BLOCK]
        with torch.no_grad():
            z, log_size = model.points(some)
            open_ = model.asked(len(z), {})
            asked = Conditions(open_.labels.to(z.device), open_.values.to(z.device))
            at = angle.expand(len(z))
            clean = parted(z, generator.denoiser(z, at, asked), at)[0]
            latent = generator.space.opened(clean)[0]
            mean = model.means(latent, log_size.exp())
        rows.append(mean.cpu().numpy().astype(np.float32))
        yield Progress("denoise", min(start + BLOCK, work.n_obs), work.n_obs)
    place = keys.denoised(model.name)
    work.layers[place] = np.concatenate(rows)
    tell(work, "denoised", model.provenance | {"time": time, "layer": place})
    said.append(
        f"layers[{place!r}] holds expected counts after one small step of the denoiser. Counts "
        "stay as they are. Imputed values predict hidden molecules as well, and each gene of them "
        "is judged."
    )
    return Enhanced(work, tuple(said))


def deepen_steps(
    model: ScDiffusion, adata: AnnData, factor: float, *, seed: int = 0
) -> Generator[Progress, None, Enhanced]:
    """Draw the molecules that sequencing so many times deeper may have shown besides.

    Measured molecules stay. Others are drawn at the rate that a gene's measured count and its
    expected one together make likely.

    Parameters
    ----------
    adata : counts in X; not changed
    factor : how many times deeper, above 1 to 10
    seed : of the drawing

    Returns
    -------
    with the deeper counts in a layer
    """
    most = _MOST_DEPTH
    require(1 < factor <= most, "depth", f"above 1 to {most:g}", f"{factor:g}", "Take 2.")
    head = model.network_.head
    is_fit = head.is_overdispersed and not head.is_inflated
    words = "a model whose counts are negative binomial"
    require(is_fit, "likelihood", words, model.settings_.likelihood, "Train one with nb.")
    work, said = _of_model(model, adata)
    counts, theta = model.read(adata), model.theta.detach().cpu().numpy().astype(np.float64)
    rows: list[sp.csr_matrix] = []
    for start in range(0, work.n_obs, BLOCK):
        some = counts[start : start + BLOCK]
        with torch.no_grad():
            z, log_size = model.points(some)
            latent = model.space_.opened(z)[0]
            mean = model.means(latent, log_size.exp()).cpu().numpy().astype(np.float64)
        for k, own in enumerate(some.toarray()):
            rng = for_counts(seed + _OWN_SEED, start + k)
            rate = rng.gamma(theta + own, 1 / (1 + theta / np.maximum(mean[k], 1e-12)))
            rows.append(sp.csr_matrix((own + rng.poisson(rate * (factor - 1))).astype(np.float32)))
        yield Progress("depth", min(start + BLOCK, work.n_obs), work.n_obs)
    place = keys.deeper(model.name)
    work.layers[place] = sp.csr_matrix(sp.vstack(rows))
    told = {"factor": factor, "seed": seed, "layer": place}
    tell(work, "raised depth", model.provenance | told)
    before, after = (float(np.median(depth_of(m))) for m in (counts, work.layers[place]))
    said.append(
        f"layers[{place!r}] holds the measured molecules and drawn ones beside: the median cell "
        f"goes from {before:,.0f} to {after:,.0f}. X stays as it is; what was drawn is no evidence."
    )
    return Enhanced(work, tuple(said))


def _of_model(model: ScDiffusion, adata: AnnData) -> tuple[AnnData, list[str]]:
    """A copy of the data with the modelled genes, and a sentence on others."""
    names = model.var_names_
    missing = [name for name in names if name not in adata.var_names]
    if missing:
        raise GenesMismatch(
            expected=f"the {len(names):,} genes this model was fitted on",
            found=f"data without {len(missing):,} of them, for example {missing[:3]}",
            remedy="Use data with these genes, or train the model on them.",
        )
    if list(adata.var_names) == names:
        return adata.copy(), []
    n_others = adata.n_vars - len(names)
    return adata[:, names].copy(), [f"{n_others:,} genes that are not modelled are left out."]
