"""The notebook's panels drive the same session as napari's, without a browser here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from anndata import AnnData

from napari_stimpute import keys
from napari_stimpute.job import JobState
from napari_stimpute.jupyter import panels
from napari_stimpute.jupyter.tabs.train import TrainTab
from napari_stimpute.scene.maps import MapOf
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session

Until = Callable[..., Awaitable[None]]


def train_tab(session: Session) -> TrainTab:
    shown = panels(session)
    shown.show_tab("train")
    return shown.train


# ---- training ----------------------------------------------------------------------------------


def test_what_is_set_reaches_the_run_and_its_results_the_session(
    until: Until, session: Session
) -> None:
    async def main() -> None:
        tab = train_tab(session)
        tab.model.value = "pca"
        tab.form.widgets["n_components"].value = 5
        tab.seed.value, tab.key.value = 3, "few"
        tab.blend.value = tab.judge.value = False
        tab.work.button.click()
        assert tab.work.button.description == "Cancel"
        assert tab.model.disabled and tab.form.widgets["n_components"].disabled
        await until(lambda: not session.is_busy)
        record = session.contents.record("few")
        assert (record.model, record.seed, record.config) == ("pca", 3, {"n_components": 5})
        assert record.trust is None
        assert session.display.source == "few" and keys.imputed("few") in session.adata.layers
        assert f"layers['{keys.imputed('few')}']" in tab.card.text.text
        assert "was not judged" in tab.card.found.text and tab.card.best.widget.disabled
        assert tab.card.details.selected_index is None
        assert tab.work.button.description == "Train" and not tab.model.disabled
        assert not tab.work.words.text

    asyncio.run(main())


def test_where_the_model_is_kept_the_shown_gene_is_computed(until: Until, session: Session) -> None:
    async def main() -> None:
        shown = panels(session)
        shown.show_tab("train")
        shown.train.model.value, shown.train.keep.value = "gene_mean", False
        shown.train.work.button.click()
        await until(lambda: not session.is_busy)
        assert session.contents.kept == ("gene_mean",)
        shown.show_tab("genes")
        await until(lambda: shown.genes.source.widget.value == "gene_mean")

    asyncio.run(main())


def test_time_and_memory_are_told_before_it_starts(until: Until, session: Session) -> None:
    async def main() -> None:
        tab = train_tab(session)
        tab.model.value = "gene_mean"
        assert "GB free memory" in tab.forecast.line.text
        await until(lambda: "A few seconds" in tab.forecast.line.text)
        assert tab.forecast.smaller.widget.layout.display == "none"

    asyncio.run(main())


def test_progress_time_left_and_curve_are_shown_and_cancel_keeps_the_best(
    until: Until, session: Session, slow_gene_mean: None
) -> None:
    async def main() -> None:
        tab = train_tab(session)
        tab.model.value = "gene_mean"
        tab.work.button.click()
        assert tab.work.text == "Starting…"
        await until(lambda: "left" in tab.work.text)
        assert "step" in tab.work.text
        assert 0 < tab.work.bar.value < 1
        await until(lambda: tab.card.curve.is_shown)
        assert tab.card.curve.png.startswith(b"\x89PNG")
        tab.work.button.click()
        assert tab.work.button.description == "Cancelling…" and tab.work.button.disabled
        await until(lambda: not session.is_busy)
        assert not session.contents.record("gene_mean").completed
        assert "marked incomplete" in tab.card.found.text
        assert not tab.work.button.disabled

    asyncio.run(main())


def test_a_run_started_elsewhere_is_followed(until: Until, session: Session) -> None:
    async def main() -> None:
        tab = train_tab(session)
        session.train("pca")
        assert tab.model.value == "pca"
        assert tab.work.button.description == "Cancel"
        await until(lambda: not session.is_busy)
        assert "PCA denoiser" in tab.card.found.text

    asyncio.run(main())


def test_work_of_others_is_waited_for_not_cancelled(
    until: Until, session: Session, tmp_path: object
) -> None:
    async def main() -> None:
        tab = train_tab(session)
        job = session.save_later(f"{tmp_path}/out.h5ad")
        assert tab.work.button.disabled and "Wait: “Saving”" in tab.work.why_not.text
        await until(lambda: not session.is_busy)  # its events are delivered all the same
        assert job.state is JobState.DONE and not tab.work.button.disabled

    asyncio.run(main())


def test_a_script_can_wait_for_a_run_of_the_panel(session: Session) -> None:
    tab = train_tab(session)
    tab.model.value = "pca"
    job = tab.panel.train()
    assert job is not None
    job.wait(60)
    assert session.contents.runs == ("pca",)
    assert "PCA denoiser" in tab.card.found.text


# ---- words -------------------------------------------------------------------------------------


def test_a_bad_setting_is_said_beside_it(session: Session) -> None:
    tab = train_tab(session)
    tab.model.value = "pca"
    tab.form.widgets["n_components"].value = 0
    tab.work.button.click()
    assert "n_components" in tab.form.words["n_components"].text
    assert not tab.work.words.text and not session.is_busy


def test_devices_are_offered_with_their_free_memory(until: Until, session: Session) -> None:
    async def main() -> None:
        tab = train_tab(session)
        await until(lambda: "GB free" in tab.device.options[0][0])
        assert [name for _, name in tab.device.options][:2] == ["auto", "cpu"]
        tab.device.value = "cpu"
        assert tab.panel.now.device.chosen == "cpu"

    asyncio.run(main())


def test_a_run_that_fails_says_why(until: Until, session: Session, failing_gene_mean: None) -> None:
    async def main() -> None:
        tab = train_tab(session)
        tab.model.value = "gene_mean"
        tab.work.button.click()
        await until(lambda: not session.is_busy)
        await until(lambda: bool(tab.work.words.text))
        assert "the cat sat on the keyboard" in tab.work.words.text
        assert not session.contents.runs

    asyncio.run(main())


def test_a_model_without_its_coordinates_cannot_be_started_and_says_why(section: AnnData) -> None:
    cells = section.copy()
    del cells.obsm["spatial"]
    session = Session()
    session.open(cells)
    tab = train_tab(session)
    assert not tab.work.button.disabled
    tab.model.value = "gmm_vgae"
    assert tab.work.button.disabled
    assert "GMM-VGAE needs coordinates; these data have none." in tab.work.why_not.text
    tab.model.value = "pca"
    assert not tab.work.button.disabled


def test_without_data_the_panel_says_so() -> None:
    tab = train_tab(Session())
    assert tab.work.button.disabled
    assert "Open data first." in tab.work.why_not.text


# ---- model, preset, form -----------------------------------------------------------------------


def test_choosing_a_model_changes_session_form_and_presets(session: Session) -> None:
    tab = train_tab(session)
    tab.model.value = "neighbour_mean"
    assert session.model == "neighbour_mean"
    assert set(tab.form.widgets) == {"neighbors", "n_neighbors", "n_components"}
    session.model = "gmm_vgae"
    assert tab.model.value == "gmm_vgae"
    assert ("Paper", "paper") in tab.preset.options


def test_a_preset_fills_the_form_and_settings_survive_a_look_elsewhere(session: Session) -> None:
    tab = train_tab(session)
    tab.model.value = "gmm_vgae"
    tab.preset.value = "tiny"
    assert tab.form.widgets["epochs"].value == 12
    tab.form.widgets["epochs"].value = 7
    tab.model.value = "pca"
    assert tab.preset.value == "default"
    tab.model.value = "gmm_vgae"
    assert tab.form.widgets["epochs"].value == 7 and tab.preset.label == "Changed by hand"
    tab.preset.value = "tiny"
    assert tab.form.widgets["epochs"].value == 12


# ---- panels and the gene view ------------------------------------------------------------------


def test_panels_leave_the_given_data_alone(section: AnnData) -> None:
    shown = panels(section)
    job = shown.session.train("pca")
    job.wait(60)
    assert not section.layers.keys() & {keys.imputed("pca")}
    assert keys.imputed("pca") in shown.session.adata.layers


def test_gene_and_source_follow_the_session_both_ways(session: Session) -> None:
    genes = panels(session).genes
    assert genes.gene.widget.value == session.display.gene
    genes.gene.widget.value = session.contents.genes[3]
    assert session.display.gene == session.contents.genes[3]
    session.train("pca").wait(60)
    assert genes.source.widget.value == "pca"
    genes.source.widget.value = COUNTS
    assert session.display.source == COUNTS
    assert genes.canvas.spots.widget.names == [genes.scene.shown.caption]


def test_an_unknown_gene_is_answered_in_words(session: Session) -> None:
    genes, before = panels(session).genes, session.display.gene
    genes.gene.widget.value = "Actb"
    assert "'Actb'" in genes.words.text
    assert session.display.gene == before


def test_cells_without_coordinates_are_drawn_on_a_map_of_themselves(
    until: Until, section: AnnData
) -> None:
    cells = section[:40].copy()
    del cells.obsm["spatial"]

    async def main() -> None:
        shown = panels(cells)
        assert shown.genes.words.text.startswith("These data have no coordinates: the UMAP")
        assert shown.genes.canvas.spots.widget.nothing
        shown.genes.scene.show_map(MapOf(kind="pca"))  # quicker than the UMAP
        await until(lambda: not shown.genes.canvas.spots.widget.nothing)
        assert shown.genes.words.text == "" and not shown.session.problem

    asyncio.run(main())


def test_two_panels_of_one_session_show_the_same(session: Session) -> None:
    first, second = panels(session), panels(session)
    first.train.model.value = "pca"
    first.genes.gene.widget.value = session.contents.genes[5]
    assert second.train.model.value == "pca"
    assert second.genes.gene.widget.value == session.contents.genes[5]
