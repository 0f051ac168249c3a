"""`stimpute impute` and `cluster` for a folder: every file in it, one after the other.

A file that cannot be used does not stop the others, and a result that is there stays there, unless
it was stopped early.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import InvalidSetting, NotReadable, NotWritable, StimputeError, TooSmall
from ..words import duration
from .options import aligned

if TYPE_CHECKING:
    from ..terminal import Teller

_ENDING = ".h5ad"
_HEADER = ("File", "Outcome", "Time", "")


@dataclass(frozen=True)
class Task:
    """One file to work on.

    Attributes
    ----------
    source, target : the file, and where its result goes
    model_folder : where its trained model is kept; "" for nowhere
    place : which of how many it is, "2 of 5"; "" where it is the only one
    key : prefix of the run's results
    """

    source: str
    target: str
    model_folder: str = ""
    place: str = ""
    key: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one file of a folder."""

    name: str
    state: Literal["done", "stopped early", "skipped", "failed", "given up", "not begun"]
    said: str = ""
    seconds: float | None = None


def is_folder(path: str) -> bool:
    """Whether a path is that of a folder."""
    return Path(path).expanduser().is_dir()


def add_folder_options(group: argparse._ActionsContainer) -> None:
    """Offer what only matters where IN is a folder."""
    group.add_argument(
        "--overwrite", action="store_true",
        help="where IN is a folder: make results anew that are there already, not skip them",
    )  # fmt: skip


def work_on_folder(args: argparse.Namespace, tell: Teller, work: Callable[[Task], bool]) -> int:
    """Work on every .h5ad file of a folder, and say in the end what became of each.

    Parameters
    ----------
    args : input and output, both folders; overwrite, save_model
    work : does one task, and says whether Ctrl-C stopped it early; then the rest is left

    Returns
    -------
    Exit code: 0 if every file is done or skipped, else 1

    Raises
    ------
    NotReadable : no .h5ad file in the folder
    NotWritable : the output is a file, or lies within the input
    """
    tasks = _tasks(args)
    outcomes: list[Outcome] = []
    for task in tasks:
        is_over = bool(outcomes) and outcomes[-1].state in ("stopped early", "given up")
        outcome = Outcome(Path(task.source).name, "not begun")
        if not is_over:
            outcome = _outcome(task, args.overwrite, tell, work)
        outcomes.append(outcome)
    _tell(outcomes, tell)
    return 0 if {o.state for o in outcomes} <= {"done", "skipped"} else 1


def _tasks(args: argparse.Namespace) -> list[Task]:
    folder, out = (Path(p).expanduser() for p in (args.input, args.output))
    files = sorted(p for p in folder.glob(f"*{_ENDING}") if p.is_file() and p.name[0] != ".")
    if not files:
        raise NotReadable(
            expected=f"at least one {_ENDING} file in {folder}", found="none",
            remedy="Choose another folder; folders within it, and hidden files, are left out.",
        )  # fmt: skip
    _make_folder(out, folder)
    models = Path(args.save_model) if args.save_model else None
    return [
        Task(
            str(file), str(out / file.name), str(models / file.stem) if models else "",
            f"{number} of {len(files)}", args.key or args.model,
        )
        for number, file in enumerate(files, start=1)
    ]  # fmt: skip


def _make_folder(out: Path, folder: Path) -> None:
    """Make the folder for the results, unless it is there; refuse one that would mix with IN."""
    expected = f"a folder for the results at {out}, as {folder} is a folder"
    if out.exists() and not out.is_dir():
        raise NotWritable(expected=expected, found="a file", remedy="Choose another name.")
    if out.suffix == _ENDING and not out.exists():
        found, remedy = f"the ending {_ENDING} of a file", "Name a folder."
        raise NotWritable(expected=expected, found=found, remedy=remedy)
    if out.resolve().is_relative_to(folder.resolve()):
        same = out.resolve() == folder.resolve()
        found = "the folder of the input itself" if same else "a folder within that of the input"
        remedy = "Choose one beside it, so that input and results do not mix."
        raise NotWritable(expected=expected, found=found, remedy=remedy)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = f"that it cannot be made ({error.strerror or error})"
        raise NotWritable(expected=expected, found=found, remedy="Choose another place.") from error


def _outcome(task: Task, overwrites: bool, tell: Teller, work: Callable[[Task], bool]) -> Outcome:
    from ..data.results import was_stopped

    name, begun = Path(task.source).name, time.monotonic()
    if Path(task.target).exists() and not overwrites:
        if not was_stopped(Path(task.target), task.key):
            tell.say(f"{task.place}: {name} is skipped, as {task.target} is there already.")
            return Outcome(name, "skipped", "a result is there; --overwrite makes it anew")
        tell.say(f"{task.place}: {name}, whose result was stopped early, is made anew.")
    else:
        tell.say(f"{task.place}: {name}")
    try:
        is_stopped = work(task)
    except (StimputeError, OSError, MemoryError) as error:
        said = str(error) or "Memory ran out."
        tell.warn(f"stimpute: {name}: {said}")
        return Outcome(name, "failed", _shortly(error) or said)
    except KeyboardInterrupt:
        return Outcome(name, "given up", "nothing was written")
    seconds = time.monotonic() - begun
    if is_stopped:
        return Outcome(name, "stopped early", "the best so far is kept", seconds)
    return Outcome(name, "done", "", seconds)


def _shortly(error: Exception) -> str:
    """What was wrong, for the table; the whole sentence was told before."""
    if isinstance(error, InvalidSetting):
        return f"expected {error.expected}, not {error.found}"
    if isinstance(error, TooSmall):
        return f"expected {error.expected}, found {error.found}"
    return error.found if isinstance(error, StimputeError) else ""


def _tell(outcomes: Sequence[Outcome], tell: Teller) -> None:
    rows = [
        (o.name, o.state, "" if o.seconds is None else duration(o.seconds), o.said)
        for o in outcomes
    ]
    tell.say("", *aligned([_HEADER, *rows], left=(0, 1, 3)), "")
    counted = Counter(o.state for o in outcomes)
    tell.say(", ".join(f"{n} {state}" for state, n in counted.items()) + ".")
