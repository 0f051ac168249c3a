from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData
from psygnal import emit_queued

from napari_stimpute import keys
from napari_stimpute.config import ModelConfig
from napari_stimpute.data.opening import load
from napari_stimpute.errors import (
    Busy,
    InvalidSetting,
    MissingKey,
    NotCounts,
    NotReadable,
    NotWritable,
    UnknownName,
)
from napari_stimpute.job import Job, JobState
from napari_stimpute.models import model_info
from napari_stimpute.progress import Progress
from napari_stimpute.session.contents import COUNTS, LOG
from napari_stimpute.session.session import Session

from ..simulated import simulate_section


@pytest.fixture(scope="module")
def simulated() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100, n_domains=3)


@pytest.fixture
def section(simulated: AnnData) -> AnnData:
    return simulated.copy()


@pytest.fixture
def session(section: AnnData) -> Session:
    session = Session()
    session.open(section)
    return session


@pytest.fixture
def path(section: AnnData, tmp_path: Path) -> Path:
    file = tmp_path / "section.h5ad"
    section.write_h5ad(file)
    return file


def tiny(**settings: object) -> ModelConfig:
    config = model_info("gmm_vgae").config
    return config.checked(config.PRESETS["tiny"] | settings)


def ended_but_not_told(job: Job) -> None:
    """Wait until a job's work is over, without delivering its events."""
    end = time.monotonic() + 30
    while job.is_running:
        assert time.monotonic() < end
        time.sleep(0.002)


# ---- opening -----------------------------------------------------------------------------------


def test_an_open_file_is_described_and_a_telling_gene_is_chosen(path: Path) -> None:
    session = Session()
    session.open(path)
    assert session.adata is not None and session.adata.shape == (118, 100)
    assert session.path == str(path)
    assert session.card is not None and session.card.counts_where == "X"
    assert session.notes[0] == "The counts were taken from X."
    assert session.display.gene in session.contents.genes
    assert session.expression().std() > session.expression().mean() ** 0.5 * 0.5
    assert (
        session.display.source,
        session.display.column,
        session.contents.runs,
        session.problem,
    ) == (COUNTS, "", (), "")
    assert len(session.contents.layout.images) == 1
    assert 0 < session.contents.layout.spot_diameter < 1000


def test_an_open_adata_is_not_changed(section: AnnData) -> None:
    session = Session()
    session.open(section)
    session.train("gene_mean").wait(30)
    assert session.path == ""
    assert session.adata is not section
    assert section.raw is None
    assert "gene_mean_imputed" not in section.layers


def test_a_file_opened_later_arrives_when_events_are_delivered(path: Path) -> None:
    session = Session()
    seen: list[int] = []
    session.events.adata.connect(lambda adata: seen.append(adata.n_obs))
    job = session.open_later(path)
    ended_but_not_told(job)
    assert session.adata is None and session.is_busy and seen == []
    emit_queued()
    assert seen == [118]
    assert not session.is_busy


def test_events_come_in_the_thread_that_owns_the_session(path: Path) -> None:
    session, threads = Session(), set[threading.Thread]()
    events = session.events
    for event in (events.adata, events.contents, events.job, session.display.changed):
        event.connect(lambda: threads.add(threading.current_thread()))
    session.open_later(path).wait(30)
    session.train("gene_mean").wait(30)
    assert threads == {threading.current_thread()}


def test_whoever_watches_a_field_never_sees_names_the_data_do_not_hold(session: Session) -> None:
    other = simulate_section(seed=1, n_rows=15, n_genes=110, n_domains=3)
    other.var_names = [f"other {i}" for i in range(110)]
    faults: list[str] = []

    def look() -> None:
        if session.display.gene and session.display.gene not in session.contents.genes:
            faults.append(session.display.gene)

    events = session.events
    for event in (events.adata, events.contents, events.problem, session.display.changed):
        event.connect(look)
    session.train("gene_mean").wait(30)
    session.open(other)
    assert faults == []
    assert (session.contents.runs, session.models) == ((), {})
    assert session.display.gene.startswith("other")


