"""A comparison runs every method as its button would, and is reported on one page."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from playwright.sync_api import Page, sync_playwright

from napari_stimpute.compare import methods
from napari_stimpute.compare.comparison import Comparison
from napari_stimpute.compare.contenders import comparison_of
from napari_stimpute.compare.page import page_of
from napari_stimpute.compare.standing import verdict
from napari_stimpute.compare.table import write_table
from napari_stimpute.data.simulate import TRUE_RATE
from napari_stimpute.errors import NotWritable, UnknownName
from napari_stimpute.models.configs import PCADenoiserConfig
from napari_stimpute.progress import drain

from ..simulated import simulate_section

NAMES = ["raw", "gene_mean", "tissue_mean", "pca", "gmm_vgae_alone", "magic"]


@pytest.fixture(scope="module")
def section() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100)


@pytest.fixture(scope="module")
def finished(section: AnnData) -> Comparison:
    """Two splits; MAGIC is absent, whatever is installed where the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "find_spec", lambda name: None)
        comparison = comparison_of(section, NAMES, seeds=[0, 1], device="cpu", preset="tiny")
    drain(comparison.steps())
    return comparison


@pytest.fixture(scope="module")
def page(finished: Comparison, section: AnnData) -> str:
    return html.unescape(page_of(finished, section, "my section.h5ad").html()).replace("\xa0", " ")


def gains(comparison: Comparison) -> dict[str, float]:
    return {s.method.name: s.gain for s in comparison.scores if s.seed == 0}


# ---- what runs ---------------------------------------------------------------------------------


def test_every_method_is_run_but_what_is_not_installed(finished: Comparison) -> None:
    assert set(gains(finished)) == set(NAMES) - {"magic"}
    assert finished.failures == {"magic": "MAGIC is not installed: pip install magic-impute"}


def test_a_model_is_run_as_its_button_would(section: AnnData) -> None:
    from napari_stimpute.models.configs import GMMVGAEConfig
    from napari_stimpute.run import Request, Run
    from napari_stimpute.trust.recovery import recovery

    comparison = comparison_of(section, ["gmm_vgae_alone"], seeds=[3], device="cpu", preset="tiny")
    drain(comparison.steps())
    kept, hidden = comparison.split(3)
    config = GMMVGAEConfig(**GMMVGAEConfig.PRESETS["tiny"])
    run = Run(kept, Request("gmm_vgae", config, 3, "cpu", blend=False, judged=False))
    drain(run.steps())
    expected = recovery(kept.X, hidden, run.results.imputed).deviance_explained
    assert comparison.scores[0].gain == pytest.approx(expected, abs=1e-6)


def test_neighbours_in_the_tissue_are_not_those_in_expression(section: AnnData) -> None:
    comparison = comparison_of(section, ["neighbour_mean", "tissue_mean"], device="cpu")
    drain(comparison.steps())
    found = gains(comparison)
    assert abs(found["neighbour_mean"] - found["tissue_mean"]) > 1e-3


def test_settings_of_a_method_go_before_the_preset(section: AnnData) -> None:
    comparison = comparison_of(section, ["pca"], device="cpu")
    other = comparison_of(
        section, ["pca"], device="cpu", configs={"pca": PCADenoiserConfig(n_components=2)}
    )
    drain(comparison.steps())
    drain(other.steps())
    assert gains(comparison)["pca"] != gains(other)["pca"]


def test_known_truth_is_taken_from_its_layer(section: AnnData, finished: Comparison) -> None:
    assert TRUE_RATE in section.layers
    assert all(np.isfinite(s.truth) for s in finished.scores)


def test_without_coordinates_it_is_said_who_needs_them(section: AnnData) -> None:
    cells = section.copy()
    del cells.obsm["spatial"]
    comparison = comparison_of(cells, ["raw", "gmm_vgae"])
    drain(comparison.steps())
    assert comparison.failures["gmm_vgae"].startswith("GMM-VGAE needs coordinates")
    page = page_of(comparison, cells).html()
    assert "no coordinates, so there is nothing to draw on" in page
    assert "cells × 100 genes" in page


def test_an_unknown_preset_is_refused(section: AnnData) -> None:
    with pytest.raises(UnknownName, match="huge"):
        comparison_of(section, ["pca"], preset="huge")


# ---- the page ----------------------------------------------------------------------------------


