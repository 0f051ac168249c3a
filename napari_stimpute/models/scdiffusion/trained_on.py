"""What a model was trained on, and the cells that it never saw: what it generates is held against.

Both go with a saved model.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
import torch

FEWEST = 40
"""Cells kept apart below which nothing could be told, so that none are."""

_MOST, _ENOUGH, _LARGEST_SHARE = 3000, 200, 0.3
_FEWEST_LEARNED = 2


@dataclass(frozen=True)
class TrainedOn:
    """Data that a model learned from.

    Attributes
    ----------
    n_obs : cells, with those kept apart
    fingerprint : of their counts, as `data.records.fingerprint`
    kept_apart : names of cells that were not learned from
    kept_share : of the molecules of these cells; the others were hidden, to judge by
    """

    n_obs: int
    fingerprint: str
    kept_apart: tuple[str, ...]
    kept_share: float = 1.0

    @property
    def n_learned(self) -> int:
        """Cells that were learned from."""
        return self.n_obs - len(self.kept_apart)

    def in_words(self) -> str:
        """How many cells generated ones can be held against."""
        if self.kept_apart:
            return (
                f"{len(self.kept_apart):,} of {self.n_obs:,} cells were kept apart: generated "
                "cells are held against them."
            )
        return "No cells were kept apart: generated cells cannot be judged."

    def as_tensor(self) -> torch.Tensor:
        """Itself as bytes, to be saved."""
        return torch.from_numpy(np.frombuffer(json.dumps(asdict(self)).encode(), np.uint8).copy())

    @classmethod
    def of_tensor(cls, saved: torch.Tensor) -> TrainedOn:
        """What `as_tensor` saved; `ValueError` or `KeyError` for anything else."""
        found = json.loads(saved.numpy().tobytes().decode())
        names = tuple(str(name) for name in found["kept_apart"])
        share = float(found["kept_share"])
        return cls(int(found["n_obs"]), str(found["fingerprint"]), names, share)


def n_apart(n_obs: int, share: float) -> int:
    """How many of the cells are kept apart: the share, but at least 200 if these are few of them.

    Never more than 30 %, nor more than 3,000; none where that would be fewer than 40.

    Parameters
    ----------
    n_obs : cells
    share : as wished; 0 keeps none
    """
    if share == 0:
        return 0
    at_least = min(_ENOUGH, int(_LARGEST_SHARE * n_obs))
    found = min(_MOST, max(round(share * n_obs), at_least))
    return found if found >= FEWEST else 0


def apart(n_obs: int, n: int, labels: np.ndarray, seed: int) -> np.ndarray:
    """Which cells are kept apart, (n_obs,) bool: random ones, but none of a label that would miss.

    Parameters
    ----------
    n : how many
    labels : (n_obs, n_labels), codes; −1 for none
    seed : of the drawing
    """
    found = np.zeros(n_obs, dtype=bool)
    found[np.random.default_rng(seed).permutation(n_obs)[:n]] = True
    for column in labels.T:
        for code in np.unique(column[found]):
            here = column == code
            if code >= 0 and np.count_nonzero(here & ~found) < _FEWEST_LEARNED:
                found[here] = False
    return found
