"""Batches: which column names them, scores before and after, and the verdict on both."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.analysis.mixing import Mixing, mixing
from napari_stimpute.analysis.sources import representation
from napari_stimpute.panels.cells.batches import BatchesPanel, BeforeAndAfter, verdict
from napari_stimpute.panels.groups import Groups
from napari_stimpute.session.session import Session

from ..waiting import until_done


@pytest.fixture
def batches(trained: Session, groups: Groups) -> BatchesPanel:
    return BatchesPanel(trained, groups)


def halves(session: Session) -> pd.Categorical:
    return pd.Categorical(np.arange(len(session.expression())) % 2)


def test_batches_are_scored_before_and_after(trained: Session, batches: BatchesPanel) -> None:
    assert "Choose the column that names the batches" in batches.now.work.why_not.text
    assert batches.compute() is None
    names = halves(trained)
    trained.write_column("made", names)
    batches.choose_batch("made")
    until_done(batches.compute())
    counts, run = (representation(trained.adata, key, 0) for key in ("counts", "pca"))
    assert trained.adata is not None
    groups = trained.adata.obs["domain"].to_numpy()
    labels = np.asarray(names.astype(str))
    expected = BeforeAndAfter(
        mixing(counts, labels, groups), mixing(run, labels, groups, reference=counts)
    )
    found = batches.answer.value
    assert found is not None
    for mine, theirs in zip(found, expected, strict=True):
        assert np.allclose(list(vars(mine).values()), list(vars(theirs).values()), equal_nan=True)
    assert len(batches.now.rows) == 6
    assert batches.now.verdict == verdict(expected)
    assert not batches.now.doubt


def test_a_usual_batch_column_is_chosen_until_other_data_are_opened(
    session: Session, section: AnnData, groups: Groups
) -> None:
    batches, bare = BatchesPanel(session, groups), section.copy()
    section.obs["Donor_id"] = pd.Categorical(np.arange(section.n_obs) % 3)
    session.open(section)
    assert batches.now.batch.chosen == "Donor_id"
    batches.choose_batch("domain")
    assert batches.now.batch.chosen == "domain"
    session.open(bare)
    assert batches.now.batch.title == "Choose a column"
    assert batches.now.run.why_not == "Train a model first: there is no run to score."


def test_own_clusters_are_no_fair_measure(
    trained: Session, batches: BatchesPanel, groups: Groups
) -> None:
    trained.write_column(keys.cluster("pca"), trained.contents.labels("domain")[0])
    trained.write_column("batch", halves(trained))
    groups.choose("domain")
    until_done(batches.compute())
    assert not batches.now.doubt
    values = pd.Categorical(trained.contents.labels("domain")[0])
    trained.write_column(keys.cluster("pca"), values)
    groups.choose(keys.cluster("pca"))
    until_done(batches.compute())
    assert "own clusters" in batches.now.doubt.text


def test_groups_that_are_the_batches_are_not_scored(
    trained: Session, batches: BatchesPanel
) -> None:
    batches.choose_batch("domain")
    until_done(batches.compute())
    assert "Groups were not scored" in batches.now.doubt.text
    assert "groups were not scored" in batches.now.verdict.text


@pytest.mark.parametrize(
    ("mixed", "groups", "words", "tone"),
    [
        (0.3, 0.0, ("better mixed", ", and groups are as far apart"), "good"),
        (
            0.3,
            -0.3,
            ("better mixed", ", but groups are less apart, so biology was lost"),
            "warning",
        ),
        (-0.3, 0.2, ("less mixed", ", but groups stand further apart"), "warning"),
        (0.0, 0.0, ("as mixed as", "as far apart"), "note"),
        (0.3, float("nan"), ("better mixed", "not scored"), "note"),
    ],
)
def test_the_verdict_weighs_mixing_against_biology(
    mixed: float, groups: float, words: tuple[str, ...], tone: str
) -> None:
    before = Mixing(0.5, 0.5, 0.5, 0.5, 0.5)
    after = Mixing(0.5 + mixed, 0.5 + mixed, 0.5 + mixed, 0.5 + groups, 0.5 + groups)
    found = verdict(BeforeAndAfter(before, after))
    assert all(part in found.text for part in words)
    assert found.tone == tone
