"""The tab of cells in the real window: what all sections do, markers, and names."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QComboBox, QLineEdit, QPushButton

from napari_stimpute.analysis import annotation_steps, marker_steps, read_marker_lists
from napari_stimpute.data.counts import counts_of
from napari_stimpute.plugin.cells.names import EXAMPLE
from napari_stimpute.plugin.cells.panel import CELL_TITLES, CellsPanel
from napari_stimpute.plugin.cells.section import Section
from napari_stimpute.plugin.panel import StimputePanel
from napari_stimpute.plugin.widgets.fact_table import FactTable
from napari_stimpute.progress import Progress

from .hands import choose, until_idle


@pytest.fixture
def cells(opened: StimputePanel) -> CellsPanel:
    return opened.cells


def ended(steps: Any) -> Any:
    """What a generator of progress returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def listed(table: FactTable, column: int = 0) -> list[str]:
    return [table.text_at(row, column) for row in range(table.rowCount())]


# ---- the tab -------------------------------------------------------------------------------------


def test_every_section_says_what_is_missing(panel: StimputePanel, section: AnnData) -> None:
    cells = panel.cells
    sections = (cells.markers, cells.names, cells.trajectory, cells.batches, cells.communities)
    assert {s.work.why_not.text() for s in sections} == {"Open data first."}
    section.obs = section.obs[[]]
    panel.session.open(section)
    for some in sections:
        assert not some.work.button.isEnabled()
        assert some.work.button.toolTip() == some.work.why_not.text() != ""
    assert "No column names groups" in cells.groups.words.text()
    assert "Train a model" in cells.markers.work.why_not.text()


def test_only_the_first_section_is_open(cells: CellsPanel) -> None:
    assert [not fold.inside.isHidden() for fold in cells.folds] == [True] + 4 * [False]


def test_groups_are_the_newest_clusters_until_someone_chooses(
    with_communities: StimputePanel,
) -> None:
    groups = with_communities.cells.groups
    assert groups.column == "scimta_cluster" and groups.prefix == "scimta"
    choose(groups.combo, "domain")
    n = with_communities.session.adata.n_obs
    with_communities.session.write_column("other", pd.Categorical(np.arange(n) % 2))
    with_communities.session.train("pca", blend=False, judged=False).wait(120)
    assert groups.column == "domain"


def test_work_shows_on_the_tab_of_cells(opened: StimputePanel, qtbot: QtBot) -> None:
    opened.cells.markers.test()
    assert opened.tabs.tabText(5) == "Cells …"
    until_idle(qtbot, opened)
    assert opened.tabs.tabText(5) == "Cells"
    assert len(set(CELL_TITLES)) == 9


def endless() -> Iterator[Progress]:
    step = 0
    while True:
        step += 1
        yield Progress("wait", step, 10**6)


def test_work_can_be_cancelled_and_keeps_nothing(opened: StimputePanel, qtbot: QtBot) -> None:
    work, taken = opened.cells.markers.work, list[object]()
    work.run(endless(), CELL_TITLES[0], taken.append)  # type: ignore[arg-type]
    assert work.button.text() == "Cancel" and not work.view.isHidden()
    other = opened.cells.trajectory.work
    assert not other.button.isEnabled() and "Finding markers" in other.why_not.text()
    work.button.click()
    assert work.button.text() == "Cancelling…" and not work.button.isEnabled()
    until_idle(qtbot, opened)
    assert taken == []
    assert "nothing was kept" in work.words.text()
    assert work.button.text() == "Find markers" and work.button.isEnabled()


def test_every_control_has_a_tooltip(with_communities: StimputePanel) -> None:
    cells = with_communities.cells
    controls = cells.findChildren((QComboBox, QPushButton, QLineEdit))
    titles = {fold.button for fold in cells.folds}
    silent = [w for w in controls if w not in titles and not w.toolTip()]
    assert len(controls) > 25
    assert silent == []


def test_a_closed_panel_no_longer_follows(opened: StimputePanel) -> None:
    cells, session = opened.cells, opened.session
    for part in cells.parts:
        part.close()
    session.write_column("more", pd.Categorical(np.arange(session.adata.n_obs) % 2))
    assert cells.groups.combo.findData("more") < 0


# ---- markers -------------------------------------------------------------------------------------


def found_markers(panel: StimputePanel, qtbot: QtBot) -> Any:
    choose(panel.cells.groups.combo, "domain")
    panel.cells.markers.test()
    until_idle(qtbot, panel)
    return panel.cells.markers


@pytest.mark.parametrize("method", ["wilcoxon", "t-test"])
def test_markers_are_listed_group_by_group(
    opened: StimputePanel, qtbot: QtBot, method: Any
) -> None:
    choose(opened.cells.groups.combo, "domain")
    choose(opened.cells.markers.method, method)
    markers = found_markers(opened, qtbot)
    expected = ended(marker_steps(opened.session.adata, "domain", method=method))
    pd.testing.assert_frame_equal(markers.result.table, expected.table)
    for group in expected.groups:
        choose(markers.group, group)
        shown = [markers.table.model.gene_at(row) for row in range(5)]
        assert shown == expected.of(group)["gene"].head(5).tolist()
        assert f"“{group}”" in markers.summary.text()


