"""Public sections: fetched whole or not at all, kept, and what is said without a network."""

from __future__ import annotations

import hashlib
import socket
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from napari_stimpute.data import samples
from napari_stimpute.data.readers.reading import read
from napari_stimpute.data.samples import SAMPLES, Sample, fetch, samples_folder
from napari_stimpute.errors import NotReadable
from napari_stimpute.progress import drain

from ..formats import some_barcodes, some_counts, write_visium


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said of each request."""


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    """A tiny section that a server of this machine has; kept in a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = write_visium(tmp_path / "made", some_counts(), some_barcodes())
    place = tmp_path / "served" / "tiny"
    place.mkdir(parents=True)
    matrix, spatial = (
        place / f"tiny_{name}" for name in ("filtered_feature_bc_matrix.h5", "spatial.tar.gz")
    )
    matrix.write_bytes((made / "filtered_feature_bc_matrix.h5").read_bytes())
    with tarfile.open(spatial, "w:gz") as archive:
        archive.add(made / "spatial", "spatial")
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served"))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(samples, "BASE", f"http://127.0.0.1:{server.server_port}")
    yield Sample("tiny", "Tiny section", digest(matrix), digest(spatial))
    server.shutdown()
    server.server_close()


def test_a_section_is_fetched_with_progress_and_kept(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = fetch(sample)
    told = []
    with pytest.raises(StopIteration) as end:
        while True:
            told.append(next(steps))
    folder = end.value.value
    assert folder == samples_folder() / "tiny" and read(folder).n_obs == len(some_barcodes())
    assert told[-1].step == told[-1].n_steps > 0 and "images (2 of 2)" in told[-1].message
    assert [entry.name for entry in samples_folder().iterdir()] == ["tiny"]
    monkeypatch.setattr(samples, "BASE", "http://127.0.0.1:9")
    assert drain(fetch(sample)) == folder  # no network is needed again


def test_half_a_section_is_never_taken_for_whole(sample: Sample) -> None:
    steps = fetch(sample)
    next(steps)
    next(steps)  # some of the counts
    steps.close()  # as a cancelled job does
    assert list(samples_folder().iterdir()) == []
    (samples_folder() / ".tiny.999999999.part").mkdir()  # of a process that was killed
    assert drain(fetch(sample)).name == "tiny"
    assert [entry.name for entry in samples_folder().iterdir()] == ["tiny"]


def test_another_file_than_expected_is_not_kept(sample: Sample) -> None:
    other = Sample("tiny", "Tiny section", sample.matrix, "0" * 64)
    with pytest.raises(NotReadable, match="another file than expected for its images"):
        drain(fetch(other))
    assert list(samples_folder().iterdir()) == []


def test_what_is_missing_there_is_said(sample: Sample) -> None:
    with pytest.raises(NotReadable, match="the answer 404"):
        drain(fetch(Sample("gone", "Gone", "", "")))


def test_without_a_network_it_is_said_and_what_to_do(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "BASE", "http://127.0.0.1:9")
    with pytest.raises(NotReadable) as said:
        drain(fetch(sample))
    words = str(said.value)
    assert "no connection (Connection refused)" in words
    assert "the simulated section needs none" in words


def test_the_sections_are_those_of_squidpy() -> None:
    text = (files("squidpy.datasets") / "datasets.yaml").read_text()
    known = yaml.safe_load(text)["datasets"]
    for sample in SAMPLES:
        entry = known[sample.name]
        found = {file["name"]: file["sha256"] for file in entry["files"]}
        assert entry["type"] == "visium_10x"
        assert found["filtered_feature_bc_matrix.h5"] == sample.matrix
        assert found["spatial.tar.gz"] == sample.spatial


def test_of_two_that_fetch_one_section_the_slower_takes_what_is_there(sample: Sample) -> None:
    steps, other = fetch(sample), samples_folder() / "tiny"
    next(steps)
    drain(fetch(sample))  # ends first
    next(steps)
    assert drain(steps) == other and read(other).n_obs == len(some_barcodes())


def test_an_answer_of_something_else_than_a_web_server_is_said(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"what is this\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        monkeypatch.setattr(samples, "BASE", f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(NotReadable, match="an answer that is no web server's"):
            drain(fetch(sample))
        thread.join()
