"""Edits of cells of one file by one model; what left-out groups say is found once, and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from ... import keys
from ...data.technology import place_of
from ...errors import MissingKey, TooSmall
from ...progress import Progress, drain
from ...words import counted, lower_first, percent
from .blend import (
    BLEND,
    CEILING,
    DEPTH,
    FEWEST_CELLS,
    FEWEST_GROUPS,
    PARTS,
    Autoencoder,
    Evidence,
    Sample,
    leave_out_steps,
)
from .coder import coder_steps
from .edit import Distance, Edit, EditRequest, GeneWish, Method
from .moves import EditedModel, Moves, Subject, blend_moves, diffusion_moves, gene_moves
from .plan import Plan, planned
from .shifts import logged
from .standing import text_of

if TYPE_CHECKING:
    from anndata import AnnData

_SMALLEST_SHARE = 0.01
EVERY = "all cells"
"""Name of the group where there is but one."""

_ONE_GROUP = (
    "All cells count as one group: the model's clusters are too small, or tell the conditions "
    "apart, so that no change within one could be learned."
)
_OTHERS = "The model learned from other data than these: how well it reads them was not tried."


class EditsCells:
    """Gives a model its `edit`; whoever edits more than once keeps an `Editor`."""

    def edit(
        self: EditedModel,
        adata: AnnData,
        cells: Sequence[str],
        to: Mapping[str, str | float] | None = None,
        genes: Mapping[str, GeneWish] | None = None,
        *,
        strength: float = 1.0,
        method: Method = "blend",
        groups: str = "",
        seed: int = 0,
    ) -> Edit:
        """Cells as they might be under another condition, or with genes changed: a hypothesis.

        Parameters
        ----------
        adata : the data that the model was trained on; never changed
        cells : names of the cells in ``adata.obs``
        to, genes, strength, method, groups, seed : as in `edit.EditRequest`

        Raises
        ------
        InvalidSetting, UnknownName, MissingKey, TooSmall : what is asked cannot be done
        """
        request = EditRequest(
            tuple(cells), dict(to or {}), dict(genes or {}), strength, method, groups, seed
        )
        return Editor(self, adata).edit(request)


class Editor:
    """Edits cells of a file; keep it, since what is found once makes the next edit quick.

    Parameters
    ----------
    model : trained on these data, or on others with the same genes
    adata : the cells; never changed

    Examples
    --------
    >>> editor = Editor(model, adata)
    >>> cells = tuple(adata.obs_names[adata.obs["condition"] == "control"])
    >>> edit = editor.edit(EditRequest(cells, to={"condition": "stimulated"}))
    """

    def __init__(self, model: EditedModel, adata: AnnData) -> None:
        self._subject = Subject.of(model, adata)
        self._groups: dict[tuple[str, str], np.ndarray] = {}
        self._evidence: dict[tuple[str, ...], Evidence] = {}
        self._latest: tuple[EditRequest, Moves] | None = None

    @property
    def model(self) -> EditedModel:
        """Whose autoencoder and diffusion edit."""
        return self._subject.model

    @property
    def adata(self) -> AnnData:
        """The file whose cells are edited."""
        return self._subject.adata

    def check(self, request: EditRequest) -> None:
        """Raise in words if this cannot be done."""
        plan = self._planned(request)
        if plan.method == "blend":
            self._known(plan, request)

    def cost(self, request: EditRequest) -> int:
        """How many autoencoders are to be trained first; 0 if the edit is quick."""
        plan = self._planned(request)
        if plan.method != "blend" or self._key(plan, request) in self._evidence:
            return 0
        known = len(self._known(plan, request))
        return known if known >= FEWEST_GROUPS else 0

    def edit(self, request: EditRequest) -> Edit:
        """As `edit_steps`, at once."""
        return drain(self.edit_steps(request))

    def edit_steps(self, request: EditRequest) -> Generator[Progress, None, Edit]:
        """Edit cells step by step; closing the generator stops.

        Raises
        ------
        InvalidSetting, UnknownName, MissingKey, TooSmall : what is asked cannot be done
        """
        plan, whole = self._planned(request), replace(request, strength=1.0)
        if self._latest is None or self._latest[0] != whole:
            self._latest = (whole, (yield from self._moved(plan, request)))
        yield Progress("edit", 0, 1, message="Editing counts")
        return self._finished(plan, request, self._latest[1])

    def _planned(self, request: EditRequest) -> Plan:
        model = self.model
        return planned(
            request, self.adata.obs, model.table_, model.var_names_, model.settings_.likelihood
        )

    def _moved(self, plan: Plan, request: EditRequest) -> Generator[Progress, None, Moves]:
        if plan.method == "blend":
            return (yield from self._blended(plan, request))
        yield Progress("edit", 0, 1, message="Leading cells to what is asked")
        if request.genes:
            return gene_moves(self._subject, plan, request)
        return diffusion_moves(self._subject, plan, request)

    # ---- blend ---------------------------------------------------------------------------------

    def _key(self, plan: Plan, request: EditRequest) -> tuple[str, ...]:
        groups = EVERY if self._is_one_group(plan, request) else request.groups
        return (plan.column, plan.source, plan.target, groups)

    def _blended(self, plan: Plan, request: EditRequest) -> Generator[Progress, None, Moves]:
        sample, key = self._sampled(plan, request), self._key(plan, request)
        if key not in self._evidence:
            groups = sample.groups()
            left_out = yield from leave_out_steps(
                sample, groups, lambda kept: self._refit(sample.counts[kept])
            )
            self._evidence[key] = Evidence.of(groups, left_out)
        evidence = self._evidence[key]
        yield Progress("edit", 0, 1, message="Predicting the change")
        named = self._group_names(plan, request)[plan.rows]
        rows_of = {str(group): plan.rows[named == group] for group in np.unique(named)}
        whole = [_ONE_GROUP] if self._is_one_group(plan, request) else []
        notes = (*whole, *_on_groups(rows_of, evidence, plan), *_on_evidence(evidence))
        return blend_moves(self._subject, sample, evidence, rows_of, request.seed, notes)

    def _refit(self, counts: sp.csr_matrix) -> Generator[Progress, None, Autoencoder]:
        model = self.model
        return (
            yield from coder_steps(counts, model.settings_, seed=model.seed_, device=model.device_)
        )

    def _sampled(self, plan: Plan, request: EditRequest) -> Sample:
        """Cells of source and target; refused where a change cannot be told from them."""
        self._known(plan, request)
        labels, names = plan.labels, self._group_names(plan, request)
        rows = np.flatnonzero(np.isin(labels, (plan.source, plan.target)))
        return Sample(self._subject.counts[rows], names[rows], labels[rows] == plan.target)

    def _known(self, plan: Plan, request: EditRequest) -> list[str]:
        """Groups with enough cells of source and target; raises where that is too little."""
        labels, names = plan.labels, self._group_names(plan, request)
        before, after = (Counter(names[labels == label]) for label in (plan.source, plan.target))
        for group in np.unique(names[plan.rows]):
            if before[group] < FEWEST_CELLS:
                raise TooSmall(
                    expected=f"at least {FEWEST_CELLS} cells of each edited group",
                    found=f"{before[group]} of {group!r} whose {plan.column} is {plan.source!r}",
                    remedy="Leave them out, or name a column of larger groups.",
                )
        known = [g for g, n in after.items() if min(n, before[g]) >= FEWEST_CELLS]
        if not known:
            raise TooSmall(
                expected=f"a group with at least {FEWEST_CELLS} cells of both {plan.source!r} and "
                f"{plan.target!r}, from which the change can be learned",
                found=f"none among {len(np.unique(names)):,} groups",
                remedy="Name a column of larger groups, which both labels have.",
            )
        return known

    def _group_names(self, plan: Plan, request: EditRequest) -> np.ndarray:
        if self._is_one_group(plan, request):
            return np.full(self.adata.n_obs, EVERY, dtype=object)
        key = (plan.column, request.groups)
        if key not in self._groups:
            self._groups[key] = self._named_groups(request)
        return self._groups[key]

    def _is_one_group(self, plan: Plan, request: EditRequest) -> bool:
        """Whether groups are left to clusters, which are too small, or tell the conditions apart.

        So they are where regions of a tissue are the condition.
        """
        if request.groups or self._others(request) or plan.method != "blend":
            return False
        key = (plan.column, "")
        if key not in self._groups:
            self._groups[key] = self._named_groups(request)
        names, labels = self._groups[key], plan.labels
        before, after = (Counter(names[labels == label]) for label in (plan.source, plan.target))
        serves = [g for g in after if min(before[g], after[g]) >= FEWEST_CELLS]
        return not serves or any(before[g] < FEWEST_CELLS for g in np.unique(names[plan.rows]))

    def _others(self, request: EditRequest) -> list[str]:
        """Label conditions that are not asked for: cells of the same are a group."""
        known = self.model.table_.labels
        return [name for name in known if name not in request.to and name in self.adata.obs]

    def _named_groups(self, request: EditRequest) -> np.ndarray:
        """Name of each cell's group, (n_obs,)."""
        obs = self.adata.obs
        if request.groups:
            if request.groups not in obs:
                raise MissingKey(
                    expected=f"a column {request.groups!r} in obs, of groups",
                    found=f"columns {list(obs.columns)}",
                    remedy="Choose one of them, or none: then the model's are taken.",
                )
            return text_of(obs[request.groups])
        if others := self._others(request):
            parts = [text_of(obs[name]) for name in others]
            return np.array([" · ".join(names) for names in zip(*parts, strict=True)], dtype=object)
        clusters = self.model.cluster(self.adata)
        return np.array([f"cluster {k + 1}" for k in clusters], dtype=object)

    # ---- what is returned ----------------------------------------------------------------------

    def _finished(self, plan: Plan, request: EditRequest, moves: Moves) -> Edit:
        model, rows = self.model, plan.rows
        parts = [landing.at(request.strength) for _, landing in moves.landings]
        order = np.argsort(np.concatenate([part for part, _ in moves.landings]))
        before, after = self._subject.counts[rows], sp.vstack(parts, format="csr")[order]
        distance = self._distance(plan, request, before, after)
        reconstruction = self._subject.reconstruction(rows)
        notes = (
            f"Asked of {counted(len(rows), place_of(self.adata))}: {request.asked}, strength "
            f"{request.strength:g}, by {plan.method}. This is an {keys.HYPOTHESIS}: computed, "
            "not measured; no test of significance may be made on it.",
            *plan.notes,
            *_left_alone(plan, place_of(self.adata)),
            *([] if self._subject.is_own else [_OTHERS]),
            *moves.notes,
            *_on_distance(distance),
            "Asked for no change, the model itself would change mean log values by "
            f"{reconstruction:.2f} (root mean square over genes); an edit keeps this out by moving "
            "the cells' own counts.",
            *_on_round_trip(moves.round_trip),
        )
        return Edit(
            replace(request, method=plan.method),
            model.provenance,
            self.adata.obs.iloc[rows].copy(),
            list(model.var_names_),
            before,
            after,
            DEPTH,
            moves.predicted,
            distance,
            reconstruction,
            moves.round_trip,
            notes,
            moves.evidence,
            plan.untested,
        )

    def _distance(
        self, plan: Plan, request: EditRequest, before: sp.csr_matrix, after: sp.csr_matrix
    ) -> Distance | None:
        """To real cells of the target in the edited groups; None where there are too few."""
        if not plan.column:
            return None
        names = self._group_names(plan, request)
        there = plan.labels == plan.target
        real = np.flatnonzero(there & np.isin(names, names[plan.rows]))
        if min(len(real), before.shape[0]) < FEWEST_CELLS:
            return None
        return Distance.of(*(logged(m, DEPTH) for m in (before, after, self._subject.counts[real])))


