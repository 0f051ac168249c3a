"""A comparison hides molecules from every method alike, and outlives those that fail."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.compare import comparison as module
from napari_stimpute.compare import trial
from napari_stimpute.compare.comparison import COUNTED, Comparison
from napari_stimpute.compare.methods import Method, methods
from napari_stimpute.compare.trial import Array, Contender, Predicting, Trial, raw
from napari_stimpute.data.counts import counts_of
from napari_stimpute.data.simulate import TRUE_RATE
from napari_stimpute.errors import TooSmall, UnknownName
from napari_stimpute.models import model_class
from napari_stimpute.progress import Progress, StopEarly, drain

from ..simulated import simulate_section


def fitted(name: str) -> Contender:
    """A registered model, as it is."""

    def predict(kept: AnnData, seed: int) -> Predicting:
        yield Progress("prepare", 0, 1)
        return model_class(name)().fit(kept, seed=seed, device="cpu").impute(kept)

    return Contender(methods()[name], predict)


def doing(what: Callable[[AnnData], Array], name: str = "doing") -> Contender:
    """A method that does just this."""

    def predict(kept: AnnData, seed: int) -> Predicting:
        yield Progress("prepare", 0, 1)
        return what(kept)

    return Contender(Method(name, name.capitalize(), "simple", ""), predict)


def endless(closed: threading.Event) -> Contender:
    """A method in many steps; says when it was closed."""

    def predict(kept: AnnData, seed: int) -> Predicting:
        try:
            for step in range(100_000):
                yield Progress("train", step, 100_000)
                time.sleep(0.01)
        finally:
            closed.set()
        return kept.X.toarray()

    return Contender(Method("endless", "Endless", "simple", ""), predict)


class Clock:
    """A clock that stands still until it is set on."""

    now = 1.0

    def monotonic(self) -> float:
        return self.now


RAW = Contender(methods()["raw"], raw)


@pytest.fixture(scope="module")
def section() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100)


@pytest.fixture(scope="module")
def finished(section: AnnData) -> Comparison:
    contenders = [RAW, fitted("gene_mean"), fitted("neighbour_mean"), fitted("pca")]
    comparison = Comparison(section, contenders, seeds=[0, 1], truth=section.layers[TRUE_RATE])
    drain(comparison.steps())
    return comparison


def gain(comparison: Comparison, name: str, seed: int = 0) -> float:
    return next(s.gain for s in comparison.scores if (s.method.name, s.seed) == (name, seed))


# ---- the hold-out ------------------------------------------------------------------------------


def test_every_method_is_scored_with_every_seed(finished: Comparison) -> None:
    names = ["raw", "gene_mean", "neighbour_mean", "pca"]
    assert [(s.seed, s.method.name) for s in finished.scores] == [
        *((0, name) for name in names),
        *((1, name) for name in names),
    ]
    assert finished.is_complete


def test_gene_mean_is_the_zero_of_the_scale(finished: Comparison) -> None:
    assert gain(finished, "gene_mean") == pytest.approx(0.0, abs=1e-6)  # float32 shares


def test_counts_themselves_predict_worse_than_any_mean(finished: Comparison) -> None:
    assert gain(finished, "raw") < min(gain(finished, "neighbour_mean"), 0)


def test_kept_and_hidden_molecules_are_all_the_molecules(
    section: AnnData, finished: Comparison
) -> None:
    for seed in (0, 1):
        kept, hidden = finished.split(seed)
        np.testing.assert_array_equal(
            (kept.X + hidden).toarray(), counts_of(section, "X").toarray()
        )


def test_each_seed_hides_other_molecules(finished: Comparison) -> None:
    assert (finished.split(0)[1] != finished.split(1)[1]).nnz > 0


def test_methods_are_given_nothing_but_the_kept_molecules(section: AnnData) -> None:
    given: list[AnnData] = []

    def spy(kept: AnnData) -> Array:
        given.append(kept)
        return kept.X.toarray()

    comparison = Comparison(section, [doing(spy)])
    drain(comparison.steps())
    assert (comparison.split(0)[0].X != given[0].X).nnz == 0
    assert given[0].raw is None and not given[0].layers
    assert set(given[0].uns) <= {"spatial"}  # images and their scale, which hold no counts


def test_input_is_unchanged(section: AnnData) -> None:
    before = section.copy()
    drain(Comparison(section, [fitted("neighbour_mean")]).steps())
    assert (before.X != section.X).nnz == 0
    assert list(before.obs) == list(section.obs)


def test_known_truth_is_correlated_only_where_there_is_one(
    section: AnnData, finished: Comparison
) -> None:
    truth = {s.method.name: s.truth for s in finished.scores}
    assert truth["gene_mean"] == 0.0  # it has no pattern
    assert truth["neighbour_mean"] > 0.1
    without = Comparison(section, [fitted("gene_mean")])
    drain(without.steps())
    assert np.isnan(without.scores[0].truth)


# ---- what is kept ------------------------------------------------------------------------------


def test_maps_are_kept_of_the_shown_genes_alone(section: AnnData) -> None:
    genes = [str(section.var_names[5]), str(section.var_names[2])]
    comparison = Comparison(section, [fitted("pca")], show=genes)
    drain(comparison.steps())
    kept = comparison.split(0)[0].X
    np.testing.assert_array_equal(comparison.maps[COUNTED], kept[:, [5, 2]].toarray())
    assert comparison.maps["pca"].shape == (section.n_obs, 2)


def test_maps_stand_at_each_spots_own_depth(section: AnnData) -> None:
    comparison = Comparison(section, [doing(lambda kept: 7 * kept.X.toarray())])
    drain(comparison.steps())
    np.testing.assert_allclose(comparison.maps["doing"], comparison.maps[COUNTED], rtol=1e-5)


def test_examples_are_chosen_before_anything_is_predicted(finished: Comparison) -> None:
    molecules = np.asarray(finished.split(0)[0].X.sum(axis=0)).ravel()[finished.shown]
    assert len(set(finished.shown)) == 3
    assert list(molecules) == sorted(molecules, reverse=True)  # frequent, middling, rare
    assert (molecules >= 180).all()  # so that 20 hidden ones are expected


def test_no_prediction_outlives_its_score(section: AnnData) -> None:
    made: list[weakref.ref[Array]] = []

    def predict(kept: AnnData) -> Array:
        assert all(ref() is None for ref in made)  # the one before is gone already
        prediction = kept.X.toarray()
        made.append(weakref.ref(prediction))
        return prediction

    comparison = Comparison(section, [doing(predict, "one"), doing(predict, "two")], seeds=[0, 1])
    drain(comparison.steps())
    assert len(made) == len(comparison.scores) == 4


def test_time_begins_once_all_is_imported(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(trial, "time", clock)

    def predict(kept: AnnData, seed: int) -> Predicting:
        clock.now += 60  # an import
        yield Progress("prepare", 0, 1)
        clock.now += 5
        return kept.X.toarray()

    comparison = Comparison(section, [Contender(RAW.method, predict)])
    drain(comparison.steps())
    assert comparison.scores[0].seconds == 5


def test_peak_memory_is_that_of_the_method(section: AnnData) -> None:
    def hungry(kept: AnnData) -> Array:
        np.ones(200 * 2**20 // 8).sum()
        held = np.ones(100 * 2**20 // 8)
        time.sleep(0.1)
        return kept.X.toarray() * held[0]

    comparison = Comparison(section, [doing(hungry, "hungry"), RAW])
    drain(comparison.steps())
    hungriest, least = (s.memory / 2**20 for s in comparison.scores)
    assert 95 < hungriest < 350
    assert least < 50


# ---- progress and cancel -----------------------------------------------------------------------


def test_steps_count_up_in_seconds_to_the_end(section: AnnData, monkeypatch) -> None:
    monkeypatch.setattr(module, "REPORT_EVERY", 0.05)
    slow = doing(lambda kept: (time.sleep(0.3), kept.X.toarray())[1], "slow")
    steps = list(Comparison(section, [RAW, slow], seeds=[0, 1]).steps())
    assert [p.step for p in steps] == sorted(p.step for p in steps)
    assert all(0 < p.step <= p.n_steps for p in steps)
    assert "Slow, split 2 of 2, second" in {p.phase for p in steps}


def test_time_left_is_told_once_every_method_to_come_was_timed(section: AnnData) -> None:
    one, two, three, odd = (
        Contender(Method(name, name, "simple", ""), raw) for name in ("one", "two", "three", "odd")
    )
    clock = Clock()
    pace = trial.Pace([one, two, three, odd], 2, 1000, clock=clock.monotonic)
    told = []
    for contender in (one, two, three, odd, one, two):
        trying = Trial(contender, section, 0)
        pace.begin(trying)
        clock.now += 5
        told.append(pace.progress("trying", trying).seconds_left)
        clock.now += 5
        pace.end(trying)
        if contender is odd:
            pace.drop(odd.method)  # it failed
    assert told == [None, None, None, None, 5 + 20, 5 + 10]


def test_stopping_keeps_what_was_done_and_says_it_is_not_all(section: AnnData, monkeypatch) -> None:
    monkeypatch.setattr(module, "REPORT_EVERY", 0.05)
    closed = threading.Event()
    comparison = Comparison(section, [RAW, endless(closed), fitted("pca")])
    steps = comparison.steps()
    while "Endless" not in next(steps).phase:
        pass
    with pytest.raises(StopIteration):
        steps.throw(StopEarly())
    assert closed.wait(30)
    assert [s.method.name for s in comparison.scores] == ["raw"]
    assert not comparison.is_complete
    assert not comparison.failures


def test_a_method_that_does_not_answer_is_left_to_itself(section: AnnData, monkeypatch) -> None:
    monkeypatch.setattr(module, "REPORT_EVERY", 0.05)
    monkeypatch.setattr(trial, "PATIENCE", 0.1)
    may_end, ended = threading.Event(), threading.Event()

    def deaf(kept: AnnData) -> Array:
        may_end.wait(30)
        ended.set()
        return kept.X.toarray()

    steps = Comparison(section, [doing(deaf)]).steps()
    next(steps)
    with pytest.raises(StopIteration):
        steps.throw(StopEarly())
    assert not ended.is_set()
    may_end.set()


# ---- what goes wrong ---------------------------------------------------------------------------


def test_a_failing_method_does_not_sink_the_rest(section: AnnData) -> None:
    tried: list[int] = []

    def fail(kept: AnnData) -> Array:
        tried.append(1)
        raise KeyError("no such thing")

    comparison = Comparison(section, [doing(fail, "failing"), RAW], seeds=[0, 1])
    drain(comparison.steps())
    assert [s.method.name for s in comparison.scores] == ["raw", "raw"]
    assert comparison.is_complete
    assert "KeyError: 'no such thing'" in comparison.failures["failing"]
    assert len(tried) == 1  # not once per seed


def test_our_own_errors_are_told_as_they_are(section: AnnData) -> None:
    def fail(kept: AnnData) -> Array:
        raise TooSmall(expected="more", found="less", remedy="Open more.")

    comparison = Comparison(section, [doing(fail)])
    drain(comparison.steps())
    assert comparison.failures["doing"] == "Expected more, but found less. Open more."


def test_a_prediction_that_is_no_number_is_a_failure_in_words(section: AnnData) -> None:
    comparison = Comparison(section, [doing(lambda kept: np.full(kept.shape, np.nan))])
    drain(comparison.steps())
    assert "NaN or infinite values" in comparison.failures["doing"]


def test_what_cannot_run_is_not_tried(section: AnnData) -> None:
    absent = Contender(RAW.method, raw, unavailable="It is not installed.")
    comparison = Comparison(section, [absent])
    assert list(comparison.steps()) == []
    assert comparison.failures == {"raw": "It is not installed."}


def test_too_few_molecules_are_refused_before_any_work() -> None:
    sparse = AnnData(np.eye(3, dtype=np.float32)[:, :2])
    with pytest.raises(TooSmall, match="2 molecules in all"):
        Comparison(sparse, [RAW])


def test_one_gene_is_refused_in_words(section: AnnData) -> None:
    with pytest.raises(TooSmall, match="two genes"):
        Comparison(section[:, :1].copy(), [RAW])


def test_a_gene_to_show_must_exist(section: AnnData) -> None:
    with pytest.raises(UnknownName, match="NoSuchGene"):
        Comparison(section, [RAW], show=["NoSuchGene"])


def test_spots_that_are_all_alike_are_compared_without_a_crash() -> None:
    alike = AnnData(np.tile(np.arange(1.0, 31, dtype=np.float32), (40, 1)))
    comparison = Comparison(alike, [fitted("gene_mean"), fitted("pca"), fitted("neighbour_mean")])
    drain(comparison.steps())
    assert all(np.isfinite(s.gain) for s in comparison.scores)
    assert len(comparison.scores) + len(comparison.failures) == 3
