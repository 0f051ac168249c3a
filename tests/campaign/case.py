"""What is tried: an input, how to make it, and the command lines that it is given to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Want = Literal["refused", "taken", "either"]
"""What must become of an input; "either" where only the manner counts."""
Make = Callable[[Path], object]
"""Writes an input, and what must lie beside it, into an empty folder."""

IN, OUT, BESIDE = "{in}", "{out}", "{beside}"
"""In a command line: the input's folder, the folder of outputs, and the full disk's."""
FILE = f"{IN}/in.h5ad"
RESULT = f"{OUT}/out.h5ad"
QUICK = ("--model", "gene_mean", "--no-blend", "--no-judge", "--quiet")


@dataclass(frozen=True)
class Case:
    """One input and one command line; ``name`` is that of the input.

    The first word of the command line is a command of the program, or ``open`` (what a window asks
    of a file) or ``use`` (what is asked of a saved model).
    """

    cls: str
    name: str
    line: tuple[str, ...]
    make: Make
    want: Want = "refused"
    lay: Make = field(default=lambda folder: None)
    """Makes what lies where the output goes."""
    needs_root: str = ""
    """What of the set-up only root can do; such a case is skipped without."""
    is_nobody: bool = False
    """Whether it must run as one who may not do everything."""
    disk_kb: int = 0
    """Size of a disk of its own, mounted beside; 0 for none."""
    file_kb: int = 0
    """Largest file that may be written; 0 for any."""
    stop: tuple[str, float] = ("", 0.0)
    """A signal, and the share of an undisturbed run after which it is sent."""
    secret: bytes = b""
    """What lies in another file, and must not come into the output."""
    gives: tuple[str, ...] = ()
    """Results that must be there and whole at the end, whatever the exit code."""
    seconds: int = 45

    @property
    def id(self) -> str:
        """Name of the case for people."""
        return f"{self.cls} · {self.name} · {self.line[0] if self.line else 'nothing'}"


CHECK = ("check", FILE)
IMPUTE = ("impute", FILE, RESULT, "--model", "mixture", "--quiet")
OPEN = ("open", FILE)
CLUSTER = ("cluster", FILE, RESULT, "--model", "gmm_vgae", "--preset", "tiny", "--quiet")


def tried(
    cls: str,
    name: str,
    make: Make,
    want: Want = "refused",
    lines: tuple[tuple[str, ...], ...] = (CHECK, IMPUTE, OPEN),
    **more: object,
) -> list[Case]:
    """One file, looked at by `check`, imputed, and opened as a window does."""
    return [Case(cls, name, line, make, want, **more) for line in lines]  # type: ignore[arg-type]
