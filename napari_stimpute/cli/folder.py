"""`stimpute impute` and `cluster` for a folder: every file in it, in series or by several workers.

A file that cannot be used does not stop the others. A result that is there stays there, unless it
was stopped early; another file of its name is not touched either.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..data.files import full_path
from ..data.readers import formats_of, samples_in
from ..errors import (
    InvalidSetting,
    NotReadable,
    NotWritable,
    StimputeError,
    TooSmall,
    in_words,
)
from ..progress import Progress
from ..words import duration
from .options import aligned, enough

if TYPE_CHECKING:
    from ..terminal import Teller
    from ..workers.workers import Done, Workers

_MOMENT = 0.25
"""Seconds between two looks at what workers have finished."""

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


class Worked(NamedTuple):
    """Whether a file's result is whole, whether Ctrl-C was pressed meanwhile, and which genes were
    modelled.
    """

    is_complete: bool
    is_stopped: bool
    genes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Told:
    """What a worker did with a file, in how many seconds, and what it would have warned of."""

    worked: Worked
    seconds: float
    warned: str = ""


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file of a folder."""

    name: str
    state: Literal["done", "stopped early", "skipped", "failed", "given up", "not begun"]
    note: str = ""
    seconds: float | None = None
    is_last: bool = False
    genes: frozenset[str] = frozenset()


def is_folder(path: str) -> bool:
    """Whether a path is that of a folder, and not of one that is read as a whole."""
    folder = full_path(path, NotReadable)
    return folder.is_dir() and not formats_of(folder)


def add_folder_options(group: argparse._ActionsContainer) -> None:
    """Offer what only matters where IN is a folder."""
    group.add_argument(
        "--overwrite",
        action="store_true",
        help="where IN is a folder: replace results that are there already, rather than skip them",
    )


def work_on_folder(args: argparse.Namespace, tell: Teller, work: Callable[[Task], Worked]) -> int:
    """Work on every file of a folder that can be read, and say in the end what became of each.

    Parameters
    ----------
    args : input and output, both folders; overwrite, save_model
    work : does one task; where Ctrl-C was pressed, the rest is left

    Returns
    -------
    Exit code: 0 if every file is done or skipped, else 1

    Raises
    ------
    NotReadable : nothing in the folder can be read
    NotWritable : the output is a file, or lies within the input
    """
    tasks = _tasks(args)
    outcomes: list[FileOutcome] = []
    for task in tasks:
        is_over = bool(outcomes) and outcomes[-1].is_last
        outcome = FileOutcome(Path(task.source).name, "not begun", is_last=is_over)
        if not is_over:
            outcome = _outcome(task, args.overwrite, tell, work)
        outcomes.append(outcome)
    return _told(outcomes, tell)


def share_folder(
    args: argparse.Namespace, tell: Teller, work: Callable[[Task], Told], workers: Workers
) -> int:
    """Work on the files of a folder at the same time; else as `work_on_folder`.

    Parameters
    ----------
    work : does one task, in another process
    workers : who; Ctrl-C ends them, and what is finished is kept

    Raises
    ------
    NotReadable, NotWritable : as for `work_on_folder`
    StimputeError : the cluster cannot be reached
    """
    found: dict[Task, FileOutcome] = {}
    tasks = _tasks(args)
    for task in tasks:
        kept = None if args.overwrite else _kept(task, Path(task.source).name, tell)
        if kept is not None:
            found[task] = kept
    to_do = [task for task in tasks if task not in found]
    if to_do:
        found |= _shared(to_do, tell, work, enough(workers, len(to_do), tell))
    return _told([found[task] for task in tasks], tell)


def _shared(
    tasks: Sequence[Task], tell: Teller, work: Callable[[Task], Told], workers: Workers
) -> dict[Task, FileOutcome]:
    """What became of each task; those that Ctrl-C ended are given up."""
    from ..workers.crew import Crew

    found: dict[Task, FileOutcome] = {}
    try:
        with Crew(workers, work) as crew:
            crew.give(tasks)
            while crew.n_left:
                for done in crew.finished(_MOMENT):
                    found[done.part] = _ended(done, tell)
                told = Progress(f"{crew.doing}, file", len(found), len(tasks))
                tell.progress("Files", told, None)
    except KeyboardInterrupt:
        tell.warn("Stopped; finished files are kept, and the same command goes on.")
        for task in tasks:
            lost = FileOutcome(Path(task.source).name, "given up", "nothing was written")
            found.setdefault(task, lost)
    return found


def _ended(done: Done[Task, Told], tell: Teller) -> FileOutcome:
    """Say what a worker did with a file."""
    name, told = Path(done.part.source).name, done.value
    if told is None:
        return _failed(name, done.error, tell)
    if told.warned:
        tell.warn(f"{name}: {told.warned}")
    tell.say(f"{done.part.place}: {name} is done, in {duration(told.seconds)}.")
    note = "" if told.worked.is_complete else "the best so far is kept"
    return FileOutcome(name, "done", note, told.seconds, genes=told.worked.genes)


