"""Sparse matrices whose three arrays do not belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..case import Case
from ..hdf5 import attributes, broken, edited
from ..sound import G, N, section

Array = np.ndarray
NNZ = int(section().X.nnz)


def at(place: int, value: Any, kind: str = "") -> Callable[[Array], Array]:
    """Change one element."""

    def change(array: Array) -> Array:
        new = array.astype(kind or array.dtype)
        new[place] = value
        return new

    return change


def swapped(array: Array) -> Array:
    return array[[1, 0, *range(2, len(array))]]


REFUSED: dict[str, tuple[str, Callable[[Array], Any]]] = {
    "an index one too far": ("indices", at(5, G)),
    "an index of 2³¹ − 1": ("indices", at(5, 2**31 - 1)),
    "an index of −1": ("indices", at(5, -1)),
    "an index of −10⁶": ("indices", at(5, -(10**6))),
    "all indices far": ("indices", lambda a: a + 100_000),
    "indices NaN": ("indices", lambda a: np.full(len(a), np.nan, "f4")),
    "indices in two rows": ("indices", lambda a: a[: len(a) // 2 * 2].reshape(2, -1)),
    "indices too few": ("indices", lambda a: a[:-3]),
    "indices none": ("indices", lambda a: a[:0]),
    "data too few": ("data", lambda a: a[:-3]),
    "data none": ("data", lambda a: a[:0]),
    "data text": ("data", lambda a: np.array(["x"] * len(a), dtype=object)),
    "data complex": ("data", lambda a: a + 1j),
    "data compound": ("data", lambda a: np.zeros(len(a), [("a", "i4"), ("b", "i4")])),
    "bounds too few": ("indptr", lambda a: a[:-1]),
    "bounds that go back": ("indptr", at(5, NNZ)),
    "bounds negative": ("indptr", at(5, -7)),
    "bounds that begin late": ("indptr", at(0, 3)),
    "bounds that end far": ("indptr", at(N, NNZ + 10_000)),
    "bounds that end at 10⁹": ("indptr", at(N, 10**9)),
    "bounds that end early": ("indptr", at(N, NNZ - 20)),
    "bounds of 2⁴⁰ within": ("indptr", at(7, 2**40, "i8")),
    "bounds of −2³¹ within": ("indptr", at(7, -(2**31))),
    "bounds all zero": ("indptr", lambda a: a * 0),
}
EITHER: dict[str, tuple[str, Callable[[Array], Any]]] = {
    "indices as fractions": ("indices", lambda a: a.astype("f4")),
    "indices of 8 bytes": ("indices", lambda a: a.astype("u8")),
    "indices too many": ("indices", lambda a: np.append(a, [0, 1])),
    "indices not in order": ("indices", swapped),
    "data too many": ("data", lambda a: np.append(a, [1, 1])),
    "data of 16 bytes": ("data", lambda a: a.astype("f16")),
    "bounds as fractions": ("indptr", lambda a: a.astype("f8")),
}
TAKEN: dict[str, tuple[str, Callable[[Array], Any]]] = {
    "zeros that are written": ("data", at(3, 0)),
    "data of 2 bytes": ("data", lambda a: a.astype("f2")),
}
SHAPES: dict[str, Any] = {
    "wider": [N, G + 10],
    "narrower": [N, G - 10],
    "taller": [N + 10, G],
    "negative": [-N, G],
    "zero": [0, 0],
    "NaN": [np.nan, np.nan],
    "text": f"{N}x{G}",
    "of one number": [N],
}


def cases() -> Iterator[Case]:
    for want, table in (("refused", REFUSED), ("either", EITHER), ("taken", TAKEN)):
        for name, (part, change) in table.items():
            yield from broken("sparse", name, edited(f"X/{part}", change), want=want)  # type: ignore[arg-type]
    for name, shape in SHAPES.items():
        yield from broken("sparse", f"a shape {name}", attributes("X", shape=shape))
    fractions = attributes("X", shape=[float(N), float(G)])
    yield from broken("sparse", "a shape of fractions", fractions, want="either")
    for other in ("csc_matrix", "coo_matrix"):
        yield from broken("sparse", f"said to be {other}", attributes("X", encoding_type=other))
    for by in (50_000, -50_000):
        for place in ("layers/counts", "raw/X"):
            moved = edited(f"{place}/indices", lambda a, by=by: a + by)
            yield from broken("sparse", f"{place} off by {by}", moved, kind="full")
    pairs = edited("obsp/near/indices", lambda a: a + 10**6)
    yield from broken("sparse", "pairs far", pairs, kind="full", want="either")
    for name in ("an index of 2³¹ − 1", "bounds that go back", "all indices far"):
        part, change = REFUSED[name]
        by_columns = edited(f"X/{part}", change)
        yield from broken("sparse", f"by columns: {name}", by_columns, kind="by columns")
