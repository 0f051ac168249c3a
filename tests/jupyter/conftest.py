"""A small section, a session that has it open, and a way to wait on an asyncio loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from anndata import AnnData

from napari_stimpute import Session

from ..simulated import simulate_section


@pytest.fixture(scope="session")
def section() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100)


@pytest.fixture
def session(section: AnnData) -> Session:
    session = Session()
    session.open(section)
    return session


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Let the loop run until something has happened."""

    async def wait(happened: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, "it did not happen"
            await asyncio.sleep(0.02)

    return wait
