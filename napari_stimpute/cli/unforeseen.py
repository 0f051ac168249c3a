"""An error that nobody foresaw: one sentence at the terminal, and all of it in a log."""

from __future__ import annotations

import os
import tempfile
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path


def unforeseen(error: Exception) -> str:
    """Write what happened to a log file, and say where it is."""
    what = f"Something unforeseen went wrong ({type(error).__name__})"
    text = "".join(traceback.format_exception(error))
    name = f"stimpute-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
    for folder in (_state_folder(), Path(tempfile.gettempdir())):
        with suppress(OSError, RuntimeError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
            return f"{what}. The details are in {folder / name}; please send them to us."
    return f"{what}, and no log could be written."


def _state_folder() -> Path:
    """Where programs of this user keep their logs."""
    given = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME", "")
    return Path(given or Path(os.path.expanduser("~")) / ".local" / "state") / "napari-stimpute"
