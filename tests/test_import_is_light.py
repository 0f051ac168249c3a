"""Importing the package is quick: what is heavy is loaded when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "anndata", "scanpy", "squidpy", "sklearn", "matplotlib", "distributed"}
FRONT_ENDS = {"napari", "qtpy", "PyQt6", "PySide6", "magicgui", "superqt", "IPython", "ipywidgets"}


@pytest.mark.parametrize(
    "module",
    [
        "napari_stimpute",
        "napari_stimpute.models",
        "napari_stimpute.models.configs",
        "napari_stimpute.cli",
    ],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert not top_level_modules_after(f"import {module}") & (HEAVY | FRONT_ENDS)


def test_a_public_name_is_loaded_on_first_use() -> None:
    loaded = top_level_modules_after("import napari_stimpute; napari_stimpute.GMMVGAE")
    assert "napari_stimpute" in loaded
    assert not loaded & FRONT_ENDS


def test_settings_are_public_and_light() -> None:
    assert not top_level_modules_after("from napari_stimpute import ScZivaConfig") & HEAVY


def test_session_knows_no_front_end() -> None:
    assert not top_level_modules_after("import napari_stimpute.session.session") & FRONT_ENDS


def top_level_modules_after(code: str) -> set[str]:
    """Names of the packages that a fresh Python has loaded after running `code`."""
    report = "; import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())
