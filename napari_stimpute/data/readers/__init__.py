"""Which files and folders can be read: the one list, for menu, drop, shell and Python.

A reader is a module with ``read(path, options) -> Found``; it is imported when such a file is
opened, and not before.
"""

from __future__ import annotations

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
    marks : patterns of entries of a folder, each of which tells that it is of this format
    """

    name: str
    title: str
    home: str
    endings: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    def fits(self, path: Path) -> bool:
        """Whether the name of a file, or the entries of a folder, tell of this format."""
        if path.is_dir():
            return any(next(path.glob(mark), None) is not None for mark in self.marks)
        return path.name.lower().endswith(self.endings) if self.endings else False

    @property
    def expected(self) -> str:
        """What its files are called, or its folders hold, in words."""
        if self.endings:
            return f"{self.title} ({', '.join(self.endings)})"
        return f"{self.title} (a folder with {' or '.join(self.marks)})"


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
    found = [known for known in FORMATS if known.fits(path)]
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