def test_page_opens_with_the_verdict(page: str, finished: Comparison) -> None:
    words = re.search(r'<p class="verdict">([^<]+)</p>', page)
    assert words is not None and words[1] == verdict(finished)
    assert page.index(words[0]) < page.index("<h2")


def test_page_tells_scores_genes_maps_and_how(page: str) -> None:
    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page) == [
        "Scores",
        "Which method for which gene",
        "Genes under each method",
        "What was not compared",
        "How this was measured",
        "Again",
    ]
    assert "Which method for my section.h5ad?" in page
    assert "10 % of the molecules hidden, twice" in page
    assert "MAGIC is not installed: pip install magic-impute" in page
    assert "Mixture was not asked for." in page
    assert "Correlation with the truth" in page


def test_page_has_a_row_for_each_scored_method(page: str, finished: Comparison) -> None:
    scores = page[page.index("Scores</h2>") : page.index("Which method for which gene</h2>")]
    for method in {s.method.name: s.method for s in finished.scores}.values():
        assert f"<td>{method.title}</td>" in scores
    assert "<td>MAGIC" not in scores


def test_page_draws_each_shown_gene(page: str, finished: Comparison) -> None:
    for place in finished.shown:
        assert f"{finished.genes[place]}, as counted and under each method." in page
    assert page.count("data:image/png;base64,") == 2 + len(finished.shown)


def test_page_says_the_command_that_repeats_it(page: str) -> None:
    assert "stimpute compare my section.h5ad --seeds 2" in page
    assert f"--models {','.join(NAMES)}" in page


def test_page_of_a_stopped_comparison_says_so(section: AnnData) -> None:
    comparison = comparison_of(section, ["raw", "pca"])
    steps = comparison.steps()
    while not comparison.scores:
        next(steps)
    steps.close()
    page = page_of(comparison, section).html()
    assert "Stopped early: this comparison is incomplete." in page
    assert "Not reached before the comparison was stopped." in page


def test_a_gene_too_rare_to_be_judged_is_said(section: AnnData) -> None:
    rare = section[:, :2].copy()
    counts = np.zeros(rare.shape, np.float32)
    counts[:20, 0] = counts[20:24, 1] = 1
    rare.X = counts
    comparison = comparison_of(rare, ["raw", "gene_mean"])
    drain(comparison.steps())
    page = html.unescape(page_of(comparison, rare).html())
    assert "single genes cannot be judged here" in page
    cells = re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", page)
    score = dict(zip(cells[:8], cells[8:16], strict=True))
    assert score["Median gene"] == score["Genes better than mean"] == "–"


def test_table_leaves_out_what_no_gene_can_tell(section: AnnData, tmp_path: Path) -> None:
    comparison = comparison_of(section[:30].copy(), ["gene_mean"])
    drain(comparison.steps())
    comparison.scores[0].recovery.hidden[:] = 19
    written = json.loads(write_table(comparison, tmp_path / "scores.json").read_text())
    assert written["scores"][0]["genes_better"] is None
    assert written["methods"][0]["median_gene"] is None


@pytest.fixture
def browser_page(browser_path: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1200, "height": 900})
        browser.close()


def test_page_fits_a_window_and_every_picture_is_drawn(
    finished: Comparison, section: AnnData, tmp_path: Path, browser_page: Page
) -> None:
    path = page_of(finished, section, "my section.h5ad").write(tmp_path / "report.html")
    for width in (1200, 600):
        browser_page.set_viewport_size({"width": width, "height": 900})
        browser_page.goto(path.as_uri())
        assert browser_page.evaluate("document.documentElement.scrollWidth") <= width
    widths = browser_page.eval_on_selector_all("img", "all => all.map(i => i.naturalWidth)")
    assert len(widths) == 5 and min(widths) > 300


# ---- the table ---------------------------------------------------------------------------------


def test_table_needs_a_known_ending(finished: Comparison, tmp_path: Path) -> None:
    with pytest.raises(NotWritable, match=r"\.csv or \.json"):
        write_table(finished, tmp_path / "scores.xlsx")


def test_table_that_cannot_be_written_is_said(finished: Comparison, tmp_path: Path) -> None:
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(NotWritable, match="a folder of that name"):
        write_table(finished, tmp_path / "taken.csv")


def test_json_is_plain(finished: Comparison, tmp_path: Path) -> None:
    text = write_table(finished, tmp_path / "scores.json").read_text()
    assert "NaN" not in text and "Infinity" not in text
    assert len(json.loads(text)["scores"]) == 2 * (len(NAMES) - 1) + 1
