"""A session with a small trained model that generates cells: trained once for all tests."""

from __future__ import annotations

from functools import cache

from napari_stimpute import ScDiffusion, simulate_cells
from napari_stimpute.models.diffusion_config import ScDiffusionConfig
from napari_stimpute.panels.enhance import EnhancePanel
from napari_stimpute.panels.generate import GeneratePanel, Options
from napari_stimpute.panels.generators import Generators
from napari_stimpute.session.session import Session

from ..generating import SMALL


def settings(condition: str = "cell_type,true_depth") -> ScDiffusionConfig:
    """Of the small model."""
    return ScDiffusionConfig.checked({**SMALL, "condition": condition})


@cache
def _trained() -> Session:
    session = Session()
    session.open(simulate_cells(n_cells=150, n_genes=100))
    session.train("scdiffusion", settings(), blend=False, judged=False).wait(120)
    assert session.problem == ""
    return session


def with_model(session: Session) -> Session:
    """Open the same data with the same run, and the model that is still here."""
    there = _trained()
    assert there.adata is not None
    session.open(there.adata.copy())
    model = there.models["scdiffusion"]
    assert isinstance(model, ScDiffusion)
    session.models = {"scdiffusion": model}
    return session


def generating(session: Session) -> GeneratePanel:
    """A panel that asks for a few cells in a few steps."""
    panel = GeneratePanel(session, Generators(session))
    panel.set_options(Options(n=60, n_steps=3))
    return panel


def enhancing(session: Session) -> EnhancePanel:
    """A panel that adds to the open data."""
    return EnhancePanel(session, Generators(session))
