"""What a run learns from molecules that were hidden before training: blend, intervals, verdicts.

Two parts of the molecules are hidden, and kept apart. The *steering* part sets the blend's weights,
chooses the best simple method and calibrates the intervals. The *judging* part does nothing but
judge: it neither trains nor stops nor weighs anything. The model that is judged is the one that is
used: it learns without the hidden molecules, and is then applied to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..data.blocks import RowBlocks, aligned
from ..data.holdout import HIDDEN_SHARE, Molecules, together
from ..data.on_disk import rows_at
from ..data.records import TrustRecord
from ..data.results import GeneFacts
from ..errors import TooSmall
from ..models.simple.blend import (
    apply_blends,
    best_part,
    blend_blocks,
    fit_blends,
)
from ..models.simple.mixture import FEWEST
from ..models.simple.parts import Parts
from ..models.simple.sample import Rows, judged_rows
from ..models.simple.weights import Blend
from .calibration import Calibration, calibrate
from .recovery import deviance_explained
from .summary import judged_in_words
from .verdict import VERDICTS, Trust, judge
from .zeros import ZeroCalibration, calibrate_zeros

Array = NDArray[np.float32]

_SEEDS = 7_919, 104_729
"""Added to a run's seed, so that its hold-outs are not those of a benchmark with the same seed."""


@dataclass(frozen=True, eq=False)
class Hidden:
    """Counts in three parts, (n_obs, n_vars) each: kept + steering + judging = all.

    ``judging`` is None where nothing is to be judged.
    """

    kept: sp.csr_matrix
    steering: sp.csr_matrix
    judging: sp.csr_matrix | None

    @property
    def rest(self) -> sp.csr_matrix:
        """All but the judging part; added up anew each time, not to be held all along."""
        return together(self.kept, self.steering)

    def of(self, at: Rows | None) -> Hidden:
        """The same of some rows; None for all."""
        if at is None:
            return self
        judging = None if self.judging is None else rows_at(self.judging, at)
        return Hidden(rows_at(self.kept, at), rows_at(self.steering, at), judging)


def hide(molecules: Molecules, seed: int, *, judged: bool) -> Hidden:
    """Hide molecules to steer and, if asked for, to judge, of those that no choice of genes saw.

    Raises
    ------
    TooSmall : too few molecules to decide anything
    """
    rest, judging = molecules, None
    if judged:
        rest, judging = molecules.hide(HIDDEN_SHARE, seed + _SEEDS[0])
        _require(judging)
    kept, steering = rest.hide(HIDDEN_SHARE, seed + _SEEDS[1])
    _require(steering)
    return Hidden(kept.counts, steering, judging)


