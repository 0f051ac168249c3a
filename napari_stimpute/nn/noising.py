"""Processes that mix data with noise, x = a(t)·z + s(t)·e, from data (t ≈ 0) to noise (t = 1).

Divided by √(a² + s²), all of them are one: x′ = cos φ·z + sin φ·e with the angle φ = atan2(s, a),
and v = dx′/dφ = cos φ·e − sin φ·z. A network that predicts v from x′ and φ therefore serves every
process, and their probability-flow equations are the same curve, dx′/dφ = v. What differs is how
often each angle is seen in training, what an error there costs, and the noise that a stochastic
sampler adds on its way back.

Sources: Song et al. 2021 (VP, VE, sub-VP), Salimans and Ho 2022 (v), Liu et al. 2023 and Lipman et
al. 2023 (rectified flow), Karras et al. 2022 (one parametrisation for all).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from scipy.optimize import brentq
from torch import Tensor

LEAST_TIME = 1e-3
"""Where sampling ends: nearer to the data nothing is left to take off."""

_LARGEST_RATIO = 1e3
"""Noise to signal at which a stochastic sampler begins where the process has no signal at t = 1."""


class Process(ABC):
    """How signal and noise change with time t in [0, 1]; every argument and result is (n,)."""

    @abstractmethod
    def signal(self, t: Tensor) -> Tensor:
        """a(t), the share of the data."""

    @abstractmethod
    def noise(self, t: Tensor) -> Tensor:
        """s(t), standard deviation of the noise."""

    @abstractmethod
    def time(self, ratio: Tensor) -> Tensor:
        """When noise to signal s/a is `ratio`."""

    @abstractmethod
    def drift(self, t: Tensor) -> Tensor:
        """f(t) of dx = f·x dt + g dw, which is d log a / dt."""

    @abstractmethod
    def diffusion(self, t: Tensor) -> Tensor:
        """g(t)², which is d s² / dt − 2·f·s²."""

    def weight(self, angle: Tensor) -> Tensor:
        """What a squared error of v costs: here that of the noise, which is score matching."""
        return angle.cos().square()

    def angle(self, t: Tensor) -> Tensor:
        """φ = atan2(s, a), from near 0 (data) to at most π/2 (noise)."""
        return torch.atan2(self.noise(t), self.signal(t))

    @property
    def angles(self) -> tuple[float, float]:
        """Angles at which sampling begins and ends."""
        start, end = self.angle(torch.tensor([1.0, LEAST_TIME], dtype=torch.float64)).tolist()
        return start, end

    def times(self, n_steps: int) -> Tensor:
        """Grid of a stochastic sampler, (n_steps + 1,) float64: even steps of log noise-to-signal.

        In them the equations stay stable also where a process has no signal left at its beginning.
        """
        start, end = (math.log(min(math.tan(angle), _LARGEST_RATIO)) for angle in self.angles)
        return self.time(torch.linspace(start, end, n_steps + 1, dtype=torch.float64).exp())


class RectifiedFlow(Process):
    """Straight lines from data to noise: x = (1 − t)·z + t·e."""

    def signal(self, t: Tensor) -> Tensor:
        """1 − t."""
        return 1 - t

    def noise(self, t: Tensor) -> Tensor:
        """The time itself."""
        return t

    def time(self, ratio: Tensor) -> Tensor:
        """r / (1 + r)."""
        return ratio / (1 + ratio)

    def drift(self, t: Tensor) -> Tensor:
        """−1 / (1 − t); infinite at t = 1, where no grid of `times` goes."""
        return -1 / (1 - t)

    def diffusion(self, t: Tensor) -> Tensor:
        """2·t / (1 − t)."""
        return 2 * t / (1 - t)

    def weight(self, angle: Tensor) -> Tensor:
        """That of the error of e − z, the direction of the line."""
        return 1 + (2 * angle).sin()


class Cosine(Process):
    """The angle grows evenly with time, and an error of v costs the same at each."""

    def signal(self, t: Tensor) -> Tensor:
        """cos(π·t / 2)."""
        return (0.5 * math.pi * t).cos()

    def noise(self, t: Tensor) -> Tensor:
        """sin(π·t / 2)."""
        return (0.5 * math.pi * t).sin()

    def time(self, ratio: Tensor) -> Tensor:
        """2·atan(r) / π."""
        return ratio.atan() * 2 / math.pi

    def drift(self, t: Tensor) -> Tensor:
        """−π/2·tan(π·t / 2)."""
        return -0.5 * math.pi * (0.5 * math.pi * t).tan()

    def diffusion(self, t: Tensor) -> Tensor:
        """π·tan(π·t / 2)."""
        return math.pi * (0.5 * math.pi * t).tan()

    def weight(self, angle: Tensor) -> Tensor:
        """One."""
        return torch.ones_like(angle)


@dataclass(frozen=True)
class VariancePreserving(Process):
    """dx = −½β·x dt + √β dw, with β rising linearly: data of variance 1 keep it (VP)."""

    least: float = 0.1
    most: float = 20.0

    def signal(self, t: Tensor) -> Tensor:
        """exp(−½∫β)."""
        return (-0.5 * self._integral(t)).exp()

    def noise(self, t: Tensor) -> Tensor:
        """√(1 − a²)."""
        return (-torch.expm1(-self._integral(t))).sqrt()

    def time(self, ratio: Tensor) -> Tensor:
        """Where ∫β = log(1 + r²)."""
        return self._time_of(torch.log1p(ratio.square()))

    def drift(self, t: Tensor) -> Tensor:
        """−½β."""
        return -0.5 * self._rate(t)

    def diffusion(self, t: Tensor) -> Tensor:
        """The rate β."""
        return self._rate(t)

    def _rate(self, t: Tensor) -> Tensor:
        return self.least + t * (self.most - self.least)

    def _integral(self, t: Tensor) -> Tensor:
        return self.least * t + 0.5 * t.square() * (self.most - self.least)

    def _time_of(self, integral: Tensor) -> Tensor:
        rise = self.most - self.least
        return ((self.least**2 + 2 * rise * integral).sqrt() - self.least) / rise


class SubVariancePreserving(VariancePreserving):
    """As VP, with less noise at each time: s = 1 − a² (sub-VP)."""

    def noise(self, t: Tensor) -> Tensor:
        """1 − exp(−∫β)."""
        return -torch.expm1(-self._integral(t))

    def time(self, ratio: Tensor) -> Tensor:
        """Where a = 2 / (r + √(r² + 4)), the root of 1 − a² = r·a."""
        return self._time_of(2 * (0.5 * (ratio + (ratio.square() + 4).sqrt())).log())

    def diffusion(self, t: Tensor) -> Tensor:
        """β·(1 − a⁴)."""
        return -self._rate(t) * torch.expm1(-2 * self._integral(t))


@dataclass(frozen=True)
class VarianceExploding(Process):
    """dx = σᵗ dw: the data stay, the noise grows (VE)."""

    sigma: float = 25.0

    @classmethod
    def reaching(cls, noise: float) -> VarianceExploding:
        """The one whose noise at t = 1 is as given; the largest distance between data is advised.

        Parameters
        ----------
        noise : greater than 1
        """
        return cls(brentq(lambda sigma: _explosion(sigma) - noise, 1.0 + 1e-6, 1e8))

    def signal(self, t: Tensor) -> Tensor:
        """One."""
        return torch.ones_like(t)

    def noise(self, t: Tensor) -> Tensor:
        """√((σ²ᵗ − 1) / (2·log σ))."""
        rate = 2 * math.log(self.sigma)
        return (torch.expm1(rate * t) / rate).sqrt()

    def time(self, ratio: Tensor) -> Tensor:
        """Where the noise is as large as the ratio."""
        rate = 2 * math.log(self.sigma)
        return torch.log1p(rate * ratio.square()) / rate

    def drift(self, t: Tensor) -> Tensor:
        """Zero."""
        return torch.zeros_like(t)

    def diffusion(self, t: Tensor) -> Tensor:
        """σ²ᵗ."""
        return (2 * math.log(self.sigma) * t).exp()


def _explosion(sigma: float) -> float:
    return math.sqrt((sigma**2 - 1) / (2 * math.log(sigma)))


def mixed(z: Tensor, e: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Data and noise (n, d) at angles (n,): the mixture x′ and its direction v, (n, d) each."""
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    return cos * z + sin * e, cos * e - sin * z


def parted(x: Tensor, v: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Data and noise (n, d) that `mixed` made x′ and v (n, d) of, at angles (n,)."""
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    return cos * x - sin * v, sin * x + cos * v
