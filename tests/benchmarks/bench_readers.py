"""Time and memory from a path to the first overlay, beside the readers of other libraries.

    python tests/benchmarks/bench_readers.py [--spots 3639] [--genes 33538]

Writes a section of so many spots and genes (3 % of the values above zero, an image of 2,000 × 2,000
pixels) as Space Ranger does, as bins of Visium HD, and as SpatialData; then opens each in a process
of its own: with `load` and a look at the first gene, and with squidpy's or SpatialData's reader.
Time begins once libraries are loaded. The peak is of the process, and beyond what it took once they
were, as a multiple of the counts in memory (sparse, 4 bytes for a value and 4 for its gene).
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

SHARE = 0.03
LIBRARIES = {"ours": "napari_stimpute", "squidpy": "squidpy", "spatialdata": "spatialdata"}


def main() -> None:
    """Write all, and open each in each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spots", type=int, default=3639)
    parser.add_argument("--genes", type=int, default=33538)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--open", nargs=2, metavar=("WAY", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.open:
        opened(*options.open)
        return
    if options.write:
        write_all(options.write, options.spots, options.genes)
        return
    with tempfile.TemporaryDirectory() as folder:
        sizes = ["--spots", str(options.spots), "--genes", str(options.genes)]
        # in a process of its own: the peak of a process counts what began it
        subprocess.run([sys.executable, __file__, "--write", folder, *sizes], check=True)
        visium, bins, store = (Path(folder) / name for name in ("visium", "hd", "store.zarr"))
        print(f"{options.spots:,} spots × {options.genes:,} genes\n")
        print(
            "| | reader | s | peak GB | over the import GB | × counts |\n|---|---|---|---|---|---|"
        )
        for title, path, ways in (
            ("Space Ranger folder", visium, ("ours", "squidpy")),
            ("Visium HD, bins of 8 µm", bins, ("ours",)),
            ("SpatialData store", store, ("ours", "spatialdata")),
        ):
            for way in ways:
                command = [sys.executable, __file__, "--open", way, str(path)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                print(f"| {title} | {way} | {done.stdout.strip()} |", flush=True)


def write_all(folder: Path, n_spots: int, n_genes: int) -> None:
    """A section as a Space Ranger folder, the same as bins, and as a store."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    formats = import_module("tests.formats")
    rng = np.random.default_rng(0)
    counts = sp.random(n_spots, n_genes, SHARE, format="csr", rng=rng, dtype=np.float32)
    counts.data = rng.integers(1, 20, counts.nnz).astype(np.int32)
    barcodes = [f"ACGTACGTACGT{i:06d}-1" for i in range(n_spots)]
    visium = formats.write_visium(folder / "visium", counts, barcodes)
    side = int(np.ceil(n_spots**0.5))
    table = formats.positions(barcodes)
    table["array_row"], table["array_col"] = np.divmod(np.arange(n_spots + 1), side)
    table["pxl_row_in_fullres"] = 200 + table["array_row"] * 140
    table["pxl_col_in_fullres"] = 200 + table["array_col"] * 140
    table.to_csv(visium / "spatial" / "tissue_positions.csv", index=False)
    from matplotlib.image import imsave

    pixels = rng.integers(0, 255, (2000, 2000, 3), dtype=np.uint8)
    imsave(visium / "spatial" / "tissue_hires_image.png", pixels)
    bins = shutil.copytree(visium, folder / "hd" / "binned_outputs" / "square_008um")
    (bins / "spatial" / "tissue_positions.csv").unlink()
    table.to_parquet(bins / "spatial" / "tissue_positions.parquet", index=False)
    from napari_stimpute import read
    from napari_stimpute.data.save import write

    write(read(visium), folder / "store.zarr")


def opened(way: str, path: str) -> None:
    """Open it in one way, and print seconds and the peak."""
    import_module(LIBRARIES[way])
    for name in ("squidpy", "spatialdata") if way == "ours" else ():
        import_module(name)
    if way == "ours":
        from napari_stimpute.data.opening import load
        from napari_stimpute.session.contents import prepared
    before, start = peak(), time.perf_counter()
    if way == "ours":
        found, contents = prepared(load(path, genes="all"))
        contents.expression(found.gene)
        adata = found.adata
    elif way == "squidpy":
        import squidpy as sq

        adata = sq.read.visium(path)
        pd.Series(adata[:, 0].X.toarray().ravel())
    else:
        from spatialdata import read_zarr

        adata = read_zarr(path).tables["table"]
        pd.Series(adata[:, 0].X.toarray().ravel())
    seconds = time.perf_counter() - start
    highest, counts = peak(), 8 * adata.X.nnz / 2**30
    over = highest - before
    print(f"{seconds:.1f} | {highest:.2f} | {over:.2f} | {over / counts:.1f}")


def peak() -> float:
    """Most memory that this process took so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
