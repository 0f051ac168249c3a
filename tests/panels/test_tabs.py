"""Titles of tabs: where something is at work, and where it went wrong."""

from __future__ import annotations

from pathlib import Path

from napari_stimpute.panels.cells.batches import BatchesPanel
from napari_stimpute.panels.cells.communities import CommunitiesPanel
from napari_stimpute.panels.cells.markers import MarkersPanel
from napari_stimpute.panels.cells.names import NamesPanel
from napari_stimpute.panels.cells.trajectory import TrajectoryPanel
from napari_stimpute.panels.cells.transfer import TransferPanel
from napari_stimpute.panels.compare import ComparePanel
from napari_stimpute.panels.differences import DifferencesPanel
from napari_stimpute.panels.edit import EditPanel
from napari_stimpute.panels.enhance import EnhancePanel
from napari_stimpute.panels.generate import GeneratePanel
from napari_stimpute.panels.generators import Generators
from napari_stimpute.panels.groups import Groups
from napari_stimpute.panels.patterns import PatternsPanel
from napari_stimpute.panels.tabs import TABS, Tabs
from napari_stimpute.panels.train import TrainPanel
from napari_stimpute.panels.variable import VariablePanel
from napari_stimpute.session.session import OPEN, Session

from .waiting import endless


def test_work_shows_on_the_tab_of_its_owner_and_nowhere_else(session: Session) -> None:
    tabs = Tabs(session)
    usual = tuple(tab.title for tab in TABS)
    assert tabs.now == usual
    for tab in TABS:
        for owner in tab.owners:
            job = session.work_later(endless(), "Something", owner=owner)
            assert tabs.now == tuple(t + " …" * (t == tab.title) for t in usual)
            job.cancel()
            job.wait(60)
            assert tabs.now == usual


def test_no_work_shows_on_two_tabs() -> None:
    owners = [owner for tab in TABS for owner in tab.owners]
    assert len(owners) == len(set(owners))


def test_the_work_of_every_panel_shows_on_a_tab(session: Session) -> None:
    groups, train = Groups(session), TrainPanel(session)
    of_groups = (BatchesPanel, CommunitiesPanel, MarkersPanel, NamesPanel, TrajectoryPanel)
    panels = [train, train.tune, *(kind(session, groups) for kind in of_groups)]
    alone = (TransferPanel, PatternsPanel, DifferencesPanel, VariablePanel, ComparePanel)
    edit = EditPanel(session)
    panels += [edit, *(kind(session) for kind in alone)]
    panels += [kind(session, Generators(session)) for kind in (GeneratePanel, EnhancePanel)]
    shown = {owner for tab in TABS for owner in tab.owners}
    assert {edit.saving.owner, *(panel.work.owner for panel in panels)} <= shown


def test_what_went_wrong_is_marked_until_other_work_begins(
    session: Session, tmp_path: Path
) -> None:
    tabs = Tabs(session)
    session.open_later(tmp_path / "none.h5ad").wait(60)
    assert tabs.now[0] == "Data !"
    job = session.work_later(endless(), "Something", owner="train")
    assert tabs.now[0] == "Data" and tabs.now[2] == "Train …"
    job.cancel()
    job.wait(60)


def test_a_bad_file_is_the_fault_of_the_tab_data_whatever_ran_before(opened: Session) -> None:
    tabs = Tabs(opened)
    opened.train("gene_mean").wait(60)
    opened.report("no such file", OPEN)  # as napari's own menu does
    assert tabs.now[0] == "Data !" and tabs.now[2] == "Train"
