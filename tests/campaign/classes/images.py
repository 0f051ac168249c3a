"""Images and scale factors that are none: the counts are sound, so the file is taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..case import Case
from ..hdf5 import Change, broken, dataset, number_at, scalar

SLIDE = "uns/spatial/slide"

IMAGES: dict[str, Any] = {
    "a list": np.zeros(9, "u1"),
    "of five colours": np.zeros((9, 9, 5), "u1"),
    "without pixels": np.zeros((0, 0, 3), "u1"),
    "of NaN": np.full((9, 9, 3), np.nan),
    "of text": np.array([[b"a"]]),
    "complex": np.zeros((9, 9, 3), "c8"),
    "one number": 3,
    "of 10³⁸": np.full((9, 9, 3), 1e38, "f4"),
    "negative": np.full((9, 9, 3), -5.0),
}
SCALES: dict[str, Any] = {
    "NaN": np.nan,
    "0": 0.0,
    "negative": -1.0,
    "infinite": np.inf,
    "text": "one",
    "10⁻³⁰⁰": 1e-300,
    "a list": np.ones(3),
}
REST: dict[str, Change] = {
    "a diameter of text": scalar(f"{SLIDE}/scalefactors/spot_diameter_fullres", "x"),
    "scale factors a number": number_at(f"{SLIDE}/scalefactors"),
    "images a number": number_at(f"{SLIDE}/images"),
    "the slide a number": number_at(SLIDE),
}


def cases() -> Iterator[Case]:
    how: dict[str, Any] = {"kind": "full", "want": "taken"}
    for name, value in IMAGES.items():
        yield from broken("images", f"image {name}", dataset(f"{SLIDE}/images/hires", value), **how)
    for name, value in SCALES.items():
        change = scalar(f"{SLIDE}/scalefactors/tissue_hires_scalef", value)
        yield from broken("images", f"scale {name}", change, **how)
    for name, change in REST.items():
        yield from broken("images", name, change, **how)
