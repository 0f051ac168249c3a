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
- **As many steps as the cells bear, and the last state is kept.** There "best" is reset in each
  epoch. The loss of cells that the denoiser never saw is shown by noise level, but decides nothing:
  where cells are few it is least after the first steps, whose samples are the worst.
- Expected counts of each label are restored; a cell's random numbers are its own.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from ...data.peaks import are_peaks
from ...data.records import fingerprint
from ...errors import NotFitted
from ...nn.denoising import Denoiser
from ...progress import Progress, drain
from ..cells.model import CellModel, CellTraining
from ..diffusion_config import ScDiffusionConfig
from ..training import Split, below
from .conditions import ConditionTable
from .editor import EditsCells
from .finetune import finetune_steps
from .generates import GeneratesCells
from .generator import CellGenerator, LabelScale, label_scale
from .latents import Space
from .replay import Replay
from .trained_on import TrainedOn, apart, n_apart
from .training import Network, Training, log_depth, process_of, with_depth

if TYPE_CHECKING:
    from anndata import AnnData


class ScDiffusion(CellModel, GeneratesCells, EditsCells):
    """Generates cells, and embeds, imputes and groups those it learned from.

    Examples
    --------
    >>> model = ScDiffusion(condition="cell_type").fit(adata, seed=0)
    >>> cells = model.generate(500, {"cell_type": "B"}, seed=0)
    """

    name: ClassVar[str] = "scdiffusion"
    network_: Network
    table_: ConditionTable
    trained_on_: TrainedOn
    denoiser_: Denoiser
    space_: Space
    scale_: LabelScale
    replay_: Replay

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
        for part in ("denoiser_", "space_", "scale_", "replay_"):  # of an earlier fit
            vars(self).pop(part, None)
        self.settings_ = _resolved(self.config, names)
        if self.settings_.likelihood == "bernoulli":
            self.notes_.append(
                "Counts were taken as open or closed; imputed values are probabilities of open."
            )
        yield from super()._learn(adata, self.counted(counts, names), names)

    def _prepare(self, adata: AnnData, split: Split) -> Generator[Progress, None, CellTraining]:
        yield Progress("prepare", 0, 1, message="Preparing: conditions")
        self.table_ = ConditionTable.of(adata.obs, self.conditions)
        asked, n_obs = self.table_.of_cells(adata.obs), adata.n_obs
        n = n_apart(n_obs, self.settings_.judge_share)
        out = apart(n_obs, n, asked.labels.numpy(), self.seed_)
        names = tuple(adata.obs_names[out].astype(str))
        self.trained_on_ = TrainedOn(n_obs, fingerprint(split.kept + split.hidden), names)
        self.notes_.append(self.trained_on_.in_words())
        split = Split(split.kept[~out], split.hidden[~out], split.size[~out])
        self._training = Training(
            split,
            split.kept + split.hidden,
            self.median_depth_,
            asked[torch.from_numpy(~out)],
            self.table_.n_categories,
            self.settings_,
            self.seed_,
            self.device_,
        )
        return self._training

    def _conclude(self, adata: AnnData, counts: sp.csr_matrix) -> None:
        super()._conclude(adata, counts)
        training = self._training
        del self._training
        posterior, conditions = training.posterior, training.conditions
        if training.pair is None or posterior is None:
            return
        self.denoiser_, self.space_ = training.pair.average.eval(), posterior.space
        learned = counts[~adata.obs_names.isin(self.trained_on_.kept_apart)]
        labels = conditions.labels.cpu().numpy()
        self.scale_ = label_scale(self.network_, posterior, learned, labels, self.seed_)
        self.replay_ = Replay.of(posterior, conditions, training.held_out, training.learned)

    # ---- generating ----------------------------------------------------------------------------

    @property
    def generator(self) -> CellGenerator:
        """What makes cells of points; `NotFitted` where training was stopped too early."""
        self._require_denoiser()
        process = process_of(self.settings_, self.space_)
        share = self.trained_on_.kept_share
        return CellGenerator(
            self.network_, self.denoiser_, self.space_, process, self.scale_, share
        )

    def learned_from_part_of(self, counts: sp.csr_matrix, share: float) -> None:
        """Say that a random share of the molecules of these counts was learned from.

        What is made is of the depth of all of them; `trained_on_` tells these data.
        """
        self.trained_on_ = replace(
            self.trained_on_, fingerprint=fingerprint(counts), kept_share=share
        )

    def points(self, counts: sp.csr_matrix) -> tuple[Tensor, Tensor]:
        """Standardised points (n, d) of counts as `read` gives them, and log size factors (n,)."""
        size = self._depth(counts)
        mean = self.encoded(counts, size)[0]
        depth = log_depth(torch.from_numpy(size).to(self._device))
        learned = depth + math.log(self.trained_on_.kept_share)
        return self.space_.standardised(torch.cat([mean, learned[:, None]], dim=1)), depth

    def encoded(self, counts: sp.csr_matrix, size: np.ndarray) -> tuple[Tensor, Tensor]:
        """Means and log-variances of latent points, (n, n_latent), of counts and size factors."""
        return self.network_.encode(self._log_values(counts, size.astype(np.float32)))

    def means(self, latent: Tensor, size: Tensor) -> Tensor:
        """Expected counts (n, n_vars) at latent points (n, n_latent), of size factors (n,)."""
        level = self._at_depth(self.network_.level(latent) * size[:, None])
        return level * torch.from_numpy(self.gene_scale_).to(self._device)

    @property
    def provenance(self) -> dict[str, object]:
        """Which model it is, and what it learned from, for what is made by it."""
        trained = asdict(self.trained_on_) | {"seed": self.seed_}
        del trained["kept_apart"]
        return {"model": self.name, "settings": self.config.model_dump(), "trained_on": trained}

    def read(self, adata: AnnData) -> sp.csr_matrix:
        """Counts of the modelled genes as this model reads them, (n_obs, n_vars)."""
        return self._aligned_counts(adata)

    def finetune(self, adata: AnnData, *, force: bool = False, seed: int = 0) -> ScDiffusion:
        """A model that knows new cells too; its notes say what was gained, and forgotten.

        See `finetune.finetune_steps`.
        """
        return drain(finetune_steps(self, adata, force=force, seed=seed)).model

    def _require_denoiser(self) -> None:
        self._require_fit()
        if not hasattr(self, "denoiser_"):
            raise NotFitted(
                expected="a trained denoiser",
                found="training that was stopped before it had begun",
                remedy="Train again, to the end.",
            )

    def counted(self, counts: sp.csr_matrix, names: list[str]) -> sp.csr_matrix:
        """Counts as the model takes them: of peaks that are open or closed, ones."""
        if _resolved(self.config, names).likelihood != "bernoulli":
            return counts
        found = counts.copy()
        found.data = np.ones_like(found.data)
        return found

    def _aligned_counts(self, adata: AnnData) -> sp.csr_matrix:
        return self.counted(super()._aligned_counts(adata), self.var_names_)

    @property
    def theta(self) -> Tensor:
        """Inverse dispersion of each gene, (n_genes,); without bound where counting is all."""
        spread = super().theta
        return spread if self.network_.head.is_overdispersed else torch.full_like(spread, 1e6)

    def _at_depth(self, level: Tensor) -> Tensor:
        return self.network_.head.expected(level)

    def _log_values(self, counts: sp.csr_matrix, size: np.ndarray) -> Tensor:
        logged = super()._log_values(counts, size)
        return with_depth(logged, torch.from_numpy(size).to(self._device))

    # ---- keeping -------------------------------------------------------------------------------

    def _state(self) -> dict[str, torch.Tensor]:
        state = super()._state() | {
            "titles.conditions": self.table_.as_tensor(),
            "titles.trained_on": self.trained_on_.as_tensor(),
        }
        if not hasattr(self, "denoiser_"):
            return state
        state |= self.scale_.state()
        state |= {f"space.{k}": v for k, v in vars(self.space_).items()}
        state |= {f"replay.{k}": v for k, v in self.replay_.state().items()}
        return state | {f"denoiser.{k}": v for k, v in self.denoiser_.state_dict().items()}

    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        self.settings_ = _resolved(self.config, self.var_names_)
        super()._restore(state)
        self.table_ = ConditionTable.of_tensor(state["titles.conditions"])
        self.trained_on_ = TrainedOn.of_tensor(state["titles.trained_on"])
        named = below("denoiser.", state)
        if not named:
            return
        self.scale_ = LabelScale.of_state(state)
        self.space_ = Space(**{k: v.to(self.device_) for k, v in below("space.", state).items()})
        self.replay_ = Replay.of_state(below("replay.", state), self.device_)
        self.denoiser_ = self.empty_denoiser(self.table_)
        self.denoiser_.load_state_dict(named)
        self.denoiser_.to(self.device_).eval()

    def empty_denoiser(self, table: ConditionTable) -> Denoiser:
        """An untrained network for these conditions, on the CPU."""
        return Denoiser(
            len(self.space_.centre),
            table.n_categories,
            len(table.values),
            width=self.settings_.width,
            n_blocks=self.settings_.n_blocks,
            generator=torch.Generator().manual_seed(0),
        )

    def _empty_network(self, state: dict[str, Tensor]) -> Network:
        return Network(state["decoder.offset"], self.settings_, seed=0)


def _resolved(config: ScDiffusionConfig, names: list[str]) -> ScDiffusionConfig:
    """Settings with the distribution that "auto" means: of peaks, open or closed."""
    if config.likelihood != "auto":
        return config
    return config.model_copy(update={"likelihood": "bernoulli" if are_peaks(names) else "nb"})
