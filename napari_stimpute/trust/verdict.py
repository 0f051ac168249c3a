"""Whether the imputed values of a gene can be believed: a verdict for each, in plain words.

A share of the molecules is hidden before anything is fitted, and used for nothing but this. A gene
is *reliable* where the prediction explains them clearly better than gene mean × depth (97.5 % sure
of a gain, and its own molecules show one) and not clearly worse than the best simple method. It
should *not be used* where no gain is expected, or the simple method is clearly better (97.5 % sure
that more than a tenth of the gain is lost).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..data.records import TrustRecord, read_records
from ..words import lower_first, percent
from .evidence import GeneSums, Prediction, gene_sums, shrunken
from .recovery import EPSILON, MIN_HIDDEN

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

Array = NDArray[np.float64]
Verdict = Literal["reliable", "use with care", "do not use", "cannot be judged"]

VERDICTS: tuple[Verdict, ...] = ("reliable", "use with care", "do not use", "cannot be judged")
"""In this order as categories in ``var``, and as codes."""

_SURE = 1.96
"""Standard errors of a one-sided 97.5 %; with 95 %, one in eight was wrong on two sections."""

_MATTERS = 0.1
"""Part of the gain that has to be lost against a simple method, before that is held against it."""

ADDED = "Added later, of simple predictions alone"
"""What is said of values of a gene that was added to a run after its training."""

_NAMED_PARTS = 4
_SMALLEST_PART = 0.01


@dataclass(frozen=True, eq=False)
class Trust:
    """What hidden molecules say of every gene; all arrays (genes,), all finite.

    Parameters
    ----------
    codes : place of the gene's verdict in `VERDICTS`
    gain, error : share of the deviance of gene mean × depth that the prediction explains, estimated
        from the gene and genes like it, and its standard error
    over_baseline : gain minus that of the baseline, estimated alike
    hidden : molecules the gene was judged on
    z : gain of the gene's own hidden molecules alone, in standard errors
    total_gain, total_over_baseline : the same shares for all molecules together
    """

    codes: NDArray[np.int8]
    gain: Array
    error: Array
    over_baseline: Array
    hidden: NDArray[np.int64]
    z: Array
    total_gain: float
    total_over_baseline: float

    @property
    def counts(self) -> dict[str, int]:
        """Genes per verdict, in the order of `VERDICTS`."""
        each = np.bincount(self.codes, minlength=len(VERDICTS))
        return {verdict: int(n) for verdict, n in zip(VERDICTS, each, strict=True)}


@dataclass(frozen=True)
class Badge:
    """Verdict on one gene, with its reasons.

    Parameters
    ----------
    gain, error, over_baseline, hidden : as in `Trust`
    baseline : name of the best simple method
    weights : what the blended values are made of, and the share of each
    is_added : whether the gene was not modelled, and its values are of simple predictions alone
    """

    gene: str
    verdict: Verdict
    gain: float
    error: float
    over_baseline: float
    hidden: int
    baseline: str
    weights: tuple[tuple[str, float], ...]
    is_added: bool = False

    @property
    def sentence(self) -> str:
        """The verdict and why, for someone who hovers over it."""
        return f"{self.verdict.capitalize()}: {self.reason}."

    @property
    def blend(self) -> str:
        """What the values are made of, largest share first: 72 % GMM-VGAE, 28 % own count.

        "" for a model whose values are shown as they are.
        """
        seen = sorted(self.weights, key=lambda part: -part[1])
        seen = [part for part in seen if part[1] >= _SMALLEST_PART]
        named = [f"{percent(share)} {lower_first(title)}" for title, share in seen[:_NAMED_PARTS]]
        parts = ", ".join(named) + (" and others" if len(seen) > _NAMED_PARTS else "")
        return ": ".join(filter(None, [ADDED, parts])) if self.is_added else parts

    @property
    def reason(self) -> str:
        """Why, without the verdict: what the hidden molecules of the gene showed."""
        if self.verdict == "cannot be judged":
            return f"{_molecules(self.hidden)} hidden; at least {MIN_HIDDEN} are needed"
        test = f"tested on {self.hidden:,} molecules hidden before training"
        if self.verdict == "do not use" and self.gain <= 0:
            return f"no better than gene mean × depth, {test}"
        return (
            f"explains {_share(self.gain)} (± {percent(self.error, _decimals(self.gain))}) "
            f"of what the gene's mean leaves open, {test}; {self._rival}"
        )

    @property
    def _rival(self) -> str:
        share = _share(self.gain - self.over_baseline)
        rival = f"the best simple method ({lower_first(self.baseline)}) explains {share}"
        if self.verdict == "do not use":
            return f"{rival}, clearly more"
        return f"{rival}. This gain may be chance" if self.verdict == "use with care" else rival


def judge(
    kept: sp.csr_matrix, hidden: sp.csr_matrix, imputed: Prediction, baseline: Prediction
) -> Trust:
    """Judge every gene on molecules that nothing has seen.

    Parameters
    ----------
    kept, hidden : (n_obs, n_genes), counts; both predictions were made from the kept ones
    imputed, baseline : (n_obs, n_genes), expected counts on any scale per spot, or a function from
        a slice of rows to such a block. The baseline was chosen on other molecules

    Raises
    ------
    Diverged : a prediction holds NaN or infinite values
    TooSmall : no molecules were kept, or none hidden
    """
    found = gene_sums(kept, hidden, imputed, baseline)
    gain, error = shrunken(found.over_mean, found.expected)
    over, over_error = shrunken(found.over_baseline, found.expected)
    clear = (gain > _SURE * error) & (found.over_mean.gain > 0)
    worse = over + _SURE * over_error < -_MATTERS * np.maximum(gain, 0)
    codes = np.select([found.hidden < MIN_HIDDEN, worse | (gain <= 0), clear], [3, 2, 0], default=1)
    reference, everything = _reference(found), max(found.deviance.sum(), EPSILON)
    return Trust(
        codes=codes.astype(np.int8),
        gain=gain / reference,
        error=error / reference,
        over_baseline=over / reference,
        hidden=found.hidden.astype(np.int64),
        z=found.over_mean.z,
        total_gain=float(found.over_mean.gain.sum() / everything),
        total_over_baseline=float(found.over_baseline.gain.sum() / everything),
    )


def badge(adata: AnnData, key: str, gene: str) -> Badge | None:
    """Return the verdict on a gene; None if the run was not judged, or the gene not modelled."""
    trust = _record_of(adata, key)
    if trust is None or gene not in adata.var_names:
        return None
    added = read_records(adata)[key].added
    row, weights = adata.var.loc[gene], adata.varm.get(keys.weights(key))
    at = adata.var_names.get_loc(gene)
    parts = () if weights is None else zip(trust.parts, map(float, weights[at]), strict=True)
    return Badge(
        gene=gene,
        verdict=row[keys.trust(key)],
        gain=float(row[keys.gain(key)]),
        error=float(row[keys.gain_error(key)]),
        over_baseline=float(row[keys.over_baseline(key)]),
        hidden=int(row[keys.hidden(key)]),
        baseline=added.get(gene, trust.baseline),
        weights=tuple(parts),
        is_added=gene in added,
    )


def trust_table(adata: AnnData, key: str) -> pd.DataFrame | None:
    """Return verdicts and their numbers, a row for each gene; None if the run was not judged."""
    import pandas as pd

    trust = _record_of(adata, key)
    if trust is None:
        return None
    var = adata.var
    return pd.DataFrame(
        {
            "verdict": var[keys.trust(key)],
            "gain": var[keys.gain(key)],
            "error": var[keys.gain_error(key)],
            "over_baseline": var[keys.over_baseline(key)],
            "hidden": var[keys.hidden(key)],
            "model_weight": _model_weight(adata, key, trust.parts),
        }
    )


def _model_weight(adata: AnnData, key: str, parts: list[str]) -> NDArray[np.float32] | float:
    """What the model itself counts for in each gene's values; 1 where nothing was blended."""
    weights, record = adata.varm.get(keys.weights(key)), read_records(adata)[key]
    if weights is None:
        return np.asarray(~adata.var_names.isin(list(record.added)), dtype=np.float32)
    has_model = parts[0] == record.title
    return np.asarray(weights[:, 0], dtype=np.float32) if has_model else 0.0


def _record_of(adata: AnnData, key: str) -> TrustRecord | None:
    record = read_records(adata).get(key)
    return record.trust if record is not None and keys.trust(key) in adata.var else None


def _reference(found: GeneSums) -> Array:
    """Half the deviance of which a gain is a share; what is usual where few molecules are known."""
    few = found.hidden < MIN_HIDDEN
    reference = np.where(few, np.maximum(found.deviance, found.usual_deviance), found.deviance)
    return np.where((found.expected > 0) & (reference > 0), reference, np.inf)


def _molecules(n: int) -> str:
    if n == 0:
        return "no molecules were"
    return "1 molecule was" if n == 1 else f"{n:,} molecules were"


def _share(share: float) -> str:
    if share <= 0:
        return "nothing"
    return "less than 0.1 %" if share < 0.001 else percent(share, _decimals(share))


def _decimals(share: float) -> int:
    return 0 if share >= 0.05 else 1
