"""One of two processes that train every model together: python -m tests.models.in_ranks FOLDER.

It leaves what each model learned, and the last score of a longer training, in ``FOLDER/RANK.pt``.
Alone it does the longer training only.
"""

from __future__ import annotations

import sys
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

import torch
from anndata import AnnData

from napari_stimpute.data.simulate import simulate_cells
from napari_stimpute.models.base import Model
from napari_stimpute.nn import ranks
from napari_stimpute.progress import StopEarly

from .conftest import make_brief, make_section

DEEP = ("gmm_vgae", "scziva", "scamzi", "scimta", "scdiffusion")
BLOCK = 40
"""Spots of a step, fewer than there are, so that every process draws blocks of its own."""


def main(folder: Path) -> None:
    """Train, and leave what was found."""
    with ranks.joined():
        found: dict[str, object] = {"score": longer_score()}
        if ranks.n_ranks() > 1:
            section = make_section()
            found |= {name: weights(trained(name, section)) for name in DEEP}
            found["resumed"] = weights(resumed(section, folder / "model.training"))
            found["stopped"] = steps_until_stopped(section)
        torch.save(found, folder / f"{ranks.rank()}.pt")


def trained(name: str, section: AnnData) -> Model:
    """A model that learned for a few steps; concluded in the first process alone."""
    return make_brief(name, batch_size=BLOCK).fit(section, device="cpu")


def resumed(section: AnnData, kept: Path) -> Model:
    """A scIMTA that was broken off in its second phase, and went on."""
    begun = make_brief("scimta", batch_size=BLOCK).keeping(kept, every=0.0)
    steps = begun.fit_steps(section, device="cpu")
    list(islice((p for p in steps if p.phase == "cluster"), 6))
    steps.close()
    return (
        make_brief("scimta", batch_size=BLOCK).keeping(kept, every=0.0).fit(section, device="cpu")
    )


def steps_until_stopped(section: AnnData) -> int:
    """How far each process comes where the first is stopped in its third step."""
    steps, seen = make_brief("scziva", batch_size=BLOCK).fit_steps(section, device="cpu"), 0
    with suppress(StopEarly), closing(steps):  # which the others are told
        for progress in steps:
            seen = progress.step
            if ranks.is_first() and seen == 3:
                break
    return seen


def longer_score() -> float:
    """Share of the hidden molecules' deviance that a longer training of scZiva leaves."""
    cells = simulate_cells(n_cells=2000, n_genes=100, seed=0)
    longer = {"epochs": 30, "batch_size": 250, "n_clusters": 3, "likelihood": "nb"}
    model = make_brief("scziva", **longer).fit(cells, device="cpu")
    return float(min(row["validation"] for row in model.history_ if "validation" in row))


def weights(model: Model) -> dict[str, torch.Tensor]:
    """All parameters and buffers of the network."""
    network: torch.nn.Module = model.network_  # type: ignore[attr-defined]
    return dict(network.state_dict())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
