"""The built wheel holds everything, and napari finds the plugin in it without the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from napari_stimpute.data.readers import ENDINGS

pytestmark = pytest.mark.slow  # builds and installs

ROOT = Path(__file__).resolve().parents[1]

ASK_NAPARI = """
import json, napari, napari_stimpute
from npe2 import PluginManager
manager = PluginManager()
manager.discover(include_npe1=False)
manifest = manager.get_manifest("napari-stimpute")
manifest.validate_imports()
contributions = manifest.contributions
viewer = napari.Viewer(show=False)
_dock, panel = viewer.window.add_plugin_dock_widget("napari-stimpute", "stimpute")
viewer.close()
print(json.dumps({
    "panel": [type(panel).__name__, type(panel).__module__],
    "home": napari_stimpute.__file__,
    "widgets": [w.display_name for w in contributions.widgets or []],
    "readers": [p for r in contributions.readers or [] for p in r.filename_patterns],
    "samples": [s.key for s in contributions.sample_data or []],
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    return next(folder.glob("napari_stimpute-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which the wheel is installed; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("site")
    run("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), str(wheel))
    return folder


@pytest.fixture(scope="module")
def found(installed: Path, qapp_args: list[str]) -> dict[str, Any]:
    """What napari finds in the wheel, and opens of it, in a process without the checkout."""
    answer: dict[str, Any] = json.loads(run("-c", ASK_NAPARI, site=installed).splitlines()[-1])
    assert Path(answer["home"]).is_relative_to(installed)
    return answer


@pytest.mark.parametrize("name", ["napari.yaml", "py.typed", "sample_data/section.h5ad"])
def test_wheel_holds_more_than_code(wheel: Path, name: str) -> None:
    assert f"napari_stimpute/{name}" in zipfile.ZipFile(wheel).namelist()


def test_wheel_holds_every_module_and_nothing_else(wheel: Path) -> None:
    names = {n for n in zipfile.ZipFile(wheel).namelist() if n.endswith(".py")}
    package = ROOT / "napari_stimpute"
    assert names == {str(p.relative_to(ROOT)) for p in package.rglob("*.py")}


def test_napari_finds_the_panels_and_can_import_each(found: dict[str, Any]) -> None:
    assert any("stimpute" in name.lower() or "train" in name.lower() for name in found["widgets"])
    assert found["readers"] == [f"*{ending}" for ending in ENDINGS]
    assert found["samples"]


def test_the_panel_of_the_wheel_opens_in_napari(found: dict[str, Any]) -> None:
    assert found["panel"] == ["StimputePanel", "napari_stimpute.plugin.panel"]


def test_all_brings_both_front_ends(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    metadata = archive.read(next(n for n in archive.namelist() if n.endswith("/METADATA"))).decode()
    needed = [line for line in metadata.splitlines() if line.endswith("extra == 'all'")]
    for front_end in ("napari[pyqt6]", "magicgui", "ipywidgets"):
        assert any(line.startswith(f"Requires-Dist: {front_end}") for line in needed)


def test_shell_command_answers(installed: Path) -> None:
    assert "impute" in run("-m", "napari_stimpute", "--help", site=installed)


def test_shell_command_is_declared(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    points = next(n for n in archive.namelist() if n.endswith("entry_points.txt"))
    assert "stimpute = napari_stimpute.cli:main" in archive.read(points).decode()


def run(*arguments: str, site: Path | None = None) -> str:
    """Output of Python run with these arguments, outside the checkout, `site` first on its path."""
    environment = dict(os.environ) | ({"PYTHONPATH": str(site)} if site else {})
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=site, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    return ran.stdout
