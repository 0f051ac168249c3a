"""Values for genes that a run did not model: a blend of simple predictions, judged like the others.

Nothing is trained. Of the counts of the modelled genes and the new ones together, molecules are
hidden as for the run, with its seed: a tenth to judge, a tenth of the rest to steer. The blend's
weights come from the steering part, the verdict from the judging part, which nothing else has seen;
and each new gene is judged among all genes, since a gene with few molecules is judged by those like
it, too.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..data.blocks import joined, kept_or_filled
from ..data.counts import depth_of
from ..data.extend import AddedGenes, with_counts_of
from ..data.holdout import Molecules
from ..data.records import RunRecord, read_records
from ..data.results import GeneFacts
from ..data.scratch import require_room
from ..models.simple.blend import apply_blend, blend_blocks, fit_blend
from ..models.simple.mixture import tissue_graph
from ..models.simple.parts import Parts, restoring
from ..models.simple.sample import Rows, judged_rows
from ..models.simple.weights import Blend
from ..progress import Progress
from .calibration import calibrate
from .judgement import Hidden, hide
from .verdict import VERDICTS, Trust, judge
from .zeros import DEFAULT_THRESHOLD, ZeroCalibration, calibrate_zeros

if TYPE_CHECKING:
    from anndata import AnnData

Array = NDArray[np.float32]

_STEPS = 4
"""For each run: hide, weigh, judge, impute."""


def added_steps(
    adata: AnnData, genes: Sequence[str]
) -> Generator[Progress, None, dict[str, AddedGenes]]:
    """Predict genes of raw that are not modelled, for each run with imputed values.

    Parameters
    ----------
    adata : a working AnnData; it is not changed
    genes : names in raw that are not among its ``var_names``

    Returns
    -------
    By key of the run; for `data.extend.extend`

    Raises
    ------
    TooSmall : too few molecules to decide by
    OutOfMemory : too little memory for the values of all genes
    """
    found = dict[str, AddedGenes]()
    records = [r for key, r in read_records(adata).items() if keys.imputed(key) in adata.layers]
    if not records:
        return found
    counts, names = with_counts_of(adata, genes)
    require_room(adata.n_obs, len(names))
    molecules = Molecules.of(counts, adata.obs_names, names)
    columns = names.get_indexer(pd.Index(genes))
    n_steps = _STEPS * len(records)
    for number, record in enumerate(records):
        yield Progress("weigh", _STEPS * number, n_steps, message="Weighing simple predictions")
        section_key = str(record.config.get("section_key") or "")
        simple = _Simple.of(molecules, tissue_graph(adata, section_key), record)
        yield Progress("judge", _STEPS * number + 2, n_steps, message="Judging on hidden molecules")
        trust = simple.trust()
        yield Progress("impute", _STEPS * number + 3, n_steps, message="Imputing")
        has_fills = keys.fill_probability(record.key) in adata.layers
        imputed, filled = simple.imputed(columns, has_fills=has_fills)
        facts = simple.facts(trust, columns)
        baseline = "" if trust is None else simple.baseline
        found[record.key] = AddedGenes(imputed, facts, filled, baseline)
    yield Progress("done", n_steps, n_steps, message="Done")
    return found


@dataclass(frozen=True, eq=False)
class _Simple:
    """The blend of simple predictions of one run's genes and the new ones."""

    record: RunRecord
    counts: sp.csr_matrix
    rest: sp.csr_matrix
    """Of all spots, as `counts`; what is hidden, of those looked at."""
    hidden: Hidden
    at: Rows | None
    graph: sp.csr_matrix | None
    parts: Parts
    blend: Blend

    @classmethod
    def of(cls, molecules: Molecules, graph: sp.csr_matrix | None, record: RunRecord) -> _Simple:
        judged = record.trust is not None and bool(record.trust.verdicts)
        at = judged_rows(molecules.counts.shape[0], record.seed)
        hidden = hide(molecules, record.seed, judged=judged)
        parts = Parts.of(hidden.kept, graph, record.seed, at)
        every, hidden = hidden, hidden.of(at)
        blend = fit_blend(parts, hidden.steering)
        return cls(record, molecules.counts, every.rest, hidden, at, graph, parts, blend)

    @property
    def baseline(self) -> str:
        """The best simple method as the run has it, or else as it is here."""
        trust = self.record.trust
        is_here = trust is not None and trust.baseline in self.blend.titles
        return trust.baseline if trust is not None and is_here else self.blend.best_part

    def trust(self) -> Trust | None:
        """Verdicts on all genes; None where the run has none."""
        rest, judging = self.hidden.rest, self.hidden.judging
        if judging is None or self.record.trust is None:
            return None
        parts = Parts.of(self.rest, self.graph, self.record.seed, self.at)
        prediction = apply_blend(parts, self.blend)
        return judge(rest, judging, prediction, lambda rows: parts.part(rows, self.baseline))

    def imputed(
        self, columns: NDArray[np.intp], *, has_fills: bool
    ) -> tuple[Array, sp.csr_matrix | None]:
        """Values of the new genes as the run's layer holds them, and how likely fills are."""
        expected, counts = self._expected(columns), self.counts[:, columns]
        if self.record.config.get("mode") != "fill":
            return expected, None
        depth = depth_of(self.counts)
        share = np.asarray(counts.sum(axis=0)).ravel() / depth.sum()
        probability = self._zeros().probability(expected, depth[:, None] * share)
        least = np.float32(self.record.config.get("fill_threshold", DEFAULT_THRESHOLD))
        filled = kept_or_filled(expected, counts, probability >= least)
        probability[(filled == 0) | (counts.toarray() > 0)] = 0
        return filled, sp.csr_matrix(probability) if has_fills else None

    def _expected(self, columns: NDArray[np.intp]) -> Array:
        """Expected counts of these genes, (n_obs, len(columns))."""
        parts = Parts.of(self.counts, self.graph, self.record.seed)
        blocks = (block[:, columns] for _, block in blend_blocks(parts, self.blend))
        expected = joined(blocks, (len(parts.depth), len(columns)))
        total = expected.sum(axis=0, dtype=np.float64)
        return np.asarray(expected * restoring(self.counts[:, columns], total), np.float32)

    def _zeros(self) -> ZeroCalibration:
        prediction = apply_blend(self.parts, self.blend)
        kept, steering = self.hidden.kept, self.hidden.steering
        calibration = calibrate(prediction, steering)
        return ZeroCalibration(tuple(calibrate_zeros(kept, prediction, steering)), calibration)

    def facts(self, trust: Trust | None, columns: NDArray[np.intp]) -> GeneFacts | None:
        """What is known of the new genes, as the run knows it of its own.

        Weights stay 0 where the run was blended of other simple methods than can be made here.
        """
        record, key = self.record, self.record.key
        if record.trust is None:
            return None
        found, verdict, weights = dict[str, NDArray[np.generic]](), None, None
        if trust is not None:
            found = {
                keys.gain(key): trust.gain[columns],
                keys.gain_error(key): trust.error[columns],
                keys.over_baseline(key): trust.over_baseline[columns],
                keys.hidden(key): trust.hidden[columns],
            }
            codes = trust.codes[columns].astype(int).tolist()
            verdict = pd.Categorical.from_codes(codes, categories=pd.Index(VERDICTS))
        if parts := record.trust.parts:
            weights = np.zeros((len(columns), len(parts)), dtype=np.float32)
            if set(self.blend.titles) <= set(parts):
                at = [parts.index(title) for title in self.blend.titles]
                weights[:, at] = self.blend.weights[columns]
        return GeneFacts(found, verdict, weights)
