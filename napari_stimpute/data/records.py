"""How a result was made and judged: its record, and the name it is kept under."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from pydantic import BaseModel, ConfigDict, ValidationError

from .. import keys
from ..errors import InvalidSetting, NotReadable
from .counts import BLOCK
from .readers.heaps import has_broken_heap

if TYPE_CHECKING:
    from anndata import AnnData

_ADDS = 0.001
"""Share of deviance from which a model counts as adding something to simple methods."""


class TrustRecord(BaseModel):
    """How a result was judged and blended; what is known per gene is in ``var`` and ``varm``.

    ``baseline`` the best simple method, by name; ``parts`` the columns of the blend's weights;
    ``share_hidden`` of the molecules, judged on; ``verdicts`` genes per verdict, empty where
    nothing was judged. The gains are shares of the deviance of the hidden molecules that blend,
    model alone, blend without model and best simple method explain beyond gene mean × depth; None
    where there was none.
    ``interval_levels`` and ``zero_levels`` calibrate intervals and zero map (see
    `trust.intervals` and `trust.zeros`).
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    baseline: str
    parts: list[str]
    share_hidden: float
    verdicts: dict[str, int] = {}
    gain: float | None = None
    gain_model_alone: float | None = None
    gain_without_model: float | None = None
    gain_baseline: float | None = None
    interval_levels: list[list[float]] = []
    zero_levels: list[list[float]] = []

    @property
    def adds_nothing(self) -> bool:
        """Whether the blend explains as much without the model."""
        if self.gain is None or self.gain_without_model is None:
            return False
        return self.gain <= self.gain_without_model + _ADDS


class RunRecord(BaseModel):
    """How a result was made. Kept as a JSON string, so that any h5ad or zarr brings it back.

    ``started`` is ISO 8601, ``seconds`` the time of the fit, ``completed`` False after a cancel,
    ``fingerprint`` that of the counts that went in, ``genes`` how these genes were chosen, ``also``
    those that were asked for by name, ``added`` genes whose values came later and are blends of
    simple predictions alone, with the best simple method that each was held against, "" for none.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    key: str
    model: str
    title: str
    config: dict[str, Any]
    seed: int
    device: str
    versions: dict[str, str]
    started: str
    seconds: float
    completed: bool
    n_obs: int
    n_vars: int
    fingerprint: str
    genes: str = ""
    also: list[str] = []
    added: dict[str, str] = {}
    metrics: dict[str, float] = {}
    notes: list[str] = []
    trust: TrustRecord | None = None


def versions() -> dict[str, str]:
    """Return the versions of what a result depends on."""
    found = {}
    for package in ("napari-stimpute", "torch", "numpy", "scipy", "anndata"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def fingerprint(counts: sp.csr_matrix) -> str:
    """Return the SHA-256 of shape and counts: equal counts, equal text, on every machine.

    Independent of the index type and of whether values are stored as integers or floats;
    rows are expected sorted and without explicit zeros, as `counts_of` gives them.
    """
    digest = hashlib.sha256(str(tuple(int(n) for n in counts.shape)).encode())
    for values, kind in ((counts.indptr, "<i8"), (counts.indices, "<i4"), (counts.data, "<f4")):
        for start in range(0, len(values), BLOCK):
            block = np.ascontiguousarray(values[start : start + BLOCK], dtype=kind)
            digest.update(block.tobytes())
    return digest.hexdigest()


def check_run_key(key: str) -> None:
    """Refuse a run's key that h5ad cannot hold, or that means something else already.

    Raises
    ------
    InvalidSetting : as `check_key`; "counts", "log", or the name of a run's map
    """
    check_key(key)
    if key in (keys.COUNTS, keys.LOG) or key.endswith(("_umap", "_pca")):
        raise InvalidSetting(
            field="key",
            expected="a name that stands for nothing else",
            found=f"{key!r}, which stands for the {'map of a run' if '_' in key else 'data'}",
            remedy="Choose a name such as gmm_vgae_2.",
        )


def check_key(key: str) -> None:
    """Refuse a key that h5ad cannot hold (`InvalidSetting`)."""
    if not re.fullmatch(r"[A-Za-z0-9_.\-]+", key):
        raise InvalidSetting(
            field="key",
            expected="letters, digits, '_', '-' and '.'",
            found=repr(key),
            remedy="Choose a name such as gmm_vgae_2.",
        )


def read_records(adata: AnnData) -> dict[str, RunRecord]:
    """Return the records of the runs whose results are in the AnnData, by key.

    Raises
    ------
    NotReadable : a record that is damaged
    """
    records = {}
    for key in dict(adata.uns.get(keys.UNS, {})):
        record = read_record(adata, str(key))
        if record is None:
            place = f"uns[{keys.UNS!r}][{key!r}]"
            raise NotReadable(
                expected=f"the record of a run in {place}",
                found="something else, or damage",
                remedy=f"Remove it: del adata.{place}.",
            )
        records[str(key)] = record
    return records


def read_record(adata: AnnData, key: str) -> RunRecord | None:
    """Return the record of one run; None if there is none, or it is damaged."""
    try:
        return _parsed(str(dict(adata.uns.get(keys.UNS, {})).get(key, "")))
    except ValidationError:
        return None


@lru_cache(maxsize=256)
def _parsed(text: str) -> RunRecord:
    """Parse a record once, however many ask for it: it is frozen."""
    return RunRecord.model_validate_json(text)


def records_in(path: Path) -> dict[str, RunRecord]:
    """The records of the runs in an .h5ad file, by key, read without the rest of it.

    Empty for a file that holds none, or cannot be read; damaged ones are left out.
    """
    import h5py

    found = {}
    try:
        if has_broken_heap(path):
            return {}
        with h5py.File(path, "r") as content:
            inside = content[f"uns/{keys.UNS}"].items()
            texts = {key: item[()] for key, item in inside if isinstance(item, h5py.Dataset)}
    except (OSError, KeyError, TypeError, AttributeError):
        return {}
    for key, text in texts.items():
        with suppress(ValidationError):
            found[key] = RunRecord.model_validate_json(text)
    return found
