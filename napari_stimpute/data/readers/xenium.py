"""Read an output folder of Xenium: cells as spots, in µm, over the morphology image.

Format: "Xenium output file overview" in the documentation of Xenium Onboard Analysis. Versions 1
(``morphology_mip.ome.tif``, numbers as names of cells) to 4 (``ch0000_dapi.ome.tif`` in
``morphology_focus``) are read, and what Xenium Ranger writes (``outs``). Transcripts and outlines
are not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import tenx
from .folders import NONE, Parts, image_question, placed
from .found import Found, Options
from .pictures import found_with, microns_per_pixel, picture_of

if TYPE_CHECKING:
    import pandas as pd

_TITLE = "an output folder of Xenium"
_LAYOUT = (
    "It should hold cell_feature_matrix.h5 (or the folder of that name), cells.parquet (or "
    "cells.csv.gz), experiment.xenium and morphology_focus/ (or morphology_mip.ome.tif)."
)
_XY = ("x_centroid", "y_centroid")
_IMAGES = (
    "*morphology_mip.ome.tif",
    "*morphology_focus.ome.tif",
    "*morphology_focus/*.ome.tif",
)
_STAINS = ("DAPI", "boundaries", "18S, interior RNA", "interior protein")
"""Of versions 2 and 3, whose channels have numbers."""


def read(path: Path, options: Options) -> Found:
    """Read the folder, or the ``outs`` within it; other features than genes are left out.

    Raises
    ------
    NotReadable : counts or cells are missing, damaged, of other columns, or of another run
    """
    folder = path / "outs" if (path / "outs").is_dir() else path
    parts = Parts(folder, _TITLE, _LAYOUT)
    matrix = parts.need("*cell_feature_matrix.h5", "*cell_feature_matrix")
    file = parts.need("*cells.parquet", "*cells.csv.gz", "*cells.csv")
    found = tenx.read(matrix, {})
    cells = parts.table(file, ("cell_id",), _XY).set_index("cell_id")
    adata, notes = placed(parts, found.adata, cells, _XY, file)
    images = [file for pattern in _IMAGES for file in sorted(folder.glob(pattern))]
    question = image_question([(i.name, _words(i)) for i in images], options)
    picture, scale = None, 0.0
    if question is not None and question.answer != NONE:
        image = next(one for one in images if one.name == question.answer)
        size = _pixel_size(parts) or microns_per_pixel(image)
        picture, said = picture_of(image, options) if size else (None, [_unscaled(image)])
        notes += said
        scale = picture.scale / size if picture else 0.0
    name = next((p.name for p in (path, *path.parents) if p.name not in ("outs", "")), "section")
    return found_with(
        adata,
        name,
        picture,
        scale=scale,
        diameter=_diameter(cells),
        notes=[*found.notes, *notes],
        question=question,
    )


def _words(image: Path) -> str:
    """What is stained, as far as the name tells."""
    stem = image.name.removesuffix(".ome.tif")
    number = stem.rpartition("_")[2]
    is_numbered = number.isdigit() and int(number) < len(_STAINS)
    return f"{stem} ({_STAINS[int(number)]})" if is_numbered else stem


def _pixel_size(parts: Parts) -> float:
    """Microns that a pixel is wide; 0 if that is not told."""
    file = parts.find("*experiment.xenium")
    try:
        told = json.loads(file.read_text(encoding="utf-8")) if file else {}
        size = float(told["pixel_size"])
    except (OSError, ValueError, TypeError, KeyError):
        return 0.0
    return size if np.isfinite(size) and size > 0 else 0.0


def _unscaled(image: Path) -> str:
    return (
        f"The image {image.name} was left out: neither experiment.xenium nor the image tells how "
        "wide a pixel is."
    )


def _diameter(cells: pd.DataFrame) -> float:
    """Of a disc as large as the usual cell, in µm; 0 if areas are not told."""
    if "cell_area" not in cells or cells["cell_area"].dtype.kind not in "fiu":
        return 0.0
    return 2 * float(np.sqrt(cells["cell_area"].median() / np.pi))
