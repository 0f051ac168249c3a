"""What a forecast is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..config import ModelConfig


@dataclass(frozen=True)
class Plan:
    """What of a run decides how long it takes, and how much memory.

    ``keeps`` is what is kept of what is imputed; "" where nothing is.
    """

    model: str
    config: ModelConfig
    device: str = "auto"
    blend: bool = True
    judged: bool = True
    keeps: Literal["values", "model", ""] = ""