def test_a_file_that_cannot_be_read_keeps_what_was_open(session: Session, tmp_path: Path) -> None:
    broken = tmp_path / "broken.h5ad"
    broken.write_text("not hdf5")
    before = session.adata, session.display.gene, session.card
    with pytest.raises(NotReadable):
        session.open(broken)
    session.open_later(broken).wait(30)
    assert "not HDF5" in session.problem
    assert (session.adata, session.display.gene, session.card) == before
    assert not session.is_busy


def test_a_damaged_record_keeps_what_was_open(session: Session, section: AnnData) -> None:
    damaged = section.copy()
    damaged.uns[keys.UNS] = {"mine": "{"}
    before = session.adata, session.display.gene, session.card, session.contents
    with pytest.raises(NotReadable, match="the record of a run in uns"):
        session.open(damaged)
    session.open_later(damaged).wait(30)
    assert "Remove it" in session.problem
    with pytest.raises(NotReadable):
        session.adopt(load(damaged))
    assert (session.adata, session.display.gene, session.card, session.contents) == before
    assert not session.is_busy


def test_data_that_were_closed_are_not_kept_by_the_job_that_opened_them(
    session: Session, section: AnnData
) -> None:
    session.open_later(section).wait(30)
    session.train("gene_mean", judged=False).wait(30)
    closed = weakref.ref(session.adata)
    session.open(section)
    gc.collect()
    assert closed() is None


def test_a_run_that_is_replaced_by_the_next_is_not_kept(session: Session) -> None:
    before = []
    for _again in range(2):
        job = session.train("gene_mean", judged=False)
        job.wait(30)
        before.append((weakref.ref(job), weakref.ref(session.models["gene_mean"])))
        del job
    gc.collect()
    assert [found() is None for found in before[0]] == [True, True]
    assert before[1][1]() is session.models["gene_mean"]


def test_genes_without_any_counts_keep_what_was_open(
    session: Session, section: AnnData, tmp_path: Path
) -> None:
    counts = section.X.toarray()
    counts[:, :2] = 0
    section.X = sp.csr_matrix(counts)
    names = tmp_path / "genes.txt"
    names.write_text("\n".join(section.var_names[:2]))
    before = session.adata, session.display.gene
    with pytest.raises(NotCounts, match="only zeros"):
        session.open(section, genes=str(names))
    assert (session.adata, session.display.gene) == before


def test_an_opening_that_is_cancelled_keeps_what_was_open(session: Session, path: Path) -> None:
    before = session.adata
    job = session.open_later(path)
    session.cancel()
    assert job.wait(30) is JobState.CANCELLED
    assert session.adata is before
    assert not session.is_busy


def test_nothing_is_open_at_first() -> None:
    session = Session()
    assert session.contents.columns == []
    assert [s.name for s in session.contents.sources] == [COUNTS, LOG]
    calls: list[Callable[[], object]] = [
        session.expression,
        session.labels,
        lambda: session.contents.genes,
        lambda: session.contents.layout,
        session.train,
        lambda: session.save("x.h5ad"),
    ]
    for call in calls:
        with pytest.raises(MissingKey, match=r"open data, but found none\. Open a file"):
            call()


# ---- training ----------------------------------------------------------------------------------


def test_training_writes_results_and_shows_them(session: Session) -> None:
    job = session.train("gmm_vgae", tiny(), seed=2, device="cpu")
    assert job.title == "Training GMM-VGAE"
    assert job.wait(60) is JobState.DONE
    adata = session.adata
    assert adata is not None
    assert adata.layers["gmm_vgae_imputed"].shape == adata.shape
    assert adata.obsm["X_gmm_vgae"].shape == (118, 8)
    assert set(adata.obs["gmm_vgae_cluster"].cat.categories) <= {"1", "2", "3"}
    assert adata.obsm["gmm_vgae_cluster_probability"].shape == (118, 3)
    assert session.contents.record("gmm_vgae").completed
    assert (session.contents.runs, session.display.source, session.problem) == (
        ("gmm_vgae",),
        "gmm_vgae",
        "",
    )
    assert [s.title for s in session.contents.sources][2:] == ["Imputed: GMM-VGAE"]
    assert "gmm_vgae_cluster" in session.contents.columns
    assert session.models["gmm_vgae"].is_fitted


