"""Parts of work on several processes: the same as in series, whatever happens to one of them."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anndata as ad
import dask
import numpy as np
import psutil
import pytest
from distributed import LocalCluster

from napari_stimpute import keys
from napari_stimpute.cli import main
from napari_stimpute.compare.comparison import Comparison
from napari_stimpute.compare.contenders import comparison_of
from napari_stimpute.compare.methods import methods
from napari_stimpute.compare.trial import Contender, Predicting, raw
from napari_stimpute.errors import InputError, InvalidSetting, StimputeError, TooSmall, UnknownName
from napari_stimpute.models.configs import PCADenoiserConfig
from napari_stimpute.progress import Progress, StopEarly, drain
from napari_stimpute.tune.search import Search, Tuning
from napari_stimpute.workers.clusters import end, slurm
from napari_stimpute.workers.crew import Crew
from napari_stimpute.workers.workers import Done, Workers

from .simulated import simulate_section


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


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from napari_stimpute.workers.crew import Crew\n"
        "from napari_stimpute.workers.workers import Workers\n"
        "print('begun')\n"
        "with Crew(Workers(2), abs) as crew:\n"
        "    crew.give([-1, -2])\n"
        "    while crew.n_left:\n"
        "        print(*[done.value for done in crew.finished(1.0)], __name__)\n"
        "print(__file__)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    assert words.count("begun") == 1 and {"1", "2"} <= set(words)
    assert words[-1] == str(script)


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


# ---- files of a folder -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four sections of the same tissue, and a file that is none."""
    made = tmp_path_factory.mktemp("files") / "in"
    made.mkdir()
    section = simulate_section(n_rows=15, n_genes=100)
    for i in range(4):
        section[30 * i : 30 * i + 100].copy().write_h5ad(made / f"{i}.h5ad")
    (made / "bad.h5ad").write_text("Not a file of this kind.")
    return made


def impute(*argv: object) -> int:
    return main(["impute", *map(str, argv), "--model", "pca", "--no-judge"])


def kill_one_at_work(cluster: LocalCluster) -> None:
    """Kill the first worker that is seen at work."""
    while True:
        for at_work in list(cluster.scheduler.workers.values()):
            if at_work.processing:
                os.kill(process_of(cluster, at_work.address), signal.SIGKILL)
                return
        time.sleep(0.01)


def process_of(cluster: LocalCluster, address: str) -> int:
    nannies = cluster.workers.values()
    return next(n.process.pid for n in nannies if n.worker_address == address)


@pytest.mark.slow
def test_files_of_a_folder_are_imputed_as_in_series_though_a_worker_is_killed(
    cluster: LocalCluster, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert impute(folder, tmp_path / "series", "--quiet") == 1
    killer = threading.Thread(target=kill_one_at_work, args=(cluster,))
    killer.start()
    assert impute(folder, tmp_path / "shared", "--cluster", cluster.scheduler_address) == 1
    killer.join(timeout=1)
    assert not killer.is_alive()
    for name in ("0.h5ad", "1.h5ad", "2.h5ad", "3.h5ad"):
        one, other = (ad.read_h5ad(tmp_path / made / name) for made in ("series", "shared"))
        for place in (keys.imputed("pca"), keys.embedding("pca")):
            held = "layers" if place in one.layers else "obsm"
            assert np.array_equal(getattr(one, held)[place], getattr(other, held)[place])
        assert (one.obs == other.obs).all(axis=None)
    told = capsys.readouterr()
    assert "stimpute: bad.h5ad: Expected" in told.err
    assert "4 done, 1 failed." in told.out


@pytest.mark.slow
def test_ctrl_c_ends_the_workers_keeps_what_is_finished_and_can_be_gone_on_with(
    folder: Path, tmp_path: Path
) -> None:
    """Pressed at a terminal, where the workers' processes get it, too."""
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    for i in range(3):
        shutil.copy(folder / f"{i}.h5ad", given)
    slow = ["--model", "scziva", "--no-judge", "--no-blend", "--set", "epochs=5000"]
    slow += ["--workers", "2"]
    command = [sys.executable, "-m", "napari_stimpute", "impute", str(given), str(out), *slow]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert started.stderr is not None
    next(line for line in started.stderr if "2 workers, file" in line)
    processes = psutil.Process(started.pid).children(recursive=True)
    assert len(processes) >= 2
    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=30)
    assert "Stopped; finished files are kept, and the same command goes on." in said
    assert "Traceback" not in said
    assert not psutil.wait_procs(processes, timeout=10)[1]
    assert started.returncode == 1
    assert not list(out.iterdir())


