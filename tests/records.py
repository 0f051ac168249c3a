"""Records of runs that were made by hand."""

from __future__ import annotations

from typing import Any

from napari_stimpute.data.records import RunRecord


def record_of(key: str, shape: tuple[int, int], **changes: Any) -> RunRecord:
    """The record of a completed run on data of this shape, spots × genes."""
    values: dict[str, Any] = {
        "model": key,
        "title": key.capitalize(),
        "config": {},
        "seed": 0,
        "device": "cpu",
        "versions": {},
        "started": "2025-01-01",
        "seconds": 1,
        "completed": True,
        "fingerprint": "",
    }
    n_obs, n_vars = shape
    return RunRecord(key=key, n_obs=n_obs, n_vars=n_vars, **(values | changes))
