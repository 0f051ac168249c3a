"""A verdict is earned on hidden molecules, survives bad input, and reads like a sentence."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import scipy.stats
from anndata import AnnData, read_h5ad

from napari_stimpute import keys
from napari_stimpute.data.holdout import thin
from napari_stimpute.data.records import TrustRecord
from napari_stimpute.errors import Diverged, TooSmall
from napari_stimpute.trust.verdict import (
    MIN_HIDDEN,
    VERDICTS,
    Badge,
    Trust,
    badge,
    judge,
    trust_table,
)

from ..records import record_of

Split = tuple[sp.csr_matrix, sp.csr_matrix, np.ndarray]


@pytest.fixture
def split() -> Split:
    """Kept and hidden counts of 60 spots × 25 genes, and the rates they came from."""
    rng = np.random.default_rng(0)
    rates = rng.gamma(3.0, 1.0, (60, 1)) * rng.gamma(3.0, 2.0, (1, 25))
    rates = rates * rng.choice([0.5, 2.0], (60, 25))
    kept, hidden = thin(sp.csr_matrix(rng.poisson(rates).astype(np.float32)), 0.2, seed=1)
    return kept, hidden, rates


# ---- verdicts on simulated tissue --------------------------------------------------------------


def simulated(seed: int, share_patterned: float) -> tuple[Trust, np.ndarray, np.ndarray]:
    """Verdicts on 600 genes in two domains; the prediction averages 30 spots of a spot's domain.

    Returns verdicts, which genes have a pattern, and each gene's true gain.
    """
    rng = np.random.default_rng(seed)
    n_spots, n_genes = 400, 600
    domain, depth = rng.integers(0, 2, n_spots), rng.gamma(4, 0.25, n_spots)
    has_pattern = np.arange(n_genes) < share_patterned * n_genes
    strength = rng.uniform(0.5, 2.0, n_genes) * rng.choice([-1, 1], n_genes)
    mean = np.exp(rng.normal(0, 1, n_genes))
    rates = depth[:, None] * mean * np.exp(strength * has_pattern * (domain[:, None] - 0.5))
    kept, hidden = thin(sp.csr_matrix(rng.poisson(rates).astype(np.float32)), 0.1, seed)
    pool = np.zeros((n_spots, n_spots))
    for spot in range(n_spots):
        pool[spot, rng.choice(np.flatnonzero(domain == domain[spot]), 30, replace=False)] = 1
    prediction = pool @ kept.toarray()
    expected = kept.toarray().sum(axis=1, keepdims=True) * hidden.sum() / kept.sum()
    average = expected * kept.toarray().sum(axis=0) / kept.sum()
    made = prediction / prediction.sum(axis=1, keepdims=True) * expected
    gain = (0.1 * rates * np.log((made + 1e-6) / (average + 1e-6)) - made + average).sum(axis=0)
    return judge(kept, hidden, prediction, average), has_pattern, gain


@pytest.fixture(scope="module")
def tissue() -> tuple[Trust, np.ndarray, np.ndarray]:
    """Half of the genes have a pattern."""
    return simulated(0, 0.5)


def test_genes_with_a_pattern_become_reliable_and_no_others(tissue) -> None:
    trust, has_pattern, true = tissue
    judged, reliable = trust.codes < 3, trust.codes == 0
    assert reliable[judged & (true > 2)].mean() > 0.5
    assert reliable[judged & ~has_pattern].mean() <= 0.05
    assert (true[reliable] > 0).mean() >= 0.9
    assert (true[trust.codes == 2] <= 0).mean() >= 0.9


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_no_gene_has_a_pattern_none_is_reliable(seed: int) -> None:
    trust, _, _ = simulated(seed, 0.0)
    assert (trust.codes < 3).sum() > 200
    assert (trust.codes == 0).sum() <= 0.05 * (trust.codes < 3).sum()


def test_shrunken_gain_ranks_genes_better_than_their_own_molecules_do(tissue) -> None:
    trust, _, true = tissue
    judged = trust.codes < 3
    ranks = [scipy.stats.spearmanr(x[judged], true[judged])[0] for x in (trust.gain, trust.z)]
    assert ranks[0] > ranks[1] > 0.2


def test_verdicts_are_finite_and_counted(tissue) -> None:
    trust, _, _ = tissue
    assert_plain(trust)
    assert list(trust.counts) == list(VERDICTS) and sum(trust.counts.values()) == 600
    assert (trust.codes[trust.hidden < MIN_HIDDEN] == 3).all()


# ---- single genes ------------------------------------------------------------------------------


def two_genes(n: int = 200, share: float = 0.5) -> Split:
    """A gene that is high in one half of the spots, one that is high in the other; and the truth.

    With `share` hidden of the molecules, there are about `n` hidden ones of each gene.
    """
    rng = np.random.default_rng(5)
    half = np.arange(100) < 50
    rates = np.column_stack([np.where(half, 1.8, 0.2), np.where(half, 0.2, 1.8)])
    counts = sp.csr_matrix(rng.poisson(rates * n / share / 100).astype(np.float32))
    return *thin(counts, share, 0), rates


def verdicts(kept, hidden, imputed, baseline) -> list[str]:
    return [VERDICTS[code] for code in judge(kept, hidden, imputed, baseline).codes]


def test_true_rates_are_reliable() -> None:
    kept, hidden, rates = two_genes()
    assert verdicts(kept, hidden, rates, np.ones_like(rates)) == ["reliable"] * 2


def test_a_gain_that_may_be_chance_is_to_be_used_with_care() -> None:
    found = {}
    for n in (30, 200):  # hidden molecules, about
        kept, hidden, rates = two_genes(n)
        found[n] = verdicts(kept, hidden, 0.4 * rates + 0.6, np.ones_like(rates))[0]
    assert found == {30: "use with care", 200: "reliable"}


def test_values_of_the_gene_mean_or_worse_are_not_to_be_used() -> None:
    kept, hidden, rates = two_genes()
    mean = np.outer(np.ones(100), kept.toarray().sum(axis=0))
    assert verdicts(kept, hidden, mean, mean) == ["do not use"] * 2
    assert verdicts(kept, hidden, rates[::-1], mean) == ["do not use"] * 2


def test_a_clearly_better_simple_method_rules_a_gene_out_and_an_equal_one_does_not() -> None:
    kept, hidden, rates = two_genes()
    weak = 0.3 * rates + 0.7
    assert verdicts(kept, hidden, weak, np.ones_like(rates)) == ["reliable"] * 2
    assert verdicts(kept, hidden, weak, rates) == ["do not use"] * 2
    assert verdicts(kept, hidden, 0.97 * rates + 0.03, rates) == ["reliable"] * 2


def test_too_few_hidden_molecules_are_said_and_not_judged() -> None:
    kept, hidden, rates = two_genes(n=8)
    trust = judge(kept, hidden, rates, np.ones_like(rates))
    assert (trust.codes == 3).all() and (trust.hidden < MIN_HIDDEN).all()
    assert (trust.hidden == hidden.toarray().sum(axis=0)).all()
    assert_plain(trust)


# ---- bad input ---------------------------------------------------------------------------------


def assert_plain(trust: Trust) -> None:
    """Everything is finite, and every code is one of a verdict."""
    for field in fields(Trust):
        assert np.isfinite(getattr(trust, field.name)).all(), field.name
    assert ((trust.codes >= 0) & (trust.codes < len(VERDICTS))).all()


def test_one_gene_has_nothing_beyond_its_mean() -> None:
    counts = sp.csr_matrix(np.random.default_rng(0).poisson(5, (50, 1)).astype(np.float32))
    trust = judge(*thin(counts, 0.2, 0), np.ones((50, 1)), np.ones((50, 1)))
    assert_plain(trust)
    assert trust.codes.tolist() == [2] and trust.gain[0] == 0


def test_equal_spots_give_plain_results() -> None:
    kept, hidden = (sp.csr_matrix(np.tile([n, 2.0 * n, 0.0], (30, 1))) for n in (9.0, 1.0))
    trust = judge(kept, hidden, kept.toarray(), kept.toarray())
    assert_plain(trust)
    assert trust.codes.tolist() == [2, 2, 3]


def test_gene_in_three_spots_gives_plain_results(split: Split) -> None:
    kept, hidden, rates = split
    own, seen = kept.toarray(), hidden.toarray()
    own[:, 3] = seen[:, 3] = 0
    own[[1, 5, 9], 3], seen[[1, 5, 9], 3] = 40, 10
    blend = 0.5 * own + 0.5 * own.mean(axis=0)
    trust = judge(sp.csr_matrix(own), sp.csr_matrix(seen), blend, rates)
    assert_plain(trust)
    assert VERDICTS[trust.codes[3]] == "reliable"


def test_gene_of_which_nothing_was_hidden_has_no_absurd_gain(split: Split) -> None:
    kept, hidden, rates = split
    own, seen = kept.toarray(), hidden.toarray()
    own[:, 3] = seen[:, 3] = 0
    own[1, 3] = 4  # so that one molecule was expected
    trust = judge(sp.csr_matrix(own), sp.csr_matrix(seen), own, rates)
    assert trust.hidden[3] == 0 and VERDICTS[trust.codes[3]] == "cannot be judged"
    assert abs(trust.gain[3]) < 0.5  # its own deviance, of no molecule at all, would make it 1


def test_gene_that_was_never_kept_gives_plain_results(split: Split) -> None:
    kept, hidden, rates = split
    dense = kept.toarray()
    dense[:, 4] = 0
    trust = judge(sp.csr_matrix(dense), hidden, rates, rates)
    assert_plain(trust)
    assert trust.gain[4] == 0


def test_spot_and_gene_without_molecules_give_plain_results(split: Split) -> None:
    kept, hidden, rates = split
    k, h = kept.toarray(), hidden.toarray()
    for dense in (k, h):
        dense[7], dense[:, 2] = 0, 0
    silent = rates.copy()
    silent[8] = 0
    assert_plain(judge(sp.csr_matrix(k), sp.csr_matrix(h), silent, rates))


def test_nothing_hidden_is_refused_in_words(split: Split) -> None:
    kept, hidden, rates = split
    with pytest.raises(TooSmall, match="0 hidden"):
        judge(kept, hidden * 0, rates, rates)


@pytest.mark.parametrize("bad", ["imputed", "baseline"])
def test_nan_in_a_prediction_is_refused_in_words(split: Split, bad: str) -> None:
    kept, hidden, rates = split
    broken = rates.copy()
    broken[2, 1] = np.nan
    given = {"imputed": rates, "baseline": rates} | {bad: broken}
    with pytest.raises(Diverged, match="NaN or infinite"):
        judge(kept, hidden, given["imputed"], given["baseline"])


# ---- words -------------------------------------------------------------------------------------

KNOWN = Badge("Penk", "reliable", 0.142, 0.03, 0.052, 312, "30 most similar spots", ())


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (
            {},
            "Reliable: explains 14 % (± 3 %) of what the gene's mean leaves open, tested on 312 "
            "molecules hidden before training; the best simple method (30 most similar spots) "
            "explains 9 %.",
        ),
        (
            {"verdict": "use with care", "gain": 0.004, "over_baseline": 0.01, "hidden": 1450},
            "Use with care: explains 0.4 % (± 3.0 %) of what the gene's mean leaves open, tested "
            "on 1,450 molecules hidden before training; the best simple method (30 most similar "
            "spots) explains nothing. This gain may be chance.",
        ),
        (
            {"verdict": "do not use", "over_baseline": -0.1, "baseline": "Nearest spots"},
            "Do not use: explains 14 % (± 3 %) of what the gene's mean leaves open, tested on 312 "
            "molecules hidden before training; the best simple method (nearest spots) explains "
            "24 %, clearly more.",
        ),
        (
            {"verdict": "do not use", "gain": -0.01},
            "Do not use: no better than gene mean × depth, tested on 312 molecules hidden before "
            "training.",
        ),
        (
            {"verdict": "cannot be judged", "hidden": 11},
            "Cannot be judged: 11 molecules were hidden; at least 20 are needed.",
        ),
        (
            {"verdict": "cannot be judged", "hidden": 1},
            "Cannot be judged: 1 molecule was hidden; at least 20 are needed.",
        ),
        (
            {"verdict": "cannot be judged", "hidden": 0},
            "Cannot be judged: no molecules were hidden; at least 20 are needed.",
        ),
    ],
)
def test_a_verdict_is_one_sentence_for_a_biologist(changed: dict, text: str) -> None:
    assert replace(KNOWN, **changed).sentence == text


def test_blend_names_the_largest_parts_first() -> None:
    weights = (("Own count", 0.281), ("GMM-VGAE", 0.715), ("PCA", 0.004))
    assert replace(KNOWN, weights=weights).blend == "72 % GMM-VGAE, 28 % own count"
    many = tuple((name, 0.2) for name in ("Own", "Mean", "PCA", "Near", "Far"))
    assert (
        replace(KNOWN, weights=many).blend == "20 % own, 20 % mean, 20 % PCA, 20 % near and others"
    )
    assert KNOWN.blend == ""


# ---- in an AnnData -----------------------------------------------------------------------------


def record(trust: TrustRecord | None, title: str = "GMM-VGAE") -> str:
    return record_of("run", (3, 2), model="gmm_vgae", title=title, trust=trust).model_dump_json()


@pytest.fixture
def judged() -> AnnData:
    """Two genes, of which one could be judged."""
    adata = AnnData(np.ones((3, 2), np.float32))
    adata.obs_names, adata.var_names = list("xyz"), ["Penk", "Gad1"]
    var = adata.var
    var[keys.trust("run")] = pd.Categorical.from_codes([0, 3], categories=list(VERDICTS))
    var[keys.gain("run")], var[keys.gain_error("run")] = [0.1, 0.01], [0.02, 0.03]
    var[keys.over_baseline("run")], var[keys.hidden("run")] = [0.05, 0.0], [300, 11]
    adata.varm[keys.weights("run")] = np.array([[0.75, 0.25], [0.5, 0.5]], np.float32)
    facts = TrustRecord(baseline="own count", parts=["GMM-VGAE", "own count"], share_hidden=0.1)
    adata.uns[keys.UNS] = {"run": record(facts)}
    return adata


def test_badge_is_read_back_from_a_file(judged: AnnData, tmp_path) -> None:
    judged.write_h5ad(tmp_path / "judged.h5ad")
    for adata in (judged, read_h5ad(tmp_path / "judged.h5ad")):
        found = badge(adata, "run", "Penk")
        assert found == Badge(
            "Penk",
            "reliable",
            0.1,
            0.02,
            0.05,
            300,
            "own count",
            (("GMM-VGAE", 0.75), ("own count", 0.25)),
        )
        assert found.blend == "75 % GMM-VGAE, 25 % own count"
        unclear = badge(adata, "run", "Gad1")
        assert unclear is not None and unclear.verdict == "cannot be judged"


def test_table_has_every_gene_and_no_gaps(judged: AnnData) -> None:
    table = trust_table(judged, "run")
    assert table is not None and not table.isna().any(axis=None)
    assert table.index.tolist() == ["Penk", "Gad1"]
    assert table["verdict"].tolist() == ["reliable", "cannot be judged"]
    assert table["model_weight"].tolist() == [0.75, 0.5]
    assert table["hidden"].tolist() == [300, 11]


def test_model_weight_is_none_in_a_mixture_and_all_where_nothing_was_blended(
    judged: AnnData,
) -> None:
    facts = TrustRecord(baseline="a", parts=["own count", "a"], share_hidden=0.1)
    judged.uns[keys.UNS] = {"run": record(facts, "Mixture")}
    mixed = trust_table(judged, "run")
    assert mixed is not None and mixed["model_weight"].tolist() == [0, 0]
    del judged.varm[keys.weights("run")]
    alone, gene = trust_table(judged, "run"), badge(judged, "run", "Penk")
    assert alone is not None and alone["model_weight"].tolist() == [1, 1]
    assert gene is not None and gene.blend == ""


def test_no_badge_without_a_judgement_or_for_another_gene(judged: AnnData) -> None:
    assert badge(judged, "run", "Nope") is None
    assert badge(judged, "other", "Penk") is None and trust_table(judged, "other") is None
    judged.uns[keys.UNS] = {"run": record(None)}
    assert badge(judged, "run", "Penk") is None and trust_table(judged, "run") is None


def test_a_run_that_was_calibrated_but_not_judged_has_no_badge(judged: AnnData) -> None:
    del judged.var[keys.trust("run")]
    assert badge(judged, "run", "Penk") is None and trust_table(judged, "run") is None
