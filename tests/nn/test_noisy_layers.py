"""Layers with noise: what they compute without it, and when it comes."""

from __future__ import annotations

import pytest
import torch

from napari_stimpute.nn.layers import NoisyLayers, noisy


def test_in_use_they_are_plain_layers(generator: torch.Generator) -> None:
    layers, x = NoisyLayers((5, 7, 3), 2.0, generator), torch.randn(4, 5, generator=generator)
    expected = x
    for layer, norm in zip(layers.linears, layers.norms, strict=True):
        expected = torch.relu(norm(expected @ layer.weight.T + layer.bias))
    torch.testing.assert_close(layers.eval()(x, generator), expected)
    torch.testing.assert_close(layers.train()(x), expected)


@pytest.mark.parametrize(("noise", "changes"), [(0.0, False), (0.5, True)])
def test_in_training_they_are_noisy_if_asked_to_be(
    noise: float, changes: bool, generator: torch.Generator
) -> None:
    layers, x = NoisyLayers((5, 7, 3), noise, generator), torch.randn(4, 5, generator=generator)
    assert torch.equal(layers.train()(x, generator), layers(x)) != changes


def test_noise_has_the_scale_asked_for(generator: torch.Generator) -> None:
    added = noisy(torch.full((200, 500), 3.0), 0.7, generator) - 3
    assert added.std().item() == pytest.approx(0.7, abs=0.01)
    assert added.mean().item() == pytest.approx(0, abs=0.01)
