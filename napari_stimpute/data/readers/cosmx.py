"""Read the flat files of CosMx: cells as spots, in µm, over a mosaic of the fields of view.

Format: "CosMx SMI flat file exports" of AtoMx, and of the first public sections. Places are global:
those of a field alone would pile all fields on one. Images are turned upside down, as the places
within a field are. Transcripts, outlines and labels are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from ... import keys
from ...words import counted
from .folders import (
    FROM_IMAGE,
    NONE,
    Parts,
    describe_places,
    image_question,
    placed,
    without_controls,
)
from .found import Found, Options, Question
from .mosaic import mosaic_of
from .wide import read_wide

_TITLE = "a folder of flat files of CosMx"
_LAYOUT = (
    "It should hold NAME_exprMat_file.csv, NAME_metadata_file.csv and "
    "NAME_fov_positions_file.csv, packed as .gz or not, and may hold CellComposite/ with images."
)
_CELL = ("fov", "cell_ID")
_NAMES = (*_CELL, "cell", "cell_id")
_GLOBAL, _LOCAL = (
    ("CenterX_global_px", "CenterY_global_px"),
    ("CenterX_local_px", "CenterY_local_px"),
)
_CORNER = ("x_global_px", "y_global_px")
"""Places of fields."""
_CONTROLS = r"^(?:negative|negprb|systemcontrol|falsecode)"
_IMAGES = "CellComposite"
_FIELD = re.compile(r"_F0*(\d+)\.(?:jpe?g|png|tiff?)$", re.IGNORECASE)
_UNKNOWN = "unknown"
_SIZES = (
    (_UNKNOWN, "not known: places in pixels"),
    ("0.12028", "0.12028 µm, as of CosMx SMI"),
    ("0.18", "0.18 µm, as of the first public sections"),
)


def read(path: Path, options: Options) -> Found:
    """Read the folder; negative probes and system controls are left out.

    Raises
    ------
    NotReadable : counts, cells or places of fields are missing, damaged, of other columns, or of
        another run
    """
    parts = Parts(path, _TITLE, _LAYOUT)
    adata, notes = _counts(parts)
    file = parts.need("*metadata_file.csv*")
    fields = _fields(parts)
    cells, said = _cells(parts, file, fields)
    notes += said
    adata, said = placed(parts, adata, cells, _GLOBAL, file)
    notes += said
    microns, question = _pixel_size(fields, cells, options)
    images = {
        m[1]: image
        for image in sorted((path / _IMAGES).glob("*"))
        if (m := _FIELD.search(image.name))
    }
    choices = [(_IMAGES, f"{_IMAGES}, {counted(len(images), 'field')}")] if images else []
    which = image_question(choices, options)
    unit = microns or 1.0
    pixels, scale = None, 0.0
    if which is not None and which.answer != NONE:
        mosaic, said = mosaic_of(images, _corners(adata))
        notes += said
        if mosaic is not None:
            adata.obsm[keys.SPATIAL] = np.asarray(adata.obsm[keys.SPATIAL]) - mosaic.corner
            pixels, scale = mosaic.pixels, mosaic.scale / unit
            notes += [FROM_IMAGE] if mosaic.corner.any() else []
    adata.obsm[keys.SPATIAL] = np.asarray(adata.obsm[keys.SPATIAL]) * unit
    describe_places(
        adata,
        path.name or "section",
        microns=1.0 if microns else 0.0,
        diameter=_diameter(cells) * unit,
        pixels=pixels,
        scale=scale,
    )
    questions = [q for q in (question, which) if q is not None]
    return Found(adata, notes, tuple(questions))


# ---- tables ------------------------------------------------------------------------------------


def _counts(parts: Parts) -> tuple[AnnData, list[str]]:
    """Counts of genes; rows of cell 0 are molecules outside of cells."""
    file = parts.need("*exprMat_file.csv*")
    there = parts.columns(file)
    if missing := [name for name in _CELL if name not in there]:
        listed = ", ".join(there[:8])
        raise parts.refused(f"no column {missing[0]!r} in {file.name} (it has {listed})")
    heads, counts, genes = read_wide(parts, file, [n for n in _NAMES if n in there])
    whole = AnnData(counts, pd.DataFrame(index=_named(heads)), pd.DataFrame(index=genes))
    adata, notes = without_controls(whole, _CONTROLS)
    is_outside = heads["cell_ID"].to_numpy() == "0"
    if is_outside.any():
        n = int(is_outside.sum())
        was = "row was" if n == 1 else "rows were"
        notes.append(f"Molecules outside of cells were left out ({n:,} {was} of cell 0).")
        adata = adata[~is_outside].copy()
    return adata, notes


def _named(table: pd.DataFrame) -> list[str]:
    """Names of cells, which are numbered in each field."""
    pairs = zip(table["cell_ID"], table["fov"], strict=True)
    return [f"{cell}_{field}" for cell, field in pairs]


def _fields(parts: Parts) -> pd.DataFrame | None:
    """Places of the fields by their numbers, with names in lower case; None if there are none."""
    file = parts.find("*fov_positions_file.csv*")
    if file is None:
        return None
    name = next((c for c in parts.columns(file) if c.lower() == "fov"), "fov")
    table = parts.table(file, (name,), ())
    return table.rename(columns=str.lower).set_index("fov")


def _cells(parts: Parts, file: Path, fields: pd.DataFrame | None) -> tuple[pd.DataFrame, list[str]]:
    """What is known of cells, with their global places, and a sentence if those were computed."""
    notes = []
    if set(_GLOBAL) <= set(parts.columns(file)):
        table = parts.table(file, _CELL, _GLOBAL)
    else:
        table = parts.table(file, _CELL, _LOCAL)
        if fields is None or not set(_CORNER) <= set(fields):
            found = (
                f"neither {_GLOBAL[0]} in {file.name} nor fov_positions_file.csv with x_global_px"
            )
            raise parts.refused(found)
        for to, local, name in zip(_GLOBAL, _LOCAL, _CORNER, strict=True):
            corner = pd.to_numeric(fields[name], errors="coerce").to_dict()
            table[to] = table[local] + table["fov"].map(corner)
        notes = ["Places were computed from those within a field and those of the fields."]
    return table.set_index(pd.Index(_named(table))).drop(columns="cell_ID"), notes


# ---- places ------------------------------------------------------------------------------------


def _pixel_size(
    fields: pd.DataFrame | None, cells: pd.DataFrame, options: Options
) -> tuple[float, Question | None]:
    """Microns that a pixel is wide: as the files tell, else as is chosen; 0 if unknown."""
    told = _told_by_fields(fields) or _told_by_areas(cells)
    if told:
        return told, None
    help = "How wide a pixel is: the files do not tell."
    question = Question.of("pixel", "Pixel", _SIZES, options, _UNKNOWN, help)
    return (0.0 if question.answer == _UNKNOWN else float(question.answer)), question


def _told_by_fields(fields: pd.DataFrame | None) -> float:
    """From fields that have places in pixels and in mm."""
    for axis in "xy":
        names = [f"{axis}_global_px", f"{axis}_global_mm"]
        if fields is not None and set(names) <= set(fields):
            pixels, mm = (np.ptp(pd.to_numeric(fields[n], errors="coerce").dropna()) for n in names)
            if pixels > 0 and mm > 0:
                return float(1000 * mm / pixels)
    return 0.0


def _told_by_areas(cells: pd.DataFrame) -> float:
    """From cells that have their area in pixels and in µm²."""
    if not {"Area", "Area.um2"} <= set(cells):
        return 0.0
    pixels, microns = (pd.to_numeric(cells[n], errors="coerce") for n in ("Area", "Area.um2"))
    ratio = float((microns / pixels).median())
    return float(np.sqrt(ratio)) if np.isfinite(ratio) and ratio > 0 else 0.0


def _corners(adata: AnnData) -> Mapping[str, tuple[float, float]]:
    """Where fields begin, in global pixels, from places within and without; {} if not told."""
    if not set(_LOCAL) <= set(adata.obs):
        return {}
    shift = np.asarray(adata.obsm[keys.SPATIAL]) - adata.obs[list(_LOCAL)].to_numpy(dtype=float)
    by_field = pd.DataFrame(shift).groupby(adata.obs["fov"].astype(str).to_numpy())
    is_moved = ((by_field.max() - by_field.min()) < 2).all(axis=1)  # neither turned nor mirrored
    middle = by_field.median()[is_moved]
    return {str(field): (float(x), float(y)) for field, x, y in middle.itertuples()}


def _diameter(cells: pd.DataFrame) -> float:
    """Of a disc as large as the usual cell, in pixels; 0 if areas are not told."""
    if "Area" not in cells or cells["Area"].dtype.kind not in "fiu":
        return 0.0
    return 2 * float(np.sqrt(cells["Area"].median() / np.pi))
