"""How long a run will take and how much memory it needs, told before it is started."""

from .duration import Duration, Rehearsal, Remaining, Trained
from .plan import Plan
from .room import (
    genes_that_fit,
    memory_in_words,
    needed_memory,
    needed_on_device,
    room_in_words,
    short_of_device_memory,
    too_large_for_workers,
    too_large_in_words,
    too_many_in_words,
)
from .whole import Whole, whole_steps

__all__ = [
    "Duration",
    "Plan",
    "Rehearsal",
    "Remaining",
    "Trained",
    "Whole",
    "genes_that_fit",
    "memory_in_words",
    "needed_memory",
    "needed_on_device",
    "room_in_words",
    "short_of_device_memory",
    "too_large_for_workers",
    "too_large_in_words",
    "too_many_in_words",
    "whole_steps",
]
