"""Train: what is offered, set, refused, reported on the way, and said at the end."""

from __future__ import annotations

import itertools
import time
from dataclasses import asdict
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anndata import AnnData
from psygnal import emit_queued

from napari_stimpute import keys
from napari_stimpute.devices import DETERMINISTIC, Device
from napari_stimpute.job import Job, JobState
from napari_stimpute.models import MODELS
from napari_stimpute.models.configs import GMMVGAEConfig
from napari_stimpute.panels.code.tabs import train_code
from napari_stimpute.panels.run_card import RunCard
from napari_stimpute.panels.train import Options, TrainPanel
from napari_stimpute.progress import Progress
from napari_stimpute.session.session import Session

from ..overlaid import overlaid
from .waiting import endless, until_done


@pytest.fixture
def train(opened: Session) -> TrainPanel:
    return TrainPanel(opened)


def until(job: Job[Any] | None, is_so: Any) -> None:
    """Deliver what the job tells until something is so."""
    assert job is not None
    end = time.monotonic() + 60
    while not is_so():
        assert job.is_running and time.monotonic() < end
        time.sleep(0.01)
        emit_queued()


def without_coordinates(section: AnnData) -> AnnData:
    del section.obsm["spatial"], section.uns["spatial"]
    return section


# ---- what can be set ---------------------------------------------------------------------------


def test_every_model_is_offered_with_its_settings(train: TrainPanel) -> None:
    assert sorted(entry.name for entry in train.now.model.entries) == sorted(MODELS)
    for name, info in MODELS.items():
        train.choose_model(name)
        assert train.now.model.title.startswith(info.title)
        assert set(train.form.about) == set(info.config.model_fields)
        assert train.now.summary == info.summary


def test_the_model_is_that_of_the_session_both_ways(train: TrainPanel) -> None:
    other = TrainPanel(train.session)
    train.choose_model("pca")
    assert train.session.model == "pca" and other.now.model.chosen == "pca"
    train.session.model = "gmm_vgae"
    assert train.now.model.chosen == "gmm_vgae"
    assert "paper" in [entry.name for entry in train.now.preset.entries]


def test_a_preset_fills_the_form(train: TrainPanel) -> None:
    train.choose_model("gmm_vgae")
    train.choose_preset("tiny")
    assert train.now.preset.chosen == "tiny"
    assert train.form.read() == GMMVGAEConfig(**GMMVGAEConfig.PRESETS["tiny"])
    train.choose_preset("default")
    assert train.form.read() == GMMVGAEConfig()


def test_settings_survive_a_look_at_another_model(train: TrainPanel) -> None:
    train.choose_model("gmm_vgae")
    train.choose_preset("tiny")
    train.form.enter("epochs", 7)
    train.choose_model("pca")
    assert train.now.preset.chosen == "default"
    train.choose_model("gmm_vgae")
    assert train.form.read().model_dump()["epochs"] == 7


def test_settings_of_no_preset_are_called_so_and_a_preset_can_be_chosen_again(
    train: TrainPanel,
) -> None:
    train.choose_model("gmm_vgae")
    titles = [entry.title for entry in train.now.preset.entries]
    train.choose_preset("tiny")
    train.form.enter("epochs", 7)
    assert train.now.preset.title == "Changed by hand"
    train.choose_preset(train.now.preset.chosen)
    assert train.form.read().model_dump()["epochs"] == 7
    train.choose_preset("tiny")
    assert train.form.read() == GMMVGAEConfig(**GMMVGAEConfig.PRESETS["tiny"])
    assert train.now.preset.chosen == "tiny"
    assert [entry.title for entry in train.now.preset.entries] == titles


def test_the_forms_offer_the_columns_of_the_open_data(train: TrainPanel, section: AnnData) -> None:
    def columns() -> list[str]:
        field = next(f for f in train.form.fields if f.about.name == "section_key")
        return [entry.name for entry in field.entries]

    train.choose_model("gmm_vgae")
    assert "domain" in columns()
    train.session.write_column("half", np.where(np.arange(section.n_obs) % 2, "a", "b"))
    assert "half" in columns()
    del section.obs["domain"]
    train.session.open(section)
    assert "domain" not in columns() and "half" not in columns()


def test_all_sections_are_learned_from_and_by_which_column_is_said(train: TrainPanel) -> None:
    train.session.open(overlaid())
    train.choose_model("gmm_vgae")
    assert "learns from all 2 sections, told apart by “library_id”" in train.now.summary
    field = next(f for f in train.form.fields if f.about.name == "section_key")
    assert field.entries[0].title == "as found: library_id"
    train.form.enter("section_key", "library_id")
    assert "sections" not in train.now.summary


