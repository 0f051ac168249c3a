"""What all tests share: an isolated environment, quiet threads, a display and a browser."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from napari_stimpute.models.base import Model


def _isolate() -> None:
    """Keep the settings, caches and cores of whoever runs the tests out of them.

    Read when napari, torch and Jupyter are first imported, so it comes before any of them.
    """
    home = Path(tempfile.mkdtemp(prefix="stimpute-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for place in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        os.environ[place] = str(home / place.lower())
    for place in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        os.environ[place] = str(home / place.lower())
    # matplotlib's list of fonts is slow to make, so it stays where it is
    os.environ.setdefault("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))
    os.environ["MPLBACKEND"] = "agg"
    # empty: napari reads and writes no settings file
    os.environ["NAPARI_CONFIG"] = ""
    os.environ["NAPARI_ENSURE_PLUGIN_MAIN_THREAD"] = "1"
    # threads that wait by spinning are 20 times slower on a busy machine
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["OMP_NUM_THREADS"] = "1"


_isolate()


SLOW_FOLDERS = ("cli", "models", "plugin")
"""The shell, the models and the window: together most of the time of all tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whole folders as slow, and begin with slow files: workers then end at the same time."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in SLOW_FOLDERS:
            item.add_marker("slow")
    slow_files = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow_files)


@pytest.fixture(scope="module", autouse=True)
def _garbage_is_sought_among_what_is_new() -> None:
    """Spare each collection all that was there before the tests of this file.

    napari collects whenever layers go, half a second each where a million objects are looked at.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _one_torch_thread() -> None:
    """Give each test one torch thread, whatever the one before it chose, if torch is there."""
    torch = sys.modules.get("torch")
    if hasattr(torch, "set_num_threads"):  # a thread may just be importing it
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """Stop in words where Qt would abort the whole run."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        pytest.fail("No display: install Xvfb (bash .ci/system-packages.sh window).", pytrace=False)
    return ["stimpute-tests"]


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Program that drives the notebook panels; its absence is a failure, not a skip."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.fail(
        "No browser: install Chromium (bash .ci/system-packages.sh browser).", pytrace=False
    )


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Model]], None]:
    """Let a class of a test be the model of its name, until the test is over."""

    def put(cls: type[Model]) -> None:
        from napari_stimpute.models import MODELS

        home = f"{cls.__module__}:{cls.__qualname__}"
        monkeypatch.setitem(MODELS, cls.name, replace(MODELS[cls.name], home=home))

    return put


@pytest.fixture
def slow_gene_mean(stand_in: Callable[[type[Model]], None]) -> None:
    """Gene mean takes 20 s, and has something to use at once."""
    from .slow_models import SlowGeneMean

    stand_in(SlowGeneMean)


@pytest.fixture
def failing_gene_mean(stand_in: Callable[[type[Model]], None]) -> None:
    """Gene mean fails in its first step."""
    from .slow_models import FailingGeneMean

    stand_in(FailingGeneMean)


@pytest.fixture
def slow_pca(stand_in: Callable[[type[Model]], None]) -> None:
    """The PCA denoiser takes 20 s with any but its default settings."""
    from .slow_models import SlowButForDefaults

    stand_in(SlowButForDefaults)


@pytest.fixture(autouse=True)
def _needs_gpu(request: pytest.FixtureRequest) -> None:
    """Skip a test marked `gpu` where there is no CUDA device."""
    if request.node.get_closest_marker("gpu"):
        torch = pytest.importorskip("torch")
        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")
