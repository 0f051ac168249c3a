"""The panels in a real JupyterLab: clicked in a browser, answered by a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, sync_playwright

from napari_stimpute.jupyter.widgets.markup import GONE

from ..lab import PATIENCE, QUIET, answer, jupyterlab, open_notebook, run_all, write_notebook

Lab = tuple[str, str]
"""Address and token."""

CELL = """
from napari_stimpute.data.simulate import simulate_section
from napari_stimpute.jupyter import panels

shown = panels(simulate_section(n_rows=15, n_genes=100))
shown
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose two notebooks have the panels in one cell each."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("trained.ipynb", "walked.ipynb"):
        write_notebook(folder / name, CELL)
    with jupyterlab(folder) as found:
        yield found


@pytest.fixture
def page(browser_path: str) -> Iterator[Page]:
    """Page of a browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=QUIET)
        page = browser.new_page(viewport={"width": 1300, "height": 1500})
        page.set_default_timeout(PATIENCE)
        page.add_locator_handler(page.locator("dialog.jp-Dialog"), answer)
        yield page
        browser.close()


@pytest.mark.slow
def test_train_is_clicked_and_results_are_seen(lab: Lab, page: Page, tmp_path: Path) -> None:
    open_notebook(page, *lab, "trained.ipynb")
    train = page.get_by_role("button", name="Train", exact=True)
    tab = page.get_by_role("tab", name="Train", exact=True)
    run_all(page, tab)
    tab.click()
    train.wait_for()
    page.screenshot(path=tmp_path / "before.png")
    page.get_by_label("Model", exact=True).select_option("PCA denoiser")
    page.locator(".jp-OutputArea").get_by_text("Settings", exact=True).click()
    components = page.get_by_label("Number of components")
    components.fill("0")
    components.press("Tab")
    page.get_by_role("alert").get_by_text("n_components to be greater than").wait_for()
    page.screenshot(path=tmp_path / "refused.png")
    components.fill("12")
    components.press("Tab")
    page.get_by_role("alert").wait_for(state="hidden")

    train.click()
    page.get_by_role("button", name="Show the best").wait_for()
    details = page.locator(".jp-OutputArea").get_by_text("Details", exact=True)
    details.locator("visible=true").click()
    page.get_by_text("layers['pca_imputed']").wait_for()
    page.get_by_role("tab", name="Genes", exact=True).click()
    shown = page.get_by_label("Values", exact=True).locator("option:checked").inner_text()
    assert shown.split() == ["Imputed:", "PCA", "denoiser"]
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "done.png")

    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:restart-kernel') }")
    lost = page.locator(".stimpute-panel.jupyter-widgets-disconnected")
    lost.wait_for()
    page.get_by_text("| Idle").wait_for()  # a server does not end while a kernel starts
    assert GONE in lost.evaluate("(panel) => getComputedStyle(panel, '::before').content")


@pytest.mark.slow
def test_all_tabs_are_walked_and_answer(lab: Lab, page: Page, tmp_path: Path) -> None:
    """Nothing is drawn that a browser refuses, and each tab's work ends in something to see."""
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    open_notebook(page, *lab, "walked.ipynb")
    tabs = page.locator(".jp-OutputArea").get_by_role("tab")
    run_all(page, tabs.get_by_text("Compare"))

    def look_at(name: str, seen: Locator) -> None:
        tabs.get_by_text(name, exact=True).first.click()
        seen.locator("visible=true").first.wait_for()
        page.screenshot(path=tmp_path / f"{name}.png")

    def press(title: str, seen: Locator) -> None:
        page.locator("button:visible").get_by_text(title, exact=True).click()
        seen.locator("visible=true").first.wait_for()

    text, mark = page.locator(".jp-OutputArea").get_by_text, page.get_by_alt_text
    look_at("Data", text("What was found"))
    look_at("Statistics", text("Variable genes"))
    text("Differences between groups").click()
    press("Test", text("genes differ between"))
    look_at("Cells", text("Find markers"))
    press("Find markers", text("are higher in"))
    press("Dot plot", mark("Markers by domain"))
    look_at("Generate", text("No model here generates cells yet."))
    look_at("Edit", text("Set up scDiffusion in Train"))
    press("Set up scDiffusion in Train", text("Find settings"))
    look_at("Compare", text("Simple methods"))
    splits = page.get_by_label("Splits", exact=True)
    splits.fill("1")
    splits.press("Tab")
    press("Compare", text("Which method predicts which gene best"))
    page.screenshot(path=tmp_path / "compared.png")
    assert refused == []