class Judgement:
    """Blends, calibrates and judges one run's predictions, in this order.

    Of very many spots a part is looked at, the same one throughout: ``at`` holds its rows, and is
    None where all are. `finish` blends all of them.

    Parameters
    ----------
    hidden : the molecules, hidden before the model was fitted to ``hidden.kept``
    graph : (n_obs, n_obs), neighbours in the tissue, or None
    title : of the model, as the weights name it
    seed : of the simple methods
    blends : whether the model's prediction is blended with simple ones
    """

    def __init__(
        self, hidden: Hidden, graph: sp.csr_matrix | None, title: str, seed: int, *, blends: bool
    ) -> None:
        self.hidden, self.graph, self.title, self.seed = hidden, graph, title, seed
        self.blends, self.fills = blends, False
        self.at = judged_rows(hidden.kept.shape[0], seed)
        self.blend: Blend | None = None
        self.own_blend: Blend | None = None
        """That of a model which is a blend itself; shown, not applied."""
        self.trust: Trust | None = None
        self._alone: float | None = None
        self._without: float | None = None

    def parts(self, counts: sp.csr_matrix) -> Parts:
        """Simple predictions of the spots looked at, from counts (n_obs, n_vars).

        For `weigh` from the kept ones, for `judge` from the rest. A run makes them once, and a
        model that is a blend takes the same ones.
        """
        return Parts.of(counts, self.graph, self.seed, self.at)

    def weigh(self, prediction: RowBlocks, simple: Parts) -> None:
        """Set weights and intervals; both predictions were made from the kept counts.

        `prediction` (n_rows, n_vars) is overwritten.
        """
        steering = self._looked_at(self.hidden.steering)
        if self.blends:
            parts = simple.with_model(self.title, prediction)
            self.blend, self.simple = fit_blends(parts, steering, [0, 1])
            self.baseline = self.simple.best_part
            (prediction,) = apply_blends(parts, [self.blend])
        elif self.own_blend is not None:  # which found it on molecules hidden from the kept ones
            self.baseline = self.own_blend.best_part
        else:
            self.baseline = best_part(simple, steering)
        self.calibration: Calibration = calibrate(prediction, steering)
        corrections = calibrate_zeros(simple.own, prediction, steering)
        self.zeros = ZeroCalibration(tuple(corrections), self.calibration)

    def judge(self, prediction: RowBlocks, simple: Parts) -> None:
        """Judge each gene; both predictions were made from all but the judging part.

        `prediction` (n_rows, n_vars) is overwritten.
        """
        assert self.hidden.judging is not None
        rest, judging = simple.own, self._looked_at(self.hidden.judging)
        if self.blend is not None:
            self._alone = deviance_explained(rest, judging, prediction)
            parts = simple.with_model(self.title, prediction)
            prediction, without = apply_blends(parts, [self.blend, self.simple])
            self._without = deviance_explained(rest, judging, without)
        self.trust = judge(
            rest, judging, prediction.__getitem__, lambda rows: simple.part(rows, self.baseline)
        )

    def let_go(self) -> None:
        """Hold the hidden molecules no longer: all that they can say is known."""
        del self.hidden

    def finish(
        self, predicted: Iterable[Array], counts: sp.csr_matrix
    ) -> Iterator[tuple[slice, Array]]:
        """Blend a prediction made from all counts; both as consecutive blocks of rows.

        Where it is blended, each gene's total is not restored yet.
        """
        if self.blend is None:
            yield from aligned(predicted, counts.shape)
        else:
            parts = Parts.of(counts, self.graph, self.seed)
            yield from blend_blocks(parts, self.blend, predicted)

    def record(self) -> TrustRecord:
        """What is known of the run as a whole.

        Where zeros were filled, the imputed layer no longer holds expected counts, from which
        intervals and zero map are made: then their calibration is left out (`fills`).
        """
        trust, blend = self.trust, self.blend or self.own_blend
        return TrustRecord(
            baseline=self.baseline,
            parts=[] if blend is None else list(blend.titles),
            share_hidden=0.0 if trust is None else HIDDEN_SHARE,
            verdicts={} if trust is None else trust.counts,
            gain=None if trust is None else trust.total_gain,
            gain_model_alone=self._alone,
            gain_without_model=self._without,
            gain_baseline=None if trust is None else trust.total_gain - trust.total_over_baseline,
            interval_levels=[] if self.fills else self.calibration.levels,
            zero_levels=[] if self.fills else [list(self.zeros.coefficients)],
        )

    def genes(self, key: str) -> GeneFacts:
        """What is known of each gene, ready to be written under a run's key."""
        import pandas as pd

        trust, verdict, columns = self.trust, None, dict[str, NDArray[np.generic]]()
        if trust is not None:
            columns = {
                keys.gain(key): trust.gain,
                keys.gain_error(key): trust.error,
                keys.over_baseline(key): trust.over_baseline,
                keys.hidden(key): trust.hidden,
            }
            codes = trust.codes.astype(int).tolist()
            verdict = pd.Categorical.from_codes(codes, categories=pd.Index(VERDICTS))
        blend = self.blend or self.own_blend
        return GeneFacts(columns, verdict, None if blend is None else blend.weights)

    def notes(self) -> list[str]:
        """The outcome in sentences, for whoever reads the run's notes."""
        return [] if self.trust is None else [" ".join(judged_in_words(self.record(), self.title))]

    def _looked_at(self, hidden: sp.csr_matrix) -> sp.csr_matrix:
        return hidden if self.at is None else rows_at(hidden, self.at)


def _require(hidden: sp.csr_matrix) -> None:
    if hidden.sum() < FEWEST:
        raise TooSmall(
            expected=f"at least {FEWEST} molecules to hide",
            found=f"{hidden.sum():.0f}",
            remedy="Use deeper data or more genes, or train without blending and judging.",
        )
