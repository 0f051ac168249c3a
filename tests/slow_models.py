"""Models that take their time, or fail, for tests of what can be done then: see `stand_in`."""

from __future__ import annotations

import time
from collections.abc import Generator

import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.models.simple.baselines import GeneMean, PCADenoiser
from napari_stimpute.progress import Progress

N_STEPS = 2_000


class SlowPCA(PCADenoiser):
    """Learns for 20 s before it has anything to use."""

    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        for step in range(1, N_STEPS):
            time.sleep(0.01)
            yield Progress("train", step, N_STEPS)
        yield from super()._learn(adata, counts, names)


class SlowButForDefaults(SlowPCA):
    """Learns for 20 s, but at once with the default settings."""

    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        slow = SlowButForDefaults if self.config != type(self.config)() else SlowPCA
        yield from super(slow, self)._learn(adata, counts, names)  # that above SlowPCA is quick


class SlowGeneMean(GeneMean):
    """Learns at once, and goes on for 20 s, as a network does."""

    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        yield from super()._learn(adata, counts, names)
        for step in range(2, N_STEPS + 1):
            time.sleep(0.01)
            yield Progress("train", step, N_STEPS, {"loss": 1 / step})


class FailingGeneMean(GeneMean):
    """Fails in its first step."""

    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        yield Progress("train", 1, 2)
        raise ValueError("the cat sat on the keyboard")
