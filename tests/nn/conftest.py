"""What every test of tensors checks besides its own claim."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _global_random_state_untouched() -> Iterator[None]:
    """Fail a test whose code draws from the global random state."""
    before = torch.get_rng_state()
    yield
    assert torch.equal(torch.get_rng_state(), before), "the global random state was used"


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
