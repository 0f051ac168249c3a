"""Waiting for work, and work to wait for."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from time import sleep
from typing import Any

from napari_stimpute.job import Job
from napari_stimpute.progress import Progress
from napari_stimpute.session.session import Session


def until_done(job: Job[Any] | None) -> None:
    """Wait for work that has begun."""
    assert job is not None
    job.wait(120)


def endless() -> Generator[Progress, None, None]:
    """Work that ends only when it is cancelled."""
    step = 0
    while True:
        step += 1
        yield Progress("wait", step, 10**6)


def write_from_outside(session: Session, column: str, values: Any) -> None:
    """Write a column as a script may at any time; the session itself refuses while it is busy."""
    assert session.adata is not None
    session.adata.obs[column] = values
    session.look_again()


def until_next_second() -> None:
    """Runs are told apart by the second in which they began."""
    began = datetime.now(UTC).isoformat(timespec="seconds")
    while datetime.now(UTC).isoformat(timespec="seconds") == began:
        sleep(0.05)