def test_devices_are_offered_with_their_free_memory(train: TrainPanel) -> None:
    assert train.now.device.title == "Looking for devices…"
    train.choose_device("mps")  # not before it is known to be there
    assert train.now.device.chosen == "auto"
    train.look_for_devices().wait(60)
    offered = train.now.device.entries
    assert [entry.name for entry in offered][:2] == ["auto", "cpu"]
    assert all("GB free" in entry.title for entry in offered[:2])
    train.choose_device("cpu")
    train.look_for_devices().wait(60)
    assert train.now.device.chosen == "cpu"


def test_a_device_that_is_gone_is_said_below_the_button(
    train: TrainPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Device("cuda:99", "A GPU · 4 GB free")
    monkeypatch.setattr("napari_stimpute.panels.train.devices", lambda: [gone])
    train.look_for_devices().wait(60)
    train.choose_model("scziva")
    train.choose_device("cuda:99")
    until_done(train.train())
    assert "a CUDA device number 99, but found none in this machine" in train.now.work.outcome.text
    assert train.now.work.outcome.tone == "error" and not train.session.contents.runs


def test_untouched_it_sets_what_a_script_gets_by_default(train: TrainPanel) -> None:
    asked = signature(Session.train).parameters
    assert {name: asked[name].default for name in asdict(Options())} == asdict(train.now.options)
    assert asked["device"].default == train.now.device.chosen
    for name, info in MODELS.items():
        train.choose_model(name)
        assert train.form.read() == info.config()


def test_a_model_that_needs_a_tissue_says_so(session: Session, section: AnnData) -> None:
    session.open(without_coordinates(section))
    train, missing = TrainPanel(session), "GMM-VGAE needs coordinates; these data have none."
    train.choose_model("gmm_vgae")
    assert train.now.work.why_not.text == missing and not train.now.work.is_enabled
    assert missing in [entry.why_not for entry in train.now.model.entries]
    train.choose_model("pca")
    assert train.now.work.is_enabled


def test_without_data_it_says_what_to_do(session: Session) -> None:
    train = TrainPanel(session)
    assert train.now.work.why_not.text == "Open data first." and not train.now.work.is_enabled
    assert train.train() is None
    assert "Open a file" in train.now.work.outcome.text


# ---- a run -------------------------------------------------------------------------------------


def test_settings_seed_and_name_reach_the_run(train: TrainPanel) -> None:
    session = train.session
    train.choose_model("pca")
    train.form.enter("n_components", 5)
    train.set_options(Options(seed=3, key=" few ", blend=False, judged=False))
    until_done(train.train())
    record = session.contents.record("few")
    assert (record.model, record.seed, record.config) == ("pca", 3, {"n_components": 5})
    assert record.trust is None
    assert session.contents.runs == ("few",) and session.display.source == "few"
    assert keys.imputed("few") in session.adata.layers  # type: ignore[union-attr]
    assert "Imputed counts are in layers['few_imputed']." in train.now.card.details
    assert train.now.work.button == "Train" and not train.now.work.outcome


def test_a_model_can_be_kept_in_place_of_the_values(train: TrainPanel) -> None:
    session = train.session
    train.choose_model("gene_mean")
    train.set_options(Options(keeps="model"))
    assert 'session.train("gene_mean", keeps="model")' in train_code(train).text
    until_done(train.train())
    assert session.contents.kept == ("gene_mean",) and session.display.source == "gene_mean"
    assert "layers" not in train.now.card.details
    assert "each gene is computed" in train.now.card.details


def test_a_run_can_be_deterministic_and_its_code_says_so(train: TrainPanel) -> None:
    train.choose_model("gene_mean")
    train.set_options(Options(deterministic=True))
    assert "deterministic=True" in train_code(train).text
    until_done(train.train())
    assert DETERMINISTIC in train.session.contents.records["gene_mean"].notes


def test_values_that_fit_nowhere_are_refused_and_the_model_offered(
    train: TrainPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_stimpute.data.scratch.free_memory", lambda: 1)
    monkeypatch.setattr("napari_stimpute.data.scratch.free_room", lambda: 1)
    train.set_options(Options(seed=1))  # looked at anew
    assert "Keep the model in their place" in train.now.work.why_not.text
    train.set_options(Options(keeps="model"))
    assert not train.now.work.why_not


def test_a_run_is_blended_and_judged_unless_told_otherwise(train: TrainPanel) -> None:
    train.choose_model("scziva")
    train.choose_preset("tiny")
    train.form.enter("epochs", 2)
    until_done(train.train())
    trust = train.session.contents.record("scziva").trust
    assert trust is not None and trust.verdicts and len(trust.parts) > 1
    assert train.now.card.found.text.startswith("scZiva: ")
    assert train.now.card.details.count("Judged on 10 %") == 1
    train.set_options(Options(key="alone", blend=False))
    until_done(train.train())
    trust = train.session.contents.record("alone").trust
    assert trust is not None and trust.verdicts and not trust.parts


def test_while_it_runs_it_says_how_far_it_is(train: TrainPanel, slow_gene_mean: None) -> None:
    train.choose_model("gene_mean")
    job = train.train()
    assert train.work.progress() == (None, "Starting…")
    assert train.now.work.button == "Cancel" and not train.now.is_free
    until(job, lambda: "left" in train.work.progress()[1])
    share, words = train.work.progress()
    assert share is not None and 0 < share < 1
    assert words.startswith("Train · step ") and " of 2,00" in words
    assert train.curve.n_points > 3


def test_a_run_begun_elsewhere_is_followed(train: TrainPanel) -> None:
    job = train.session.train("pca")
    assert train.now.model.chosen == "pca" and train.now.work.button == "Cancel"
    until_done(job)
    assert train.now.card.key == "pca" and train.curve.n_points > 0


def test_cancel_is_said_at_once_and_keeps_the_best_so_far(
    train: TrainPanel, slow_gene_mean: None
) -> None:
    train.choose_model("gene_mean")
    job = train.train()
    until(job, lambda: train.curve.n_points > 3)
    train.work.press()
    assert train.now.work.button == "Cancelling…" and not train.now.work.is_enabled
    assert train.work.progress()[1] == "Cancelling: finishing with the best so far…"
    until_done(job)
    assert job is not None and job.state is JobState.CANCELLED
    assert not train.session.contents.record("gene_mean").completed
    assert "the best so far is kept, marked incomplete." in train.now.card.found.text


def test_a_cancel_before_anything_was_learned_keeps_nothing(
    train: TrainPanel, slow_pca: None
) -> None:
    train.choose_model("pca")
    train.form.enter("n_components", 5)
    job = train.train()
    train.work.press()
    until_done(job)
    assert train.session.contents.runs == ()
    assert train.now.ended.text == "Nothing had been learned yet, so nothing is kept."
    assert not train.now.work.outcome


def test_a_finished_run_that_stays_is_said_and_nothing_else(
    train: TrainPanel, slow_gene_mean: None
) -> None:
    session = train.session
    train.set_options(Options(key="mine"))
    session.train("pca", key="mine").wait(60)
    train.choose_model("gene_mean")
    job = train.train()
    until(job, lambda: train.curve.n_points > 3)
    train.work.press()
    until_done(job)
    assert session.contents.record("mine").model == "pca"
    assert "The finished run stays as it was." in train.now.work.outcome.text
    assert not train.now.ended


def test_cancel_stops_no_work_of_others(train: TrainPanel) -> None:
    job = train.session.work_later(endless(), "Something else", owner="else")
    assert train.now.work.why_not.text == "Wait: “Something else” is at work."
    assert train.now.work.button == "Train" and not train.now.work.is_enabled
    assert not train.now.is_free
    assert train.train() is None
    assert "nothing else running" in train.now.work.outcome.text
    assert job.is_running and not job.is_cancelling


def test_no_state_is_announced_twice(train: TrainPanel) -> None:
    train.choose_model("pca")
    seen = [train.now]
    train.changed.connect(lambda: seen.append(train.now))
    until_done(train.train())
    assert len(seen) > 2
    assert all(a != b for a, b in itertools.pairwise(seen))


# ---- what goes wrong ---------------------------------------------------------------------------


def test_a_bad_setting_is_said_beside_it(train: TrainPanel) -> None:
    train.choose_model("pca")
    train.form.enter("n_components", 0)
    assert train.train() is None
    assert "n_components" in train.form.problems and not train.now.work.outcome


def test_a_setting_that_does_not_fit_the_data_is_marked(session: Session, section: AnnData) -> None:
    session.open(section[:20].copy())
    train = TrainPanel(session)
    train.choose_model("gmm_vgae")
    train.choose_preset("tiny")
    train.form.enter("n_domains", 50)
    job = train.train()
    if job is not None:
        until_done(job)
    assert "n_domains" in train.form.problems and not train.now.work.outcome


def test_an_error_while_training_is_explained_below_the_button(
    train: TrainPanel, failing_gene_mean: None
) -> None:
    train.choose_model("gene_mean")
    until_done(train.train())
    assert "the cat sat on the keyboard" in train.now.work.outcome.text
    assert train.now.work.outcome.tone == "error"
    assert not train.now.ended and not train.now.card.key and not train.session.contents.runs


# ---- the card of a run -------------------------------------------------------------------------


@pytest.fixture
def shown(session: Session, judged: AnnData) -> TrainPanel:
    """With the judged run "mine" shown."""
    session.open(judged)
    session.display.source = "mine"
    return TrainPanel(session)


def test_it_says_how_many_genes_are_reliable_and_folds_the_rest(shown: TrainPanel) -> None:
    card = shown.now.card
    assert card.found.text.splitlines() == [
        "Mine: 25 of 75 judged genes are reliable.",
        "25 more have too few molecules to be judged.",
    ]
    assert card.found.tone == "good"
    for part in ("25 use with care", "14.0 %", "Mine alone 11.0 %", "Nearest 30 spots"):
        assert part in card.details and part not in card.found.text


def test_the_best_gene_is_the_reliable_one_that_gains_most(shown: TrainPanel) -> None:
    display = shown.session.display
    display.column, display.source = "domain", "counts"
    shown.show_best()
    genes = [str(gene) for gene in shown.session.adata.var_names]  # type: ignore[union-attr]
    assert display.gene == genes[96]  # every fourth is reliable, and gains grow
    assert (display.column, display.source) == ("", "mine")


def test_domains_are_told_of_and_shown_under_a_title(session: Session, judged: AnnData) -> None:
    column = keys.cluster("mine")
    judged.obs[column] = np.where(np.arange(judged.n_obs) % 3 == 0, "1", "2")
    session.open(judged)
    train = TrainPanel(session)
    assert train.now.card.groups == "2 clusters found."
    assert train.now.card.colour == "Colour by clusters"
    train.show_groups()
    assert session.display.column == column
    assert session.contents.column_title(column) == "Clusters (Mine)"
    assert session.contents.column_title("domain") == "domain"


def test_stability_of_domains_can_be_laid_over_the_tissue(
    session: Session, judged: AnnData
) -> None:
    column = keys.cluster_stability("mine")
    judged.obs[keys.cluster("mine")] = np.where(np.arange(judged.n_obs) % 3 == 0, "1", "2")
    judged.obs[column] = np.linspace(0, 1, judged.n_obs)
    session.open(judged)
    assert column in session.contents.number_columns
    assert session.contents.column_title(column) == "Stability of clusters (Mine)"


def test_without_a_reliable_gene_there_is_no_best_one(session: Session, judged: AnnData) -> None:
    train = TrainPanel(with_trust(session, judged, verdicts={"do not use": 3}))
    assert train.now.card.found.text == "Mine: none of 3 judged genes is reliable."
    assert train.now.card.no_best and train.now.card.found.tone == "note"


def test_a_model_that_adds_nothing_is_called_so(session: Session, judged: AnnData) -> None:
    train = TrainPanel(with_trust(session, judged, gain_without_model=0.1395))
    assert "Mine adds nothing here" in train.now.card.found.text
    assert train.now.card.found.tone == "warning"


def test_a_run_that_was_not_judged_is_said_to_be_so(session: Session, judged: AnnData) -> None:
    record = judged.uns[keys.UNS]["mine"].replace('"trust":{', '"was":{')
    judged.uns[keys.UNS] = {"mine": record}
    session.open(judged)
    train = TrainPanel(session)
    assert "Mine was not judged" in train.now.card.found.text
    assert train.now.card.found.tone == "note" and train.now.card.no_best


def test_the_card_is_of_the_run_that_is_looked_at(shown: TrainPanel) -> None:
    session = shown.session
    session.train("pca", blend=False, judged=False).wait(60)
    assert shown.now.card.found.text.startswith("PCA denoiser was not judged")
    session.display.source = "mine"
    assert shown.now.card.found.text.startswith("Mine: ")
    session.display.source = "counts"  # else on the last one
    assert shown.now.card.found.text.startswith("PCA denoiser")


def test_a_run_of_data_that_were_closed_is_shown_no_longer(
    train: TrainPanel, section: AnnData
) -> None:
    train.choose_model("pca")
    train.choose_preset("tiny")
    until_done(train.train())
    assert train.now.card.key and train.now.card.details
    train.curve.add(Progress("fit", 1, 2, {"loss": 1.0}))
    train.session.open(section)
    assert train.now.card == RunCard() and not train.now.ended
    assert train.curve.n_points == 0


def test_what_is_not_saved_can_be_saved_from_here(train: TrainPanel, tmp_path: Path) -> None:
    saving = train.saving
    assert not saving.now.unsaved
    until_done(train.session.train("pca"))
    assert saving.now.unsaved.text == "PCA denoiser is in no file yet."
    until_done(saving.save_to(tmp_path / "out.h5ad"))
    assert not saving.now.unsaved and "out.h5ad" in saving.now.saved.text
    until_done(saving.save_to(tmp_path / "nowhere" / "\0"))
    assert saving.now.saved.tone == "error"


def with_trust(session: Session, judged: AnnData, **changes: object) -> Session:
    """The session with the run "mine", judged otherwise."""
    session.open(judged)
    record = session.contents.record("mine")
    assert record.trust is not None and session.adata is not None
    record = record.model_copy(update={"trust": record.trust.model_copy(update=changes)})
    session.adata.uns[keys.UNS]["mine"] = record.model_dump_json()
    session.look_again()
    return session
