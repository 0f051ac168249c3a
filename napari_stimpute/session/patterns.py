"""The spatial patterns of a run, held against what its own pipeline makes of other tissue."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from .. import keys
from ..data.extend import learned_by
from ..data.records import RunRecord, read_records
from ..data.sections import section_codes
from ..errors import UnknownName
from ..models import model_info
from ..progress import Progress
from ..run import Request, Run
from ..spatial.control import Impute, SpatialControl
from ..spatial.result import SpatialResult

if TYPE_CHECKING:
    from anndata import AnnData


def pattern_steps(adata: AnnData, key: str) -> Generator[Progress, None, SpatialResult]:
    """Train a run's model three more times, on data without patterns: what Moran's I proves here.

    Parameters
    ----------
    adata : with the run, and coordinates; never changed
    key : of the run

    Raises
    ------
    UnknownName : no such run
    others as `SpatialControl`
    """
    return pattern_control(adata, key).steps()


def pattern_control(adata: AnnData, key: str) -> SpatialControl:
    """What does so, before anything is trained; raises as `pattern_steps` does."""
    records = read_records(adata)
    if key not in records or keys.imputed(key) not in adata.layers:
        raise UnknownName.of("run with imputed genes", key, records)
    record = records[key]
    learned = learned_by(record, adata)
    return SpatialControl(
        learned,
        learned.layers[keys.imputed(key)],
        _pipeline_of(record),
        seed=record.seed,
        sections=section_codes(adata, str(record.config.get("section_key") or "")),
    )


def _pipeline_of(record: RunRecord) -> Impute:
    """The pipeline that made a run, for other data."""

    def impute(adata: AnnData, seed: int) -> Generator[Progress, None, Any]:
        config = model_info(record.model).config.checked(record.config)
        blend = record.trust is not None and bool(record.trust.parts)
        judged = record.trust is not None and bool(record.trust.verdicts)
        request = Request(
            record.model, config, seed, record.device, record.key, blend=blend, judged=judged
        )
        run = Run(adata, request)
        yield from run.steps()
        assert run.results is not None and run.results.imputed is not None
        return run.results.imputed

    return impute
