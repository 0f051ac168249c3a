"""Read an output folder of Space Ranger (Visium): counts, places, images and scale factors.

Format: "Spatial outputs" in the documentation of Space Ranger. Places of versions 1
(``tissue_positions_list.csv``, no header), 2 (``tissue_positions.csv``) and of Visium HD
(``tissue_positions.parquet``) are read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ... import keys
from ...errors import NotReadable
from ...words import counted, percent
from . import tenx
from .found import Found, Options, Question
from .reading import not_readable

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

_TITLE = "an output folder of Space Ranger"
_SHARPER, _NONE = ("hires", "lowres"), "none"
"""Resolutions of images; and the answer that wants none of them."""
_MATRICES = {"filtered": "under the tissue", "raw": "all"}
_POSITIONS = ("tissue_positions.parquet", "tissue_positions.csv", "tissue_positions_list.csv")
_COLUMNS = ("in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres")
_LAYOUT = (
    "It should hold filtered_feature_bc_matrix.h5 (or the folder of that name) and spatial/ with "
    "tissue_positions.csv, scalefactors_json.json and images."
)


def read(path: Path, options: Options) -> Found:
    """Read the folder, or the ``outs`` within it.

    Raises
    ------
    NotReadable : counts or places are missing, damaged, of another layout, or of other barcodes
    """
    folder = path / "outs" if (path / "outs" / "spatial").is_dir() else path
    matrix, question = _matrix(folder, options)
    found = tenx.read(matrix, {})
    adata, notes = _placed(folder, found.adata, found.notes)
    image = _image_question(folder / "spatial", options)
    notes += _add_images(folder, adata, _library_name(path, matrix), image)
    return Found(adata, notes, (question, *([image] if image else [])))


def _library_name(path: Path, matrix: Path) -> str:
    """Name of the section: as Space Ranger was told, else that of the folder."""
    named = next((p.name for p in (path, *path.parents) if p.name not in ("outs", "")), "")
    return tenx.library_of(matrix) or named or "section"


def matrix_path(folder: Path, kind: str) -> Path | None:
    """The file or folder of the filtered or raw counts; None if there is none."""
    name = f"{kind}_feature_bc_matrix"
    files = [*sorted(folder.glob(f"*{name}.h5")), folder / name]
    return next((file for file in files if file.exists()), None)


def _matrix(folder: Path, options: Options) -> tuple[Path, Question]:
    there = {kind: path for kind in _MATRICES if (path := matrix_path(folder, kind))}
    if not there:
        raise _not_readable(folder, "no counts", _LAYOUT)
    choices = [(kind, _MATRICES[kind]) for kind in there]
    usual = next(iter(there))
    question = Question.of("matrix", "Spots", choices, options, usual, "Which spots are read.")
    return there[question.answer], question


# ---- places ------------------------------------------------------------------------------------


def _placed(folder: Path, adata: AnnData, notes: list[str]) -> tuple[AnnData, list[str]]:
    """Give spots their places; those without one are left out and counted."""
    table = _positions(folder)
    at = table.index.get_indexer(adata.obs_names)
    is_known = at >= 0
    n_lost = int((~is_known).sum())
    if n_lost == adata.n_obs:
        pair = f"{adata.obs_names[0]!r} among the counts, {str(table.index[0])!r} among the places"
        raise _not_readable(
            folder, f"no barcode that has both counts and a place ({pair})", "Are both of one run?"
        )
    if n_lost:
        lost = percent(n_lost / adata.n_obs)
        is_one = n_lost == 1
        notes.append(
            f"{counted(n_lost, 'spot')} ({lost}) {'has' if is_one else 'have'} no place in "
            f"{positions_file(folder).name} and {'was' if is_one else 'were'} left out."
        )
        adata = adata[is_known].copy()
    there = table.iloc[at[is_known]]
    for column in _COLUMNS[:3]:
        adata.obs[column] = there[column].to_numpy()
    pixels = there[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy(dtype=float)
    adata.obsm[keys.SPATIAL] = pixels
    return adata, notes


def positions_file(folder: Path) -> Path:
    """The file with the places of all spots (`NotReadable` if there is none)."""
    spatial = folder / "spatial"
    there = [spatial / name for name in _POSITIONS if (spatial / name).is_file()]
    there += sorted(spatial.glob("tissue_positions*"))
    if not there:
        raise _not_readable(folder, "no tissue_positions.csv in spatial/", _LAYOUT)
    return there[0]


def _positions(folder: Path) -> pd.DataFrame:
    """Places of all spots by barcode, with columns `_COLUMNS`."""
    file = positions_file(folder)
    try:
        table = _read_positions(file)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        found = f"that {file.name} cannot be read ({error})"
        raise _not_readable(folder, found, "Copy or download it again.") from error
    missing = [name for name in ("barcode", *_COLUMNS) if name not in table]
    if missing:
        listed = ", ".join(str(column) for column in table.columns[:8])
        raise _not_readable(
            folder,
            f"no column {missing[0]!r} in {file.name} (it has {listed})",
            f"The columns are barcode, {', '.join(_COLUMNS)}.",
        )
    table.index = pd.Index(table.pop("barcode").astype(str))
    for column in _COLUMNS:
        numbers = pd.to_numeric(table[column], errors="coerce")
        if numbers.isna().any():
            word = table[column][numbers.isna()].iloc[0]
            raise _not_readable(
                folder,
                f"{str(word)!r} in the column {column!r} of {file.name}",
                f"The columns are barcode, {', '.join(_COLUMNS)}, all numbers but the first.",
            )
        table[column] = numbers
    if not table["in_tissue"].isin((0, 1)).all():
        raise _not_readable(
            folder,
            f"other numbers than 0 and 1 in the column 'in_tissue' of {file.name}",
            f"The columns are in this order: barcode, {', '.join(_COLUMNS)}.",
        )
    return table if table.index.is_unique else table[~table.index.duplicated()]


def _read_positions(file: Path) -> pd.DataFrame:
    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    first = pd.read_csv(file, header=None, dtype=str, keep_default_na=False, nrows=1)
    has_header = bool(first.iloc[0].str.contains("in_tissue").any())
    table = pd.read_csv(file, header=0 if has_header else None, keep_default_na=False)
    if has_header:
        return table.set_axis(first.iloc[0].str.strip(), axis=1)
    if table.shape[1] != 1 + len(_COLUMNS):
        return table
    return table.set_axis(["barcode", *_COLUMNS], axis=1)


# ---- images ------------------------------------------------------------------------------------


def _images(spatial: Path) -> dict[str, Path]:
    """Files of images by their resolution, the sharper first."""
    files = {r: next(iter(sorted(spatial.glob(f"tissue_{r}_image.*"))), None) for r in _SHARPER}
    return {resolution: file for resolution, file in files.items() if file is not None}


def _image_question(spatial: Path, options: Options) -> Question | None:
    choices = [(resolution, file.name) for resolution, file in _images(spatial).items()]
    if not choices:
        return None
    usual, help = choices[0][0], "The image under the spots."
    choices.append((_NONE, "none"))
    return Question.of("image", "Image", choices, options, usual, help)


def _add_images(folder: Path, adata: AnnData, library: str, question: Question | None) -> list[str]:
    """Add images and scale factors as squidpy keeps them; what cannot be read is said.

    The chosen image is the sharpest that is added.
    """
    spatial, notes = folder / "spatial", list[str]()
    images: dict[str, NDArray[Any]] = {}
    answer = _NONE if question is None else question.answer
    wanted = () if answer == _NONE else _SHARPER[_SHARPER.index(answer) :]
    files = _images(spatial)
    for resolution in (one for one in wanted if one in files):
        try:
            images[resolution] = _pixels(files[resolution])
        except (OSError, ValueError, SyntaxError) as error:
            name = files[resolution].name
            notes.append(f"The image {name} cannot be read and was left out ({error}).")
    if question is not None and answer == _NONE:
        return notes
    scales, problem = _scale_factors(spatial)
    notes += problem
    adata.uns[keys.SPATIAL] = {library: {"images": images, "scalefactors": scales}}
    return notes


def _pixels(file: Path) -> NDArray[Any]:
    """Pixels of a picture, (height, width) or (height, width, channels)."""
    from PIL import Image

    with Image.open(file) as image:
        is_plain = image.mode in ("L", "RGB", "RGBA") or image.mode.startswith("I;16")
        return np.asarray(image if is_plain else image.convert("RGB"))


def _scale_factors(spatial: Path) -> tuple[dict[str, float], list[str]]:
    file = spatial / "scalefactors_json.json"
    try:
        held = json.loads(file.read_text(encoding="utf-8-sig"))
        return {str(name): float(value) for name, value in dict(held).items()}, []
    except FileNotFoundError:
        return {}, [f"There is no {file.name}: the image cannot be laid under the spots."]
    except (OSError, ValueError, TypeError) as error:
        return {}, [f"{file.name} cannot be read, and so the image cannot be laid out ({error})."]


def _not_readable(folder: Path, found: str, remedy: str) -> NotReadable:
    return not_readable(folder, found, remedy, _TITLE)
