"""Several methods on the same hidden molecules, so that none is shown without its baselines.

Per seed a tenth of the molecules is hidden, every method sees the rest, and is scored on the hidden
ones. Of a prediction only the score and the maps of a few genes are kept. A method that fails does
not sink the rest: what went wrong is kept in words, and the next one begins. What came out is put
into words by `standing`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..background import give_back_memory
from ..data.counts import counts_of
from ..data.genes import relative_variance
from ..data.holdout import HIDDEN_SHARE, Molecules, with_counts
from ..devices import require_memory
from ..errors import StimputeError, TooSmall, UnknownName, in_words
from ..keys import SPATIAL
from ..progress import Progress, StopEarly
from ..trust.recovery import MIN_HIDDEN, Recovery, pattern_correlation, recovery
from ..workers.crew import Crew
from ..workers.workers import ALONE, Done, Workers
from .methods import Method, available, methods
from .trial import Array, Contender, Pace, Trial

if TYPE_CHECKING:
    from anndata import AnnData

COUNTED = "Counted"
"""Name of the map of the kept counts themselves."""

REPORT_EVERY = 1.0
"""Seconds between two reports."""


@dataclass(frozen=True, eq=False)
class Score:
    """What one method reached with one seed.

    ``seconds`` and ``memory`` (bytes beyond what the program held before, at the peak) are those of
    fit and prediction, without imports. ``truth`` is the correlation with the known pattern, median
    over genes; NaN without a truth.
    """

    method: Method
    seed: int
    recovery: Recovery
    seconds: float
    memory: int = 0
    truth: float = float("nan")

    @property
    def title(self) -> str:
        """Name for people."""
        return self.method.title

    @property
    def gain(self) -> float:
        """Deviance explained beyond gene mean × depth."""
        return self.recovery.deviance_explained


@dataclass(frozen=True, eq=False)
class Scored:
    """A score, and the prediction of the genes that are shown, (n_obs, n shown), at own depth."""

    score: Score
    drawn: Array


class Comparison:
    """Hide molecules, let each method predict them, and score it; once per seed.

    Parameters
    ----------
    adata : counts of the modelled genes in X; never changed
    contenders : in the order in which they run
    seeds : of the splits and of the fits
    truth : (n_obs, n_vars), expected counts if they are known (simulated data), or None
    show : genes whose maps are kept; if none, three are chosen from the kept counts
    workers : who fits and scores, a method on a split each; what is found does not depend on it

    Raises
    ------
    TooSmall : too few spots, genes or molecules to hide any
    OutOfMemory : not even one prediction would fit
    UnknownName : a gene to show that is not modelled
    """

    def __init__(
        self,
        adata: AnnData,
        contenders: Sequence[Contender],
        *,
        seeds: Sequence[int] = (0,),
        truth: Array | None = None,
        show: Sequence[str] = (),
        workers: Workers = ALONE,
    ) -> None:
        self.workers = workers
        self.contenders, self.seeds, self.truth = list(contenders), list(seeds), truth
        self.genes = [str(name) for name in adata.var_names]
        self.n_obs = adata.n_obs
        self.scores: list[Score] = []
        self.failures = self._unavailable()
        self.is_complete = False
        self.current = ""
        require_memory(adata.n_obs, adata.n_vars)
        self._adata = adata
        self._molecules = Molecules.of(counts_of(adata, "X"), adata.obs_names, adata.var_names)
        kept, hidden = self._halves(self.seeds[0])
        _require_enough(adata, kept, hidden)
        self.shown = self._places(show) if show else _telling(kept)
        self.maps: dict[str, Array] = {COUNTED: kept[:, self.shown].toarray()}
        self._pace = Pace(self.contenders, len(self.seeds), adata.n_obs * adata.n_vars)

    def steps(self) -> Generator[Progress, None, None]:
        """Run and score all; `StopEarly` thrown in ends with those that were done.

        Steps are counted in seconds, of which the last is an estimate.
        """
        try:
            if self.workers.are_apart:
                yield from self._share()
            else:
                for seed in self.seeds:
                    yield from self._split(seed)
            self.is_complete = True
        except StopEarly:
            return
        finally:
            self.current = ""

    def split(self, seed: int) -> tuple[AnnData, sp.csr_matrix]:
        """What methods are given for a seed, and the hidden molecules, (n_obs, n_vars)."""
        kept, hidden = self._halves(seed)
        return with_counts(self._adata, kept), hidden

    @property
    def untried(self) -> list[Method]:
        """What could run on these data and was not asked for; models as their buttons run them."""
        asked = {c.method.name for c in self.contenders}
        names = [name for name in available(SPATIAL in self._adata.obsm) if name not in asked]
        found = [methods()[name] for name in names]
        return [method for method in found if method.blend or method.kind != "model"]

    def _halves(self, seed: int) -> tuple[sp.csr_matrix, sp.csr_matrix]:
        left, hidden = self._molecules.hide(HIDDEN_SHARE, seed)
        return left.counts, hidden

    def _split(self, seed: int) -> Iterator[Progress]:
        kept, hidden = self.split(seed)
        give_back_memory()
        which = f"split {self.seeds.index(seed) + 1} of {len(self.seeds)}"
        for contender in self.contenders:
            name, title = contender.method.name, contender.method.title
            if name in self.failures:
                continue
            self.current = f"{title}, {which}"
            trial = Trial(contender, kept, seed)
            yield from self._follow(trial)
            self._take(trial, kept, hidden)
            del trial  # and its prediction, before the next method's memory is measured

    def _follow(self, trial: Trial) -> Iterator[Progress]:
        """Report once a second how far it is; a stop ends the trial, and is passed on."""
        self._pace.begin(trial)
        try:
            yield self._pace.progress(f"{self.current}, second", trial)
            while not trial.is_over(within=REPORT_EVERY):
                yield self._pace.progress(f"{self.current}, second", trial)
        finally:
            trial.end()
            self._pace.end(trial)

    def _take(self, trial: Trial, kept: AnnData, hidden: sp.csr_matrix) -> None:
        """Keep the score, or in words what went wrong."""
        method = trial.contender.method
        try:
            scored = self._scored(trial, kept, hidden)
        except StimputeError as error:
            self.failures[method.name] = str(error)
            self._pace.drop(method)
            return
        self.scores.append(scored.score)
        if trial.seed == self.seeds[0]:
            self.maps[method.name] = scored.drawn

    def _scored(self, trial: Trial, kept: AnnData, hidden: sp.csr_matrix) -> Scored:
        prediction = trial.prediction()
        found = recovery(kept.X, hidden, prediction)
        truth = self._truth(prediction)
        score = Score(trial.contender.method, trial.seed, found, trial.seconds, trial.memory, truth)
        return Scored(score, self._at_own_depth(prediction, kept.X))

    # ---- by several processes ------------------------------------------------------------------

    def score_apart(self, part: tuple[int, int]) -> Scored:
        """Fit and score one method on one split, in a worker.

        Parameters
        ----------
        part : places of the seed and of the contender
        """
        seed, contender = self.seeds[part[0]], self.contenders[part[1]]
        kept, hidden = self.split(seed)
        trial = Trial(contender, kept, seed)
        while not trial.is_over(within=REPORT_EVERY):
            pass
        return self._scored(trial, kept, hidden)

    def _share(self) -> Iterator[Progress]:
        """Score all; what is found is put in the order in which it is found in series."""
        can_run = [i for i, c in enumerate(self.contenders) if not c.unavailable]
        parts = [(split, i) for split in range(len(self.seeds)) for i in can_run]
        found: dict[tuple[int, int], Done[tuple[int, int], Scored]] = {}
        with Crew(self.workers.at_most(len(parts)), self.score_apart) as crew:
            crew.give(parts)
            while crew.n_left:
                for done in crew.finished(REPORT_EVERY):
                    found[done.part] = done
                    self._gather(found)
                self.current = f"{crew.doing}, {len(found)} of {len(parts)} fits"
                yield Progress(f"{crew.doing}, fit", len(found), len(parts), phase_ends=0)

    def _gather(self, found: Mapping[tuple[int, int], Done[tuple[int, int], Scored]]) -> None:
        """Keep what is there; after a method's first failure nothing of it, as in series."""
        scores, maps = list[Score](), {COUNTED: self.maps[COUNTED]}
        failures = self._unavailable()
        for split, place in sorted(found):
            name, done = self.contenders[place].method.name, found[split, place]
            if name in failures:
                continue
            if done.value is None:
                failures[name] = in_words(done.error)
                continue
            scores.append(done.value.score)
            if split == 0:
                maps[name] = done.value.drawn
        self.scores, self.maps, self.failures = scores, maps, failures

    def _unavailable(self) -> dict[str, str]:
        return {c.method.name: c.unavailable for c in self.contenders if c.unavailable}

    # ---- what is scored ------------------------------------------------------------------------

    def _truth(self, prediction: Array) -> float:
        if self.truth is None:
            return float("nan")
        patterned = _has_pattern(self.truth)
        return float(
            np.median(pattern_correlation(prediction[:, patterned], self.truth[:, patterned]))
        )

    def _at_own_depth(self, prediction: Array, kept: sp.csr_matrix) -> Array:
        depth, total = np.asarray(kept.sum(axis=1)).ravel(), prediction.sum(axis=1)
        scale = np.divide(depth, total, out=np.zeros_like(depth), where=total > 0)
        return np.asarray(prediction[:, self.shown] * scale[:, None], dtype=np.float32)

    def _places(self, show: Sequence[str]) -> list[int]:
        for gene in show:
            if gene not in self.genes:
                raise UnknownName.of("modelled gene", gene, self.genes)
        return [self.genes.index(gene) for gene in dict.fromkeys(show)]


