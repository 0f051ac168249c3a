"""Latent points that a model remembers of the cells it learned from, so as not to forget them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...nn.denoising import Conditions
from .latents import Posterior

_MOST, _MOST_TESTED = 4000, 500


@dataclass(frozen=True)
class Replay:
    """A draw of the posterior of some cells, and their conditions; counts are not kept.

    Attributes
    ----------
    points : (n, d) float32, standardised
    conditions : n of them
    n_tested : so many, the first, the denoiser did not learn from
    """

    points: Tensor
    conditions: Conditions
    n_tested: int

    @classmethod
    def of(
        cls, posterior: Posterior, conditions: Conditions, held_out: Tensor, learned: Tensor
    ) -> Replay:
        """At most so many points as a small file holds, of random cells.

        Parameters
        ----------
        posterior : of all cells
        conditions : of all cells
        held_out, learned : places of cells that the denoiser did not learn from, and did; in
            random order
        """
        tested = held_out[:_MOST_TESTED]
        index = torch.cat([tested, learned[:_MOST]])
        generator = torch.Generator(index.device).manual_seed(0)
        points = posterior.draw(index, generator)
        return cls(points.half().float(), conditions[index], len(tested))

    def with_half_of(self, other: Replay) -> Replay:
        """Half of these points and half of others, of learned ones and of tested ones alike."""
        parts = [
            _half(replay.tested if tested else replay.learned)
            for tested in (True, False)
            for replay in (self, other)
        ]
        conditions = Conditions(
            torch.cat([asked.labels for _, asked in parts]),
            torch.cat([asked.values for _, asked in parts]),
        )
        points = torch.cat([points for points, _ in parts])
        return Replay(points, conditions, len(parts[0][0]) + len(parts[1][0]))

    @property
    def tested(self) -> tuple[Tensor, Conditions]:
        """Points, and conditions, by which forgetting is measured."""
        return self.points[: self.n_tested], self.conditions[slice(0, self.n_tested)]

    @property
    def learned(self) -> tuple[Tensor, Conditions]:
        """Points, and conditions, to learn from again."""
        rows = slice(self.n_tested, len(self.points))
        return self.points[rows], self.conditions[rows]

    def state(self) -> dict[str, Tensor]:
        """Itself as tensors, to be saved; what is not asked is told apart, as NaN cannot be."""
        values = self.conditions.values
        return {
            "points": self.points.half(),
            "labels": self.conditions.labels,
            "values": values.nan_to_num(0.0),
            "is_asked": ~values.isnan(),
            "n_tested": torch.tensor(self.n_tested),
        }

    @classmethod
    def of_state(cls, state: dict[str, Tensor], device: str) -> Replay:
        """What `state` gave, on a device."""
        values = state["values"].masked_fill(~state["is_asked"], math.nan)
        conditions = Conditions(state["labels"].to(device), values.to(device))
        n_tested = int(state["n_tested"].item())
        return cls(state["points"].float().to(device), conditions, n_tested)


def _half(part: tuple[Tensor, Conditions]) -> tuple[Tensor, Conditions]:
    """Every second of some points, and its conditions."""
    rows = torch.arange(0, len(part[0]), 2, device=part[0].device)
    return part[0][rows], part[1][rows]
