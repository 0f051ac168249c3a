"""The real window: opened where there is a display, and driven and photographed under Xvfb.

Qt picks its display when it starts, so the screenshots are taken in a process of their own:
``python -m napari_stimpute.demo.window RESULT FOLDER GENE``.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import keys
from . import MODEL

if TYPE_CHECKING:
    from ..session.session import Session
    from ..terminal import Teller

SIZE = (1500, 940)  # pixels of the window
_LIST = "screenshots.json"
_SHOT_SECONDS = 300  # after which a window that does not come up is given up
_XVFB_SECONDS = 20


@dataclass(frozen=True)
class Shot:
    """One screenshot and what to see in it."""

    file: Path
    caption: str


def look(session: Session, gene: str) -> None:
    """Open napari on the session, the gene raw and imputed, until its window is closed."""
    import napari

    from ..plugin import open_panel, open_viewer

    session.display.column, session.display.source, session.display.gene = "", MODEL, gene
    panel = open_panel(open_viewer(session))
    panel.show_tab("genes")
    panel.genes.both.setChecked(True)
    napari.run()


def screenshots(result: Path, folder: Path, gene: str, tell: Teller) -> list[Shot]:
    """Drive the real window out of sight, and photograph it; none where there is no Xvfb.

    Parameters
    ----------
    result : an .h5ad with the results of a run
    folder : where the pictures go
    gene : the one to show
    """
    if shutil.which("Xvfb") is None:
        tell.say("No screenshots: Xvfb is not installed.")
        return []
    tell.say("Taking screenshots of the window (a minute at most)")
    command = [sys.executable, "-m", "napari_stimpute.demo.window", result, folder, gene]
    try:
        with virtual_display() as display:
            done = subprocess.run(
                [str(part) for part in command],
                env=environment(display),
                capture_output=True,
                text=True,
                timeout=_SHOT_SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired:
        tell.warn(f"No screenshots: the window did not come up in {_SHOT_SECONDS} s.")
        return []
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        tell.warn(f"The window could not be photographed: {last}")
        return []
    listed = json.loads((folder / _LIST).read_text(encoding="utf-8"))
    return [Shot(folder / name, caption) for name, caption in listed]


@contextmanager
def virtual_display() -> Iterator[str]:
    """Run Xvfb on a display number that it finds free by itself."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], _XVFB_SECONDS)
        number = os.read(reading, 16).decode().strip() if ready else ""
        yield f":{number}"
    finally:
        os.close(reading)
        server.terminate()
        server.wait()


def environment(display: str) -> dict[str, str]:
    """Our environment with another display, and without the user's napari settings."""
    ours = {k: v for k, v in os.environ.items() if k != "WAYLAND_DISPLAY"}
    return {**ours, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "NAPARI_CONFIG": ""}


# ---- in the process of its own -----------------------------------------------------------------


def main(result: str, folder: str, gene: str) -> None:
    """Open a result in the window, and photograph one view after the other."""
    from ..plugin import open_panel, open_viewer
    from ..session.session import Session

    session = Session()
    session.open(result)
    session.display.gene = gene
    viewer = open_viewer(session)
    viewer.window.resize(*SIZE)
    panel = open_panel(viewer)
    shots = []
    for number, (caption, show) in enumerate(_views(session, panel, gene), start=1):
        show()
        settle(1.0)
        name = f"{number}.png"
        viewer.screenshot(str(Path(folder) / name), canvas_only=False, flash=False)
        shots.append((name, caption))
    (Path(folder) / _LIST).write_text(json.dumps(shots), encoding="utf-8")
    session.cancel()
    settle(20.0, until=lambda: not session.is_busy)
    viewer.close()


def _views(session: Session, panel: Any, gene: str) -> list[tuple[str, Callable[[], None]]]:
    """What to photograph: a sentence, and what brings it about."""

    def show(tab: str, source: str, column: str = "") -> None:
        panel.show_tab(tab)
        session.display.column, session.display.source = column, source

    def side_by_side() -> None:
        show("genes", MODEL)
        panel.genes.both.setChecked(True)

    def domains() -> None:
        panel.genes.both.setChecked(False)
        show("genes", MODEL, keys.cluster(MODEL))

    def train() -> None:
        show("train", "counts")
        panel.train.panel.choose_model(MODEL)
        job = panel.train.panel.train()
        settle(25.0, until=lambda: job.latest is not None and job.latest.step >= 20)

    return [
        (
            f"The file is open: the data card, and {gene} as counted.",
            lambda: show("data", "counts"),
        ),
        (
            f"{gene} as imputed, on the same scale; the key I flips back.",
            lambda: show("genes", MODEL),
        ),
        ("Counted and imputed side by side, with linked cameras.", side_by_side),
        ("The spatial domains, with their legend.", domains),
        ("While a model trains: progress, time left and loss curve; Cancel keeps the best.", train),
    ]


def settle(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Let Qt lay out and draw for a while, or until something holds."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        QApplication.processEvents()
        time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
