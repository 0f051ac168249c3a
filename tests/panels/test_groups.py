"""Groups: which are chosen, until someone chooses, and what is said of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.panels.groups import Groups
from napari_stimpute.panels.work import Work
from napari_stimpute.session.session import Session

from .waiting import endless


def halves(session: Session) -> pd.Categorical:
    assert session.adata is not None
    return pd.Categorical(np.arange(session.adata.n_obs) % 2)


def test_without_groups_it_says_what_to_do(session: Session, section: AnnData) -> None:
    groups = Groups(session)
    assert groups.now.menu.why_not == "Open data first."
    section.obs = section.obs[[]]
    session.open(section)
    assert "No column names groups" in groups.now.nothing.text
    assert groups.now.menu.why_not == groups.now.nothing.text


def test_groups_are_the_newest_clusters_until_someone_chooses(
    session: Session, judged: AnnData
) -> None:
    session.open(judged)
    groups = Groups(session)
    assert groups.column == "domain"
    session.write_column(keys.cluster("mine"), halves(session))
    assert groups.column == keys.cluster("mine") and groups.prefix == "mine"
    groups.choose("domain")
    session.train("pca", blend=False, judged=False).wait(120)
    session.write_column(keys.cluster("pca"), halves(session))
    assert groups.column == "domain"


def test_groups_are_chosen_only_while_nothing_runs(opened: Session) -> None:
    groups = Groups(opened)
    work = Work(groups, "some", "Begin", "Begin something.", begin=lambda: None)
    assert groups.now.menu.why_not == ""
    job = work.run(endless(), "Finding markers")
    assert groups.now.menu.why_not == "Wait: “Finding markers” is at work."
    assert job is not None
    work.press()
    job.wait(60)
    assert groups.now.menu.why_not == ""


def test_sizes_are_given_and_empty_groups_left_out(opened: Session) -> None:
    groups = Groups(opened)
    n = opened.contents.expression(opened.display.gene).size
    names = pd.Categorical(np.where(np.arange(n) < 40, "few", "many"), ["few", "many", "none"])
    opened.write_column("side", names)
    groups.choose("side")
    assert groups.sizes() == {"few": 40, "many": n - 40}
    assert [entry.title for entry in groups.titled()] == [
        "few (40 spots)",
        f"many ({n - 40} spots)",
    ]
    _codes, known, colours = opened.labels("side")
    assert groups.colours(["many"]) == [colours[known.index("many")]]


def test_a_closed_choice_no_longer_follows(opened: Session) -> None:
    groups = Groups(opened)
    groups.close()
    opened.write_column("more", halves(opened))
    assert "more" not in [entry.name for entry in groups.now.menu.entries]
