"""Colours of categories as files keep them: lists, arrays of numbers, or by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def stored_colours(stored: object, names: Sequence[str]) -> list[str]:
    """Colour (hex) of each category, "" where none is stored that can be used.

    Parameters
    ----------
    stored : colours in the order of the names, at least as many, or by name; each in any way that
        matplotlib knows, or as whole numbers from 0 to 255
    """
    if isinstance(stored, Mapping):
        by_name = {str(name): colour for name, colour in stored.items()}
        return [_hex(by_name.get(name)) for name in names]
    listed = list(stored) if isinstance(stored, list | tuple | np.ndarray) else []
    if len(listed) < len(names):
        return [""] * len(names)
    return [_hex(colour) for colour in listed[: len(names)]]


def _hex(colour: Any) -> str:
    from matplotlib.colors import to_hex

    if isinstance(colour, np.ndarray | list | tuple):
        numbers = np.asarray(colour)
        is_bytes = numbers.dtype.kind in "iu" and numbers.size > 0 and numbers.max() > 1
        colour = tuple(numbers / 255 if is_bytes else numbers)
    try:
        return to_hex(colour)
    except (ValueError, TypeError):
        return ""
