"""Folders as machines write them, at tiny size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse as sp
import tifffile
import zarr
from anndata import AnnData

from .formats import write_10x

N = 8
"""Cells of each folder."""
GENES = [f"GENE{i}" for i in range(6)]
PIXEL = 0.2125
"""Microns that a pixel of Xenium is wide."""


def some_counts(n_genes: int = 6) -> sp.csr_matrix:
    """(cells, genes)."""
    rng = np.random.default_rng(0)
    return sp.csr_matrix(rng.poisson(2.0, (N, n_genes)).astype(np.int32))


def some_places() -> np.ndarray:
    """(cells, 2), in µm: within 20 × 10."""
    rng = np.random.default_rng(1)
    return np.round(rng.uniform((1, 1), (19, 9), (N, 2)), 3)


def some_pixels(height: int = 48, width: int = 96) -> np.ndarray:
    """(height, width), 16 bits, dark with a bright corner."""
    pixels = np.random.default_rng(2).integers(50, 900, (height, width), dtype=np.uint16)
    pixels[:8, :8] = 4000
    return pixels


def write_pyramid(file: Path, pixels: np.ndarray, n_smaller: int = 1, *, tile: int = 16) -> Path:
    """An OME-TIFF file with smaller levels below its page, as Xenium has them."""
    how = {"tile": (tile, tile), "compression": "zlib", "photometric": "minisblack"}
    with tifffile.TiffWriter(file, ome=True) as out:
        told = {"axes": "YX", "PhysicalSizeX": PIXEL, "PhysicalSizeY": PIXEL}
        out.write(pixels, subifds=n_smaller, metadata=told, **how)
        for level in range(1, n_smaller + 1):
            out.write(pixels[:: 2**level, :: 2**level], subfiletype=1, **how)
    return file


def xenium_cells() -> pd.DataFrame:
    """The table of cells of Xenium, whose names are numbers in version 1."""
    xy = some_places()
    return pd.DataFrame(
        {
            "cell_id": [f"aaaa{letter}-1" for letter in "bcdefghi"],
            "x_centroid": xy[:, 0],
            "y_centroid": xy[:, 1],
            "transcript_counts": some_counts().sum(axis=1).A1,
            "cell_area": np.full(N, np.pi),
            "segmentation_method": ["Segmented by nucleus expansion"] * N,
        }
    )


def write_xenium(folder: Path) -> Path:
    """An output folder of Xenium: two controls, and a table in parquet."""
    folder.mkdir()
    cells = xenium_cells()
    kinds = ["Gene Expression"] * 6 + ["Negative Control Probe", "Unassigned Codeword"]
    write_10x(
        folder / "cell_feature_matrix.h5",
        sp.hstack([some_counts(), np.ones((N, 2), dtype=np.int32)]).tocsr(),
        cells["cell_id"],
        symbols=[*GENES, "NegControlProbe_1", "UnassignedCodeword_1"],
        kinds=kinds,
    )
    cells.to_parquet(folder / "cells.parquet")
    told = {"analysis_sw_version": "xenium-1.0.1", "pixel_size": PIXEL}
    (folder / "experiment.xenium").write_text(json.dumps(told))
    with zarr.storage.ZipStore(folder / "cells.zarr.zip", mode="w") as store:
        zarr.create_group(store, zarr_format=2)
    write_pyramid(folder / "morphology_mip.ome.tif", some_pixels())
    return folder


def cosmx_cells() -> pd.DataFrame:
    """The metadata of CosMx: two fields of 40 × 40 pixels, side by side."""
    local = np.round(np.random.default_rng(1).uniform(2, 38, (N, 2)), 2)
    field = np.repeat([1, 2], N // 2)
    return pd.DataFrame(
        {
            "fov": field,
            "cell_ID": np.tile(np.arange(1, N // 2 + 1), 2),
            "Area": np.full(N, 100),
            "CenterX_local_px": local[:, 0],
            "CenterY_local_px": local[:, 1],
            "CenterX_global_px": local[:, 0] + 1000 + 40 * (field - 1),
            "CenterY_global_px": local[:, 1] - 500,
        }
    )


def write_cosmx(folder: Path) -> Path:
    """Flat files of CosMx with images; molecules outside of cells stand as cell 0."""
    (folder / "CellComposite").mkdir(parents=True)
    (folder / "CellLabels").mkdir()
    cells = cosmx_cells()
    values = sp.hstack([some_counts(), np.ones((N, 1))]).toarray().astype(int)
    counts = pd.DataFrame(values, columns=[*GENES, "NegPrb3"])
    counts = pd.concat([cells[["fov", "cell_ID"]], counts], axis=1)
    outside = pd.DataFrame([[1, 0, *[9] * 7]], columns=counts.columns)
    pd.concat([outside, counts]).to_csv(folder / "Run_exprMat_file.csv", index=False)
    cells.to_csv(folder / "Run_metadata_file.csv", index=False)
    fields = pd.DataFrame({"fov": [1, 2], "x_global_px": [1000, 1040], "y_global_px": -500})
    fields["x_global_mm"] = fields["x_global_px"] * 0.00012
    fields["y_global_mm"] = fields["y_global_px"] * 0.00012
    fields.to_csv(folder / "Run_fov_positions_file.csv", index=False)
    for field in (1, 2):
        pixels = np.full((40, 40, 3), 60 * field, dtype=np.uint8)
        pixels[:10] = 250  # what is above in the image has the largest y
        tifffile.imwrite(folder / "CellComposite" / f"CellComposite_F00{field}.tif", pixels)
        labels = np.zeros((40, 40), dtype=np.uint16)
        tifffile.imwrite(folder / "CellLabels" / f"CellLabels_F00{field}.tif", labels)
    return folder


def merscope_cells() -> pd.DataFrame:
    """The metadata of MERSCOPE, away from the origin."""
    x, y = some_places().T
    return pd.DataFrame(
        {
            "EntityID": [f"11088342476461192440022163991631425{i:04d}" for i in range(N)],
            "fov": 0,
            "volume": 500.0,
            "center_x": x - 300,
            "center_y": y + 50,
            "min_x": x - 301,
            "max_x": x - 299,
        }
    )


def write_merscope(folder: Path) -> Path:
    """An output folder of a region of MERSCOPE, whose mosaic begins at −300 and 50 µm."""
    (folder / "images").mkdir(parents=True)
    cells = merscope_cells()
    counts = pd.DataFrame(some_counts().toarray(), columns=GENES)
    counts["Blank-1"] = 1
    counts.insert(0, "cell", cells["EntityID"])
    counts.to_csv(folder / "cell_by_gene.csv", index=False)
    cells.to_csv(folder / "cell_metadata.csv", index=False)
    onto = "4 0 1200\n0 4 -200\n0 0 1\n"
    (folder / "images" / "micron_to_mosaic_pixel_transform.csv").write_text(onto)
    for name in ("DAPI_z3", "DAPI_z0", "PolyT_z3"):
        tifffile.imwrite(folder / "images" / f"mosaic_{name}.tif", some_pixels())
    return folder


def some_beads() -> list[str]:
    """Barcodes of beads."""
    return [f"ACGTACGTACGT{base}{second}" for base in "ACGT" for second in "AC"]


def write_curio(folder: Path) -> Path:
    """An output folder of Curio Seeker."""
    folder.mkdir()
    counts, beads, xy = some_counts(), some_beads(), some_places()
    scipy.io.mmwrite(folder / "S1_MoleculesPerMatchedBead.mtx", sp.coo_matrix(counts.T))
    (folder / "S1_barcodes.tsv").write_text("\n".join(beads))
    (folder / "S1_genes.tsv").write_text("\n".join(GENES))
    table = pd.DataFrame({"barcode": beads, "xcoord": xy[:, 0], "ycoord": xy[:, 1]})
    table.to_csv(folder / "S1_MatchedBeadLocation.csv")
    obs = pd.DataFrame({"cluster": pd.Categorical(["0", "1"] * 4)}, index=beads)
    adata = AnnData(counts.astype(np.float32), obs, pd.DataFrame(index=GENES))
    adata.obsm["spatial"] = adata.obsm["X_spatial"] = xy
    adata.write_h5ad(folder / "S1_anndata.h5ad")
    return folder


SPOTS = ((10, 20), (11, 20), (59, 21), (60, 70), (61, 70), (160, 170))
"""Spots of the chip on which molecules were found, one or two of each gene."""


def write_gef(file: Path, sizes: Sequence[int] = (1, 50), *, counts_bins: bool = False) -> Path:
    """Square bins: gene by gene, the molecules of its bins; gene i has i + 1 on each spot."""
    with h5py.File(file, "w") as out:
        for size in sizes:
            found = pd.DataFrame(
                [(g, x // size, y // size, g + 1) for g in range(3) for x, y in SPOTS[g:]],
                columns=["gene", "x", "y", "count"],
            )
            found = found.groupby(["gene", "x", "y"], as_index=False).sum()
            step = 1 if counts_bins else size
            values = np.zeros(len(found), [("x", "i4"), ("y", "i4"), ("count", "u2")])
            values["x"], values["y"] = found["x"] * step, found["y"] * step
            values["count"] = found["count"]
            n_of_gene = found["gene"].value_counts(sort=False).to_numpy()
            kinds = [("geneID", "S32"), ("geneName", "S32"), ("offset", "u4"), ("count", "u4")]
            genes = np.zeros(3, kinds)
            genes["geneID"] = [f"ENSG{i}" for i in range(3)]
            genes["geneName"] = GENES[:3]
            genes["offset"] = np.cumsum(n_of_gene) - n_of_gene
            genes["count"] = n_of_gene
            group = out.create_group(f"geneExp/bin{size}")
            group["expression"], group["gene"] = values, genes
            group["expression"].attrs["resolution"] = np.array([500], dtype=np.uint32)
    return file


def write_cellbin(file: Path) -> Path:
    """Cells that were outlined on a chip."""
    counts, xy = some_counts(), some_places()
    kinds = ["id", "x", "y", "offset", "geneCount", "expCount", "dnbCount", "area"]
    cells = np.zeros(N, [(name, "u4") for name in kinds])
    cells["id"], cells["x"], cells["y"] = np.arange(N), xy[:, 0] * 100, xy[:, 1] * 100
    cells["offset"], cells["geneCount"] = counts.indptr[:-1], np.diff(counts.indptr)
    cells["area"] = 400
    values = np.zeros(counts.nnz, [("geneID", "u4"), ("count", "u2")])
    values["geneID"], values["count"] = counts.indices, counts.data
    genes = np.zeros(len(GENES), [("geneName", "S32"), ("offset", "u4")])
    genes["geneName"] = GENES
    with h5py.File(file, "w") as out:
        out.attrs["resolution"] = np.array([500], dtype=np.uint32)
        group = out.create_group("cellBin")
        group["cell"], group["cellExp"], group["gene"] = cells, values, genes
    return file
