"""A file, a folder or an AnnData, read, checked, and ready to be worked on."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .. import keys
from ..background import release_memory
from ..errors import NotReadable
from ..progress import Progress, drain
from .card import DataCard, card_of
from .chosen import chosen_steps
from .counts import Counts, check_in_memory, read_counts
from .files import full_path
from .genes import most_telling_gene, working_adata
from .lazy import is_in_file
from .peaks import peaks_in_words
from .place_facts import drawn_of
from .readers.found import Found, Opening, Options
from .readers.h5ad import LOADED, ON_DISK, read_backed
from .readers.hdf5 import in_words, state_of, too_large, unchanged
from .readers.reading import read_found
from .storable import storable
from .structure import check_all_sparse

if TYPE_CHECKING:
    from anndata import AnnData

    from .layout import Layout


@dataclass(frozen=True)
class Opened:
    """What reading a file gives, before the session takes it.

    ``gene`` is to be shown first; ``layout`` is where spots lie, None where they have no places.
    """

    adata: AnnData
    card: DataCard
    notes: tuple[str, ...]
    path: str
    gene: str
    layout: Layout | None


def load(
    source: str | os.PathLike[str] | AnnData | Callable[[], AnnData],
    *,
    genes: str = "",
    also: Sequence[str] = (),
    counts: str = "",
    options: Options | None = None,
    asks: bool = False,
) -> Opened:
    """Read, check, and choose genes; as `load_steps`, at once."""
    return drain(
        load_steps(source, genes=genes, also=also, counts=counts, options=options, asks=asks)
    )


def load_steps(
    source: str | os.PathLike[str] | AnnData | Callable[[], AnnData],
    *,
    genes: str = "",
    also: Sequence[str] = (),
    counts: str = "",
    options: Options | None = None,
    asks: bool = False,
) -> Generator[Progress, None, Opened]:
    """Read, check, and choose genes. Safe in a thread: it touches no session.

    Of a file that is larger than memory, the genes are chosen first, and their counts alone loaded.

    Parameters
    ----------
    source : path of a file or a folder, an AnnData (which is not changed), or what makes one; of an
        AnnData that is backed by a file, as much is loaded as of the file
    genes : "hvg:3000", "all", a file of names, or "" (all up to 5,000, else hvg:3000)
    also : names of genes that are modelled whatever is chosen
    counts : "X", "raw" or a layer's name; "" finds them
    options : where a file leaves something open, what is meant: ``{"bin": "16"}``, for example
    asks : whether to raise `Undecided` where something is usually asked; else, what is usual is
        taken

    Raises
    ------
    NotReadable : the file is none, or cannot be read
    Undecided : something must be chosen first, by an option
    others as `read_counts`, `choose_genes`
    """
    made_by = getattr(source, "__name__", "") if callable(source) else ""
    yield Progress("read", 0, 0, message="Reading")
    wanted = Wanted(genes, also, counts)
    data = yield from sound_steps(
        source() if callable(source) else source, options, wanted, asks=asks
    )
    release_memory()  # of reading, before the counts are held a second time
    if data.part is None:
        found = read_counts(data.adata, counts)
        working, notes = working_adata(data.adata, genes, found, also)
    else:  # what was loaded was chosen already
        found = read_counts(data.adata, "X")
        working, _ = working_adata(data.adata, "all", found)
        notes = [str(working.uns[keys.GENE_CHOICE])]
    gene = most_telling_gene(Counts("X", working.X, working.var))
    path = ""
    if isinstance(source, str | os.PathLike):
        path = str(full_path(source, NotReadable))  # wherever one works later
    notes += peaks_in_words(found.var.index, found.matrix)
    how = Opening(genes, counts, made_by, dict(options or {}))
    layout, problems = drawn_of(data.adata)
    layout = layout and layout.sharpened(data.pyramids)
    card = card_of(data.adata, found, working, (layout, problems)).read_by(
        data.questions, data.part
    )
    notes = [*data.notes, *notes]
    return Opened(working, replace(card, how=how), tuple(notes), path, gene, layout)


@dataclass(frozen=True)
class Wanted:
    """Of a file that is larger than memory: what is loaded, as `load` takes it."""

    genes: str = ""
    also: Sequence[str] = ()
    counts: str = ""


def sound(
    source: str | os.PathLike[str] | AnnData,
    options: Options | None = None,
    wanted: Wanted | None = None,
    *,
    asks: bool = False,
) -> Found:
    """What can be worked on, with sentences on what was left out or put right.

    Raises
    ------
    NotReadable : as `load`; or neither a path nor an AnnData
    OutOfMemory : the file is larger than memory, and nothing says what of it is wanted
    """
    return drain(sound_steps(source, options, wanted, asks=asks))


def sound_steps(
    source: str | os.PathLike[str] | AnnData,
    options: Options | None = None,
    wanted: Wanted | None = None,
    *,
    asks: bool = False,
) -> Generator[Progress, None, Found]:
    """As `sound`, in steps."""
    from anndata import AnnData

    options = options or {}
    if isinstance(source, str | os.PathLike):
        path = full_path(source, NotReadable)
        reading = partial(read_found, path, options, asks=asks)
        read = yield from _of_file(path, reading, wanted, options)
    elif isinstance(source, AnnData) and source.isbacked and not source.is_view:
        reading = partial(read_backed, source, options)
        read = yield from _of_file(Path(str(source.filename)), reading, wanted, options)
    elif isinstance(source, AnnData):
        check_in_memory(source)
        read = _computed(source)
        check_all_sparse(read.adata)
    else:
        raise NotReadable(
            expected="the path of a file or a folder, or an AnnData",
            found=f"an object of the type {type(source).__name__}",
            remedy="Put counts into an AnnData first: anndata.AnnData(counts, obs, var).",
        )
    adata, changed = storable(read.adata)
    if isinstance(source, AnnData) and not source.isbacked:
        adata = adata.copy()  # it stays as it is, whatever is done with the other
    return replace(read, adata=adata, notes=[*read.notes, *changed, *_placed(adata)])


def _of_file(
    path: Path, reading: Callable[[], Found], wanted: Wanted | None, options: Options
) -> Generator[Progress, None, Found]:
    """What is read of a file or a store; the part that is wanted where it is larger than memory."""
    before = state_of(path)
    read = reading()
    if not is_in_file(read.adata):
        return read
    if wanted is None:
        raise too_large(path)
    title = f"an {path.suffix} file" if path.is_file() else "a store of AnnData"
    with unchanged(path, title, before), in_words(path, title):
        on_disk = options.get(LOADED) == ON_DISK
        part = yield from chosen_steps(
            read.adata, wanted.genes, wanted.also, wanted.counts, on_disk=on_disk
        )
    return replace(part, notes=[*read.notes, *part.notes], questions=read.questions)


def _placed(adata: AnnData) -> list[str]:
    """Put coordinates that have a viewer's name for them where they are looked for, and say so."""
    if keys.SPATIAL in adata.obsm or keys.SHOWN_PLACES not in adata.obsm:
        return []
    adata.obsm[keys.SPATIAL] = adata.obsm[keys.SHOWN_PLACES]
    places = f"obsm[{keys.SHOWN_PLACES!r}]", f"obsm[{keys.SPATIAL!r}]"
    return [f"The coordinates in {places[0]} are used; they stand in {places[1]} as well now."]


def _computed(adata: AnnData) -> Found:
    """The AnnData with every array in memory; dask's are computed."""
    if is_in_file(adata):
        said = "Arrays that were not in memory yet were read into it."
        return Found(adata.to_memory(), [said])
    return Found(adata)
