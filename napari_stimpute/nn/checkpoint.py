"""Where a training stands, kept in a file, so that it goes on after the program was ended."""

from __future__ import annotations

import os
import pickle
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

_DAMAGED = (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError)


class Checkpoint:
    """The state of each phase of one training: tensors and numbers, no pickled code.

    Written beside its place first, then renamed, so that it is whole or not there.

    Parameters
    ----------
    path : the file; one of another training is replaced
    identity : tells this training from others: its data, settings and seed
    every : seconds between two writings
    """

    def __init__(self, path: Path, identity: str, *, every: float) -> None:
        self.path, self.identity, self.every = path, identity, every
        self._phases: dict[str, dict[str, Any]] = self._read()
        self._written = time.monotonic()

    @property
    def is_begun(self) -> bool:
        """Whether there is something to go on with."""
        return bool(self._phases)

    def of(self, phase: str) -> dict[str, Any] | None:
        """State of a phase; None if it was not begun."""
        return self._phases.get(phase)

    def keep(self, phase: str, state: dict[str, Any], *, is_last: bool) -> None:
        """Take the state of a phase; it is written if it is time, or the phase has ended."""
        self._phases[phase] = state
        if is_last or time.monotonic() - self._written >= self.every:
            draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
            try:
                with draft.open("wb") as file:
                    torch.save({"identity": self.identity, "phases": self._phases}, file)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self.path)
            finally:
                draft.unlink(missing_ok=True)
            self._written = time.monotonic()

    def _read(self) -> dict[str, dict[str, Any]]:
        """What was kept of this training; nothing of another, or of a damaged file."""
        with suppress(
            OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError
        ):
            found = torch.load(self.path, map_location="cpu", weights_only=True)
            if found["identity"] == self.identity:
                return dict(found["phases"])
        return {}
