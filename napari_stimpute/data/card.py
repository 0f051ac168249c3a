"""The data card: in words, what was found in an AnnData, what will be used, what looks wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from .. import keys
from ..errors import InputError, InvalidSetting, NotCounts
from ..words import counted, shown
from .colours import stored_colours
from .columns import MAX_LABELS
from .counts import Counts, check_counts, count_places, read_counts, values_at
from .gene_choice import choose_genes, named
from .genes import CHOSEN, check_unique_names, raw_holds
from .on_disk import n_with
from .peaks import peaks_in_words
from .place_facts import (
    Drawn,
    Finding,
    coordinates_found,
    drawn_of,
    image_found,
    sections_found,
    technology_found,
)
from .readers.found import Opening, Part, Question
from .records import read_records

if TYPE_CHECKING:
    from anndata import AnnData

_SHALLOW = 100
"""Median counts per spot below which the neighbours tell more than the spot itself."""


@dataclass(frozen=True)
class DataCard:
    """What was found and will be used (label and sentence), and what looks wrong.

    ``counts_where`` is the place of the counts, "" if there are none; ``places`` are all that could
    hold counts; ``place`` is the word for one observation, "spot" or "cell"; ``is_usable`` False
    where no model could be trained on them as it was asked for; ``how`` they were opened;
    ``questions`` are what could have been read otherwise from their file.
    """

    rows: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]
    counts_where: str
    places: tuple[str, ...]
    place: str
    is_usable: bool = True
    how: Opening = field(default=Opening(), compare=False)
    questions: tuple[Question, ...] = ()

    def read_by(self, questions: Sequence[Question], part: Part | None = None) -> DataCard:
        """The card of a file: how it was read is in its first row, and kept."""
        if not questions:
            return self
        (kind, *others) = questions
        said = ", ".join([kind.words, *(_said(q) for q in others if q.answer)])
        card = replace(self, questions=tuple(questions))
        if part is not None:
            loaded = (
                "Counts",
                f"in {part.where} of the file; those of the chosen genes were loaded",
            )
            rows = tuple(loaded if row[0] == "Counts" else row for row in card.rows)
            card = replace(card, rows=rows, counts_where=part.place, places=part.places)
        return replace(card, rows=(("Read as", said), *card.rows))

    def text(self, width: int = 96) -> str:
        """Lay the card out for a terminal."""
        indent = max(len(label) for label, _ in self.rows) + 2
        lines = [_wrapped(label.ljust(indent) + text, indent, width) for label, text in self.rows]
        lines += [_wrapped("! " + problem, 2, width) for problem in self.problems]
        return shown("\n".join(lines))


def data_card(
    adata: AnnData, where: str = "", *, genes: str | None = None, also: Sequence[str] = ()
) -> DataCard:
    """Look an AnnData over before anything is done with it; bad input becomes a sentence.

    Parameters
    ----------
    adata : in memory
    where : place of the counts ("X", "raw" or a layer); "" finds them
    genes, also : those to model, as for `choose_genes`, to say which these would be; None leaves
        the choice open
    """
    try:
        counts = read_counts(adata, where)
    except InputError as error:
        return _card(adata, None, ("none found", [str(error)]))
    card = card_of(adata, counts)
    return card if genes is None else _with_choice(card, adata, counts, genes, also)


def grown(card: DataCard, work: AnnData) -> DataCard:
    """The card after the AnnData that is worked on was given further genes to model."""
    n_all = max(work.n_vars, 0 if work.raw is None else work.raw.n_vars)
    part = f", of which {work.n_vars:,} are modelled" if work.n_vars < n_all else ""
    size = f"{work.n_obs:,} {card.place}s × {n_all:,} genes{part}"
    anew = {"Size": size, "Genes": _choice(work)}
    rows = tuple((label, anew.get(label, text)) for label, text in card.rows)
    return replace(card, rows=rows)


def _with_choice(
    card: DataCard, adata: AnnData, counts: Counts, genes: str, also: Sequence[str]
) -> DataCard:
    """A card that says which genes would be modelled, or why none can be chosen so."""
    try:
        choice = choose_genes(adata, genes, counts, also)
    except (InputError, InvalidSetting) as error:
        others = _with_choice(card, adata, counts, genes, ()) if also else card
        return replace(others, problems=(*others.problems, str(error)), is_usable=False)
    text = choice.note.replace("are modelled", "would be modelled", 1)
    earlier = str(adata.uns.get(keys.GENE_CHOICE, ""))
    if choice.is_all and earlier not in ("", choice.note):
        text = f"{text} {CHOSEN}{earlier}"
    rows = [(label, text if label == "Genes" else found) for label, found in card.rows]
    if choice.chosen_anyway:
        rows.insert(2, ("Asked for", f"{named(choice.chosen_anyway)}: chosen in any case"))
    return replace(card, rows=tuple(rows))


def card_of(
    adata: AnnData,
    counts: Counts,
    work: AnnData | None = None,
    drawn: Drawn | None = None,
) -> DataCard:
    """The card of an AnnData in memory whose counts were read before.

    It describes all genes whose counts the file holds: in a result that was opened again those of
    raw, of which X has the modelled ones. `work` is made of them; None before they are chosen.
    `drawn` is where its spots lie, as `drawn_of` says; None to look for it here.
    """
    n_genes = counts.matrix.shape[1]
    of_genes = f" of {n_genes:,} genes" if n_genes != adata.n_vars else ""
    kinds = {"csr": "sparse by row (CSR)", "csc": "sparse by column (CSC)"}
    kind = kinds.get(getattr(values_at(adata, counts.place), "format", ""), "dense")
    numbers = "numbers rounded to whole ones" if counts.is_rounded else "whole numbers"
    text = f"in {counts.where}: {numbers}{of_genes}, {kind}"
    return _card(adata, counts, (text, _x_problem(adata, counts)), work, drawn)


def _card(
    adata: AnnData,
    counts: Counts | None,
    counts_finding: Finding,
    work: AnnData | None = None,
    drawn: Drawn | None = None,
) -> DataCard:
    layout, technology_problems = drawn or drawn_of(adata)
    technology = None if layout is None else layout.technology
    place = technology.place if technology else "cell"
    matrix = None if counts is None else _of_all_genes(adata, counts)
    peaks = [] if counts is None else peaks_in_words(counts.var.index, counts.matrix)
    size = f"{adata.n_obs:,} {place}s × {_genes(adata, counts, matrix, work)}"
    findings: dict[str, Finding] = {
        "Size": (size, _size_problems(adata, place)),
        "Genes": (_choice(adata if work is None else work), peaks),
        "Counts": counts_finding,
        "Zeros": _zeros(matrix, place),
        "Depth": _depth(matrix, place),
        "Coordinates": (coordinates_found(adata, technology, layout), technology_problems),
        "Technology": technology_found(adata, technology),
        "Sections": (sections_found(layout), []),
        "Image and scale": image_found(adata, technology, layout),
        "Labels": _labels(adata, place),
        "Raw": _raw(adata, counts),
        "Earlier runs": _runs(adata),
    }
    rows = tuple((label, text) for label, (text, _) in findings.items() if text)
    problems = tuple(sentence for _, found in findings.values() for sentence in found)
    places = () if adata.isbacked else tuple(count_places(adata))
    where = counts.place if counts else ""
    return DataCard(rows, problems, where, places, place, is_usable=bool(where))


def _said(question: Question) -> str:
    return f"{question.title.lower()}: {question.words}"


def _wrapped(text: str, indent: int, width: int) -> str:
    return textwrap.fill(text, width, subsequent_indent=" " * indent, break_long_words=False)


def _of_all_genes(adata: AnnData, counts: Counts) -> sp.csr_matrix:
    """The counts of every gene of the file, (n_obs, genes): those of raw where it has more."""
    has_more = adata.raw is not None and adata.raw.n_vars > counts.matrix.shape[1]
    return sp.csr_matrix(adata.raw.X) if has_more and raw_holds(adata, counts) else counts.matrix


def _genes(
    adata: AnnData, counts: Counts | None, matrix: sp.csr_matrix | None, work: AnnData | None
) -> str:
    """How many genes there are, and how many of them are modelled, or ready to be."""
    n_all = adata.n_vars if matrix is None else max(adata.n_vars, matrix.shape[1])
    if work is not None and work.n_vars < n_all:
        return f"{n_all:,} genes, of which {work.n_vars:,} are modelled"
    if counts is not None and work is None and counts.matrix.shape[1] < n_all:
        return f"{n_all:,} genes, of which {counts.matrix.shape[1]:,} are in {counts.where}"
    return f"{n_all:,} genes"


def _choice(adata: AnnData) -> str:
    return str(adata.uns.get(keys.GENE_CHOICE, "not chosen yet"))


def _size_problems(adata: AnnData, place: str) -> list[str]:
    problems = []
    try:
        check_unique_names(adata)
    except InputError as error:
        problems.append(str(error))
    for n, what in ((adata.n_obs, place), (adata.n_vars, "gene")):
        if n < 2:
            problems.append(f"There is only {n} {what}: too few for a model to learn from.")
    return problems


def _x_problem(adata: AnnData, counts: Counts) -> list[str]:
    if counts.place == "X" or adata.X is None:
        return []
    found = counts.rejected.get("X", "")
    if not found:  # the place was named, and so X was not tried before it
        try:
            check_counts(adata.X, "X")
        except NotCounts as error:
            found = error.found
    problem = f"X is not used: there are {found}. The counts come from {counts.where}."
    return [problem] if found else []


def _zeros(counts: sp.csr_matrix | None, place: str) -> Finding:
    if counts is None:
        return "unknown without counts", []
    share = 1 - counts.nnz / np.prod(counts.shape, dtype=np.float64)
    problems = []
    empty_places = int((counts.getnnz(axis=1) == 0).sum())
    empty_genes = int((n_with(counts) == 0).sum())
    for n, what in ((empty_places, place), (empty_genes, "gene")):
        if n:
            has = "has" if n == 1 else "have"
            problems.append(f"{counted(n, what)} {has} no counts at all; kept as they are.")
    return f"{100 * share:.1f} % of all values", problems


def _depth(counts: sp.csr_matrix | None, place: str) -> Finding:
    if counts is None:
        return "unknown without counts", []
    depth = float(np.median(np.asarray(counts.sum(axis=1))))
    n_genes = float(np.median(counts.getnnz(axis=1)))
    text = f"median {depth:,.0f} counts and {n_genes:,.0f} genes per {place}"
    if depth >= _SHALLOW:
        return text, []
    return text, [
        f"Low depth (median {depth:,.0f} counts per {place}): imputed values rest more on "
        f"similar {place}s than on the {place} itself."
    ]


def _labels(adata: AnnData, place: str) -> Finding:
    labels, problems = [], []
    for name in adata.obs.columns:
        column = adata.obs[name]
        is_text = isinstance(column.dtype, pd.CategoricalDtype) or column.dtype.kind == "O"
        if not is_text or not 2 <= column.nunique() <= MAX_LABELS:
            continue
        labels.append(f"{name} ({column.nunique()})")
        n_missing = int(column.isna().sum())
        if n_missing:
            has = "has" if n_missing == 1 else "have"
            problems.append(
                f"{counted(n_missing, place)} {has} no label in {name!r}: left out when clusters "
                "are compared with it, not in training, which uses no labels."
            )
        problems += _bad_colours(adata, str(name))
    return ", ".join(labels) or "none", problems


def _bad_colours(adata: AnnData, name: str) -> list[str]:
    stored = adata.uns.get(keys.colors(name))
    if stored is None:
        return []
    column = adata.obs[name].astype("category")
    used = {str(value) for value in column.dropna().unique()}
    names = [str(category) for category in column.cat.categories]
    found = dict(zip(names, stored_colours(stored, names), strict=True))
    bad = [n for n in names if n in used and not found[n]]
    listed = ", ".join(bad[:3]) + (", …" if len(bad) > 3 else "")
    return (
        [f"uns['{keys.colors(name)}'] holds no colour for {listed}: another is taken."]
        if bad
        else []
    )


def _raw(adata: AnnData, counts: Counts | None) -> Finding:
    if adata.raw is None:
        return "none; it will hold the counts of all genes", []
    n_genes = f"{adata.raw.n_vars:,} genes"
    if counts is None:
        return n_genes, []
    if raw_holds(adata, counts):
        return f"{n_genes}, holds the counts", []
    text = f"{n_genes}, not these counts; it will be kept in obsm[{keys.RAW_BEFORE!r}]"
    return text, []


def _runs(adata: AnnData) -> Finding:
    try:
        records = read_records(adata)
    except InputError as error:
        return "cannot be read", [str(error)]
    runs = [
        f"{key} ({record.title}{'' if record.completed else ', incomplete'})"
        for key, record in records.items()
    ]
    return ", ".join(runs) or "none", []
