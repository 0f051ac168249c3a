"""What would lose unsaved results waits for an answer: Save, Discard, Cancel."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_stimpute.panels.unsaved import AskFirst, not_saved_in_words
from napari_stimpute.session.session import Session

from .waiting import until_done


@pytest.fixture
def asking(opened: Session) -> AskFirst:
    """With two results that are in no file."""
    opened.train("gene_mean", blend=False, judged=False).wait(60)
    opened.write_column("edge", opened.adata.obs["domain"])  # type: ignore[union-attr]
    return AskFirst(opened)


def test_where_nothing_would_be_lost_nothing_is_asked(opened: Session) -> None:
    done: list[str] = []
    asking = AskFirst(opened)
    asking.ask(lambda: done.append("it"))
    assert done == ["it"] and not asking.now


def test_it_waits_for_an_answer(asking: AskFirst) -> None:
    done: list[str] = []
    asking.ask(lambda: done.append("it"))
    assert asking.now.startswith("Gene mean × depth and the column “edge” would be lost.")
    assert "are in no file yet" in not_saved_in_words(asking.session)
    asking.cancel()
    assert not done and not asking.now
    asking.ask(lambda: done.append("it"))
    asking.discard()
    assert done == ["it"] and not asking.now


def test_it_goes_on_once_they_are_saved_and_not_after_an_error(
    asking: AskFirst, tmp_path: Path
) -> None:
    done: list[bool] = []
    asking.ask(lambda: done.append(asking.session.is_busy))
    asking.save(tmp_path / "nowhere" / "out.h5ad")
    until_done(asking.session.job)
    assert not done and asking.now and "nowhere" in asking.session.problem
    asking.save(tmp_path / "out.h5ad")
    until_done(asking.session.job)
    assert done == [False] and not asking.now and (tmp_path / "out.h5ad").exists()
