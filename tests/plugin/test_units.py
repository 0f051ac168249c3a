"""Units of layers, read in a thread before the first layer is made."""

from __future__ import annotations

from collections.abc import Iterator

import pint
import pytest
from napari.layers import Points
from pint.registry import LazyRegistry
from pytestqt.qtbot import QtBot

from napari_stimpute.plugin.canvas.units import read_units_soon, take_units


def in_use() -> object:
    return pint.get_application_registry().get()


@pytest.fixture
def unread() -> Iterator[None]:
    """As in a program that has just begun; the units of other tests come back afterwards."""
    before = in_use()
    pint.set_application_registry(LazyRegistry())
    yield
    pint.set_application_registry(before)


def test_layers_get_the_units_that_were_read_ahead(unread: None, qtbot: QtBot) -> None:
    read_units_soon()

    def is_taken() -> bool:
        take_units()
        return not isinstance(in_use(), LazyRegistry)

    qtbot.waitUntil(is_taken)
    taken = in_use()
    assert [str(u) for u in Points([[0, 0]], units=["micrometer"] * 2).units] == ["micrometer"] * 2
    assert in_use() is taken


def test_units_that_layers_have_already_stay(unread: None) -> None:
    layer = Points([[0, 0]])
    used = in_use()
    read_units_soon()
    take_units()
    assert in_use() is used
    assert layer.units[0] == pint.get_application_registry().pixel
