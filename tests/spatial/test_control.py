"""Spatial genes after imputing: smoothing does not fool the check, real patterns pass it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.data.counts import counts_of
from napari_stimpute.data.simulate import TRUE_RATE
from napari_stimpute.errors import BadCoordinates, MissingKey, TooSmall
from napari_stimpute.models.simple.baselines import NeighbourMean
from napari_stimpute.progress import Progress, StopEarly, drain
from napari_stimpute.spatial.control import Impute, SpatialControl
from napari_stimpute.spatial.moran import neighbour_weights
from napari_stimpute.spatial.result import Judged, Share, SpatialResult

from ..simulated import simulate_section


@pytest.fixture(scope="module")
def section() -> AnnData:
    return simulate_section(seed=0, n_rows=24, n_genes=200)


def pipeline(impute: Callable[[AnnData], np.ndarray], n_steps: int = 2) -> Impute:
    def steps(adata: AnnData, seed: int) -> Generator[Progress, None, np.ndarray]:
        for step in range(1, n_steps + 1):
            yield Progress("fit", step, n_steps)
        return impute(adata)

    return steps


def as_counted(adata: AnnData) -> np.ndarray:
    return adata.X.toarray()


def smoothed(adata: AnnData) -> np.ndarray:
    """Mean with the neighbours in the tissue: patterns from nothing."""
    return 0.5 * as_counted(adata) + 0.5 * (neighbour_weights(adata.obsm["spatial"]) @ adata.X)


def pooled(adata: AnnData) -> np.ndarray:
    """Mean over spots of similar expression: each gene borrows from the others."""
    return NeighbourMean(n_neighbors=20, n_components=5).fit(adata).impute(adata)


def checked(
    adata: AnnData, impute: Callable[[AnnData], np.ndarray], seed: int = 0
) -> SpatialResult:
    control = SpatialControl(adata, np.asarray(impute(adata)), pipeline(impute), seed=seed)
    return drain(control.steps())


@pytest.fixture(scope="module")
def after_smoothing(section: AnnData) -> SpatialResult:
    return checked(section, smoothed)


@pytest.fixture(scope="module")
def after_pooling(section: AnnData) -> SpatialResult:
    return checked(section, pooled)


def test_values_as_counted_are_judged_like_the_counts(section: AnnData) -> None:
    found = checked(section, as_counted)
    np.testing.assert_allclose(found.imputed.morans_i, found.raw.morans_i, atol=1e-6)
    assert found.imputed.limit == pytest.approx(found.raw.limit, abs=1e-6)
    assert found.only_after_imputing == ()


def test_smoothing_makes_every_gene_look_spatial_but_does_not_pass(
    after_smoothing: SpatialResult,
) -> None:
    imputed, raw = after_smoothing.imputed, after_smoothing.raw
    assert (imputed.morans_i > raw.limit).mean() > 0.95
    assert imputed.limit > 3 * raw.limit
    assert imputed.false_permuted.is_within
    assert imputed.is_spatial.mean() < raw.is_spatial.mean() + 0.1


def test_a_smoother_is_judged_by_places_that_set_no_limit(section: AnnData) -> None:
    """The mean over several permutations, as one of them may be unlucky."""
    false = [checked(section, smoothed, seed).imputed.false_permuted.value for seed in range(4)]
    assert np.mean(false) <= 0.05


def test_borrowed_patterns_are_told_from_own_ones(after_pooling: SpatialResult) -> None:
    imputed = after_pooling.imputed
    assert imputed.borrowed > 0.2  # permuted tissue alone would let them pass
    assert imputed.limit_shuffled > imputed.limit_permuted
    assert imputed.false_shuffled.is_within
    assert any("borrows" in sentence for sentence in after_pooling.notes)


@pytest.mark.parametrize("found", ["after_smoothing", "after_pooling"])
def test_strong_patterns_pass(found: str, section: AnnData, request: pytest.FixtureRequest) -> None:
    result: SpatialResult = request.getfixturevalue(found)
    strongest = np.argsort(-result.raw.morans_i)[:5]
    assert result.raw.is_spatial[strongest].all()
    assert result.imputed.is_spatial[strongest].all()


def test_genes_that_truly_do_not_vary_are_rarely_called_spatial(section: AnnData) -> None:
    """Against the known rates, over four checks; permuted tissue alone lets many of them pass."""
    shares = section.layers[TRUE_RATE] / section.layers[TRUE_RATE].sum(axis=1, keepdims=True)
    is_flat = shares.std(axis=0) < 0.25 * shares.mean(axis=0)
    judged = [checked(section, pooled, seed).imputed for seed in range(4)]
    called = np.mean([j.is_spatial[is_flat].mean() for j in judged])
    by_tissue = np.mean([(j.morans_i > j.limit_permuted)[is_flat].mean() for j in judged])
    assert called < 0.1  # 5 %, and two standard errors of four times 88 genes with 20 dealt anew
    assert by_tissue > 0.3


def test_a_gene_mean_has_no_spatial_genes_and_no_alarm(section: AnnData) -> None:
    def flat(adata: AnnData) -> np.ndarray:
        counts = as_counted(adata).astype(float)
        return np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()

    found = checked(section, flat)
    assert not found.imputed.is_spatial.any()
    assert found.imputed.is_trusted


def test_a_pipeline_that_now_and_then_invents_patterns_is_not_trusted(section: AnnData) -> None:
    calls = iter([as_counted, smoothed, as_counted])

    def whimsical(adata: AnnData) -> np.ndarray:
        return np.asarray(next(calls)(adata))

    control = SpatialControl(section, as_counted(section), pipeline(whimsical))
    found = drain(control.steps())
    assert not found.imputed.is_trusted
    assert found.raw.is_trusted
    assert "cannot be trusted" in found.notes[1]


def test_each_repeat_sees_counts_at_places_of_the_tissue(section: AnnData) -> None:
    seen: list[AnnData] = []

    def watched(adata: AnnData) -> np.ndarray:
        seen.append(adata)
        return as_counted(adata)

    before = section.copy()
    checked(section, watched)
    given, one, other, shuffled = seen
    assert given is section
    places = sorted(map(tuple, section.obsm["spatial"]))
    for adata in (one, other):
        assert (adata.X != section.X).nnz == 0
        assert sorted(map(tuple, adata.obsm["spatial"])) == places
    assert (one.obsm["spatial"] != other.obsm["spatial"]).any()
    np.testing.assert_array_equal(shuffled.obsm["spatial"], section.obsm["spatial"])
    changed = np.flatnonzero((shuffled.X != section.X).sum(axis=0))
    assert 35 <= len(changed) <= 40
    assert (before.X != section.X).nnz == 0
    np.testing.assert_array_equal(before.obsm["spatial"], section.obsm["spatial"])


def test_nothing_as_large_as_the_data_is_kept_of_a_repeat(section: AnnData) -> None:
    made: list[weakref.ref[np.ndarray]] = []

    def watched(adata: AnnData) -> np.ndarray:
        values = as_counted(adata)
        made.append(weakref.ref(values))
        return values

    control = SpatialControl(section, as_counted(section), pipeline(watched))
    kept = [sum(ref() is not None for ref in made) for _ in control.steps()]
    assert len(made) == 3
    assert max(kept) == 0


def test_steps_count_up_and_say_which_repeat(section: AnnData) -> None:
    seen = list(SpatialControl(section, as_counted(section), pipeline(as_counted, 5)).steps())
    steps = [p.step for p in seen]
    assert steps == sorted(steps)
    assert seen[-1].step == seen[-1].n_steps == 15
    assert "Repeat 2 of 3" in seen[7].title


def test_a_stop_ends_the_repeat_at_once_and_keeps_nothing(section: AnnData) -> None:
    asked: list[str] = []

    def obliging(adata: AnnData, seed: int) -> Generator[Progress, None, np.ndarray]:
        try:
            yield Progress("fit", 1, 2)
        except StopEarly:
            asked.append("to finish with half a training")
        yield Progress("fit", 2, 2)
        return as_counted(adata)

    control = SpatialControl(section, as_counted(section), obliging)
    steps = control.steps()
    for _ in range(2):
        next(steps)
    with pytest.raises(StopEarly):
        steps.throw(StopEarly())
    assert asked == []


def test_sections_stay_apart(section: AnnData) -> None:
    """Two sections that lie on one another: the second is the first, its patterns turned over."""
    counts = counts_of(section, "X")
    two = AnnData(sp.vstack([counts, counts[::-1]]).tocsr(), var=section.var[[]])
    two.obsm["spatial"] = np.vstack([section.obsm["spatial"]] * 2)
    names = np.repeat(["left", "right"], section.n_obs)
    control = SpatialControl(two, as_counted(two), pipeline(as_counted), sections=names)
    both, one = drain(control.steps()), checked(section, as_counted)
    strong = np.argsort(-one.raw.morans_i)[:20]
    found = both.raw.morans_i[strong]
    assert np.median(found) > 0.8 * np.median(one.raw.morans_i[strong])


@pytest.mark.parametrize(
    ("kept", "coords", "error"),
    [
        ((slice(0, 10), slice(None)), None, TooSmall),
        ((slice(None), slice(0, 1)), None, TooSmall),
        ((slice(None), slice(None)), "same", BadCoordinates),
        ((slice(None), slice(None)), "none", MissingKey),
    ],
)
def test_unusable_data_are_refused_in_words(
    section: AnnData, kept: tuple[slice, slice], coords: str | None, error: type[Exception]
) -> None:
    adata = section[kept].copy()
    if coords == "same":
        adata.obsm["spatial"] = np.zeros((adata.n_obs, 2))
    if coords == "none":
        del adata.obsm["spatial"]
    with pytest.raises(error):
        SpatialControl(adata, as_counted(adata), pipeline(as_counted))


def judged(morans_i: list[float], limit: float, false: float = 0.04) -> Judged:
    share = Share(false, 0.01)
    return Judged(np.array(morans_i), limit, 0.0, share, share, 0.0)


def test_genes_that_only_imputing_makes_spatial_are_listed_the_strongest_first() -> None:
    raw, imputed = judged([0.5, 0.0, 0.1, 0.0], 0.2), judged([0.6, 0.4, 0.5, 0.1], 0.3)
    found = SpatialResult(("A", "B", "C", "D"), raw, imputed)
    assert found.only_after_imputing == ("C", "B")
    assert list(found.table.index) == ["A", "C", "B", "D"]
    assert "2 of these only after imputing" in found.notes[0]
    assert "4.0 ± 1.0 % of the genes" in found.notes[1]


@pytest.mark.parametrize(
    ("value", "error", "within"), [(0.05, 0.0, True), (0.09, 0.02, True), (0.1, 0.02, False)]
)
def test_a_false_share_may_be_five_percent_and_two_errors(
    value: float, error: float, within: bool
) -> None:
    assert Share(value, error).is_within is within
