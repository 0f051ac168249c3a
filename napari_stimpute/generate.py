"""The one path from a trained model to generated cells: make them, hold them against real ones.

Real ones are those that the model was kept from. Beside the model stand simple ways to make cells
from the same training cells, and real cells held against real ones, than which nothing is better.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch

from .background import in_steps
from .devices import require_memory
from .errors import StimputeError
from .models.base import require
from .models.scdiffusion.conditions import Wish
from .models.scdiffusion.generates import require_steps
from .models.scdiffusion.marks import tell
from .models.scdiffusion.model import ScDiffusion
from .models.scdiffusion.simple import WORDS as SIMPLE
from .models.scdiffusion.simple import meets, simple_cells
from .nn.denoising import Conditions
from .nn.sampling import Method
from .progress import Progress
from .trust.generated import FEWEST_CELLS, MOST_CELLS, WORDS, Realism, realism
from .trust.side_by_side import SideBySide, side_by_side

if TYPE_CHECKING:
    from anndata import AnnData

MODEL, REAL = "generated", "real cells"
"""Columns of the scores: cells of the model, and real ones that it learned from."""

_CLEAR = 0.03
"""Difference in the forest's area under the curve that is more than chance, for some 500 cells."""
_COPIES = 0.98
"""Ratio of distances to training cells below which it is said that they may be copies."""
_NEAR = 0.5
"""Share of the cells kept apart that data must hold, to be those of the training."""


@dataclass(frozen=True)
class Order:
    """Which cells are asked for.

    Attributes
    ----------
    n : how many
    conditions : a label or number by column; what is not named comes as often as in training
    guidance, method, n_steps, seed : as for `ScDiffusion.generate`
    """

    n: int
    conditions: Mapping[str, Wish] = field(default_factory=dict)
    guidance: float | Mapping[str, float] = 1.0
    method: Method = "heun"
    n_steps: int = 25
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Judged:
    """What generated cells are worth.

    Attributes
    ----------
    scores : a row for each of `trust.generated.WORDS`; columns `MODEL`, `REAL`, and a simple way
        each (`models.scdiffusion.simple.WORDS`)
    sentences : what they say
    pictures : real and generated cells side by side
    """

    scores: pd.DataFrame
    sentences: tuple[str, ...]
    pictures: SideBySide


@dataclass(frozen=True, eq=False)
class Generated:
    """Generated cells, marked as such; ``judged`` is None where ``notes`` say why."""

    adata: AnnData
    judged: Judged | None
    notes: tuple[str, ...]


def check_order(model: ScDiffusion, order: Order) -> None:
    """Refuse in words what cannot be generated, before anything is begun.

    Raises
    ------
    NotFitted, UnknownName, InvalidSetting, OutOfMemory : as `ScDiffusion.generate`
    """
    require(order.n >= 1, "n", "at least one cell", str(order.n), "Ask for some.")
    require_memory(order.n, len(model.var_names_))
    model.asked(1, order.conditions)
    model.weights(order.guidance)
    require_steps(order.n_steps)


def generation_steps(
    model: ScDiffusion, order: Order, adata: AnnData | None = None
) -> Generator[Progress, None, Generated]:
    """Generate cells; judge them where the data are those of the training.

    Parameters
    ----------
    model : trained to its end
    order : what is asked for
    adata : the data the model was trained on, to judge by; None does not judge
    """
    check_order(model, order)
    conditions, note = _as_in_training(model, order)
    made = yield from model.generate_steps(
        order.n,
        conditions,
        guidance=order.guidance,
        method=order.method,
        n_steps=order.n_steps,
        seed=order.seed,
    )
    if order.conditions:
        tell(made, "asked for", {"conditions": dict(order.conditions)})
    notes = [f"Generated {order.n:,} cells: {_asked_in_words(order.conditions)}.", *note]
    if adata is None:
        return Generated(made, None, (*notes, "Not judged: the training data are not at hand."))
    try:
        held = _Held.of(model, adata, order.conditions)
    except StimputeError as error:
        return Generated(made, None, (*notes, f"Not judged. {error}"))
    if held.too_few:
        return Generated(made, None, (*notes, held.too_few))
    if order.n < FEWEST_CELLS:
        few = f"Not judged: fewer than {FEWEST_CELLS} cells tell nothing."
        return Generated(made, None, (*notes, few))
    judged = yield from _judge(model, held, made, order.seed)
    numbers = [name for name in order.conditions if name in model.table_.values]
    if numbers:
        notes.append(f"Real cells of any {' and '.join(numbers)} stand beside: few are just so.")
    told = {name: ways.dropna().to_dict() for name, ways in judged.scores.T.items()}
    tell(made, "judged by real cells that the model never saw", {"scores": told})
    return Generated(made, judged, tuple(notes))


def _as_in_training(model: ScDiffusion, order: Order) -> tuple[pd.DataFrame, list[str]]:
    """Conditions of each cell, and a sentence where such cells were never seen.

    What is asked for stays; all else is that of a training cell of the same labels.
    """
    conditions = model.replay_.learned[1]
    asked = model.asked(1, order.conditions)
    same = np.flatnonzero(meets(conditions.labels.cpu().numpy(), asked.labels.numpy()[0]))
    if not len(same):
        frame = model.table_.as_columns(model.asked(order.n, order.conditions))
        return frame, [
            "No cell of the training was all of this at once: such cells are a guess, and often "
            "like those of one of the conditions."
        ]
    rows = same[np.random.default_rng(order.seed).integers(len(same), size=order.n)]
    frame = model.table_.as_columns(conditions[_rows(rows)])
    for name, wish in order.conditions.items():
        if name in model.table_.values:
            frame[name] = float(wish)
    return frame, []


