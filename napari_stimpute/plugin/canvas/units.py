"""Units of layers, read before the first layer is made: the window would stand still meanwhile."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ...background import Background


def read_units_soon() -> None:
    """Begin to read, in a thread, the units that napari gives every layer; once in a program."""
    if _are_wanted():
        _reading()


def take_units() -> None:
    """Let napari use what was read; only while nobody has used other units."""
    if _are_wanted() and _reading().is_over():
        import pint

        pint.set_application_registry(_reading().value())


def _are_wanted() -> bool:
    import pint
    from pint.registry import LazyRegistry

    return isinstance(pint.get_application_registry().get(), LazyRegistry)


@lru_cache(maxsize=1)
def _reading() -> Background[Any]:
    from pint import UnitRegistry

    return Background(UnitRegistry)
