"""The document that both front ends watch: what is open, chosen, running and finished."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
import scipy.sparse as sp
from psygnal import SignalGroupDescriptor

from .. import keys
from ..config import ModelConfig
from ..data.card import DataCard
from ..data.columns import categorical_columns, number_columns
from ..data.counts import counts_of, log_normalise, size_factors
from ..data.image import TissueImage, spot_diameter, tissue_image
from ..data.opening import Opened, load
from ..data.records import RunRecord, check_key, read_records
from ..data.results import write_results
from ..data.save import write
from ..errors import Busy, InputError, MissingKey, StimputeError, UnknownName, in_words
from ..job import Job, JobState
from ..models import model_info
from ..progress import Progress

if TYPE_CHECKING:
    from anndata import AnnData

    from ..models.base import Model
    from ..run import Run

COUNTS, LOG = "counts", "log"


@dataclass(frozen=True)
class Source:
    """One thing that a gene can be coloured by: its counts, or one run's imputed values."""

    name: str
    title: str
    unit: str


@dataclass(eq=False)
class Session:
    """What one viewer or notebook works on. Every field emits an event when it changes.

    Only the thread that owns the session writes to it, and to its AnnData.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()
    __eq_operators__: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("adata", "job", "selected"), operator.is_
    )

    adata: AnnData | None = None
    path: str = ""
    card: DataCard | None = None
    notes: tuple[str, ...] = ()
    model: str = "gmm_vgae"
    gene: str = ""
    source: str = COUNTS
    column: str = ""
    """An obs column shown in place of the gene; "" shows the gene."""
    selected: np.ndarray | None = None
    """Spots picked by hand on the tissue or on a map, (n_obs,) bool; None when there are none."""
    n_written: int = 0
    """Counts up whenever columns of obs, or places in obsm, were written."""
    job: Job | None = None
    runs: tuple[str, ...] = ()
    """Keys of the runs whose imputed values the AnnData holds, oldest first."""
    problem: str = ""
    """The last error in words; "" when all is well."""
    models: dict[str, Model] = field(default_factory=dict)
    """Fitted models by key, for saving; empty for runs read from a file."""

    @property
    def place(self) -> str:
        """Word for one row of the data: "spot" or "cell"."""
        return "spot" if self.card is None else self.card.place

    def __post_init__(self) -> None:
        self._columns: dict[str, sp.csc_matrix] = {}
        self._take: Callable[[], None] | None = None
        self._is_busy = False
        self._written: set[str] = set()

    # ---- opening -------------------------------------------------------------------------------

    def open(
        self, source: str | os.PathLike[str] | AnnData, *, genes: str = "", counts: str = ""
    ) -> None:
        """Open a file or an AnnData; raises in words what is wrong, and keeps what was open."""
        self._require_idle()
        self._adopt(load(source, genes=genes, counts=counts))

    def open_later(
        self, source: str | os.PathLike[str] | AnnData, *, genes: str = "", counts: str = ""
    ) -> Job:
        """Open in a thread, so that a viewer stays usable; an error lands in `problem`."""
        self._require_idle()

        found: list[Opened] = []

        def reading() -> Iterator[Progress]:
            yield Progress("read", 0, 1, message="Reading the file")
            found.append(load(source, genes=genes, counts=counts))
            yield Progress("read", 1, 1)

        def take() -> None:
            if job.state is JobState.DONE:
                self._adopt(found[0])

        job = Job(reading(), "Opening")
        return self._start(job, take)

    def adopt(self, opened: Opened) -> None:
        """Take what `load` read, for example by a viewer's own file menu."""
        self._require_idle()
        self._adopt(opened)

    def _adopt(self, opened: Opened) -> None:
        layers, gene = opened.adata.layers, opened.gene
        runs = tuple(k for k in read_records(opened.adata) if keys.imputed(k) in layers)
        # Emptied first: whoever watches a field never sees names that the data do not hold.
        self.gene, self.column, self.source, self.problem, self.runs = "", "", COUNTS, "", ()
        self.selected = None
        self._columns, self.models, self._written = {}, {}, set()
        self.path, self.card, self.notes = opened.path, opened.card, opened.notes
        self.adata = opened.adata
        self.runs = runs
        self.gene = gene

    # ---- training ------------------------------------------------------------------------------

    def train(
        self,
        model: str = "",
        config: ModelConfig | None = None,
        *,
        seed: int = 0,
        device: str = "auto",
        key: str = "",
        blend: bool = True,
        judged: bool = True,
    ) -> Job:
        """Start training in a thread; a second start while one runs is refused (`Busy`)."""
        from ..run import Request, Run  # torch: not before it is needed

        self._require_idle()
        name = model or self.model
        settings = config if config is not None else model_info(name).config()
        wanted = Request(name, settings, seed, device, key, blend=blend, judged=judged)
        run = Run(self._open_adata(), wanted)
        self.model = name

        job = Job(run.steps(), f"Training {model_info(name).title}")
        return self._start(job, lambda: self._take_results(run))

    def work_later(
        self, steps: Iterator[Progress], title: str, take: Callable[[], None] | None = None
    ) -> Job:
        """Run other long work on the open data in a thread; an error lands in `problem`.

        `take` is called in the session's own thread once the work has ended, or was cancelled.
        """
        self._require_idle()
        return self._start(Job(steps, title), take)

    def cancel(self) -> None:
        """Stop what runs, and keep the best so far; does nothing when nothing runs."""
        if self.job is not None:
            self.job.cancel()

    @property
    def is_busy(self) -> bool:
        """Whether a job is running or its results are not yet in."""
        return self._is_busy

    def _start(self, job: Job, take: Callable[[], None] | None = None) -> Job:
        job.finished.connect(self._finish, thread="current")
        self._is_busy, self.problem, self._take = True, "", take
        self.job = job
        return job.start()

    def _finish(self, state: JobState) -> None:
        job, take = self.job, self._take
        self._take, self._is_busy = None, False
        try:
            if state is JobState.FAILED and job is not None:
                self.problem = in_words(job.error)
            elif take is not None:
                take()
        except StimputeError as error:
            self.problem = in_words(error)
        self.events.job.emit(job, job)

    def _take_results(self, run: Run) -> None:
        if run.results is None:
            return
        adata, record = self._open_adata(), run.results.record
        before = read_records(adata).get(run.key)
        if before is not None and before.completed and not record.completed:
            raise InputError(
                expected=f"a whole run, as “{run.key}” is",
                found="one that was stopped early",
                remedy="The finished run stays as it was. To keep a part of a run beside it, give "
                "it another name.",
            )
        write_results(adata, run.results)
        if self.column not in adata.obs:  # it was made from an earlier run of the same key
            self.column = ""
        self.models[run.key] = run.model
        self.runs = (*(k for k in self.runs if k != run.key), run.key)
        self.source = run.key
        self.n_written += 1

    # ---- keeping -------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write data and results to a new .h5ad, atomically; never over the opened file."""
        return write(self._open_adata(), path, self.path or None)

    def save_later(self, path: str | os.PathLike[str]) -> Job:
        """Save in a thread; an error lands in `problem`, and nothing else runs meanwhile."""
        self._require_idle()
        adata, source = self._open_adata(), self.path or None

        def saving() -> Iterator[Progress]:
            yield Progress("save", 0, 1, message="Writing the file")
            write(adata, path, source)
            yield Progress("save", 1, 1)

        return self._start(Job(saving(), "Saving"))

    def save_model(self, key: str, path: str | os.PathLike[str]) -> Path:
        """Save the fitted model of a run as a folder without pickle."""
        if key not in self.models:
            raise UnknownName.of("run whose model is still here", key, self.models)
        return self.models[key].save(path)

    # ---- what is shown -------------------------------------------------------------------------

    @property
    def genes(self) -> list[str]:
        """Every gene that can be shown: the modelled ones first, then those left out."""
        adata = self._open_adata()
        modelled = [str(g) for g in adata.var_names]
        if adata.raw is None:
            return modelled
        known = set(modelled)
        return modelled + [str(g) for g in adata.raw.var_names if g not in known]

    @property
    def sources(self) -> list[Source]:
        """What a gene can be coloured by, counts first."""
        records = read_records(self.adata) if self.adata is not None else {}
        runs = [Source(k, f"Imputed: {_title(records[k])}", "expected counts") for k in self.runs]
        return [Source(COUNTS, "Counts", "counts"), Source(LOG, "Log-normalised", "log"), *runs]

    @property
    def run_titles(self) -> dict[str, str]:
        """Name of every run by its key, oldest first; also of those that only found clusters."""
        adata = self.adata
        records = {} if adata is None else read_records(adata)
        return {
            key: _title(record)
            for key, record in records.items()
            if adata and (keys.embedding(key) in adata.obsm or keys.imputed(key) in adata.layers)
        }

    @property
    def columns(self) -> list[str]:
        """Categorical obs columns that can be shown (2 to 60 categories)."""
        return [] if self.adata is None else categorical_columns(self.adata)

    @property
    def number_columns(self) -> list[str]:
        """Columns of obs that hold numbers, such as a pseudotime."""
        return [] if self.adata is None else number_columns(self.adata)

    def numbers(self, column: str = "") -> np.ndarray:
        """One number per spot, (n_obs,) float32, of an obs column; NaN where there is none."""
        return np.asarray(self._open_adata().obs[self._column(column)], dtype=np.float32)

    # ---- picking spots -------------------------------------------------------------------------

    def select(self, mask: np.ndarray | None) -> None:
        """Pick spots, (n_obs,) bool; None, or a mask without any, picks none."""
        self.selected = mask if mask is not None and mask.any() else None

    def keep_selection(self, column: str) -> None:
        """Write who is picked into a new column of obs, as "selected" and "other"."""
        if self.selected is None:
            raise MissingKey(
                expected="picked spots", found="none", remedy="Draw around some of them first."
            )
        names = np.where(self.selected, *keys.PICKED)
        self.write_column(column, pd.Categorical(names, categories=keys.PICKED))

    def write_column(self, column: str, values: pd.Categorical | np.ndarray) -> None:
        """Write one value per spot into obs, in place of what was there."""
        adata = self._open_adata()
        check_key(column)
        adata.uns.pop(keys.colors(column), None)  # a palette for other categories
        adata.obs[column] = values
        self._written.add(column)
        self.n_written += 1

    def column_for(self, name: str) -> str:
        """The name itself for a new column; another where it is taken by one from elsewhere."""
        return keys.free(name, set(self._open_adata().obs.columns) - self._written)

    @property
    def has_results(self) -> bool:
        """Whether there are runs, or columns written here, that opening anew would lose."""
        return bool(self.runs or self._written)

    @property
    def image(self) -> TissueImage | None:
        """Tissue image, if there is one."""
        return None if self.adata is None else tissue_image(self.adata)

    @property
    def spot_diameter(self) -> float:
        """Diameter of a spot, in coordinate units."""
        return spot_diameter(self._open_adata())

    def record(self, key: str) -> RunRecord:
        """Provenance of a run."""
        records = read_records(self._open_adata())
        if key not in records:
            raise UnknownName.of("run", key, records)
        return records[key]

    def expression(self, gene: str = "", source: str = "") -> np.ndarray:
        """One value per spot, (n_obs,) float32, in the unit of the source."""
        adata, gene, source = self._open_adata(), gene or self.gene, source or self.source
        if source in (COUNTS, LOG):
            return self._counted(gene, source)
        if source not in self.runs:
            raise UnknownName.of("source", source, [COUNTS, LOG, *self.runs])
        place = adata.var_names.get_indexer([gene])[0]
        if place < 0:
            raise UnknownName.of("modelled gene", gene, adata.var_names)
        return np.asarray(adata.layers[keys.imputed(source)][:, place], dtype=np.float32)

    def is_modelled(self, gene: str) -> bool:
        """Whether imputed values of a gene exist (or would, after training)."""
        return gene in self._open_adata().var_names

    def limits(
        self, gene: str = "", source: str = "", *, low: float = 0.0, high: float = 99.0
    ) -> tuple[float, float]:
        """Colour limits by percentile, one scale for raw and imputed counts; never of zero width.

        Once a gene is imputed, its imputed values set the scale: single molecules of a sparse gene
        would otherwise leave the imputed map dark.

        Parameters
        ----------
        low, high : percentiles over spots, 0–100; a low of 0 means the value 0
        """
        gene, source = gene or self.gene, source or self.source
        imputed = self.runs if source != LOG and self.is_modelled(gene) else ()
        values = [self.expression(gene, s) for s in imputed or [LOG if source == LOG else COUNTS]]
        bottom = min(float(np.percentile(v, low)) for v in values) if low > 0 else 0.0
        top = max(float(np.percentile(v, high)) for v in values)
        if top <= bottom:
            top = max(float(v.max()) for v in values)
        return (bottom, top) if top > bottom else (bottom, bottom + 1.0)

    def labels(self, column: str = "") -> tuple[np.ndarray, list[str], list[str]]:
        """Codes (n_obs,; −1 for none), category names and their colours (hex) of an obs column."""
        from ..plots.drawing import palette

        adata, column = self._open_adata(), self._column(column)
        values = adata.obs[column].astype("category").cat
        names = [str(c) for c in values.categories]
        colours = palette(adata.uns.get(keys.colors(column)), len(names))
        return np.asarray(values.codes, dtype=int), names, colours

    def _column(self, column: str) -> str:
        column, columns = column or self.column, self._open_adata().obs.columns
        if column not in columns:
            raise UnknownName.of("column", column, columns)
        return column

    def _counted(self, gene: str, source: str) -> np.ndarray:
        adata = self._open_adata()
        holder = adata.raw if adata.raw is not None else adata
        place = holder.var_names.get_indexer([gene])[0]
        if place < 0:
            raise UnknownName.of("gene", gene, holder.var_names)
        return self._matrix(source)[:, [place]].toarray().ravel()

    def _matrix(self, source: str) -> sp.csc_matrix:
        if source not in self._columns:
            adata = self._open_adata()
            counts = counts_of(adata, "raw" if adata.raw is not None else "X")
            wanted = log_normalise(counts, size_factors(counts)) if source == LOG else counts
            self._columns[source] = wanted.tocsc()
        return self._columns[source]

    def _open_adata(self) -> AnnData:
        if self.adata is None:
            raise MissingKey(
                expected="open data", found="none", remedy="Open an .h5ad file or the sample first."
            )
        return self.adata

    def _require_idle(self) -> None:
        if self.is_busy:
            assert self.job is not None
            raise Busy(
                expected="nothing else running",
                found=f"“{self.job.title}” at work",
                remedy="Wait until it is done, or cancel it.",
            )


def _title(record: RunRecord) -> str:
    name = record.title if record.key == record.model else f"{record.title} ({record.key})"
    return name + ("" if record.completed else ", incomplete")
