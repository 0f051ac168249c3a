"""Time and memory to read the folder of a machine, beside the reader of spatialdata-io.

    python tests/benchmarks/bench_machines.py [--cells 200000] [--genes 300]

Simulates an output folder of Xenium of version 1: so many cells and genes, of which each cell has a
quarter, 40 controls, and a morphology image of 16,384 × 16,384 pixels with seven levels. Reads it
in a process of its own in each way: with `read`, with `load` and a look at the first gene, and with
spatialdata-io's reader (without outlines, labels and transcripts) and the same look. Time begins
once libraries are loaded; memory is what comes on top of them at the peak, and in the size of the
matrix: 8 bytes for each value above zero.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

SHARE, N_CONTROLS = 0.25, 40
SIDE, N_SMALLER = 16384, 6
WAYS = {
    "ours, read": ("napari_stimpute", "squidpy", "spatialdata"),
    "ours, to the first overlay": ("napari_stimpute", "squidpy", "spatialdata"),
    "spatialdata-io, table": ("spatialdata_io",),
    "spatialdata-io, table and image": ("spatialdata_io",),
}


def main() -> None:
    """Write the folder, and read it in each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=200_000)
    parser.add_argument("--genes", type=int, default=300)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--read", nargs=2, metavar=("WAY", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read_in(*options.read)
        return
    if options.write:
        write(options.write, options.cells, options.genes)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "xenium"
        sizes = ["--cells", str(options.cells), "--genes", str(options.genes)]
        # in a process of its own: the peak of a process counts what began it
        subprocess.run([sys.executable, __file__, "--write", str(path), *sizes], check=True)
        print(f"Xenium: {options.cells:,} cells × {options.genes:,} genes\n")
        print("| | s | GB above the import | × matrix |\n|---|---|---|---|")
        for way in WAYS:
            command = [sys.executable, __file__, "--read", way, str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"| {way} | {done.stdout.strip()} |", flush=True)


def write(folder: Path, n_cells: int, n_genes: int) -> None:
    """The folder, as the machine writes it."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    machines, formats = import_module("tests.machines"), import_module("tests.formats")
    machines.write_xenium(folder)
    rng = np.random.default_rng(0)
    n_features = n_genes + N_CONTROLS
    counts = sp.random(n_cells, n_features, SHARE, format="csr", rng=rng, dtype=np.float32)
    counts.data = rng.integers(1, 20, counts.nnz).astype(np.int32)
    xy = rng.uniform(0, SIDE * machines.PIXEL, (n_cells, 2))
    names = [f"aaaa{i:06d}-1" for i in range(n_cells)]
    cells = {"cell_id": names, "x_centroid": xy[:, 0], "y_centroid": xy[:, 1], "cell_area": 80.0}
    pd.DataFrame(cells).to_parquet(folder / "cells.parquet")
    formats.write_10x(
        folder / "cell_feature_matrix.h5",
        counts,
        names,
        kinds=["Gene Expression"] * n_genes + ["Negative Control Probe"] * N_CONTROLS,
    )
    pixels = np.tile(rng.integers(0, 4000, (1024, 1024), dtype=np.uint16), (SIDE // 1024,) * 2)
    machines.write_pyramid(folder / "morphology_mip.ome.tif", pixels, N_SMALLER, tile=1024)
    kept = {"n_values": int((counts[:, :n_genes] != 0).sum())}
    (folder / "about.json").write_text(json.dumps(kept))


def read_in(way: str, path: str) -> None:
    """Read it in one way, and print seconds and the peak."""
    for name in WAYS[way]:
        import_module(name)
    for name in ("anndata", "h5py", "scanpy", "tifffile", "pyarrow.parquet"):
        import_module(name)
    before, start = peak(), time.perf_counter()
    if way == "ours, read":
        from napari_stimpute import read

        read(path)
    elif way == "ours, to the first overlay":
        from napari_stimpute.data.opening import load
        from napari_stimpute.session.contents import prepared

        found, contents = prepared(load(path))
        contents.expression(found.gene)
    else:
        read_by_spatialdata_io(path, with_image="image" in way)
    seconds, memory = time.perf_counter() - start, peak() - before
    n_values = json.loads((Path(path) / "about.json").read_text())["n_values"]
    print(f"{seconds:.1f} | {memory / 1e9:.2f} | {memory / (8 * n_values):.1f}")


def read_by_spatialdata_io(path: str, *, with_image: bool) -> None:
    """As little as its reader can, and the first gene; the image at the level that is shown."""
    import spatialdata_io

    left = ("cells_boundaries", "nucleus_boundaries", "cells_labels", "nucleus_labels")
    others = ("transcripts", "morphology_focus", "aligned_images")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = spatialdata_io.xenium(
            path, morphology_mip=with_image, **dict.fromkeys((*left, *others), False)
        )
    data.tables["table"][:, 0].X.toarray()
    if with_image:
        image = data.images["morphology_mip"]
        np.asarray(image["scale2"].image if hasattr(image, "children") else image[:, ::4, ::4])


def peak() -> int:
    """Most bytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
