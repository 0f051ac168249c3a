"""What a forecast is asked about."""

from __future__ import annotations

from dataclasses import dataclass

from ..config import ModelConfig


@dataclass(frozen=True)
class Plan:
    """What of a run decides how long it takes, and how much memory."""

    model: str
    config: ModelConfig
    device: str = "auto"
    blend: bool = True
    judged: bool = True
