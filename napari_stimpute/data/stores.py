"""Save data and results as a SpatialData store, whole or not at all.

The store holds one table, the spots as circles, and the tissue image, all in pixels of the image at
full resolution (the coordinate system "global").
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import keys
from ..errors import NotWritable, StimputeError
from .files import check_new_folder, full_path, holding_signals, sweep, write_failed
from .graph import has_place, spatial_coordinates
from .layout import lay_out
from .libraries import libraries
from .scratch import dense_layers, parts_of, tile_of
from .sections import find_sections
from .storable import snapshot
from .structure import named

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

ENDING = ".zarr"
_TABLE, _REGION, _INSTANCE = "table", "region", "instance_id"


def write_store(adata: AnnData, path: str | os.PathLike[str]) -> Path:
    """Write a new SpatialData store. The AnnData is not changed; safe in a thread.

    Parameters
    ----------
    adata : in memory
    path : of the store, which must not be there yet

    Raises
    ------
    NotWritable : something is there already, no permission, a full disk, or something that a store
        cannot hold
    """
    import zarr

    target = full_path(path).resolve()
    check_new_folder(target)
    with holding_signals(), writing(target, f"to write {target}"), draft_of(target) as draft:
        data = spatial_data(without_dense_layers(adata))
        data.write(draft)
        table, names = draft / "tables" / _TABLE, layer_names(adata, data.tables[_TABLE])
        write_dense_layers(table, adata, names)
        zarr.consolidate_metadata(draft)
        compare_table(table, adata, names)
        os.replace(draft, target)
    return target


@contextmanager
def writing(target: Path, expected: str) -> Iterator[None]:
    """While libraries write a store: what goes wrong is raised as `NotWritable`, in words.

    Parameters
    ----------
    expected : what is tried, in words ("to write …")
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries about one another
        try:
            yield
        except OSError as error:
            raise write_failed(target, error) from error
        except StimputeError:
            raise
        except Exception as error:  # of many kinds, by library and by version
            text = " ".join(str(error).split())[:200]
            raise NotWritable(
                expected=expected,
                found=f"something a store cannot hold ({text})",
                remedy="Remove it from the AnnData, or save as .h5ad.",
            ) from error