def test_a_second_start_is_refused_in_words_and_the_first_goes_on(
    session: Session, path: Path
) -> None:
    job = session.train("gmm_vgae", tiny(epochs=5000))
    refused: list[Callable[[], object]] = [
        session.train,
        lambda: session.open(path),
        lambda: session.open_later(path),
        lambda: session.save_later("x.h5ad"),
    ]
    for start in refused:
        with pytest.raises(Busy, match=r"nothing else running.*“Training GMM-VGAE” at work.*Wait"):
            start()
    assert session.job is job and session.is_busy
    session.cancel()
    job.wait(60)


def test_a_cancelled_run_keeps_the_best_so_far_marked_incomplete(session: Session) -> None:
    job = session.train("gmm_vgae", tiny(epochs=5000))
    job.progressed.connect(lambda progress: progress.step and session.cancel(), thread="current")
    assert job.wait(60) is JobState.CANCELLED
    assert session.problem == ""
    assert not session.contents.record("gmm_vgae").completed
    assert [s.title for s in session.contents.sources][2:] == ["Imputed: GMM-VGAE, incomplete"]
    assert np.isfinite(session.expression()).all()
    assert not session.is_busy


def test_cancelling_nothing_does_nothing(session: Session) -> None:
    session.cancel()
    session.train("gene_mean").wait(30)
    session.cancel()
    assert session.job is not None and session.job.state is JobState.DONE


def test_settings_that_do_not_fit_are_refused_before_anything_starts(section: AnnData) -> None:
    session = Session()
    session.open(section[:10].copy())
    with pytest.raises(InvalidSetting, match=r"n_domains to be at most the number of spots \(10\)"):
        session.train("gmm_vgae", tiny(n_domains=11))
    with pytest.raises(InvalidSetting, match=r"key to be letters.*Choose a name such as"):
        session.train("gene_mean", key="no good")
    with pytest.raises(UnknownName, match="name of a model"):
        session.train("gmm_vgea")
    assert session.job is None and not session.is_busy


def test_runs_under_other_keys_stay_beside_one_another(session: Session) -> None:
    for key in ("", "again", ""):
        session.train("gene_mean", key=key).wait(30)
    assert session.contents.runs == ("again", "gene_mean")
    titles = [s.title for s in session.contents.sources][2:]
    assert titles == ["Imputed: Gene mean × depth (again)", "Imputed: Gene mean × depth"]
    assert set(session.models) == {"again", "gene_mean"}


def test_results_count_as_written_also_under_the_same_key(session: Session) -> None:
    seen: list[tuple[str, ...]] = []
    session.events.contents.connect(lambda: seen.append(session.contents.runs))
    for _ in range(2):
        session.train("gene_mean").wait(30)
    assert seen == 2 * [("gene_mean",)]


def test_a_shown_column_that_training_again_takes_away_is_no_longer_shown(
    session: Session,
) -> None:
    session.train("gmm_vgae", tiny(), key="mine").wait(60)
    session.display.column = "mine_cluster"
    shown: list[str] = []

    def look(changed: frozenset[str]) -> None:
        if "column" in changed:
            shown.append(session.display.column)

    session.display.changed.connect(look)
    session.display.source = COUNTS
    session.train("gene_mean", key="mine").wait(30)
    assert "mine_cluster" not in session.contents.columns
    assert session.display.column == "" and shown == [""]


def test_a_finished_run_survives_the_cancel_of_the_next_one_of_its_name(session: Session) -> None:
    session.train("gmm_vgae", tiny(), judged=False).wait(60)
    adata = session.adata
    assert adata is not None
    adata.obs["gmm_vgae_pseudotime"] = 0.5
    before = session.contents.record("gmm_vgae"), adata.layers["gmm_vgae_imputed"].copy()
    model = session.models["gmm_vgae"]
    job = session.train("gmm_vgae", tiny(epochs=5000))
    job.progressed.connect(lambda progress: progress.step and session.cancel(), thread="current")
    assert job.wait(60) is JobState.CANCELLED
    assert "as “gmm_vgae” is, but found one that was not completed" in session.problem
    assert "The finished run stays as it was" in session.problem
    assert session.contents.record("gmm_vgae") == before[0] and session.models["gmm_vgae"] is model
    np.testing.assert_array_equal(adata.layers["gmm_vgae_imputed"], before[1])
    assert "gmm_vgae_pseudotime" in adata.obs and not session.is_busy


