"""A section in a file, simulated once, and Ctrl-C, pressed when it matters."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import pytest

from napari_stimpute.job import Job, JobState

from ..simulated import simulate_section

PressCtrlC = Callable[..., None]


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "in.h5ad"
    simulate_section(n_rows=15, n_genes=120).write_h5ad(path)
    return path


@pytest.fixture(scope="session")
def section(simulated: Path) -> ad.AnnData:
    """A small section; shared, so it is only looked at and copied."""
    return ad.read_h5ad(simulated)


@pytest.fixture
def file(simulated: Path, tmp_path: Path) -> Path:
    """That section as in.h5ad in a folder of its own."""
    return Path(shutil.copy(simulated, tmp_path))


@pytest.fixture
def press_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> PressCtrlC:
    """Press Ctrl-C so many times, the first when a running job is where it should be."""

    def press(when: Callable[[Job], bool], times: int = 1) -> None:
        wait, left = Job.wait, [times]

        def interrupted(job: Job, *args: object, **kwargs: object) -> JobState:
            while left[0] == times and job.is_running and not when(job):
                time.sleep(0.005)
            if left[0] and job.is_running:
                left[0] -= 1
                raise KeyboardInterrupt
            return wait(job, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(Job, "wait", interrupted)

    return press
