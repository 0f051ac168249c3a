"""How long a run will take, told before it is started.

It is rehearsed: the same run on a few of the spots, with two epochs of each phase, and once more
on as many as are taken in one step. Steps of training cost what they cost there; all else grows
along the line through both. Where training stops early, as many epochs are told as it usually
takes. What is rehearsed works on a copy of these few, and with random numbers of its own: nothing
is left of it but the times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from ..config import WithBlocks
from ..data.holdout import with_counts
from ..data.technology import place_of
from ..devices import resolve_device
from ..models.blocks import sized_for
from ..progress import Progress
from ..words import counted
from .plan import Plan

if TYPE_CHECKING:
    from anndata import AnnData

    from ..run import Request, Run

Clock = Callable[[], float]

_EPOCHS, _STEPS = 2, 40
"""Of each phase that are rehearsed, by what its setting counts."""

_FEWEST, _FEW, _MANY = 30, 120_000, 1_800_000
"""Spots rehearsed at least; values (spots × genes) of both runs with a network."""

THOROUGH = 18_000_000
"""Values of the larger run where it is rehearsed thoroughly."""

FEW_SIMPLE = 300_000
"""The same of a run without a network, of which there is nothing else to go by."""

_WARM_GENES = 200
_warm = set[tuple[str, str]]()
"""Models and devices that this process has rehearsed before."""

_GROUPS, _FEWEST_GROUPS, _MOST_GROUPS = {"n_domains", "n_clusters"}, 2, 10
"""Settings that ask for groups, and how many of them the few spots bear."""


@dataclass(frozen=True)
class Trained:
    """A phase of training: seconds of a step, and how many there usually are, and at most.

    Phases of one ``kind`` are the same training once more, on other inputs.
    """

    name: str
    kind: str
    step: float
    n_usual: int
    n_most: int


@dataclass(frozen=True)
class Duration:
    """Seconds that a run takes as a rule, and at most: where no phase of training stops early.

    Parameters
    ----------
    phases : of training, in order
    after : seconds of what follows them
    """

    usual: float
    most: float
    phases: tuple[Trained, ...] = ()
    after: float = 0.0

    def __add__(self, other: Duration) -> Duration:
        return Duration(self.usual + other.usual, self.most + other.most)

    def times(self, n: int) -> Duration:
        """So many runs after one another."""
        return Duration(n * self.usual, n * self.most)


class Remaining:
    """Follows a run while it trains, and tells the time that is left.

    A phase goes on for as many steps as is usual, or for the mean of that and of those that phases
    of its kind took in this run; but not to an end before that which its patience allows.

    Parameters
    ----------
    told : what the run was said to take
    """

    def __init__(self, told: Duration) -> None:
        self._told = told
        self._n_steps = {phase.kind: [phase.n_usual] for phase in told.phases}
        self._last: tuple[Trained, int] | None = None

    def seconds(self, latest: Progress, per_step: float) -> float | None:
        """Seconds to the end of the run, as a rule; None where it does not train.

        Parameters
        ----------
        latest : the step that was reached
        per_step : seconds that a step takes in truth
        """
        names = [phase.name for phase in self._told.phases]
        if not latest.epoch or latest.phase not in names:
            return None
        here, *later = self._told.phases[names.index(latest.phase) :]
        if self._last is not None and self._last[0] is not here:
            ended, n_taken = self._last
            self._n_steps[ended.kind].append(n_taken)
        first = latest.last_of_phase - here.n_most
        n_done, soonest = latest.step - first, (latest.may_end or latest.last_of_phase) - first
        self._last = here, n_done
        n_steps = {kind: fmean(numbers) for kind, numbers in self._n_steps.items()}
        n_here = n_steps[here.kind] = min(here.n_most, max(n_steps[here.kind], soonest))
        to_come = sum(phase.step * n_steps[phase.kind] for phase in later) + self._told.after
        return per_step * (n_here - n_done) + to_come * per_step / max(here.step, 1e-9)


class Rehearsal:
    """Finds out how long a run takes.

    A few spots are copied when it is made; from then on it does not touch the data, and may go on
    in a thread.

    Parameters
    ----------
    adata : counts of the modelled genes in X, as a session holds them
    plan : what would be run
    n_obs : spots of the run, of which these are a part; 0 where they are all
    thorough : whether to rehearse on ten times as many, which takes a minute or more: what grows
        faster than the spots (neighbours are sought among all) is seen then
    clock : gives seconds
    """

    def __init__(
        self,
        adata: AnnData,
        plan: Plan,
        *,
        n_obs: int = 0,
        thorough: bool = False,
        clock: Clock = time.monotonic,
    ) -> None:
        self.n_obs, self.plan, self._clock = n_obs or adata.n_obs, plan, clock
        few = max(_FEWEST, (_FEW if plan.config.PHASES else FEW_SIMPLE) // adata.n_vars)
        many = max(2 * few, min(self._batch(adata.n_obs), _MANY // adata.n_vars))
        if thorough:
            many = max(many, THOROUGH // adata.n_vars)
            few = max(few, many // 4)
        self._few = _some(adata, few)
        self._many = _some(adata, many) if plan.config.PHASES or thorough else self._few

    def steps(self) -> Generator[Progress, None, Duration]:
        """Rehearse, and return what was found; may be closed at any step.

        Raises
        ------
        StimputeError : the run itself could not begin, or its data are too few
        """
        from ..run import Run  # torch: not before it is needed

        request, warm = _request(self.plan), _request(self.plan, n_groups=_FEWEST_GROUPS)
        kind = self.plan.model, self.plan.device
        if kind not in _warm:  # what is imported at the first time is not counted
            yield from _timed(Run(_narrow(self._few), warm), self._clock)
            _warm.add(kind)
        few = many = yield from _timed(Run(self._few, request), self._clock)
        if self._many is not self._few:
            many = yield from _timed(Run(self._many, request), self._clock)
        return self._told(_Laps(self._few.n_obs, few), _Laps(self._many.n_obs, many))

    def _told(self, few: _Laps, many: _Laps) -> Duration:
        n, m, k = self.n_obs, few.n_obs, many.n_obs
        before, after = _at(n, m, few.before, k, many.before), _at(n, m, few.after, k, many.after)
        phases = tuple(self._trained(few, many))
        usual = before + after + sum(phase.step * phase.n_usual for phase in phases)
        most = before + after + sum(phase.step * phase.n_most for phase in phases)
        return Duration(usual, most, phases, after)

    def _trained(self, few: _Laps, many: _Laps) -> Iterator[Trained]:
        """Phases of training, with steps as large as those of the whole run."""
        from ..models.training import steps_per_epoch

        device, config = resolve_device(self.plan.device), self.plan.config
        numbers = self.n_obs, few.n_obs, many.n_obs
        sizes = [min(n_obs, self._batch(n_obs, device)) for n_obs in numbers]
        per_epoch = steps_per_epoch(self.n_obs, self._batch(self.n_obs, device))
        for name, step in many.steps.items():
            of_few = few.steps.get(name, step)
            seconds = _at(sizes[0], sizes[1], of_few.seconds, sizes[2], step.seconds)
            kind = next(kind for kind in config.PHASES if name.startswith(kind))
            phase = config.PHASES[kind]
            most = phase.n_steps(config, per_epoch, self.n_obs)
            usual = phase.usual_epochs(self.n_obs) * per_epoch
            yield Trained(name, kind, seconds, min(usual, most) if step.may_end else most, most)

    def _batch(self, n_obs: int, device: str = "cpu") -> int:
        """Spots of a step, of so many in all."""
        config = sized_for(self.plan.config, device, n_obs)
        return config.batch_size if isinstance(config, WithBlocks) else n_obs


def _some(adata: AnnData, n: int) -> AnnData:
    """A copy of n spots, spread evenly over all; of all of them where there are no more."""
    rows = np.linspace(0, adata.n_obs - 1, min(n, adata.n_obs)).astype(int)
    return with_counts(adata[rows], sp.csr_matrix(sp.csr_matrix(adata.X)[rows]))


def _narrow(adata: AnnData) -> AnnData:
    """Fewer of the spots, with few of the genes."""
    genes = np.linspace(0, adata.n_vars - 1, min(_WARM_GENES, adata.n_vars)).astype(int)
    return _some(adata[:, genes], _FEWEST)


def _request(plan: Plan, n_groups: int = 0) -> Request:
    """The run with few epochs, and with a certain number of groups, or not too many for it."""
    from ..run import Request

    most: dict[str, int] = {}
    for phase in plan.config.PHASES.values():
        most[phase.setting] = _EPOCHS if phase.unit == "epochs" else _STEPS
        if phase.least:
            most[phase.least] = 1
    short = {name: min(n, getattr(plan.config, name)) for name, n in most.items()}
    for name in _GROUPS & type(plan.config).model_fields.keys():
        short[name] = n_groups or min(_MOST_GROUPS, getattr(plan.config, name))
    config = plan.config.model_copy(update=short)
    return Request(plan.model, config, device=plan.device, blend=plan.blend, judged=plan.judged)


def _at(n: int, m: int, of_m: float, k: int, of_k: float) -> float:
    """Seconds for n spots by those for m and for more, k: on the line through both."""
    if k <= m:
        return of_k * n / k
    slope = max(0.0, (of_k - of_m) / (k - m))
    return max(of_k + slope * (n - k), 0.0)


@dataclass(frozen=True)
class _Lap:
    """Seconds from one step to the next; None before the first, and after the last."""

    seconds: float
    begun: Progress | None
    reached: Progress | None

    @property
    def is_step(self) -> bool:
        """Whether it is a step of training, and nothing beside."""
        begun, reached = self.begun, self.reached
        if begun is None or reached is None:
            return False
        return reached.epoch > 0 and begun.epoch > 0 and begun.phase == reached.phase


@dataclass(frozen=True)
class _Step:
    seconds: float
    may_end: bool


class _Laps:
    """The laps of a run on some spots."""

    def __init__(self, n_obs: int, laps: Iterable[_Lap]) -> None:
        self.n_obs = n_obs
        self.before = self.after = 0.0
        """Seconds beside the steps of training: before the first, and from there on."""
        by_phase: dict[str, list[_Lap]] = {}
        for lap in laps:
            if lap.is_step and lap.begun is not None:
                by_phase.setdefault(lap.begun.phase, []).append(lap)
            elif by_phase:
                self.after += lap.seconds
            else:
                self.before += lap.seconds
        self.steps = {phase: _mean(laps) for phase, laps in by_phase.items()}


def _mean(laps: list[_Lap]) -> _Step:
    last = laps[-1].reached
    assert last is not None
    return _Step(sum(lap.seconds for lap in laps) / len(laps), last.may_end > 0)


def _timed(run: Run, clock: Clock) -> Generator[Progress, None, list[_Lap]]:
    laps, last, steps = list[_Lap](), None, run.steps()
    of = counted(run.adata.n_obs, place_of(run.adata))
    progress = Progress("rehearse", 0, 0, message=f"Rehearsing on {of}")
    begun = clock()
    with closing(steps):
        for step in steps:
            laps.append(_Lap(clock() - begun, last, step))
            yield progress
            last, begun = step, clock()
    laps.append(_Lap(clock() - begun, last, None))
    return laps