def test_columns_from_elsewhere_keep_their_names_and_those_written_here_are_replaced(
    session: Session,
) -> None:
    assert session.column_for("domain") == "domain_2" and session.column_for("new") == "new"
    assert not session.has_results
    session.write_column("new", np.arange(118))
    assert session.column_for("new") == "new" and session.has_results
    session.open(session.adata)
    assert session.column_for("new") == "new_2" and not session.has_results


def test_a_result_that_cannot_be_taken_is_said_and_ends_the_work(session: Session) -> None:
    def take(_result: str) -> None:
        raise MemoryError

    def steps() -> Generator[Progress, None, str]:
        yield Progress("work", 1, 1)
        return "much"

    told: list[object] = []
    job = session.work_later(steps(), "Working", take)
    session.events.job.connect(lambda: told.append(session.is_busy))
    job.wait(30)
    assert session.problem == "Memory ran out."
    assert told == [False]


def test_the_opened_file_is_safe_wherever_one_works_later(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, before = Session(), path.read_bytes()
    monkeypatch.chdir(tmp_path)
    session.open(path.name)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(NotWritable, match="the input file itself"):
        session.save(path)
    assert path.read_bytes() == before


def test_what_goes_wrong_is_said_and_the_next_start_clears_it(
    session: Session, tmp_path: Path
) -> None:
    session.save_later(tmp_path / "no such folder" / "out.h5ad").wait(30)
    assert "its folder is missing" in session.problem
    session.train("gene_mean").wait(30)
    assert session.problem == ""


def test_a_job_whose_end_was_not_yet_announced_never_loses_the_next_run(
    session: Session, tmp_path: Path
) -> None:
    ended_but_not_told(session.save_later(tmp_path / "no such folder" / "out.h5ad"))
    with pytest.raises(Busy):
        session.train("gene_mean")
    emit_queued()
    assert "its folder is missing" in session.problem
    session.train("gene_mean").wait(30)
    assert session.contents.runs == ("gene_mean",)


def test_an_unforeseen_error_is_named(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_stimpute.run.fingerprint", lambda counts: 1 / 0)
    session.train("gene_mean").wait(30)
    assert session.problem == (
        "Something unforeseen went wrong: ZeroDivisionError: division by zero"
    )
    assert session.contents.runs == ()


# ---- keeping -----------------------------------------------------------------------------------


def test_a_saved_file_holds_results_and_opens_with_its_runs(path: Path, tmp_path: Path) -> None:
    session = Session()
    session.open(path)
    session.train("gmm_vgae", tiny()).wait(60)
    out = tmp_path / "out.h5ad"
    session.save_later(out).wait(30)
    assert session.problem == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.h5ad", "section.h5ad"]
    again = Session()
    again.open(out)
    assert again.contents.runs == ("gmm_vgae",)
    values = session.expression(again.display.gene, "gmm_vgae")
    np.testing.assert_array_equal(again.expression(source="gmm_vgae"), values)
    assert again.contents.record("gmm_vgae") == session.contents.record("gmm_vgae")


def test_the_opened_file_is_never_overwritten(path: Path) -> None:
    session = Session()
    session.open(path)
    before = path.read_bytes()
    with pytest.raises(NotWritable, match=r"the input file itself.*Choose another name"):
        session.save(path)
    session.save_later(path).wait(30)
    assert "the input file itself" in session.problem
    assert path.read_bytes() == before


def test_a_model_is_saved_by_the_key_of_its_run(session: Session, tmp_path: Path) -> None:
    session.train("gene_mean", key="first").wait(30)
    assert (session.save_model("first", tmp_path / "model") / "weights.pt").exists()
    with pytest.raises(UnknownName, match=r"model that is here.*'frist'.*'first'"):
        session.save_model("frist", tmp_path / "model")


def test_rows_are_called_what_they_are(section: AnnData) -> None:
    session = Session()
    session.open(section)
    assert session.place == "spot"
    del section.obsm["spatial"]
    session.open(section)
    assert session.place == "cell"
