"""Several samples of a folder as sections of one: counts of the genes that all of them have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import keys
from ...errors import NotReadable
from ...words import counted
from ..counts import Counts, read_counts
from ..image import shown_library
from ..lazy import is_in_file
from ..pyramid import Pyramid
from .found import Found, Options, Question

if TYPE_CHECKING:
    from anndata import AnnData

ALL = "all"
"""Answer that opens all samples of a folder together."""

_HELP = "Which sample of the folder is read; all are read as sections of one session."
_TAKEN = (
    "Of each sample its counts, columns of cells, places and image are taken: other layers, maps "
    "and results are not."
)


@dataclass(frozen=True)
class _Part:
    """What is taken of one sample: its image with the levels of that, by the sample's name."""

    adata: AnnData
    library: Mapping[str, Any]
    pyramid: Pyramid | None

    @classmethod
    def of(cls, name: str, found: Found) -> _Part:
        from anndata import AnnData

        if is_in_file(found.adata):
            raise NotReadable(
                expected="samples that fit in memory together",
                found=f"{name}, most of whose genes stay in its file",
                remedy="Open it by itself, or choose genes first.",
            )
        counts: Counts = read_counts(found.adata)
        made = AnnData(counts.matrix, obs=found.adata.obs.copy(), var=counts.var[[]])
        if keys.SPATIAL in found.adata.obsm:
            made.obsm[keys.SPATIAL] = found.adata.obsm[keys.SPATIAL]
        library, _ = shown_library(found.adata)
        if library is None:
            return cls(made, {}, None)
        its = {"images": dict(library.images), "scalefactors": dict(library.scales)}
        return cls(made, its, found.pyramids.get(library.name))


def samples_question(samples: Sequence[Path], options: Options) -> Question:
    """Which of several samples is read, or all of them as sections."""
    everything = f"all {counted(len(samples), 'sample')}, as sections of one"
    choices = [(ALL, everything), *((sample.name, sample.name) for sample in samples)]
    return Question.of("sample", "Sample", choices, options, "", _HELP)


def together(found: Mapping[str, Found]) -> Found:
    """Samples by their names as one, with a column of obs that tells them apart.

    Raises
    ------
    NotCounts : a sample has no counts
    NotReadable : no gene is in all of them, or a sample is too large
    """
    import anndata as ad

    parts = {name: _Part.of(name, one) for name, one in found.items()}
    n_genes = {name: part.adata.n_vars for name, part in parts.items()}
    adata = ad.concat(
        {name: part.adata for name, part in parts.items()}, label="library_id", index_unique="-"
    )
    if not adata.n_vars:
        first, second = list(parts)[:2]
        raise NotReadable(
            expected="samples with genes of the same names",
            found=f"none that is in all of them ({first}, {second}, …)",
            remedy="Open them by themselves; perhaps some hold names, and others Ensembl ids.",
        )
    adata.uns[keys.SPATIAL] = {name: part.library for name, part in parts.items() if part.library}
    adata.uns[keys.SECTIONS] = "library_id"
    most = max(n_genes, key=lambda name: n_genes[name])
    notes = [_TAKEN]
    if n_genes[most] > adata.n_vars:
        n_lost = counted(n_genes[most] - adata.n_vars, "gene")
        notes.append(f"{n_lost} of {most} are not in every sample, and left out.")
    without = [n for n, part in parts.items() if keys.SPATIAL not in part.adata.obsm]
    if without and len(without) < len(parts):
        notes.append(f"{', '.join(without)}: no places, so that none are shown of the others.")
    pyramids = {name: part.pyramid for name, part in parts.items() if part.pyramid is not None}
    return Found(adata, notes, pyramids=pyramids)
