"""Files that are HDF5 and not quite an AnnData; links within a file and out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from ..case import Case, tried
from ..hdf5 import PLAIN, Change, attributes, broken, changed, dataset, number_at, without
from ..sound import G, N

SECRET = b"PRIVATE-MARKER-7391"

REFUSED: dict[str, Change] = {
    "no X": without("X"),
    "no obs": without("obs"),
    "obs a plain dataset": dataset("obs", np.arange(N), {}),
    "obs of no encoding's index": attributes("obs", _index=None),
    "obs with a missing index": attributes("obs", _index="nowhere"),
    "obs with the index of var": attributes("obs", _index="../var/_index"),
    "obs with a missing column": attributes("obs", column_order=["label", "nowhere"]),
    "obs with numbers for columns": attributes("obs", column_order=[1, 2]),
    "obs without an order": attributes("obs", column_order=None),
    "obs said to be csr": attributes("obs", encoding_type="csr_matrix"),
    "obs said to be a dict": attributes("obs", encoding_type="dict"),
    "layers a number": number_at("layers"),
    "X of an unknown encoding": attributes("X", encoding_type="banana"),
    "X of an unknown version": attributes("X", encoding_version="9.9.9"),
    "X said to be a table": attributes("X", encoding_type="dataframe"),
    "X said to be an array": attributes("X", encoding_type="array"),
    "the root unknown": attributes("/", encoding_type="banana"),
    "the root a dict": attributes("/", encoding_type="dict"),
    "the root MuData": attributes("/", encoding_type="MuData"),
    "the root a number": attributes("/", encoding_type=3),
    "nothing inside": lambda file: [without(name)(file) for name in list(file)],
    "X a link to nowhere": lambda file: _link(file, "X", h5py.SoftLink("/nowhere")),
    "obsm within itself": lambda file: _link(file, "obsm/again", file["obsm"]),
}
REFUSED_FULL: dict[str, Change] = {
    "raw wider": attributes("raw/X", shape=[N, G + 5]),
    "raw taller": attributes("raw/X", shape=[N + 5, G]),
    "a layer of another shape": dataset("layers/counts", np.ones((3, 3)), PLAIN),
    "pairs of other spots": attributes("obsp/near", shape=[N - 1, N - 1]),
    "varm of other genes": dataset("varm/pcs", np.ones((3, 3))),
}
EITHER: dict[str, Change] = {
    "the root raw": attributes("/", encoding_type="raw"),
    "X without encoding": attributes("X", encoding_type=None),
    "obs with numbers for an index": attributes("obs", _index="score"),
    "obs with a column twice": attributes("obs", column_order=["label", "label"]),
    "uns a number": number_at("uns"),
    "raw a number": number_at("raw"),
    "raw empty": lambda file: file.create_group("raw"),
    "obs and var empty": lambda file: [
        (without(name)(file), file.create_group(name)) for name in ("obs", "var")
    ],
}
TAKEN: dict[str, Change] = {"no uns": without("uns"), "no obsm": without("obsm")}

LINKS: dict[str, Change] = {
    "uns within itself": lambda file: _link(file, "uns/again", file["uns"]),
    "the root within uns": lambda file: _link(file, "uns/root", file["/"]),
    "uns to nowhere": lambda file: _link(file, "uns/d", h5py.SoftLink("/nowhere")),
    "out to a missing file": lambda file: _link(file, "uns/e", h5py.ExternalLink("no.h5", "/x")),
    "out to itself": lambda file: _link(file, "uns/e", h5py.ExternalLink("in.h5ad", "/")),
    "a named type": lambda file: _link(file, "uns/t", np.dtype("f8")),
    "a reference": lambda file: file["uns"].create_dataset(
        "r", data=file.ref, dtype=h5py.ref_dtype
    ),
}


def cases() -> Iterator[Case]:
    for name, change in REFUSED.items():
        yield from broken("structure", name, change)
    for name, change in REFUSED_FULL.items():
        yield from broken("structure", name, change, kind="full")
    for name, change in EITHER.items():
        yield from broken("structure", name, change, want="either")
    for name, change in TAKEN.items():
        yield from broken("structure", name, change, want="taken")
    bare = without("raw/var")
    yield from broken("structure", "raw without genes", bare, kind="full", want="either")
    for name, places in {
        "a loom": {"matrix": np.ones((3, 3)), "row_attrs/Gene": [1]},
        "a 10x matrix": {"matrix/data": [1], "matrix/shape": [3, 3]},
        "a network's weights": {"model_weights/dense": [1.0]},
        "obs and var of numbers": {"obs": [1], "var": [2]},
    }.items():
        yield from tried("structure", name, _other(places))


def links() -> Iterator[Case]:
    for name, change in LINKS.items():
        yield from broken("links", name, change, want="either")
    within = lambda file: _link(file, "X", h5py.SoftLink("/raw/X"))  # noqa: E731
    yield from broken("links", "X to raw", within, kind="full", want="taken")
    named = lambda file: file["uns"].attrs.__setitem__("r", file.ref)  # noqa: E731
    yield from broken("links", "a reference as attribute", named, want="taken")
    for name, change in {
        "a private file": lambda file: _link(file, "uns/e", h5py.ExternalLink("../p.h5", "/s")),
        "private bytes": lambda file: file["uns"].create_dataset(
            "e", (len(SECRET),), "S1", external=[(file.filename[:-7] + "p.txt", 0, len(SECRET))]
        ),
        "a private file's counts": _virtual,
    }.items():
        yield from tried("links", name, _beside_private(change), "either", secret=SECRET)


def _link(file: h5py.File, place: str, value: object) -> None:
    if place in file:
        del file[place]
    file[place] = value


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((N,), "S19")
    layout[:] = h5py.VirtualSource(file.filename[:-7] + "p.h5", "many", (N,))
    del file["obs/score"]
    new = file.create_virtual_dataset("obs/score", layout)
    new.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})


def _beside_private(change: Change):  # type: ignore[no-untyped-def]
    def make(folder: Path) -> None:
        with h5py.File(folder / "p.h5", "w") as file:
            file["s"] = SECRET.decode()
            file["many"] = np.array([SECRET] * N)
        (folder / "p.txt").write_bytes(SECRET + b" not for others\n")
        changed("plain", change)(folder)

    return make


def _other(places: dict[str, object]):  # type: ignore[no-untyped-def]
    def make(folder: Path) -> None:
        with h5py.File(folder / "in.h5ad", "w") as file:
            for place, value in places.items():
                file[place] = value

    return make
