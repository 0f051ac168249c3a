"""Parts of work on several processes: the same as in series, whatever happens to one of them."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import dask
import pytest
from dask_jobqueue.slurm import SLURMCluster
from distributed import LocalCluster

from napari_stimpute.errors import InvalidSetting, StimputeError, TooSmall, UnknownName
from napari_stimpute.workers.clusters import end, slurm
from napari_stimpute.workers.crew import Crew
from napari_stimpute.workers.workers import Done, Workers


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two workers, started once: it takes seconds."""
    started = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        silence_logs=50,
        scheduler_kwargs={"allowed_failures": 1},
    )
    yield started
    end(started)


@pytest.fixture
def lent(cluster: LocalCluster) -> Workers:
    """That cluster, as one that runs already."""
    return Workers(cluster=cluster.scheduler_address)


def all_done(workers: Workers, work: Callable[[int], object], n: int) -> dict[int, Done]:
    with Crew(workers, work) as crew:
        crew.give(range(n))
        return {
            done.part: done for _ in iter(lambda: crew.n_left, 0) for done in crew.finished(1.0)
        }


# ---- the crew ----------------------------------------------------------------------------------


def test_a_part_whose_worker_is_killed_is_done_by_another(lent: Workers, tmp_path: Path) -> None:
    def work(part: int) -> int:
        if part == 2 and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return part**2

    assert [all_done(lent, work, 4)[part].value for part in range(4)] == [0, 1, 4, 9]
    assert (tmp_path / "killed").exists()


def test_what_kills_every_worker_fails_alone_in_one_sentence(lent: Workers) -> None:
    def work(part: int) -> int:
        if part == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return part

    found = all_done(lent, work, 3)
    assert [found[1].value, found[2].value] == [1, 2]
    assert isinstance(found[0].error, StimputeError)
    assert "2 that died at it, one after the other. Most often memory runs out" in str(
        found[0].error
    )


def test_an_error_arrives_as_it_was_raised(lent: Workers) -> None:
    def work(part: int) -> int:
        raise TooSmall(expected="two spots", found=f"{part}", remedy="Open more data.")

    error = all_done(lent, work, 1)[0].error
    assert isinstance(error, TooSmall)
    assert (error.found, str(error)) == ("0", "Expected two spots, but found 0. Open more data.")


def test_an_error_stays_whole_between_processes() -> None:
    error = InvalidSetting(field="epochs", expected="a number", found="'x'", remedy="Change it.")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.field, again.remedy) == (str(error), "epochs", "Change it.")


def test_what_is_dropped_is_not_done(lent: Workers) -> None:
    with Crew(lent, lambda part: part) as crew:
        crew.give(range(100))
        crew.drop()
        assert crew.n_left == 0
        crew.give([7])
        found = [d.part for _ in iter(lambda: crew.n_left, 0) for d in crew.finished(1.0)]
    assert found == [7]


def test_a_cluster_that_runs_already_stays_and_forgets_the_work(
    cluster: LocalCluster, lent: Workers
) -> None:
    all_done(lent, lambda part: part, 1)
    assert not [name for name in cluster.scheduler.worker_plugins if "stimpute" in name]
    assert cluster.scheduler.workers


# ---- which cluster -----------------------------------------------------------------------------


def test_a_scheduler_that_does_not_answer_is_named() -> None:
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.2s"}),
        pytest.raises(
            StimputeError, match=r"a Dask scheduler at tcp://127\.0\.0\.1:1, but found none"
        ),
    ):
        all_done(Workers(cluster="tcp://127.0.0.1:1"), lambda part: part, 1)


def test_what_is_no_cluster_is_refused_at_once() -> None:
    with pytest.raises(UnknownName, match=r"Did you mean 'slurm'\?"):
        Workers(cluster="slrum")


def test_without_slurm_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StimputeError, match="SLURM, whose jobs are submitted by sbatch"):
        slurm(2)


@pytest.fixture
def sbatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of this name, so that there seems to be SLURM; it submits nothing."""
    program = tmp_path / "sbatch"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("sbatch")
def test_a_job_of_slurm_is_one_worker_on_all_of_its_cores() -> None:
    with (
        dask.config.set({"jobqueue.slurm.cores": 6, "jobqueue.slurm.queue": "short"}),
        slurm(0) as submitted,
    ):
        assert isinstance(submitted, SLURMCluster)
        script = submitted.job_script()
    assert "#SBATCH --cpus-per-task=6" in script
    assert "#SBATCH -p short" in script
    assert "#SBATCH -t 24:00:00" in script
    assert "OMP_NUM_THREADS=6" in script
    assert script.strip().endswith("--nthreads 1")
