"""The one path from settings to results: check, fit, apply. Session and CLI both take it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from .config import ModelConfig
from .data.counts import counts_of
from .data.results import Results, RunRecord, check_key, fingerprint, versions
from .errors import OutOfMemory
from .models import model_class, model_info
from .models.base import Clusters, Embeds, Imputes, Model, is_out_of_memory
from .progress import Progress, StopEarly

if TYPE_CHECKING:
    from anndata import AnnData

_SMALLEST_BATCH = 16
_APPLY_STEPS = 3


@dataclass(frozen=True)
class Request:
    """What to run: a model by name, its settings, and where the results go."""

    model: str
    config: ModelConfig
    seed: int = 0
    device: str = "auto"
    key: str = ""
    """Prefix of the result keys; "" means the model's name."""
    imputes: bool = True
    """Whether expected counts are wanted (else only embedding and clusters)."""


class Run:
    """One run of one model on one working AnnData (modelled genes as counts in X).

    `steps` does the work without touching `adata`; `results` is there afterwards, also after an
    early stop. Writing them is left to whoever owns the AnnData.
    """

    def __init__(self, adata: AnnData, request: Request) -> None:
        self.adata, self.request = adata, request
        self.key = request.key or request.model
        check_key(self.key)
        self.model: Model = model_class(request.model)(request.config)
        self.model.check(adata)
        self.results: Results | None = None
        self._notes: list[str] = []

    def steps(self) -> Iterator[Progress]:
        """Fit, then apply. `StopEarly` thrown in ends the fit and applies the best so far."""
        started, begun = datetime.now(UTC), time.monotonic()
        try:
            yield from self._fit_with_retries()
        except StopEarly:
            if not self.model.is_fitted:
                raise
        yield from _to_the_end(self._apply(started, begun))

    def _fit_with_retries(self) -> Iterator[Progress]:
        while True:
            try:
                yield from self._fit()
                return
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                self.model = self._with_smaller_blocks()
            yield Progress("retry", 0, 1, message=self._notes[-1])

    def _fit(self) -> Iterator[Progress]:
        request = self.request
        steps = self.model.fit_steps(self.adata, seed=request.seed, device=request.device)
        with closing(steps):  # at a stop the model concludes here, not when memory is tidied up
            for p in steps:
                yield replace(p, n_steps=p.n_steps + _APPLY_STEPS)

    def _with_smaller_blocks(self) -> Model:
        size = getattr(self.model.config, "batch_size", 0)
        if size // 2 < _SMALLEST_BATCH:
            raise OutOfMemory(
                expected=f"memory for {self.adata.n_obs:,} spots × {self.adata.n_vars:,} genes",
                found="too little, even with the smallest blocks",
                remedy="Choose fewer genes, or the CPU if a GPU was used.",
            )
        self._notes.append(
            f"Memory ran out with {size:,} spots at a time; started again with {size // 2:,}."
        )
        return type(self.model)(self.model.config.model_copy(update={"batch_size": size // 2}))

    def _apply(self, started: datetime, begun: float) -> Iterator[Progress]:
        model, adata = self.model, self.adata
        last = model.history_[-1]["step"] if model.history_ else 0
        total = last + _APPLY_STEPS
        yield Progress("impute", last + 1, total)
        imputed = None
        if self.request.imputes and isinstance(model, Imputes):
            imputed = model.impute(adata)
        yield Progress("embed", last + 2, total)
        embedding = model.embed(adata) if isinstance(model, Embeds) else None
        clusters = model.cluster(adata) if isinstance(model, Clusters) else None
        probability = model.cluster_probability(adata) if isinstance(model, Clusters) else None
        record = self._record(started, begun)
        self.results = Results(record, imputed, embedding, clusters, probability)
        yield Progress("done", total, total)

    def _record(self, started: datetime, begun: float) -> RunRecord:
        model = self.model
        return RunRecord(
            key=self.key,
            model=model.name,
            title=model_info(model.name).title,
            config=model.config.model_dump(),
            seed=model.seed_,
            device=model.device_,
            versions=versions(),
            started=started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - begun, 2),
            completed=model.completed_,
            n_obs=self.adata.n_obs,
            n_vars=self.adata.n_vars,
            fingerprint=fingerprint(counts_of(self.adata)),
            metrics=_last_metrics(model),
            notes=[*self._notes, *model.notes_],
        )


def _to_the_end(steps: Iterator[Progress]) -> Iterator[Progress]:
    """Pass steps on; `StopEarly` is met by going on, where little is left and all would be lost."""
    for progress in steps:
        with suppress(StopEarly):
            yield progress


def _last_metrics(model: Model) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for row in model.history_:
        metrics |= {k: float(v) for k, v in row.items() if k not in ("phase", "step")}
    return {k: v for k, v in metrics.items() if np.isfinite(v)}
