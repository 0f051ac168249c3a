"""Search a model's settings: what predicts hidden molecules and finds steady, clear structure.

Each trial fits the model three times, with settings from Optuna's tree-structured Parzen estimator
and seeds of its own, to the same kept molecules; `tune_parts` says how it is scored. Known labels
never enter the score. Trial 0 has the settings that the search begins with, so that the outcome
says what searching gained. A trial that fails does not sink the rest.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .. import keys
from ..background import Background
from ..config import ModelConfig, WithSections, form_fields
from ..data.counts import counts_of
from ..data.graph import spatial_coordinates
from ..data.records import fingerprint, versions
from ..data.sections import find_sections
from ..errors import InvalidSetting, StimputeError, UnknownName
from ..models import MODELS, model_class, model_info
from ..progress import Progress, StopEarly
from ..workers.workers import ALONE, Workers
from .fit import Fit, FitFailed
from .outcome import N_FITS, Outcome, TrialResult, settings_with
from .score import Fitted, Ground, Labels, measures_of
from .study import About, Asked, Space, Study
from .together import FitCrew, fit_crew, fit_together

if TYPE_CHECKING:
    from anndata import AnnData

_REPORT_EVERY = 1.0  # seconds between two reports


@dataclass(frozen=True)
class Search:
    """How to search.

    Parameters
    ----------
    n_trials : settings to try in all, those of an earlier part of the same study included
    study : file that keeps the search, so that it can go on later; "" keeps it in memory
    fixed : names of settings that are not searched
    labels : obs column to compare clusters with, for information only; "" for none
    """

    n_trials: int = 20
    seed: int = 0
    study: str | os.PathLike[str] = ""
    fixed: frozenset[str] = frozenset()
    labels: str = ""
    device: str = "auto"


class Tuning:
    """One search on one AnnData (modelled genes as counts in X), which is never changed.

    After a stop `steps` can be called again, and goes on. The fits of a trial are shared by
    ``workers``, never more than `N_FITS`; what is found does not depend on them.

    Raises
    ------
    InvalidSetting : the model has nothing to search, or the settings do not fit the data
    UnknownName : no such column
    """

    def __init__(
        self,
        adata: AnnData,
        model: str,
        config: ModelConfig,
        search: Search,
        *,
        workers: Workers = ALONE,
    ) -> None:
        self.adata, self.model, self.config, self.search = adata, model, config, search
        self.space = search_space(model, config, search.fixed)
        model_class(model)(config).check(adata)
        self.n_trials, self.workers = search.n_trials, workers
        self.current = ""
        self.is_complete = False
        self._labels = _labels(adata, search.labels)
        self._study: Study | None = None
        self._ground: Ground | None = None

    @property
    def trials(self) -> tuple[TrialResult, ...]:
        """Those that are over."""
        return () if self._study is None else self._study.trials

    @property
    def outcome(self) -> Outcome:
        """What was found so far."""
        return Outcome(
            self.model,
            self.config,
            self.trials,
            self.n_trials,
            self.is_complete,
            len(self.trials) < self.n_trials and self.is_complete,
            self.search.labels,
        )

    def steps(self) -> Generator[Progress, None, None]:
        """Search; `StopEarly` thrown in ends with the trials that were done.

        Steps are counted in seconds, of which the last is an estimate.
        """
        self.is_complete, self._pace = False, _Pace()
        try:
            yield Progress("prepare", 0, 1)
            study = self._study = self._study or self._opened()
            self.current = "Preparing"
            if self._ground is None:
                preparing = Background(lambda: Ground.of(self.adata, self.search.seed))
                while not preparing.is_over(within=_REPORT_EVERY):
                    yield Progress("prepare", 0, 1)
                self._ground = preparing.value()
            self._n_before = len(study.trials)
            with self._crew(self._ground) as crew:
                while len(study.trials) < self.n_trials and not study.is_exhausted:
                    yield from self._try(study, self._ground, crew)
            self.is_complete = True
        except StopEarly:
            return
        finally:
            self.current = ""

    def _opened(self) -> Study:
        about = About(
            self.model,
            fingerprint(counts_of(self.adata)),
            self.search.seed,
            self.config.model_dump(),
            self.space,
            _reads(self.adata, self.model, self.config),
            versions()["napari-stimpute"],
        )
        return Study(about, self.search.study)

    def _crew(self, ground: Ground) -> AbstractContextManager[FitCrew | None]:
        if not self.workers.are_apart:
            return nullcontext()
        return fit_crew(self.workers.at_most(N_FITS), ground, self.model, self.search.device)

    def _try(self, study: Study, ground: Ground, crew: FitCrew | None) -> Iterator[Progress]:
        asked = study.ask()
        try:
            config = settings_with(self.config, asked.settings)
            if crew is None:
                fits = yield from self._in_turn(study, asked, config, ground)
            else:
                fits = yield from self._together(study, asked, config, crew)
        except FitFailed as failed:
            study.fail(asked, str(failed))
            return
        except (StopEarly, GeneratorExit, StimputeError):
            study.interrupt(asked)
            raise
        self._conclude(study, asked, fits)

    def _in_turn(
        self, study: Study, asked: Asked, config: ModelConfig, ground: Ground
    ) -> Generator[Progress, None, list[Fitted]]:
        fits = list[Fitted]()
        for i in range(N_FITS):
            self.current = f"{self._which(asked)}, fit {i + 1} of {N_FITS}"
            fit = Fit(ground, self.model, config, self.search.seed + i, self.search.device)
            yield from self._follow(fit, study, fits)
            if failure := fit.failure():
                raise FitFailed(failure)
            fits.append(fit.result())
            if i == 0 and study.is_hopeless(asked, fits[0]):
                break
        return fits

    def _together(
        self, study: Study, asked: Asked, config: ModelConfig, crew: FitCrew
    ) -> Generator[Progress, None, list[Fitted]]:
        n_done, n_left = len(study.trials) - self._n_before, self.n_trials - len(study.trials)

        def report(n_over: int) -> Progress:
            self.current = f"{self._which(asked)}, {crew.doing}, {n_over} of {N_FITS} fits"
            left = self._pace.left_by_trials(n_done, n_left)
            return self._pace.progress(f"{self.current.lower()}, second", left)

        seeds = range(self.search.seed, self.search.seed + N_FITS)
        is_hopeless = partial(study.is_hopeless, asked)
        return (yield from fit_together(crew, config, seeds, is_hopeless, report))

    def _which(self, asked: Asked) -> str:
        return f"Trial {asked.number} ({asked.number + 1} of {self.n_trials})"

    def _conclude(self, study: Study, asked: Asked, fits: list[Fitted]) -> None:
        measures = measures_of(fits, self._labels)
        if len(fits) == N_FITS:
            study.finish(asked, measures)
        else:
            study.prune(asked, measures)

    def _follow(self, fit: Fit, study: Study, fits: Sequence[Fitted]) -> Iterator[Progress]:
        """Report once a second how far the search is; a stop ends the fit, and is passed on."""
        try:
            while not fit.is_over(within=self._pace.until_due()):
                if not self._pace.until_due():
                    left = self._pace.seconds_left(study.trials, self.n_trials, fits, fit)
                    yield self._pace.progress(f"{self.current.lower()}, second", left)
        finally:
            fit.end()


def search_space(model: str, config: ModelConfig, fixed: frozenset[str] = frozenset()) -> Space:
    """Choices of each setting that is searched, the value to begin with always among them.

    Raises
    ------
    InvalidSetting : there is nothing to search
    """
    begun = config.model_dump()
    space = {
        name: choices if begun[name] in choices else (begun[name], *choices)
        for name, choices in config.SEARCH.items()
        if name not in fixed
    }
    if space:
        return space
    able = ", ".join(name for name, info in MODELS.items() if info.config.SEARCH)
    raise InvalidSetting(
        field="model",
        expected="one with settings to search, not all of them fixed",
        found=model_info(model).title,
        remedy=f"Fix fewer settings, or choose one of: {able}.",
    )


class _Pace:
    """When to report the next step, and how long the rest will take."""

    def __init__(self) -> None:
        self._begun = self._reported = time.monotonic()

    def until_due(self) -> float:
        """Seconds until the next report is due."""
        return max(0.0, self._reported + _REPORT_EVERY - time.monotonic())

    def progress(self, phase: str, seconds_left: float | None) -> Progress:
        """Report a step; step 0 while nothing can be predicted."""
        self._reported = time.monotonic()
        if seconds_left is None:
            return Progress(phase, 0, 1)
        step = int(self._reported - self._begun) + 1
        n_steps = step + round(seconds_left)
        return Progress(phase, step, n_steps, seconds_left=seconds_left)

    def seconds_left(
        self, trials: Sequence[TrialResult], n_trials: int, fits: Sequence[Fitted], fit: Fit
    ) -> float | None:
        """Seconds left, from the fits that are done; None before the first one."""
        passed = time.monotonic() - fit.began
        done = [t.measures for t in trials if t.measures is not None]
        n_fits = sum(m.n_fits for m in done)
        per_trial: float = n_fits / len(done) if done else N_FITS
        if not n_fits + len(fits):
            return None
        seconds = sum(m.seconds for m in done) + sum(f.seconds for f in fits)
        per_fit = seconds / (n_fits + len(fits))
        others = max(0.0, per_trial - len(fits) - 1) + per_trial * (n_trials - len(trials) - 1)
        return max(0.0, per_fit - passed) + others * per_fit

    def left_by_trials(self, n_done: int, n_left: int) -> float | None:
        """Seconds left, from whole trials; the running one is half done, on the average."""
        if not n_done:
            return None
        return (time.monotonic() - self._begun) * (n_left - 0.5) / (n_done + 0.5)


def _labels(adata: AnnData, column: str) -> Labels | None:
    if not column:
        return None
    if column not in adata.obs:
        raise UnknownName.of("column of obs", column, adata.obs.columns)
    codes = adata.obs[column].astype("category").cat.codes
    return Labels(column, np.asarray(codes, dtype=np.int64))


def _reads(adata: AnnData, model: str, config: ModelConfig) -> dict[str, str]:
    """Fingerprint of what a fit reads beside counts, by its place in the AnnData."""
    content: dict[str, bytes] = {}
    if "spatial" in model_info(model).needs:
        places = np.ascontiguousarray(spatial_coordinates(adata), dtype="<f8")
        content[f"obsm[{keys.SPATIAL!r}]"] = places.tobytes()
    columns = [getattr(config, f.name) for f in form_fields(type(config)) if f.source == "obs"]
    if isinstance(config, WithSections) and not config.section_key:
        columns.append(find_sections(adata).column)
    for column in columns:
        if column:
            content[f"obs[{column!r}]"] = "\0".join(map(str, adata.obs[column])).encode()
    return {place: hashlib.sha256(held).hexdigest() for place, held in content.items()}
