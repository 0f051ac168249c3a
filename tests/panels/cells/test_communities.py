"""Communities of genes: compared, listed, described, drawn and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_stimpute.analysis.communities import community_steps, gene_network
from napari_stimpute.models import model_info
from napari_stimpute.panels.cells.communities import CommunitiesPanel
from napari_stimpute.panels.figures import Drawn
from napari_stimpute.panels.groups import Groups
from napari_stimpute.progress import drain
from napari_stimpute.session.session import Session

from ...grouped import group
from ..waiting import endless, until_done, write_from_outside


@pytest.fixture
def communities(session: Session, section: AnnData) -> CommunitiesPanel:
    """With a run "mine" that grouped genes, whose clusters are the groups."""
    session.open(group(section))
    groups = Groups(session)
    groups.choose("mine_cluster")
    return CommunitiesPanel(session, groups)


def column(communities: CommunitiesPanel, place: int) -> list[str]:
    return [cells[place].text for cells in communities.now.rows]


def test_runs_without_communities_are_not_offered(trained: Session, groups: Groups) -> None:
    communities = CommunitiesPanel(trained, groups)
    assert communities.now.work.why_not.text == "Train scIMTA with gene communities."
    assert communities.now.run.entries == ()
    assert communities.compare() is None


def test_communities_are_listed_described_and_saved(
    communities: CommunitiesPanel, tmp_path: Path
) -> None:
    until_done(communities.compare())
    expected = drain(community_steps(communities.session.adata, "mine", column="mine_cluster"))
    assert column(communities, 0) == list(expected.communities)
    assert column(communities, 1) == expected.facts["cluster"].tolist()
    assert column(communities, 2) == [f"{n:,}" for n in expected.facts["n_genes"]]
    assert communities.now.no_network == "Choose a community first: click a row."
    assert not communities.now.summary
    name = expected.communities[1]
    until_done(communities.choose(name))
    assert communities.now.chosen == name and communities.now.no_network == ""
    hubs = expected.facts.loc[name, "hub_genes"]
    assert f"Community {name}. Hub genes: {hubs}." in communities.now.summary.text
    assert communities.file_name == "mine_communities.csv"
    communities.save(tmp_path / "communities.csv")
    n_rows = len(expected.clusters) * len(expected.communities)
    assert len(pd.read_csv(tmp_path / "communities.csv")) == n_rows
    assert f"{n_rows} rows saved" in communities.now.done.text


def test_choosing_a_community_draws_its_network_unless_something_runs(
    communities: CommunitiesPanel, tmp_path: Path
) -> None:
    drawn: list[Drawn] = []
    communities.figures.drawn.connect(drawn.append)
    until_done(communities.compare())
    first, second = column(communities, 0)[:2]
    until_done(communities.choose(first))
    job = communities.session.work_later(endless(), "Something")
    assert communities.choose(second) is None
    assert f"Community {second}." in communities.now.summary.text
    job.cancel()
    job.wait(60)
    until_done(communities.network())
    until_done(communities.heat_map())
    titles = [f"Community {name} of mine" for name in (first, second)]
    assert [one.title for one in drawn] == [*titles, "Gene communities by Clusters (Mine)"]
    assert all(one.picture.startswith(b"\x89PNG") for one in drawn)
    assert drawn[0].save(tmp_path / "figure.svg").tone == "good"


def test_the_activity_of_a_community_is_written_and_shown(communities: CommunitiesPanel) -> None:
    session = communities.session
    assert communities.show_activity() is None
    until_done(communities.compare())
    name = column(communities, 0)[1]
    until_done(communities.choose(name))
    until_done(communities.show_activity())
    written = f"mine_community_{name}_activity"
    assert session.display.column == written
    assert session.adata is not None
    activity = gene_network(session.adata, "mine", name).activity
    assert np.allclose(session.adata.obs[written], activity)
    assert written in communities.now.done.text and communities.now.has_answer


def test_another_comparison_begins_without_a_chosen_community(
    communities: CommunitiesPanel,
) -> None:
    until_done(communities.compare())
    until_done(communities.choose(column(communities, 0)[0]))
    until_done(communities.compare())
    assert communities.now.chosen == "" and not communities.now.summary


def test_communities_of_data_that_were_closed_are_put_away(
    communities: CommunitiesPanel, section: AnnData
) -> None:
    until_done(communities.compare())
    assert communities.now.has_answer
    communities.session.open(section)
    assert not communities.now.has_answer and communities.now.rows == ()


def test_communities_of_groups_that_changed_meanwhile_are_dropped(
    communities: CommunitiesPanel,
) -> None:
    communities.groups.choose("domain")
    job = communities.compare()
    codes, names, _colours = communities.session.labels("domain")
    values = pd.Categorical.from_codes(np.roll(codes, 30), names)
    write_from_outside(communities.session, "domain", values)
    until_done(job)
    assert not communities.now.has_answer
    assert "changed meanwhile" in communities.now.work.outcome.text


def test_communities_go_away_when_their_run_is_trained_again(
    communities: CommunitiesPanel,
) -> None:
    session = communities.session
    until_done(communities.compare())
    assert session.adata is not None
    group(session.adata, started="2025-01-02")
    session.look_again()
    assert not communities.now.has_answer


def test_communities_of_scimta_are_compared(opened: Session, groups: Groups) -> None:
    config: Any = model_info("scimta").config
    settings = config(**config.PRESETS["tiny"])
    communities = CommunitiesPanel(opened, groups)
    until_done(opened.train("scimta", settings, blend=False, judged=False))
    assert communities.now.run.chosen == "scimta" and communities.now.work.is_enabled
    until_done(communities.compare())
    assert len(communities.now.rows) > 1
