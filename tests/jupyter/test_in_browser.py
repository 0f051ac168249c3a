"""The panels in a real JupyterLab: clicked in a browser, answered by a kernel."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, TimeoutError, sync_playwright

PATIENCE = 90_000
"""Milliseconds that a page may take on a busy machine."""

CELL = """
from napari_stimpute.data.simulate import simulate_section
from napari_stimpute.jupyter import panels

shown = panels(simulate_section(n_rows=30, n_genes=200))
shown
"""

QUIET = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """Address of a JupyterLab that shows a notebook with the panels in one cell."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=[new_code_cell(CELL.strip())], metadata=kernel)
    nbformat.write(notebook, tmp_path / "panels.ipynb")
    log, token = tmp_path / "lab.log", secrets.token_hex(8)
    with log.open("w") as out:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterlab",
                "--allow-root",
                "--no-browser",
                "--ip=127.0.0.1",
                "--port=0",
                f"--IdentityProvider.token={token}",
                "--expose-app-in-browser",
                f"--ServerApp.root_dir={tmp_path}",
            ],
            env=_environment(tmp_path),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"{_address(tmp_path / 'runtime', log)}lab/tree/panels.ipynb?token={token}&reset"
    finally:
        server.terminate()
        server.wait(30)


def _environment(folder: Path) -> dict[str, str]:
    settings = {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, values in settings.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    places = {"CONFIG": "config", "DATA": "data", "RUNTIME": "runtime"}
    return {
        **os.environ,
        **{f"JUPYTER_{name}_DIR": str(folder / place) for name, place in places.items()},
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
    }


def _address(runtime: Path, log: Path) -> str:
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end:
        for found in runtime.glob("jpserver-*.json"):
            text = found.read_text()
            if not text.endswith("}"):
                continue  # it is being written
            url: str = json.loads(text)["url"]
            with urlopen(f"{url}api") as answer:
                assert answer.status == 200
            return url
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


def answer(question: Locator) -> None:
    """JupyterLab asks things of its own on a slow machine: say what, and go on."""
    print(question.inner_text())
    question.locator("button.jp-mod-accept").click()


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


def run_all(page: Page, until: Locator) -> None:
    """Run all cells until something is seen: what is asked of a kernel that starts is dropped."""
    end = time.monotonic() + PATIENCE / 1000
    while not until.is_visible():
        assert time.monotonic() < end, "the cell did not run"
        page.wait_for_timeout(1500)
        # in braces, so that nothing waits for its end: it may have been dropped
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        with suppress(TimeoutError):
            until.wait_for(timeout=10_000)


@pytest.mark.slow
def test_train_is_clicked_and_results_are_seen(lab: str, page: Page, tmp_path: Path) -> None:
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook")
    page.wait_for_function("() => window.jupyterapp")
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


@pytest.mark.slow
def test_all_tabs_are_walked_and_answer(lab: str, page: Page, tmp_path: Path) -> None:
    """Nothing is drawn that a browser refuses, and each tab's work ends in something to see."""
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook")
    page.wait_for_function("() => window.jupyterapp")
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