def _require_enough(adata: AnnData, kept: sp.csr_matrix, hidden: sp.csr_matrix) -> None:
    if adata.n_obs < 2 or adata.n_vars < 2:
        raise TooSmall(
            expected="at least two spots (or cells) and two genes",
            found=f"{adata.n_obs} × {adata.n_vars}",
            remedy="Open more data.",
        )
    if hidden.sum() == 0 or kept.sum() == 0:
        raise TooSmall(
            expected=f"enough molecules to hide {100 * HIDDEN_SHARE:.0f} % of them",
            found=f"{int(kept.sum() + hidden.sum()):,} molecules in all",
            remedy="Nothing can be judged on these; open deeper data, or choose more genes.",
        )


def _telling(kept: sp.csr_matrix, n: int = 3) -> list[int]:
    """Genes to look at: of the frequent, the middling and the rare, the one that varies most.

    Of genes that can be judged, where there are as many.

    Variance over mean of depth-normalised counts; no score is asked, so no method is favoured.
    """
    ratio = relative_variance(kept)
    molecules = np.asarray(kept.sum(axis=0)).ravel()
    order = np.argsort(-molecules, kind="stable")
    hidden = molecules * HIDDEN_SHARE / (1 - HIDDEN_SHARE)  # as many are expected
    enough = order[hidden[order] >= MIN_HIDDEN]
    pool = enough if len(enough) >= n else order[: max(1, int((molecules > 0).sum()))]
    return [int(part[np.argmax(ratio[part])]) for part in np.array_split(pool, n) if len(part)]


def _has_pattern(truth: Array) -> NDArray[np.bool_]:
    """Genes whose known share of a spot's molecules varies by a quarter or more."""
    shares = truth / truth.sum(axis=1, keepdims=True)
    varies: NDArray[np.bool_] = shares.std(axis=0) >= 0.25 * shares.mean(axis=0)
    return varies if varies.any() else np.ones_like(varies)
