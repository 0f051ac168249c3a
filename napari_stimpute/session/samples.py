"""Public sections: fetched first, unless they are kept already, and read."""

from __future__ import annotations

from collections.abc import Generator

from ..data.opening import load_steps
from ..data.samples import SAMPLES, Sample, fetch
from ..errors import UnknownName
from ..progress import Progress
from .contents import Prepared, reading

SAMPLE = "sample"
"""Owner of the job that does so."""


def sample_named(name: str) -> Sample:
    """A public section by its name in squidpy."""
    found = next((sample for sample in SAMPLES if sample.name == name), None)
    if found is None:
        raise UnknownName.of("sample", name, [sample.name for sample in SAMPLES])
    return found


def fetched(sample: Sample) -> Generator[Progress, None, Prepared]:
    """Steps of fetching a public section and reading it, for a job; `Session.adopt` takes it."""
    path = yield from fetch(sample)
    return (yield from reading("section", load_steps(path)))
