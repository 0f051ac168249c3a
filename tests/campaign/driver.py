"""Run one case in a process of its own, with memory and time limited."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .case import Case
from .child import faults_of_result, work
from .place import NOBODY, Place, Stood, place_of

MEMORY = 6 * 2**30
"""Bytes that a case may ask for."""
_BEARING = "backslashreplace"
_PATIENCE = 4
"""Seconds by the clock for each second of the processor: the machine may be busy."""


@dataclass(frozen=True)
class Outcome:
    """How a case ended, and what it left."""

    code: int | None
    """Exit code, minus the number of the signal, or None for no end in time."""
    out: str
    err: str
    before: dict[str, Stood]
    after: dict[str, Stood]
    results: tuple[str, ...]
    """What is wrong with the files it wrote."""


class Driver:
    """Runs cases in a folder of its own.

    Parameters
    ----------
    folder : an empty folder, which anybody may enter
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._undisturbed: dict[tuple[str, ...], float] = {}

    def run(self, case: Case) -> Outcome:
        """Make the input, run, look at what is there, and remove it."""
        root = self._folder / "case"
        with place_of(case, root) as place:
            before = place.stood()
            code, out, err = self._spawn(lambda: work(place.line), case, place, self._stop_of(case))
            after = place.stood()
            results = self._looked_at(case, place, before, after)
        return Outcome(code, out, err, before, after, results)

    def _stop_of(self, case: Case) -> tuple[int, float] | None:
        """A signal, and the seconds after which it is sent, by the time of an undisturbed run."""
        name, share = case.stop
        if not name:
            return None
        if case.line not in self._undisturbed:
            with place_of(case, self._folder / "undisturbed") as place:
                begun = time.monotonic()
                self._spawn(lambda: work(place.line), case, place, None)
                self._undisturbed[case.line] = time.monotonic() - begun
        return signal.Signals[name].value, share * self._undisturbed[case.line]

    def _looked_at(
        self, case: Case, place: Place, before: dict[str, Stood], after: dict[str, Stood]
    ) -> tuple[str, ...]:
        names = {n for n in after if after[n] != before.get(n) and n.endswith(".h5ad")}
        names = {n for n in names if after[n].digest and not n.startswith("in/")}
        missing = [name for name in case.gives if f"out/{name}" not in after]
        faults = [f"no result {name}" for name in missing]
        given = next((Path(w) for w in place.line[1:] if Path(w).is_relative_to(place.given)), None)
        for name in sorted(names):
            source = given / Path(name).name if given and given.is_dir() else given
            look = lambda n=name, s=source: _tell(  # noqa: E731
                faults_of_result(place.root / n, s or place.given, case.secret)
            )
            code, out, err = self._spawn(look, case, place, None)
            faults += out.splitlines() if code == 0 else [f"a result not looked at: {err[-200:]}"]
        return tuple(faults)

    def _spawn(
        self, what: Callable[[], int], case: Case, place: Place, stop: tuple[int, float] | None
    ) -> tuple[int | None, str, str]:
        streams = self._folder / "stdout", self._folder / "stderr"
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _be_child(what, case, place, streams)
        code = _wait(pid, case.seconds, stop)
        out, err = (path.read_bytes().decode("utf-8", "replace") for path in streams)
        return code, out, err


def _tell(faults: list[str]) -> int:
    print(*faults, sep="\n", end="")
    return 0


def _be_child(
    what: Callable[[], int], case: Case, place: Place, streams: tuple[Path, Path]
) -> None:
    """Do it, and leave without anything that Python would do at its end."""
    code = 99
    try:
        _limit(case, place, streams)
        code = what()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  as Python itself would tell it
        traceback.print_exc()
        code = 1
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _limit(case: Case, place: Place, streams: tuple[Path, Path]) -> None:
    os.setsid()
    for number, path in enumerate(streams, 1):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags, 0o666), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    out, err = (open(n, "w", encoding="utf-8", errors=_BEARING, closefd=False) for n in (1, 2))  # noqa: SIM115
    sys.stdout, sys.stderr = out, err
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(place.out)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (case.seconds, case.seconds + 5))
    if case.file_kb:
        resource.setrlimit(resource.RLIMIT_FSIZE, (case.file_kb * 1024,) * 2)
    if case.is_nobody and os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def _wait(pid: int, seconds: float, stop: tuple[int, float] | None) -> int | None:
    """Wait for the end, and send the signal when its moment has come."""
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < _PATIENCE * seconds:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if stop is not None and passed >= stop[1]:
            os.kill(pid, stop[0])
            stop = None
        time.sleep(0.005)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None
