"""Names from a reference: read, carried over, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from anndata import AnnData

from napari_stimpute.panels.cells.transfer import TransferPanel
from napari_stimpute.session.session import Session

from ..waiting import until_done


@pytest.fixture
def transfer(opened: Session) -> TransferPanel:
    return TransferPanel(opened)


@pytest.fixture
def reference(section: AnnData, tmp_path: Path) -> Path:
    """The section in a file, its domains under another name."""
    section.obs["known as"] = section.obs["domain"]
    section.write_h5ad(tmp_path / "reference.h5ad")
    return tmp_path / "reference.h5ad"


def test_names_are_carried_over_from_a_reference(
    opened: Session, transfer: TransferPanel, reference: Path
) -> None:
    assert "Open a reference first" in transfer.now.work.why_not.text
    assert transfer.now.column.why_not == transfer.now.work.why_not.text
    until_done(transfer.open(reference))
    assert opened.adata is not None
    assert transfer.now.reference == f"reference.h5ad · {opened.adata.n_obs:,} cells"
    transfer.choose_column("known as")
    until_done(transfer.transfer())
    given = opened.adata.obs["known_as_transferred"].astype(str)
    probability = opened.adata.obs["known_as_transferred_probability"]
    sure = given != "unsure"
    truth = opened.adata.obs["domain"].astype(str)
    assert (given[sure] == truth[sure]).mean() > 0.8 and sure.mean() > 0.5
    assert probability[~sure].max() < 0.5 if (~sure).any() else probability.min() >= 0.5
    unsure = round(100 * float((~sure).mean()))
    assert f"{unsure} % of the spots are unsure" in transfer.now.found.text
    assert transfer.now.found.tone == "good"
    assert opened.display.column == "known_as_transferred"


def test_other_data_keep_the_reference_but_not_what_was_said(
    opened: Session, transfer: TransferPanel, reference: Path, section: AnnData
) -> None:
    until_done(transfer.open(reference))
    until_done(transfer.transfer())
    assert transfer.now.found
    opened.open(section)
    assert not transfer.now.found and not transfer.now.doubt
    assert transfer.now.work.is_enabled


def test_a_reference_without_names_is_refused_in_words(
    transfer: TransferPanel, section: AnnData, tmp_path: Path
) -> None:
    section.obs = section.obs[[]]
    section.write_h5ad(tmp_path / "bare.h5ad")
    until_done(transfer.open(tmp_path / "bare.h5ad"))
    no_names = "The reference has no column with 2 to 60 names."
    assert transfer.now.work.why_not.text == transfer.now.column.why_not == no_names
    assert transfer.transfer() is None


def test_a_reference_that_cannot_be_read_is_explained(
    transfer: TransferPanel, tmp_path: Path
) -> None:
    (tmp_path / "bad.h5ad").write_text("not a file of this kind")
    until_done(transfer.open(tmp_path / "bad.h5ad"))
    assert "bad.h5ad" in transfer.now.work.outcome.text
    assert not transfer.now.work.is_enabled
