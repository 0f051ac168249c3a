"""Records of earlier runs that say what cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from ..case import Case
from ..hdf5 import PLAIN, Change, broken, dataset
from ..sound import G, N

SOUND = {
    "key": "mixture",
    "model": "mixture",
    "title": "M",
    "config": {},
    "seed": 0,
    "device": "cpu",
    "versions": {},
    "started": "x",
    "seconds": 1,
    "completed": True,
    "n_obs": N,
    "n_vars": G,
    "fingerprint": "f",
}


def but(**changes: object) -> str:
    """A sound record, but for that."""
    return json.dumps(SOUND | changes)


TEXTS = {
    "half a record": "{",
    "empty": "",
    "a list": "[]",
    "null": "null",
    "a number": "3",
    "lists without end": "[" * 100_000,
    "seconds in words": but(seconds="x"),
    "seconds NaN": but(seconds=float("nan")),
    "a title of HTML": but(title="<script>alert(1)</script>", notes=["<b>"]),
    "a title that steers": but(title="\x1b[2J\x1b]0;steered\x07"),
    "an unknown model": but(model="os:system", config={"a": 1}),
    "without its layer": but(),
    "of another key": but(key="../x"),
    "a note of 1 MB": but(notes=["n" * 1_000_000]),
}


def cases() -> Iterator[Case]:
    for name, text in TEXTS.items():
        yield from broken("records", name, _record(text), want="either")
    bare = dataset("uns/stimpute", 3, {})
    yield from broken("records", "all records a number", bare, want="either")
    numbers = dataset("uns/stimpute/mixture", np.arange(3), {})
    yield from broken("records", "a list of numbers", numbers, want="either")
    layer = dataset("layers/mixture_imputed", np.full((N, G), np.nan, "f4"), PLAIN)
    yield from broken("records", "a layer of NaN", _record(but()), layer, want="either")


def _record(text: str) -> Change:
    return lambda file: file["uns"].create_dataset("stimpute/mixture", data=text)
