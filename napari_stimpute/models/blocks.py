"""How many spots a step of training takes: more on a GPU, which else waits most of the time."""

from __future__ import annotations

from ..config import ModelConfig, WithBlocks

MOST, FEWEST_STEPS = 4_096, 64
"""Spots of a step on a GPU at most, and steps that an epoch has then at least."""


def sized_for(config: ModelConfig, device: str, n_obs: int) -> ModelConfig:
    """Settings with the spots of a step as a CUDA device computes them well.

    Only where their number was left at its default, and never fewer: a step of few spots takes a
    GPU as long as one of many, but an epoch of few steps learns less. Other devices change nothing.

    Parameters
    ----------
    device : as torch names it
    n_obs : spots or cells that are learned from
    """
    if not device.startswith("cuda") or not isinstance(config, WithBlocks):
        return config
    usual = type(config).model_fields["batch_size"].default
    size = min(MOST, n_obs // FEWEST_STEPS)
    if config.batch_size != usual or size <= usual:
        return config
    return config.model_copy(update={"batch_size": size})
