"""Memory that runs out: smaller steps and blocks, which is said, or one sentence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from anndata import AnnData
from torch import Tensor

from napari_stimpute.errors import OutOfMemory
from napari_stimpute.models.base import in_blocks, is_out_of_memory
from napari_stimpute.models.configs import GMMVGAEConfig
from napari_stimpute.models.gmm_vgae import training
from napari_stimpute.progress import Progress, drain
from napari_stimpute.run import Run

from .requested import request
from .simulated import simulate_section


@pytest.fixture(scope="module")
def simulated() -> AnnData:
    return simulate_section(n_rows=15, n_genes=100, n_domains=3)


@pytest.fixture
def section(simulated: AnnData) -> AnnData:
    return simulated.copy()


def out_of_memory_above(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the loss of more than n spots at a time fail as on a small GPU."""
    likelihood = training.nb_negative_log_likelihood

    def limited(
        rows: Tensor, columns: Tensor, values: Tensor, log_mu: Tensor, theta: Tensor
    ) -> Tensor:
        if len(log_mu) > n:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.")
        return likelihood(rows, columns, values, log_mu, theta)

    monkeypatch.setattr(training, "nb_negative_log_likelihood", limited)


def test_out_of_memory_starts_again_with_half_the_spots_and_says_so(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    out_of_memory_above(40, monkeypatch)
    run = Run(section, request("gmm_vgae", batch_size=128, epochs=2, mixture_epochs=1))
    retries = [p.message for p in run.steps() if p.phase == "retry"]
    assert run.results is not None
    sentences = [
        "Memory ran out with 128 spots at a time; started again with 64.",
        "Memory ran out with 64 spots at a time; started again with 32.",
    ]
    assert retries == sentences
    assert run.results.record.notes[:2] == sentences
    assert run.results.record.config["batch_size"] == 32
    assert run.results.record.completed


def test_steps_that_a_gpu_made_larger_are_halved_beyond_their_default(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_default(config: GMMVGAEConfig, _device: str, _n_obs: int) -> GMMVGAEConfig:
        is_usual = config.batch_size == 64
        return config.model_copy(update={"batch_size": 128}) if is_usual else config

    monkeypatch.setattr("napari_stimpute.models.base.sized_for", from_default)
    out_of_memory_above(40, monkeypatch)
    run = Run(section, request("gmm_vgae", batch_size=64, epochs=2, mixture_epochs=1))
    drain(run.steps())
    assert run.results is not None
    assert run.results.record.config["batch_size"] == 32


def test_too_little_memory_even_for_the_smallest_blocks_is_said(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    out_of_memory_above(2, monkeypatch)
    run = Run(section, request("gmm_vgae", batch_size=64))
    with pytest.raises(OutOfMemory, match=r"118 spots × 100 genes.*smallest blocks.*fewer genes"):
        drain(run.steps())


def test_another_error_is_not_taken_for_a_lack_of_memory(
    section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Tensor) -> Tensor:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(training, "nb_negative_log_likelihood", broken)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        drain(Run(section, request("gmm_vgae")).steps())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("view size is not compatible; memory format"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_a_lack_of_memory_is_told_from_other_errors(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


def test_a_tensor_too_large_for_this_machine_is_a_lack_of_memory() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_out_of_memory(caught.value)


def test_a_block_that_does_not_fit_is_halved_and_said() -> None:
    seen: list[tuple[int, int]] = []

    def square(rows: slice) -> np.ndarray:
        if rows.stop - rows.start > 30:
            raise MemoryError
        seen.append((rows.start, rows.stop))
        return np.arange(rows.start, rows.stop) ** 2

    notes: list[str] = []
    found = np.concatenate(list(in_blocks(100, 100, square, notes)))
    np.testing.assert_array_equal(found, np.arange(100) ** 2)
    assert seen == [(0, 25), (25, 50), (50, 75), (75, 100)]
    assert notes == [
        "Memory ran out with 100 spots at a time; went on with 50.",
        "Memory ran out with 50 spots at a time; went on with 25.",
    ]


def test_blocks_are_not_halved_for_ever() -> None:
    def never(rows: slice) -> np.ndarray:
        raise MemoryError

    with pytest.raises(OutOfMemory, match=r"spots at a time, but found too little"):
        list(in_blocks(1000, 1000, never, []))


@pytest.mark.parametrize("part", ["_judge", "_apply"])
def test_memory_that_runs_out_after_the_fit_is_said_in_words(
    part: str, section: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_much(*_: object) -> Iterator[Progress]:
        yield Progress("impute", 0, 1)
        raise MemoryError

    monkeypatch.setattr(Run, part, too_much)
    run = Run(section, request("gene_mean"))
    with pytest.raises(OutOfMemory, match="too little for the values of all of them"):
        drain(run.steps())
