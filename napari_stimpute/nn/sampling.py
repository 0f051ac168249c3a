"""From noise to data along a learned velocity, or from data to noise and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from .denoising import Velocity
from .noising import Process, parted

Method = Literal["heun", "ddim", "euler_maruyama", "predictor_corrector"]

_SIGNAL_TO_NOISE = 0.16
"""Of a corrector step (Song et al. 2021)."""


@dataclass(frozen=True)
class Sampler:
    """How noise is led back to data.

    Parameters
    ----------
    process : the one that was trained
    method : "heun", second order along the probability flow; "ddim", first order, exact where the
        data are one point; "euler_maruyama", the reverse stochastic equation;
        "predictor_corrector", the same with a Langevin step after each
    n_steps : of the grid
    """

    process: Process
    method: Method = "heun"
    n_steps: int = 25

    @property
    def n_draws(self) -> int:
        """Normal numbers that a point needs in each dimension."""
        per_step = {"heun": 0, "ddim": 0, "euler_maruyama": 1, "predictor_corrector": 2}
        return 1 + self.n_steps * per_step[self.method]

    @property
    def n_calls(self) -> int:
        """How often the network is asked."""
        return {"ddim": 1, "euler_maruyama": 1}.get(self.method, 2) * self.n_steps + 1

    def sample(self, velocity: Velocity, draws: Tensor) -> Tensor:
        """Data from noise.

        Parameters
        ----------
        velocity : trained on data of mean 0 and variance 1
        draws : (n, n_draws, d), standard normal; a point depends on its own alone

        Returns
        -------
        (n, d); what noise is left at the end of the grid is taken off (Tweedie's formula)
        """
        start, end = self.process.angles
        if self.method == "heun":
            return denoised(
                velocity, transport(velocity, draws[:, 0], start, end, self.n_steps), end
            )
        if self.method == "ddim":
            return denoised(velocity, _rotate(velocity, draws[:, 0], start, end, self.n_steps), end)
        return self._stochastic(velocity, draws)

    def _stochastic(self, velocity: Velocity, draws: Tensor) -> Tensor:
        process, corrects = self.process, self.method == "predictor_corrector"
        times = process.times(self.n_steps).to(draws.device)
        values = [f(times).to(draws.dtype) for f in (process.drift, process.diffusion)]
        noise, length = (
            process.noise(times),
            torch.hypot(process.signal(times), process.noise(times)),
        )
        noise, length, angle = (v.to(draws.dtype) for v in (noise, length, process.angle(times)))

        def score(x: Tensor, k: int) -> Tensor:
            at, place = angle[k].expand(len(x)), x / length[k]
            return -parted(place, velocity(place, at), at)[1] / noise[k]

        x, fresh = draws[:, 0] * length[0], iter(draws.unbind(dim=1)[1:])
        for k in range(self.n_steps):
            drift, diffusion = values[0][k], values[1][k]
            step = (times[k] - times[k + 1]).to(draws.dtype)
            x = x - (drift * x - diffusion * score(x, k)) * step
            x = x + (diffusion * step).sqrt() * next(fresh)
            if corrects:
                size = 2 * (_SIGNAL_TO_NOISE * noise[k + 1]).square()
                x = x + size * score(x, k + 1) + (2 * size).sqrt() * next(fresh)
        return denoised(velocity, x / length[-1], float(angle[-1]))


def transport(velocity: Velocity, x: Tensor, start: float, end: float, n_steps: int) -> Tensor:
    """Points x′ (n, d) led from one angle to another along the probability flow, by Heun's method.

    Steps are even in the angle, in which the flow of one Gaussian is a rotation. Going back with as
    many steps returns where one came from, up to the error of the method.
    """
    step = (end - start) / n_steps
    for k in range(n_steps):
        angle = torch.full((len(x),), start + k * step, device=x.device, dtype=x.dtype)
        first = velocity(x, angle)
        x = x + 0.5 * step * (first + velocity(x + step * first, angle + step))
    return x


def denoised(velocity: Velocity, x: Tensor, angle: float) -> Tensor:
    """The data to expect (n, d) of points x′ (n, d) at an angle."""
    angles = torch.full((len(x),), angle, device=x.device, dtype=x.dtype)
    return parted(x, velocity(x, angles), angles)[0]


def _rotate(velocity: Velocity, x: Tensor, start: float, end: float, n_steps: int) -> Tensor:
    step = torch.tensor((end - start) / n_steps, dtype=x.dtype, device=x.device)
    for k in range(n_steps):
        angle = torch.full((len(x),), start + k * float(step), device=x.device, dtype=x.dtype)
        x = step.cos() * x + step.sin() * velocity(x, angle)
    return x
