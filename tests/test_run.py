from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from anndata import AnnData

from napari_stimpute import PCADenoiser, keys
from napari_stimpute.compare.comparison import Comparison
from napari_stimpute.data.counts import counts_of
from napari_stimpute.data.genes import working_adata
from napari_stimpute.data.records import fingerprint
from napari_stimpute.data.results import write_results
from napari_stimpute.errors import InvalidSetting, MissingKey, NoDevice, OutOfMemory, UnknownName
from napari_stimpute.job import Job, JobState
from napari_stimpute.models import MODELS, model_info
from napari_stimpute.models.simple import parts
from napari_stimpute.models.simple.parts import root_proportions
from napari_stimpute.progress import Progress, StopEarly, drain
from napari_stimpute.run import Request, Run
from napari_stimpute.trust.verdict import VERDICTS

from .requested import request
from .simulated import simulate_section


@pytest.fixture(scope="module")
def simulated() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100, n_domains=3)


@pytest.fixture
def section(simulated: AnnData) -> AnnData:
    return simulated.copy()


def test_the_record_tells_how_the_genes_were_chosen(section: AnnData) -> None:
    work, notes = working_adata(section, "hvg:50")
    run = Run(work, request("gene_mean"))
    drain(run.steps())
    assert run.results is not None and run.results.record.genes == notes[1]
    assert "chosen on one half of the molecules" in notes[1]


