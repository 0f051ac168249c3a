"""A real JupyterLab of one folder, and a page of it: for tests, and for a walk by hand."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Locator, Page, TimeoutError

PATIENCE = 90_000
"""Milliseconds that a page may take on a busy machine."""

QUIET = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
"""How Chromium is started."""


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of these cells."""
    import nbformat  # takes seconds, which every worker of the tests would spend
    from nbformat.v4 import new_code_cell, new_notebook

    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=[new_code_cell(cell.strip()) for cell in cells], metadata=kernel)
    nbformat.write(notebook, path)


@contextmanager
def jupyterlab(
    folder: Path, *, theme: str = "Light", windowing: str = "none"
) -> Iterator[tuple[str, str]]:
    """Address, and token, of a JupyterLab that shows a folder, until it is left.

    Parameters
    ----------
    theme : Light or Dark
    windowing : which cells are in the page: "none" for all, "full" for those in sight
    """
    log, token = folder / "lab.log", secrets.token_hex(8)
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
                f"--ServerApp.root_dir={folder}",
            ],
            env=_environment(folder, theme, windowing),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _address(folder / "runtime", log), token
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:  # it waits for a kernel that just starts
            server.kill()
            server.wait()


def open_notebook(page: Page, address: str, token: str, name: str) -> None:
    """Open a notebook in a page, and wait until it is there."""
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}lab/tree/{name}?token={token}&reset")
    page.wait_for_selector(".jp-Notebook")
    page.wait_for_function("() => window.jupyterapp")


def answer(question: Locator) -> None:
    """JupyterLab asks things of its own on a slow machine: say what, and go on."""
    print(question.inner_text())
    question.locator("button.jp-mod-accept").click()


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


def _environment(folder: Path, theme: str, windowing: str) -> dict[str, str]:
    settings = {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "apputils-extension/themes": {"theme": f"JupyterLab {theme}"},
        "notebook-extension/tracker": {"windowingMode": windowing},
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
            with suppress(URLError), urlopen(f"{url}api") as answer:  # it may not listen yet
                assert answer.status == 200
                return url
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")