@dataclass(frozen=True)
class _Held:
    """Real cells that meet the conditions: kept apart, and learned from, with their labels."""

    counts: sp.csr_matrix
    labels: Conditions
    trained: sp.csr_matrix
    trained_labels: Conditions
    too_few: str = ""

    @classmethod
    def of(cls, model: ScDiffusion, adata: AnnData, asked: Mapping[str, Wish]) -> _Held:
        names = model.trained_on_.kept_apart
        is_apart = adata.obs_names.isin(names)
        why = ""
        if not names:
            why = "Not judged: the model was kept from no cells."
        elif is_apart.sum() < _NEAR * len(names):
            why = "Not judged: the open data are not those the model was trained on."
        counts, conditions = model.read(adata), model.table_.of_cells(adata.obs)
        codes = conditions.labels.numpy()
        same = meets(codes, model.asked(1, asked).labels.numpy()[0])
        real, seen = np.flatnonzero(same & is_apart), np.flatnonzero(same & ~is_apart)
        if not why and len(real) < FEWEST_CELLS:
            why = (
                f"Not judged: the model was kept from {len(real):,} cells like these, and "
                f"{FEWEST_CELLS} are needed."
            )
        return cls(
            counts[real], conditions[_rows(real)], counts[seen], conditions[_rows(seen)], why
        )


def _rows(index: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(index)


def _judge(
    model: ScDiffusion, held: _Held, made: AnnData, seed: int
) -> Generator[Progress, None, Judged]:
    labels, trained = model.table_.of_cells(made.obs), (held.trained, held.trained_labels)
    order = np.random.default_rng(seed).permutation(held.trained.shape[0])
    other, rest = np.split(order, [min(MOST_CELLS, held.counts.shape[0], len(order) // 2)])
    rivals = [_Rival(MODEL, made.X, labels, held.trained)]
    if len(other) >= FEWEST_CELLS:
        as_real = held.trained_labels[_rows(other)]
        rivals.append(_Rival(REAL, held.trained[other], as_real, held.trained[rest]))
    simple = simple_cells(model.generator, model.replay_, labels, trained, seed)
    rivals += [_Rival(name, cells, labels, held.trained) for name, cells in simple.items()]
    found: dict[str, Realism] = {}
    for k, rival in enumerate(rivals):
        step = Progress("judge", k, len(rivals), message=f"Judging by real cells: {rival.name}")
        found[rival.name] = yield from in_steps(step, partial(_score, held, rival, seed))
    scores = pd.DataFrame({name: asdict(score) for name, score in found.items()}, index=list(WORDS))
    said = _in_words(found)
    if max(made.n_obs, held.trained.shape[0]) > MOST_CELLS:
        said = (*said, f"Compared are {MOST_CELLS:,} cells of each kind at most, drawn at random.")
    return Judged(scores, said, side_by_side(held.counts, made.X, seed=seed))


@dataclass(frozen=True)
class _Rival:
    """Cells to hold against real ones, their labels, and the cells they were learned from."""

    name: str
    counts: sp.csr_matrix
    labels: Conditions
    trained: sp.csr_matrix


def _score(held: _Held, rival: _Rival, seed: int) -> Realism:
    labels = None
    if rival.labels.labels.shape[1]:
        labels = held.labels.labels[:, 0].numpy(), rival.labels.labels[:, 0].numpy()
    return realism(held.counts, rival.counts, rival.trained, labels, seed=seed)


def _in_words(found: Mapping[str, Realism]) -> tuple[str, ...]:
    """What scores say: whether cells are told from real ones, copied, or exaggerated."""
    mine, floor = found[MODEL], found.get(REAL)
    beside = f"; real cells from other real ones: {floor.forest:.2f}" if floor else ""
    said = [
        "Told from real cells that the model never saw, by a random forest: area under the curve "
        f"{mine.forest:.2f} (0.5 is by chance{beside})."
    ]
    as_good = [SIMPLE[name] for name in SIMPLE if found[name].forest <= mine.forest + _CLEAR]
    if as_good:
        said.append(f"Simple ways do as well by this: {'; '.join(as_good)}.")
    else:
        said.append(f"No simple way does as well ({min(found[n].forest for n in SIMPLE):.2f}).")
    if mine.copying < _COPIES:
        said.append(
            f"They lie nearer to training cells than real ones do ({mine.copying:.2f} of the "
            "distance): some may be copies."
        )
    if floor and mine.slope > floor.slope + 0.04:
        said.append(
            f"Differences between labels are exaggerated ({mine.slope:.2f}; real cells "
            f"{floor.slope:.2f})."
        )
    return tuple(said)


def _asked_in_words(conditions: Mapping[str, Wish]) -> str:
    if not conditions:
        return "no condition asked for"
    return ", ".join(f"{name} {wish}" for name, wish in conditions.items())