def _left_alone(plan: Plan, place: str) -> list[str]:
    if not plan.n_there:
        return []
    were = "was" if plan.n_there == 1 else "were"
    return [f"{counted(plan.n_there, place)} {were} {plan.target} already: left as they are."]


def _on_groups(rows_of: dict[str, np.ndarray], evidence: Evidence, plan: Plan) -> list[str]:
    seen = [group for group in rows_of if group in evidence.known]
    unseen = [group for group in rows_of if group not in evidence.known]
    others = [group for group in evidence.known if group not in rows_of]
    notes = []
    if seen:
        notes.append(
            f"Measured in this file under {plan.target}: {', '.join(seen)}. Their own measured "
            "change is part of the prediction."
        )
    if unseen:
        notes.append(
            f"Unseen pair: {', '.join(unseen)} under {plan.target}. The change is predicted from "
            f"{', '.join(others or evidence.known)}."
        )
    return notes


def _on_evidence(evidence: Evidence) -> list[str]:
    if not evidence.left_out:
        return [
            f"Only {counted(len(evidence.known), 'group')} "
            f"{'was' if len(evidence.known) == 1 else 'were'} measured under both; with fewer "
            f"than {FEWEST_GROUPS} the blend's weights are fixed, and no verdict can be given."
        ]
    means = {
        name: float(np.mean([scores[name] for scores in evidence.scores.values()]))
        for name in (BLEND, PARTS[0], "mean change", CEILING)
    }
    told = (
        f"Each of {len(evidence.left_out)} groups left out in turn, the blend predicts its change "
        f"with R² {means[BLEND]:.2f} on average ({PARTS[0]} {means[PARTS[0]]:.2f}, mean change "
        f"{means['mean change']:.2f}, half of the real cells against the other half "
        f"{means[CEILING]:.2f})."
    )
    if evidence.uses_nearest:
        return [f"{told} It is no better than the {PARTS[0]}, which is used in its place."]
    shares = evidence.weights / max(float(evidence.weights.sum()), 1e-12)
    parts = sorted(zip(shares, PARTS, strict=True), reverse=True)
    named = [f"{percent(s)} {lower_first(part)}" for s, part in parts if s >= _SMALLEST_SHARE]
    return [told, f"The blend: {'; '.join(named)}."]


def _on_distance(distance: Distance | None) -> list[str]:
    if distance is None:
        return []
    return [
        f"Energy distance to {counted(distance.n_real, 'real cell')} of the target: "
        f"{distance.before:.2f} before, {distance.after:.2f} after."
    ]


def _on_round_trip(error: float | None) -> list[str]:
    if error is None:
        return []
    return [f"Led to noise and back, latent points miss themselves by {error:.1e} of their spread."]
