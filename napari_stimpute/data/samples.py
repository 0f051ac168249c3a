"""Public tissue sections, fetched once from where squidpy has them, and kept.

They are those of ``squidpy.datasets.visium``: Space Ranger's output of Visium slides by 10x
Genomics, with raw counts and a tissue image. The others of squidpy are preprocessed, and no model
could be trained on them as they come.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]

from ..errors import NotReadable
from ..progress import Progress
from .files import write_failed

if TYPE_CHECKING:
    from http.client import HTTPResponse

BASE = "https://exampledata.scverse.org/squidpy/10x_genomics"
"""Where they are fetched from."""

_MATRIX, _SPATIAL = "filtered_feature_bc_matrix.h5", "spatial.tar.gz"
_BLOCK = 2**18  # bytes between two looks at whether to stop
_SILENCE = 20  # seconds without a byte


@dataclass(frozen=True)
class Sample:
    """A public section.

    Attributes
    ----------
    name : its ``sample_id`` in squidpy
    title : for people
    matrix, spatial : SHA-256 of its counts, and of its images and places
    """

    name: str
    title: str
    matrix: str
    spatial: str


SAMPLES = (
    Sample(
        "V1_Adult_Mouse_Brain",
        "Mouse brain, coronal (Visium, brightfield)",
        "eb78379e02dcf48036abf05b67233e73ecb0d880787feb82f76ff16f6ce01eb3",
        "46d6b05ba740f232d6bf4b27b9a8846815851e000985fb878f1364bab04e5bd4",
    ),
    Sample(
        "V1_Adult_Mouse_Brain_Coronal_Section_2",
        "Mouse brain, coronal (Visium, fluorescence)",
        "140366bde796174172d7c91b9c03107dfee3912c7cc060df0a47c030b6c72caf",
        "2b1e930d55fe8dff239d6838aa53389fe10ff011558a02ea654dad9d16737b03",
    ),
    Sample(
        "V1_Mouse_Kidney",
        "Mouse kidney (Visium, brightfield)",
        "5e0b1d1c51c4e8759cd623d212573e1c28daf95d66e0d25a8e4488f6bed3831a",
        "91570548eae3d2bcf738af45e9dc463547a01669841db43ff20afb41b7cc0539",
    ),
    Sample(
        "V1_Human_Heart",
        "Human heart (Visium, brightfield)",
        "a7274ea2ff2717693b200e614c288c174f02925b6d82c98221871a08e52d415b",
        "f2033b6ec4c13dcaf75386d4de3e86cb3357e15fe0eaa2be7037c3d3f0194188",
    ),
    Sample(
        "V1_Human_Lymph_Node",
        "Human lymph node (Visium, brightfield)",
        "86fd533eb907450e7125b9820183a0ca73776eeafcc5eddae5695b6aabfd9139",
        "812808883366ff9623dc8354847a7211b0d922b2bfc4c9359d6e12e993ea6a73",
    ),
    Sample(
        "V1_Breast_Cancer_Block_A_Section_1",
        "Human breast cancer (Visium, brightfield)",
        "b3cbb6ead60afad848ebcc07a34835613d9d2d79e416ad8300b210d9de584b65",
        "415530a9d31172f63fd358d5d1cefb0798698ef9c0e614f52825894cd45c61bf",
    ),
)


def samples_folder() -> Path:
    """Where they are kept."""
    import platformdirs

    return platformdirs.user_cache_path("napari-stimpute") / "samples"


def fetch(sample: Sample) -> Generator[Progress, None, Path]:
    """Fetch a section unless it is kept already; the folder, as Space Ranger wrote it.

    The folder gets its name once all of it is there and is what it should be, so that half of one
    is never taken for whole.

    Raises
    ------
    NotReadable : no network, or something else came than expected
    NotWritable : there is no room to keep it
    """
    folder = samples_folder() / sample.name
    if folder.is_dir():
        return folder
    yield Progress("connect", 0, 1, message="Looking for the section in the network")
    try:
        with _passing(folder) as passing:
            yield from _download(sample, _MATRIX, sample.matrix, passing, "counts (1 of 2)")
            yield from _download(sample, _SPATIAL, sample.spatial, passing, "images (2 of 2)")
            packed = passing / _SPATIAL
            with tarfile.open(packed) as archive:
                archive.extractall(passing, filter="data")
            packed.unlink()
            passing.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # else another process was quicker
            raise write_failed(folder, error) from error
    return folder


@contextmanager
def _passing(folder: Path) -> Iterator[Path]:
    """A folder beside another that is to come; gone in the end, as what killed processes left."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(".*.part"):
        number = left.suffixes[-2].removeprefix(".") if len(left.suffixes) > 1 else ""
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    passing = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(passing, ignore_errors=True)
    passing.mkdir()
    try:
        yield passing
    finally:
        shutil.rmtree(passing, ignore_errors=True)


def _download(
    sample: Sample, name: str, expected: str, into: Path, what: str
) -> Generator[Progress, None, None]:
    """Download a part of a section, and check that it is what was meant."""
    found, n_read = hashlib.sha256(), 0
    with _opened(sample, f"{BASE}/{sample.name}/{sample.name}_{name}") as source:
        n_all = int(source.headers.get("Content-Length") or 0)
        with (into / name).open("wb") as file:
            while block := _block(sample, source):
                file.write(block)
                found.update(block)
                n_read += len(block)
                done = f"{n_read / 1e6:,.1f} of {n_all / 1e6:,.1f} MB" if n_all else ""
                message = f"Downloading {what}" + (f", {done}" if done else "")
                yield Progress(name, n_read, n_all, message=message)
    if found.hexdigest() != expected:
        raise _not_fetched(sample, f"another file than expected for its {what.split()[0]}")


def _opened(sample: Sample, url: str) -> HTTPResponse:
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        found: HTTPResponse = urlopen(url, timeout=_SILENCE)
    except HTTPError as error:
        raise _not_fetched(sample, f"the answer {error.code} ({error.reason})") from error
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        reason = getattr(reason, "strerror", None) or reason  # without its number
        raise _not_fetched(sample, f"no connection ({reason})") from error
    except HTTPException as error:
        raise _not_fetched(sample, "an answer that is no web server's") from error
    return found


def _block(sample: Sample, source: HTTPResponse) -> bytes:
    from http.client import HTTPException

    try:
        return source.read(_BLOCK)
    except (OSError, HTTPException) as error:
        raise _not_fetched(sample, f"that the connection broke ({error})") from error


def _not_fetched(sample: Sample, found: str) -> NotReadable:
    return NotReadable(
        expected=f"the section “{sample.title}” from {urlsplit(BASE).hostname}",
        found=found,
        remedy="Check the network and try again; the simulated section needs none.",
    )
