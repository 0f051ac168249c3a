"""Counts that are none, of every type that HDF5 can hold; and files of very few spots."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import h5py
import numpy as np

from ..case import CHECK, CLUSTER, IMPUTE, OPEN, Case, tried
from ..hdf5 import PLAIN, TEXT, Change, broken, dataset, dense
from ..sound import G, N, section

COUNTS = section().X.toarray()


def one(value: float) -> Callable[[np.ndarray], np.ndarray]:
    """Change one count of all."""

    def change(counts: np.ndarray) -> np.ndarray:
        new = counts.copy()
        new[2, 17] = value
        return new

    return change


NO_COUNTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "logarithms": np.log1p,
    "scaled": lambda x: (x - x.mean(0)) / x.std(0),
    "negative": lambda x: x - 9,
    "fractions": lambda x: 40 * x + 0.5,
    "zeros": lambda x: x * 0,
    "minus zero": lambda x: x * -0.0,
    "all NaN": lambda x: x * np.nan,
    "one NaN": one(np.nan),
    "one infinity": one(np.inf),
    "one minus infinity": one(-np.inf),
    "above 2²⁵": lambda x: x + 2.0**25,
    "10³⁰⁰": lambda x: x * 1e300,
    "tiny": lambda x: x * 5e-324,
    "whole numbers of 10¹²": lambda x: (x * 10**12).astype("i8"),
    "the largest whole number": lambda x: np.full((N, G), 2**64 - 1, "u8"),
    "true and false": lambda x: x > 0,
    "complex": lambda x: x.astype("c8"),
    "text of 8 bytes": lambda x: x.astype("S8"),
    "compound": lambda x: np.zeros((N, G), [("a", "i4"), ("b", "f8")]),
    "opaque": lambda x: np.zeros((N, G), "V8"),
    "one number": lambda x: np.array(3.0),
    "transposed": lambda x: x.T,
    "a row too few": lambda x: x[:-1],
    "no rows": lambda x: x[:0],
    "no columns": lambda x: x[:, :0],
}
TAKEN = {"2 bytes": "f2", "big endian": ">f4", "single bytes": "u1", "8 bytes": "i8"}


def cases() -> Iterator[Case]:
    for name, change in NO_COUNTS.items():
        value = change(COUNTS.astype("f8"))
        yield from broken("values", name, dense(value))
    for name, kind in TAKEN.items():
        yield from broken("values", f"counts of {name}", dense(COUNTS.astype(kind)), want="taken")
    almost = dense(COUNTS.astype("f8") + 1e-5)
    yield from broken("values", "counts that are almost whole", almost, want="taken")
    yield from broken("values", "counts of 16 bytes", dense(COUNTS.astype("f16")), want="either")
    for name, put in _of_types().items():
        want = "either" if name == "named numbers" else "refused"
        yield from broken("values", name, put, want=want)  # type: ignore[arg-type]


def sizes() -> Iterator[Case]:
    lines = (CHECK, IMPUTE, OPEN, CLUSTER)
    for n_obs, n_vars in ((0, 0), (0, 5), (5, 0), (1, 1), (1, 30), (40, 1), (2, 2)):

        def make(folder, n=n_obs, g=n_vars):  # type: ignore[no-untyped-def]
            section(max(n, 1), max(g, 1))[:n, :g].copy().write_h5ad(folder / "in.h5ad")

        want = "either" if n_obs and n_vars else "refused"
        yield from tried("size", f"{n_obs} × {n_vars}", make, want, lines)  # type: ignore[arg-type]


def _of_types() -> dict[str, Change]:
    """Types that numpy has no plain word for."""
    texts = np.array([[str(v) for v in row] for row in COUNTS], dtype=object)
    references = h5py.ref_dtype
    return {
        "text": dense(texts, dtype=TEXT),
        "lists": dataset("X", None, PLAIN, shape=(N, G), dtype=h5py.vlen_dtype("f4")),
        "pairs": dataset("X", None, PLAIN, shape=(N, G), dtype=np.dtype(("f4", (2,)))),
        "named numbers": dense(COUNTS.astype("i1"), dtype=h5py.enum_dtype({"a": 0, "b": 1}, "i1")),
        "references": lambda file: dense(np.full((N, G), file.ref, references), dtype=references)(
            file
        ),
        "empty space": dataset("X", h5py.Empty("f4"), PLAIN),
        "numbers said to be text": dataset(
            "X", COUNTS, {"encoding-type": "string-array", "encoding-version": "0.2.0"}
        ),
    }
