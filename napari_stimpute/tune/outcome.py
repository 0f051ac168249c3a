"""What a search found: its trials, the best of them, and what searching gained, in plain words."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from scipy.special import stdtrit

from ..config import ModelConfig
from ..models import model_info
from ..words import number
from .score import Measures

State = Literal["done", "pruned", "failed"]

N_FITS = 3
"""Fits of each trial's settings, with one seed each: no score is the luck of one seed."""

_SURE = 0.95
"""Share of searches among equally good settings in which no gain is to be found."""

_LOST: dict[State, str] = {
    "pruned": "ended after one fit that could not have come near the best",
    "failed": "failed",
}


@dataclass(frozen=True)
class TrialResult:
    """One trial: the settings that were tried, and what they gave.

    Parameters
    ----------
    number : counted from 0; 0 has the settings that the search began with
    settings : those that are searched
    measures : None if it failed; of a single fit if it was pruned
    reason : why it was pruned, or failed; "" if it was done
    """

    number: int
    settings: Mapping[str, Any]
    state: State
    measures: Measures | None
    reason: str = ""

    @property
    def score(self) -> float | None:
        """Larger is better; only of a trial that was done."""
        done = self.state == "done" and self.measures is not None
        return self.measures.score if done and self.measures is not None else None


@dataclass(frozen=True)
class Outcome:
    """Everything a search found so far.

    Parameters
    ----------
    config : the settings that the search began with
    n_wanted : trials asked for
    is_complete : whether it came to its end
    is_exhausted : whether all settings there are were tried
    labels : obs column that clusters were compared with, for information; "" for none
    """

    model: str
    config: ModelConfig
    trials: tuple[TrialResult, ...]
    n_wanted: int
    is_complete: bool
    is_exhausted: bool = False
    labels: str = ""

    @property
    def best(self) -> TrialResult | None:
        """The trial with the highest score; the first of several; None if none was done."""
        return best_of(self.trials)

    @property
    def start(self) -> TrialResult | None:
        """The trial with the settings that the search began with, if it was done."""
        return next((t for t in self.trials if t.number == 0 and t.score is not None), None)

    @property
    def gain(self) -> float | None:
        """Score of the best beyond that of the first; None while one of them is missing."""
        if self.best is None or self.start is None:
            return None
        return (self.best.score or 0.0) - (self.start.score or 0.0)

    @property
    def is_better(self) -> bool:
        """Whether the best beats the first by more than chance: more than ``margin``."""
        return self.gain is not None and self.gain > self.margin

    @property
    def margin(self) -> float:
        """What the best of equally good settings gains by chance in 95 % of searches, at most.

        The best of n others beats the first by chance alone, the further the more were tried. So
        the margin is the 0.95^(1/n) quantile of Student's t, times the standard error of the
        difference between two trials' mean scores. That comes from the spread among fits of the
        same settings: over all trials, or over the two that are compared if theirs is larger.
        Trials that were given up count among the n. 0 if nothing beats the first.
        """
        best, start = self.best, self.start
        if best is None or start is None or best.number == start.number:
            return 0.0
        done = [t.measures for t in self.trials if t.score is not None and t.measures is not None]
        two = [t.measures for t in (best, start) if t.measures is not None]
        spread = max(_spread(done), _spread(two))
        quantile = stdtrit(sum(m.n_fits - 1 for m in done), _SURE ** (1 / (self._n_scored - 1)))
        return float(quantile) * spread * math.sqrt(sum(1 / m.n_fits for m in two))

    def config_of(self, trial: TrialResult) -> ModelConfig:
        """All settings of a trial, whether searched or not."""
        return settings_with(self.config, trial.settings)

    def changes(self, trial: TrialResult) -> dict[str, Any]:
        """Settings of a trial that differ from those the search began with."""
        begun = self.config.model_dump()
        return {name: v for name, v in trial.settings.items() if begun[name] != v}

    @property
    def verdict(self) -> str:
        """What searching gained, in one or two sentences."""
        first, best, gain = self._first, self.best, self.gain
        if best is None or best.score is None:
            return "No trial was done, so nothing can be said."
        if self.start is None or gain is None:
            return (
                f"Trial {best.number} scored best ({number(best.score)}); {first} failed, so what "
                "searching gained cannot be said."
            )
        if best.number == self.start.number:
            return f"Nothing that was tried scored higher than {first} ({number(best.score)})."
        text = (
            f"Trial {best.number} scored {number(best.score)}, {first} "
            f"{number(self.start.score or 0.0)}: a gain of {number(gain)}. Of {self._n_scored} "
            f"equally good settings, the best would gain up to {number(self.margin)} by chance in "
            f"{100 * _SURE:.0f} % of searches"
        )
        if self.is_better:
            return f"{text}: this gain is more."
        return f"{text}, and this gain is no more: {first} may be as good."

    @property
    def notes(self) -> list[str]:
        """The verdict, and whatever else one should know."""
        notes = [self.verdict]
        if not self.is_complete:
            notes.insert(0, f"Stopped after {len(self.trials)} of {self.n_wanted} trials.")
        if self.is_exhausted:
            notes.append(f"There are only {len(self.trials)} settings to try; all were.")
        states = Counter(t.state for t in self.trials)
        for state, what in _LOST.items():
            if n := states[state]:
                notes.append(f"{n} of the trials {what}.")
        if self.labels:
            notes += self._of_labels()
        return notes

    def as_json(self) -> bytes:
        """Settings of the best trial as `stimpute impute --settings` reads them.

        `best` must be there.
        """
        best = self.best
        assert best is not None
        held = {
            "model": self.model,
            "settings": self.config_of(best).model_dump(),
            "trial": best.number,
            "trials": len(self.trials),
            "score": best.score,
            "score_of_start": None if self.start is None else self.start.score,
            "verdict": self.verdict,
        }
        return (json.dumps(held, indent=1, ensure_ascii=False) + "\n").encode()

    @property
    def _first(self) -> str:
        is_default = self.config == type(self.config)()
        return "the default settings" if is_default else "the settings it began with"

    @property
    def _n_scored(self) -> int:
        """Trials with a score, also those given up."""
        return sum(t.measures is not None for t in self.trials)

    def _of_labels(self) -> list[str]:
        clustered = [m for t in self.trials if (m := t.measures) and m.n_clusters is not None]
        if not clustered:
            title = model_info(self.model).title
            return [f"{title} finds no clusters to compare with {self.labels!r}."]
        n_others = sum(m.agreement_with(self.labels) is None for m in clustered)
        notes = []
        if n_others < len(clustered):
            notes.append(
                f"Agreement with {self.labels!r} is shown for information; it chose nothing."
            )
        if n_others:
            were = "was" if n_others == 1 else "were"
            notes.append(f"{n_others} of the trials {were} not compared with {self.labels!r}.")
        return notes


def best_of(trials: Sequence[TrialResult]) -> TrialResult | None:
    """The trial with the highest score, the first of several; None if none was done."""
    done = [t for t in trials if t.score is not None]
    return max(done, key=lambda t: (t.score or 0.0, -t.number)) if done else None


def settings_with(config: ModelConfig, settings: Mapping[str, Any]) -> ModelConfig:
    """The same settings with some of them changed."""
    return type(config).checked({**config.model_dump(), **settings})


def _spread(measures: Sequence[Measures]) -> float:
    """Spread among fits of the same settings, over several settings."""
    return math.sqrt(sum((m.spread or 0.0) ** 2 for m in measures) / len(measures))
