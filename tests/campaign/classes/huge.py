"""Files that claim to be far larger than they are, or nest far deeper than anyone would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py

from ..case import CHECK, Case
from ..hdf5 import TEXT, Change, broken, dataset


def empty(place: str, shape: tuple[int, ...], kind: Any = "f4", **how: Any) -> Change:
    """A dataset of that shape, of which nothing is on the disk."""
    return dataset(place, shape=shape, dtype=kind, chunks=True, **how)


def nested(depth: int) -> Change:
    """Groups within groups."""

    def change(file: h5py.File) -> None:
        group = file["uns"]
        for _ in range(depth):
            group = group.create_group("a")

    return change


REFUSED: dict[str, Change] = {
    "counts of 10⁵ × 5·10⁴": empty("X", (10**5, 5 * 10**4), compression="gzip"),
    "10¹² indices": empty("X/indices", (10**12,), "i4"),
    "10⁹ names": empty("obs/_index", (10**9,), TEXT),
    "a column of 10¹²": empty("obs/score", (10**12,), "f8"),
    "10¹¹ places": empty("obsm/spatial", (10**11, 2), "f8"),
    "a layer of 10⁶ × 10⁶": empty("layers/more", (10**6, 10**6)),
}
EITHER: dict[str, Change] = {
    "a free array of 10¹²": empty("uns/big", (10**12,), "f8"),
    "groups 60 deep": nested(60),
    "groups 1,500 deep": nested(1500),
}
LOOKED_AT: dict[str, Change] = {
    "20,000 notes": lambda file: [
        file["uns"].create_dataset(f"k{i}", data=i) for i in range(20_000)
    ],
    "a note of 50 MB": lambda file: file["uns"].create_dataset("t", data="x" * 50_000_000),
}


def cases() -> Iterator[Case]:
    for name, change in REFUSED.items():
        yield from broken("huge", name, change)
    for name, change in EITHER.items():
        yield from broken("huge", name, change, want="either")
    for name, change in LOOKED_AT.items():
        yield from broken("huge", name, change, want="either", lines=(CHECK,))
    image = empty("uns/spatial/slide/images/hires", (10**6, 10**6, 3), "u1")
    yield from broken("huge", "an image of 10⁶ × 10⁶", image, kind="full", want="either")
