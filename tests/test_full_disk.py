"""A disk that fails while something is written: a sentence, and nothing half written is left."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from matplotlib.figure import Figure
from shapely import Point

from napari_stimpute.data.save import write
from napari_stimpute.errors import NotWritable
from napari_stimpute.plots.saving import save_figure
from napari_stimpute.spatial.geojson import write_regions
from napari_stimpute.spatial.regions import Region

from .disks import small_disk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")


def data() -> ad.AnnData:
    rng = np.random.default_rng(0)
    adata = ad.AnnData(rng.poisson(5.0, (60, 50)).astype(np.float32))
    adata.obsm["spatial"] = rng.uniform(0, 100, (60, 2))
    adata.layers["imputed"] = rng.random((60, 50), dtype=np.float32)
    return adata


def figure() -> Figure:
    made = Figure()
    made.subplots().imshow(np.random.default_rng(0).random((50, 50)))
    return made


WAYS: dict[str, Callable[[Path], object]] = {
    "out.h5ad": lambda path: write(data(), path),
    "out.zarr": lambda path: write(data(), path),
    "out.geojson": lambda path: write_regions(path, [Region("a", Point(0, 0).buffer(9))]),
    "out.png": lambda path: save_figure(figure, path),
    "out.svg": lambda path: save_figure(figure, path),
    "out.pdf": lambda path: save_figure(figure, path),
}


@pytest.mark.parametrize("name", WAYS)
def test_nothing_half_written_is_left(tmp_path: Path, name: str) -> None:
    with small_disk(), pytest.raises(NotWritable, match="writing failed"):
        WAYS[name](tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    WAYS[name](tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
