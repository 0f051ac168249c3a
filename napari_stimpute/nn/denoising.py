"""The network that leads from noise back to data, under conditions, and its loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .layers import linear
from .noising import LEAST_TIME, Process, mixed

Velocity = Callable[[Tensor, Tensor], Tensor]
"""From points x′ (n, d) and angles (n,) to v (n, d)."""

_N_WAVES = 32
_FIRST_LABELS = 0.3
"""Standard deviation of the embeddings of labels to start from."""


@dataclass(frozen=True)
class Conditions:
    """What cells are to be like.

    Attributes
    ----------
    labels : (n, n_labels), int64, from 0; −1 where nothing is asked
    values : (n, n_values), float32, standardised; NaN where nothing is asked
    """

    labels: Tensor
    values: Tensor

    def __getitem__(self, rows: Tensor | slice) -> Conditions:
        return Conditions(self.labels[rows], self.values[rows])

    def __len__(self) -> int:
        return len(self.labels)

    def without(self, number: int) -> Conditions:
        """The same, one of them not asked; labels come first, then values."""
        labels, values = self.labels.clone(), self.values.clone()
        if number < labels.shape[1]:
            labels[:, number] = -1
        else:
            values[:, number - labels.shape[1]] = math.nan
        return Conditions(labels, values)

    def dropped(self, share: float, generator: torch.Generator) -> Conditions:
        """Each of them not asked with a probability, so that a network learns to do without."""
        n, n_labels = self.labels.shape
        shape = (n, n_labels + self.values.shape[1])
        gone = torch.rand(shape, generator=generator, device=self.labels.device) < share
        labels = self.labels.masked_fill(gone[:, :n_labels], -1)
        return Conditions(labels, self.values.masked_fill(gone[:, n_labels:], math.nan))


class _Block(nn.Module):
    """A residual layer, scaled and shifted by what angle and conditions say (FiLM)."""

    def __init__(self, width: int, n_embedding: int, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.film = linear(n_embedding, 2 * width, generator)
        self.one, self.two = (linear(width, width, generator) for _ in range(2))

    def forward(self, hidden: Tensor, embedded: Tensor) -> Tensor:
        """(n, width) and (n, n_embedding) → (n, width)."""
        scale, shift = self.film(embedded).chunk(2, dim=1)
        changed = self.one(self.norm(hidden) * (1 + scale) + shift)
        found: Tensor = hidden + self.two(nn.functional.silu(changed))
        return found


class Denoiser(nn.Module):
    """Residual layers on a point; angle and conditions scale and shift within each of them.

    It starts at v = 0.

    Parameters
    ----------
    n_dims : of a point
    n_categories : of each label
    n_values : continuous conditions
    width, n_blocks : of the residual layers
    n_embedding : width of what angle and conditions are brought into
    generator : for the first weights, on the CPU
    """

    waves: Tensor

    def __init__(
        self,
        n_dims: int,
        n_categories: Sequence[int],
        n_values: int = 0,
        *,
        width: int = 128,
        n_blocks: int = 3,
        n_embedding: int = 64,
        generator: torch.Generator,
    ) -> None:
        super().__init__()

        def drawn(*shape: int, scale: float) -> Tensor:
            return scale * torch.randn(shape, generator=generator)

        self.register_buffer("waves", drawn(_N_WAVES, scale=2.0))
        self.angle = nn.ModuleList(
            [
                linear(1 + 2 * _N_WAVES, n_embedding, generator),
                linear(n_embedding, n_embedding, generator),
            ]
        )
        self.labels = nn.ParameterList(
            nn.Parameter(drawn(1 + n, n_embedding, scale=_FIRST_LABELS)) for n in n_categories
        )  # the first row of each says that nothing is asked
        self.values = nn.ModuleList(linear(2, n_embedding, generator) for _ in range(n_values))
        self.value_out = linear(n_embedding, n_embedding, generator) if n_values else None
        self.first, self.last = linear(n_dims, width, generator), linear(width, n_dims, generator)
        nn.init.zeros_(self.last.weight)
        self.blocks = nn.ModuleList(_Block(width, n_embedding, generator) for _ in range(n_blocks))

    def forward(self, x: Tensor, angle: Tensor, conditions: Conditions) -> Tensor:
        """Points x′ (n, d), angles (n,) → v (n, d)."""
        inner = nn.functional.silu(self._embedded(angle, conditions))
        hidden = self.first(x)
        for block in self.blocks:
            hidden = block(hidden, inner)
        found: Tensor = self.last(nn.functional.silu(hidden))
        return found

    def _embedded(self, angle: Tensor, conditions: Conditions) -> Tensor:
        time = (angle * 2 / math.pi)[:, None]
        waves = 2 * math.pi * time * self.waves
        first, second = self.angle
        embedded: Tensor = second(
            nn.functional.silu(first(torch.cat([time, waves.sin(), waves.cos()], 1)))
        )
        for table, label in zip(self.labels, conditions.labels.T, strict=True):
            embedded = embedded + table[label + 1]
        for layer, value in zip(self.values, conditions.values.T, strict=True):
            assert self.value_out is not None
            asked = (~value.isnan()).to(value.dtype)
            read = torch.stack([value.nan_to_num(0.0), asked], dim=1)
            embedded = embedded + self.value_out(nn.functional.silu(layer(read)))
        return embedded


def denoising_loss(
    network: Denoiser,
    process: Process,
    z: Tensor,
    conditions: Conditions,
    generator: torch.Generator,
) -> Tensor:
    """Weighted squared error of v at random angles, mean over dimensions, (n,).

    Times are stratified: one in each of n equal parts.

    Parameters
    ----------
    network : what is trained
    process : how data and noise are mixed
    z : (n, d), data of mean 0 and variance 1
    conditions : n of them
    generator : source of randomness, on the device of z
    """
    n = len(z)
    drawn = torch.rand(n, generator=generator, device=z.device)
    parts = (torch.arange(n, device=z.device) + drawn) / n
    angle = process.angle(LEAST_TIME + (1 - LEAST_TIME) * parts)
    noise = torch.randn(z.shape, generator=generator, device=z.device)
    x, v = mixed(z, noise, angle)
    missed: Tensor = network(x, angle, conditions) - v
    return process.weight(angle) * missed.square().mean(dim=1)


def guided(
    network: Callable[[Tensor, Tensor, Conditions], Tensor],
    conditions: Conditions,
    guidance: Sequence[float],
) -> Velocity:
    """The way to cells of some conditions, each followed as strongly as wished.

    Parameters
    ----------
    network : gives v under conditions
    conditions : n of them, of as many points
    guidance : a weight per label, then per value: 1 is the condition as learned, 0 leaves it out,
        more exaggerates it

    Notes
    -----
    v = v(all) + Σ (weight − 1)·(v(all) − v(all but this one)): weights of 1 give v(all) exactly,
    also for several conditions; sums over each alone (Liu et al. 2022) do not.
    """
    changed = [(number, weight) for number, weight in enumerate(guidance) if weight != 1]

    def velocity(x: Tensor, angle: Tensor) -> Tensor:
        found = whole = network(x, angle, conditions)
        for number, weight in changed:
            found = found + (weight - 1) * (whole - network(x, angle, conditions.without(number)))
        return found

    return velocity
