from __future__ import annotations

from pathlib import Path

import pytest
import scipy.sparse as sp

from ...formats import some_barcodes, some_counts, write_hd, write_visium


@pytest.fixture
def counts() -> sp.csr_matrix:
    return some_counts()


@pytest.fixture
def barcodes() -> list[str]:
    return some_barcodes()


@pytest.fixture
def visium(tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]) -> Path:
    return write_visium(tmp_path / "visium", counts, barcodes)


@pytest.fixture
def hd(tmp_path: Path, counts: sp.csr_matrix, barcodes: list[str]) -> Path:
    return write_hd(tmp_path / "hd", counts, barcodes)
