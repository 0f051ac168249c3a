"""Write the simulated sample files next to this script, and print their sizes and checksums.

Run from the repository: ``python sample_data/make_sample_data.py [--to FOLDER]``. The same seed
gives the same bytes, as long as the versions in ``constraints.txt`` are installed.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import scipy.sparse as sp
from anndata import AnnData
from anndata.experimental import write_dispatched

from napari_stimpute import simulate_cells, simulate_section


def write_small(adata: AnnData, path: Path) -> None:
    """Write an AnnData file in which every array is packed in the way that suits it."""
    with h5py.File(path, "w", libver="v110") as file:
        write_dispatched(file, "/", adata, callback=_write_packed)


def _write_packed(
    write: Callable[..., None], store: object, key: str, element: object, **_: object
) -> None:
    """Write one element: arrays in one piece, numbers with their bytes sorted by place."""
    packing: dict[str, object] = {}
    if sp.issparse(element):
        packing = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
    elif isinstance(element, np.ndarray):
        packing = {"compression": "gzip", "compression_opts": 9, "shuffle": element.ndim < 3}
        packing["chunks"] = element.shape
    write(store, key, element, dataset_kwargs=packing)


def main(arguments: list[str] | None = None) -> None:
    """Write both files into the folder asked for."""
    parser = argparse.ArgumentParser(description="Write the simulated sample files.")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent, help="output folder")
    folder: Path = parser.parse_args(arguments).to
    for name, adata in {"section": simulate_section(), "cells": simulate_cells()}.items():
        path = folder / f"{name}.h5ad"
        write_small(adata, path)
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{path.name}  {path.stat().st_size:,} bytes  sha256 {checksum}")


if __name__ == "__main__":
    main()
