"""Tables of spots and genes whose columns do not fit, and coordinates that are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..case import CHECK, CLUSTER, IMPUTE, OPEN, Case, tried
from ..hdf5 import TEXT, Change, broken, dataset, without
from ..sound import G, N, section

CODES = "obs/label/codes"


def texts(*words: Any) -> dict[str, Any]:
    """A column of text."""
    return {"value": np.array(words, dtype=object), "dtype": TEXT}


def nullable(file: h5py.File) -> None:
    """A nullable column whose mask is too short."""
    del file["obs/score"]
    group = file.create_group("obs/score")
    group["values"], group["mask"] = np.zeros(N), np.zeros(3, bool)
    group.attrs.update({"encoding-type": "nullable-integer", "encoding-version": "0.1.0"})


def many_columns(file: h5py.File) -> None:
    """A table of 2,000 columns."""
    names = [f"c{i}" for i in range(2_000)]
    for name in names:
        dataset(f"var/{name}", np.zeros(G, "i1"))(file)
    file["var"].attrs["column-order"] = names


def no_text(place: str, size: int, *, same: bool = False) -> Change:
    """Names that are no UTF-8."""
    names = [b"g\xff\xfe" + (b"" if same else str(i).encode()) for i in range(size)]
    return dataset(place, **texts(*names))


REFUSED: dict[str, Change] = {
    "codes of −5": dataset(CODES, np.full(N, -5, "i1")),
    "codes as fractions": dataset(CODES, np.full(N, 0.5)),
    "codes too few": dataset(CODES, np.zeros(3, "i1")),
    "no codes": without(CODES),
    "no categories": without("obs/label/categories"),
    "a column too short": dataset("obs/score", np.zeros(3)),
    "a column of pairs": dataset("obs/score", np.zeros((N, 2))),
    "a mask too short": nullable,
    "an index too short": dataset("obs/_index", **texts("a", "b", "c")),
    "an index of NaN": dataset("obs/_index", np.full(N, np.nan)),
    "an index of pairs": dataset("obs/_index", **texts(*[["a", "b"]] * N)),
    "an index of empty names": dataset("obs/_index", **texts(*[""] * N)),
    "genes of one name that is no text": no_text("var/_index", G, same=True),
}
EITHER: dict[str, Change] = {
    "codes all missing": dataset(CODES, np.full(N, -1, "i1")),
    "categories of numbers": dataset("obs/label/categories", np.array([1.5, np.nan]), {}),
    "a compound column": dataset("obs/score", np.zeros(N, [("a", "i4")])),
    "a complex column": dataset("obs/score", np.zeros(N, "c8")),
    "a column of 2 bytes": dataset("obs/score", np.zeros(N, "f2")),
    "a column of lists": dataset("obs/score", shape=(N,), dtype=h5py.vlen_dtype("f4")),
    "a column of huge numbers": dataset("obs/score", np.full(N, 2**64 - 1, "u8")),
    "an index of numbers": dataset("obs/_index", np.arange(N)),
    "an index of bytes": dataset("obs/_index", np.array([f"s{i}".encode() for i in range(N)])),
    "an index that is no text": no_text("obs/_index", N),
    "genes that are no text": no_text("var/_index", G),
}

XY = section().obsm["spatial"]


def _with(row: int, column: int, value: float) -> np.ndarray:
    places = XY.copy()
    places[row, column] = value
    return places


PLACES: dict[str, np.ndarray] = {
    "NaN": XY * np.nan,
    "one NaN": _with(4, 1, np.nan),
    "infinite": XY + np.inf,
    "three columns": np.column_stack([XY, XY[:, 0]]),
    "one column": XY[:, :1],
    "no columns": XY[:, :0],
    "a list": XY[:, 0],
    "all equal": XY * 0 + 5,
    "on a line": np.column_stack([np.zeros(N), np.arange(N)]),
    "10³⁰⁰ apart": XY * 1e300,
    "10⁻³⁰⁰ apart": XY * 1e-300,
    "of 2 bytes": XY.astype("f2"),
    "complex": XY.astype("c8"),
    "true and false": XY > 2,
    "text of bytes": XY.astype("S8"),
    "compound": np.zeros(N, [("x", "f4"), ("y", "f4")]),
    "too few": XY[:5],
    "each twice": np.repeat(XY[: N // 2], 2, axis=0),
    "far from zero": XY + 1e15,
    "one far": _with(4, 1, 1e30),
    "of three dimensions": XY[..., None],
}


def cases() -> Iterator[Case]:
    for name, change in REFUSED.items():
        yield from broken("tables", name, change)
    for name, change in EITHER.items():
        yield from broken("tables", name, change, want="either")
    yield from broken("tables", "2,000 columns", many_columns, want="either", lines=(CHECK,))


def places() -> Iterator[Case]:
    how: dict[str, Any] = {"want": "either", "lines": (CHECK, IMPUTE, OPEN, CLUSTER)}
    for name, value in PLACES.items():
        yield from broken("places", name, dataset("obsm/spatial", value), **how)
    words = dataset("obsm/spatial", XY.astype(str).astype(object), dtype=TEXT)
    yield from broken("places", "text", words, **how)
    group = lambda file: (without("obsm/spatial")(file), file.create_group("obsm/spatial"))  # noqa: E731
    yield from broken("places", "an empty group", group, **how)
    index = section().obs_names
    for name, value in {
        "sparse": sp.csr_matrix(XY),
        "a table": pd.DataFrame(XY, columns=["x", "y"], index=index),
        "a table of text": pd.DataFrame({"x": ["a"] * N, "y": ["b"] * N}, index=index),
    }.items():

        def make(folder, value=value):  # type: ignore[no-untyped-def]
            adata = section()
            adata.obsm["spatial"] = value
            adata.write_h5ad(folder / "in.h5ad")

        yield from tried("places", name, make, **how)
