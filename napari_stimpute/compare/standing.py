"""What came out of a comparison: a row per method, who wins which gene, and a plain sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..trust.recovery import MIN_HIDDEN
from ..words import lower_first, number, percent
from .comparison import Comparison, Score
from .methods import MIXTURE, Method

LEVEL = 0.003
"""Differences in deviance explained up to this are called level, whatever the seeds say."""

_MOST_NAMED = 3
_GENE_MEAN = "gene_mean"


@dataclass(frozen=True, eq=False)
class Row:
    """One method over all seeds; ``reason`` says why there is no score, or not one for each."""

    method: Method
    scores: tuple[Score, ...]
    reason: str = ""

    @property
    def title(self) -> str:
        """Name for people."""
        return self.method.title

    @property
    def gain(self) -> float:
        """Deviance explained, mean over seeds; NaN without a score."""
        return _mean([s.gain for s in self.scores])

    @property
    def spread(self) -> float:
        """Standard deviation of the deviance explained over seeds; NaN below two."""
        return float(np.std([s.gain for s in self.scores], ddof=1)) if self.n > 1 else math.nan

    @property
    def genes_better(self) -> float:
        """Share of genes predicted better than by gene mean × depth, mean over seeds."""
        return _mean([s.recovery.share_better for s in self.scores])

    @property
    def gene_median(self) -> float:
        """Deviance explained of the median gene, mean over seeds."""
        return _mean([s.recovery.gene_median for s in self.scores])

    @property
    def seconds(self) -> float:
        """Of fit and prediction, median over seeds."""
        return float(np.median([s.seconds for s in self.scores])) if self.n else math.nan

    @property
    def memory(self) -> float:
        """Bytes added at the peak, median over seeds."""
        return float(np.median([s.memory for s in self.scores])) if self.n else math.nan

    @property
    def truth(self) -> float:
        """Correlation with the known pattern, mean over seeds; NaN without a truth."""
        return _mean([s.truth for s in self.scores])

    @property
    def n(self) -> int:
        """Number of seeds that were scored."""
        return len(self.scores)


@dataclass(frozen=True, eq=False)
class Wins:
    """Which method predicts which gene best.

    Parameters
    ----------
    methods : those that take part, as they ran
    winner : (genes,), place in ``methods``; −1 for a gene with too few hidden molecules
    gain : (genes,), deviance explained by the winner, mean over seeds
    hidden : (genes,), hidden molecules, mean over seeds
    steady : share of the judged genes that the same method won with every seed
    n_seeds : seeds that all these methods share
    """

    methods: tuple[Method, ...]
    winner: NDArray[np.int_]
    gain: NDArray[np.float64]
    hidden: NDArray[np.float64]
    steady: float
    n_seeds: int

    @property
    def n_judged(self) -> int:
        """Genes with enough hidden molecules."""
        return int((self.winner >= 0).sum())

    @property
    def shares(self) -> dict[str, float]:
        """Share of the judged genes that each method wins, by its name."""
        counts = np.bincount(self.winner[self.winner >= 0], minlength=len(self.methods))
        total = max(1, self.n_judged)
        return {m.name: float(n) / total for m, n in zip(self.methods, counts, strict=True)}


def rows(comparison: Comparison) -> list[Row]:
    """Return a row per method, the best first, those without a score last."""
    found = []
    for contender in comparison.contenders:
        method = contender.method
        scores = tuple(s for s in comparison.scores if s.method.name == method.name)
        reason = comparison.failures.get(method.name, "")
        if scores or reason or comparison.is_complete:
            found.append(Row(method, scores, reason))
        else:
            found.append(Row(method, (), "Not reached before the comparison was stopped."))
    return sorted(found, key=lambda row: -row.gain if row.n else math.inf)


def are_level(a: Row, b: Row) -> bool:
    """Whether the seeds cannot tell two methods apart; see `difference`."""
    mean, band = difference(a, b)
    return abs(mean) <= band


def difference(a: Row, b: Row) -> tuple[float, float]:
    """Compare two methods seed by seed.

    Returns
    -------
    mean of a − b over the seeds they share, and what it must exceed to mean something: twice its
    standard error over seeds, at least `LEVEL`
    """
    of_b = {s.seed: s.gain for s in b.scores}
    pairs = [s.gain - of_b[s.seed] for s in a.scores if s.seed in of_b]
    return _mean(pairs), _band(pairs)


def wins(comparison: Comparison) -> Wins:
    """Find the winner of each gene, over the seeds that all scored methods share."""
    scored = [row for row in rows(comparison) if row.n]
    order = {c.method.name: place for place, c in enumerate(comparison.contenders)}
    scored.sort(key=lambda row: order[row.method.name])
    shared = (
        set.intersection(*({s.seed for s in row.scores} for row in scored)) if scored else set()
    )
    methods = tuple(row.method for row in scored)
    if not shared:
        n = len(comparison.genes)
        return Wins(methods, np.full(n, -1), np.full(n, np.nan), np.zeros(n), math.nan, 0)
    kept = [[s for s in row.scores if s.seed in shared] for row in scored]
    gains = np.array([[s.recovery.per_gene for s in scores] for scores in kept])  # methods × seeds
    hidden = np.mean([s.recovery.hidden for s in kept[0]], axis=0)
    judged = (hidden >= MIN_HIDDEN) & np.isfinite(gains).all(axis=(0, 1))
    mean = np.where(judged, gains.mean(axis=1), -np.inf)
    first = np.where(judged, gains, -np.inf).argmax(axis=0)
    winner = mean.argmax(axis=0)
    steady = (first == winner).all(axis=0)[judged]
    return Wins(
        methods,
        np.where(judged, winner, -1),
        np.where(judged, mean.max(axis=0), np.nan),
        hidden,
        float(steady.mean()) if judged.any() else math.nan,
        len(shared),
    )


def leader(comparison: Comparison) -> Row | None:
    """Return the best method; None if none is clearly better than gene mean × depth."""
    scored = [row for row in rows(comparison) if row.n]
    if not scored or scored[0].method.name == _GENE_MEAN:
        return None
    return scored[0] if scored[0].gain > _band([s.gain for s in scored[0].scores]) else None


def verdict(comparison: Comparison) -> str:
    """Say plainly which of the compared methods is best here, and whether a model was worth it.

    What was not compared may be better: it is named.
    """
    scored = [row for row in rows(comparison) if row.n]
    if not scored:
        said = "No method that was tried could be scored."
    elif leader(comparison) is None:
        said = _nobody_leads(scored)
    else:
        said = f"{_who_leads(scored)} {_models(scored)}".strip()
    untried = _listed([lower_first(method.title) for method in comparison.untried])
    return f"{said} Not tried: {untried}." if untried else said


def describe(row: Row) -> str:
    """Why a method has no score, with its name."""
    return row.reason if row.reason.startswith(row.title) else f"{row.title}: {row.reason}"


def _nobody_leads(scored: Sequence[Row]) -> str:
    names = _listed([lower_first(row.title) for row in scored])
    who, whose = f"None of the {len(scored)} methods compared ({names}) predicts", "their"
    if len(scored) == 1:
        who, whose = f"The one method compared ({names}) does not predict", "its"
    return (
        f"{who} the hidden molecules clearly better than gene mean × depth: do not read patterns "
        f"of single genes into {whose} imputed values of these data."
    )


def _who_leads(scored: Sequence[Row]) -> str:
    best, others = scored[0], scored[1:]
    level = [_numbered(row) for row in others if are_level(best, row)]
    n = f" (mean of {best.n} splits)" if best.n > 1 else ""
    spread = f"{number(100 * best.gain, 1)} ± " if best.n > 1 else ""
    last = best.spread if best.n > 1 else best.gain
    explains = (
        f"explains {spread}{percent(last, 1)} of the deviance that gene mean × depth leaves{n}"
    )
    if not others:
        return f"Only {best.title} was compared: it {explains}."
    of_them = f"Of the {len(scored)} methods compared"
    if level:
        return (
            f"{of_them}, none alone predicts the hidden molecules best: {best.title} {explains}, "
            f"level with {_listed(level)}."
        )
    ahead = _numbered(others[0])
    return (
        f"{of_them}, {best.title} predicts the hidden molecules best: it {explains}, "
        f"ahead of {ahead}."
    )


def _models(scored: Sequence[Row]) -> str:
    """Whether the best model beats the mixture, or else the best simple method."""
    models = [row for row in scored if row.method.kind == "model"]
    simple = [row for row in scored if row.method.kind == "simple"]
    if not models or not simple:
        return ""
    bar = next((row for row in simple if row.method.name == MIXTURE), simple[0])
    of_bar = "the mixture of simple methods"
    if bar.method.name != MIXTURE:
        of_bar = f"the best simple method compared ({lower_first(bar.title)})"
    by, band = difference(models[0], bar)
    if by > band:
        return f"{models[0].title} beats {of_bar} by {_points(by)}."
    how = "is level with it" if by >= -band else f"is {_points(-by)} behind it"
    if len(models) == 1:
        return f"{models[0].title} does not beat {of_bar}: it {how}."
    return f"No model compared beats {of_bar}: the best, {models[0].title}, {how}."


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _numbered(row: Row) -> str:
    return f"{lower_first(row.title)} at {percent(row.gain, 1)}"


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _band(values: Sequence[float]) -> float:
    if len(values) < 2:
        return LEVEL
    return max(LEVEL, 2 * float(np.std(values, ddof=1)) / math.sqrt(len(values)))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
