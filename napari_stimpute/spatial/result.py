"""What a check of spatial genes found: Moran's I, limits, false shares, and it all in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..words import number, percent
from .moran import Numbers

NOMINAL = 0.05
"""Share of pattern-free genes that may be called spatial."""


@dataclass(frozen=True)
class Share:
    """A share of genes with its standard error."""

    value: float
    error: float

    @property
    def is_within(self) -> bool:
        """Whether it is at most 5 %, within two standard errors."""
        return self.value <= NOMINAL + 2 * self.error

    def __str__(self) -> str:
        if self.value == 0:
            return percent(0)
        return f"{number(100 * self.value, 1)} ± {percent(self.error, 1)}"


@dataclass(frozen=True, eq=False)
class Judged:
    """Moran's I of one kind of values, its limit, and how often the limit is passed by chance.

    Attributes
    ----------
    morans_i : (n_vars,)
    limit : what a gene must exceed to be called spatial, the larger of `limit_permuted` (set by
        one permuted tissue) and `limit_shuffled` (set by half of the genes without a pattern)
    false_permuted : share of genes called spatial on the other permuted tissue
    false_shuffled : share called spatial of the other half of the genes without a pattern
    borrowed : share of the genes without a pattern that permuted tissue alone would let pass
    """

    morans_i: Numbers
    limit_permuted: float
    limit_shuffled: float
    false_permuted: Share
    false_shuffled: Share
    borrowed: float

    @property
    def limit(self) -> float:
        """The stricter of the two limits."""
        return max(self.limit_permuted, self.limit_shuffled)

    @property
    def is_spatial(self) -> NDArray[np.bool_]:
        """Which genes are called spatial, (n_vars,)."""
        called: NDArray[np.bool_] = self.morans_i > self.limit
        return called

    @property
    def is_trusted(self) -> bool:
        """Whether neither control is called spatial more often than it should be."""
        return self.false_permuted.is_within and self.false_shuffled.is_within


@dataclass(frozen=True, eq=False)
class SpatialResult:
    """Spatial genes by their counts and by their imputed values, each against its own controls."""

    genes: tuple[str, ...]
    raw: Judged
    imputed: Judged

    @property
    def only_after_imputing(self) -> tuple[str, ...]:
        """Genes called spatial by imputed values alone, the most spatial first."""
        places = np.flatnonzero(self.imputed.is_spatial & ~self.raw.is_spatial)
        order = places[np.argsort(-self.imputed.morans_i[places], kind="stable")]
        return tuple(self.genes[i] for i in order)

    @property
    def table(self) -> pd.DataFrame:
        """One row per gene, the most spatial after imputing first."""
        columns = {
            "morans_i_counts": self.raw.morans_i,
            "morans_i_imputed": self.imputed.morans_i,
            "spatial_by_counts": self.raw.is_spatial,
            "spatial_after_imputing": self.imputed.is_spatial,
        }
        table = pd.DataFrame(columns, index=pd.Index(self.genes, name="gene"))
        return table.sort_values("morans_i_imputed", ascending=False, kind="stable")

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found, and how far to believe it, as sentences."""
        notes = [self._found, f"The control holds: {self._false_shares}"]
        if not self.imputed.is_trusted:
            notes[1] = (
                "Imputed Moran's I cannot be trusted here; use that of the counts. "
                f"The control fails: {self._false_shares}"
            )
        if self.imputed.borrowed > 2 * NOMINAL:
            notes.append(
                "An imputed gene borrows the pattern of other genes: a limit from permuted tissue "
                f"alone would call {percent(self.imputed.borrowed)} of the genes without a pattern "
                "spatial. The limit used here is stricter."
            )
        return tuple(notes)

    @property
    def _found(self) -> str:
        raw, imputed = (int(j.is_spatial.sum()) for j in (self.raw, self.imputed))
        n, new = len(self.genes), len(self.only_after_imputing)
        doubt = "look at them on the tissue, and at their verdicts, before you believe them."
        only = f"; {new:,} of these only after imputing: {doubt}" if new else "."
        return (
            f"Of {n:,} genes, {raw:,} ({percent(raw / n)}) vary over the tissue by their counts "
            f"and {imputed:,} ({percent(imputed / n)}) by their imputed values{only}"
        )

    @property
    def _false_shares(self) -> str:
        return (
            f"with spots put in one another's places, {self.imputed.false_permuted} of the genes "
            f"are called spatial; of genes whose own pattern was shuffled away, "
            f"{self.imputed.false_shuffled}. At most 5 % should be."
        )