def test_a_mixture_prepares_the_same_counts_once(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those it learned from, the kept ones, all but the judging ones, and all."""
    prepared: list[float] = []

    def prepare(counts: sp.csr_matrix) -> sp.csr_matrix:
        prepared.append(float(counts.sum()))
        return root_proportions(counts)

    monkeypatch.setattr(parts, "root_proportions", prepare)
    drain(Run(section, request("mixture")).steps())
    assert prepared == sorted(set(prepared))
    assert len(prepared) == 4


@pytest.mark.parametrize("model", list(MODELS))
def test_a_run_gives_what_the_model_provides_with_a_record(model: str, section: AnnData) -> None:
    run = Run(section, request(model))
    seen = list(run.steps())
    results, record = run.results, run.results.record  # type: ignore[union-attr]
    names = {"imputed": "imputed", "embedding": "embedding", "clusters": "clusters"}
    given = {what for what, field in names.items() if getattr(results, field) is not None}
    assert given == set(MODELS[model].provides)
    assert (results.cluster_probability is not None) == ("clusters" in given)  # type: ignore[union-attr]
    assert (record.model, record.key, record.seed, record.device) == (model, model, 3, "cpu")
    assert (record.n_obs, record.n_vars) == section.shape
    assert record.completed
    assert record.config == run.request.config.model_dump()
    assert record.fingerprint == fingerprint(counts_of(section))
    assert {"torch", "numpy", "anndata", "napari-stimpute"} <= set(record.versions)
    assert 0 <= record.seconds < 60
    assert record.metrics
    assert record.notes[-len(run.model.notes_) or len(record.notes) :] == run.model.notes_
    assert record.notes[0].startswith("Judged on 10 % of the molecules")
    assert seen[-1].phase == "done"


def test_steps_count_upwards_to_their_number(section: AnnData) -> None:
    seen = list(Run(section, request("scziva")).steps())
    steps = [p.step for p in seen]
    assert steps == sorted(steps)
    assert all(p.step <= p.n_steps for p in seen)
    assert seen[-1].step == seen[-1].n_steps


def test_values_that_cannot_fit_are_refused_before_anything_is_begun(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Little:
        available = 4 * section.n_obs * section.n_vars - 1

    monkeypatch.setattr("psutil.virtual_memory", Little)
    monkeypatch.setattr("napari_stimpute.data.scratch.free_room", lambda: 0)
    found = r"118 × 100 .*found 46 kB of memory, and 0 kB in .*fewer genes.*hvg:1000"
    with pytest.raises(OutOfMemory, match=found):
        Run(section, request())
    with pytest.raises(OutOfMemory, match=r"hvg:1000"):
        Comparison(section, [])
    Little.available += 1
    Run(section, request())


def test_no_time_is_told_for_what_comes_after_the_phase(section: AnnData) -> None:
    seen = list(Run(section, request("scamzi")).steps())
    ends = {p.phase: p.last_of_phase for p in seen if p.epoch}
    n_steps = seen[-1].n_steps
    assert ends["pretrain"] < ends["fine-tune"] == n_steps - 5  # weigh, judge, impute, embed, done
    assert all(p.time_left(9.0).endswith("left in this phase") for p in seen if p.epoch)


def test_a_run_leaves_the_data_alone(section: AnnData) -> None:
    before = section.copy()
    drain(Run(section, request()).steps())
    assert set(section.layers) == set(before.layers)
    assert list(section.obs) == list(before.obs)
    assert set(section.obsm) == set(before.obsm)
    assert set(section.uns) == set(before.uns)
    assert (section.X != before.X).nnz == 0


def test_what_cannot_be_used_is_refused_before_anything_starts(section: AnnData) -> None:
    with pytest.raises(UnknownName, match="name of a model"):
        Run(section, Request("gmm", model_info("gmm_vgae").config()))
    with pytest.raises(InvalidSetting, match=r"key to be letters, digits.*found 'a key'"):
        Run(section, Request("gene_mean", model_info("gene_mean").config(), key="a key"))
    with pytest.raises(InvalidSetting, match=r"mode to be 'denoise' with the Gaussian likelihood"):
        Run(section, request("gmm_vgae", mode="fill", likelihood="gaussian"))
    del section.obsm["spatial"]
    with pytest.raises(MissingKey, match="coordinates"):
        Run(section, request("gmm_vgae"))


def test_other_labels_of_the_spots_change_nothing(section: AnnData) -> None:
    def found() -> Run:
        run = Run(section, request("mixture"))
        drain(run.steps())
        return run

    first = found()
    section.obs = section.obs.sample(frac=1, random_state=0).set_index(section.obs.index)
    again = found()
    assert first.results is not None and again.results is not None
    np.testing.assert_array_equal(again.results.imputed, first.results.imputed)
    assert again.results.genes is not None and first.results.genes is not None
    np.testing.assert_array_equal(again.results.genes.verdict, first.results.genes.verdict)


def test_a_device_that_is_not_there_fails_the_job_with_its_words(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = model_info("gmm_vgae").config()
    job = Job(Run(section, Request("gmm_vgae", config, device="cuda")).steps()).start()
    assert job.wait(60) is JobState.FAILED
    assert isinstance(job.error, NoDevice)


# ---- stopping ----------------------------------------------------------------------------------


def upto(steps: Iterator[Progress], claim: Callable[[Progress], bool]) -> None:
    """Take steps until one is as claimed."""
    for progress in steps:
        if claim(progress):
            return


@pytest.mark.parametrize("phase", ["pretrain", "mixture"])
def test_a_stop_while_learning_gives_results_marked_incomplete(
    phase: str, section: AnnData
) -> None:
    run = Run(section, request("gmm_vgae"))
    steps = run.steps()
    upto(steps, lambda p: p.phase.startswith(phase))
    stop = StopEarly()  # whoever stops may keep it: the model concludes all the same
    assert steps.throw(stop).phase == "impute"  # type: ignore[attr-defined]
    drain(steps)
    assert run.results is not None and run.results.imputed is not None
    assert not run.results.record.completed
    assert np.isfinite(run.results.imputed).all()


@pytest.mark.parametrize("phase", ["impute", "embed", "done"])
def test_a_stop_while_applying_loses_nothing(phase: str, section: AnnData) -> None:
    run = Run(section, request())
    steps = run.steps()
    upto(steps, lambda p: p.phase == phase)
    try:
        steps.throw(StopEarly())  # type: ignore[attr-defined]
        drain(steps)
    except StopIteration:
        assert phase == "done"
    assert run.results is not None
    assert run.results.record.completed


@pytest.mark.parametrize("phase", ["weigh", "judge"])
def test_a_stop_while_judging_keeps_the_model_as_it_is_and_says_so(
    phase: str, section: AnnData
) -> None:
    run = Run(section, request())
    steps = run.steps()
    upto(steps, lambda p: p.phase == phase)
    steps.throw(StopEarly())  # type: ignore[attr-defined]
    drain(steps)
    assert run.results is not None and run.results.imputed is not None
    assert run.results.record.trust is None and run.results.genes is None
    assert "neither blended with simple methods nor judged" in run.results.record.notes[0]
    assert not run.results.record.completed
    np.testing.assert_array_equal(run.results.imputed, run.model.impute(section))  # type: ignore[attr-defined]


# ---- blending and judging ----------------------------------------------------------------------


def test_a_judged_run_writes_verdicts_and_weights_without_nan(section: AnnData) -> None:
    run = Run(section, request("scziva"))
    drain(run.steps())
    assert run.results is not None
    write_results(section, run.results)
    columns = section.var[list(keys.gene_facts("scziva"))]
    assert not columns.isna().any(axis=None)
    assert list(columns[keys.trust("scziva")].cat.categories) == list(VERDICTS)
    weights = section.varm[keys.weights("scziva")]
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    trust = run.results.record.trust
    assert trust is not None and len(trust.parts) == weights.shape[1]
    assert trust.parts[0] == model_info("scziva").title
    assert sum(trust.verdicts.values()) == section.n_vars


def test_without_blending_the_layer_is_the_model_alone(section: AnnData) -> None:
    run = Run(section, replace(request(), blend=False))
    drain(run.steps())
    assert run.results is not None and run.results.genes is not None
    assert run.results.genes.verdict is not None and run.results.genes.weights is None
    np.testing.assert_allclose(run.results.imputed, run.model.impute(section), rtol=1e-6)  # type: ignore[attr-defined]


def test_with_neither_nothing_is_hidden(section: AnnData) -> None:
    run = Run(section, replace(request(), blend=False, judged=False))
    drain(run.steps())
    assert run.results is not None and run.results.genes is None
    model = PCADenoiser(run.request.config)
    np.testing.assert_array_equal(
        run.results.imputed, model.fit(section, seed=3, device="cpu").impute(section)
    )


def test_a_run_again_without_judging_takes_old_verdicts_away(section: AnnData) -> None:
    for judged in (True, False):
        run = Run(section, replace(request("gene_mean"), judged=judged))
        drain(run.steps())
        assert run.results is not None
        write_results(section, run.results)
        assert (keys.trust("gene_mean") in section.var) == judged


def test_filling_keeps_counts_and_fills_only_likely_technical_zeros(section: AnnData) -> None:
    run = Run(section, request("scziva", mode="fill", fill_threshold=0.6))
    drain(run.steps())
    assert run.results is not None and run.results.imputed is not None
    counts = section.X.toarray()
    np.testing.assert_array_equal(run.results.imputed[counts > 0], counts[counts > 0])
    filled = (run.results.imputed > 0) & (counts == 0)
    assert 0 < filled.mean() < (counts == 0).mean()
    assert run.results.record.config["mode"] == "fill"
    assert run.results.record.trust is not None and not run.results.record.trust.interval_levels


def test_too_few_molecules_to_hide_are_said_and_the_run_goes_on() -> None:
    rng = np.random.default_rng(0)
    few = AnnData(X=sp.csr_matrix(rng.poisson(0.2, size=(30, 10)).astype(np.float32)))
    run = Run(few, request("gene_mean"))
    drain(run.steps())
    assert run.results is not None and run.results.genes is None
    assert "Neither blended nor judged" in run.results.record.notes[0]


def test_one_spot_pattern_and_a_gene_in_three_spots_are_judged_without_nan() -> None:
    rng = np.random.default_rng(0)
    counts = np.tile(rng.poisson(4.0, size=20), (60, 1)).astype(np.float32)
    counts[:, 5] = 0
    counts[:3, 5] = 2
    same = AnnData(X=sp.csr_matrix(counts))
    run = Run(same, request("mixture"))
    drain(run.steps())
    assert run.results is not None and run.results.genes is not None
    assert all(np.isfinite(c).all() for c in run.results.genes.columns.values())
    assert run.results.genes.verdict is not None
    assert run.results.genes.verdict[5] == "cannot be judged"
    assert np.isfinite(run.results.imputed).all()


def test_a_cancelled_job_has_results_within_seconds(section: AnnData) -> None:
    run = Run(section, request("gmm_vgae", epochs=5000))
    job = Job(run.steps())
    job.progressed.connect(lambda progress: progress.step and job.cancel())
    assert job.start().wait(30) is JobState.CANCELLED
    assert run.results is not None and not run.results.record.completed


# ---- memory ------------------------------------------------------------------------------------
