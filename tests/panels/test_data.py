"""Data: opened, described, reduced to genes, and saved, each with its answer in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from anndata import AnnData, read_h5ad

from napari_stimpute.data import samples
from napari_stimpute.data.samples import SAMPLES, samples_folder
from napari_stimpute.data.stores import write_store
from napari_stimpute.panels.data import DataPanel
from napari_stimpute.panels.gene_choice import FILE
from napari_stimpute.session.session import OPEN, Session

from ..formats import some_barcodes, some_counts, write_hd, write_visium
from ..overlaid import overlaid
from .waiting import endless, until_done


@pytest.fixture
def data(session: Session) -> DataPanel:
    return DataPanel(session)


@pytest.fixture
def open_data(data: DataPanel, section: AnnData) -> DataPanel:
    data.session.open(section)
    return data


# ---- what a file leaves open -------------------------------------------------------------------


@pytest.fixture
def hd(tmp_path: Path) -> Path:
    return write_hd(tmp_path / "hd", some_counts(), some_barcodes())


def test_what_must_be_chosen_is_asked_before_a_file_is_read(data: DataPanel, hd: Path) -> None:
    until_done(data.open(hd))
    asked = data.now.asked
    assert asked is not None and not data.now.problem.text and not data.now.is_open
    assert asked.sentence == "hd can be read in 3 ways."
    assert (asked.title, asked.menu.chosen) == ("Bin size", "8")
    data.answer("16")
    until_done(data.open_asked())
    assert data.now.asked is None
    assert dict(data.now.card)["Size"].startswith("4 spots × 6 genes")


def test_a_folder_of_samples_is_opened_as_sections(data: DataPanel, tmp_path: Path) -> None:
    for name in ("A1", "B1"):
        write_visium(tmp_path / name, some_counts(), some_barcodes())
    until_done(data.open(tmp_path))
    asked = data.now.asked
    assert asked is not None and asked.title == "Sample"
    assert [entry.name for entry in asked.menu.entries] == ["all", "A1", "B1"]
    data.answer("all")
    until_done(data.open_asked())
    assert data.session.contents.sections_told_by == ("library_id", 2)


def test_what_waits_can_be_left(data: DataPanel, hd: Path) -> None:
    until_done(data.open(hd))
    data.leave_asked()
    assert data.now.asked is None and data.open_asked() is None and not data.now.is_open


def test_what_was_read_can_be_read_otherwise(data: DataPanel, hd: Path) -> None:
    until_done(data.open(hd))
    until_done(data.open_asked())
    name, title, menu = data.now.reading[0]
    assert (name, title, menu.chosen) == ("bin", "Bin size", "8")
    until_done(data.choose_reading("bin", "2"))
    assert dict(data.now.card)["Size"].startswith("8 spots × 6 genes")
    assert data.now.reading[0][2].chosen == "2"


def test_what_is_read_otherwise_keeps_what_was_answered_before_it(
    data: DataPanel, hd: Path
) -> None:
    until_done(data.open(hd))
    data.answer("16")
    until_done(data.open_asked())
    names = [name for name, _title, _menu in data.now.reading]
    assert names == ["bin", "image"]
    until_done(data.choose_reading("image", "none"))
    card = dict(data.now.card)
    assert card["Size"].startswith("4 spots") and card["Image and scale"] == "no image"
    until_done(data.choose_reading("bin", "8"))
    assert dict(data.now.card)["Image and scale"].startswith("slice 7 (hires)")


def test_what_was_open_stays_where_reading_otherwise_is_cancelled(
    data: DataPanel, hd: Path
) -> None:
    until_done(data.open(hd))
    until_done(data.open_asked())
    before = data.session.adata
    job = data.choose_reading("bin", "2")
    assert job is not None and data.now.can_cancel and data.now.reading[0][2].chosen == "2"
    data.cancel()
    assert not data.now.can_cancel and data.now.doing.startswith("Cancelled")
    until_done(job)
    assert data.session.adata is before and data.now.reading[0][2].chosen == "8"
    assert not data.now.is_busy and not data.now.problem.text


def test_data_of_an_h5ad_file_leave_only_open_what_are_sections(
    data: DataPanel, section: AnnData, tmp_path: Path
) -> None:
    section.write_h5ad(tmp_path / "section.h5ad")
    until_done(data.open(tmp_path / "section.h5ad"))
    assert [name for name, _title, _menu in data.now.reading] == ["sections"]


def test_what_tells_sections_apart_can_be_chosen(data: DataPanel, tmp_path: Path) -> None:
    overlaid().write_h5ad(tmp_path / "both.h5ad")
    until_done(data.open(tmp_path / "both.h5ad"))
    ((name, title, menu),) = data.now.reading
    assert (name, title, menu.title) == ("sections", "Sections", "As found: by library_id")
    until_done(data.choose_reading(name, "none"))
    assert data.session.contents.sections_told_by == ("", 1)
    assert "Sections" not in dict(data.now.card)
    assert "sections: All spots are of one section" in dict(data.now.card)["Read as"]
    until_done(data.choose_reading(name, "library_id"))
    assert data.session.contents.sections_told_by == ("library_id", 2)


def test_of_several_images_another_can_be_laid_under_the_spots(
    data: DataPanel, section: AnnData, tmp_path: Path
) -> None:
    (library,) = section.uns["spatial"].values()
    section.uns["spatial"] = {"A": library, "B": library}
    section.write_h5ad(tmp_path / "two.h5ad")
    until_done(data.open(tmp_path / "two.h5ad"))
    *_others, (name, title, menu) = data.now.reading
    assert (name, title, menu.chosen) == ("library", "Library", "A")
    assert "The file holds 2 images (A, B); A is shown." in data.now.doubts
    until_done(data.choose_reading(name, "B"))
    assert dict(data.now.card)["Image and scale"].startswith("B (hires)")
    assert data.now.reading[-1][2].chosen == "B"


# ---- opening -----------------------------------------------------------------------------------


def test_without_data_only_opening_is_offered(data: DataPanel) -> None:
    assert not data.now.is_open and not data.now.card and not data.now.wait
    assert data.apply() is None


def test_the_card_says_what_was_found(open_data: DataPanel) -> None:
    adata, card = open_data.session.adata, dict(open_data.now.card)
    assert adata is not None and open_data.now.is_open
    assert card["File"] == "not from a file"
    assert f"{adata.n_obs:,} spots × 100 genes" in card["Size"]
    assert "Visium" in card["Technology"]
    details = dict(open_data.now.details)
    assert "sparse by row" in details["Counts"] and "obsm" in details["Coordinates"]
    assert not any("CSR" in text or "obsm" in text for text in card.values())


def test_a_file_is_opened_in_the_background(
    data: DataPanel, section: AnnData, tmp_path: Path
) -> None:
    section.write_h5ad(tmp_path / "section.h5ad")
    job = data.open(tmp_path / "section.h5ad")
    assert data.session.is_busy and data.now.is_busy
    assert data.now.wait == "Wait: “Opening” is at work."
    until_done(job)
    assert not data.now.is_busy and not data.now.wait
    assert dict(data.now.card)["File"] == "section.h5ad"
    assert data.file_name == "section_imputed.h5ad"


def test_a_bad_file_is_explained_beside_the_button(data: DataPanel, tmp_path: Path) -> None:
    (tmp_path / "bad.h5ad").write_text("not a file of this kind")
    until_done(data.open(tmp_path / "bad.h5ad"))
    assert "bad.h5ad" in data.now.problem.text and data.now.problem.tone == "error"
    assert data.now.problem.text == data.session.problem
    assert DataPanel(data.session).now.problem == data.now.problem  # also one that is made later


def test_logged_values_are_explained_and_what_was_open_stays(
    open_data: DataPanel, section: AnnData
) -> None:
    before = open_data.session.adata
    section.X = section.X.copy().log1p()
    section.layers.clear()
    until_done(open_data.open(section))
    assert "counts" in open_data.now.problem.text
    assert open_data.session.adata is before


def test_what_goes_wrong_elsewhere_is_not_said_here(
    open_data: DataPanel, failing_gene_mean: None
) -> None:
    session = open_data.session
    session.train("gene_mean").wait(60)
    assert session.problem and not open_data.now.problem
    session.report("no such file", OPEN)  # as a viewer's own menu does
    assert open_data.now.problem.text == "no such file"


def test_the_sample_opens(data: DataPanel) -> None:
    until_done(data.open_sample())
    assert data.session.contents.layout.images and data.now.is_open


def test_the_simulated_sample_is_first_and_public_sections_follow(data: DataPanel) -> None:
    first, *others = data.now.sample.entries
    assert data.now.sample.chosen == first.name == ""
    assert [entry.name for entry in others] == [sample.name for sample in SAMPLES]


def test_a_public_section_without_a_network_is_explained_beside_its_button(
    data: DataPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(samples, "BASE", "http://127.0.0.1:9")
    data.choose_sample("V1_Human_Heart")
    job = data.open_sample()
    assert data.now.work.button == "Cancel" and data.now.wait
    until_done(job)
    assert "no connection" in data.now.work.outcome.text and not data.now.is_open
    data.choose_sample("")
    until_done(data.open_sample())
    assert data.now.is_open and not data.now.work.outcome.text


def test_a_kept_public_section_is_opened(
    data: DataPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    write_visium(samples_folder() / "V1_Human_Heart", some_counts(), some_barcodes())
    data.choose_sample("V1_Human_Heart")
    until_done(data.open_sample())
    assert dict(data.now.card)["File"] == "V1_Human_Heart"


def test_nothing_is_opened_while_something_is_at_work(open_data: DataPanel) -> None:
    open_data.session.work_later(endless(), "Something", owner="else")
    assert open_data.now.wait == open_data.now.no_model == "Wait: “Something” is at work."
    assert not open_data.now.is_busy
    assert open_data.open("anything.h5ad") is None
    assert "“Something” at work" in open_data.now.problem.text


# ---- genes and counts --------------------------------------------------------------------------


def test_genes_to_model_are_taken_from_a_file(open_data: DataPanel, tmp_path: Path) -> None:
    adata = open_data.session.adata
    assert adata is not None and not open_data.now.takes_file
    names = list(adata.var_names[:9])
    (tmp_path / "genes.txt").write_text("\n".join(names))
    open_data.choose_genes(FILE)
    assert open_data.now.takes_file
    open_data.take_genes_from(f"{tmp_path / 'genes.txt'} ")
    until_done(open_data.apply())
    working = open_data.session.adata
    assert working is not None and working.raw is not None
    assert sorted(working.var_names) == sorted(names) and working.raw.n_vars == 100


def test_counts_can_be_taken_from_any_place_of_the_file(
    data: DataPanel, section: AnnData, tmp_path: Path
) -> None:
    section.layers["counts"] = section.X.copy()
    section.layers["mine_imputed"] = section.X.copy()
    section.X = section.X.log1p()
    section.write_h5ad(tmp_path / "section.h5ad")
    data.session.open(tmp_path / "section.h5ad", genes="hvg:20")
    offered = [entry.name for entry in data.now.counts.entries]
    assert offered[:2] == ["", "X"] and "counts" in offered
    assert "raw" not in offered and "mine_imputed" not in offered
    assert data.now.counts.chosen == "counts" and not data.now.counts.why_not
    data.choose_genes("all")
    until_done(data.apply())
    assert data.session.contents.adata is not None and data.session.contents.adata.n_vars == 100
    before = data.session.adata
    job = data.choose_counts("X")
    assert data.now.counts.chosen == "X" and data.now.counts.why_not == data.now.wait != ""
    until_done(job)
    assert "X" in data.now.problem.text  # logged
    assert data.session.adata is before and data.now.counts.chosen == "counts"


def test_data_from_no_file_can_be_opened_again_with_all_genes(
    data: DataPanel, section: AnnData
) -> None:
    section.layers["counts"] = section.X.copy()
    section.X = section.X.log1p()
    data.session.open(section, genes="hvg:20")
    assert "came from no file" in data.now.counts.why_not
    data.choose_genes("all")
    until_done(data.apply())
    assert data.session.problem == ""
    assert data.session.adata is not None and data.session.adata.n_vars == 100


# ---- keeping -----------------------------------------------------------------------------------


def test_saving_says_where(open_data: DataPanel, tmp_path: Path) -> None:
    assert (
        open_data.now.apply == "Model these genes" and open_data.file_name == "section_imputed.h5ad"
    )
    open_data.session.train("gene_mean").wait(60)
    assert open_data.now.apply == "Model these genes, and drop results"
    job = open_data.save_to(tmp_path / "out.h5ad")
    assert open_data.now.is_busy
    until_done(job)
    assert open_data.now.saved.text == f"Saved to {tmp_path / 'out.h5ad'}."
    assert open_data.now.saved.tone == "good"
    assert "gene_mean_imputed" in read_h5ad(tmp_path / "out.h5ad").layers


def test_saving_where_one_may_not_is_explained_beside_the_button(
    open_data: DataPanel, tmp_path: Path
) -> None:
    until_done(open_data.save_to(tmp_path / "no such folder" / "out.h5ad"))
    assert "no such folder" in open_data.now.saved.text and open_data.now.saved.tone == "error"
    assert not open_data.now.problem


def test_data_of_a_store_can_be_saved_as_a_new_table_of_it(
    data: DataPanel, section: AnnData, tmp_path: Path
) -> None:
    until_done(data.open(write_store(section, tmp_path / "a.zarr")))
    assert data.now.table == "stimpute"
    until_done(data.saving.save_table("table"))
    assert data.now.saved.tone == "error" and "an element 'table'" in data.now.saved.text
    until_done(data.saving.save_table(""))
    assert data.now.saved.text.startswith("Saved as the table “stimpute” of")
    assert data.now.table == "stimpute_2"


def test_data_of_a_file_have_no_store_to_be_saved_into(open_data: DataPanel) -> None:
    assert open_data.now.table == ""


def test_what_was_saved_is_said_until_there_is_more(open_data: DataPanel, tmp_path: Path) -> None:
    until_done(open_data.save_to(tmp_path / "out.h5ad"))
    assert open_data.now.saved.text.startswith("Saved to")
    open_data.session.train("gene_mean", judged=False).wait(60)
    assert not open_data.now.saved


def test_the_model_of_the_run_that_is_shown_is_saved(open_data: DataPanel, tmp_path: Path) -> None:
    session = open_data.session
    assert open_data.now.no_model == "Train a model first."
    for name in ("gene_mean", "pca"):
        session.train(name).wait(60)
    assert not open_data.now.no_model and open_data.model_name == "pca_model"
    session.display.source = "counts"
    assert open_data.model_name == "pca_model"  # the last one
    session.display.source = "gene_mean"
    assert open_data.model_name == "gene_mean_model"
    open_data.save_model_to(tmp_path / "model")
    assert (tmp_path / "model" / "weights.pt").exists()
    assert open_data.now.saved.text == f"Model saved to {tmp_path / 'model'}."
    (tmp_path / "taken").write_text("a file")
    open_data.save_model_to(tmp_path / "taken")
    assert open_data.now.saved.tone == "error"


def test_what_the_card_says_is_not_noted_again(data: DataPanel, section: AnnData) -> None:
    for genes in ("", "hvg:20"):
        data.session.open(section, genes=genes)
        said = dict(data.now.details)["Genes"]
        assert "are modelled" in said and said not in data.now.notes
        assert "The counts were taken from X." in data.now.asides
        assert data.session.adata is not None
        data.session.open(data.session.adata)  # a result that is opened again
        assert said == dict(data.now.details)["Genes"] and said not in data.now.notes
