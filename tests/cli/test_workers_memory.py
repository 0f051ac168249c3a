"""Workers that do not fit into memory together are warned of before they begin."""

from __future__ import annotations

import io

import anndata as ad
import pytest

from napari_stimpute.cli.options import warn_of_memory
from napari_stimpute.forecast import Plan, needed_memory
from napari_stimpute.models import model_info
from napari_stimpute.terminal import Teller
from napari_stimpute.workers.workers import Workers


@pytest.mark.parametrize(
    ("workers", "said"),
    [
        (Workers(2), ""),
        (Workers(3), "3 workers would need"),
        (Workers(3, "tcp://host:8786"), ""),  # whose memory is not this machine's
    ],
)
def test_the_largest_of_the_runs_counts_for_every_worker(
    workers: Workers, said: str, section: ad.AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [Plan(name, model_info(name).config()) for name in ("gene_mean", "scziva")]
    needed = max(needed_memory(section, plan) for plan in plans)
    monkeypatch.setattr("napari_stimpute.memory.free_memory", lambda: 5 * needed // 2)
    heard = io.StringIO()
    warn_of_memory(section, plans, workers, Teller(quiet=True, stream=heard))
    assert (said in heard.getvalue()) if said else not heard.getvalue()
