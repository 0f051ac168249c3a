"""AdamW (Loshchilov and Hutter, ICLR 2019) by torch's function for it.

torch's class does the same, but its first step imports torch's compiler, which is not used here:
two to three seconds before the first epoch, in which other threads can hardly run. On a CUDA device
all parameters of a group take their step in one kernel (fused).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

_BETAS, _EPSILON = (0.9, 0.999), 1e-8


@dataclass(eq=False)
class Group:
    """Parameters that are trained alike.

    Attributes
    ----------
    parameters : those that need a gradient
    learning_rate, weight_decay : the decay is decoupled from the gradient
    states : of each parameter that had a gradient, by its number: mean gradient and mean squared
        gradient, of its shape, and how many steps it took
    """

    parameters: tuple[nn.Parameter, ...]
    learning_rate: float
    weight_decay: float
    states: dict[int, tuple[Tensor, Tensor, Tensor]] = field(default_factory=dict)


class AdamW:
    """The optimiser of groups of parameters; those without a gradient stay as they are."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = tuple(groups)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Of all groups."""
        return [p for group in self.groups for p in group.parameters]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, factor: float = 1.0) -> None:
        """Go one step along the gradients.

        Parameters
        ----------
        factor : on the learning rates
        """
        for group in self.groups:
            moved = [n for n, p in enumerate(group.parameters) if p.grad is not None]
            for n in moved:
                group.states.setdefault(n, _begun(group.parameters[n]))
            states = [group.states[n] for n in moved]
            adamw(
                [group.parameters[n] for n in moved],
                [g for n in moved if (g := group.parameters[n].grad) is not None],
                [mean for mean, _square, _n_steps in states],
                [square for _mean, square, _n_steps in states],
                [],
                [n_steps for _mean, _square, n_steps in states],
                amsgrad=False,
                beta1=_BETAS[0],
                beta2=_BETAS[1],
                lr=factor * group.learning_rate,
                weight_decay=group.weight_decay,
                eps=_EPSILON,
                maximize=False,
                fused=_is_fused(group) or None,
            )

    def state_dict(self) -> list[dict[int, tuple[Tensor, Tensor, Tensor]]]:
        """The states of every group, to go on from."""
        return [dict(group.states) for group in self.groups]

    def load_state_dict(self, states: Sequence[dict[int, Any]]) -> None:
        """Go on from states that were kept."""
        for group, kept in zip(self.groups, states, strict=True):
            for n, (mean, square, step) in kept.items():
                state = group.states.setdefault(n, _begun(group.parameters[n]))
                for own, value in zip(state, (mean, square, step), strict=True):
                    own.copy_(value)


def _is_fused(group: Group) -> bool:
    return bool(group.parameters) and all(_is_on_gpu(p) for p in group.parameters)


def _is_on_gpu(parameter: nn.Parameter) -> bool:
    return parameter.device.type == "cuda"


def _begun(parameter: nn.Parameter) -> tuple[Tensor, Tensor, Tensor]:
    mean, square = (torch.zeros_like(parameter, memory_format=torch.preserve_format) for _ in "12")
    counted_on = parameter.device if _is_on_gpu(parameter) else "cpu"  # where a fused step reads it
    return mean, square, torch.zeros((), device=counted_on)