@contextmanager
def draft_of(target: Path) -> Iterator[Path]:
    """A folder beside another, under a passing name; whatever is left of it goes in the end.

    What a killed process left of earlier tries is swept away.
    """
    start = f".{target.name[:80]}."
    draft = target.with_name(f"{start}{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        sweep(target.parent, start)
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def spatial_data(adata: AnnData) -> SpatialData:
    """The same data as SpatialData: a table, circles for the spots, and the tissue images."""
    from spatialdata import SpatialData, sanitize_table
    from spatialdata.models import TableModel

    table = snapshot(adata)
    table.uns.pop("spatialdata_attrs", None)
    images = _images(adata) if keys.SPATIAL in adata.obsm else {}
    table.uns.pop(keys.SPATIAL, None)
    table = sanitize_table(table, inplace=False)
    if keys.SPATIAL not in adata.obsm:
        return SpatialData(tables={_TABLE: TableModel.parse(table)})
    shapes, regions = _shapes(adata)
    table.obs[_REGION] = regions
    table.obs[_REGION] = table.obs[_REGION].astype("category")
    table.obs[_INSTANCE] = np.arange(table.n_obs)
    parsed = TableModel.parse(
        table, region=list(shapes), region_key=_REGION, instance_key=_INSTANCE
    )
    return SpatialData(images=images, shapes=shapes, tables={_TABLE: parsed})


def _shapes(adata: AnnData) -> tuple[dict[str, Any], np.ndarray]:
    """Circles for the spots of each section, by name, and the name for each spot, (n_obs,)."""
    from geopandas import GeoDataFrame, points_from_xy
    from spatialdata.models import ShapesModel
    from spatialdata.transformations import Identity

    points, sections, layout = spatial_coordinates(adata), find_sections(adata), lay_out(adata)
    names = [_element("spots", name) for name in sections.names]
    found = {}
    for code, (name, title) in enumerate(zip(names, sections.names, strict=True)):
        here = np.flatnonzero((sections.codes == code) & has_place(points))
        circles = GeoDataFrame(
            {"radius": np.full(len(here), layout.spot_diameter / 2 or 0.5)},
            geometry=points_from_xy(points[here, 0], points[here, 1]),
            index=here,
        )
        system = "global" if len(names) == 1 else title
        found[name] = ShapesModel.parse(circles, transformations={system: Identity()})
    return found, np.array(names, dtype=object)[sections.codes]


def _images(adata: AnnData) -> dict[str, Any]:
    """The sharpest image of each library, as it lies under its spots."""
    from spatialdata.models import Image2DModel
    from spatialdata.transformations import Scale

    names, found = find_sections(adata).names, {}
    for library in libraries(adata).values():
        scale = library.number(f"tissue_{library.resolution}_scalef")
        if not library.resolution or not scale:
            continue
        pixels = np.asarray(library.images[library.image_names[library.resolution]])
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        system = library.name if len(names) > 1 and library.name in names else "global"
        found[_element("image", library.name)] = Image2DModel.parse(
            np.moveaxis(pixels, -1, 0),
            dims=("c", "y", "x"),
            transformations={system: Scale([1 / scale, 1 / scale], axes=("x", "y"))},
        )
    return found


def _element(kind: str, name: str) -> str:
    """Name of an element: letters, digits, and signs that a store allows."""
    plain = re.sub(r"[^\w.-]+", "_", name).strip("_.")
    return f"{kind}_{plain}" if plain else kind


def without_dense_layers(adata: AnnData) -> AnnData:
    """The same data, with nothing stored in dense layers: libraries copy all that they write."""
    import scipy.sparse as sp

    rest = snapshot(adata)
    for name, layer in dense_layers(adata).items():
        rest.layers[name] = sp.csr_matrix(layer.shape, dtype=layer.dtype)
    return rest


def layer_names(adata: AnnData, table: AnnData) -> dict[str, str]:
    """What layers are called in a table that is written of the data: names that a store allows."""
    return dict(zip(named(adata, "layers"), named(table, "layers"), strict=True))


def write_dense_layers(table: Path, adata: AnnData, names: Mapping[str, str]) -> None:
    """Write dense layers, block by block, into a table that was written without their values."""
    import zarr

    group: Any = zarr.open_group(table, path="layers", mode="r+", use_consolidated=False)
    for name, layer in dense_layers(adata).items():
        del group[names[name]]
        tile, place = tile_of(layer.shape), names[name]
        found = group.create_array(place, shape=layer.shape, dtype=layer.dtype, chunks=tile)
        found.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        for rows, block in parts_of(layer):
            found[rows] = block


def compare_table(table: Path, adata: AnnData, names: Mapping[str, str]) -> None:
    """Read a table back: its values are what they should be, and all else can be read."""
    import zarr
    from anndata.io import read_elem

    group: Any = zarr.open_group(table, mode="r", use_consolidated=False)
    layers = dense_layers(adata)
    for part in ("obs", "var", "uns", "obsm"):
        read_elem(group[part])
    if _is_changed(read_elem(group["X"]) if "X" in group else None, adata.X):
        raise _changed("X")
    for name, layer in named(adata, "layers").items():
        found = group["layers"][names[name]]
        if name not in layers:
            if _is_changed(read_elem(found), layer):
                raise _changed(name)
        elif any(not np.array_equal(found[a], b, equal_nan=True) for a, b in parts_of(layer)):
            raise _changed(name)


def _changed(place: str) -> OSError:
    return OSError(f"{place} came back with other values")


def _is_changed(one: Any, other: Any) -> bool:
    """Whether two matrices differ, or only one of them is there."""
    import scipy.sparse as sp

    if one is None or other is None:
        return one is not other
    if one.shape != other.shape:
        return True
    if sp.issparse(one) or sp.issparse(other):
        return bool(abs(sp.csr_matrix(one) - sp.csr_matrix(other)).max() != 0)
    return not np.array_equal(one, other, equal_nan=True)
