"""A search maximises, goes on where it stopped, and outlives what fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from anndata import AnnData

from napari_stimpute.errors import (
    Diverged,
    InputError,
    InvalidSetting,
    NotWritable,
    UnknownName,
)
from napari_stimpute.job import Job, JobState
from napari_stimpute.models import MODELS
from napari_stimpute.models.configs import GMMVGAEConfig, PCADenoiserConfig
from napari_stimpute.models.simple.baselines import PCADenoiser
from napari_stimpute.progress import Progress, StopEarly, drain
from napari_stimpute.trust.recovery import deviance_explained
from napari_stimpute.tune.outcome import Outcome
from napari_stimpute.tune.score import Ground, Measures
from napari_stimpute.tune.search import Search, Tuning, search_space
from napari_stimpute.tune.study import About, Study

from ..simulated import simulate_section
from ..slow_models import SlowButForDefaults

N_PCA = len(PCADenoiserConfig.SEARCH["n_components"])
QUICK = GMMVGAEConfig(
    n_hidden=16, n_latent=4, epochs=3, mixture_epochs=1, n_domains=3, smoothing="none"
)

StandIn = Callable[[type[PCADenoiser]], None]


@pytest.fixture(scope="module")
def section() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100)


def pca(section: AnnData, **search: Any) -> Tuning:
    return Tuning(section, "pca", PCADenoiserConfig(), Search(**{"n_trials": N_PCA, **search}))


def done(tuning: Tuning) -> Tuning:
    drain(tuning.steps())
    return tuning


def tried(tuning: Tuning) -> list[tuple[int, str, float | None]]:
    return [(t.settings["n_components"], t.state, t.score) for t in tuning.trials]


@pytest.fixture
def slow(stand_in: StandIn) -> None:
    """Make all trials but the first, of the default settings, take 20 s."""
    stand_in(SlowButForDefaults)


# ---- what is searched --------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(MODELS))
def test_every_choice_to_search_is_valid_for_its_setting(name: str) -> None:
    config = MODELS[name].config
    for field, choices in config.SEARCH.items():
        assert field in config.model_fields and len(choices) == len(set(choices)) > 1
        for value in choices:
            kept = getattr(config.checked({field: value}), field)
            assert kept == value and type(kept) is type(value)


def test_settings_to_begin_with_are_searched_too_and_fixed_ones_are_not() -> None:
    begun = GMMVGAEConfig(n_hidden=32)
    space = search_space("gmm_vgae", begun, frozenset({"n_latent"}))
    assert space["n_hidden"] == (32, 64, 128, 256)
    assert "n_latent" not in space


def test_a_model_with_nothing_to_search_is_refused_with_those_that_have(section: AnnData) -> None:
    with pytest.raises(InvalidSetting, match=r"found Gene mean.*choose one of: gmm_vgae"):
        Tuning(section, "gene_mean", MODELS["gene_mean"].config(), Search())


def test_a_column_that_is_not_there_is_refused(section: AnnData) -> None:
    with pytest.raises(UnknownName):
        pca(section, labels="nope")


# ---- the search --------------------------------------------------------------------------------


def test_the_first_trial_has_the_settings_it_began_with_scored_on_hidden_molecules(
    section: AnnData,
) -> None:
    found = done(pca(section, n_trials=1, seed=2)).outcome
    ground = Ground.of(section, 2)
    model = PCADenoiser().fit(ground.kept, seed=2, device="cpu")
    by_hand = deviance_explained(ground.kept.X, ground.hidden, model.impute(ground.kept))
    assert found.start is found.best
    assert found.start is not None and found.start.settings == {"n_components": 20}
    assert found.start.score == pytest.approx(by_hand, abs=1e-4)


def test_the_score_is_maximised_and_no_settings_are_tried_twice(section: AnnData) -> None:
    outcome = done(pca(section, n_trials=30)).outcome
    scores = {t.settings["n_components"]: t.measures.score for t in outcome.trials if t.measures}
    assert len(scores) == len(outcome.trials) == N_PCA and outcome.is_exhausted
    assert outcome.best is not None
    assert outcome.best.settings["n_components"] == max(scores, key=scores.__getitem__)
    assert scores[5] > scores[100]  # else the order would be no test
    assert f"There are only {N_PCA} settings to try" in outcome.notes[1]


def test_hopeless_trials_end_after_one_fit_and_it_is_said(section: AnnData) -> None:
    outcome = done(pca(section)).outcome
    pruned = [t for t in outcome.trials if t.state == "pruned"]
    assert pruned and all(t.measures and t.measures.n_fits == 1 for t in pruned)
    assert all(t.score is None and "too far below the best" in t.reason for t in pruned)
    assert any(s.startswith(f"{len(pruned)} of the trials ended after") for s in outcome.notes)


@pytest.mark.slow
def test_a_model_with_clusters_is_scored_by_all_parts_and_labels_never_change_it(
    section: AnnData,
) -> None:
    part = section[:80, :50].copy()

    def found(labels: str) -> Outcome:
        search = Search(n_trials=2, labels=labels, device="cpu")
        return done(Tuning(part, "gmm_vgae", QUICK, search)).outcome

    without, labelled = found(""), found("domain")
    for a, b in zip(without.trials, labelled.trials, strict=True):
        assert a.settings == b.settings and a.measures and b.measures
        assert a.score == pytest.approx(b.score, abs=1e-6)
        assert a.measures.labels is None and b.measures.labels is not None
        parts = a.measures
        assert parts.molecules is not None and parts.modularity is not None
        assert parts.silhouette is not None and parts.stability is not None
        whole = parts.molecules + 0.5 * parts.silhouette + 0.5 * parts.stability
        assert a.score == pytest.approx(whole)
    assert "it chose nothing" in labelled.notes[-1]


def test_a_search_that_is_stopped_at_once_says_so(section: AnnData) -> None:
    tuning = pca(section, n_trials=2)
    steps = tuning.steps()
    next(steps)
    with pytest.raises(StopIteration):
        steps.throw(StopEarly())
    assert not tuning.outcome.is_complete
    assert tuning.outcome.notes[0] == "Stopped after 0 of 2 trials."


# ---- going on ----------------------------------------------------------------------------------


def test_a_search_that_goes_on_finds_what_one_without_a_break_finds(
    section: AnnData, tmp_path: Path
) -> None:
    at_once = done(pca(section))
    done(pca(section, n_trials=3, study=tmp_path / "s.log"))
    again = done(pca(section, study=tmp_path / "s.log"))
    assert tried(again) == tried(at_once)


def test_what_is_tried_next_depends_on_the_seed_and_the_trials_so_far_alone(tmp_path: Path) -> None:
    space = {"a": (1, 2, 3, 4), "b": (0.1, 0.2, 0.3), "c": ("x", "y")}
    about = About("m", "f", 0, {"a": 2, "b": 0.2, "c": "x"}, space, {}, "1")

    def tried_up_to(n: int, path: Path | str) -> list[dict[str, Any]]:
        study = Study(about, path)
        while len(study.trials) < n:
            asked = study.ask()
            score = asked.settings["a"] - asked.settings["b"]
            measures = Measures(score, 0.0, score, None, None, None, None, None, 1.0, 3)
            study.finish(asked, measures)
        return [dict(trial.settings) for trial in study.trials]

    at_once = tried_up_to(24, "")
    for n in (3, 10, 17, 24):
        in_parts = tried_up_to(n, tmp_path / "s.log")
    assert in_parts == at_once
    assert len({tuple(settings.items()) for settings in at_once}) == 24  # each exactly once


def test_a_killed_search_goes_on_with_the_trial_that_was_running(
    section: AnnData, tmp_path: Path, slow: None, stand_in: StandIn
) -> None:
    file, left = tmp_path / "s.log", tmp_path / "left.log"
    running = pca(section, study=file)
    steps = running.steps()
    while "trial 1 " not in next(steps).phase:
        pass
    left.write_bytes(file.read_bytes() + b'{"op_code":8,"worker')  # killed within a line
    steps.close()
    stand_in(PCADenoiser)
    again = done(pca(section, study=left))
    assert again.trials[0] == running.trials[0]
    assert tried(again) == tried(done(pca(section)))
    assert tried(done(pca(section, study=left))) == tried(again)  # and it can be read once more


def test_a_search_killed_in_its_first_trial_still_begins_with_the_first_settings(
    section: AnnData, tmp_path: Path
) -> None:
    about = About("pca", "x", 0, {"n_components": 20}, {"n_components": (5, 10, 20)}, {}, "1")
    assert Study(about, tmp_path / "s.log").ask().settings == {"n_components": 20}
    for _ in range(2):
        asked = Study(about, tmp_path / "s.log").ask()
        assert (asked.number, asked.settings) == (0, {"n_components": 20})


def test_cancel_gives_the_running_fit_up_keeps_what_was_done_and_the_search_can_go_on(
    section: AnnData, slow: None, stand_in: StandIn
) -> None:
    tuning = pca(section)
    job = Job(tuning.steps()).start()
    while "Trial 1" not in tuning.current:
        time.sleep(0.01)
    job.cancel()
    assert job.wait(60) is JobState.CANCELLED
    assert [t.settings["n_components"] for t in tuning.trials] == [20]
    stand_in(PCADenoiser)
    assert tried(done(tuning)) == tried(done(pca(section)))


def test_time_left_is_told_from_fits_that_are_done(section: AnnData, slow: None) -> None:
    steps = pca(section, n_trials=3).steps()
    seen = [next(steps) for _ in range(4)]
    fourth = seen[-1]
    steps.close()
    assert seen[0].seconds_left is None
    assert fourth.step > 0 and fourth.seconds_left is not None
    # two trials of three fits are left, of 20 s each or as long as the done ones: 0.1 s
    assert 0 <= fourth.seconds_left < 150


# ---- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: pca(s[:100].copy(), study="s.log"), "other counts"),
        (lambda s: pca(s, study="s.log", seed=1), "one of the seed 0"),
        (
            lambda s: Tuning(s, "pca", PCADenoiserConfig(n_components=5), Search(study="s.log")),
            "n_components 20 instead of 5",
        ),
        (lambda s: Tuning(s, "gmm_vgae", QUICK, Search(study="s.log")), "the model 'pca'"),
    ],
)
def test_studies_are_never_mixed(
    change: Callable[[AnnData], Tuning],
    words: str,
    section: AnnData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    first = done(pca(section, n_trials=1, study="s.log"))
    with pytest.raises(InputError, match=words):
        done(change(section))
    assert done(pca(section, n_trials=1, study="s.log")).trials == first.trials


def test_a_study_that_cannot_be_written_is_refused(section: AnnData, tmp_path: Path) -> None:
    with pytest.raises(NotWritable):
        done(pca(section, study=tmp_path / "none" / "s.log"))


# ---- what fails --------------------------------------------------------------------------------


ERRORS = {
    10: Diverged(expected="a finite loss", found="NaN", remedy="Change the settings."),
    15: MemoryError(),
    20: RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    30: ValueError("the cat sat on the keyboard"),
}


class FailsWithSome(PCADenoiser):
    """Fails with some numbers of components."""

    def _learn(self, adata: Any, counts: Any, names: list[str]) -> Iterator[Progress]:
        yield Progress("train", 1, 2)
        if self.config.n_components in ERRORS:
            raise ERRORS[self.config.n_components]
        yield from super()._learn(adata, counts, names)


def test_a_trial_that_fails_is_kept_with_its_reason_and_the_search_goes_on(
    section: AnnData, stand_in: StandIn
) -> None:
    stand_in(FailsWithSome)
    outcome = done(pca(section)).outcome
    reasons = {t.settings["n_components"]: t.reason for t in outcome.trials if t.state == "failed"}
    assert set(reasons) == set(ERRORS)
    assert "a finite loss" in reasons[10] and reasons[15] == reasons[20] == "Memory ran out."
    assert reasons[30] == "ValueError: the cat sat on the keyboard"
    assert outcome.best is not None and outcome.best.settings["n_components"] == 5
    assert "the default settings failed" in outcome.verdict
    assert "4 of the trials failed." in outcome.notes