def test_choosing_a_marker_shows_it(opened: StimputePanel, qtbot: QtBot) -> None:
    markers = found_markers(opened, qtbot)
    opened.session.display.column = "domain"
    markers.table.view.selectRow(4)
    assert opened.session.display.gene == markers.table.model.gene_at(4)
    assert opened.session.display.column == ""


def test_markers_of_other_groups_are_put_away(opened: StimputePanel, qtbot: QtBot) -> None:
    markers = found_markers(opened, qtbot)
    assert not markers.answer.isHidden()
    codes = np.arange(opened.session.adata.n_obs) % 2
    opened.session.write_column("unrelated", pd.Categorical(codes))
    assert not markers.answer.isHidden()
    opened.session.write_column("domain", pd.Categorical(codes))
    assert markers.answer.isHidden() and markers.result is None


@pytest.mark.parametrize("figure", ["dot_plot", "violins", "volcano"])
def test_figures_of_markers_open_in_a_window_and_are_saved(
    opened: StimputePanel, qtbot: QtBot, tmp_path: Path, figure: str
) -> None:
    markers = found_markers(opened, qtbot)
    getattr(markers, figure)()
    until_idle(qtbot, opened)
    window = markers.window_of_figures
    assert window is not None and window.isVisible()
    assert window.picture.pixmap().width() > 200
    window.save_to(str(tmp_path / "figure.svg"))
    saved = (tmp_path / "figure.svg").read_text()
    genes = opened.session.adata.var_names
    assert any(f">{gene}<" in saved for gene in genes)
    window.save_to(str(tmp_path / "none" / "figure.png"))
    assert window.words.tone == "error"
    window.close()


