"""The notebook's panels drive the same session as napari's, without a browser here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.config import ModelConfig
from napari_stimpute.jupyter import panels
from napari_stimpute.jupyter.train import CUSTOM, TrainPanel
from napari_stimpute.models.simple.baselines import GeneMean
from napari_stimpute.progress import Progress
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session

from ..slow_models import SlowGeneMean

Until = Callable[..., Awaitable[None]]


StandIn = Callable[[type[GeneMean]], None]


@pytest.fixture
def slow_gene_mean(stand_in: StandIn) -> None:
    """Gene mean that learns at once and then takes its time, as a network does."""
    stand_in(SlowGeneMean)


def train_panel(session: Session) -> TrainPanel:
    panel: TrainPanel = panels(session).train
    return panel


# ---- training ----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["pca", "neighbour_mean"])
def test_training_brings_results_into_the_session(
    until: Until, session: Session, model: str
) -> None:
    async def main() -> None:
        panel = train_panel(session)
        panel.model.value = model
        panel.button.click()
        assert panel.button.description == "Cancel"
        await until(lambda: not session.is_busy)
        assert session.contents.runs == (model,)
        assert session.display.source == model
        assert keys.imputed(model) in session.adata.layers
        assert panel.run.text.startswith("Done after")
        assert f"layers['{keys.imputed(model)}']" in panel.run.notes.text
        assert panel.button.description == "Train"
        assert not panel.words.text

    asyncio.run(main())


def test_settings_seed_and_name_reach_the_run(until: Until, session: Session) -> None:
    async def main() -> None:
        panel = train_panel(session)
        panel.model.value = "pca"
        panel.form.widgets["n_components"].value = 5
        panel.seed.value, panel.key.value = 3, "few"
        panel.train()
        await until(lambda: not session.is_busy)
        record = session.contents.record("few")
        assert (record.model, record.seed, record.config) == ("pca", 3, {"n_components": 5})

    asyncio.run(main())


def test_progress_time_left_and_curve_are_shown(
    until: Until, session: Session, slow_gene_mean: None
) -> None:
    async def main() -> None:
        panel = train_panel(session)
        panel.model.value = "gene_mean"
        panel.train()
        assert panel.run.text == "Starting…"
        await until(lambda: "left" in panel.run.text)
        assert "step" in panel.run.text
        assert 0 < panel.run.bar.value < 1
        await until(lambda: panel.run.curve.is_shown)
        assert bytes(panel.run.curve.widget.value).startswith(b"\x89PNG")
        panel.cancel()
        await until(lambda: not session.is_busy)

    asyncio.run(main())


def test_cancel_keeps_the_best_so_far(until: Until, session: Session, slow_gene_mean: None) -> None:
    async def main() -> None:
        panel = train_panel(session)
        panel.model.value = "gene_mean"
        panel.button.click()
        await until(lambda: panel.run.bar.value > 0)
        asked = time.monotonic()
        panel.button.click()
        assert panel.button.description == "Cancelling…"
        assert panel.button.disabled
        await until(lambda: not session.is_busy)
        assert time.monotonic() - asked < 2
        assert not session.contents.record("gene_mean").completed
        assert panel.run.text.startswith("Cancelled after")
        assert "marked incomplete" in panel.run.notes.text
        assert not panel.button.disabled

    asyncio.run(main())


def test_a_second_start_is_refused_in_words(
    until: Until, session: Session, slow_gene_mean: None
) -> None:
    async def main() -> None:
        panel = train_panel(session)
        job = session.train("gene_mean")
        panel.train()
        assert session.job is job
        assert "nothing else running" in panel.words.text
        assert "cancel it" in panel.words.text
        session.cancel()
        await until(lambda: not session.is_busy)

    asyncio.run(main())


def test_a_run_started_elsewhere_is_followed(until: Until, session: Session) -> None:
    async def main() -> None:
        panel = train_panel(session)
        session.train("pca")
        assert panel.model.value == "pca"
        assert panel.button.description == "Cancel"
        await until(lambda: not session.is_busy)
        assert panel.run.text.startswith("Done after")

    asyncio.run(main())


def test_a_script_can_wait_for_a_run_of_the_panel(session: Session) -> None:
    panel = train_panel(session)
    panel.model.value = "pca"
    job = panel.train()
    assert job is not None
    job.wait(60)
    assert session.contents.runs == ("pca",)
    assert panel.run.text.startswith("Done after")


# ---- words -------------------------------------------------------------------------------------


def test_a_bad_setting_is_said_beside_it(session: Session) -> None:
    panel = train_panel(session)
    panel.model.value = "pca"
    panel.form.widgets["n_components"].value = 0
    assert panel.train() is None
    assert "n_components" in panel.form.words["n_components"].text
    assert not panel.words.text


def test_a_device_that_is_not_there_is_said_beside_it(until: Until, session: Session) -> None:
    async def main() -> None:
        panel = train_panel(session)
        panel.model.value, panel.device.value = "pca", "mps"
        panel.train()
        await until(lambda: not session.is_busy)
        assert "MPS" in panel.device_words.text
        panel.device.value = "cpu"
        assert not panel.device_words.text

    asyncio.run(main())


def test_devices_are_offered_with_their_free_memory(until: Until, session: Session) -> None:
    async def main() -> None:
        panel = train_panel(session)
        panel.device.value = "cpu"
        await until(lambda: "GB free" in panel.device.options[0][0])
        assert [name for _, name in panel.device.options][:2] == ["auto", "cpu"]
        assert panel.device.value == "cpu"

    asyncio.run(main())


class Fails(GeneMean):
    """Fails while it learns."""

    def _learn(self, *_: Any) -> Iterator[Progress]:
        yield Progress("fit", 1, 2)
        raise ZeroDivisionError("oh")


def test_a_run_that_fails_says_why(until: Until, session: Session, stand_in: StandIn) -> None:
    async def main() -> None:
        panel = train_panel(session)
        panel.model.value = "gene_mean"
        panel.train()
        await until(lambda: not session.is_busy)
        await until(lambda: bool(panel.words.text))
        assert "ZeroDivisionError" in panel.words.text
        assert not session.contents.runs

    stand_in(Fails)
    asyncio.run(main())


def test_a_model_without_its_coordinates_cannot_be_started_and_says_why(section: AnnData) -> None:
    cells = section.copy()
    del cells.obsm["spatial"]
    session = Session()
    session.open(cells)
    panel = train_panel(session)
    assert panel.button.disabled
    assert "GMM-VGAE needs coordinates; these data have none." in panel.reason.value
    panel.model.value = "pca"
    assert not panel.button.disabled


def test_without_data_the_panel_says_so() -> None:
    panel = train_panel(Session())
    assert panel.button.disabled
    assert "Open data first." in panel.reason.value


# ---- model, preset, form -----------------------------------------------------------------------


def test_choosing_a_model_changes_session_form_and_presets(session: Session) -> None:
    panel = train_panel(session)
    panel.model.value = "neighbour_mean"
    assert session.model == "neighbour_mean"
    assert set(panel.form.widgets) == {"neighbors", "n_neighbors", "n_components"}
    session.model = "gmm_vgae"
    assert panel.model.value == "gmm_vgae"
    assert "paper" in dict(panel.preset.options)


def test_a_preset_fills_the_form_and_a_change_by_hand_leaves_it(session: Session) -> None:
    panel = train_panel(session)
    assert panel.preset.value == "default"
    panel.preset.value = "tiny"
    config = panel.form.config
    assert panel.form.read() == config.checked(config.PRESETS["tiny"])
    assert panel.preset.value == "tiny"
    panel.form.widgets["n_latent"].value = 9
    assert panel.preset.value == CUSTOM
    assert panel.form.read().n_latent == 9


def test_settings_survive_a_look_at_another_model(session: Session) -> None:
    panel = train_panel(session)
    panel.form.widgets["epochs"].value = 7
    panel.model.value = "pca"
    panel.model.value = "gmm_vgae"
    assert panel.form.read().epochs == 7
    assert panel.preset.value == CUSTOM


def test_the_forms_offer_the_columns_of_the_open_data(session: Session, section: AnnData) -> None:
    panel = train_panel(session)
    assert ("domain", "domain") in panel.form.widgets["section_key"].options
    other = section.copy()
    del other.obs["domain"]
    session.open(other)
    assert ("domain", "domain") not in panel.form.widgets["section_key"].options


# ---- panels and the gene view ------------------------------------------------------------------


def test_panels_leave_the_given_data_alone(section: AnnData) -> None:
    shown = panels(section)
    job = shown.session.train("pca")
    job.wait(60)
    assert not section.layers.keys() & {keys.imputed("pca")}
    assert keys.imputed("pca") in shown.session.adata.layers


def test_gene_and_source_follow_the_session_both_ways(session: Session) -> None:
    genes = panels(session).genes
    assert genes.gene.value == session.display.gene
    genes.gene.value = session.contents.genes[3]
    assert session.display.gene == session.contents.genes[3]
    session.train("pca").wait(60)
    assert genes.source.value == "pca"
    genes.source.value = COUNTS
    assert session.display.source == COUNTS
    assert bytes(genes.map.widget.value).startswith(b"\x89PNG")


def test_an_unknown_gene_is_answered_in_words(session: Session) -> None:
    genes, before = panels(session).genes, session.display.gene
    genes.gene.value = "Actb"
    assert "'Actb'" in genes.words.text
    assert session.display.gene == before


def test_cells_without_coordinates_have_no_map(section: AnnData) -> None:
    cells = section.copy()
    del cells.obsm["spatial"]
    genes = panels(cells).genes
    assert "no coordinates" in genes.words.text
    assert not genes.map.is_shown


def test_two_panels_of_one_session_show_the_same(session: Session) -> None:
    first, second = panels(session), panels(session)
    first.train.model.value = "pca"
    first.genes.gene.value = session.contents.genes[5]
    assert second.train.model.value == "pca"
    assert second.genes.gene.value == session.contents.genes[5]


def test_defaults_of_the_form_are_what_the_session_would_use(session: Session) -> None:
    panel = train_panel(session)
    config: ModelConfig = panel.form.read()
    assert config == panel.form.config()
