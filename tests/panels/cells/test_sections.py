"""What all sections of the tab Cells do: say what is missing, wait, and drop outdated answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_stimpute.data.results import Results, write_results
from napari_stimpute.panels.cells.batches import BatchesPanel
from napari_stimpute.panels.cells.communities import CommunitiesPanel
from napari_stimpute.panels.cells.markers import MarkersPanel
from napari_stimpute.panels.cells.names import NamesPanel
from napari_stimpute.panels.cells.trajectory import TrajectoryPanel
from napari_stimpute.panels.cells.transfer import TransferPanel
from napari_stimpute.panels.groups import Groups
from napari_stimpute.panels.tabs import TABS, Tabs
from napari_stimpute.session.session import Session

from ..waiting import endless, until_done, until_next_second, write_from_outside


class Sections:
    """All sections over one choice of groups."""

    def __init__(self, session: Session, groups: Groups) -> None:
        self.markers = MarkersPanel(session, groups)
        self.names = NamesPanel(session, groups)
        self.transfer = TransferPanel(session)
        self.trajectory = TrajectoryPanel(session, groups)
        self.batches = BatchesPanel(session, groups)
        self.communities = CommunitiesPanel(session, groups)

    @property
    def all(self) -> list[Any]:
        return list(vars(self).values())


@pytest.fixture
def sections(session: Session, groups: Groups) -> Sections:
    return Sections(session, groups)


def write_lists(session: Session, folder: Path) -> str:
    """Two lists of genes, which need not fit: some name is suggested."""
    genes = session.contents.genes[:8]
    rows = {"type": ["A"] * 4 + ["B"] * 4, "subtype": "", "gene": genes}
    pd.DataFrame(rows).to_csv(folder / "lists.csv", index=False)
    return str(folder / "lists.csv")


def shuffled(session: Session, column: str) -> pd.Categorical:
    """The names of a column, given to other spots."""
    assert session.adata is not None
    values = session.adata.obs[column].astype(str).to_numpy()
    return pd.Categorical(np.random.default_rng(0).permutation(values))


def halves(session: Session, n: int = 2) -> pd.Categorical:
    assert session.adata is not None
    return pd.Categorical(np.arange(session.adata.n_obs) % n)


# ---- what is missing -----------------------------------------------------------------------------


def test_every_section_says_what_is_missing(
    session: Session, sections: Sections, section: AnnData
) -> None:
    assert {some.now.work.why_not.text for some in sections.all} == {"Open data first."}
    section.obs = section.obs[[]]
    session.open(section)
    for some in sections.all:
        assert not some.now.work.is_enabled
        assert some.now.work.tooltip == some.now.work.why_not.text != ""
    assert "Train a model" in sections.markers.now.work.why_not.text


def test_work_shows_on_the_tab_of_cells(sections: Sections) -> None:
    tab = next(tab for tab in TABS if tab.title == "Cells")
    assert tuple(some.work.owner for some in sections.all) == tab.owners


def test_one_section_works_while_the_others_wait(opened: Session, sections: Sections) -> None:
    taken: list[object] = []
    work = sections.markers.work
    job = work.run(endless(), "Finding markers", taken.append)
    assert sections.markers.now.work.button == "Cancel"
    for some in sections.all[1:]:
        assert not some.now.work.is_enabled
        assert some.now.work.why_not.text == "Wait: “Finding markers” is at work."
    work.press()
    assert not sections.markers.now.work.is_enabled
    until_done(job)
    assert taken == []
    assert sections.markers.now.work.outcome.text == "Cancelled: nothing was kept."
    assert sections.markers.now.work.button == "Find markers"
    assert sections.markers.now.work.is_enabled


def test_what_goes_wrong_is_said_in_its_section(
    opened: Session, groups: Groups, sections: Sections
) -> None:
    tabs, n = Tabs(opened), opened.contents.expression(opened.display.gene).size
    opened.write_column("side", pd.Categorical(np.where(np.arange(n) < 2, "few", "many")))
    groups.choose("side")
    until_done(sections.markers.find())
    assert "at least 3 spots" in sections.markers.now.work.outcome.text
    assert [some.now.work.outcome.text for some in sections.all[1:]] == [""] * 5
    assert "Cells !" in tabs.now


# ---- what is outdated ----------------------------------------------------------------------------


def write_clusters(session: Session, n: int) -> None:
    """As a run "mine" does that finds clusters."""
    assert session.adata is not None
    codes = np.arange(session.adata.n_obs) % n
    ours = {"key": "mine", "title": "Mine"}
    record = session.contents.record("pca").model_copy(update=ours)
    write_results(session.adata, Results(record, clusters=codes))
    session.look_again()


def test_answers_about_clusters_go_away_when_clusters_are_found_anew(
    trained: Session, tmp_path: Path
) -> None:
    write_clusters(trained, 3)
    groups = Groups(trained)
    sections = Sections(trained, groups)
    groups.choose("mine_cluster")
    sections.names.choose_lists(write_lists(trained, tmp_path))
    some: list[Any] = [sections.markers, sections.names, sections.trajectory]
    for begin in (sections.markers.find, sections.names.suggest, sections.trajectory.compute):
        until_done(begin())
    assert [panel.now.has_answer for panel in some] == 3 * [True]
    write_clusters(trained, 4)
    assert [panel.now.has_answer for panel in some] == 3 * [False]
    assert [panel.answer.value for panel in some] == 3 * [None]
    offered = [entry.title for entry in sections.trajectory.now.root.entries[:-1]]
    assert offered == [f"{name} ({n:,} spots)" for name, n in groups.sizes().items()]


def test_an_order_goes_away_when_its_run_is_trained_again(
    trained: Session, sections: Sections
) -> None:
    trajectory = sections.trajectory
    until_done(trajectory.compute())
    assert trajectory.now.has_answer
    until_next_second()
    until_done(trained.train("pca", blend=False, judged=False))
    assert not trajectory.now.has_answer


def test_scores_go_away_when_the_batches_are_others(trained: Session, sections: Sections) -> None:
    batches = sections.batches
    trained.write_column("batch", halves(trained))
    until_done(batches.compute())
    assert batches.now.has_answer
    trained.write_column("more", halves(trained, 3))
    assert batches.now.has_answer
    trained.write_column("batch", shuffled(trained, "batch"))
    assert not batches.now.has_answer


@pytest.mark.parametrize("name", ["markers", "names", "trajectory", "batches"])
def test_an_answer_about_groups_that_changed_meanwhile_is_dropped(
    trained: Session, sections: Sections, tmp_path: Path, name: str
) -> None:
    trained.write_column("batch", halves(trained))
    sections.names.choose_lists(write_lists(trained, tmp_path))
    begin = {
        "markers": sections.markers.find,
        "names": sections.names.suggest,
        "trajectory": sections.trajectory.compute,
        "batches": sections.batches.compute,
    }
    job, panel = begin[name](), getattr(sections, name)
    write_from_outside(trained, "domain", shuffled(trained, "domain"))
    until_done(job)
    assert panel.answer.value is None and not panel.now.has_answer
    assert "changed meanwhile" in panel.now.work.outcome.text
    assert trained.adata is not None and "pca_pseudotime" not in trained.adata.obs


def test_an_answer_is_not_shown_under_another_column(
    trained: Session, groups: Groups, sections: Sections
) -> None:
    trained.write_column("other", halves(trained))
    job = sections.trajectory.compute()
    groups.choose("other")
    until_done(job)
    assert not sections.trajectory.now.has_answer
    assert sections.trajectory.picture() is None


def test_a_closed_section_no_longer_follows(trained: Session, sections: Sections) -> None:
    before = sections.batches.now
    for some in sections.all:
        some.close()
    trained.write_column("more", halves(trained))
    assert sections.batches.now == before
