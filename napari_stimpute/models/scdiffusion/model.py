"""scDiffusion: generates cells of wished conditions, counts and all.

Paper: scDiffusion with its editor scGEditor (score-based diffusion of latent points of cells); on
the same lines Luo et al., Bioinformatics 2024. Use it to ask for cells: more of a rare type, a type
under a treatment, counts at another depth. Embedding, expected counts (`impute`) and clusters come
from its autoencoder; for imputing alone, scZiva is the better choice.

Where the equations are: mixing data with noise, `nn.noising`; the network and its loss,
`nn.denoising`; samplers, `nn.sampling`; distributions of counts, `scdiffusion.heads`.

What differs from the authors' code, and why
--------------------------------------------
- **The decoder gives a distribution of counts.** There its output is a smooth value with a ReLU, so
  that generated cells have no zeros of their own; here counts are drawn, by default of a negative
  binomial.
- **The autoencoder is variational, of 16 dimensions.** There deterministic, of 256. What it leaves
  out no sampler brings back, and a narrow one with a proper prior gives the more lifelike cells;
  the published sizes are the preset "paper".
- **Depth is a dimension of its own**, generated with the rest; there all cells are of one depth.
- **Residual layers in place of a U-Net along the latent vector**, whose order means nothing.
- **One parametrisation for every process**, and straight lines (rectified flow) by default. Noise
  predicted under VP is divided by a signal of 0.007 where sampling begins.
- **The averaged weights sample.** There they are kept, and not used.
- **Latent points are drawn anew in each step** from their posterior, rather than fixed.
- **The denoiser is kept by cells it never saw.** There "best" is reset in each epoch.
- Expected counts of each label are restored; a cell's random numbers are its own.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import Tensor

from ...errors import NotFitted, UnknownName
from ...nn.denoising import Conditions, Denoiser, guided
from ...nn.sampling import Method, Sampler
from ...progress import Progress, drain
from ..base import require
from ..cells.model import BLOCK, CellModel, CellTraining
from ..training import Split, below
from .conditions import ConditionTable, Wish
from .draws import for_counts, normal
from .training import Network, Posterior, Space, Training, process_of, with_depth

if TYPE_CHECKING:
    from anndata import AnnData

_PRIOR = 20.0
"""Molecules of a gene that pull a label's factor to that of all cells."""
_SAMPLED = 1024
"""Cells that are sampled at a time; a block is always full, so that a cell is the same in each."""
_TRIES = 3
_MOST_REDRAWN = 0.01
_GUIDANCE = (0.0, 10.0)


