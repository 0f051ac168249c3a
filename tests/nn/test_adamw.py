"""The optimiser takes the steps of torch's own, and leaves torch's compiler alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from napari_stimpute.nn.adamw import AdamW, Group

N_STEPS = 20


def network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        last = nn.Linear(1, 1, bias=False)
        return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 1), last)


def backward(layers: nn.Sequential, step: int) -> None:
    """Gradients of a loss that changes with the step; the last layer has none at first."""
    x = torch.randn(8, 5, generator=torch.Generator().manual_seed(step))
    out = layers[:3](x) if step < N_STEPS // 2 else layers(x)
    out.square().mean().backward()


@pytest.mark.parametrize("kept_at", [0, 7, 15])
def test_the_steps_are_those_of_torch(kept_at: int) -> None:
    ours, theirs = network(), network()
    fast, slow = tuple(theirs[0].parameters()), tuple(theirs[2:].parameters())
    torchs = torch.optim.AdamW(
        [{"params": fast, "lr": 0.1, "weight_decay": 0.2}, {"params": slow, "lr": 0.01}],
        weight_decay=0.0,
    )
    rates = torch.optim.lr_scheduler.LambdaLR(torchs, lambda step: 0.9**step)

    def made() -> AdamW:
        return AdamW(
            [
                Group(tuple(ours[0].parameters()), 0.1, 0.2),
                Group(tuple(ours[2:].parameters()), 0.01, 0.0),
            ]
        )

    optimiser = made()
    for step in range(N_STEPS):
        if step == kept_at:  # gone on with by another
            state = optimiser.state_dict()
            optimiser = made()
            optimiser.load_state_dict(state)
        for layers, zero_grad in ((ours, optimiser.zero_grad), (theirs, torchs.zero_grad)):
            zero_grad()
            backward(layers, step)
        optimiser.step(0.9**step)
        torchs.step()
        rates.step()
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=0, atol=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_takes_the_steps_of_the_processor() -> None:
    found = []
    for device in ("cpu", "cuda"):
        layers = network().to(device)
        optimiser = AdamW([Group(tuple(layers.parameters()), 0.1, 0.2)])
        for step in range(N_STEPS):
            optimiser.zero_grad()
            x = torch.randn(8, 5, generator=torch.Generator().manual_seed(step)).to(device)
            layers(x).square().mean().backward()
            optimiser.step(0.9**step)
        found.append([p.detach().cpu() for p in layers.parameters()])
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-5)  # rounded otherwise on each


def test_training_does_not_import_the_compiler_of_torch() -> None:
    code = """
import sys, torch
from napari_stimpute.nn.optimise import Schedule, minimise
from napari_stimpute.progress import drain
layer = torch.nn.Linear(2, 1)
drain(minimise(lambda: layer(torch.ones(3, 2)).square().sum(), layer, Schedule(2), phase="train"))
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
