"""Copies of unsaved results, so that a crash or a power cut does not lose them."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]

from ..connections import Connections
from ..data.records import records_in
from ..data.save import size_of, write
from ..data.storable import snapshot
from ..errors import StimputeError
from .session import Session

if TYPE_CHECKING:
    from anndata import AnnData

MOST = 1_000_000_000
"""Bytes of the matrices above which no copy is kept: writing it would take minutes."""

MOST_LEFT = 3
"""Copies of processes that are gone which are kept; the oldest go first."""


@dataclass(frozen=True)
class Left:
    """Results that an earlier process did not save: their copy, and what it holds in words."""

    file: Path
    title: str


def folder() -> Path:
    """Where copies are kept, a place per user."""
    import platformdirs

    return platformdirs.user_state_path("napari-stimpute") / "unsaved"


def left() -> list[Left]:
    """Copies that processes left which are gone, the newest first; the oldest are removed."""
    files = sorted(folder().glob("*.h5ad"), key=lambda file: file.stat().st_mtime, reverse=True)
    gone = [file for file in files if not psutil.pid_exists(_process_of(file))]
    for file in gone[MOST_LEFT:]:
        file.unlink(missing_ok=True)
    return [Left(file, _title(file)) for file in gone[:MOST_LEFT]]


def taken_over(file: Path) -> Path:
    """Make a copy that was left this process's own; its new place."""
    return file.rename(_own(file.stem.rpartition(".")[0]))


def autosave_of(session: Session) -> Autosave:
    """What keeps copies for a session: one for all windows and notebooks that show it."""
    if not isinstance(session.autosave, Autosave):
        session.autosave = Autosave(session)
    return session.autosave


class Autosave:
    """Keeps a copy of the data while a session holds results that are in no file.

    The copy is written in a thread, anew whenever something was added, and goes away once the
    results are saved or given up.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lock = threading.Lock()
        self._wanted: AnnData | None = None
        self._thread: threading.Thread | None = None
        self.connections = Connections()
        self.connections.add(session.events.contents, self._follow)
        self.connections.add(session.events.unsaved, self._follow)

    def close(self) -> None:
        """Keep no copy any longer: the results were given up."""
        self.session.autosave = None
        self.connections.close()
        self._remove()

    def wait(self, seconds: float) -> None:
        """Wait until the copy is written, for so long at most."""
        if (thread := self._thread) is not None:
            thread.join(seconds)

    def _follow(self) -> None:
        session = self.session
        if not session.unsaved or session.adata is None:
            self._remove()
            return
        session.is_too_large = size_of(session.adata) > MOST
        if session.is_too_large:
            return
        if session.copy is None:
            session.copy = _own(Path(session.path).stem or "section")
        with self._lock:
            self._wanted = snapshot(session.adata)
            if self._thread is None:
                # no daemon: HDF5 hangs, or crashes, where Python is taken down while it writes
                self._thread = threading.Thread(target=self._work, name="autosave")
                self._thread.start()

    def _remove(self) -> None:
        self.session.is_too_large = False
        with self._lock:
            self._wanted = None
            file, self.session.copy = self.session.copy, None
        if file is not None:
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def _work(self) -> None:
        while True:
            with self._lock:
                adata, self._wanted, file = self._wanted, None, self.session.copy
                if adata is None or file is None:
                    self._thread = None
                    return
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                write(adata, file)
            except (StimputeError, OSError):  # a copy that cannot be kept stops nobody's work
                continue
            with self._lock:
                if self.session.copy != file:  # saved, or given up, meanwhile
                    file.unlink(missing_ok=True)


def _own(stem: str) -> Path:
    return folder() / f"{stem[:80]}.{os.getpid()}-{secrets.token_hex(4)}.h5ad"


def _process_of(file: Path) -> int:
    number = file.stem.rpartition(".")[2].partition("-")[0]
    return int(number) if number.isdigit() else -1


def _title(file: Path) -> str:
    titles = [record.title for record in records_in(file).values()]
    when = datetime.fromtimestamp(file.stat().st_mtime).strftime("%d %b %Y, %H:%M")
    return f"{file.stem.rpartition('.')[0]}: {', '.join(titles) or 'columns'} ({when})"
