"""Every notebook runs from its first cell to its last, and is stored with what its cells show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jupyter_client.manager import KernelManager
    from nbformat import NotebookNode

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS_PER_CELL = 300
MOST_BYTES = 400_000
WIDGET = "application/vnd.jupyter.widget-view+json"
MACHINE = re.compile(r"/(?:home|root|tmp|work|Users)/|0x[0-9a-f]{6,}|Traceback")
"""Places, addresses and failures, which say something of one machine, and nothing to a reader."""

RESULTS = {
    "01_section": ("reliable: ", "GMM-VGAE: adjusted Rand index"),
    "02_cells": ("of the filled zeros", "marker genes lie in the main community"),
    "03_generate_and_edit": ("in-silico hypothesis", "by a random forest", "right direction: "),
    "04_compare_on_your_data": ("methods compared", "its rank by the simulated truth"),
}
"""What the reader of each can check at its end."""

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    import nbformat  # takes seconds, of which every worker would have its share

    return nbformat.read(path, as_version=4)


def kinds(cell: NotebookNode) -> set[str]:
    """Kinds of what a code cell shows."""
    found: set[str] = set()
    for output in cell.get("outputs", []):
        found |= {output["name"]} if "name" in output else set(output["data"])
    return found


def shown_by(notebook: NotebookNode) -> str:
    """All text of its outputs, however its lines are broken."""
    return " ".join(" ".join(texts(notebook)).split())


def texts(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield output.get("text", "")
            yield from (v for k, v in output.get("data", {}).items() if k.startswith("text/"))


def test_every_notebook_ends_in_a_result() -> None:
    assert [path.stem for path in NOTEBOOKS] == list(RESULTS)


@each_notebook
def test_notebook_is_stored_with_what_it_shows(path: Path) -> None:
    notebook = read(path)
    shown = shown_by(notebook)
    for result in RESULTS[path.stem]:
        assert result in shown
    assert not MACHINE.search(shown)
    assert "widgets" not in notebook.metadata
    assert WIDGET not in set().union(*(kinds(cell) for cell in notebook.cells))
    assert path.stat().st_size < MOST_BYTES
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert any("image/png" in kinds(cell) for cell in notebook.cells)


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelManager]:
    """One for all notebooks, emptied before each: a third of their time is what they import."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    yield manager
    manager.shutdown_kernel(now=True)


def execute(notebook: NotebookNode, kernel: KernelManager) -> None:
    from nbclient import NotebookClient

    NotebookClient(notebook, km=kernel, timeout=SECONDS_PER_CELL).execute()


@pytest.mark.slow
@each_notebook
def test_notebook_runs_and_shows_what_is_stored(
    path: Path, kernel: KernelManager, tmp_path: Path
) -> None:
    from nbformat.v4 import new_code_cell, new_notebook

    execute(new_notebook(cells=[new_code_cell(f"%reset -f\n%cd -q {tmp_path}")]), kernel)
    stored, notebook = read(path), read(path)
    execute(notebook, kernel)
    assert "stderr" not in set().union(*(kinds(cell) for cell in notebook.cells))
    shown = shown_by(notebook)
    for result in RESULTS[path.stem]:
        assert result in shown
    for ran, was in zip(notebook.cells, stored.cells, strict=True):
        if WIDGET in kinds(ran):  # what stands in its place needs no kernel
            assert "text/plain" in kinds(was)
        else:
            assert kinds(ran) == kinds(was), was.source
