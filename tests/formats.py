"""Files as instruments and archives hold them, at tiny size."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp
from matplotlib.image import imsave


@contextmanager
def read_by_others() -> Iterator[None]:
    """Skip the test where spatialdata-io itself cannot read with this anndata."""
    try:
        yield
    except TypeError as error:
        if "keyword argument 'dtype'" not in str(error):
            raise
        pytest.skip("spatialdata-io gives AnnData a dtype, which anndata 0.13 no longer takes")


def write_10x(
    file: Path,
    counts: sp.csr_matrix,
    barcodes: Sequence[str],
    *,
    symbols: Sequence[str] = (),
    kinds: Sequence[str] = (),
    library: str = "slice 7",
) -> Path:
    """A feature-barcode matrix of version 3, by its documentation."""
    n = counts.shape[1]
    by_cell = sp.csc_matrix(counts.T)
    with h5py.File(file, "w") as out:
        out.attrs["library_ids"] = np.array([library.encode()])
        group = out.create_group("matrix")
        group["data"] = by_cell.data
        for name in ("indices", "indptr"):
            group[name] = getattr(by_cell, name).astype(np.int64)
        group["shape"] = np.array(by_cell.shape, dtype=np.int32)
        group["barcodes"] = np.array([b.encode() for b in barcodes])
        features = group.create_group("features")
        for name, values in {
            "id": [f"ENSG{i:011d}" for i in range(n)],
            "name": list(symbols) or [f"GENE{i}" for i in range(n)],
            "feature_type": list(kinds) or ["Gene Expression"] * n,
            "genome": ["GRCh38"] * n,
        }.items():
            features[name] = np.array([v.encode() for v in values])
    return file


def write_mtx(folder: Path, counts: sp.csr_matrix, barcodes: Sequence[str]) -> Path:
    folder.mkdir(exist_ok=True)
    scipy.io.mmwrite(folder / "matrix.mtx", sp.coo_matrix(counts.T))
    n = counts.shape[1]
    pd.DataFrame(list(barcodes)).to_csv(folder / "barcodes.tsv.gz", index=False, header=False)
    features = pd.DataFrame(
        {
            "id": [f"ENSG{i:011d}" for i in range(n)],
            "name": [f"GENE{i}" for i in range(n)],
            "kind": "Gene Expression",
        }
    )
    features.to_csv(folder / "features.tsv.gz", sep="\t", index=False, header=False)
    return folder


def positions(barcodes: Sequence[str]) -> pd.DataFrame:
    """Places of spots: two rows of a hexagonal grid; and one spot that has no counts."""
    n = len(barcodes)
    return pd.DataFrame(
        {
            "barcode": [*barcodes, "TTTTTTTTTTTTTTTT-1"],
            "in_tissue": [1] * n + [0],
            "array_row": [i % 2 for i in range(n + 1)],
            "array_col": list(range(n + 1)),
            "pxl_row_in_fullres": [100 + 173 * (i % 2) for i in range(n + 1)],
            "pxl_col_in_fullres": [100 + 100 * i for i in range(n + 1)],
        }
    )


def write_spatial(folder: Path, barcodes: Sequence[str], version: int = 2) -> Path:
    """The folder ``spatial`` of an output."""
    spatial = folder / "spatial"
    spatial.mkdir(parents=True, exist_ok=True)
    table = positions(barcodes)
    if version == 1:
        table.to_csv(spatial / "tissue_positions_list.csv", index=False, header=False)
    elif version == 2:
        table.to_csv(spatial / "tissue_positions.csv", index=False)
    else:
        table.to_parquet(spatial / "tissue_positions.parquet")
    image = np.random.default_rng(0).integers(0, 255, (40, 110, 3), dtype=np.uint8)
    imsave(spatial / "tissue_hires_image.png", image)
    imsave(spatial / "tissue_lowres_image.png", image[::4, ::4].copy())
    scales = {"tissue_hires_scalef": 0.1, "tissue_lowres_scalef": 0.025}
    scales["spot_diameter_fullres"] = 60.0
    (spatial / "scalefactors_json.json").write_text(json.dumps(scales))
    return spatial


def write_visium(folder: Path, counts: sp.csr_matrix, barcodes: Sequence[str]) -> Path:
    """An output folder of Space Ranger 2."""
    write_spatial(folder, barcodes)
    write_10x(folder / "filtered_feature_bc_matrix.h5", counts, barcodes)
    return folder


def write_hd(folder: Path, counts: sp.csr_matrix, barcodes: Sequence[str]) -> Path:
    """An output folder of Visium HD, with bins of three sizes."""
    for size, n in ((2, 8), (8, 6), (16, 4)):
        within = folder / "binned_outputs" / f"square_{size:03d}um"
        write_spatial(within, barcodes[:n], version=3)
        write_10x(within / "filtered_feature_bc_matrix.h5", counts[:n], barcodes[:n])
    return folder


def some_counts() -> sp.csr_matrix:
    """(8 spots, 6 genes), of which one is empty."""
    dense = np.random.default_rng(0).poisson(1.5, (8, 6)).astype(np.int32)
    dense[:, 3] = 0
    return sp.csr_matrix(dense)


def some_barcodes() -> list[str]:
    """Eight of them."""
    return [f"ACGTACGTACGT{second}AC{base}-1" for second in "AG" for base in "ACGT"]