def _tasks(args: argparse.Namespace) -> list[Task]:
    folder, out = full_path(args.input, NotReadable), full_path(args.output)
    files = samples_in(folder)
    if not files:
        raise NotReadable(
            expected=f"at least one file or folder of data in {folder}",
            found="none",
            remedy="Choose another folder; hidden files are left out.",
        )
    _make_folder(out, folder)
    models = full_path(args.save_model) if args.save_model else None
    return [
        Task(
            str(file),
            str(out / _result_name(file)),
            str(models / file.stem) if models else "",
            f"{number} of {len(files)}",
            args.key or args.model,
        )
        for number, file in enumerate(files, start=1)
    ]


def _result_name(file: Path) -> str:
    """What the result of a file is called; those of another kind keep their name before it."""
    return file.name if file.suffix == ".h5ad" else f"{file.name}.h5ad"


def _make_folder(out: Path, folder: Path) -> None:
    """Make the folder for the results, unless it is there; refuse one that would mix with IN."""
    expected = f"a folder for the results at {out}, as {folder} is a folder"
    if out.exists() and not out.is_dir():
        raise NotWritable(expected=expected, found="a file", remedy="Choose another name.")
    if out.suffix == ".h5ad" and not out.exists():
        found, remedy = f"the ending {out.suffix} of a file", "Name a folder."
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


def _outcome(
    task: Task, overwrites: bool, tell: Teller, work: Callable[[Task], Worked]
) -> FileOutcome:
    name, begun = Path(task.source).name, time.monotonic()
    kept = None if overwrites else _kept(task, name, tell)
    if kept is not None:
        return kept
    try:
        worked = work(task)
    except KeyboardInterrupt:
        return FileOutcome(name, "given up", "nothing was written", is_last=True)
    except Exception as error:  # noqa: BLE001  printed and counted; the other files are tried
        return _failed(name, error, tell)
    seconds, is_last = time.monotonic() - begun, worked.is_stopped
    if worked.is_complete:
        return FileOutcome(name, "done", "", seconds, is_last, worked.genes)
    state: Literal["stopped early", "done"] = "stopped early" if is_last else "done"
    return FileOutcome(name, state, "the best so far is kept", seconds, is_last, worked.genes)


def _failed(name: str, error: BaseException | None, tell: Teller) -> FileOutcome:
    tell.warn(f"stimpute: {name}: {in_words(error)}")
    return FileOutcome(name, "failed", _shortly(error) or in_words(error))


def _kept(task: Task, name: str, tell: Teller) -> FileOutcome | None:
    """Say what is done with a file; return its outcome where there is nothing to do."""
    from ..data.records import records_in

    target = Path(task.target)
    if not target.exists():
        tell.say(f"{task.place}: {name}")
        return None
    record = records_in(target).get(task.key)
    if record is None:
        tell.warn(
            f"stimpute: {name}: {target} is there already, without a result “{task.key}”. Choose "
            "another folder, or --overwrite."
        )
        return FileOutcome(name, "failed", f"another file is there, without “{task.key}”")
    if record.completed:
        tell.say(f"{task.place}: {name} is skipped, as {target} is there already.")
        return FileOutcome(name, "skipped", "a result is there; --overwrite makes it anew")
    tell.say(f"{task.place}: {name}, whose result was stopped early, is made anew.")
    return None


def _shortly(error: BaseException | None) -> str:
    """What was wrong, for the table; the whole sentence was printed before."""
    if isinstance(error, InvalidSetting):
        return f"expected {error.expected}, not {error.found}"
    if isinstance(error, TooSmall):
        return f"expected {error.expected}, found {error.found}"
    return error.found if isinstance(error, StimputeError) else ""


def _told(outcomes: Sequence[FileOutcome], tell: Teller) -> int:
    """Say what became of each file; returns the exit code."""
    rows = [
        (o.name, o.state, "" if o.seconds is None else duration(o.seconds), o.note)
        for o in outcomes
    ]
    tell.say("", *aligned([_HEADER, *rows], left=(0, 1, 3)), "")
    tell.say(*_other_genes([o.genes for o in outcomes if o.genes]))
    counted = Counter(o.state for o in outcomes)
    tell.say(", ".join(f"{n} {state}" for state, n in counted.items()) + ".")
    return 0 if {o.state for o in outcomes} <= {"done", "skipped"} else 1


def _other_genes(modelled: Sequence[frozenset[str]]) -> list[str]:
    """Say that not all files were modelled with the same genes, if so."""
    if len(set(modelled)) < 2:
        return []
    in_all, in_any = frozenset.intersection(*modelled), frozenset.union(*modelled)
    return [
        f"Not the same genes are modelled in all files: {len(in_all):,} of {len(in_any):,} are. "
        "Name genes that all hold (--genes FILE) to compare their results gene by gene."
    ]
