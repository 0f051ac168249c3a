"""Every notebook runs from its first cell to its last, and is committed without outputs.

The section that it simulates is smaller here; every cell stays as it is.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS_PER_CELL = 300
SMALLER = """
from functools import partial
import napari_stimpute
make = napari_stimpute.simulate_section
napari_stimpute.simulate_section = partial(make, n_rows=20, n_genes=120)
"""


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def test_there_is_a_notebook_to_run() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path: Path) -> None:
    for cell in read(path).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    notebook = read(path)
    notebook.cells.insert(0, new_code_cell(SMALLER))
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    complaints = [output.text for output in outputs if output.get("name") == "stderr"]
    assert not complaints
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 1
