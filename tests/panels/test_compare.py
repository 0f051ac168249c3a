"""The tab Compare: choose, start, watch, cancel, order, keep a report."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
from anndata import AnnData

from napari_stimpute.compare import methods
from napari_stimpute.job import Job
from napari_stimpute.panels import workers
from napari_stimpute.panels.compare import ComparePanel, Offered
from napari_stimpute.session.session import Session

from .waiting import until_done


@pytest.fixture
def panel(opened: Session, monkeypatch: pytest.MonkeyPatch) -> ComparePanel:
    """On a section; other tools are absent, wherever the tests run."""
    monkeypatch.setattr(methods, "find_spec", lambda name: None)
    return ComparePanel(opened)


def offered(panel: ComparePanel, name: str) -> Offered:
    return next(method for method in panel.now.methods if method.name == name)


def only(panel: ComparePanel, *names: str) -> ComparePanel:
    """Tick just these."""
    for method in panel.now.methods:
        panel.tick(method.name, wanted=method.name in names)
    return panel


def compared(panel: ComparePanel, *names: str, splits: int = 1) -> ComparePanel:
    only(panel, *names).choose_splits(splits)
    until_done(panel.compare())
    return panel


def titles(panel: ComparePanel) -> list[str]:
    return [row[0].text for row in panel.now.scores.rows]


def until_scored(panel: ComparePanel, job: Job[object] | None) -> None:
    """Wait for the first score, delivering events as an event loop does."""
    assert job is not None
    end = time.monotonic() + 60
    while not panel.now.scores.rows and time.monotonic() < end:
        with pytest.raises(TimeoutError):
            job.wait(0.1)
    assert panel.now.scores.rows


# ---- choosing ----------------------------------------------------------------------------------


def test_every_method_is_offered_and_the_quick_ones_are_ticked(panel: ComparePanel) -> None:
    names = [method.name for method in panel.now.methods]
    assert sorted(names) == sorted(methods.methods())
    assert names[:2] == ["mixture", "raw"]  # the usual one first, the others in their order
    assert panel.now.chosen == "Methods: 6 ticked, 3 splits"
    quick = {name for name, m in methods.methods().items() if m.kind == "simple"}
    assert set(panel.chosen) == quick and "mixture" in quick


def test_what_is_not_ticked_is_said_not_to_have_been_tried(panel: ComparePanel) -> None:
    said = compared(panel, "raw", "gene_mean", "pca").now.scores.sentence.text
    assert "the 3 methods compared" in said
    assert "Not tried: nearest in expression, nearest in tissue, mixture and 5 more." in said


def test_what_is_not_installed_cannot_be_ticked_and_says_why(panel: ComparePanel) -> None:
    for name, package in (("magic", "magic-impute"), ("scvi", "scvi-tools")):
        panel.tick(name, wanted=True)
        method = offered(panel, name)
        assert not method.is_ticked
        assert method.why_not == f"Not installed: pip install {package}"
        assert package in method.help


def test_without_coordinates_the_tissue_methods_say_why(
    panel: ComparePanel, section: AnnData
) -> None:
    panel.tick("gmm_vgae", wanted=True)
    cells = section.copy()
    del cells.obsm["spatial"]
    panel.session.open(cells)
    assert offered(panel, "gmm_vgae").why_not and "gmm_vgae" not in panel.chosen
    why_not = offered(panel, "tissue_mean").why_not
    assert why_not == "Needs coordinates; these data have none."
    panel.session.open(section)
    assert "gmm_vgae" in panel.chosen  # as before


def test_nothing_ticked_cannot_be_started_and_says_why(panel: ComparePanel) -> None:
    only(panel)
    assert not panel.now.work.is_enabled
    assert panel.now.work.why_not.text == "Tick a method to compare."
    assert panel.compare() is None


def test_without_data_it_says_so(session: Session) -> None:
    panel = ComparePanel(session)
    assert not panel.now.work.is_enabled
    assert panel.now.work.why_not.text == "Open data first."
    assert panel.compare() is None


def test_other_work_is_waited_for(panel: ComparePanel) -> None:
    job = panel.session.train("pca")
    assert not panel.now.work.is_enabled and panel.now.wait
    assert "at work" in panel.now.work.why_not.text
    panel.session.cancel()
    until_done(job)
    assert panel.now.work.is_enabled and not panel.now.wait


# ---- comparing ---------------------------------------------------------------------------------


def test_a_comparison_ends_with_sentence_table_and_winners(panel: ComparePanel) -> None:
    compared(panel, "raw", "gene_mean", "pca", splits=2)
    assert panel.now.status.startswith("Done after")
    assert "hidden molecules" in panel.now.scores.sentence.text
    assert set(titles(panel)) == {"Counts as they are", "Gene mean × depth", "PCA denoiser"}
    assert panel.now.scores.bars and panel.now.scores.dots
    assert panel.comparison is not None and panel.comparison.seeds == [0, 1]


def test_a_column_orders_the_table_and_again_the_other_way(panel: ComparePanel) -> None:
    compared(panel, "raw", "gene_mean", "pca")
    scores = [row[1].value for row in panel.now.scores.rows]
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]
    panel.sort(1)
    assert [row[1].value for row in panel.now.scores.rows] == scores[::-1]
    panel.sort(0)
    assert titles(panel) == ["Counts as they are", "Gene mean × depth", "PCA denoiser"]
    assert (panel.now.order, panel.now.falls) == (0, False)


def test_a_method_that_fails_says_why_in_its_row(panel: ComparePanel) -> None:
    assert panel.session.adata is not None
    panel.session.adata.obsm["spatial"][:] = np.nan
    compared(panel, "tissue_mean", "gene_mean")
    assert titles(panel) == ["Gene mean × depth", "Nearest in tissue"]
    assert "coordinates" in panel.now.scores.rows[1][1].text
    compared(panel, "tissue_mean")
    assert panel.now.scores.sentence.text.startswith("No method that was tried could be scored.")
    assert not panel.now.has_report


def test_workers_share_the_fits_and_cancel_ends_them(panel: ComparePanel) -> None:
    panel.choose_workers(2)
    job = only(panel, "raw", "gmm_vgae").compare()
    until_scored(panel, job)
    assert titles(panel) == ["Counts as they are"]
    assert panel.work.progress()[1].startswith("2 workers")
    begun = psutil.Process().children(recursive=True)
    at_work = [p for p in begun if any("spawn_main" in part for part in p.cmdline())]
    assert len(at_work) == 2
    panel.work.press()
    until_done(job)
    assert panel.now.status.startswith("Cancelled after") and panel.now.has_report
    assert not psutil.wait_procs(at_work, timeout=10)[1]


def test_without_dask_there_is_one_worker_and_it_says_why(
    panel: ComparePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "find_spec", lambda name: None)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    panel.refresh()
    assert panel.now.workers.most == 4
    assert panel.now.workers.why_not == "Not installed: pip install 'napari-stimpute[scale]'"


def test_while_it_runs_scores_appear(panel: ComparePanel) -> None:
    job = only(panel, "raw", "gmm_vgae").compare()
    assert panel.now.work.button == "Cancel"
    assert panel.now.wait == "Wait: “Comparing methods” is at work."
    assert panel.work.progress() == (None, "Starting…")
    until_scored(panel, job)
    assert titles(panel) == ["Counts as they are"]
    assert panel.work.progress()[1].startswith("GMM-VGAE, split 1 of 3")
    assert not panel.now.scores.sentence and not panel.now.has_report  # not before the end
    panel.work.press()
    until_done(job)


def test_cancel_is_said_at_once_and_keeps_what_was_scored(panel: ComparePanel) -> None:
    job = only(panel, "raw", "gmm_vgae").compare()
    until_scored(panel, job)
    panel.work.press()
    assert panel.now.work.button == "Cancelling…"
    assert panel.now.work.tooltip == "The running method is being stopped."
    assert panel.work.progress()[1] == "Cancelling: the running method is being stopped…"
    until_done(job)
    assert panel.now.status.startswith("Cancelled after")
    assert panel.now.scores.sentence.text.startswith("Stopped early")
    assert panel.now.scores.rows[1][1].text == "Not reached before the comparison was stopped."
    assert panel.now.has_report


def test_cancelled_before_anything_was_scored_it_says_so(panel: ComparePanel) -> None:
    job = only(panel, "raw").compare()
    panel.work.press()
    until_done(job)
    assert panel.now.status.endswith("nothing was scored yet.")
    assert not panel.now.work.outcome and not panel.now.has_report


def test_a_gene_to_draw_that_does_not_exist_is_explained(panel: ComparePanel) -> None:
    panel.draw_genes("NoSuchGene")
    compared(panel, "raw")
    assert "NoSuchGene" in panel.now.work.outcome.text
    assert panel.now.work.outcome.tone == "error" and not panel.now.status
    assert not panel.now.has_report


def test_genes_to_draw_are_kept(panel: ComparePanel) -> None:
    genes = panel.session.contents.genes
    panel.draw_genes(f" {genes[4]}, {genes[7]},")
    compared(panel, "raw")
    assert panel.comparison is not None and panel.comparison.shown == [4, 7]


def test_other_data_clear_the_comparison(panel: ComparePanel, section: AnnData) -> None:
    compared(panel, "raw")
    panel.session.open(section)
    assert panel.comparison is None
    assert not panel.now.scores.rows and not panel.now.scores.sentence
    assert not panel.now.status and not panel.now.has_report


# ---- afterwards --------------------------------------------------------------------------------


def test_report_is_written_in_the_background(panel: ComparePanel, tmp_path: Path) -> None:
    compared(panel, "raw", "gene_mean")
    path = tmp_path / panel.file_name
    job = panel.save_report(path)
    assert panel.now.no_report == "Wait: “Writing the report” is at work."
    until_done(job)
    assert panel.now.saved.text == f"Saved to {path}." and panel.now.saved.tone == "good"
    assert "Which method for" in path.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_explained(panel: ComparePanel, tmp_path: Path) -> None:
    compared(panel, "raw")
    until_done(panel.save_report(tmp_path / "no" / "report.html"))
    assert "its folder is missing" in panel.now.saved.text
    assert panel.now.saved.tone == "error"
    assert titles(panel) == ["Counts as they are"]  # still there
