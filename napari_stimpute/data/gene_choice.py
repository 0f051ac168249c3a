"""Choose the genes to model: all, the most variable, a list; and those asked for by name beside."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InvalidSetting, NotReadable, TooSmall, UnknownName
from ..progress import Progress, drain
from ..words import counted, did_you_mean
from .counts import Counts, read_counts
from .files import full_path
from .holdout import Molecules
from .variability import InMemory, Part, Parts, most_variable

if TYPE_CHECKING:
    from anndata import AnnData

ALL_UP_TO = 5_000
"""Files with at most so many genes are modelled whole, unless told otherwise."""

DEFAULT_VARIABLE = 3_000
"""Number of most variable genes taken from larger files."""

_MOST_DIGITS = 12
"""Of a number of genes; Python reads no number of thousands of digits."""

_VERSION = r"^(ENS[A-Z]*\d{11})\.\d+$"
"""An Ensembl id with its version."""

_BETWEEN = re.compile(r"[,;\n\r\t]+")
"""What stands between names that are given as one text."""

_FILES = (".txt", ".csv", ".tsv", ".list")
"""How the name of a file of names ends; a gene's does not."""

_ASKED = "Asked for by name, and modelled in any case"

_NAMED = 8
"""So many genes are named in a sentence."""


@dataclass(frozen=True)
class GeneChoice:
    """The genes to model, in the order of the data, and one sentence on how they were chosen.

    ``is_all`` where they are all that have counts at the place that was read; ``also`` those that
    were asked for by name, of which ``chosen_anyway`` would be modelled without that.
    """

    names: list[str]
    note: str
    is_all: bool = False
    also: tuple[str, ...] = ()
    chosen_anyway: tuple[str, ...] = ()


def choose_genes(
    adata: AnnData, spec: str = "", counts: Counts | None = None, also: Sequence[str] = ()
) -> GeneChoice:
    """Choose the genes to model; cells and genes have names of their own.

    Parameters
    ----------
    adata : in memory
    spec : "all"; "hvg:N" for the N most variable (seurat_v3, on the half of the molecules that
        judges nothing, see `holdout.Molecules`); the path of a text file with one gene per line; ""
        for all up to 5,000, else "hvg:3000"
    counts : those of the data, where they were read before
    also : genes that are modelled whatever is chosen; the choice of the others is as without them

    Raises
    ------
    InvalidSetting : the text is none of these
    UnknownName : none of the genes of the file is in the data, or one in `also` is not
    NotReadable : the file is not text
    TooSmall : too few cells or genes to rank by variability
    NotCounts : as `read_counts`
    """
    counts = counts or read_counts(adata)
    in_raw = () if adata.raw is None or counts.place == "raw" else adata.raw.var_names
    parts = InMemory(counts.matrix)
    return drain(choice_steps(parts, adata.obs_names, counts.var, spec, also, elsewhere=in_raw))


def choice_steps(
    parts: Parts,
    cells: pd.Index[str],
    var: pd.DataFrame,
    spec: str = "",
    also: Sequence[str] = (),
    *,
    elsewhere: Sequence[str] = (),
) -> Generator[Progress, None, GeneChoice]:
    """Choose genes as `choose_genes`, in steps, by counts that are looked at part by part.

    Parameters
    ----------
    parts : of the counts of these cells and of the genes that `var` describes
    elsewhere : names of genes that there are no such counts of
    """
    names = var.index.astype(str)
    default = "all" if len(names) <= ALL_UP_TO else f"hvg:{DEFAULT_VARIABLE}"
    spec = spec.strip() or default
    if spec == "all":
        choice = GeneChoice(
            list(names), f"All {counted(len(names), 'gene')} are modelled.", is_all=True
        )
    elif spec.startswith("hvg:"):
        choice = yield from _variable_genes(parts, cells, names, _parsed_number(spec))
    else:
        full_path(spec, NotReadable)  # refuses what can be no path
        choice = _listed_genes(Path(spec).expanduser(), names, var)
    return _with(choice, known_genes(also, names, var, elsewhere), names) if also else choice


def names_in(text: str) -> list[str]:
    """Names of genes in a text: with commas, semicolons or line ends between, or in a file.

    Parameters
    ----------
    text : names, or the path of a text file with one gene per line

    Raises
    ------
    NotReadable : the file is missing, or is not text
    """
    pieces = [piece.strip() for piece in _BETWEEN.split(text) if piece.strip()]
    if len(pieces) == 1 and (pieces[0].lower().endswith(_FILES) or os.path.isfile(pieces[0])):
        full_path(pieces[0], NotReadable)
        pieces = _lines_of(Path(pieces[0]).expanduser())
    return list(dict.fromkeys(pieces))


def known_genes(
    wanted: Sequence[str], names: pd.Index[str], var: pd.DataFrame, elsewhere: Sequence[str] = ()
) -> list[str]:
    """The names that wanted genes have here, each once, also where they go by symbol or id.

    Parameters
    ----------
    wanted : names, or several names with spaces between
    names, var : of all genes that there are counts of
    elsewhere : names of the genes in raw, where the counts are not taken from there

    Raises
    ------
    UnknownName : the data do not hold one of them
    """
    known = set(names)
    apart = (part for name in wanted for part in ([name] if name in known else name.split()))
    found, _how = _by_other_names(pd.Index(list(apart), dtype=str).unique(), names, var)
    unknown = [name for name in found if name not in known]
    if not unknown:
        return list(found)
    more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
    asks = did_you_mean(unknown[0], names)
    if unknown[0] in elsewhere:
        asks = "It is in raw: take the counts from there (--counts raw)."
    raise UnknownName(
        expected=f"names of genes, of the {len(names):,} with counts",
        found=f"{unknown[0]!r}{more}, which {'are' if more else 'is'} not among them",
        remedy=asks or "Check how genes are named here: by symbol, or by id.",
    )


