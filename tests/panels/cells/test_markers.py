"""Markers: what is offered, found, listed, drawn and saved, and when an answer goes away."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_stimpute.analysis import marker_steps
from napari_stimpute.data.counts import counts_of
from napari_stimpute.job import Job
from napari_stimpute.panels.cells.markers import MarkersPanel
from napari_stimpute.panels.figures import Drawn
from napari_stimpute.panels.groups import Groups
from napari_stimpute.session.session import Session


@pytest.fixture
def markers(opened: Session, groups: Groups) -> MarkersPanel:
    return MarkersPanel(opened, groups)


def found(markers: MarkersPanel) -> MarkersPanel:
    job = markers.find()
    assert job is not None
    job.wait(60)
    return markers


def test_without_data_it_says_what_to_do(session: Session) -> None:
    panel = MarkersPanel(session, Groups(session))
    assert not panel.now.work.is_enabled
    assert panel.now.work.why_not.text == "Open data first."
    assert panel.find() is None


@pytest.mark.parametrize("method", ["permutation", "t-test"])
def test_it_finds_what_the_analysis_finds_and_lists_each_group(
    markers: MarkersPanel, method: str
) -> None:
    markers.choose_method(method)
    adata = markers.session.adata
    alone = Job(marker_steps(adata, "domain", method=method))  # type: ignore[arg-type]
    alone.start().wait(60)
    expected = alone.result
    assert expected is not None
    answer = found(markers).answer.value
    assert answer is not None
    pd.testing.assert_frame_equal(answer.table, expected.table)
    for group in expected.groups:
        markers.choose_group(group)
        assert list(markers.table.listed.index) == list(expected.of(group)["gene"])
        assert f"“{group}”" in markers.now.summary.text


def test_another_method_or_column_takes_the_answer_away(
    markers: MarkersPanel, groups: Groups
) -> None:
    assert found(markers).now.has_answer
    markers.choose_method("t-test")
    assert not markers.now.has_answer and not markers.now.summary
    assert found(markers).now.has_answer
    groups.choose(next(e.name for e in groups.now.menu.entries if e.name != "domain"))
    assert not markers.now.has_answer


def test_the_summary_says_by_which_method(markers: MarkersPanel) -> None:
    said = found(markers).now.summary.text
    assert said.endswith(
        "than in all other spots: adjusted p below 0.05, by permutation of the counts."
    )


def test_only_other_groups_take_the_answer_away(markers: MarkersPanel, opened: Session) -> None:
    found(markers)
    codes = pd.Categorical(np.arange(len(opened.expression())) % 2)
    opened.write_column("unrelated", codes)
    assert markers.now.has_answer
    opened.write_column("domain", codes)
    assert not markers.now.has_answer


def test_violins_wait_for_a_gene(markers: MarkersPanel, opened: Session) -> None:
    assert markers.now.no_violins == ""
    opened.display.gene = ""
    assert markers.now.no_violins == "Choose a gene first: click a row."
    assert markers.violins() is None
    opened.display.show_gene(opened.contents.genes[0])
    assert markers.now.no_violins == ""


def test_no_state_is_announced_twice(markers: MarkersPanel) -> None:
    seen = [markers.now]
    markers.changed.connect(lambda: seen.append(markers.now))
    found(markers)
    assert len(seen) > 2
    assert all(a != b for a, b in itertools.pairwise(seen))


def test_a_cancelled_search_keeps_nothing_and_says_so(markers: MarkersPanel) -> None:
    job = markers.find()
    assert job is not None and markers.now.work.button == "Cancel"
    markers.work.press()
    job.wait(60)
    assert not markers.now.has_answer
    assert markers.now.work.outcome.text == "Cancelled: nothing was kept."
    assert markers.now.work.button == "Find markers"


def test_all_groups_are_saved_and_the_answer_says_where(
    markers: MarkersPanel, tmp_path: Path
) -> None:
    answer = found(markers).answer.value
    assert answer is not None
    markers.save_all(tmp_path / "all.csv")
    assert set(pd.read_csv(tmp_path / "all.csv")["group"].astype(str)) == set(answer.groups)
    assert f"{len(answer.table):,} rows saved" in markers.now.saved.text
    markers.save_all(tmp_path / "no" / "all.csv")
    assert markers.now.saved.tone == "error"


def drawn_by(markers: MarkersPanel, figure: str) -> Drawn:
    drawn: list[Drawn] = []
    markers.figures.drawn.connect(drawn.append)
    getattr(found(markers), figure)().wait(60)
    return drawn[0]


@pytest.mark.parametrize("figure", ["dot_plot", "violins", "volcano"])
def test_a_figure_is_drawn_in_a_thread_and_saved(
    markers: MarkersPanel, figure: str, tmp_path: Path
) -> None:
    drawn = drawn_by(markers, figure)
    assert drawn.picture.startswith(b"\x89PNG")
    assert drawn.save(tmp_path / "figure.svg").tone == "good"
    saved = (tmp_path / "figure.svg").read_text()
    assert any(f">{gene}<" in saved for gene in markers.session.contents.genes)
    assert drawn.save(tmp_path / "none" / "figure.png").tone == "error"


@pytest.mark.parametrize(("figure", "label"), [("violins", ">{} ("), ("dot_plot", ">{}<")])
def test_a_figure_is_saved_as_it_was_drawn(
    markers: MarkersPanel, opened: Session, figure: str, label: str, tmp_path: Path
) -> None:
    group, drawn = next(iter(markers.groups.sizes())), drawn_by(markers, figure)
    opened.write_column("domain", pd.Categorical(np.arange(len(opened.expression())) % 2))
    drawn.save(tmp_path / "figure.svg")
    assert label.format(group) in (tmp_path / "figure.svg").read_text()


def test_violins_check_the_counts_in_the_background_and_only_once(
    markers: MarkersPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def checked(adata: AnnData, where: str) -> Any:
        threads.append(threading.current_thread())
        return counts_of(adata, where)

    monkeypatch.setattr("napari_stimpute.panels.cells.markers.counts_of", checked)
    drawn_by(markers, "violins").save(tmp_path / "figure.svg")
    assert len(threads) == 1 and threads[0] is not threading.main_thread()


def test_genes_that_are_not_modelled_are_listed_and_drawn(
    session: Session, section: AnnData, tmp_path: Path
) -> None:
    part = section[:, ::2].copy()
    part.raw = section
    session.open(part)
    groups = Groups(session)
    groups.choose("domain")
    markers = found(MarkersPanel(session, groups))
    others = set(section.var_names[1::2])
    drawn_by(markers, "dot_plot").save(tmp_path / "dots.svg")
    assert any(f">{gene}<" in (tmp_path / "dots.svg").read_text() for gene in others)
    gene = next(gene for gene in markers.table.listed.index if gene in others)
    session.display.show_gene(gene)
    assert session.expression().sum() == section[:, [gene]].X.sum()
    drawn_by(markers, "violins").save(tmp_path / "violins.svg")
    assert f">{gene}<" in (tmp_path / "violins.svg").read_text()
    markers.save_all(tmp_path / "all.csv")
    assert others & set(pd.read_csv(tmp_path / "all.csv")["gene"])