def test_violins_check_the_counts_in_the_background_and_only_once(
    opened: StimputePanel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    markers, threads = found_markers(opened, qtbot), list[threading.Thread]()

    def checked(adata: AnnData, where: str) -> Any:
        threads.append(threading.current_thread())
        return counts_of(adata, where)

    monkeypatch.setattr("napari_stimpute.plugin.cells.markers.counts_of", checked)
    markers.violins()
    until_idle(qtbot, opened)
    markers.window_of_figures.save_to(str(tmp_path / "figure.svg"))
    markers.window_of_figures.close()
    assert len(threads) == 1 and threads[0] is not threading.main_thread()


@pytest.mark.parametrize(("figure", "label"), [("violins", ">{} ("), ("dot_plot", ">{}<")])
def test_figures_are_saved_as_they_were_drawn(
    figure: str, label: str, opened: StimputePanel, qtbot: QtBot, tmp_path: Path
) -> None:
    markers = found_markers(opened, qtbot)
    group = markers.result.groups[0]
    getattr(markers, figure)()
    until_idle(qtbot, opened)
    codes = pd.Categorical(np.arange(opened.session.adata.n_obs) % 2)
    opened.session.write_column("domain", codes)
    window = markers.window_of_figures
    window.save_to(str(tmp_path / "figure.svg"))
    window.close()
    assert label.format(group) in (tmp_path / "figure.svg").read_text()


def test_markers_by_another_method_are_put_away(opened: StimputePanel, qtbot: QtBot) -> None:
    markers = found_markers(opened, qtbot)
    assert "; Wilcoxon, on counts)" in markers.summary.text()
    choose(markers.method, "t-test")
    assert markers.result is None and markers.answer.isHidden()


def test_violins_wait_for_a_gene(opened: StimputePanel, qtbot: QtBot) -> None:
    markers = found_markers(opened, qtbot)
    assert markers.violin.isEnabled()
    opened.session.display.gene = ""
    assert not markers.violin.isEnabled()
    assert "Choose a gene" in markers.violin.toolTip()
    markers.table.view.selectRow(0)
    assert markers.violin.isEnabled() and "spread" in markers.violin.toolTip()


def test_markers_of_all_groups_are_exported(
    opened: StimputePanel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    markers, place = found_markers(opened, qtbot), tmp_path / "all"
    monkeypatch.setattr(
        "qtpy.QtWidgets.QFileDialog.getSaveFileName", lambda *_args, **_more: (str(place), "")
    )
    markers.export.click()
    read = pd.read_csv(tmp_path / "all.csv", dtype={"group": str})
    assert len(read) == len(markers.result.table)
    assert set(read["group"]) == set(markers.result.groups)
    assert f"{len(read):,} rows saved" in markers.saved.text()


def test_what_goes_wrong_is_said_in_its_section(opened: StimputePanel, qtbot: QtBot) -> None:
    n = opened.session.adata.n_obs
    opened.session.write_column("side", pd.Categorical(np.where(np.arange(n) < 2, "few", "many")))
    choose(opened.cells.groups.combo, "side")
    opened.cells.markers.test()
    until_idle(qtbot, opened)
    assert "at least 3 spots" in opened.cells.markers.work.words.text()
    assert opened.cells.names.work.words.text() == ""
    assert opened.tabs.tabText(5) == "Cells !"


# ---- names ---------------------------------------------------------------------------------------


@pytest.fixture
def lists(opened: StimputePanel, tmp_path: Path) -> Path:
    """Lists of the best markers of each domain, called by it in capitals."""
    top = ended(marker_steps(opened.session.adata, "domain")).top(4)
    rows = [(f"KIND {group}", "", gene) for group, genes in top.items() for gene in genes]
    pd.DataFrame(rows, columns=["type", "subtype", "gene"]).to_csv(tmp_path / "l.csv", index=False)
    return tmp_path / "l.csv"


def test_names_are_suggested_by_marker_lists_and_written(
    opened: StimputePanel, lists: Path, qtbot: QtBot
) -> None:
    names, session = opened.cells.names, opened.session
    choose(opened.cells.groups.combo, "domain")
    assert names.work.why_not.text() == "Choose a file of marker genes first."
    names.path.setText(str(lists))
    names.suggest()
    until_idle(qtbot, opened)
    expected = ended(annotation_steps(session.adata, "domain", read_marker_lists(lists)))
    assert listed(names.table) == list(expected.groups)
    assert listed(names.table, 1) == [call.name for call in expected.types]
    assert listed(names.table, 4) == [f"{c.n_found}/{c.n_listed}" for c in expected.types]
    assert any(name.startswith("KIND") for name in listed(names.table, 1))
    assert "domain_type" not in session.adata.obs
    names.write_button.click()
    assert list(session.adata.obs["domain_type"]) == list(expected.labels("type"))
    assert list(session.adata.obs["domain_subtype"]) == list(expected.labels("subtype"))
    assert session.display.column == "domain_type"
    assert "is replaced" in names.write_button.toolTip()


def test_the_example_can_be_read_back(cells: CellsPanel, tmp_path: Path) -> None:
    cells.names.save_example(tmp_path / "example.csv")
    assert (tmp_path / "example.csv").read_text() == EXAMPLE
    read = read_marker_lists(cells.names.path.text())
    assert read.types["B cell"] == ("MS4A1", "CD79A", "CD79B")
    assert read.subtypes["CD8 T cell"] == ("T cell", ("CD8A", "CD8B"))


def test_lists_of_other_genes_are_refused_in_words(
    opened: StimputePanel, tmp_path: Path, qtbot: QtBot
) -> None:
    names = opened.cells.names
    names.save_example(tmp_path / "example.csv")
    names.suggest()
    until_idle(qtbot, opened)
    assert "none of them" in names.work.words.text()
    assert names.answer.isHidden()


def test_names_are_carried_over_from_a_reference(
    opened: StimputePanel, section: AnnData, tmp_path: Path, qtbot: QtBot
) -> None:
    transfer, session = opened.cells.names.transfer, opened.session
    assert "Open a reference first" in transfer.work.why_not.text()
    section.obs["known as"] = section.obs["domain"]
    section.write_h5ad(tmp_path / "reference.h5ad")
    transfer.open(tmp_path / "reference.h5ad")
    until_idle(qtbot, opened)
    assert "reference.h5ad" in transfer.open_button.text()
    choose(transfer.column, "known as")
    transfer.transfer()
    until_idle(qtbot, opened)
    given = session.adata.obs["known_as_transferred"].astype(str)
    probability = session.adata.obs["known_as_transferred_probability"]
    sure = given != "unsure"
    truth = session.adata.obs["domain"].astype(str)
    assert (given[sure] == truth[sure]).mean() > 0.8 and sure.mean() > 0.5
    assert probability[~sure].max() < 0.5 if (~sure).any() else probability.min() >= 0.5
    assert (
        f"{round(100 * float((~sure).mean()))} % of the spots are unsure" in transfer.found.text()
    )
    assert session.display.column == "known_as_transferred"


def test_a_reference_that_cannot_be_read_is_explained(
    opened: StimputePanel, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "bad.h5ad").write_text("not a file of this kind")
    opened.cells.names.transfer.open(tmp_path / "bad.h5ad")
    until_idle(qtbot, opened)
    assert "bad.h5ad" in opened.cells.names.transfer.work.words.text()
    assert not opened.cells.names.transfer.work.button.isEnabled()


# ---- figures -------------------------------------------------------------------------------------


def test_a_section_keeps_one_window_for_its_figures(opened: StimputePanel, qtbot: QtBot) -> None:
    from napari_stimpute.plots.drawing import new_figure

    some: Section = opened.cells.markers
    for title in ("First", "Second"):
        some.draw(title, lambda: new_figure(3, 2))
        until_idle(qtbot, opened)
    window = some.window_of_figures
    assert window is not None and window.windowTitle() == "Second"
    window.close()
