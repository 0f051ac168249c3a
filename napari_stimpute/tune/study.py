"""The record of a search, kept by Optuna: what was tried, what came of it, and what to try next.

In memory, or in a file to which every event is appended as it happens (an Optuna journal): a
process that is killed loses the trial that was running, and nothing else. That trial is tried again
when the search goes on. What is tried next depends on the seed and the trials so far alone, so that
a search that was interrupted finds what an uninterrupted one finds.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, NotReadable, NotWritable
from ..words import number
from .outcome import TrialResult, best_of
from .score import STRUCTURE_WEIGHT, Fitted, Measures

if TYPE_CHECKING:
    import optuna

Space = Mapping[str, tuple[Any, ...]]
"""Choices of each setting that is searched."""

_NAME = "stimpute"
_ABOUT, _MEASURES, _REASON, _LOST = "about", "measures", "reason", "lost"
"""Attributes of the study, and of its trials."""

_N_RANDOM = 8
"""Trials that are drawn blindly before what they gave steers the next."""

_FEWEST_TO_PRUNE = 3
"""Trials to be done before another is given up."""

_REMEDY = "Name another study file, or go on with the data and settings of this one."


@dataclass(frozen=True)
class About:
    """What a study was begun with: results of another search are never mixed in."""

    model: str
    counts: str
    """Fingerprint of the counts."""
    seed: int
    settings: Mapping[str, Any]
    space: Space
    reads: Mapping[str, str]
    """Fingerprint of what a fit reads beside counts, by its place in the AnnData."""
    version: str


@dataclass(frozen=True, eq=False)
class Asked:
    """A trial that is to be done: its settings, and Optuna's name for it."""

    number: int
    settings: Mapping[str, Any]
    trial: optuna.trial.Trial