class ScDiffusion(CellModel):
    """Generates cells, and embeds, imputes and groups those it learned from.

    Examples
    --------
    >>> model = ScDiffusion(condition="cell_type").fit(adata, seed=0)
    >>> cells = model.generate(500, {"cell_type": "B"}, seed=0)
    """

    name: ClassVar[str] = "scdiffusion"
    network_: Network
    table_: ConditionTable
    denoiser_: Denoiser
    space_: Space

    @property
    def conditions(self) -> tuple[str, ...]:
        """Columns of obs that are conditions."""
        named = (name.strip() for name in self.config.condition.split(","))
        return tuple(dict.fromkeys(name for name in named if name))

    def check(self, adata: AnnData) -> None:
        """As for every model of cells; the columns of the conditions must be there."""
        super().check(adata)
        ConditionTable.of(adata.obs, self.conditions)

    # ---- learning ------------------------------------------------------------------------------

    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        for part in ("denoiser_", "space_"):  # of an earlier fit
            vars(self).pop(part, None)
        yield from super()._learn(adata, self._as_read(counts), names)

    def _prepare(self, adata: AnnData, split: Split) -> Generator[Progress, None, CellTraining]:
        yield Progress("prepare", 0, 1, message="Preparing: conditions")
        self.table_ = ConditionTable.of(adata.obs, self.conditions)
        self._training = Training(
            split,
            split.kept + split.hidden,
            self.median_depth_,
            self.table_.of_cells(adata.obs),
            self.table_.n_categories,
            self.config,
            self.seed_,
            self.device_,
        )
        return self._training

    def _conclude(self, adata: AnnData, counts: sp.csr_matrix, split: Split) -> None:
        super()._conclude(adata, counts, split)
        training = self._training
        del self._training
        if training.pair is not None and training.posterior is not None:
            self.denoiser_, self.space_ = training.pair.average.eval(), training.posterior.space
            labels = training.conditions.labels.cpu().numpy()
            self._restore_labels(counts, labels, training.posterior)

    def _restore_labels(
        self, counts: sp.csr_matrix, labels: np.ndarray, posterior: Posterior
    ) -> None:
        """Factors that give each gene its total back in the cells of each label (or set of them).

        Sampled latent points stand for cells only on average, so each cell counts with a draw of
        its posterior; few molecules are drawn to the factor of all cells.
        """
        self.label_sets_, group = np.unique(labels, axis=0, return_inverse=True)
        group, n_vars = group.ravel(), counts.shape[1]
        expected = np.zeros((len(self.label_sets_), n_vars))
        generator = torch.Generator(self._device).manual_seed(self.seed_)
        for start in range(0, len(group), BLOCK):
            rows = torch.arange(start, min(start + BLOCK, len(group)), device=self._device)
            with torch.no_grad():
                mean = self._means(posterior.draw(rows, generator)).cpu().numpy()
            np.add.at(expected, group[start : start + BLOCK], mean)
        observed = np.zeros_like(expected)
        for k in range(len(expected)):
            observed[k] = np.asarray(counts[group == k].sum(axis=0)).ravel()
        whole = (observed.sum(axis=0) + 1e-6) / (expected.sum(axis=0) + 1e-6)
        factors = whole * (observed + _PRIOR) / (expected * whole + _PRIOR)
        self.common_scale_ = whole.astype(np.float32)
        self.label_scale_ = factors.astype(np.float32)

    # ---- generating ----------------------------------------------------------------------------

    def generate(
        self,
        n: int,
        conditions: Mapping[str, Wish] | pd.DataFrame | None = None,
        *,
        guidance: float | Mapping[str, float] = 1.0,
        method: Method = "heun",
        n_steps: int = 25,
        seed: int = 0,
    ) -> AnnData:
        """Cells that were never measured, with counts at depths like those of real ones.

        Parameters
        ----------
        n : how many
        conditions : what all of them are to be, by column; or a row for each of them, as in
            ``adata.obs``. What is not named is left open
        guidance : how strongly conditions are followed, for all or by column. 1 is as learned; more
            exaggerates: depths and differences grow too
        method, n_steps : the sampler, see `nn.sampling.Sampler`
        seed : the same seed gives the same cells; the first hundred of a thousand are those of a
            hundred

        Returns
        -------
        n cells × modelled genes; conditions in ``obs``, latent points in ``obsm``

        Raises
        ------
        NotFitted : training was stopped before the denoiser had begun
        UnknownName : a condition or label that was not there in training
        InvalidSetting : n, guidance or steps out of range, or more than 1 % of the cells failed
        """
        steps = self.generate_steps(
            n, conditions, guidance=guidance, method=method, n_steps=n_steps, seed=seed
        )
        return drain(steps)

    def generate_steps(
        self,
        n: int,
        conditions: Mapping[str, Wish] | pd.DataFrame | None = None,
        *,
        guidance: float | Mapping[str, float] = 1.0,
        method: Method = "heun",
        n_steps: int = 25,
        seed: int = 0,
    ) -> Generator[Progress, None, AnnData]:
        """As `generate`, block by block; closing the generator stops."""
        self._require_denoiser()
        require(n >= 1, "n", "at least one cell", str(n), "Ask for some.")
        require(n_steps >= 1, "n_steps", "at least 1", str(n_steps), "Take some, such as 25.")
        asked = self._asked(n, conditions)
        weights = self._weights(guidance)
        sampler = Sampler(process_of(self.config, self.space_), method, n_steps)
        latent, rows, n_again = [], [], 0
        for start in range(0, n, _SAMPLED):
            cells = np.arange(start, min(start + _SAMPLED, n))
            z, failed = self._sampled(
                asked[slice(start, start + _SAMPLED)], cells, sampler, weights, seed
            )
            n_again += failed
            require(
                n_again <= max(1, _MOST_REDRAWN * n),
                "n_steps",
                f"such that at most {100 * _MOST_REDRAWN:.0f} % of the cells must be drawn again",
                f"{n_again:,} of {n:,} that were not finite",
                "Take more steps, weaker guidance, or train longer.",
            )
            latent.append(z)
            rows.append(self._counts(z, asked[slice(start, start + _SAMPLED)], cells, seed))
            yield Progress("generate", min(start + _SAMPLED, n), n)
        return self._as_anndata(sp.vstack(rows, format="csr"), np.concatenate(latent), asked)

    def _sampled(
        self,
        asked: Conditions,
        cells: np.ndarray,
        sampler: Sampler,
        guidance: Sequence[float],
        seed: int,
    ) -> tuple[np.ndarray, int]:
        """Standardised points (n, d), and how many had to be drawn again for not being finite."""
        device, n = self._device, len(cells)
        full = torch.arange(_SAMPLED) % n
        place = Conditions(asked.labels[full].to(device), asked.values[full].to(device))
        velocity = guided(self.denoiser_, place, guidance)
        n_dims = len(self.space_.centre)
        z = np.full((n, n_dims), np.nan, dtype=np.float32)
        n_again = 0
        for attempt in range(_TRIES):
            draws = normal(seed + attempt * 2**33, cells, sampler.n_draws, n_dims)[full.numpy()]
            with torch.no_grad():
                found = sampler.sample(velocity, torch.from_numpy(draws).to(device))
            missing = ~np.isfinite(z).all(axis=1)
            z[missing] = found[:n].cpu().numpy()[missing]
            failed = int((~np.isfinite(z).all(axis=1)).sum())
            n_again += failed
            if not failed:
                break
        return z, n_again

    def _counts(
        self, z: np.ndarray, asked: Conditions, cells: np.ndarray, seed: int
    ) -> sp.csr_matrix:
        """Counts drawn for standardised points, (n, n_vars)."""
        head, spread = self.network_.head, self.network_.log_dispersion.detach().exp().cpu().numpy()
        points = torch.from_numpy(z).to(self._device)
        with torch.no_grad():
            mean, size, lost = (
                None if part is None else part.cpu().numpy() for part in self._decoded(points)
            )
        assert mean is not None and size is not None
        mean = head.expected(torch.from_numpy(mean * self._scale_of(asked))).numpy()
        counts = np.zeros(mean.shape, dtype=np.float32)
        for k, cell in enumerate(cells):
            rng = for_counts(seed, int(cell))
            counts[k] = head.draw(rng, mean[k].astype(np.float64), float(size[k]), spread)
            if lost is not None:
                counts[k] *= rng.random(len(spread)) >= lost[k]
        return sp.csr_matrix(counts)

    def _decoded(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Levels at each point's own depth (n, n_vars), size factors (n,), chance of dropout."""
        points, log_depth = self.space_.opened(z)
        size = log_depth.exp()
        log_level, lost = self.network_.decode(points)
        return log_level.exp() * size[:, None], size, None if lost is None else torch.sigmoid(lost)

    def _means(self, z: Tensor) -> Tensor:
        """Expected counts at standardised points, (n, n_vars); dropout taken off."""
        level, _, lost = self._decoded(z)
        mean = self.network_.head.expected(level)
        return mean if lost is None else mean * (1 - lost)

    def _scale_of(self, asked: Conditions) -> np.ndarray:
        """Factor of each cell's genes, (n, n_vars); that of all cells for a set never seen."""
        place = {tuple(found): k for k, found in enumerate(self.label_sets_.tolist())}
        codes = [place.get(tuple(row), -1) for row in asked.labels.tolist()]
        table = np.vstack([self.label_scale_, self.common_scale_])
        return table[codes]

    def _asked(self, n: int, conditions: Mapping[str, Wish] | pd.DataFrame | None) -> Conditions:
        if isinstance(conditions, pd.DataFrame):
            require(
                len(conditions) == n,
                "conditions",
                f"a row for each of {n:,} cells",
                f"{len(conditions):,}",
                "Give as many rows as cells.",
            )
            return self.table_.of_cells(conditions)
        return self.table_.asked(n, conditions or {})

    def _weights(self, guidance: float | Mapping[str, float]) -> list[float]:
        names = self.table_.names
        by_name = guidance if isinstance(guidance, Mapping) else dict.fromkeys(names, guidance)
        for name in by_name:
            if name not in names:
                raise UnknownName.of("condition of this model", name, names)
        weights = [float(by_name.get(name, 1.0)) for name in names]
        for weight in weights:
            require(
                math.isfinite(weight) and _GUIDANCE[0] <= weight <= _GUIDANCE[1],
                "guidance",
                f"from {_GUIDANCE[0]:.0f} to {_GUIDANCE[1]:.0f}",
                f"{weight}",
                "1 follows the condition as it was learned.",
            )
        return weights

    def _as_anndata(self, counts: sp.csr_matrix, z: np.ndarray, asked: Conditions) -> AnnData:
        from anndata import AnnData

        points, _ = self.space_.opened(torch.from_numpy(z).to(self._device))
        obs = self.table_.as_columns(asked)
        obs.index = pd.Index([f"generated_{k + 1}" for k in range(len(z))])
        made = AnnData(counts, obs=obs, var=pd.DataFrame(index=pd.Index(self.var_names_)))
        made.obsm[f"X_{self.name}"] = points.cpu().numpy()
        return made

    def _require_denoiser(self) -> None:
        self._require_fit()
        if not hasattr(self, "denoiser_"):
            raise NotFitted(
                expected="a trained denoiser",
                found="training that was stopped before it had begun",
                remedy="Train again, to the end.",
            )

    def _as_read(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        """Counts as the model reads them: of peaks that are open or closed, ones."""
        if self.config.likelihood != "bernoulli":
            return counts
        found = counts.copy()
        found.data = np.ones_like(found.data)
        return found

    def _aligned_counts(self, adata: AnnData) -> sp.csr_matrix:
        return self._as_read(super()._aligned_counts(adata))

    def _log_values(self, counts: sp.csr_matrix, size: np.ndarray) -> Tensor:
        logged = super()._log_values(counts, size)
        return with_depth(logged, torch.from_numpy(size).to(self._device))

    # ---- keeping -------------------------------------------------------------------------------

    def _state(self) -> dict[str, torch.Tensor]:
        state = super()._state() | {"titles.conditions": self.table_.as_tensor()}
        if not hasattr(self, "denoiser_"):
            return state
        arrays = {
            "label_sets": self.label_sets_,
            "label_scale": self.label_scale_,
            "common_scale": self.common_scale_,
        }
        state |= {name: torch.from_numpy(array) for name, array in arrays.items()}
        state |= {f"space.{k}": v for k, v in vars(self.space_).items()}
        return state | {f"denoiser.{k}": v for k, v in self.denoiser_.state_dict().items()}

    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        super()._restore(state)
        self.table_ = ConditionTable.of_tensor(state["titles.conditions"])
        named = below("denoiser.", state)
        if not named:
            return
        self.label_sets_ = state["label_sets"].numpy()
        self.label_scale_ = state["label_scale"].numpy()
        self.common_scale_ = state["common_scale"].numpy()
        self.space_ = Space(**{k: v.to(self.device_) for k, v in below("space.", state).items()})
        denoiser = Denoiser(
            len(self.space_.centre),
            self.table_.n_categories,
            len(self.table_.values),
            width=self.config.width,
            n_blocks=self.config.n_blocks,
            generator=torch.Generator(),
        )
        denoiser.load_state_dict(named)
        self.denoiser_ = denoiser.to(self.device_).eval()

    def _empty_network(self, state: dict[str, Tensor]) -> Network:
        return Network(state["decoder.offset"], self.config, seed=0)
