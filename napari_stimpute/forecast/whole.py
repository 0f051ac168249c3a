"""What a run takes from its file to its result: told before the file is opened.

Of a file that is larger than memory some cells are read, which stand for all of them.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..data.chosen import counts_on_disk, room_for_counts
from ..data.drawn import Drawn, drawn_steps
from ..data.lazy import is_in_file
from ..data.on_disk import folder
from ..data.opening import load_steps
from ..data.readers.h5ad import ON_DISK
from ..data.readers.reading import read_found
from ..data.scratch import MOST_IN_MEMORY, free_room
from ..data.technology import place_of
from ..errors import NotReadable
from ..memory import free_memory
from ..progress import Progress
from ..words import about, counted, memory, roughly
from .duration import THOROUGH, Duration, Rehearsal
from .plan import Plan
from .room import memory_in_words, needed_memory, too_large_in_words

if TYPE_CHECKING:
    from ..data.readers.found import Options

_DEFAULT_GENES = 3_000


@dataclass(frozen=True)
class Whole:
    """Time, memory and disk of a run.

    Attributes
    ----------
    n_obs, n_vars : of what is modelled
    n_read : cells that were read to tell; all, where the file fits into memory
    place : "spot" or "cell"
    opening : seconds that opening takes; 0 where it was done
    run : seconds of what follows
    needed, free : bytes of memory
    passing, room : bytes on disk while it runs, and those that are free there
    written : bytes of the result, at most
    """

    n_obs: int
    n_vars: int
    n_read: int
    place: str
    opening: float
    run: Duration
    needed: int
    free: int
    passing: int
    room: int
    written: int

    def sentences(self) -> list[str]:
        """All of it in words; a refusal where it cannot be run here."""
        size = f"{counted(self.n_obs, self.place)} × {counted(self.n_vars, 'gene')}"
        drawn = f", by {self.n_read:,} of them from all over the file"
        lines = [f"{size}{drawn if self.n_read < self.n_obs else ''}."]
        if self.opening:
            lines.append(f"Opening: {about(self.opening)}.")
        usual, most = about(self.run.usual), roughly(self.run.most)
        lines.append(f"Run: {usual}{'' if usual.endswith(most) else f' (up to {most})'}.")
        refusal = too_large_in_words(self.needed, self.free)
        lines.append(refusal or f"Memory: {memory_in_words(self.needed, self.free)}.")
        if self.passing > self.room:
            lines.append(
                f"Too little room: it would need {memory(self.passing)} in {folder()}, and "
                f"{memory(self.room)} are free. The variable TMPDIR names another folder; "
                "with --keep model no values are made."
            )
        elif self.passing:
            passing = f"{memory(self.passing)} in {folder()} while it runs"
            lines.append(f"Disk: {passing}, of {memory(self.room)} free there.")
        return [*lines, f"Result: up to {memory(self.written)}."]


def whole_steps(
    source: str,
    plan: Plan,
    *,
    imputes: bool = True,
    genes: str = "",
    also: Sequence[str] = (),
    counts: str = "",
    options: Options | None = None,
) -> Generator[Progress, None, Whole]:
    """Read what is needed to tell, rehearse, and tell.

    Parameters
    ----------
    source : path of a file or a folder
    imputes : whether expected counts are wanted
    genes, also, counts, options : as for `data.opening.load`

    Raises
    ------
    NotReadable : it cannot be read, or is larger than memory and stored gene by gene
    others as `load_steps` and `Rehearsal`
    """
    drawn, place = yield from _read(source, genes, also, counts, options)
    adata, n_obs = drawn.adata, drawn.n_obs
    rehearsal = Rehearsal(adata, plan, n_obs=n_obs, thorough=n_obs * adata.n_vars > THOROUGH)
    run = yield from rehearsal.steps()
    n_counts = round(adata.X.nnz / adata.n_obs * n_obs)
    values = 4 * n_obs * adata.n_vars if imputes and plan.keeps != "model" else 0
    passing = values if values > MOST_IN_MEMORY else 0
    passing += room_for_counts(n_counts) if counts_on_disk(adata.X, n_counts) else 0
    return Whole(
        n_obs=n_obs,
        n_vars=adata.n_vars,
        n_read=adata.n_obs,
        place=place,
        opening=drawn.opening,
        run=run,
        needed=needed_memory(adata, plan, n_obs=n_obs),
        free=free_memory(),
        passing=passing,
        room=free_room(),
        written=values + 8 * n_counts,
    )


def _read(
    source: str, genes: str, also: Sequence[str], counts: str, options: Options | None
) -> Generator[Progress, None, tuple[Drawn, str]]:
    """What stands for the file, and what one of its observations is called."""
    yield Progress("read", 0, 0, message="Reading")
    found = read_found(source, options)
    if not is_in_file(found.adata):
        del found
        opened = yield from load_steps(
            source, genes=genes, also=also, counts=counts, options=options
        )
        return Drawn(opened.adata, opened.adata.n_obs, 0.0), opened.card.place
    on_disk = any(question.answer == ON_DISK for question in found.questions)
    n = THOROUGH // _DEFAULT_GENES
    drawn = yield from drawn_steps(found.adata, n, genes, also, counts, on_disk=on_disk)
    if drawn is None:
        raise NotReadable(
            expected="counts that are stored cell by cell, of which some can be read",
            found=f"counts stored gene by gene in {source}",
            remedy="Convert X to csr_matrix and save the file again, or open it: the same is told "
            "before a training begins.",
        )
    return drawn, place_of(drawn.adata)
