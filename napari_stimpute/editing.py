"""Edits with a verdict for each gene: what a model's editor gives, judged by left-out groups."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from . import keys
from .models.scdiffusion.blend import Evidence
from .models.scdiffusion.edit import Edit, EditRequest
from .models.scdiffusion.editor import Editor
from .models.scdiffusion.marks import tell
from .progress import Progress
from .trust.edited import EditTrust, LeftOutChanges, judge_changes
from .trust.verdict import VERDICTS

if TYPE_CHECKING:
    from anndata import AnnData

_NO_VERDICT = "No verdict can be given: "
_CARE, _NONE = VERDICTS.index("use with care"), VERDICTS.index("cannot be judged")


@dataclass(frozen=True, eq=False)
class JudgedEdit:
    """An edit, and what can be believed of it.

    Attributes
    ----------
    edit : cells before and after
    trust : of each modelled gene; None where nothing can be judged
    reason : what the verdicts rest on, or why there are none, one sentence
    """

    edit: Edit
    trust: EditTrust | None
    reason: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done and what is known of it, as sentences."""
        return (*self.edit.notes, self.reason)

    @property
    def codes(self) -> np.ndarray:
        """Place of each gene's verdict in `trust.verdict.VERDICTS`, (n_genes,)."""
        n_genes = len(self.edit.genes)
        return np.full(n_genes, _NONE) if self.trust is None else np.asarray(self.trust.codes)

    def sentence(self, gene: str) -> str:
        """The verdict on a gene and why, for someone who hovers over it."""
        if self.trust is None:
            return f"Cannot be judged: {self.reason.removeprefix(_NO_VERDICT)}"
        return self.trust.sentence(self.edit.genes.index(gene))

    def table(self) -> pd.DataFrame:
        """Genes whose counts changed, largest change first, each with its verdict."""
        table = self.edit.table()
        return table.assign(verdict=self._verdicts().reindex(table.index))

    def as_anndata(self) -> AnnData:
        """Edited cells; changes and verdicts in ``var``, what these rest on in ``uns``."""
        made = self.edit.as_anndata()
        made.var[keys.EDIT_CHANGE] = self.edit.change
        made.var[keys.trust("edit")] = self._verdicts().to_numpy()
        tell(made, "judged", {"reason": self.reason})
        return made

    def _verdicts(self) -> pd.Series:
        named = pd.Categorical.from_codes(self.codes.tolist(), pd.Index(VERDICTS))
        return pd.Series(named, index=pd.Index(self.edit.genes, name="gene"))


def edit_steps(editor: Editor, request: EditRequest) -> Generator[Progress, None, JudgedEdit]:
    """Edit cells step by step, and judge what came of it; closing the generator stops.

    Parameters
    ----------
    editor : of a model and a file; kept by the caller, so that the next edit is quick
    request : what is asked

    Raises
    ------
    InvalidSetting, UnknownName, MissingKey, TooSmall : what is asked cannot be done
    """
    return judge_edit((yield from editor.edit_steps(request)))


def judge_edit(edit: Edit) -> JudgedEdit:
    """Verdicts from the groups that were left out, or why there are none."""
    if edit.request.genes:
        return JudgedEdit(
            edit,
            None,
            _NO_VERDICT + "this file holds no cells in which these genes were changed.",
        )
    if edit.evidence is None or edit.predicted is None:
        return JudgedEdit(
            edit,
            None,
            _NO_VERDICT
            + (edit.untested or "only the blend is tried on groups that were left out."),
        )
    if not edit.evidence.left_out:
        return JudgedEdit(
            edit,
            None,
            _NO_VERDICT + "too few groups were measured under both conditions to leave any out.",
        )
    before = edit.evidence.groups.before
    noise = np.array([before[str(group)].variance for group in edit.predicted.index])
    trust = judge_changes(_tried(edit.evidence), edit.predicted.to_numpy(), noise)
    reason = (
        f"Verdicts rest on {trust.n_groups} groups of this file, each left out in turn: a change "
        "is called reliable where at least 95 % of such changes had the right direction."
    )
    if edit.request.strength <= 1:
        return JudgedEdit(edit, trust, reason)
    codes = np.where(trust.codes == 0, _CARE, trust.codes).astype(np.int8)
    beyond = EditTrust(**{**vars(trust), "codes": codes})
    return JudgedEdit(
        edit,
        beyond,
        f"{reason} Beyond strength 1 nothing was measured, so that none is called reliable.",
    )


def _tried(evidence: Evidence) -> LeftOutChanges:
    found = evidence.left_out
    names = list(found)
    return LeftOutChanges(
        predicted=np.array([evidence.predicted(name) for name in names]),
        measured=np.array([found[name].change for name in names]),
        noise=np.array([found[name].noise for name in names]),
        noise_before=np.array([found[name].noise_before for name in names]),
        simple={
            rival: np.array([found[name].rivals[rival] for name in names])
            for rival in found[names[0]].rivals
        },
        halves=np.stack([found[name].halves for name in names], axis=1),
    )
