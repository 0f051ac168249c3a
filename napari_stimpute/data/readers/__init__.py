"""Which files and folders can be read: the one list, for menu, drop, shell and Python.

A reader is a module with ``read(path, options) -> Found``; it is imported when such a file is
opened, and not before.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Format:
    """A format that can be read.

    Attributes
    ----------
    name : for options and records
    title : for people
    home : module of its reader, within this package
    endings : of its files, in lower case
    marks : patterns of entries of a folder, each of which tells that it is of this format; the
        first is told to people
    """

    name: str
    title: str
    home: str
    endings: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    def fits_file(self, path: Path) -> bool:
        """Whether the name of a file tells of this format."""
        return path.name.lower().endswith(self.endings) if self.endings else False

    def fits_folder(self, path: Path, entries: Sequence[str]) -> bool:
        """Whether the entries of a folder, or what is deeper in it, tell of this format."""
        return any(
            any(path.glob(mark)) if "/" in mark else fnmatch.filter(entries, mark)
            for mark in self.marks
        )

    @property
    def expected(self) -> str:
        """What its files are called, or its folders hold, in words."""
        if self.endings:
            return f"{self.title} ({', '.join(self.endings)})"
        return f"{self.title} (a folder with {self.marks[0].strip('*').replace('*', '…')})"


_POSITIONS = "spatial/tissue_positions*"

FORMATS = (
    Format("h5ad", "AnnData", "h5ad", endings=(".h5ad",)),
    Format("10x_h5", "10x feature-barcode matrix", "tenx", endings=(".h5",)),
    Format("10x_mtx", "10x matrix folder", "tenx", marks=("*matrix.mtx", "*matrix.mtx.gz")),
    Format(
        "visium",
        "Visium output of Space Ranger",
        "spaceranger",
        marks=(_POSITIONS, f"outs/{_POSITIONS}"),
    ),
    Format(
        "visium_hd",
        "Visium HD output of Space Ranger",
        "visium_hd",
        marks=("binned_outputs/square_*um", "outs/binned_outputs/square_*um", "square_*um"),
    ),
    Format(
        "xenium",
        "Xenium output",
        "xenium",
        marks=(
            "*experiment.xenium",
            "*cell_feature_matrix.h5",
            "outs/experiment.xenium",
        ),
    ),
    Format(
        "cosmx",
        "CosMx flat files",
        "cosmx",
        marks=("*exprMat_file.csv*", "*fov_positions_file.csv*"),
    ),
    Format(
        "merscope",
        "MERSCOPE output",
        "merscope",
        marks=("*cell_by_gene*.csv", "images/micron_to_mosaic_pixel_transform.csv"),
    ),
    Format(
        "curio",
        "Curio Seeker (Slide-seq) output",
        "curio",
        marks=("*MoleculesPerMatchedBead.mtx*", "*MatchedBeadLocation.csv*"),
    ),
    Format("stereoseq", "Stereo-seq bins or cells", "stereoseq", endings=(".gef",)),
    Format(
        "zarr", "SpatialData or AnnData store", "stores", marks=("zarr.json", ".zgroup", ".zattrs")
    ),
    Format("loom", "loom", "loom", endings=(".loom",)),
    Format(
        "table",
        "table of counts",
        "tables",
        endings=tuple(
            f".{kind}{packed}" for kind in ("csv", "tsv", "txt") for packed in ("", ".gz")
        ),
    ),
)

ENDINGS = tuple(ending for found in FORMATS for ending in found.endings)
"""Endings of all files that can be read; napari.yaml repeats them."""

_WITHIN = {"visium": ("visium_hd",)}
"""What a folder of a format may also look like, as each of its parts does."""


def formats_of(path: Path) -> list[Format]:
    """All formats that a file or a folder may be of, by its name or its entries."""
    if path.is_dir():
        entries = [entry.name for entry in path.glob("*")]  # none where it may not be read
        found = [known for known in FORMATS if known.fits_folder(path, entries)]
    else:
        found = [known for known in FORMATS if known.fits_file(path)]
    names = {known.name for known in found}
    return [k for k in found if not names & set(_WITHIN.get(k.name, ()))]


def samples_in(folder: Path) -> list[Path]:
    """Files and folders within a folder that may be samples of their own, in order.

    Tables count only where there is nothing else: beside data, they hold notes and results.
    """
    kinds = {e: formats_of(e) for e in folder.iterdir() if not e.name.startswith(".")}
    data = [entry for entry, found in kinds.items() if found]
    others = [entry for entry in data if {kind.home for kind in kinds[entry]} != {"tables"}]
    return sorted(others or data)
