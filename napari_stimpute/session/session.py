"""The document that both front ends watch: what is open, running and finished."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor

from .. import keys
from ..config import ModelConfig
from ..data.card import DataCard, grown
from ..data.extend import AddedGenes, extend, kept_genes, not_modelled
from ..data.opening import Opened, load, load_steps
from ..data.readers.found import Options
from ..data.readers.h5ad import EVERYTHING, LOADED
from ..data.records import check_key, read_records
from ..data.results import check_outlived, write_results
from ..data.save import write
from ..errors import MissingKey, UnknownName
from ..job import Job, JobState
from ..models import model_info
from ..progress import Progress
from .at_work import AtWork
from .contents import Contents, Prepared, reading
from .display import Display
from .models import USUAL, Preselection, from_folders

if TYPE_CHECKING:
    from anndata import AnnData

    from ..models.base import Model
    from ..models.kept import Keeps
    from ..run import Run

TRAIN, OPEN, SAVE = "train", "open", "save"
"""Owners of the jobs that a session begins by itself."""


@dataclass(eq=False)
class Session(AtWork):
    """What one viewer or notebook works on. A field emits an event when it is set.

    ``contents`` says what the open data hold, and is another object after each change of them;
    ``display`` says what is looked at. Opening sets many fields at once and emits five events in
    the end: ``problem``, ``also``, ``contents``, ``adata`` (for nothing else) and ``unsaved``.
    Only the thread that owns the session writes to it, and to its AnnData.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()
    __eq_operators__: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("adata", "contents", "job", "undecided"), operator.is_
    )

    adata: AnnData | None = None
    path: str = ""
    card: DataCard | None = None
    notes: tuple[str, ...] = ()
    model: str = USUAL
    """The model that is set: one chosen by hand, else the one that fits the data."""
    contents: Contents = field(default_factory=Contents)
    at_fault: str = OPEN
    models: dict[str, Model] = field(default_factory=dict)
    """Fitted models by key, and those opened from folders; none of runs read from a file."""
    also: tuple[str, ...] = ()
    """Genes that are modelled whatever is chosen; those that other data hold outlive these."""
    unsaved: tuple[str, ...] = ()
    """Keys of runs, and columns, that were made here and are in no file yet, oldest first."""
    is_too_large: bool = False
    """Whether no copy is kept of what is unsaved, as writing it would take minutes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.display = Display()
        self._written: set[str] = set()
        self._preselection = Preselection()
        self.copy: Path | None = None
        """Where a copy of what is unsaved is kept meanwhile; None where it is not."""
        self.autosave: object = None
        """What keeps it."""

    @property
    def place(self) -> str:
        """Word for one row of the data: "spot" or "cell"."""
        return self.contents.place

    # ---- opening -------------------------------------------------------------------------------

    def open(
        self,
        source: str | os.PathLike[str] | AnnData,
        *,
        genes: str = "",
        also: Sequence[str] = (),
        counts: str = "",
        options: Options | None = None,
    ) -> None:
        """Open a file or an AnnData; raises in words what is wrong, and keeps what was open."""
        self._require_idle()
        opened = load(source, genes=genes, also=also, counts=counts, options=options)
        self._adopt(opened, None)

    def open_later(
        self,
        source: str | os.PathLike[str] | AnnData | Callable[[], AnnData],
        *,
        genes: str = "",
        also: Sequence[str] = (),
        counts: str = "",
        options: Options | None = None,
    ) -> Job[Any]:
        """Open in a thread, so that a viewer stays usable; an error lands in `problem`.

        Where a file leaves something open that is usually asked, `undecided` is set instead.

        Parameters
        ----------
        source : path, AnnData (which is not changed), or what makes one
        options : answers to what a file leaves open
        """
        steps = load_steps(
            source, genes=genes, also=also, counts=counts, options=options, asks=True
        )

        def take(found: Prepared) -> None:
            if job.state is JobState.DONE:
                self._adopt(*found)

        job = self.work_later(reading("file", steps), "Opening", take, owner=OPEN)
        return job

    def adopt(self, opened: Opened, contents: Contents | None = None) -> None:
        """Take what `load` read (and `prepared`), for example by a viewer's own file menu."""
        self._require_idle()
        self._adopt(opened, contents)

    def recover_later(self, copy: Path) -> Job[Any]:
        """Open a copy of results that were not saved, in a thread; they are in no other file."""

        def take(found: Prepared) -> None:
            opened, contents = found
            self.copy = copy  # it stays the copy
            self._adopt(replace(opened, path=""), contents, tuple(read_records(opened.adata)))

        whole = {LOADED: EVERYTHING}  # the results are in layers
        steps = reading("copy", load_steps(copy, genes="all", options=whole))
        return self.work_later(steps, "Opening", take, owner=OPEN)

    def _adopt(self, opened: Opened, look: Contents | None, unsaved: tuple[str, ...] = ()) -> None:
        contents, before = look or Contents.of(opened), self.contents
        _ = contents.records  # damaged ones are found here, while what was open still stands
        self.display.forget()  # first: nobody sees names that the data do not hold
        with self.events.blocked():  # nobody sees the one without the other
            self.adata, self.contents = opened.adata, contents
            self.path, self.card = opened.path, opened.card
            self.also, lost = kept_genes(opened.adata, self.also)
            self.notes = (*opened.notes, *lost)
            self.models, self.problem = from_folders(self.models), ""
            self._written, self.unsaved = set(), unsaved
        for name in ("problem", "also", "contents", "adata", "unsaved"):
            value = getattr(self, name)
            self.events[name].emit(value, value)
        before.close()  # once nothing draws it
        self.model = self._preselection.of(self.model, opened.adata)
        self.display.gene = opened.gene

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
        keeps: Keeps = "values",
        deterministic: bool = False,
    ) -> Job[Run]:
        """Start training in a thread; a second start while one runs is refused (`Busy`).

        Genes in ``also`` that are not modelled yet are learned with the others; runs that are there
        already get simple predictions for them, as by `add_genes_later`.
        """
        from ..models.unfinished import folder
        from ..run import Request, Run, run_with  # torch: not before it is needed

        self._require_idle()
        name = model or self.model
        settings = config if config is not None else model_info(name).config()
        wanted = Request(
            name,
            settings,
            seed,
            device,
            key,
            blend=blend,
            judged=judged,
            keeps=keeps,
            deterministic=deterministic,
        )
        adata, added = self.contents.required, dict[str, AddedGenes]()
        new = not_modelled(adata, self.also)
        run = Run(adata, wanted, folder())  # whatever is wrong is said before anything begins
        self.model = name
        return self.work_later(
            run_with(new, run, added),
            f"Training {model_info(name).title}",
            lambda found: self._take_run(found, new, added),
            owner=TRAIN,
        )

    def _take_run(self, run: Run, new: Sequence[str], added: Mapping[str, AddedGenes]) -> None:
        if run.results is None:
            return
        adata, record = self.contents.required, run.results.record
        before = self.contents.records.get(record.key)
        check_outlived([] if before is None else [before], record)
        if new:
            self.hold(new, added)
        write_results(adata, run.results)
        run.forget_training()
        if self.display.column not in adata.obs:  # it was made from an earlier run of the same key
            self.display.column = ""
        self.models = {**self.models, run.key: run.model}
        self.unsaved = (*(key for key in self.unsaved if key != run.key), run.key)
        self.look_again()
        if run.key in self.contents.runs:
            self.display.source = run.key

    # ---- what is looked at ---------------------------------------------------------------------

    def expression(self, gene: str = "", source: str = "") -> NDArray[np.float32]:
        """One value per spot, (n_obs,), of a gene by a source; "" for those looked at."""
        return self.contents.expression(gene or self.display.gene, source or self.display.source)

    def limits(
        self, gene: str = "", source: str = "", *, low: float = 0.0, high: float = 99.0
    ) -> tuple[float, float]:
        """Colour limits of a gene by a source; "" for those looked at. See `Contents.limits`."""
        gene, source = gene or self.display.gene, source or self.display.source
        return self.contents.limits(gene, source, low=low, high=high)

    def numbers(self, column: str = "") -> NDArray[np.float32]:
        """One number per spot, (n_obs,), of an obs column; "" for the one looked at."""
        return self.contents.numbers(column or self.display.column)

    def labels(self, column: str = "") -> tuple[NDArray[np.int_], list[str], list[str]]:
        """Codes, names and colours of an obs column; "" for the one looked at."""
        return self.contents.labels(column or self.display.column)

    # ---- keeping -------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str], *, table: str = "") -> Path:
        """Write data and results, atomically, never over the opened file: see `data.save.write`."""
        self._require_idle()
        file = write(self.contents.required, path, self.path or None, table=table)
        self.unsaved = ()
        return file

    def save_later(
        self,
        path: str | os.PathLike[str],
        take: Callable[[Path], None] | None = None,
        *,
        table: str = "",
    ) -> Job[Path]:
        """Save in a thread; an error lands in `problem`, and nothing else runs meanwhile."""
        adata, source = self.contents.required, self.path or None

        def saving() -> Generator[Progress, None, Path]:
            yield Progress("save", 0, 1, message="Writing the file")
            return write(adata, path, source, table=table)

        def taken(file: Path) -> None:
            self.unsaved = ()
            if take is not None:
                take(file)

        return self.work_later(saving(), "Saving", taken, owner=SAVE)

    def save_model(self, key: str, path: str | os.PathLike[str]) -> Path:
        """Save the fitted model of a run as a folder without pickle."""
        if key not in self.models:
            raise UnknownName.of("model that is here", key, self.models)
        return self.models[key].save(path)

    # ---- writing columns -----------------------------------------------------------------------

    def hold(self, new: Sequence[str], added: Mapping[str, AddedGenes]) -> None:
        """Let the data hold further genes of raw, with their values in the runs there are."""
        adata = self.contents.required
        self.notes = (*self.notes, *extend(adata, new, added))
        self.also = tuple(dict.fromkeys([*self.also, *new]))
        self.card = None if self.card is None else grown(self.card, adata)
        self.unsaved = (*(key for key in self.unsaved if key not in added), *added)
        self.look_again()

    def look_again(self) -> None:
        """Say that something was written into the AnnData: make a new look at what it holds."""
        self.contents = self.contents.anew()

    def keep_picked(self, column: str) -> None:
        """Write who is picked into a new column of obs, as "selected" and "other"."""
        if (picked := self.display.picked) is None:
            raise MissingKey(
                expected="picked spots", found="none", remedy="Draw around some of them first."
            )
        names = np.where(picked, *keys.PICKED)
        self.write_column(column, pd.Categorical(names, categories=keys.PICKED))

    def write_column(self, column: str, values: pd.Categorical | np.ndarray) -> None:
        """Write one value per spot into obs, in place of what was there; refused while busy."""
        self._require_idle()  # what runs reads the columns
        adata = self.contents.required
        check_key(column)
        adata.uns.pop(keys.colors(column), None)  # a palette for other categories
        adata.obs[column] = values
        self._written.add(column)
        self.unsaved = (*(name for name in self.unsaved if name != column), column)
        self.look_again()

    def column_for(self, name: str) -> str:
        """The name itself for a new column; another where it is taken by one from elsewhere."""
        return keys.free(name, set(self.contents.required.obs.columns) - self._written)

    @property
    def has_results(self) -> bool:
        """Whether there are runs, or columns written here, that opening anew would lose."""
        return bool(self.contents.runs or self._written)
