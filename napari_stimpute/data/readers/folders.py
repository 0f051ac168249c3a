"""What readers of the folders of machines share: parts by name, tables, cells and their places.

spatialdata-io reads the same folders whole: it wants every file of one version of a machine
(cells.zarr.zip, labels, composites), holds tables of counts dense, and images at their sharpest
level. Here the few files that a section needs are read, whatever else there is or is missing.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ... import keys
from ...errors import NotReadable
from ...words import counted, percent
from .found import Options, Question
from .hdf5 import AGAIN
from .names import some_genes
from .reading import not_readable

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

NONE = "none"
"""Answer to which image is shown: none."""

FROM_IMAGE = (
    "Places count from the upper left corner of the image, as its pixels do; in the tables of the "
    "machine they count from elsewhere. Without the image they stay as they are there."
)
"""Said where places were moved, so that they lie on an image."""

GET_FORMATS = 'Run: pip install "napari-stimpute[formats]". Then open it again.'
"""What to do where a library is missing."""

TABLE_FAULTS = (OSError, EOFError, zlib.error, ValueError, NotImplementedError)
"""What pandas and pyarrow raise for a table that is none."""

_MOST_NAMED = 8
"""So many columns of a table are named."""


@dataclass(frozen=True)
class Parts:
    """The parts of a folder that a machine wrote.

    Attributes
    ----------
    folder : where they are
    title : what it is, in words
    layout : a sentence on what it should hold
    """

    folder: Path
    title: str
    layout: str

    def find(self, *names: str) -> Path | None:
        """The only part of the first pattern that fits any; None if there is none.

        Raises
        ------
        NotReadable : there are several
        """
        for name in names:
            there = sorted(self.folder.glob(name))
            if len(there) > 1:
                listed = ", ".join(part.name for part in there[:3])
                found = f"{len(there):,} of {name.replace('*', '')} ({listed})"
                raise self.refused(found, "Put each sample into a folder of its own.")
            if there:
                return there[0]
        return None

    def need(self, *names: str) -> Path:
        """As `find`; that there is none is an error, too."""
        found = self.find(*names)
        if found is None:
            raise self.refused(f"no {' or '.join(name.replace('*', '') for name in names)}")
        return found

    def columns(self, file: Path) -> list[str]:
        """Names of the columns of a text table."""
        return list(self._read_text(file, nrows=0).columns)

    def table(self, file: Path, names: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
        """A table, of which some columns hold ``names``, and some ``numbers`` (or nothing).

        Raises
        ------
        NotReadable : damaged; a column is missing; a word where a number is expected
        """
        if file.suffix == ".parquet":
            table = self._read_parquet(file)
        else:
            table = self._read_text(file, dtype=dict.fromkeys(names, str), low_memory=False)
        wanted = (*names, *numbers)
        if missing := [name for name in wanted if name not in table]:
            there = ", ".join(str(column) for column in table.columns[:_MOST_NAMED])
            raise self.refused(
                f"no column {missing[0]!r} in {file.name} (it has {there})",
                f"It needs the columns {', '.join(wanted)}.",
            )
        for name in names:
            table[name] = _texts(table[name])
        for name in numbers:
            values = pd.to_numeric(table[name], errors="coerce")
            if (is_word := values.isna() & table[name].notna()).any():
                word = str(table.loc[is_word, name].iloc[0])
                found = f"{word!r} in the column {name!r} of {file.name}"
                raise self.refused(found, "A number is expected there.")
            table[name] = values
        return table

    def unreadable(self, file: Path, error: Exception) -> NotReadable:
        """The error for a part that is damaged."""
        text = " ".join(str(error).split()) or type(error).__name__
        return self.refused(f"that {file.name} cannot be read ({text})", AGAIN)

    def refused(self, found: str, remedy: str = "") -> NotReadable:
        """An error about the folder; the layout is told where there is nothing else to do."""
        return not_readable(self.folder, found, remedy or self.layout, self.title)

    def _read_text(self, file: Path, **how: Any) -> pd.DataFrame:
        sep = "\t" if ".tsv" in file.name else ","
        try:
            table: pd.DataFrame = pd.read_csv(
                file, sep=sep, encoding="utf-8-sig", encoding_errors="replace", **how
            )
        except TABLE_FAULTS as error:
            raise self.unreadable(file, error) from error
        return table

    def _read_parquet(self, file: Path) -> pd.DataFrame:
        try:
            return pd.read_parquet(file)
        except ImportError as error:
            raise self.refused(f"{file.name}, which needs pyarrow", GET_FORMATS) from error
        except TABLE_FAULTS as error:
            raise self.unreadable(file, error) from error


def _texts(column: pd.Series) -> pd.Series:
    """Names as text; older versions wrote bytes, or numbers."""
    if column.dtype == object and len(column) and isinstance(column.iloc[0], bytes):
        return column.str.decode("utf-8", "replace")
    return column.astype(str)


# ---- cells -------------------------------------------------------------------------------------


def placed(
    parts: Parts, adata: AnnData, cells: pd.DataFrame, xy: tuple[str, str], file: Path
) -> tuple[AnnData, list[str]]:
    """Give cells what a table says of them, and their places; sentences on what does not match.

    Parameters
    ----------
    cells : what is known of each, by its name; text becomes labels
    xy : its columns with places
    file : where it was read, for messages

    Raises
    ------
    NotReadable : no name has both counts and a place
    """
    notes = []
    if n_twice := int(cells.index.duplicated().sum()):
        stand = "stands" if n_twice == 1 else "stand"
        notes.append(
            f"{counted(n_twice, 'cell')} {stand} in {file.name} more than once: the first is used."
        )
        cells = cells[~cells.index.duplicated()]
    at = cells.index.get_indexer(adata.obs_names)
    is_known = at >= 0
    if not is_known.any():
        pair = [str(names[0]) if len(names) else "none" for names in (adata.obs_names, cells.index)]
        raise parts.refused(
            f"no cell that has both counts and a place (counts of {pair[0]!r}, {pair[1]!r} in "
            f"{file.name})",
            "Are both of one run?",
        )
    n_lost, n_empty = int((~is_known).sum()), len(cells) - int(is_known.sum())
    for n, all_of, what in (
        (n_lost, adata.n_obs, f"no place in {file.name}"),
        (n_empty, len(cells), f"a place in {file.name}, but no counts,"),
    ):
        if n:
            has, was = ("has", "was") if n == 1 else ("have", "were")
            share = percent(n / all_of)
            notes.append(f"{counted(n, 'cell')} ({share}) {has} {what} and {was} left out.")
    if n_lost:
        adata = adata[is_known].copy()
    there = cells.iloc[at[is_known]]
    for column in there.columns:
        values = there[column].to_numpy()
        is_text = there[column].dtype.kind == "O"
        adata.obs[str(column)] = pd.Categorical(there[column].astype(str)) if is_text else values
    adata.obsm[keys.SPATIAL] = there[list(xy)].to_numpy(dtype=float)
    return adata, notes


def without_controls(adata: AnnData, pattern: str) -> tuple[AnnData, list[str]]:
    """Leave out what is no gene, by a pattern of names; a sentence if there is any."""
    is_control = adata.var_names.str.contains(pattern, case=False, regex=True)
    n = int(is_control.sum())
    if not n:
        return adata, []
    example = adata.var_names[is_control][0]
    was = "was" if n == 1 else "were"
    note = f"Only genes were read; {counted(n, 'control')} {was} left out (such as {example})."
    return some_genes(adata, ~is_control), [note]


# ---- places and image --------------------------------------------------------------------------


def image_question(choices: Sequence[tuple[str, str]], options: Options) -> Question | None:
    """Which image lies under the cells, the first as a rule; None if there is none."""
    if not choices:
        return None
    help = "The image under the cells."
    return Question.of("image", "Image", [*choices, (NONE, NONE)], options, choices[0][0], help)


def describe_places(
    adata: AnnData,
    name: str,
    *,
    microns: float,
    diameter: float = 0.0,
    pixels: NDArray[Any] | None = None,
    scale: float = 0.0,
) -> None:
    """Write the unit of places, how wide a cell is, and the image, as squidpy keeps them.

    Parameters
    ----------
    name : of the section
    microns : in a unit of places; 0 if unknown
    diameter : of a cell, in units of places; 0 if unknown
    pixels, scale : an image whose corner is at the origin, and its pixels in a unit of places
    """
    scales = {
        "microns_per_pixel": microns,
        "spot_diameter_fullres": diameter if np.isfinite(diameter) else 0.0,
        "tissue_hires_scalef": scale,
    }
    images = {} if pixels is None else {"hires": pixels}
    told = {key: float(value) for key, value in scales.items() if value}
    adata.uns[keys.SPATIAL] = {name: {"images": images, "scalefactors": told}}
