"""The training loop: it converges, stops, keeps the best, and says where it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, pairwise

import pytest
import torch
from torch import Tensor, nn

from napari_stimpute.errors import Diverged
from napari_stimpute.nn.optimise import ParameterGroup, Schedule, minimise
from napari_stimpute.progress import Progress, drain

TARGET = torch.tensor([1.0, -2.0, 3.0])
PLAIN = Schedule(n_epochs=20, learning_rate=0.1, weight_decay=0.0, clip=0.0, patience=0)


class Point(nn.Module):
    """Three numbers to be moved to `TARGET`, and a buffer that counts steps."""

    def __init__(self) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.zeros(3))
        self.n_steps: Tensor
        self.register_buffer("n_steps", torch.tensor(0))

    def loss(self) -> Tensor:
        self.n_steps += 1
        return (self.position - TARGET).square().sum()


def scores(*values: float) -> Callable[[], float]:
    """A validation that gives these scores in turn."""
    remaining: Iterator[float] = iter(values)
    return lambda: next(remaining)


def run(point: Point, schedule: Schedule, **options: object) -> list[Progress]:
    return list(minimise(point.loss, point, schedule, phase="train", **options))  # type: ignore[arg-type]


def test_quadratic_converges() -> None:
    point = Point()
    run(point, replace(PLAIN, n_epochs=300))
    torch.testing.assert_close(point.position.detach(), TARGET, atol=0.01, rtol=0)


def test_each_step_is_reported_and_counted_over_all_work() -> None:
    schedule = replace(PLAIN, n_epochs=3, steps_per_epoch=4)
    reported = run(Point(), schedule, first_step=11, n_steps=100)
    assert [p.step for p in reported] == list(range(11, 23))
    assert {(p.phase, p.n_steps) for p in reported} == {("train", 100)}
    assert {p.last_of_phase for p in reported} == {22}


def test_it_is_said_with_which_step_training_ends_if_nothing_gets_better() -> None:
    validate = scores(3.0, 2.0, 2.5, 1.0, 1.5, 1.5, 1.5)
    schedule = replace(PLAIN, n_epochs=20, steps_per_epoch=2, patience=3, validate_every=2)
    reported = run(Point(), schedule, validate=validate, first_step=11)
    assert [p.may_end for p in reported[3::4]] == [26, 30, 30, 38, 38, 38, 38]
    assert {p.may_end for p in reported[:3]} == {22}  # after the patience
    assert reported[-1].step == reported[-1].may_end
    assert {p.may_end for p in run(Point(), replace(PLAIN, n_epochs=3, patience=0))} == {0}
    assert {p.may_end for p in run(Point(), replace(PLAIN, n_epochs=3, patience=9))} == {3}


def test_steps_alone_count_to_their_end() -> None:
    reported = run(Point(), replace(PLAIN, n_epochs=2, steps_per_epoch=3))
    assert (reported[-1].step, reported[-1].n_steps) == (6, 6)


def test_loss_at_the_end_of_an_epoch_is_its_mean() -> None:
    point, losses = Point(), []

    def loss() -> Tensor:
        losses.append(point.loss())
        return losses[-1]

    schedule = replace(PLAIN, n_epochs=2, steps_per_epoch=60)
    reported = list(minimise(loss, point, schedule, phase="train"))
    values = torch.stack(losses).detach()
    for end in (60, 120):
        mean = values[end - 60 : end].mean().item()
        assert reported[end - 1].metrics["loss"] == pytest.approx(mean, rel=1e-5)
    assert reported[24].metrics["loss"] == pytest.approx(values[:25].mean().item(), rel=1e-5)
    assert reported[23].metrics["loss"] == pytest.approx(values[0].item(), rel=1e-5)


def test_validation_is_reported_when_it_ran_and_after_the_last_epoch() -> None:
    schedule = replace(PLAIN, n_epochs=5, steps_per_epoch=2, validate_every=2)
    reported = run(Point(), schedule, validate=scores(3.0, 2.0, 1.0))
    assert {p.step: p.metrics["validation"] for p in reported if "validation" in p.metrics} == {
        4: 3.0,
        8: 2.0,
        10: 1.0,
    }


def test_validation_runs_in_evaluation_mode_without_gradients_and_steps_in_training() -> None:
    point, modes = Point(), []

    def loss() -> Tensor:
        modes.append((point.training, torch.is_grad_enabled()))
        return point.loss()

    def validate() -> float:
        modes.append((point.training, torch.is_grad_enabled()))
        return 1.0

    drain(minimise(loss, point, replace(PLAIN, n_epochs=2), phase="train", validate=validate))
    assert modes == [(True, True), (False, False)] * 2


def test_asking_for_steps_without_gradients_still_trains() -> None:
    """A preview between two steps may leave its consumer in `no_grad`."""
    point = Point()
    with torch.no_grad():
        run(point, PLAIN)
    assert (point.position != 0).all()


def test_best_parameters_and_buffers_by_validation_are_kept() -> None:
    point = Point()
    run(point, replace(PLAIN, n_epochs=5), validate=scores(5.0, 4.0, 1.0, 2.0, 3.0))
    expected = Point()
    run(expected, replace(PLAIN, n_epochs=3))
    assert torch.equal(point.position, expected.position)
    assert point.n_steps.item() == 3


def test_best_parameters_by_loss_are_kept_without_validation() -> None:
    point, losses = Point(), iter([3.0, 1.0, 2.0, 2.5])
    schedule = replace(PLAIN, n_epochs=4)
    drain(minimise(lambda: 0 * point.loss() + next(losses), point, schedule, phase="train"))
    assert point.n_steps.item() == 2


def test_early_stopping_counts_validations_without_improvement() -> None:
    schedule = replace(PLAIN, n_epochs=50, patience=2, steps_per_epoch=3)
    point = Point()
    reported = run(point, schedule, validate=scores(3.0, 4.0, 2.0, 2.5, 2.0, 99.0))
    assert reported[-1].step == 15
    assert reported[-1].n_steps == 150
    assert point.n_steps.item() == 9


def test_patience_of_zero_never_stops_early() -> None:
    reported = run(Point(), replace(PLAIN, n_epochs=6), validate=scores(*range(6)))
    assert len(reported) == 6


def test_closed_early_leaves_the_best_parameters() -> None:
    point = Point()
    steps = minimise(
        point.loss, point, PLAIN, phase="train", validate=scores(2.0, 1.0, 3.0, 4.0, 5.0)
    )
    drain(islice(steps, 4))
    assert point.n_steps.item() == 4
    steps.close()
    assert point.n_steps.item() == 2
    assert not point.training
    assert point.position.grad is None


def test_closed_in_the_first_epoch_keeps_what_was_learned() -> None:
    point = Point()
    steps = minimise(point.loss, point, replace(PLAIN, steps_per_epoch=10), phase="train")
    drain(islice(steps, 5))
    steps.close()
    assert point.n_steps.item() == 5
    assert not point.training


def test_closed_before_the_first_step_changes_nothing() -> None:
    point = Point()
    minimise(point.loss, point, PLAIN, phase="train").close()
    assert torch.equal(point.position, torch.zeros(3))


def test_failing_loss_leaves_the_best_parameters() -> None:
    point = Point()

    def loss() -> Tensor:
        if point.n_steps == 3:
            raise MemoryError
        return point.loss()

    steps = minimise(loss, point, PLAIN, phase="train", validate=scores(2.0, 1.0, 3.0))
    with pytest.raises(MemoryError):
        drain(steps)
    assert point.n_steps.item() == 2


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_loss_that_is_not_finite_names_phase_and_epoch_and_keeps_the_best(value: float) -> None:
    point = Point()

    def loss() -> Tensor:
        return point.loss() * (value if point.n_steps == 3 else 1.0)

    with pytest.raises(Diverged, match=r"'train'.* in epoch 3"):
        drain(minimise(loss, point, PLAIN, phase="train"))
    assert point.n_steps.item() == 2
    assert torch.isfinite(point.position).all()


def test_diverging_in_the_first_epoch_restores_the_start() -> None:
    point = Point()
    schedule = replace(PLAIN, steps_per_epoch=5)
    with pytest.raises(Diverged):
        drain(minimise(lambda: point.loss() * math.nan, point, schedule, phase="train"))
    assert torch.equal(point.position, torch.zeros(3))


def test_closed_after_an_unread_nan_is_usable() -> None:
    point = Point()

    def loss() -> Tensor:
        return point.loss() * (math.nan if point.n_steps == 2 else 1.0)

    steps = minimise(loss, point, replace(PLAIN, steps_per_epoch=20), phase="train")
    drain(islice(steps, 5))
    steps.close()
    assert torch.isfinite(point.position).all()


def test_gradient_that_is_not_finite_diverges_even_if_the_loss_is() -> None:
    point = Point()
    with pytest.raises(Diverged, match="gradient"):
        drain(minimise(lambda: point.position.abs().sqrt().sum(), point, PLAIN, phase="train"))
    assert torch.equal(point.position, torch.zeros(3))


def test_validation_that_is_not_finite_diverges() -> None:
    with pytest.raises(Diverged, match="validation score"):
        run(Point(), PLAIN, validate=scores(1.0, math.nan))


def test_first_validation_that_is_not_finite_restores_the_start() -> None:
    point = Point()
    with pytest.raises(Diverged):
        run(point, PLAIN, validate=scores(math.nan))
    assert torch.equal(point.position, torch.zeros(3))


@pytest.mark.parametrize(("clip", "norm"), [(0.5, 0.5), (0.0, 2 * 14**0.5)])
def test_gradient_is_clipped_to_the_norm_unless_it_is_zero(clip: float, norm: float) -> None:
    point = Point()
    steps = minimise(point.loss, point, replace(PLAIN, clip=clip), phase="train")
    next(steps)
    assert point.position.grad is not None
    assert point.position.grad.norm().item() == pytest.approx(norm, rel=1e-4)


def test_groups_have_their_own_decay_and_rate() -> None:
    module = nn.ParameterDict({name: nn.Parameter(torch.ones(1)) for name in ("a", "b", "c")})
    groups = [
        ParameterGroup((module["b"],), weight_decay=0.0),
        ParameterGroup((module["c"],), weight_decay=1.0, rate=0.5),
    ]
    schedule = replace(PLAIN, n_epochs=1, weight_decay=1.0)

    def zero() -> Tensor:
        return 0 * torch.cat(list(module.parameters())).sum()

    drain(minimise(zero, module, schedule, phase="train", groups=groups))
    # AdamW: each step takes learning rate · decay of the parameter
    assert [module[name].item() for name in "abc"] == pytest.approx([0.9, 1.0, 0.95])


def test_frozen_parameters_stay() -> None:
    module = nn.ParameterDict({name: nn.Parameter(torch.ones(1)) for name in ("a", "b")})
    module["b"].requires_grad_(False)
    schedule = replace(PLAIN, weight_decay=1.0)
    drain(minimise(lambda: module["a"].sum(), module, schedule, phase="train"))
    assert module["b"].item() == 1.0


def test_learning_rate_warms_up_and_decays() -> None:
    schedule = Schedule(n_epochs=4, steps_per_epoch=2, warmup_epochs=2, decay=0.5)
    factors = [schedule.rate_factor(step) for step in range(schedule.n_steps)]
    assert factors == pytest.approx([0.25, 0.5, 0.375, 0.5, 0.25, 0.25, 0.125, 0.125])


def test_learning_rate_follows_the_schedule() -> None:
    """Adam's first steps on a straight line have the length of the learning rate."""
    point, places = Point(), []

    def loss() -> Tensor:
        places.append(point.position[0].item())
        return point.position.sum()

    drain(minimise(loss, point, replace(PLAIN, n_epochs=4, warmup_epochs=2), phase="train"))
    lengths = [a - b for a, b in pairwise(places)]
    assert lengths == pytest.approx([0.05, 0.1, 0.1], rel=1e-4)


def test_same_seed_same_numbers() -> None:
    def trained(seed: int) -> tuple[list[float], list[float]]:
        point, generator = Point(), torch.Generator().manual_seed(seed)
        reported = list(
            minimise(
                lambda: point.loss() * torch.rand((), generator=generator),
                point,
                replace(PLAIN, steps_per_epoch=3),
                phase="train",
            )
        )
        return point.position.tolist(), [p.metrics["loss"] for p in reported]

    assert trained(1) == trained(1)
    assert trained(1) != trained(2)


def test_no_epochs_is_no_work() -> None:
    assert run(Point(), replace(PLAIN, n_epochs=0)) == []
