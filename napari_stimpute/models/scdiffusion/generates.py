"""What a trained scDiffusion is asked for, and the cells that come of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, ClassVar

import pandas as pd
import torch

from ...devices import require_memory
from ...errors import UnknownName
from ...nn.denoising import Conditions
from ...nn.sampling import Method, Sampler
from ...progress import Progress, drain
from ..base import require
from .conditions import ConditionTable, Wish
from .generator import CellGenerator, Drawn
from .latents import Space
from .marks import mark

if TYPE_CHECKING:
    from anndata import AnnData

_GUIDANCE = (0.0, 10.0)
_MOST_STEPS = 1_000


def require_steps(n_steps: int) -> None:
    """Raise `InvalidSetting` for steps of a sampler that none has, or that never end."""
    wanted = f"from 1 to {_MOST_STEPS:,}"
    require(1 <= n_steps <= _MOST_STEPS, "n_steps", wanted, str(n_steps), "Take 25.")


class GeneratesCells(ABC):
    """Gives a model its `generate`."""

    name: ClassVar[str]
    var_names_: list[str]
    table_: ConditionTable
    space_: Space

    @property
    @abstractmethod
    def generator(self) -> CellGenerator:
        """What makes cells of points; `NotFitted` where training was stopped too early."""

    @property
    @abstractmethod
    def provenance(self) -> dict[str, object]:
        """Which model it is, and what it learned from, for what is made by it."""

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
        generator = self.generator
        require(n >= 1, "n", "at least one cell", str(n), "Ask for some.")
        require_memory(n, len(self.var_names_))
        require_steps(n_steps)
        asked, weights = self.asked(n, conditions), self.weights(guidance)
        sampler = Sampler(generator.process, method, n_steps)
        drawn = yield from generator.steps(asked, sampler, weights, seed)
        made = self._as_cells(drawn, asked)
        told = {
            "conditions": "by cell" if isinstance(conditions, pd.DataFrame) else conditions or {},
            "guidance": dict(zip(self.table_.names, weights, strict=True)),
            "sampler": method,
            "n_steps": n_steps,
            "seed": seed,
            "drawn_again": drawn.n_again,
        }
        mark(made, "generated", self.provenance | told)
        return made

    def asked(self, n: int, conditions: Mapping[str, Wish] | pd.DataFrame | None) -> Conditions:
        """Conditions of n cells, as `generate` takes them."""
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

    def weights(self, guidance: float | Mapping[str, float]) -> list[float]:
        """Guidance of each condition, in their order, as `generate` takes it."""
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

    def _as_cells(self, drawn: Drawn, asked: Conditions) -> AnnData:
        from anndata import AnnData

        points, _ = self.space_.opened(torch.from_numpy(drawn.points).to(self.space_.centre))
        obs = self.table_.as_columns(asked)
        obs.index = pd.Index([f"generated_{k + 1}" for k in range(len(asked))])
        made = AnnData(drawn.counts, obs=obs, var=pd.DataFrame(index=pd.Index(self.var_names_)))
        made.obsm[f"X_{self.name}"] = points.cpu().numpy()
        return made
