"""Simulated sections, each made once: its picture takes longer than most tests."""

from __future__ import annotations

from functools import cache
from typing import Any

from anndata import AnnData

from napari_stimpute.data import simulate


@cache
def _made(settings: tuple[tuple[str, Any], ...]) -> AnnData:
    return simulate.simulate_section(**dict(settings))


def simulate_section(**settings: Any) -> AnnData:
    """As `napari_stimpute.simulate_section`; a copy of one's own."""
    return _made(tuple(sorted(settings.items()))).copy()
