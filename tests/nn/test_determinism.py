"""Deterministic algorithms, while something is computed, and not a moment longer."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
import pytest
import torch

from napari_stimpute.data.simulate import simulate_section
from napari_stimpute.devices import DETERMINISTIC
from napari_stimpute.errors import InvalidSetting
from napari_stimpute.models import model_info
from napari_stimpute.nn.determinism import deterministically
from napari_stimpute.progress import drain
from napari_stimpute.run import Request, Run


@pytest.fixture(autouse=True)
def setting_of_torch() -> Iterator[None]:
    """Whatever a test leaves, the next one finds torch as it is."""
    yield
    torch.use_deterministic_algorithms(False)


def is_on() -> bool:
    return torch.are_deterministic_algorithms_enabled()


def two_steps() -> Generator[bool, None, str]:
    yield is_on()
    yield is_on()
    return "done"


def failing(words: str) -> Generator[bool, None, None]:
    yield is_on()
    raise RuntimeError(words)


def test_every_step_is_deterministic_and_what_comes_of_them_is_passed_on() -> None:
    steps = deterministically(two_steps())
    assert next(steps) and next(steps)
    with pytest.raises(StopIteration) as ended:
        next(steps)
    assert ended.value.value == "done"
    assert not is_on()


def test_torch_is_left_as_it_was_after_a_stop_and_after_an_error() -> None:
    stopped = deterministically(two_steps())
    next(stopped)
    stopped.close()
    assert not is_on()
    with pytest.raises(RuntimeError, match="illegal memory access"):
        list(deterministically(failing("CUDA error: an illegal memory access")))
    assert not is_on()


@pytest.mark.parametrize("only_warns", [True, False])
def test_who_set_it_before_finds_it_set(only_warns: bool) -> None:
    torch.use_deterministic_algorithms(True, warn_only=only_warns)
    list(deterministically(two_steps()))
    assert is_on() and torch.is_deterministic_algorithms_warn_only_enabled() == only_warns


def test_a_step_without_such_an_algorithm_is_said_in_words() -> None:
    words = "put_ does not have a deterministic implementation, but you set …. You can turn it off"
    with pytest.raises(InvalidSetting, match=r"deterministic.*put_.*Compute on the CPU"):
        list(deterministically(failing(words)))


def test_two_deterministic_runs_are_equal_to_the_last_bit_and_say_so() -> None:
    section = simulate_section(n_rows=15, n_genes=100, n_domains=3)
    config = model_info("gmm_vgae").config.checked({"epochs": 2, "mixture_epochs": 1})
    found = []
    for _ in range(2):
        run = Run(section, Request("gmm_vgae", config, device="cpu", deterministic=True))
        drain(run.steps())
        assert run.results is not None and DETERMINISTIC in run.results.record.notes
        found.append(run.results)
    np.testing.assert_array_equal(found[0].imputed, found[1].imputed)
    np.testing.assert_array_equal(found[0].embedding, found[1].embedding)
    assert not is_on()
