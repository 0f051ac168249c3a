"""Which column of a file tells sections apart, and which image lies under one: as was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import keys
from ..image import shown_library
from ..libraries import libraries
from ..sections import columns_for_sections, find_sections
from .found import Options, Question

if TYPE_CHECKING:
    from anndata import AnnData

_HELP = (
    "What tells sections of the tissue apart: they are drawn apart, each with its image, and no "
    "spot has neighbours in another."
)


def choose_sections(adata: AnnData, options: Options) -> Question | None:
    """Let an option name the column that tells sections apart; None without places or columns.

    The choice is kept in ``uns``, where `find_sections` looks first.

    Raises
    ------
    UnknownName : the option names no column that could
    """
    columns = columns_for_sections(adata) if keys.SPATIAL in adata.obsm else []
    if not columns:
        return None
    before = str(adata.uns.pop(keys.SECTIONS, ""))
    found = find_sections(adata)
    as_found = f"by {found.column}" if found.column else "one section"
    offered = [("", f"As found: {as_found}"), (keys.ONE_SECTION, "All spots are of one section")]
    offered += [(column, f"By {column}") for column in columns]
    is_kept = before in dict(offered) and "sections" not in options
    usual = before if is_kept else ""
    question = Question.of("sections", "Sections", offered, options, usual, _HELP)
    if question.answer:
        adata.uns[keys.SECTIONS] = question.answer
    return question


def choose_library(adata: AnnData, options: Options) -> Question | None:
    """Let an option name the library whose image lies under a single section; None for one image.

    The choice is kept in ``uns``, where `shown_library` looks first.

    Raises
    ------
    UnknownName : the option names none that has an image
    """
    names = [name for name, library in libraries(adata).items() if library.images]
    if len(names) < 2 or keys.SPATIAL not in adata.obsm or find_sections(adata).column:
        return None
    shown, _note = shown_library(adata)
    usual = "" if shown is None else shown.name
    choices = [(name, name) for name in names]
    help = "Of several images in the file, the one that lies under the spots."
    question = Question.of("library", "Library", choices, options, usual, help)
    if question.answer != usual:
        adata.uns[keys.LIBRARY] = question.answer
    return question
