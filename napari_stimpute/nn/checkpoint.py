"""Where a training stands, kept in a file, so that it goes on after the program was ended."""

from __future__ import annotations

import os
import pickle
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from . import ranks

EVERY = 120.0
"""Seconds between two writings, as a rule: a shorter training leaves no file."""

_DAMAGED = (OSError, RuntimeError, EOFError, ValueError, KeyError, TypeError, pickle.PickleError)


class Resumable(Protocol):
    """What a training holds beside its module: generators, spots to come, counters."""

    def state_dict(self) -> dict[str, Any]:
        """Tensors and numbers from which it goes on."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from them."""
        ...


@dataclass(frozen=True)
class Stand:
    """How far a training had come: epochs of the phase it was in, and how many that has at most."""

    phase: str
    epoch: int
    n_epochs: int

    @property
    def in_words(self) -> str:
        """For a sentence: "epoch 120 of 400 (pretrain)"."""
        return f"epoch {self.epoch:,} of {self.n_epochs:,} ({self.phase})"


class Checkpoint:
    """The state of each phase of one training: tensors and numbers, no pickled code.

    Written beside its place first, then renamed, so that it is whole or not there.

    Parameters
    ----------
    path : the file; one that is damaged, or of another training, is not used, and is replaced
    identity : tells this training from others: its data, settings and seed
    every : seconds between two writings

    Attributes
    ----------
    stand : how far the training had come that is gone on with; None where it begins
    unused : why a file that is there is not used; "" where there is none, or it is
    lost : why it could not be written the last time, which stops nobody's work; "" where it could
    history : what was reported of each epoch; whoever collects it goes on with this list
    """

    def __init__(self, path: Path, identity: str, *, every: float = EVERY) -> None:
        self.path, self.identity, self.every = path, identity, every
        self.stand: Stand | None = None
        self.lost = ""
        self.history: list[dict[str, Any]] = []
        self._phases: dict[str, dict[str, Any]] = {}
        self.unused, found = ranks.from_first(self._read)
        if found is not None:
            self._phases, self.history = dict(found["phases"]), list(found["history"])
            self.stand = Stand(**found["stand"])
        self._written = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() - self._written >= self.every

    def of(self, phase: str) -> dict[str, Any] | None:
        """State of a phase; None if it was not begun."""
        return self._phases.get(phase)

    def keep(self, phase: str, state: dict[str, Any], stand: Stand) -> None:
        """Take the state of a phase; it is written if it is time."""
        self._phases[phase] = state
        if not self.is_due:
            return
        try:
            self._write(stand)
            self.lost = ""
        except (OSError, RuntimeError) as error:  # the latter is torch's, where a disk is full
            self.lost = str(getattr(error, "strerror", None) or error)
        self._written = time.monotonic()

    def _write(self, stand: Stand) -> None:
        whole = {
            "identity": self.identity,
            "stand": asdict(stand),
            "history": self.history,
            "phases": self._phases,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            with draft.open("wb") as file:
                torch.save(whole, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def _read(self) -> tuple[str, dict[str, Any] | None]:
        """What was kept of this training; else why it is not used, if there is a file."""
        if not self.path.exists():
            return "", None
        try:
            found = torch.load(self.path, map_location="cpu", weights_only=True)
            if found["identity"] != self.identity:
                return "is of other data, settings, versions or another seed", None
            return "", {key: found[key] for key in ("stand", "history", "phases")}
        except _DAMAGED:
            return "is damaged", None