def named(genes: Sequence[str]) -> str:
    """Genes by name, the first of many."""
    return ", ".join(genes[:_NAMED]) + (", …" if len(genes) > _NAMED else "")


def with_asked(note: str, asked: Sequence[str]) -> str:
    """How genes were chosen, and which of them are modelled in any case."""
    base = note.partition(f" {_ASKED}")[0]
    return f"{base} {_ASKED} ({len(asked):,}): {named(asked)}."


def _with(choice: GeneChoice, asked: Sequence[str], names: pd.Index[str]) -> GeneChoice:
    """A choice, and beside it the genes that were asked for by name."""
    chosen = set(choice.names)
    anyway = tuple(name for name in asked if name in chosen)
    note = choice.note if choice.is_all else with_asked(choice.note, asked)
    wanted = chosen.union(asked)
    every = [name for name in names if name in wanted]
    return replace(choice, names=every, note=note, also=tuple(asked), chosen_anyway=anyway)


def _parsed_number(spec: str) -> int:
    text = spec.removeprefix("hvg:").replace(",", "").replace("_", "")
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS or int(text) < 1:
        raise InvalidSetting(
            field="genes",
            expected="'hvg:' and a number of genes",
            found=repr(spec),
            remedy=f"Write, for example, hvg:{DEFAULT_VARIABLE}.",
        )
    return int(text)


class _Seen:
    """Parts of the molecules that a choice of genes may look at."""

    def __init__(self, parts: Parts, cells: pd.Index[str], genes: pd.Index[str]) -> None:
        self._parts, self._cells, self._genes = parts, cells, genes
        self.shape = parts.shape
        self.n_all, self.n_seen = np.zeros((2, len(genes)), dtype=np.int64)
        """Spots with counts of each gene, and with such that were seen; after the first pass."""

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[Part]:
        self.n_all[:], self.n_seen[:] = 0, 0
        for rows, columns, counts in self._parts:
            seen = Molecules.of(counts, self._cells[rows], self._genes[columns]).seen
            self.n_all[columns] += counts.getnnz(axis=0)
            self.n_seen[columns] += seen.getnnz(axis=0)
            yield Part(rows, columns, seen)


def _variable_genes(
    parts: Parts, cells: pd.Index[str], names: pd.Index[str], n_wanted: int
) -> Generator[Progress, None, GeneChoice]:
    half = _Seen(parts, cells, names)
    is_variable = yield from most_variable(half, n_wanted)
    n_ranked = int((half.n_seen > 0).sum())
    if n_wanted >= n_ranked:
        every = np.flatnonzero(half.n_all)
        note = f"All {len(every):,} genes with counts are modelled ({n_wanted:,} were asked for)."
        return GeneChoice(list(names[every]), note)
    if is_variable is None:
        raise TooSmall(
            expected="enough spots and genes to rank genes by variability",
            found=f"{len(cells):,} spots and {n_ranked:,} genes with counts",
            remedy="Choose all genes (--genes all), or a file with gene names.",
        )
    note = (
        f"The {n_wanted:,} most variable of {len(names):,} genes are modelled: chosen on one half "
        "of the molecules, so that they are judged on others."
    )
    return GeneChoice(list(names[is_variable]), note)


def _listed_genes(path: Path, names: pd.Index[str], var: pd.DataFrame) -> GeneChoice:
    if not path.is_file():
        raise InvalidSetting(
            field="genes",
            expected="'all', 'hvg:N' or a file with one gene per line",
            found=f"{str(path)!r}, which is none of these",
            remedy="Check the path.",
        )
    wanted = pd.Index(_lines_of(path), dtype=str).unique()
    wanted, how = _by_other_names(wanted, names, var)
    unknown = wanted.difference(names, sort=False)
    if len(unknown) == len(wanted):
        raise UnknownName.of("gene", unknown[0] if len(unknown) else "", names)
    n = len(wanted) - len(unknown)
    genes, are = ("gene", "is") if n == 1 else ("genes", "are")
    note = f"{n:,} {genes} listed in {path.name} {are} modelled{how}."
    if len(unknown):
        listed = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
        note += f" Left out, because the data do not hold them ({len(unknown):,}): {listed}."
    return GeneChoice(list(names[names.isin(wanted)]), note)


def _by_other_names(
    wanted: pd.Index[str], names: pd.Index[str], var: pd.DataFrame
) -> tuple[pd.Index[str], str]:
    """Wanted genes by the names they have here, if they go by others: symbols, ids, no version."""
    missing = wanted.difference(names, sort=False)
    others = {
        "their ids without a version": pd.Series(names.str.replace(_VERSION, r"\1", regex=True))
    }
    for column in var.columns:
        if not pd.api.types.is_numeric_dtype(var[column]):
            others[f"var[{str(column)!r}]"] = var[column].astype(str)
    best = max(others, key=lambda other: int(missing.isin(others[other]).sum()))
    known = dict(zip(reversed(list(others[best])), reversed(list(names)), strict=True))  # the first
    lacking = set(missing)
    n_found = sum(gene in known for gene in lacking)
    if not n_found:
        return wanted, ""
    found = pd.Index([known.get(g, g) if g in lacking else g for g in wanted]).unique()
    return found, f" ({n_found:,} of them found by {best})"


def _lines_of(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadable(
            expected=f"a text file with one gene per line at {path}",
            found=getattr(error, "strerror", None) or "bytes that are no text in UTF-8",
            remedy="Check the path, or save it as plain text (UTF-8).",
        ) from error
    return [line.strip() for line in lines if line.strip()]
