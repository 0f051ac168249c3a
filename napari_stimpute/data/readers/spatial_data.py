"""One table of a SpatialData object as an AnnData: its places, and the image under them.

Places are given in the coordinate system, or, where the image is turned or moved in it, in pixels
of the image, which is not resampled. See Marconato et al., SpatialData: an open and universal
data framework for spatial omics, Nature Methods 2025, for elements and their transformations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ... import keys
from ...errors import BadImage
from ...words import counted, percent
from .found import Found, Options, Question, Undecided
from .levels import Held, Levels, held
from .reading import not_readable

if TYPE_CHECKING:
    import dask.array as da
    from anndata import AnnData
    from numpy.typing import NDArray
    from spatialdata import SpatialData

_NONE, _EACH = "none", "each"
_XY = ("x", "y")


class _Laid(NamedTuple):
    """Where a region is laid: a system, an image in it ("" for none), the library that this is in
    ``uns["spatial"]``, and the section that the region is.
    """

    system: str
    image: str
    library: str
    section: str


class _Placed(NamedTuple):
    """Places of the instances of one region, by their names, and how wide each is; 0 if unknown."""

    places: pd.DataFrame
    diameter: float


def table_of(data: SpatialData, path: Path, options: Options) -> Found:
    """A table with the places of its spots and one image per region.

    Parameters
    ----------
    path : where the data came from, for messages

    Raises
    ------
    NotReadable : no tables
    Undecided : several tables, and none was chosen
    """
    table = _table_question(data, path, options)
    adata, notes = data.tables[table.answer], list[str]()
    regions = _regions(data, adata)
    questions = [table]
    if not regions:
        said = "The table annotates no shapes or labels: it has no places."
        return Found(adata, [said], (table,))
    system = _system_question(data, regions, options)
    questions.append(system)
    if system.answer == _EACH:
        return _apart(data, adata, regions, questions)
    image = _image_question(data, system.answer, options)
    questions += [image] if image is not None else []
    chosen = "" if image is None or image.answer == _NONE else image.answer
    notes += _place(data, adata, {n: _Laid(system.answer, chosen, chosen, n) for n in regions})
    if not chosen:
        return Found(adata, notes, tuple(questions))
    try:
        seen = held(Levels(_levels(data[chosen]), _channels(data[chosen])), options)
    except BadImage as error:
        notes.append(f"The image {chosen} was left out. {error}")
        return Found(adata, notes, tuple(questions))
    _lay_under(adata, chosen, seen, _onto(data[chosen], system.answer)[1])
    pyramids = {} if seen.pyramid is None else {chosen: seen.pyramid}
    return Found(adata, [*notes, *seen.notes], (*questions, *seen.questions), pyramids)


def _apart(
    data: SpatialData, adata: AnnData, regions: Sequence[str], questions: Sequence[Question]
) -> Found:
    """Every region in a coordinate system of its own, with the image there: sections."""
    systems, notes, pyramids = _own_systems(data, regions), list[str](), dict[str, Any]()
    is_telling = len(set(systems.values())) == len(regions)
    names = {region: systems[region] if is_telling else region for region in regions}
    laid = {}
    for region, system in systems.items():
        image = _image_question(data, system, {})
        laid[region] = _Laid(
            system, "" if image is None else image.answer, names[region], names[region]
        )
    notes += _place(data, adata, laid)
    adata.uns[keys.SECTIONS] = "library_id"
    for one in (one for one in laid.values() if one.image):
        try:
            seen = held(Levels(_levels(data[one.image]), _channels(data[one.image])), {})
        except BadImage as error:
            notes.append(f"The image {one.image} was left out. {error}")
            continue
        _lay_under(adata, one.library, seen, _onto(data[one.image], one.system)[1])
        notes += seen.notes
        if seen.pyramid is not None:
            pyramids[one.library] = seen.pyramid
    return Found(adata, list(dict.fromkeys(notes)), tuple(questions), pyramids)


# ---- what is chosen ----------------------------------------------------------------------------


def _table_question(data: SpatialData, path: Path, options: Options) -> Question:
    if not data.tables:
        held = ", ".join(name for _, name, _ in data.gen_elements()) or "nothing"
        raise not_readable(
            path, f"no table of counts (it holds {held})", "Add one to it.", "a SpatialData store"
        )
    choices = [(name, f"{t.n_obs:,} × {t.n_vars:,}") for name, t in data.tables.items()]
    usual = choices[0][0] if len(choices) == 1 else ""
    question = Question.of("table", "Table", choices, options, usual, "Which table is read.")
    if not question.answer:
        raise Undecided(question)
    return question


def _regions(data: SpatialData, adata: AnnData) -> list[str]:
    """Elements that the table annotates, as far as the data hold them."""
    held = adata.uns.get("spatialdata_attrs", {}).get("region", [])
    names = [held] if isinstance(held, str) else [str(name) for name in held]
    return [name for name in names if name in data.shapes or name in data.labels]


def _systems_of(element: Any) -> set[str]:
    from spatialdata.transformations import get_transformation

    return set(get_transformation(element, get_all=True))


def _system_question(data: SpatialData, regions: Sequence[str], options: Options) -> Question:
    """Coordinate systems that hold all regions; those with an image go first.

    Regions that have systems of their own, as sections do, can be laid out in these.
    """
    common = set.intersection(*(_systems_of(data[name]) for name in regions))
    n_images = {s: sum(s in _systems_of(image) for image in data.images.values()) for s in common}
    order = sorted(common, key=lambda s: (n_images[s] == 0, s != "global", s))
    choices = [(s, f"{s}, {counted(n_images[s], 'image')}") for s in order]
    if len(regions) > 1 and not common & set(_own_systems(data, regions).values()):
        each = (_EACH, f"a section each: {counted(len(regions), 'region')} in their own")
        choices = [each, *choices]
    help = "The coordinate system that places and image share."
    return Question.of("coordinates", "Coordinate system", choices, options, choices[0][0], help)


def _own_systems(data: SpatialData, regions: Sequence[str]) -> dict[str, str]:
    """For each region the system that it shares with fewest others; with an image, if it can be."""
    systems = {name: _systems_of(data[name]) for name in regions}
    pictured = set[str]().union(*(_systems_of(image) for image in data.images.values()))

    def rank(system: str) -> tuple[int, bool, str]:
        return sum(system in its for its in systems.values()), system not in pictured, system

    return {name: min(its, key=rank) for name, its in systems.items()}


def _image_question(data: SpatialData, system: str, options: Options) -> Question | None:
    there = {n: i for n, i in data.images.items() if system in _systems_of(i)}
    if not there:
        return None
    sizes = {name: _levels(image)[0].shape[-2:] for name, image in there.items()}
    choices = [(name, f"{name}, {w:,} × {h:,} pixels") for name, (h, w) in sizes.items()]
    usual = max(sizes, key=lambda name: sizes[name][0] * sizes[name][1])
    choices.append((_NONE, "none"))
    return Question.of("image", "Image", choices, options, usual, "The image under the spots.")


# ---- places and images -------------------------------------------------------------------------


def _place(data: SpatialData, adata: AnnData, laid: Mapping[str, _Laid]) -> list[str]:
    """Write places and image into the AnnData; sentences on what was found."""
    attributes = adata.uns["spatialdata_attrs"]
    region, names = adata.obs[attributes["region_key"]], adata.obs[attributes["instance_key"]]
    places, diameters = np.full((adata.n_obs, 2), np.nan), dict[str, list[float]]()
    sections = region.astype(str).to_numpy(dtype=object)
    for name, (system, image, library, section) in laid.items():
        into = _onto(data[image], system)[0] if image else np.eye(3)
        found = _placed(data, name, system, into)
        here = np.flatnonzero((region == name).to_numpy())
        at = found.places.reindex(names.iloc[here].to_numpy())
        places[here] = at[list(_XY)].to_numpy(dtype=float)
        if image:
            diameters.setdefault(library, []).append(found.diameter)
        sections[here] = section
    notes = _giving_way(adata, places, sections if len(laid) > 1 else None, bool(diameters))
    adata.obsm[keys.SPATIAL] = places
    n_lost = int(np.isnan(places).any(axis=1).sum())
    if n_lost:
        lost = percent(n_lost / adata.n_obs)
        notes.append(f"{counted(n_lost, 'row')} of the table ({lost}) have no shape or label.")
    if len(laid) > 1:
        adata.obs["library_id"] = pd.Categorical(sections)
    if diameters:
        adata.uns[keys.SPATIAL] = {n: _library(found) for n, found in diameters.items()}
    return notes


def _giving_way(
    adata: AnnData, places: NDArray[np.float64], sections: NDArray[Any] | None, is_pictured: bool
) -> list[str]:
    """Say what of the table itself other values take the place of."""
    before, library = adata.obsm.get(keys.SPATIAL), adata.obs.get("library_id")
    others = []
    if before is not None and not (
        np.shape(before) == places.shape and np.allclose(before, places, equal_nan=True)
    ):
        others.append(f"obsm[{keys.SPATIAL!r}]")
    if sections is not None and library is not None and (library.astype(str) != sections).any():
        others.append("obs['library_id']")
    if is_pictured and keys.SPATIAL in adata.uns:
        others.append(f"uns[{keys.SPATIAL!r}]")
    if not others:
        return []
    listed = ", ".join(others)
    return [f"In place of {listed} of the table are places and images of the store's elements."]


def _library(diameters: list[float]) -> dict[str, Any]:
    """What is known of a library before its image is read."""
    scales = {"spot_diameter_fullres": d} if (d := float(np.median(diameters))) else {}
    return {"images": {}, "scalefactors": scales}


def _lay_under(adata: AnnData, library: str, seen: Held, unit: float) -> None:
    """Add an image, a pixel of whose sharpest level is so many units wide."""
    its = adata.uns[keys.SPATIAL][library]
    its["images"]["hires"] = seen.pixels
    its["scalefactors"]["tissue_hires_scalef"] = seen.share / unit


def _onto(image: Any, system: str) -> tuple[NDArray[np.float64], float]:
    """What takes a coordinate system to an image, (3, 3), and how many units a pixel is wide then.

    An image that is only larger or smaller than the system leaves the system as it is; any other is
    where the places go.
    """
    matrix = _matrix(image, system)
    if np.allclose(matrix, np.diag([matrix[0, 0], matrix[0, 0], 1])) and matrix[0, 0] > 0:
        return np.eye(3), float(matrix[0, 0])
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64), 1.0


def _placed(data: SpatialData, name: str, system: str, into: NDArray[np.float64]) -> _Placed:
    """Centres of the shapes or labels of a region, taken over by a matrix."""
    from spatialdata import get_centroids

    element = data[name]
    centres = get_centroids(element, coordinate_system=system).compute()
    moved = centres[list(_XY)].to_numpy(dtype=float) @ into[:2, :2].T + into[:2, 2]
    places = pd.DataFrame(moved, index=centres.index, columns=list(_XY))
    width = 0.0
    if name in data.shapes:
        is_round = "radius" in element
        radii = element["radius"] if is_round else np.sqrt(element.geometry.area / np.pi)
        scale = np.abs(np.linalg.det((into @ _matrix(element, system))[:2, :2])) ** 0.5
        width = 2 * float(np.median(radii)) * float(scale)
    return _Placed(places, width)


def _matrix(element: Any, system: str) -> NDArray[np.float64]:
    """How an element lies in a coordinate system, (3, 3)."""
    from spatialdata.transformations import get_transformation

    moved = get_transformation(element, to_coordinate_system=system)
    return np.asarray(moved.to_affine_matrix(_XY, _XY), dtype=float)


def _levels(image: Any) -> tuple[da.Array, ...]:
    """The levels of an image, (channels, height, width), the sharpest first; nothing is loaded."""
    from spatialdata import get_pyramid_levels
    from xarray import DataArray

    levels = [image] if isinstance(image, DataArray) else get_pyramid_levels(image)
    return tuple(level.data for level in levels)


def _channels(image: Any) -> tuple[str, ...]:
    from spatialdata.models import get_channel_names

    return tuple(str(name) for name in get_channel_names(image))
