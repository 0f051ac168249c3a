"""Several models on the same hidden molecules, so that none is shown without its baselines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..config import ModelConfig
from ..data.counts import counts_of
from ..data.holdout import thin
from ..models import model_class
from ..models.base import Imputes, Model
from ..progress import Progress, StopEarly
from ..words import percent
from .recovery import Recovery, pattern_correlation, recovery

if TYPE_CHECKING:
    from anndata import AnnData

HIDDEN_SHARE = 0.1
"""Share of the molecules that every contender is judged on and none sees."""

LEVEL = 0.003
"""Differences in deviance explained up to this are called level: seeds differ by about as much."""


@dataclass(frozen=True)
class Contender:
    """A model to compare, by its registered name, under the name that the table shows."""

    title: str
    model: str
    config: ModelConfig


@dataclass(frozen=True, eq=False)
class Score:
    """What one contender reached.

    ``truth`` is the correlation with the known pattern, median over genes; NaN without a truth.
    """

    title: str
    recovery: Recovery
    seconds: float
    truth: float = float("nan")
    completed: bool = True

    @property
    def gain(self) -> float:
        """Deviance explained beyond gene mean × depth."""
        return self.recovery.deviance_explained


class Comparison:
    """Hide molecules, fit each contender on the rest, and score it on the hidden ones.

    Parameters
    ----------
    adata : counts of the modelled genes in X; never changed
    contenders : in the order in which they are fitted
    seed : of the split and of every fit
    device : for all
    truth : (n_obs, n_vars), expected counts if they are known (simulated data), or None
    """

    def __init__(
        self, adata: AnnData, contenders: Sequence[Contender], *, seed: int = 0,
        device: str = "auto", truth: NDArray[np.floating] | None = None,
    ) -> None:  # fmt: skip
        self.contenders, self.seed, self.device, self.truth = contenders, seed, device, truth
        self.kept, self.hidden = thin(counts_of(adata, "X"), HIDDEN_SHARE, seed)
        self._adata = _with_counts(adata, self.kept)
        self.scores: list[Score] = []

    @property
    def genes(self) -> list[str]:
        """Names of the genes that are judged."""
        return [str(name) for name in self._adata.var_names]

    def steps(self) -> Iterator[Progress]:
        """Fit and score one after the other; `StopEarly` thrown in ends with those there are."""
        before = 0
        for number, contender in enumerate(self.contenders):
            model = model_class(contender.model)(contender.config)
            begun, last = time.monotonic(), 0
            stopped = False
            try:
                for p in model.fit_steps(self._adata, seed=self.seed, device=self.device):
                    total = before + p.n_steps + len(self.contenders) - number - 1
                    last = p.n_steps
                    yield Progress(contender.title, before + p.step, total, p.metrics, p.message)
            except StopEarly:
                stopped = True
            before += last
            if model.is_fitted:
                self._score(contender.title, model, begun)
            if stopped:
                return

    def score_counts(self, title: str) -> None:
        """Score the kept counts themselves: what a spot's own molecules say of its hidden ones."""
        self.scores.append(self._scored(title, self.kept.toarray(), 0.0))

    def _score(self, title: str, model: Model, begun: float) -> None:
        assert isinstance(model, Imputes)
        prediction = model.impute(self._adata)
        seconds = time.monotonic() - begun
        self.scores.append(self._scored(title, prediction, seconds, model.completed_))

    def _scored(
        self, title: str, prediction: NDArray[np.floating], seconds: float, completed: bool = True
    ) -> Score:
        truth = float("nan")
        if self.truth is not None:
            patterned = _has_pattern(self.truth)
            r = pattern_correlation(prediction[:, patterned], self.truth[:, patterned])
            truth = float(np.median(r))
        return Score(title, recovery(self.kept, self.hidden, prediction), seconds, truth, completed)


def verdict(scores: Sequence[Score], title: str) -> str:
    """Say plainly which contender predicts hidden molecules best, also if it is not `title`."""
    by_title = {s.title: s for s in scores}
    ours = by_title[title]
    rival = max((s for s in scores if s.title != title), key=lambda s: s.gain)
    numbers = (
        f"({percent(ours.gain, 1)} of the deviance explained, against {percent(rival.gain, 1)})"
    )
    if max(ours.gain, rival.gain) <= 0:
        return (
            "Nothing predicts the hidden molecules better than gene mean × depth here: do not "
            "read spatial patterns of single genes into imputed values of these data."
        )
    if ours.gain > rival.gain + LEVEL:
        return (
            f"{title} predicts the hidden molecules best, ahead of the best baseline, "
            f"{_lower(rival.title)} {numbers}."
        )
    if ours.gain >= rival.gain - LEVEL:
        return (
            f"{title} and the best baseline, {_lower(rival.title)}, are level {numbers}: the "
            "pattern is real, but the simple baseline finds it too."
        )
    return (
        f"The simple baseline, {_lower(rival.title)}, predicts the hidden molecules better than "
        f"{title} {numbers}: prefer it for imputed values of these data."
    )


def _with_counts(adata: AnnData, counts: sp.csr_matrix) -> AnnData:
    from anndata import AnnData

    obsm = {"spatial": adata.obsm["spatial"]} if "spatial" in adata.obsm else {}
    return AnnData(X=counts, obs=adata.obs.copy(), var=adata.var[[]].copy(), obsm=obsm)


def _has_pattern(truth: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Genes whose known share of a spot's molecules varies by a quarter or more."""
    shares = truth / truth.sum(axis=1, keepdims=True)
    varies: NDArray[np.bool_] = shares.std(axis=0) >= 0.25 * shares.mean(axis=0)
    return varies if varies.any() else np.ones_like(varies)


def _lower(title: str) -> str:
    return title if title[:2].isupper() else title[0].lower() + title[1:]
