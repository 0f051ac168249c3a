"""Read a file or a folder of any format that is listed, with clear errors."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ...errors import NotReadable, UnknownName
from ..files import full_path
from ..genes import check_unique_names
from . import FORMATS, Format, formats_of, samples_in
from .found import Found, Options, Question, Undecided
from .section_choice import choose_library, choose_sections
from .together import ALL, samples_question, together

if TYPE_CHECKING:
    from anndata import AnnData

FORMAT, FROM = "format", "Format"
"""Name and title of the question that comes first: what a file is."""

_ONE_BY_ONE = "'stimpute impute' takes the folder too, and works on one after the other."

_LISTED = 3
"""So many entries of a folder are named."""


def read(path: str | os.PathLike[str], **options: str) -> AnnData:
    """Read a file or a folder of any format that is listed into memory.

    Parameters
    ----------
    path : of a file or a folder
    options : where it leaves something open, what is meant: ``bin="16"``, for example

    Raises
    ------
    NotReadable : missing, of no format that is known, empty, truncated, damaged, or without cells
        or genes; or parts of it are missing, or it needs a package
    Undecided : something must be chosen first, by an option
    UnknownName : an option names nothing that there is
    OutOfMemory : there is too little memory for it
    DuplicateNames : two cells or two genes share a name
    """
    return read_found(path, options).adata


def read_found(
    path: str | os.PathLike[str], options: Options | None = None, *, asks: bool = False
) -> Found:
    """As `read`, with sentences on what was put right, and what could be read otherwise.

    Parameters
    ----------
    asks : whether to raise `Undecided` where something is usually asked; else, what is usual is
        taken
    """
    file, chosen = full_path(path, NotReadable), dict(options or {})
    check_path(file)
    if len(samples := _samples(file)) > 1:
        return _of_samples(file, samples, chosen, asks=asks)
    try:
        kind, question = _format(file, chosen)
        found = _answered(kind, file, chosen, asks=asks)
    except Undecided as undecided:
        undecided.path, undecided.options = str(file), chosen
        raise
    if 0 in found.adata.shape:
        raise NotReadable(
            expected="at least one cell and one gene",
            found=f"{found.adata.n_obs:,} cells and {found.adata.n_vars:,} genes in {file.name}",
            remedy="Check the step that wrote it; perhaps a filter removed everything.",
        )
    check_unique_names(found.adata)
    chosen_last = (choose(found.adata, chosen) for choose in (choose_sections, choose_library))
    questions = (question, *found.questions, *(q for q in chosen_last if q is not None))
    known = {q.name for q in questions}
    if unknown := next((name for name in chosen if name not in known), ""):
        raise UnknownName.of(f"choice for {kind.title} files", unknown, known)
    return replace(found, questions=questions)


def _samples(file: Path) -> list[Path]:
    """Samples in a folder that is of no format itself."""
    return samples_in(file) if file.is_dir() and not formats_of(file) else []


def _of_samples(
    folder: Path, samples: Sequence[Path], options: dict[str, str], *, asks: bool
) -> Found:
    """One sample of a folder, or all of them as sections.

    Raises
    ------
    Undecided : which was not said
    """
    try:
        question = samples_question(samples, options)
        if not question.answer:
            raise Undecided(question, _ONE_BY_ONE)
    except Undecided as undecided:
        undecided.path, undecided.options = str(folder), options
        raise
    others = {name: value for name, value in options.items() if name != question.name}
    if question.answer == ALL:
        if others:
            kind = "choice for several samples"
            raise UnknownName.of(kind, next(iter(others)), [question.name])
        found = together(_each_of(samples))
    else:
        found = read_found(folder / question.answer, others, asks=asks)
    return replace(found, questions=(question, *found.questions))


def _each_of(samples: Sequence[Path]) -> dict[str, Found]:
    """What each of some samples holds, by names that tell them apart."""
    stems = [sample.stem if sample.is_file() else sample.name for sample in samples]
    are_different = len(set(stems)) == len(stems)
    found = {}
    for sample, stem in zip(samples, stems, strict=True):
        try:
            found[stem if are_different else sample.name] = read_found(sample)
        except Undecided as undecided:
            title = undecided.question.title.lower()
            raise NotReadable(
                expected="samples that can be read without a choice",
                found=f"that {sample.name} leaves the {title} open",
                remedy="Open that one by itself.",
            ) from undecided
    return found


def check_path(file: Path) -> None:
    """Refuse what cannot be read whatever its format is (`NotReadable`)."""
    found, remedy = "", "Copy or download it again."
    if file.is_symlink() and not file.exists():
        found, remedy = "a link to a file that is gone", "Check what it should lead to."
    elif not file.exists():
        found, remedy = "no such file", "Check the path."
    elif not os.access(file, os.R_OK):
        found, remedy = "no permission to read it", "Ask its owner for access."
    elif file.is_file() and file.stat().st_size == 0:
        found = "an empty file (0 bytes)"
    elif file.is_dir() and next(file.iterdir(), None) is None:
        found, remedy = "an empty folder", "Check the step that should have filled it."
    if found:
        raise not_readable(file, found, remedy)


def not_readable(file: Path, found: str, remedy: str, title: str = "") -> NotReadable:
    """An error about a file or a folder."""
    expected = title or ("a folder of data" if file.is_dir() else "a file of data")
    return NotReadable(expected=f"{expected} at {file}", found=found, remedy=remedy)


def _format(file: Path, options: Options) -> tuple[Format, Question]:
    """What a file is: what was said, else the only format that fits.

    Raises
    ------
    NotReadable : none fits
    Undecided : several fit
    """
    fitting = formats_of(file)
    offered = fitting or FORMATS
    usual = fitting[0].name if len(fitting) == 1 else ""
    choices = [(known.name, known.title) for known in offered]
    question = Question.of(FORMAT, FROM, choices, options, usual, "What the file is read as.")
    if not question.answer and fitting:
        raise Undecided(question)
    if not question.answer:
        raise _unknown(file)
    return next(known for known in offered if known.name == question.answer), question


def _unknown(file: Path) -> NotReadable:
    """Error for what no format fits."""
    known = "; ".join(kind.expected for kind in FORMATS)
    if not file.is_dir():
        found = f"the ending {file.suffix!r}" if file.suffix else "a name without an ending"
        return not_readable(file, found, f"These can be read: {known}.")
    samples = samples_in(file)
    if samples:
        return not_readable(file, f"a folder with 1 sample ({samples[0].name})", "Open that one.")
    entries = sorted(entry.name for entry in file.iterdir())
    listed = ", ".join(entries[:_LISTED]) + (", …" if len(entries) > _LISTED else "")
    return not_readable(file, f"a folder with {listed}", f"These can be read: {known}.")


def _answered(kind: Format, file: Path, options: dict[str, str], *, asks: bool) -> Found:
    """What the reader of a format reads; where something is to be asked, the usual is taken."""
    reader = import_module(f".{kind.home}", __package__)
    while True:
        try:
            return cast(Found, reader.read(file, options))
        except Undecided as undecided:
            question = undecided.question
            if asks or not question.answer or question.name in options:
                raise
            options[question.name] = question.answer
