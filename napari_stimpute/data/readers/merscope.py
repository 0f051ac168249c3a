"""Read an output folder of MERSCOPE, or of another MERFISH in its layout: cells as spots, in µm.

Format: "MERSCOPE instrument user guide" and the files of the Vizgen Post-processing Tool. The table
of counts is read a part at a time; detected transcripts and outlines are not read. Places are
counted in µm from the upper left corner of the mosaic, by its own matrix.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from ... import keys
from .folders import (
    FROM_IMAGE,
    NONE,
    Parts,
    image_question,
    placed,
    without_controls,
)
from .found import Found, Options
from .pictures import Picture, found_with, picture_of
from .wide import read_wide

_TITLE = "an output folder of MERSCOPE"
_LAYOUT = (
    "It should hold cell_by_gene.csv and cell_metadata.csv, and images/ with mosaic_DAPI_z3.tif "
    "and micron_to_mosaic_pixel_transform.csv."
)
_XY = ("center_x", "center_y")
_MATRIX = "images/micron_to_mosaic_pixel_transform.csv"
_USUAL = "mosaic_DAPI_z3"
"""The nuclei in the middle of the section."""


def read(path: Path, options: Options) -> Found:
    """Read the folder of a region; blank barcodes are left out.

    Raises
    ------
    NotReadable : counts or cells are missing, damaged, of other columns, or of another run
    """
    parts = Parts(path, _TITLE, _LAYOUT)
    counts_file, file = parts.need("*cell_by_gene*.csv"), parts.need("*cell_metadata*.csv")
    names, counts, genes = read_wide(parts, counts_file, parts.columns(counts_file)[:1])
    first = parts.columns(file)[:1]  # EntityID, cell, or without a name
    cells = parts.table(file, first, _XY).set_index(first[0])
    whole = AnnData(counts, pd.DataFrame(index=names.iloc[:, 0]), pd.DataFrame(index=genes))
    adata, notes = without_controls(whole, "^blank")
    adata, said = placed(parts, adata, cells, _XY, file)
    adata.obs_names.name = None
    images = sorted(
        (path / "images").glob("mosaic_*.tif*"),
        key=lambda i: (i.stem != _USUAL, "DAPI" not in i.stem, i.name),
    )
    question = image_question([(i.name, i.stem) for i in images], options)
    picture, scale = None, 0.0
    if question is not None and question.answer != NONE:
        image = path / "images" / question.answer
        picture, scale, more = _laid_under(adata, parts, image, options)
        said += more
    name = path.name or "section"
    return found_with(
        adata,
        name,
        picture,
        scale=scale,
        diameter=_diameter(cells),
        notes=[*notes, *said],
        question=question,
    )


def _laid_under(
    adata: AnnData, parts: Parts, image: Path, options: Options
) -> tuple[Picture | None, float, list[str]]:
    """The mosaic, its pixels in a µm, and sentences; places are moved to its corner."""
    try:
        onto = np.loadtxt(parts.folder / _MATRIX, delimiter=None, ndmin=2)
        size = float(np.sqrt(abs(np.linalg.det(onto[:2, :2])))) if onto.shape == (3, 3) else 0.0
    except (OSError, ValueError):
        size = 0.0
    if not (np.isfinite(size) and size > 0):
        said = f"The image {image.name} was left out: {_MATRIX} does not tell how it lies."
        return None, 0.0, [said]
    picture, notes = picture_of(image, options)
    if picture is None:
        return None, 0.0, notes
    places = np.asarray(adata.obsm[keys.SPATIAL]) @ onto[:2, :2].T + onto[:2, 2]
    if not np.allclose(places / size, adata.obsm[keys.SPATIAL]):
        notes.append(FROM_IMAGE)
    adata.obsm[keys.SPATIAL] = places / size
    return picture, picture.scale * size, notes


def _diameter(cells: pd.DataFrame) -> float:
    """How wide the usual cell is, in µm; 0 if that is not told."""
    sides = {"min_x", "max_x"}
    if not sides <= set(cells) or any(cells[side].dtype.kind not in "fiu" for side in sides):
        return 0.0
    return max(0.0, float((cells["max_x"] - cells["min_x"]).median()))
