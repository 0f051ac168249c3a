"""Ctrl-C is heeded at once also where hidden molecules are weighed and judged by."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from napari_stimpute.background import in_steps
from napari_stimpute.job import Job, JobState
from napari_stimpute.models import model_info
from napari_stimpute.models.simple import mixture
from napari_stimpute.progress import Progress, drain
from napari_stimpute.run import Request, Run
from napari_stimpute.trust import judgement

from .simulated import simulate_section


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Set when the test is over: what still computes for nobody ends then."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize(
    ("model", "module", "work", "phase"),
    [
        ("gene_mean", judgement, "best_part", "weigh"),
        ("gene_mean", judgement, "judge", "judge"),
        ("mixture", judgement, "calibrate", "weigh"),
        ("mixture", mixture, "fit_blend", "parts"),
    ],
)
def test_a_stop_is_heeded_within_two_seconds_and_changes_nothing(
    model: str,
    module: object,
    work: str,
    phase: str,
    released: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    section = simulate_section(n_rows=15, n_genes=100)
    before = section.copy()
    monkeypatch.setattr(module, work, lambda *_, **__: released.wait(60))
    run = Run(section, Request(model, model_info(model).config(), device="cpu"))
    stopped = _stopped_in(phase, run)
    assert stopped < 10  # two seconds, on a machine that does other things too
    assert run.results is not None and not run.results.record.completed
    assert run.results.record.trust is None
    assert np.isfinite(run.results.imputed).all()
    assert (section.X != before.X).nnz == 0 and not section.uns.get("stimpute")


def _stopped_in(phase: str, run: Run) -> float:
    """Seconds from the stop in a phase to the end of a run."""
    job = Job(run.steps()).start()
    while job.latest is None or job.latest.phase != phase:
        assert job.is_running
        time.sleep(0.01)
    asked = time.monotonic()
    job.cancel()
    assert job.wait(60) is JobState.CANCELLED
    return time.monotonic() - asked


def test_what_is_done_in_steps_gives_its_value_and_its_error() -> None:
    step = Progress("weigh", 1, 2)
    assert drain(in_steps(step, lambda: 42)) == 42
    with pytest.raises(ZeroDivisionError):
        drain(in_steps(step, lambda: 1 / 0))
    seen = list(in_steps(step, lambda: time.sleep(0.6)))
    assert seen and all(progress is step for progress in seen)
