"""What the open data hold: genes, runs, columns and values. Read-only."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .. import keys
from ..data.columns import categorical_columns, number_columns
from ..data.counts import counts_by_gene, size_factors
from ..data.layout import Layout, lay_out
from ..data.opening import Opened
from ..data.records import RunRecord, read_records
from ..data.symbols import symbols_of
from ..errors import MissingKey, StimputeError, UnknownName
from ..keys import COUNTS, LOG
from ..models import MODELS
from ..progress import Progress
from .kept_runs import KeptRuns

if TYPE_CHECKING:
    from anndata import AnnData


_MOST_RECENT = 8
"""Values of genes that are kept, 4 bytes a spot each: those that the mouse asks for on its way."""


@dataclass(frozen=True)
class Source:
    """One thing that a gene can be coloured by: its counts, or one run's imputed values."""

    name: str
    title: str
    unit: str

    @property
    def short_title(self) -> str:
        """Name where there is little room: that of the run alone."""
        return self.title.removeprefix("Imputed: ")


class Contents:
    """A look at the AnnData as it is now; a `Session` makes a new one whenever it writes to it.

    Records are parsed once; counts by gene and the layout serve all looks at the same data.

    Parameters
    ----------
    adata : the open data; None for none, which hold nothing
    place : word for one row of the data, "spot" or "cell"
    """

    def __init__(self, adata: AnnData | None = None, place: str = "spot") -> None:
        self.adata, self.place = adata, place
        self._recent: dict[tuple[str, str], NDArray[np.float32]] = {}

    @classmethod
    def of(cls, opened: Opened) -> Contents:
        """A look at what was read, which knows where it is drawn."""
        found = cls(opened.adata, opened.card.place)
        if opened.layout is not None:
            found.layout = opened.layout
        return found

    def anew(self) -> Contents:
        """A look at the same data, after something was written."""
        found = Contents(self.adata, self.place)
        kept = ("layout", "kept_runs", "_by_gene", "_size_factors")
        vars(found).update({name: vars(self)[name] for name in kept if name in vars(self)})
        return found

    @property
    def required(self) -> AnnData:
        """The open data; `MissingKey` says what to do where there are none."""
        if self.adata is None:
            raise MissingKey(
                expected="open data", found="none", remedy="Open a file or the sample first."
            )
        return self.adata

    # ---- runs ----------------------------------------------------------------------------------

    @cached_property
    def records(self) -> dict[str, RunRecord]:
        """Provenance of every run by its key, oldest first."""
        return {} if self.adata is None else read_records(self.adata)

    @cached_property
    def runs(self) -> tuple[str, ...]:
        """Keys of the runs that have imputed values, or give those of a gene, oldest first."""
        known = (*self.whole, *self.kept)
        return tuple(key for key in self.records if key in known)

    @cached_property
    def whole(self) -> tuple[str, ...]:
        """Keys of the runs whose imputed values of all genes there are."""
        layers = () if self.adata is None else self.adata.layers
        return tuple(key for key in self.records if keys.imputed(key) in layers)

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """Keys of the runs that kept their models in place of values."""
        models = {} if self.adata is None else self.kept_runs.models
        return tuple(key for key in self.records if key in models and key not in self.whole)

    @cached_property
    def kept_runs(self) -> KeptRuns:
        """What computes the values of a gene of these runs."""
        return KeptRuns(self.required)

    def has(self, gene: str, key: str) -> bool:
        """Whether the values of a gene by a run are at hand; else they may yet be computed."""
        if key in self.kept:
            return self.kept_runs.find(gene, key) is not None
        return self.is_modelled(gene)

    @property
    def no_run(self) -> str:
        """Why there are no imputed values, in words; "" where there are."""
        if self.adata is None:
            return "Open data first."
        return "" if self.runs else "Train a model first: nothing is imputed yet."

    @property
    def not_whole(self) -> str:
        """Why there are no imputed values of all genes, in words; "" where there are."""
        if not self.kept or self.whole:
            return self.no_run
        return "This needs the values of all genes, which were not kept: train again and keep them."

    @cached_property
    def run_titles(self) -> dict[str, str]:
        """Name of every run by its key, oldest first; also of those that only found clusters."""
        adata = self.adata
        return {
            key: _title(record)
            for key, record in self.records.items()
            if adata and (keys.embedding(key) in adata.obsm or key in self.runs)
        }

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """What a gene can be coloured by, counts first."""
        titles = {key: _title(self.records[key]) for key in self.runs}
        runs = [Source(k, f"Imputed: {titles[k]}", "expected counts") for k in self.runs]
        counts = Source(COUNTS, "Counts", "counts")
        return (counts, Source(LOG, "Log-normalised", "log"), *runs)

    def source(self, name: str) -> Source:
        """A source by its name."""
        return next(source for source in self.sources if source.name == name)

    def record(self, key: str) -> RunRecord:
        """Provenance of a run."""
        if key not in self.records:
            raise UnknownName.of("run", key, self.records)
        return self.records[key]

    # ---- genes ---------------------------------------------------------------------------------

    @cached_property
    def genes(self) -> list[str]:
        """Every gene that can be shown: the modelled ones first, then those left out."""
        adata = self.required
        modelled = [str(g) for g in adata.var_names]
        if adata.raw is None:
            return modelled
        known = set(modelled)
        return modelled + [str(g) for g in adata.raw.var_names if g not in known]

    @cached_property
    def gene_titles(self) -> dict[str, str]:
        """What people call genes that go by ids here; the others are called by their names."""
        adata = self.adata
        if adata is None:
            return {}
        return symbols_of(adata.var if adata.raw is None else adata.raw.var)

    def gene_title(self, gene: str) -> str:
        """What people call a gene: its symbol, where the data name it by an id and tell one."""
        return self.gene_titles.get(gene, gene)

    def is_modelled(self, gene: str) -> bool:
        """Whether imputed values of a gene exist (or would, after training)."""
        return gene in self.required.var_names

    def expression(self, gene: str, source: str = COUNTS) -> NDArray[np.float32]:
        """One value per spot, (n_obs,), in the unit of the source; not to be written to.

        Raises
        ------
        MissingKey : no data
        UnknownName : no such gene, or no such source
        others as `trust.gene_by_gene.kept_steps`, of a run that kept its model
        """
        values = self._recent.get((gene, source))
        if source in self.kept:
            values = self.kept_runs.values(gene, source)
        elif values is None:
            values = self._read(gene, source)
            values.flags.writeable = False
            recent = {**self._recent, (gene, source): values}
            self._recent = dict([*recent.items()][-_MOST_RECENT:])  # another thread may read it
        return values

    def limits(
        self, gene: str, source: str = COUNTS, *, low: float = 0.0, high: float = 99.0
    ) -> tuple[float, float]:
        """Colour limits by percentile, one scale for raw and imputed counts; never of zero width.

        Once a gene is imputed, its imputed values set the scale: single molecules of a sparse gene
        would otherwise leave the imputed map dark.

        Parameters
        ----------
        low, high : percentiles over spots, 0–100; a low of 0 means the value 0
        """
        imputed = [run for run in self.runs if source != LOG and self.has(gene, run)]
        values = [self.expression(gene, s) for s in imputed or [LOG if source == LOG else COUNTS]]
        bottom = min(float(np.percentile(v, low)) for v in values) if low > 0 else 0.0
        top = max(float(np.percentile(v, high)) for v in values)
        if top <= bottom:
            top = max(float(v.max()) for v in values)
        return (bottom, top) if top > bottom else (bottom, bottom + 1.0)

    # ---- columns -------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> list[str]:
        """Categorical obs columns that can be shown (2 to 60 categories)."""
        return [] if self.adata is None else categorical_columns(self.adata)

    @cached_property
    def number_columns(self) -> list[str]:
        """Columns of obs that hold numbers, such as a pseudotime."""
        return [] if self.adata is None else number_columns(self.adata)

    @cached_property
    def _found(self) -> dict[str, RunRecord]:
        """Columns of the domains or clusters that runs found, and the record of each run."""
        columns = () if self.adata is None else self.adata.obs.columns
        return {keys.cluster(k): r for k, r in self.records.items() if keys.cluster(k) in columns}

    def column_title(self, column: str) -> str:
        """What people read in place of a column's name: "Domains (GMM-VGAE)"; else the name."""
        stable = {keys.cluster_stability(key): keys.cluster(key) for key in self.records}
        record = self._found.get(stable.get(column, column))
        if record is None:
            return column
        named = "" if record.key == record.model else f", {record.key}"
        what = f"{self.group_word(record.key)}s ({record.title}{named})"
        return f"Stability of {what}" if column in stable else what[0].upper() + what[1:]

    def group_word(self, key: str) -> str:
        """What a run's groups are called: "domain" of a tissue, or "cluster" of cells."""
        info = MODELS.get(self.records[key].model)
        return "domain" if info is not None and "spatial" in info.needs else "cluster"

    def holds_numbers(self, column: str) -> bool:
        """Whether an obs column is drawn on a colour bar; labels otherwise."""
        return self.adata is not None and self.adata.obs[column].dtype.kind in "iuf"

    def numbers(self, column: str) -> NDArray[np.float32]:
        """One number per spot, (n_obs,), of an obs column; NaN where there is none."""
        return np.asarray(self.required.obs[self._known(column)], dtype=np.float32)

    def labels(self, column: str) -> tuple[NDArray[np.int_], list[str], list[str]]:
        """Codes (n_obs,; −1 for none), names and colours (hex) of an obs column.

        Only categories that a spot has are given; a part of an atlas may keep hundreds of others.
        """
        from ..plots.drawing import palette

        adata = self.required
        values = adata.obs[self._known(column)].astype("category").cat
        names = [str(c) for c in values.categories]
        codes = np.asarray(values.codes, dtype=int)
        used = np.unique(codes[codes >= 0])
        stored = adata.uns.get(keys.colors(column))
        if stored is None:
            colours = palette(None, [names[u] for u in used])
        else:
            colours = [palette(stored, names)[u] for u in used]
        position = np.full(len(names) + 1, -1)  # the last is for none
        position[used] = np.arange(len(used))
        return position[codes], [names[u] for u in used], colours

    # ---- tissue --------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of files that images were read from."""
        layout = vars(self).get("layout")
        for image in () if layout is None else layout.images:
            if image.pyramid is not None:
                image.pyramid.close()

    @cached_property
    def layout(self) -> Layout:
        """Where spots and images are drawn.

        Raises
        ------
        MissingKey, BadCoordinates : no coordinates that could be drawn
        """
        return lay_out(self.required)

    @property
    def sections_told_by(self) -> tuple[str, int]:
        """The column that tells several sections apart, and how many there are; "" and 1 else."""
        with suppress(StimputeError):
            sections = self.layout.sections
            return sections.column, len(sections.names)
        return "", 1

    # ---- within --------------------------------------------------------------------------------

    def _known(self, column: str) -> str:
        columns = self.required.obs.columns
        if column not in columns:
            raise UnknownName.of("column", column, columns)
        return column

    def _read(self, gene: str, source: str) -> NDArray[np.float32]:
        adata = self.required
        if source == COUNTS:
            return self._counted(gene)
        if source == LOG:
            logs: NDArray[np.float32] = np.log1p(self.expression(gene) / self._size_factors)
            return logs
        if source not in self.runs:
            raise UnknownName.of("source", source, [COUNTS, LOG, *self.runs])
        place = adata.var_names.get_indexer([gene])[0]
        if place < 0:
            raise UnknownName.of("modelled gene", gene, adata.var_names)
        return np.array(adata.layers[keys.imputed(source)][:, place], dtype=np.float32)

    def _counted(self, gene: str) -> NDArray[np.float32]:
        adata = self.required
        holder = adata.raw if adata.raw is not None else adata
        place = holder.var_names.get_indexer([gene])[0]
        if place < 0:
            raise UnknownName.of("gene", gene, holder.var_names)
        counts, values = self._by_gene, np.zeros(adata.n_obs, dtype=np.float32)
        its = slice(*counts.indptr[place : place + 2])
        np.add.at(values, counts.indices[its], counts.data[its])
        return values

    @cached_property
    def _by_gene(self) -> sp.csc_matrix:
        return counts_by_gene(self.required)

    @cached_property
    def _size_factors(self) -> NDArray[np.float32]:
        return size_factors(self._by_gene)


Prepared = tuple[Opened, Contents]
"""What was read, and a look at it."""


def prepared(opened: Opened) -> Prepared:
    """Look at what was read, with the counts of what is drawn first worked out.

    Meant for the thread that reads a file, so that no window waits for it.
    """
    contents = Contents.of(opened)
    if opened.gene:
        contents.expression(opened.gene)
    return opened, contents


def reading(
    what: str, steps: Generator[Progress, None, Opened]
) -> Generator[Progress, None, Prepared]:
    """Steps of reading something, for a job."""
    yield Progress("read", 0, 1, message=f"Reading the {what}")
    found = prepared((yield from steps))
    yield Progress("read", 1, 1)
    return found


def _title(record: RunRecord) -> str:
    name = record.title if record.key == record.model else f"{record.title} ({record.key})"
    return name + ("" if record.completed else ", incomplete")
