"""What a picture shows of each spot, and of several that share a pixel, as numbers for its colours.

Of several, values show their mean, and labels the one that most of them have: no spot is left out
by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ...scene.colours import faded_steps
from ...scene.shown import Values

Numbers = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shared:
    """Many spots in few pixels.

    Attributes
    ----------
    spots : (n,), their numbers
    pixels : (n,), the pixel that each lies in
    n_pixels : how many pixels there are
    """

    spots: NDArray[np.int32]
    pixels: NDArray[np.int32]
    n_pixels: int

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Spots in each pixel, (n_pixels,)."""
        return np.bincount(self.pixels, minlength=self.n_pixels)


class Ink(Protocol):
    """Gives the numbers that are drawn; NaN is drawn transparent."""

    def of_spots(self, spots: NDArray[np.int32]) -> Numbers:
        """A number for each of these spots, (n,)."""

    def of_pixels(self, shared: Shared) -> Numbers:
        """A number for each pixel, (n_pixels,)."""


class Mean:
    """The values themselves, (n_obs,); a spot with NaN is not drawn."""

    def __init__(self, values: NDArray[np.floating]) -> None:
        self._values = np.asarray(values, dtype=np.float32)
        self._has_gaps = bool(np.isnan(self._values).any())

    def of_spots(self, spots: NDArray[np.int32]) -> Numbers:
        """Their values."""
        return self._values[spots]

    def of_pixels(self, shared: Shared) -> Numbers:
        """The mean of the spots in each."""
        values = self._values[shared.spots]
        return _means(shared, values, ~np.isnan(values) if self._has_gaps else None)


class Commonest:
    """Labels by number, (n_obs,) int; a spot with −1 is not drawn."""

    def __init__(self, codes: NDArray[np.integer]) -> None:
        self._codes = codes

    def of_spots(self, spots: NDArray[np.int32]) -> Numbers:
        """Their labels."""
        codes = self._codes[spots].astype(np.float32)
        codes[codes < 0] = np.nan
        return codes

    def of_pixels(self, shared: Shared) -> Numbers:
        """The label that most spots in each have; the smallest of several."""
        codes = self._codes[shared.spots]
        is_drawn = codes >= 0
        pixels, codes = shared.pixels[is_drawn], codes[is_drawn]
        shape = (shared.n_pixels, int(codes.max(initial=0)) + 1)
        ones = np.ones(len(codes), dtype=np.int32)
        found = sp.coo_matrix((ones, (pixels, codes)), shape).tocsr()  # sorted within each row
        lengths = np.diff(found.indptr)
        is_used, numbers = lengths > 0, np.full(shared.n_pixels, np.nan, dtype=np.float32)
        if is_used.any():
            most = np.maximum.reduceat(found.data, found.indptr[:-1][is_used])
            at = np.flatnonzero(found.data == np.repeat(most, lengths[is_used]))[::-1]
            rows = np.repeat(np.arange(shared.n_pixels), lengths)
            numbers[rows[at]] = found.indices[at]  # what is written last, the smallest, stays
        return numbers


class Faded:
    """Values of which some are unsure, missing or not picked, as `faded_steps` numbers them.

    In a pixel that several share, one that was picked hides those that were not.
    """

    def __init__(self, shown: Values) -> None:
        self._shown = shown

    def of_spots(self, spots: NDArray[np.int32]) -> Numbers:
        """The step of each."""
        shown = self._shown
        certainty = None if shown.certainty is None else shown.certainty[spots]
        picked = None if shown.picked is None else shown.picked[spots]
        steps = faded_steps(shown.values[spots], shown.limits, certainty=certainty, picked=picked)
        return steps.astype(np.float32)

    def of_pixels(self, shared: Shared) -> Numbers:
        """The step of the mean value and the mean certainty."""
        shown, picked = self._shown, None
        if shown.picked is not None:
            is_picked = shown.picked[shared.spots]
            picked = np.bincount(shared.pixels[is_picked], minlength=shared.n_pixels) > 0
            seen = is_picked | ~picked[shared.pixels]
            shared = Shared(shared.spots[seen], shared.pixels[seen], shared.n_pixels)
        values, sure = shown.values[shared.spots], shown.certainty
        known = np.isfinite(values)
        if sure is not None:
            sure = np.nan_to_num(_means(shared, sure[shared.spots], known))
        means = _means(shared, values, known)
        steps = faded_steps(means, shown.limits, certainty=sure, picked=picked).astype(np.float32)
        steps[shared.counts == 0] = np.nan
        return steps


def _means(shared: Shared, values: Numbers, known: NDArray[np.bool_] | None) -> Numbers:
    """Mean of the known values in each pixel, (n_pixels,); NaN where there are none."""
    n = shared.n_pixels
    if known is None:
        counts, sums = shared.counts, np.bincount(shared.pixels, values, minlength=n)
    else:
        pixels = shared.pixels[known]
        counts = np.bincount(pixels, minlength=n)
        sums = np.bincount(pixels, values[known], minlength=n)
    means = np.full(n, np.nan, dtype=np.float32)
    np.divide(sums, counts, out=means, where=counts > 0, casting="unsafe")
    return means
