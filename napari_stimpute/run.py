"""The one path from settings to results: check, fit, apply. Session and CLI both take it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from .analysis.mixing import mixing_in_words
from .background import in_steps, release_memory
from .config import (
    ModelConfig,
    WithBatches,
    WithBlocks,
    WithSections,
    check_seed,
)
from .data.blocks import RowBlocks
from .data.counts import counts_of
from .data.extend import AddedGenes, extend
from .data.genes import asked_for
from .data.holdout import Molecules, with_counts
from .data.records import RunRecord, check_run_key, fingerprint, versions
from .data.results import Networks, Results
from .data.scratch import Scratch, require_room
from .data.sections import sections_in_words
from .data.storable import snapshot
from .data.technology import place_of
from .devices import DETERMINISTIC
from .errors import Diverged, OutOfMemory, TooSmall
from .keys import GENE_CHOICE
from .models import model_class, model_info
from .models.base import Model, is_out_of_memory
from .models.kept import NOT_KEPT, Keeps, KeptModel, require_denoising
from .models.protocols import (
    Clusters,
    Embeds,
    FindsCommunities,
    Generates,
    Imputes,
    IsBlend,
    TellsStability,
    some_expected_blocks,
)
from .models.simple.mixture import tissue_graph
from .models.simple.parts import Parts
from .models.simple.sample import Rows, sample_in_words
from .nn.determinism import deterministically
from .progress import Progress, StopEarly
from .trust.added import added_steps
from .trust.judgement import Judgement, hide
from .trust.layer import Layer, layer_steps
from .words import percent

if TYPE_CHECKING:
    from anndata import AnnData

_SMALLEST_BATCH = 16
_APPLY_STEPS = 5
"""Steps after the fit: weigh, judge, impute, embed, done."""


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
    blend: bool = True
    """Whether the prediction is blended with simple ones, by weights from hidden molecules."""
    judged: bool = True
    """Whether a tenth of the molecules is hidden before training, to judge each gene on them."""
    keeps: Keeps = "values"
    """Whether values of all genes are kept, or the model that computes one gene when asked for."""
    deterministic: bool = False
    """Whether only algorithms that give the same numbers every time compute it, also on a GPU."""


class Run:
    """One run of one model on one working AnnData (modelled genes as counts in X).

    `steps` does the work without touching `adata`; `results` is there afterwards, also after an
    early stop. Writing them is left to whoever owns the AnnData.

    A training that diverges is used as it was at its best; if it never got that far, the error is
    raised.

    With ``judged`` or ``blend`` the model is fitted without the hidden molecules, then applied to
    all of them: what was judged is what is used, and nothing is trained twice. ``kept`` is a
    file from which a training that was killed goes on: see `Model.keeping`.
    """

    def __init__(self, adata: AnnData, request: Request, kept: Path | None = None) -> None:
        self.adata, self.request, self.kept = adata, request, kept
        self.key = request.key or request.model
        check_run_key(self.key)
        check_seed(request.seed)
        self.model = self._of(request.config)
        self.model.check(adata)
        if request.imputes and request.keeps == "values":
            require_room(adata.n_obs, adata.n_vars)
        elif request.imputes:
            require_denoising(request.config)
        self.results: Results | None = None
        config = self.model.config
        is_open = isinstance(config, WithSections) and not config.section_key
        self._notes = sections_in_words(adata) if is_open else []
        self._counts = self.model.counted(counts_of(adata), list(adata.var_names))
        self._judgement: Judgement | None = None
        self._is_cut = False

    def steps(self) -> Generator[Progress, None, None]:
        """Fit, judge, apply. `StopEarly` thrown in ends the fit and applies the best so far.

        Who stops does not want to wait: nothing is blended or judged then, and the run says so.
        """
        if not self.request.deterministic:
            return self._steps()
        self._notes.append(DETERMINISTIC)
        return deterministically(self._steps())

    def _steps(self) -> Generator[Progress, None, None]:
        started, begun = datetime.now(UTC), time.monotonic()
        seen = self._hide()
        is_part, share = seen is not self.adata, counts_of(seen).sum() / self._counts.sum()
        try:
            yield from self._fit_with_retries(seen)
            del seen  # its counts are not held longer than they are needed
            release_memory()
            if not self.model.is_fitted:  # another process keeps what they learned together
                return
            with self._short_of_memory():
                yield from self._judge()
        except StopEarly:
            if not self.model.is_fitted:
                raise
            self._skip_judging()
        if is_part and isinstance(self.model, Generates):
            self.model.learned_from_part_of(self._counts, float(share))
        with self._short_of_memory():
            yield from _to_the_end(self._apply(started, begun))

    def forget_training(self) -> None:
        """Remove what was kept of the training, now that its results are; one that was stopped may
        yet be gone on with.
        """
        if self.model.kept is not None and not self._is_cut:
            self.model.kept.unlink(missing_ok=True)

    # ---- fitting -------------------------------------------------------------------------------

    def _hide(self) -> AnnData:
        """What the model may see; sets up the judgement if there is to be one."""
        request, info = self.request, model_info(self.request.model)
        blends = request.blend and info.blends
        if not request.imputes or not (blends or request.judged):
            return self.adata
        try:
            names = self.adata.obs_names, self.adata.var_names
            molecules = Molecules.of(self._counts, *names)
            hidden = hide(molecules, request.seed, judged=request.judged)
        except TooSmall as error:
            found = f"{error.found} molecules could be hidden"
            self._notes.append(f"Neither blended nor judged: {found}, too few to decide by.")
            return self.adata
        config = request.config
        section_key = config.section_key if isinstance(config, WithSections) else ""
        graph = tissue_graph(self.adata, section_key)
        self._judgement = Judgement(hidden, graph, info.title, request.seed, blends=blends)
        return with_counts(self.adata, hidden.kept)

    def _fit_with_retries(self, seen: AnnData) -> Iterator[Progress]:
        while True:
            try:
                yield from self._fit(seen)
                return
            except Diverged as error:
                if not any("validation" in row for row in self.model.history_):
                    raise  # nothing was learned before
                self._notes.append(f"Training broke off. {error}")
                return
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                self.model = self._with_smaller_blocks()
            yield Progress("retry", 0, 1, message=self._notes[-1])

    def _fit(self, seen: AnnData) -> Iterator[Progress]:
        seed, device = self.request.seed, self.request.device
        with closing(self.model.fit_steps(seen, seed=seed, device=device)) as steps:
            for p in steps:  # closed, a stopped model concludes here, not when it is collected
                yield replace(p, n_steps=p.n_steps + _APPLY_STEPS, phase_ends=p.last_of_phase)

    def _with_smaller_blocks(self) -> Model:
        config, place = self.model.config, place_of(self.adata)
        size = config.batch_size if isinstance(config, WithBlocks) else 0
        if size // 2 < _SMALLEST_BATCH:
            raise self._out_of_memory("too little, even with the smallest blocks")
        self._notes.append(
            f"Memory ran out with {size:,} {place}s at a time; started again with {size // 2:,}."
        )
        model = self._of(config.model_copy(update={"batch_size": size // 2}))
        model.sizes_steps = False  # half may be the default again
        return model

    def _of(self, config: ModelConfig) -> Model:
        model: Model = model_class(self.request.model)(config)
        return model if self.kept is None else model.keeping(self.kept)

    @contextmanager
    def _short_of_memory(self) -> Iterator[None]:
        """Say in words that memory ran out after the fit."""
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._out_of_memory("too little for the values of all of them") from error

    def _out_of_memory(self, found: str) -> OutOfMemory:
        size = f"{self.adata.n_obs:,} {place_of(self.adata)}s × {self.adata.n_vars:,} genes"
        remedy = "Choose fewer genes, or the CPU if a GPU was used."
        return OutOfMemory(expected=f"memory for {size}", found=found, remedy=remedy)

    # ---- judging -------------------------------------------------------------------------------

    def _judge(self) -> Iterator[Progress]:
        """Set the blend's weights, calibrate intervals, judge each gene."""
        judgement = self._judgement
        if judgement is None:
            return
        if isinstance(self.model, IsBlend):
            judgement.own_blend = self.model.blend_
        weighing = self._progress(1, "weigh", "Weighing the model against simple methods")
        yield from self._hold_against(judgement, judgement.hidden.kept, judgement.weigh, weighing)
        if judgement.hidden.judging is not None:
            judging = self._progress(2, "judge", "Judging each gene on hidden molecules")
            yield from self._hold_against(
                judgement, judgement.hidden.rest, judgement.judge, judging
            )
        done = "Weighed" if judgement.hidden.judging is None else "Weighed and judged"
        self._notes += sample_in_words(self.adata.n_obs, place_of(self.adata), done)
        self._notes += judgement.notes()
        judgement.let_go()

    def _hold_against(
        self,
        judgement: Judgement,
        counts: sp.csr_matrix,
        act: Callable[[RowBlocks, Parts], None],
        progress: Progress,
    ) -> Generator[Progress, None, None]:
        """Predict from these counts, and act on it, in a thread: who stops does not wait."""
        yield progress
        simple = yield from in_steps(progress, partial(judgement.parts, counts))
        if isinstance(self.model, IsBlend):
            prediction: RowBlocks = yield from in_steps(
                progress, partial(self.model.blended, simple)
            )
        else:  # networks are quick, and keep what they made
            prediction = self._predict(counts, judgement.at)
        yield from in_steps(progress, partial(act, prediction, simple))
        del prediction, simple
        release_memory()

    def _skip_judging(self) -> None:
        """After a stop, use the model as it is; what is left out makes the run incomplete."""
        self._is_cut = True
        if self._judgement is not None:
            self._judgement = None
            self._notes.append("Stopped early: neither blended with simple methods nor judged.")

    def _predict(self, counts: sp.csr_matrix, at: Rows | None) -> Scratch:
        """Expected counts of the same spots, or some rows, from other counts (n_obs, n_vars)."""
        assert isinstance(self.model, Imputes)
        blocks = some_expected_blocks(self.model, with_counts(self.adata, counts), at)
        return Scratch.of(blocks, (counts.shape[0] if at is None else len(at), counts.shape[1]))

    # ---- applying ------------------------------------------------------------------------------

    def _apply(self, started: datetime, begun: float) -> Generator[Progress, None, None]:
        model, adata = self.model, self.adata
        layer = (yield from self._layer(model)) if isinstance(model, Imputes) else None
        yield self._progress(4, "embed", "Embedding")
        embedding = model.embed(adata) if isinstance(model, Embeds) else None
        clusters = model.cluster(adata) if isinstance(model, Clusters) else None
        probability = model.cluster_probability(adata) if isinstance(model, Clusters) else None
        settled = model.cluster_stability(adata) if isinstance(model, TellsStability) else None
        self._tell_mixing(embedding)
        record = self._record(started, begun)
        genes = None if self._judgement is None else self._judgement.genes(self.key)
        imputed, filled = (None, None) if layer is None else (layer.values, layer.probability)
        about = (embedding, clusters, probability, genes, self._networks())
        self.results = Results(record, imputed, *about, filled, self._kept(), settled)
        yield self._progress(_APPLY_STEPS, "done", "Done")

    def _tell_mixing(self, embedding: np.ndarray | None) -> None:
        """Where batches were to be merged, say how far they are."""
        config = self.request.config
        column = config.batch_key if isinstance(config, WithBatches) else ""
        if embedding is None or not column or self.adata.obs[column].nunique() < 2:
            return
        batch, seed = self.adata.obs[column].to_numpy(), self.request.seed
        self._notes.append(mixing_in_words(self._counts, embedding, batch, column, seed))

    def _networks(self) -> Networks | None:
        model = self.model
        if not isinstance(model, FindsCommunities) or not model.config.communities:
            return None
        return Networks(model.communities(), model.gene_graph(), model.cell_graph(self.adata))

    def _layer(self, model: Imputes) -> Generator[Progress, None, Layer | None]:
        """What is written as the imputed layer; None where it is not wanted."""
        if not self.request.imputes:
            return None
        if self.request.keeps == "model":
            self._notes.append(NOT_KEPT)
            return None
        imputing, judgement = self._progress(3, "impute", "Imputing"), self._judgement
        layer = yield from layer_steps(model, self.adata, self._counts, judgement, imputing)
        if layer.share_filled is not None:
            self._notes.append(f"Filled {percent(layer.share_filled, 1)} of the zeros.")
        if judgement is not None:
            judgement.fills = layer.share_filled is not None
        return layer

    def _kept(self) -> dict[str, Any] | None:
        """What gives the values of a gene, where those of all are not kept."""
        request, judgement = self.request, self._judgement
        if not request.imputes or request.keeps == "values":
            return None
        return KeptModel(self.model, None if judgement is None else judgement.blend).packed()

    def _progress(self, done: int, phase: str, message: str) -> Progress:
        last = self.model.history_[-1]["step"] if self.model.history_ else 0
        return Progress(phase, last + done, last + _APPLY_STEPS, message=message)

    def _record(self, started: datetime, begun: float) -> RunRecord:
        model, judgement = self.model, self._judgement
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
            completed=model.completed_ and not self._is_cut,
            n_obs=self.adata.n_obs,
            n_vars=self.adata.n_vars,
            fingerprint=fingerprint(counts_of(self.adata)),
            genes=str(self.adata.uns.get(GENE_CHOICE, "")),
            also=asked_for(self.adata),
            metrics=model.last_metrics,
            notes=[*self._notes, *model.notes_],
            trust=None if judgement is None else judgement.record(),
        )


def run_with(
    genes: Sequence[str], run: Run, added: dict[str, AddedGenes]
) -> Generator[Progress, None, Run]:
    """Do a run; with further genes of raw it is another one, on data that hold them.

    Parameters
    ----------
    genes : to be modelled too; () for none
    run : that was not begun yet; its data are not changed
    added : gets what the genes have in the runs that are there, for `data.extend.extend`
    """
    if genes:
        added.update((yield from added_steps(run.adata, genes)))
        work = snapshot(run.adata)
        extend(work, genes, added)
        run = Run(work, run.request, run.kept)
    yield from run.steps()
    return run


def _to_the_end(steps: Iterator[Progress]) -> Iterator[Progress]:
    """Pass steps on, and ignore `StopEarly`: little is left to do, and all would be lost."""
    for progress in steps:
        with suppress(StopEarly):
            yield progress
