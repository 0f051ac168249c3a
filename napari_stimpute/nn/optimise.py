"""The one training loop: a generator that yields `Progress` after each step.

Cancelling is closing the generator. However it ends (finished, stopped early, closed, failed), the
module is left in evaluation mode with the best parameters seen.

The loss is read from the device after the first step of an epoch, every 25 steps and at its end;
reading at each step would make the device wait. The steps between repeat the last reading.

Of several processes (`ranks`) each computes a share of every step; all take the same one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import Diverged
from ..progress import Progress
from . import ranks
from .adamw import AdamW, Group
from .checkpoint import Checkpoint, Resumable, Stand

READ_EVERY = 25  # steps


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Parameters
    ----------
    n_epochs : most epochs
    steps_per_epoch : optimiser steps in an epoch
    learning_rate : of AdamW, after warming up
    weight_decay : of AdamW (decoupled), for parameters in no `ParameterGroup`
    clip : largest norm of the gradient; 0 does not clip
    patience : scores in a row without improvement before stopping; 0 never stops early
    validate_every : epochs between validations; the last epoch is always validated
    warmup_epochs : epochs over which the learning rate rises linearly from 0; 0 does not warm up
    decay : factor on the learning rate after each epoch; 1 keeps it
    falls_to : share of the learning rate to which it falls by half a cosine; 1 keeps it
    keeps_last : whether the last parameters are kept, whatever the scores say; they are shown
    """

    n_epochs: int
    steps_per_epoch: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    clip: float = 5.0
    patience: int = 30
    validate_every: int = 1
    warmup_epochs: int = 0
    decay: float = 1.0
    falls_to: float = 1.0
    keeps_last: bool = False

    @property
    def n_steps(self) -> int:
        """Optimiser steps, if training does not stop early."""
        return self.n_epochs * self.steps_per_epoch

    def rate_factor(self, step: int) -> float:
        """Factor on the learning rate at a step, which counts from 0."""
        warmup_steps = self.warmup_epochs * self.steps_per_epoch
        warm = min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, self.n_steps))))
        falling = self.falls_to + (1 - self.falls_to) * fall
        return float(warm * falling * self.decay ** (step // self.steps_per_epoch))


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that are trained differently from the others.

    Parameters
    ----------
    parameters : for example `tuple(prior.parameters())`
    weight_decay : for example 0 for centres of clusters
    rate : factor on the schedule's learning rate
    """

    parameters: tuple[nn.Parameter, ...]
    weight_decay: float = 0.0
    rate: float = 1.0


def minimise(
    step_loss: Callable[[], Tensor],
    module: nn.Module,
    schedule: Schedule,
    *,
    phase: str,
    groups: Sequence[ParameterGroup] = (),
    validate: Callable[[], float] | None = None,
    first_step: int = 1,
    n_steps: int = 0,
    checkpoint: Checkpoint | None = None,
    beside: Resumable | None = None,
) -> Generator[Progress, None, None]:
    """Train a module, one optimiser step per item asked for.

    Parameters
    ----------
    step_loss : gives the scalar loss of the next step; called once per step, in training mode
    module : what is trained; its buffers are kept and restored like its parameters
    schedule : how long and how fast
    phase : name shown while it runs, for example "train"
    groups : exceptions in weight decay and learning rate
    validate : score of the present module, smaller is better; called in evaluation mode, without
        gradients. Without it the mean loss of each epoch is the score: do not rely on that where
        the loss itself changes over the epochs (a rising weight of one of its terms)
    first_step : number of the first step within the whole work
    n_steps : steps of the whole work; 0 if this is all of it
    checkpoint : keeps where the phase stands after an epoch; from there it is gone on
    beside : what the loss holds beside the module, kept with it

    Yields
    ------
    After each step, metrics {"loss": mean over the epoch so far}; after an epoch that was
    validated, {"validation": score} too. Early stopping ends before `n_steps`.

    Raises
    ------
    Diverged : the loss, its gradient or the validation is not finite; parameters are restored first
    """
    ranks.alike(module)
    training = _Training(step_loss, module, schedule, phase, _optimiser(module, schedule, groups))
    training.resume(checkpoint, beside)
    before = first_step - 1
    step = before + training.n_epochs * schedule.steps_per_epoch
    n_steps = n_steps or before + schedule.n_steps
    score_every = 1 if validate is None else schedule.validate_every
    try:
        while not training.is_over:
            for metrics in training.epoch(validate):
                step += 1
                may_end = before + training.soonest(score_every) if schedule.patience else 0
                with ranks.stopping_together():
                    yield Progress(
                        phase,
                        step,
                        n_steps,
                        metrics,
                        epoch=training.n_epochs,
                        phase_ends=before + schedule.n_steps,
                        may_end=may_end,
                    )
            training.keep(checkpoint, beside)
    finally:
        training.close()


def _optimiser(module: nn.Module, schedule: Schedule, groups: Sequence[ParameterGroup]) -> AdamW:
    grouped = {id(p) for group in groups for p in group.parameters}
    others = [p for p in module.parameters() if p.requires_grad and id(p) not in grouped]
    ordered = [ParameterGroup(tuple(others), schedule.weight_decay), *groups]
    return AdamW(
        [
            Group(group.parameters, group.rate * schedule.learning_rate, group.weight_decay)
            for group in ordered
        ]
    )


class _Training:
    """State of one run of `minimise`."""

    def __init__(
        self,
        step_loss: Callable[[], Tensor],
        module: nn.Module,
        schedule: Schedule,
        phase: str,
        optimiser: AdamW,
    ) -> None:
        self.step_loss, self.module, self.schedule = step_loss, module, schedule
        self.phase, self.optimiser = phase, optimiser
        self.parameters = optimiser.parameters
        self.n_steps = 0
        self.best = _Best(module, schedule.keeps_last)
        self.n_epochs = 0
        self.total = torch.zeros(2)  # sums over the epoch: loss, norm of the gradient

    def resume(self, checkpoint: Checkpoint | None, beside: Resumable | None) -> None:
        """Take back what was kept of this phase, if anything was."""
        state = None if checkpoint is None else checkpoint.of(self.phase)
        if state is None:
            return
        best = self.best
        best.score, best.n_worse, best.n_offered = state["score"]
        for name, value in state["best"].items():
            best.state[name].copy_(value)
        self.n_steps, self.n_epochs = state["n_steps"], state["n_epochs"]
        if not self.is_over:
            self.module.load_state_dict(state["module"])
            self.optimiser.load_state_dict(state["optimiser"])
        if beside is not None:
            beside.load_state_dict(state["beside"][ranks.rank()])

    def keep(self, checkpoint: Checkpoint | None, beside: Resumable | None) -> None:
        """Keep where this phase stands after an epoch; of one that is over, what it ends with."""
        if checkpoint is None or not (self.is_over or ranks.from_first(lambda: checkpoint.is_due)):
            return
        best = self.best
        state: dict[str, Any] = {
            "n_steps": self.n_steps,
            "n_epochs": self.n_epochs,
            "score": (best.score, best.n_worse, best.n_offered),
            "best": best.state,
            "beside": ranks.gathered({} if beside is None else beside.state_dict()),
        }
        if not self.is_over:
            state["module"] = self.module.state_dict()
            state["optimiser"] = self.optimiser.state_dict()
        stand = Stand(self.phase, self.n_epochs, self.schedule.n_epochs)
        if ranks.is_first():
            checkpoint.keep(self.phase, state, stand)

    @property
    def is_over(self) -> bool:
        out_of_patience = 0 < self.schedule.patience <= self.best.n_worse
        return out_of_patience or self.n_epochs == self.schedule.n_epochs

    def soonest(self, score_every: int) -> int:
        """Steps after which it ends if no score until then is better than the best."""
        schedule, best = self.schedule, self.best
        n_scores = best.n_offered + schedule.patience - best.n_worse
        return min(schedule.n_epochs, n_scores * score_every) * schedule.steps_per_epoch

    def epoch(self, validate: Callable[[], float] | None) -> Iterator[dict[str, float]]:
        """Train for one epoch; yield the metrics of each step."""
        self.n_epochs += 1
        self.total = torch.zeros(2)
        n, mean = self.schedule.steps_per_epoch, math.nan
        for i in range(1, n + 1):
            self._step()
            if i == 1 or i == n or i % READ_EVERY == 0:
                mean = self._read() / i
            metrics = {"loss": mean}
            if i == n and validate is None:
                self.best.offer(mean)
            elif i == n and validate is not None and self._is_validated():
                metrics["validation"] = self._validate(validate)
            yield metrics

    def close(self) -> None:
        """Leave the module usable: best parameters, evaluation mode, no gradients."""
        if not math.isinf(self.best.score) or not bool(torch.isfinite(self.total).all()):
            self.best.restore()
        self.optimiser.zero_grad()
        self.module.eval()

    def _step(self) -> None:
        if not self.module.training:
            self.module.train()
        with torch.enable_grad():
            self.optimiser.zero_grad()
            loss = self.step_loss()
            loss.backward()  # type: ignore[no-untyped-call]
        loss = loss.detach()
        ranks.average([loss, *(p.grad for p in self.parameters if p.grad is not None)])
        norm = nn.utils.clip_grad_norm_(self.parameters, self.schedule.clip or math.inf)
        self.optimiser.step(self.schedule.rate_factor(self.n_steps))
        self.n_steps += 1
        self.total = self.total.to(loss.device) + torch.stack([loss, norm])

    def _read(self) -> float:
        """Sum of the losses of this epoch."""
        loss, norm = self.total.tolist()
        self._check(loss, "loss")
        self._check(norm, "gradient")
        return float(loss)

    def _is_validated(self) -> bool:
        last = self.n_epochs == self.schedule.n_epochs
        return last or self.n_epochs % self.schedule.validate_every == 0

    def _validate(self, validate: Callable[[], float]) -> float:
        self.module.eval()
        with torch.no_grad():
            score = ranks.from_first(float, validate())
        self._check(score, "validation score")
        self.best.offer(score)
        return score

    def _check(self, value: float, name: str) -> None:
        if not math.isfinite(value):
            self.best.restore()
            raise Diverged(
                expected=f"a finite {name} in phase '{self.phase}'",
                found=f"{value} in epoch {self.n_epochs}",
                remedy="Lower the learning rate. The best parameters before it were kept.",
            )


class _Best:
    """The best parameters and buffers so far, kept on their device."""

    def __init__(self, module: nn.Module, keeps_last: bool) -> None:
        self.module, self.score, self.n_worse, self.n_offered = module, math.inf, 0, 0
        self.keeps_last = keeps_last
        self.state = {name: value.clone() for name, value in module.state_dict().items()}

    def offer(self, score: float) -> None:
        """Keep the present state if its score is smaller than any before."""
        self.n_offered += 1
        if score < self.score or self.keeps_last:
            self.score, self.n_worse = score, 0
            for name, value in self.module.state_dict().items():
                self.state[name].copy_(value)
        else:
            self.n_worse += 1

    def restore(self) -> None:
        """Bring back the best state; the first one if none was scored."""
        self.module.load_state_dict(self.state)
