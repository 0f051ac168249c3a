"""What came of an edit: its genes with their verdicts, and what is said of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from ..keys import HYPOTHESIS
from ..session.edited import EditedChange
from ..trust.verdict import VERDICTS
from ..words import counted, number
from .message import SILENT, Message, Tone, warning
from .table import Column

if TYPE_CHECKING:
    from ..editing import JudgedEdit
    from ..session.contents import Contents

_NEAREST = (
    "No editor does better here than copying the change of the nearest group of cells: that is "
    "what was done."
)
_TONES: dict[str, Tone] = {"reliable": "good", "use with care": "warning", "do not use": "error"}
_IN_LOG = f"of log(1 + molecules per 10,000); an {HYPOTHESIS}."
COLUMNS = (
    Column(
        "before",
        "Before",
        f"Mean over the cells as measured, {_IN_LOG}",
        partial(number, decimals=2),
    ),
    Column(
        "change",
        "Change",
        f"Mean after the edit minus that before, {_IN_LOG}",
        lambda change: f"{'+' if change > 0 else ''}{number(change, 2)}",
        widest="+0.00",
    ),
    Column(
        "verdict",
        "Verdict",
        "Whether the change can be believed, by groups that were left out in turn.",
        str.capitalize,
        kind="verdict",
    ),
)


def listed(judged: JudgedEdit) -> pd.DataFrame:
    """Every changed gene; what it is stands in the file too."""
    frame = judged.table()
    frame["verdict"] = pd.Categorical(frame["verdict"], VERDICTS)
    return frame.assign(what=HYPOTHESIS)


def facts(judged: JudgedEdit, place: str) -> tuple[tuple[str, str], ...]:
    """Numbers of an edit, with their names; ``place`` is the word for one cell."""
    edit = judged.edit
    far, distance = edit.distance, f"Not known: no real {place}s of the target in these groups."
    if far is not None:
        ends = f"{number(far.before, 2)} before, {number(far.after, 2)} after"
        distance = f"{ends}, to {counted(far.n_real, f'real {place}')} of the target"
    elif edit.request.genes:
        distance = f"Not known: these genes were changed in no real {place}."
    error = f"{number(edit.reconstruction, 2)} in mean log values, kept out of the edit"
    return (
        ("Distance", distance),
        ("Model's error", error),
    )


def doubt(judged: JudgedEdit) -> Message:
    """Where no editor is better than the simplest, or nothing can be judged."""
    evidence = judged.edit.evidence
    doubts = [_NEAREST] if evidence is not None and evidence.uses_nearest else []
    doubts += [judged.reason] if judged.trust is None else []
    return warning("\n".join(doubts)) if doubts else SILENT


def on_gene(found: EditedChange, gene: str, contents: Contents) -> Message:
    """Whether the change of a gene can be believed, and why."""
    tone = _TONES.get(found.verdict(gene), "note")
    return Message(f"{contents.gene_title(gene)}. {found.judged.sentence(gene)}", tone)
