"""What is in no file yet outlives the process, and is offered by the next one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anndata import AnnData

from napari_stimpute.data.readers.reading import read
from napari_stimpute.data.records import read_records
from napari_stimpute.panels.data import DataPanel
from napari_stimpute.panels.saving import Saving
from napari_stimpute.panels.unsaved import TOO_LARGE
from napari_stimpute.session import autosave
from napari_stimpute.session.autosave import Autosave, autosave_of, left
from napari_stimpute.session.session import Session

from ..simulated import simulate_section


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of its own for copies."""
    monkeypatch.setattr(autosave, "folder", lambda: tmp_path / "unsaved")
    return tmp_path / "unsaved"


@pytest.fixture(scope="module")
def section() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100, n_domains=3)


@pytest.fixture
def session(section: AnnData) -> Session:
    found = Session()
    found.open(section)
    return found


@pytest.fixture
def copies(session: Session) -> Iterator[Autosave]:
    found = Autosave(session)
    yield found
    found.close()
    found.wait(30)


def trained(session: Session, copies: Autosave, name: str = "gene_mean") -> None:
    session.train(name, blend=False, judged=False).wait(60)
    copies.wait(30)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*")) if folder.exists() else []


def as_left_by_another(file: Path) -> Path:
    """Give a copy the name that a process which is gone would have given it."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return file.rename(file.with_name(f"section.{gone.pid}-0a1b2c3d.h5ad"))


def test_a_copy_holds_every_run_and_column_until_they_are_saved(
    session: Session, copies: Autosave, folder: Path, tmp_path: Path
) -> None:
    assert files(folder) == []
    for name in ("gene_mean", "pca"):
        trained(session, copies, name)
    session.write_column("edge", session.adata.obs["domain"])
    copies.wait(30)
    (copy,) = files(folder)
    kept = read(copy)
    assert list(read_records(kept)) == ["gene_mean", "pca"] and "edge" in kept.obs
    session.save_later(tmp_path / "saved.h5ad").wait(60)
    assert files(folder) == [] and session.unsaved == ()


def test_a_copy_goes_away_with_data_that_were_given_up(
    session: Session, copies: Autosave, folder: Path, section: AnnData
) -> None:
    trained(session, copies)
    assert len(files(folder)) == 1
    session.open(section)
    copies.wait(30)
    assert files(folder) == []


def test_results_too_large_for_a_copy_are_not_copied(
    session: Session,
    copies: Autosave,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    section: AnnData,
) -> None:
    monkeypatch.setattr(autosave, "MOST", 1000)
    trained(session, copies)
    assert files(folder) == [] and session.unsaved == ("gene_mean",)
    assert session.is_too_large and TOO_LARGE in Saving(session).now.unsaved.text
    session.open(section)
    assert not session.is_too_large and not Saving(session).now.unsaved


def test_a_copy_that_cannot_be_written_stops_no_work(
    session: Session, copies: Autosave, folder: Path
) -> None:
    folder.parent.joinpath("unsaved").touch()  # a file where the folder should be
    trained(session, copies)
    assert session.unsaved == ("gene_mean",) and not session.problem


def test_what_a_killed_process_left_is_offered_opened_and_still_unsaved(
    session: Session, copies: Autosave, folder: Path, tmp_path: Path
) -> None:
    trained(session, copies)
    assert left() == []  # of a process that runs
    as_left_by_another(files(folder)[0])
    panel = DataPanel(Session())
    (offered,) = panel.now.left
    assert offered.title.startswith("section: Gene mean")
    job = panel.recover(offered)
    assert job is not None
    job.wait(60)
    again = panel.session
    assert again.unsaved == ("gene_mean",) and again.path == "" and not panel.now.left
    assert len(files(folder)) == 1 and left() == []  # this process's own now
    keeping = Autosave(again)
    again.save_later(tmp_path / "saved.h5ad").wait(60)
    assert files(folder) == []
    keeping.close()


def test_what_was_left_can_be_discarded_and_the_oldest_go_by_themselves(folder: Path) -> None:
    folder.mkdir()
    for number in range(5):
        as_left_by_another_file = folder / f"s{number}.h5ad"
        as_left_by_another_file.touch()
    assert len(left()) == 3 == len(files(folder))
    panel = DataPanel(Session())
    panel.discard(panel.now.left[0])
    assert len(panel.now.left) == 2 == len(files(folder))


def test_one_keeps_the_copies_of_a_session_however_many_show_it(session: Session) -> None:
    first = autosave_of(session)
    assert autosave_of(session) is first
    first.close()
    again = autosave_of(session)
    assert again is not first
    again.close()


ENDS = """
import time
from napari_stimpute import Session, simulate_section
from napari_stimpute.session.autosave import autosave_of
session = Session()
session.open(simulate_section(n_rows=15, n_genes=100))
autosave_of(session)
session.display.pick(session.numbers("array_row") > 3)
session.keep_picked("half")
time.sleep(0.03)
"""


def test_a_program_that_ends_while_its_copy_is_written_ends_and_leaves_it(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", ENDS], env=env, timeout=120, check=True)
    (copy,) = tmp_path.rglob("*.h5ad")
    assert "half" in read(copy).obs
