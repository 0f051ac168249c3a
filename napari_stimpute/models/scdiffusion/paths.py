"""Where a diffusion takes cells: along its flow to noise and back, from partial noise, or guided.

Latent points come in and go out as the autoencoder has them; in between they are standardised, with
the log depth beside them. Sources: Meng et al. 2022 (SDEdit), Song et al. 2021 (the flow there and
back), Dhariwal and Nichol 2021 (guidance by a gradient).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...nn.denoising import Conditions, Denoiser, Velocity
from ...nn.noising import Process, mixed, parted
from ...nn.sampling import denoised, transport
from .draws import normal
from .latents import Space

_N_STEPS = 25
_HALF_WAY = 0.5
"""Part of the way to noise that SDEdit and guidance go."""
_PULL = 0.5
"""Length of a guidance step, in units of the noise at that time."""


@dataclass(frozen=True, eq=False)
class Paths:
    """A trained denoiser, and the way into its space.

    Attributes
    ----------
    denoiser, process : as trained
    space : standardised points
    """

    denoiser: Denoiser
    process: Process
    space: Space

    def inverted(
        self, latent: np.ndarray, log_depth: np.ndarray, source: Conditions, target: Conditions
    ) -> np.ndarray:
        """To noise as what the cells are, back as what they are asked to be.

        Parameters
        ----------
        latent : (n, n_latent)
        log_depth : (n,), of size factors
        source, target : n conditions each

        Returns
        -------
        (n, n_latent)
        """
        start, end = self.process.angles
        x = transport(self._towards(source), self._points(latent, log_depth), end, start, _N_STEPS)
        return self._latent(transport(self._towards(target), x, start, end, _N_STEPS))

    def round_trip_error(
        self, latent: np.ndarray, log_depth: np.ndarray, source: Conditions
    ) -> float:
        """Root mean square by which points led to noise and back miss themselves, latent sd."""
        start, end = self.process.angles
        x, velocity = self._points(latent, log_depth), self._towards(source)
        noise = transport(velocity, x, end, start, _N_STEPS)
        back = transport(velocity, noise, start, end, _N_STEPS)
        return float((back - x).square().mean().sqrt())

    def redrawn(
        self, latent: np.ndarray, log_depth: np.ndarray, target: Conditions, seed: int
    ) -> np.ndarray:
        """Half-way to noise by chance, back as what is asked (SDEdit); see `inverted`."""
        x = self._points(latent, log_depth)
        draws = normal(seed, range(len(x)), 1, x.shape[1])[:, 0]
        half, end = self._half_way, self.process.angles[1]
        noise = torch.from_numpy(draws).to(x)
        x = mixed(x, noise, torch.full((len(x),), half, device=x.device))[0]
        velocity, n_steps = self._towards(target), max(1, round(_N_STEPS * _HALF_WAY))
        return self._latent(denoised(velocity, transport(velocity, x, half, end, n_steps), end))

    def pulled(
        self,
        latent: np.ndarray,
        log_depth: np.ndarray,
        source: Conditions,
        loss: Callable[[Tensor], Tensor] | None,
    ) -> np.ndarray:
        """Half-way to noise along the flow, and back, pulled at each step to where a loss falls.

        Parameters
        ----------
        latent, log_depth, source : see `inverted`
        loss : from latent points (n, n_latent) to a number per cell, (n,); None pulls nowhere
        """
        half, end = self._half_way, self.process.angles[1]
        n_steps = max(1, round(_N_STEPS * _HALF_WAY))
        velocity = self._towards(source)
        x = transport(velocity, self._points(latent, log_depth), end, half, n_steps)
        step = (end - half) / n_steps
        for k in range(n_steps):
            at = half + k * step
            angle = torch.full((len(x),), at, device=x.device)
            if loss is not None:
                pull = self._gradient(parted(x, velocity(x, angle), angle)[0], loss)
                x = x - _PULL * float(np.sin(at)) * pull
            x = transport(velocity, x, at, at + step, 1)
        return self._latent(x)

    def _gradient(self, x: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
        """Direction in which a loss rises, of length 1 where it is not 0; none along the depth."""
        x = x.detach().requires_grad_()
        (found,) = torch.autograd.grad(loss(self.space.opened(x)[0]).sum(), x)
        found = found.clone()
        found[:, -1] = 0
        direction: Tensor = found / found.norm(dim=1, keepdim=True).clamp_min(1e-8)
        return direction

    @property
    def _half_way(self) -> float:
        start, end = self.process.angles
        return end + _HALF_WAY * (start - end)

    def _towards(self, conditions: Conditions) -> Velocity:
        device = self.space.centre.device
        asked = Conditions(conditions.labels.to(device), conditions.values.to(device))

        def velocity(x: Tensor, angle: Tensor) -> Tensor:
            with torch.no_grad():
                found: Tensor = self.denoiser(x, angle, asked)
            return found

        return velocity

    def _points(self, latent: np.ndarray, log_depth: np.ndarray) -> Tensor:
        joint = np.column_stack([latent, log_depth]).astype(np.float32)
        return self.space.standardised(torch.from_numpy(joint).to(self.space.centre.device))

    def _latent(self, x: Tensor) -> np.ndarray:
        found: np.ndarray = self.space.opened(x)[0].cpu().numpy()
        return found