class Study:
    """Trials of one search.

    ``trials`` holds those that are over, in order: neither those interrupted nor those that only
    repeat.

    Parameters
    ----------
    about : what is searched, and on which data
    path : file to begin or to go on with, by one search at a time; "" keeps it in memory

    Raises
    ------
    NotReadable, NotWritable : the file is no study, or cannot be written
    InputError : it was begun with other data, another model or other settings
    """

    def __init__(self, about: About, path: str | os.PathLike[str] = "") -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.about, self.path = about, Path(path).expanduser() if path else None
        choices = optuna.distributions.CategoricalDistribution
        self._distributions = {name: choices(values) for name, values in about.space.items()}
        with _in_words(self.path, *_OF_GARBLED_LINES):
            storage = self._storage()
            # optuna's own load_if_exists would write into a file that is then refused
            if _NAME in optuna.get_all_study_names(storage):
                self._study = optuna.load_study(study_name=_NAME, storage=storage)
            else:
                self._study = optuna.create_study(
                    study_name=_NAME, storage=storage, direction="maximize"
                )
            self._begin()
            self.trials = self._over()
            self._mend()
            self._tried()

    # ---- what is next --------------------------------------------------------------------------

    @property
    def is_exhausted(self) -> bool:
        """Whether all settings were tried."""
        return len(self._tried()) >= math.prod(len(c) for c in self.about.space.values())

    def ask(self) -> Asked:
        """Choose what to try next; never what was tried before. Not once `is_exhausted`."""
        from optuna.samplers import TPESampler

        number, tried = len(self.trials), self._tried()
        with _in_words(self.path):
            seed = self.about.seed * 1_009 + number
            self._study.sampler = TPESampler(seed=seed, n_startup_trials=_N_RANDOM)
            trial = self._study.ask(dict(self._distributions))
            if self._key(trial.params) in tried:
                self._lose(trial, "repeats")
                self._study.enqueue_trial(self._untried(tried, number))
                trial = self._study.ask(dict(self._distributions))
        return Asked(number, trial.params, trial)

    def is_hopeless(self, asked: Asked, fitted: Fitted) -> bool:
        """Whether the first of several fits leaves no chance to come near the best trial.

        Even if the fits agreed as well as any did so far, and were luckier than this one by the
        largest spread so far. The settings that the search began with are always tried in full.
        """
        done = [t.measures for t in self.trials if t.score is not None and t.measures is not None]
        best = best_of(self.trials)
        if asked.number == 0 or len(done) < _FEWEST_TO_PRUNE or best is None:
            return False
        luck = max(m.spread or 0.0 for m in done)
        agreement = max(m.stability or 0.0 for m in done)
        return fitted.score + STRUCTURE_WEIGHT * agreement + luck < (best.score or 0.0)

    # ---- what became of it ---------------------------------------------------------------------

    def finish(self, asked: Asked, measures: Measures) -> None:
        """All fits were done."""
        self._end(asked, "COMPLETE", measures, value=measures.score)

    def prune(self, asked: Asked, measures: Measures) -> None:
        """It was given up after the first fit."""
        text = number(measures.score)
        reason = f"One fit scored {text}: too far below the best to reach it."
        self._end(asked, "PRUNED", measures, reason)

    def fail(self, asked: Asked, reason: str) -> None:
        """A fit failed."""
        self._end(asked, "FAIL", None, reason)

    def interrupt(self, asked: Asked) -> None:
        """The search was stopped meanwhile: it is tried again when it goes on."""
        with _in_words(self.path):
            self._lose(asked.trial, "interrupted")
            self._study.enqueue_trial(dict(asked.settings))

    def _end(
        self,
        asked: Asked,
        state: str,
        measures: Measures | None,
        reason: str = "",
        *,
        value: float | None = None,
    ) -> None:
        from optuna.trial import TrialState

        with _in_words(self.path):
            if measures is not None:
                asked.trial.set_user_attr(_MEASURES, asdict(measures))
                asked.trial.report(measures.score, step=0)
            asked.trial.set_user_attr(_REASON, reason)
            self._study.tell(asked.trial, value, state=TrialState[state])
            self.trials = self._over()

    def _lose(self, trial: optuna.trial.Trial, why: str) -> None:
        from optuna.trial import TrialState

        trial.set_user_attr(_LOST, why)
        self._study.tell(trial, state=TrialState.FAIL)

    def _over(self) -> tuple[TrialResult, ...]:
        over = [t for t in self._study.trials if t.state.is_finished()]
        counted = [t for t in over if _LOST not in t.user_attrs]
        return tuple(_result(number, trial) for number, trial in enumerate(counted))

    # ---- beginning and going on ----------------------------------------------------------------

    def _storage(self) -> optuna.storages.BaseStorage:
        from optuna.storages import InMemoryStorage, JournalStorage
        from optuna.storages.journal import JournalFileBackend

        if self.path is None:
            return InMemoryStorage()
        _drop_unfinished_line(self.path)
        return JournalStorage(JournalFileBackend(str(self.path)))

    def _begin(self) -> None:
        about = json.loads(json.dumps(asdict(self.about)))
        held = self._study.user_attrs.get(_ABOUT)
        if held is None and self._study.trials:
            raise InputError(
                expected="a study of this program", found="one of another", remedy=_REMEDY
            )
        if held is None:
            self._study.set_user_attr(_ABOUT, about)
        elif differences := list(_differences(held, about)):
            raise InputError(
                expected="a study of these data, this model and these settings",
                found=f"one of {', and of '.join(differences)}",
                remedy=_REMEDY,
            )

    def _mend(self) -> None:
        """Trials that a killed process left are tried again; the first settings always are."""
        from optuna.trial import Trial, TrialState

        for left in self._study.get_trials(states=(TrialState.RUNNING,)):
            self._lose(Trial(self._study, left._trial_id), "interrupted")
            if set(left.params) == set(self.about.space):
                self._study.enqueue_trial(left.params)
        first = {name: self.about.settings[name] for name in self.about.space}
        waiting = self._study.get_trials(states=(TrialState.WAITING,))
        is_due = any(t.system_attrs.get("fixed_params") == first for t in waiting)
        if not self.trials and not is_due:
            self._study.enqueue_trial(first)

    def _tried(self) -> set[tuple[Any, ...]]:
        return {self._key(trial.settings) for trial in self.trials}

    def _untried(self, tried: set[tuple[Any, ...]], number: int) -> dict[str, Any]:
        generator = np.random.default_rng((self.about.seed, number))
        while True:
            drawn = {n: c[generator.integers(len(c))] for n, c in self.about.space.items()}
            if self._key(drawn) not in tried:
                return drawn

    def _key(self, settings: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(settings[name] for name in self.about.space)


def _result(number: int, trial: optuna.trial.FrozenTrial) -> TrialResult:
    held = trial.user_attrs.get(_MEASURES)
    measures = None if held is None else Measures(**held)
    states: dict[str, Any] = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
    reason = trial.user_attrs.get(_REASON, "")
    return TrialResult(number, dict(trial.params), states[trial.state.name], measures, reason)


def _differences(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """What a study was begun with, in words, where it is not what is wanted."""
    if held.get("counts") != wanted["counts"]:
        yield "other counts"
    if held.get("model") != wanted["model"]:
        yield f"the model {held.get('model')!r}"
        return
    if held.get("seed") != wanted["seed"]:
        yield f"the seed {held.get('seed')}"
    if held.get("settings") != wanted["settings"]:
        before, now = held.get("settings", {}), wanted["settings"]
        changed = [
            f"{n} {before.get(n)} instead of {now.get(n)}" for n in _other_names(before, now)
        ]
        yield f"other settings ({', '.join(changed)})"
    elif others := _other_names(held.get("reads", {}), wanted["reads"]):
        yield f"other values in {' and '.join(others)}"
    elif held.get("space") != wanted["space"]:
        yield "other settings to search"
    if held.get("version") != wanted["version"]:
        yield f"another version of this program ({held.get('version')})"


def _other_names(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    return [n for n in {**held, **wanted} if held.get(n) != wanted.get(n)]


def _drop_unfinished_line(path: Path) -> None:
    """Cut off what a killed process was writing: whatever follows it would be unreadable.

    Raises
    ------
    ValueError : the first line is no whole line of a journal; the file is left as it is
    """
    content = path.read_bytes() if path.exists() else b""
    if not content:
        return
    if not _is_of_journal(content[: content.find(b"\n") + 1]):
        raise ValueError("not a journal")
    end = content.rfind(b"\n") + 1
    if end < len(content):
        os.truncate(path, end)


def _is_of_journal(line: bytes) -> bool:
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return isinstance(event, dict) and "op_code" in event


_OF_GARBLED_LINES = (AssertionError, AttributeError, IndexError, TypeError)
"""What optuna raises of lines that are JSON, and no lines of a journal."""


@contextmanager
def _in_words(path: Path | None, *garbled: type[Exception]) -> Iterator[None]:
    """Turn errors of the file into words; also those that its lines may cause, where it is read."""
    not_ours: tuple[type[Exception], ...] = (ValueError, KeyError, *garbled)
    try:
        yield
    except OSError as error:
        raise NotWritable(
            expected=f"a study file that can be written at {path}",
            found=error.strerror or str(error),
            remedy="Choose another place, or free some space.",
        ) from error
    except not_ours as error:
        raise NotReadable(
            expected=f"a study file of this program at {path}",
            found="something else, or damage",
            remedy="Choose another name; the file is left as it is.",
        ) from error
