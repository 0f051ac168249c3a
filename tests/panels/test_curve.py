"""The loss curve in numbers: what is drawn of many steps, and where phases begin."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.panels.curve import Curve, Line
from napari_stimpute.progress import Progress


@pytest.fixture
def curve() -> Curve:
    return Curve()


def line(curve: Curve) -> Line:
    found = curve.line()
    assert found is not None
    return found


def test_there_is_nothing_to_draw_before_the_second_step(curve: Curve) -> None:
    assert curve.line() is None and curve.nothing == "The curve appears here."
    curve.add(Progress("train", 1, 5, {"loss": 2.0}))
    assert curve.line() is None and curve.nothing == "This model learns in one step."
    assert curve.figure() is None


def test_steps_without_metrics_and_steps_reported_twice_are_left_out(curve: Curve) -> None:
    for step in (1, 1, 2):
        curve.add(Progress("train", step, 3, {"loss": 1 / step}))
    curve.add(Progress("judge", 3, 3))
    assert curve.n_points == 2


def test_a_curve_lies_between_its_ends(curve: Curve) -> None:
    for step, loss in ((10, 4.0), (20, 1.0), (30, 2.0)):
        curve.add(Progress("train", step, 30, {"loss": loss}))
    found = line(curve)
    np.testing.assert_allclose(found.x, [0, 0.5, 1])
    np.testing.assert_allclose(found.y, [1, 0, 1 / 3])
    assert (found.low, found.high, found.last_step) == (1.0, 4.0, 30)


def test_a_flat_curve_lies_in_the_middle(curve: Curve) -> None:
    for step in (1, 2):
        curve.add(Progress("train", step, 2, {"loss": 3.0}))
    np.testing.assert_allclose(line(curve).y, [0.5, 0.5])


def test_the_first_steps_do_not_flatten_the_rest(curve: Curve) -> None:
    for step in range(1, 101):
        curve.add(Progress("train", step, 100, {"loss": 1000.0 if step < 2 else 1 + 1 / step}))
    assert line(curve).high < 2
    assert line(curve).y.max() == 1


def test_long_curves_are_thinned_and_smoothed(curve: Curve) -> None:
    rng = np.random.default_rng(0)
    for step in range(1, 2001):
        curve.add(Progress("train", step, 2000, {"loss": 5 + rng.normal()}))
    found = line(curve)
    assert len(found.x) == 400 and found.x[0] == 0 and found.x[-1] == 1
    assert found.smoothed.std() < found.y.std() / 3
    assert found.smoothed.mean() == pytest.approx(found.y.mean(), abs=0.02)  # 400 points, sd 0.25


def test_phases_begin_where_their_first_step_is(curve: Curve) -> None:
    for step, phase in ((1, "pretrain"), (2, "pretrain"), (3, "train"), (5, "train")):
        curve.add(Progress(phase, step, 5, {"loss": 1 / step}))
    assert line(curve).phases == ((0.0, "pretrain"), (0.5, "train"))


def test_another_metric_can_be_drawn_and_may_lack_steps(curve: Curve) -> None:
    curve.add(Progress("train", 1, 3, {"loss": 3.0}))
    curve.add(Progress("train", 2, 3, {"loss": float("nan"), "validation": 8.0}))
    curve.add(Progress("train", 3, 3, {"loss": 1.0, "validation": 9.0}))
    assert [entry.name for entry in curve.metric.entries] == ["loss", "validation"]
    assert curve.metric.chosen == "loss" and line(curve).high == 3
    curve.choose("validation")
    assert (line(curve).low, line(curve).high) == (8, 9)
    curve.clear()
    assert curve.metric.entries == () and curve.n_points == 0


def test_the_losses_are_a_figure_too(curve: Curve) -> None:
    for step in (1, 2):
        curve.add(Progress("train", step, 2, {"loss": 1 / step}))
    figure = curve.figure()
    assert figure is not None
    assert list(figure.axes[0].lines[0].get_ydata()) == [1.0, 0.5]
