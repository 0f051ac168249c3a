"""What a run gave, in short: genes that are reliable, domains, and all else as details."""

from __future__ import annotations

from dataclasses import dataclass

from .. import keys
from ..data.records import RunRecord
from ..session.session import Session
from ..trust.summary import adds_nothing, evidence_in_words, is_judged, n_reliable_of, run_in_words
from ..trust.verdict import trust_table
from ..words import counted, duration
from .message import SILENT, Message, Tone

DETAILS = "Details"
BEST, BEST_HELP = "Show the best", "Show the reliable gene that gains most from imputing."
NO_BEST = "No gene of this run is reliable."

_SAID_ABOVE = "Judged on"
"""How the note begins that is said in other words."""


@dataclass(frozen=True)
class RunCard:
    """What is shown of one run.

    ``found`` is how many genes are reliable; ``no_best`` says why the best cannot be shown, ""
    where it can. ``groups`` tells of domains, ``colour`` is the title of the button that colours by
    them; both are "" where there are none. ``details`` has a sentence in each line.
    """

    key: str = ""
    found: Message = SILENT
    no_best: str = NO_BEST
    groups: str = ""
    colour: str = ""
    details: str = ""


def run_card(session: Session) -> RunCard:
    """The card of the run that is shown, else of the last one; an empty one where there is none."""
    contents, source = session.contents, session.display.source
    key = source if source in contents.runs else next(reversed(contents.runs), "")
    if not key:
        return RunCard()
    record, column = contents.record(key), keys.cluster(key)
    groups = colour = ""
    if column in contents.columns:
        word = contents.group_word(key)
        groups = f"{counted(len(session.labels(column)[1]), word)} found."
        colour = f"Colour by {word}s"
    return RunCard(
        key=key,
        found=_found(record),
        no_best="" if n_reliable_of(record) else NO_BEST,
        groups=groups,
        colour=colour,
        details="\n".join(_details(record, is_whole=key in contents.whole)),
    )


def show_best(session: Session, key: str) -> None:
    """Show the reliable gene that gains most from imputing, as this run imputed it."""
    table = None if session.adata is None else trust_table(session.adata, key)
    if table is None:
        return
    gains = table.loc[table["verdict"] == "reliable", "gain"]
    if len(gains):
        with session.display.together():
            session.display.source = key
            session.display.show_gene(str(gains.idxmax()))


def show_groups(session: Session, key: str) -> None:
    """Colour by the domains, or clusters, that this run found."""
    session.display.column = keys.cluster(key)


def _found(record: RunRecord) -> Message:
    early = "Stopped early: the best so far is kept, marked incomplete."
    lines = [*run_in_words(record), *([] if record.completed else [early])]
    tone: Tone = "good" if is_judged(record) and n_reliable_of(record) else "note"
    if not record.completed or adds_nothing(record):
        tone = "warning"
    return Message("\n".join(lines), tone)


def _details(record: RunRecord, *, is_whole: bool) -> list[str]:
    trust = record.trust
    judged = evidence_in_words(trust, record.title) if trust is not None and trust.verdicts else []
    notes = [note for note in record.notes if not note.startswith(_SAID_ABOVE)]
    where = [f"Imputed counts are in layers['{keys.imputed(record.key)}']."] if is_whole else []
    return [
        f"Learned in {duration(record.seconds)}.",
        *judged,
        *notes,
        *where,
    ]
