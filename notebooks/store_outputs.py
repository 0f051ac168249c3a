"""Run the notebooks next to this script, and store what their cells show.

``python notebooks/store_outputs.py [NOTEBOOK ...]``. Times, and the states of widgets, which would
differ each time, are not stored: of a panel its picture stays, or a sentence that says what it is.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).parent
WIDGET = "application/vnd.jupyter.widget-view+json"
STILL = re.compile(r'^<div class="stimpute-still-.*?(?:base64,([^"]+)".*)?$', re.DOTALL)
"""What a panel shows after itself, for pages without a kernel: a sentence, and maybe a picture."""

COLOURS = 128
IN_PLACE = "The panel: run this cell to use it."


def run(notebook: NotebookNode) -> None:
    """Run all cells, in an empty folder, and keep of their outputs what is the same each time."""
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            record_timing=False,
            store_widget_state=False,
        ).execute()
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", []):
            _settle(output)


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Give each panel the picture that comes after it."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if (still := STILL.match(output.get("data", {}).get("text/html", ""))) is None:
            kept.append(output)
        elif still[1]:
            kept[-1].data["image/png"] = still[1]
    return kept


def _settle(output: NotebookNode) -> None:
    """Leave of a panel a picture or a sentence, and of a figure the picture alone."""
    data = output.get("data", {})
    is_panel = data.pop(WIDGET, None) is not None
    if is_panel or "image/png" in data:
        data["text/plain"] = IN_PLACE if is_panel else "Figure"
    if "image/png" in data:
        data["image/png"] = _packed(data["image/png"])


def _packed(png: str) -> str:
    """The picture in as many colours as can be told apart: a third of its size."""
    small, picture = BytesIO(), Image.open(BytesIO(b64decode(png))).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return b64encode(small.getvalue()).decode()


def main(arguments: list[str] | None = None) -> None:
    """Run and store those asked for, or all."""
    parser = argparse.ArgumentParser(description="Run notebooks and store their outputs.")
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(FOLDER.glob("*.ipynb")))
    for path in parser.parse_args(arguments).notebooks:
        began = time.monotonic()
        notebook = nbformat.read(path, as_version=4)
        run(notebook)
        nbformat.write(notebook, path)
        seconds = time.monotonic() - began
        print(f"{path.name}: {seconds:.0f} s, {path.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