def test_a_single_file_is_not_shared(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        impute(folder / "0.h5ad", tmp_path / "out.h5ad", "--workers", "2")


# ---- methods on splits -------------------------------------------------------------------------


def test_methods_are_compared_as_in_series(lent: Workers) -> None:
    section = simulate_section(n_rows=15, n_genes=100)
    names, seeds = ["raw", "gene_mean", "pca"], (3, 4)
    alone = comparison_of(section, names, seeds=seeds)
    shared = comparison_of(section, names, seeds=seeds, workers=lent)
    for comparison in (alone, shared):
        drain(comparison.steps())
        assert comparison.is_complete
    assert [(s.method.name, s.seed, s.gain) for s in shared.scores] == [
        (s.method.name, s.seed, s.gain) for s in alone.scores
    ]
    for name, drawn in alone.maps.items():
        assert np.array_equal(shared.maps[name], drawn)


def test_a_method_that_fails_on_a_worker_does_not_sink_the_others(lent: Workers) -> None:
    def failing(kept: ad.AnnData, seed: int) -> Predicting:
        yield Progress("begin", 0, 1)
        raise TooSmall(expected="two spots", found="one", remedy="Open more data.")

    contenders = [Contender(methods()["pca"], failing), Contender(methods()["raw"], raw)]
    section = simulate_section(n_rows=15, n_genes=100)
    comparison = Comparison(section, contenders, seeds=(0, 1), workers=lent)
    drain(comparison.steps())
    assert comparison.failures == {"pca": "Expected two spots, but found one. Open more data."}
    assert [(s.method.name, s.seed) for s in comparison.scores] == [("raw", 0), ("raw", 1)]


def test_a_comparison_that_is_stopped_is_incomplete_and_leaves_the_cluster(
    cluster: LocalCluster, lent: Workers
) -> None:
    section = simulate_section(n_rows=15, n_genes=100)
    comparison = comparison_of(section, ["raw"], workers=lent)
    steps = comparison.steps()
    next(steps)
    with pytest.raises(StopIteration):
        steps.throw(StopEarly())
    assert not comparison.is_complete
    assert cluster.scheduler.workers


# ---- fits of a search --------------------------------------------------------------------------


def test_a_search_by_workers_tries_and_finds_what_one_in_series_does(lent: Workers) -> None:
    section, begun = simulate_section(n_rows=15, n_genes=100), PCADenoiserConfig()
    search = Search(len(PCADenoiserConfig.SEARCH["n_components"]))
    alone = Tuning(section, "pca", begun, search)
    shared = Tuning(section, "pca", begun, search, workers=lent)
    for tuning in (alone, shared):
        drain(tuning.steps())
        assert tuning.is_complete
    assert [(t.settings, t.state, t.score) for t in shared.trials] == [
        (t.settings, t.state, t.score) for t in alone.trials
    ]
    assert {"done", "pruned"} == {t.state for t in alone.trials}  # else nothing was dropped


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "napari_stimpute.workers.clusters")
    with pytest.raises(InputError, match=r"pip install 'napari-stimpute\[scale\]'"):
        all_done(Workers(2), str, 1)


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
    before = signal.getsignal(signal.SIGINT)
    with (
        dask.config.set({"jobqueue.slurm.cores": 6, "jobqueue.slurm.queue": "short"}),
        ThreadPoolExecutor(1) as elsewhere,  # a crew begins in a thread, too
        elsewhere.submit(slurm, 0).result() as submitted,
    ):
        script = submitted.job_script()
    assert signal.getsignal(signal.SIGINT) is before
    assert "#SBATCH --cpus-per-task=6" in script
    assert "#SBATCH -p short" in script
    assert "#SBATCH -t 24:00:00" in script
    assert "OMP_NUM_THREADS=6" in script
    assert script.strip().endswith("--nthreads 1")
