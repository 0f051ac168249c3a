"""Find, check and convert counts: where they are in an AnnData, and whether they are counts.

Places are named "X", "raw" (``adata.raw``) or by the name of a layer; a layer that is called like
one of the others that is there too is "layers/X" or "layers/raw".
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import NotCounts, NotReadable, UnknownName
from ..progress import Progress, drain
from .lazy import chunks, is_lazy
from .on_disk import by_column, is_on_disk, let_go, made_of, parts_of, with_values
from .structure import named

if TYPE_CHECKING:
    from anndata import AnnData

_COUNT_LAYERS = ("counts", "raw_counts", "raw", "count", "umi", "umi_counts", "matrix")
"""Usual names of layers with counts, the likeliest first; compared in lower case."""

_SPLIT_LAYERS = (("spliced", "unspliced", "ambiguous"), ("mature", "nascent", "ambiguous"))
"""Layers that hold a part of the molecules each; the third may be missing."""

_AND = " + "
"""Between the names of layers whose sum holds the counts."""

_SHARE = 0.5
"""A place with fewer of the molecules than this, as against another, holds a part of them."""

_NOISE = 1e-3
"""Up to which a value may differ from a whole number, as rounding leaves it."""

_OF_LAYER = "layers/"
"""Before the name of a layer that would mean another place; h5ad has no "/" in names."""

BLOCK = 4_000_000
"""Values looked at in one go, so that a check needs little memory."""

ROW_BLOCK = 1_000_000
"""Values (spots × genes) of dense rows that are worked on in one go."""

_LARGEST = 2**24
"""Above this, float32 no longer holds every whole number."""


@dataclass(frozen=True, eq=False)
class Counts:
    """The counts of an AnnData, found and checked once, to be handed on.

    Attributes
    ----------
    place : where they are: "X", "raw" or the name of a layer; or names of layers that were added,
        with " + " between them
    matrix : (n_obs, genes of that place), float32 CSR without explicit zeros, sorted within each
        row. It may share memory with the AnnData: do not change it in place
    var : annotation of these genes
    rejected : what the places hold that were tried before this one, by their names
    is_rounded : whether values that were nearly whole were rounded
    """

    place: str
    matrix: sp.csr_matrix = field(repr=False)
    var: pd.DataFrame = field(repr=False)
    rejected: Mapping[str, str] = field(default_factory=dict)
    is_rounded: bool = False

    @property
    def where(self) -> str:
        """The place in a sentence: "X", "raw", "layer 'counts'"."""
        return _spoken(self.place)


def read_counts(adata: AnnData, where: str = "") -> Counts:
    """Find and check the counts. This reads every value: hand on what it gives.

    Parameters
    ----------
    adata : in memory
    where : "X", "raw" or a layer; "" finds them

    Raises
    ------
    UnknownName : there is no such place
    NotCounts : the values there are not counts; or, of no place, what each holds
    NotReadable : the AnnData is backed by a file, not in memory
    """
    place, rejected = (where, dict[str, str]()) if where else drain(search_steps(adata))
    if where:
        if place not in count_places(adata):
            raise UnknownName.of("counts layer", place, count_places(adata))
        check_counts(values_at(adata, place), _spoken(place))
    matrix, is_rounded = _as_csr(values_at(adata, place))
    return Counts(place, matrix, var_of(adata, place), rejected, is_rounded)


def find_counts(adata: AnnData) -> str:
    """Say where the raw counts are: "X", the name of a layer, or "raw".

    X goes first, then layers with usual names ("counts", …), the sum of spliced and unspliced,
    other layers, and raw; but not a place with 0 and 1 alone, or with less than half of the
    molecules of another, as long as there is a better one.

    Raises
    ------
    NotCounts : no place holds counts; the message says what each place holds
    NotReadable : the AnnData is backed by a file, not in memory
    """
    return drain(search_steps(adata))[0]


def count_places(adata: AnnData) -> list[str]:
    """Name every place that could hold counts, in the order in which they are tried."""
    check_in_memory(adata)
    x = ["X"] if adata.X is not None else []
    raw = ["raw"] if adata.raw is not None else []
    names = named(adata, "layers")
    layers = [
        *(name for name in sorted(names, key=_layer_rank) if _is_usual(name)),
        *_sums(adata),
        *(name for name in sorted(names) if not _is_usual(name)),
    ]
    return x + [_OF_LAYER + name if name in x + raw else name for name in layers] + raw


def check_in_memory(adata: AnnData) -> None:
    """Refuse an AnnData whose values are still in a file (`NotReadable`)."""
    if adata.isbacked or not isinstance(adata.obs, pd.DataFrame):
        raise NotReadable(
            expected="data in memory",
            found="an AnnData that is backed by a file",
            remedy="Load it first: adata = adata.to_memory().",
        )


def check_counts(matrix: Any, where: str) -> None:
    """Refuse values that are not raw counts, with an example and what they look like.

    Parameters
    ----------
    matrix : (cells, genes), dense or sparse; only the stored values of a sparse one are read
    where : what to call the place in the message ("X", "layer 'counts'", "raw")

    Raises
    ------
    NotCounts : negative, fractional, NaN or infinite values, only zeros, or no numbers
    """
    require_counts(drain(held_steps(matrix, where)))


def require_counts(held: Held) -> None:
    """Refuse a place that holds none (`NotCounts`)."""
    if held.fault:
        raise _not_counts(held.fault)


@dataclass(frozen=True)
class Held:
    """What a place holds: why that is no counts, the highest value, and the sum of all."""

    fault: str
    highest: float
    molecules: float


def held_steps(matrix: Any, where: str) -> Generator[Progress, None, Held]:
    """Look at the values of a place once, up to the first that is no count."""
    highest, molecules = 0.0, 0.0
    for block in _blocks(matrix):
        yield Progress("counts", 0, 0, message="Looking for the counts")
        fault = _fault_of_block(block, where)
        if fault:
            return Held(fault, highest, molecules)
        highest = max(highest, float(block.max(initial=0)))
        molecules += float(block.sum(dtype=np.float64))
    return Held("" if highest > 0.5 else f"only zeros in {where}", highest, molecules)


def counts_of(adata: AnnData, where: str = "") -> sp.csr_matrix:
    """Return the matrix of `read_counts`, which says what it is and what it raises."""
    return read_counts(adata, where).matrix


def counts_by_gene(adata: AnnData) -> sp.csc_matrix:
    """The counts of raw, else of X, by column: as they are stored where they are stored so."""
    where = "X" if adata.raw is None else "raw"
    stored = values_at(adata, where)
    is_by_gene = getattr(stored, "format", "") == "csc" and stored.dtype == np.float32
    if is_by_gene and all((block == np.rint(block)).all() for block in _blocks(stored)):
        return sp.csc_matrix(stored)
    return counts_of(adata, where).tocsc()


def values_at(adata: AnnData, place: str) -> Any:
    """Return the matrix at a place as it is stored: (n_obs, genes of that place)."""
    if place == "X" and adata.X is not None:
        return adata.X
    if _is_raw(adata, place):
        return adata.raw.X
    name = place.removeprefix(_OF_LAYER)
    if name not in adata.layers and name in _sums(adata):
        return sum(adata.layers[part] for part in name.split(_AND))
    return adata.layers[name]


def var_of(adata: AnnData, where: str) -> pd.DataFrame:
    """Return the annotation of the genes at a place: that of raw for "raw", else ``adata.var``."""
    annotation: pd.DataFrame = (adata.raw if _is_raw(adata, where) else adata).var
    return annotation


def row_blocks(shape: tuple[int, ...], n_values: int | None = None) -> Iterator[slice]:
    """Blocks of rows that cover a matrix of this shape, of about so many values each."""
    step = max(1, (n_values or ROW_BLOCK) // max(1, shape[1]))
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def depth_of(counts: sp.csr_matrix | sp.csc_matrix) -> NDArray[np.float64]:
    """Molecules of each spot, (n_obs,)."""
    totals = [np.asarray(part.sum(axis=1)).ravel() for _rows, part in parts_of(counts)]
    return np.concatenate(totals).astype(np.float64)


def size_factors(counts: sp.csr_matrix | sp.csc_matrix) -> NDArray[np.float32]:
    """Depth of each cell relative to the median cell.

    Returns
    -------
    (n_obs,), total counts / median of the positive totals; 1 for a cell without counts
    """
    totals = depth_of(counts)
    positive = totals > 0
    if not positive.any():
        return np.ones(len(totals), dtype=np.float32)
    return np.where(positive, totals / np.median(totals[positive]), 1.0).astype(np.float32)


def log_normalise(counts: sp.csr_matrix, size_factors: NDArray[np.float32]) -> sp.csr_matrix:
    """Divide each cell by its size factor and take log(1 + x); zeros stay zeros.

    Returns
    -------
    (n_obs, n_vars), float32, natural logarithm; in memory it shares with the counts where they are
    """

    def logged(rows: slice, part: sp.csr_matrix) -> sp.csr_matrix:
        values = part.data / np.repeat(size_factors[rows], np.diff(part.indptr))
        return with_values(part, np.log1p(values, out=values).astype(np.float32, copy=False))

    return made_of(counts, logged)


def search_steps(adata: AnnData) -> Generator[Progress, None, tuple[str, dict[str, str]]]:
    """Name the place of the counts, and say what the places before it hold instead.

    As `find_counts`, in steps, for values that are still in a file (`lazy`).
    """
    if is_on_disk(adata.X):
        return "X", {}  # they were looked for when they were put there
    places, rejected = count_places(adata), dict[str, str]()
    molecules, usual = dict[str, float](), 0.0  # of each place of counts; the most at a usual one
    for place in places:
        if usual and not _is_usual(place):
            continue  # what there is holds counts, and most of them
        held = yield from held_steps(values_at(adata, place), _spoken(place))
        if usual and held.molecules * _SHARE <= usual:
            continue
        if held.fault:
            rejected[place] = held.fault
        elif held.highest <= 1:
            rejected[place] = f"only 0 and 1 in {_spoken(place)}"
        else:
            shared = (
                (yield from held_steps(_shared(adata), place)) if _is_raw(adata, place) else held
            )
            molecules[place] = shared.molecules
            if place == "X" or _is_usual(place):
                usual = max(usual, shared.molecules)
    most = max(molecules.values(), default=0.0)
    for place, found in molecules.items():
        if found >= most * _SHARE:
            return place, rejected
        rejected[place] = f"only {found / most:.0%} of the molecules in {_spoken(place)}"
    for place in places:  # 0 and 1 alone are better than nothing
        if rejected[place].startswith("only 0 and 1"):
            del rejected[place]
            return place, rejected
    faults = list(rejected.values()) or [
        "no values: X is empty, and there are no layers and no raw"
    ]
    more = f"; and {len(faults) - 4} more layers without counts" if len(faults) > 4 else ""
    raise _not_counts("; ".join(faults[:4]) + more)


def _sums(adata: AnnData) -> list[str]:
    """Sums of layers with a part of the molecules each, unless a layer holds them together."""
    found = []
    for parts in _SPLIT_LAYERS:
        if {*parts[:2]} <= set(adata.layers) and "matrix" not in adata.layers:
            found.append(_AND.join(part for part in parts if part in adata.layers))
    return found


def _shared(adata: AnnData) -> Any:
    """The values of raw for the genes of X alone, which compare with those of layers."""
    at = adata.raw.var_names.get_indexer(adata.var_names)
    return adata.raw.X[:, at[at >= 0]]


def _is_usual(name: str) -> bool:
    return name.removeprefix(_OF_LAYER).lower() in _COUNT_LAYERS or _AND in name


def _layer_rank(name: str) -> tuple[int, str]:
    lower = name.lower()
    return (_COUNT_LAYERS.index(lower) if lower in _COUNT_LAYERS else len(_COUNT_LAYERS), name)


def _is_raw(adata: AnnData, where: str) -> bool:
    return where == "raw" and adata.raw is not None


def _spoken(place: str) -> str:
    if place in ("X", "raw"):
        return place
    return f"{'layers' if _AND in place else 'layer'} {place.removeprefix(_OF_LAYER)!r}"


def _as_csr(matrix: Any) -> tuple[sp.csr_matrix, bool]:
    """The matrix by row and without stored zeros, and whether it had to be rounded."""
    if is_on_disk(matrix):  # as it was put there, or turned
        return matrix if matrix.format == "csr" else by_column(matrix.T).T, False
    is_rounded = any((block != np.rint(block)).any() for block in _blocks(matrix))
    counts = sp.csr_matrix(matrix, dtype=np.float32)
    if counts.has_canonical_format and counts.data.all() and not is_rounded:
        return counts, False
    counts = counts.copy()  # what follows works in place, and the input stays as it is
    np.rint(counts.data, out=counts.data)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    return counts, is_rounded


def _blocks(matrix: Any) -> Iterator[NDArray[Any]]:
    if is_lazy(matrix):
        for chunk in chunks(matrix):
            yield from _blocks(chunk.values)
        return
    is_sparse = sp.issparse(matrix)
    if is_sparse:
        values = matrix.data if matrix.format in ("csr", "csc") else matrix.tocsr().data
        for start in range(0, len(values), BLOCK):
            yield values[start : start + BLOCK]
        let_go(matrix)
        return
    dense = np.asarray(matrix)
    for rows in row_blocks(dense.shape):
        yield dense[rows]


def _fault_of_block(block: NDArray[Any], where: str) -> str:
    if block.dtype.kind not in "uif":
        kind = "true/false values" if block.dtype.kind == "b" else f"values of type {block.dtype}"
        return f"{kind} in {where}"
    if block.dtype.kind == "f" and not np.isfinite(block).all():
        kind = "NaN (missing values)" if np.isnan(block).any() else "infinite values"
        return f"{kind} in {where}"
    if block.size and block.min() <= -_NOISE:
        is_scaled = block.dtype.kind == "f" and (block % 1 != 0).any()
        looks = ", which look scaled (centred on zero)" if is_scaled else ""
        return f"negative values like {block[block < 0].flat[0]:.3g} in {where}{looks}"
    if block.size and float(block.max()) > _LARGEST:  # float16 cannot hold that limit
        return f"values like {block.max():.3g} in {where}, too large for counts"
    if block.dtype.kind != "f" or not block.size:
        return ""
    fractions = block[np.abs(block - np.rint(block)) >= _NOISE]
    if not fractions.size:
        return ""
    looks = "log-transformed" if block.max() < 20 else "normalised, or estimated"
    return f"values like {fractions[0]:.3g} in {where}, which look {looks}"


def _not_counts(found: str) -> NotCounts:
    return NotCounts(
        expected="counts (whole numbers ≥ 0)",
        found=found,
        remedy="Put the raw counts in X or in a layer (adata.layers['counts']), "
        "or open the file that holds them.",
    )
