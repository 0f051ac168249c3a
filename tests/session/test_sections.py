"""Several sections in one file, as a session and what is drawn know them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stimpute.scene.scene import Scene
from napari_stimpute.session.session import Session

from ..overlaid import hexagonal, overlaid

N = len(hexagonal())


@pytest.fixture
def session() -> Session:
    found = Session()
    found.open(overlaid())
    return found


def test_sections_are_drawn_apart_in_microns_under_their_names(session: Session) -> None:
    scene = Scene(session)
    assert scene.places is not None and scene.places.microns == pytest.approx(10)  # Visium: 100 µm
    x = scene.places.points[:, 1]
    assert x[:N].max() < x[N:].min()
    first, second = scene.places.titles
    assert (first.text, second.text) == ("B", "A") and first.x < x[:N].min() < second.x


def test_the_coordinates_of_the_file_stay(session: Session) -> None:
    Scene(session)
    session.train("mixture", judged=False).wait(60)
    assert session.adata is not None
    np.testing.assert_array_equal(session.adata.obsm["spatial"], overlaid().obsm["spatial"])


def test_what_is_written_later_moves_no_section(session: Session) -> None:
    scene, before = Scene(session), session.contents.layout
    places = scene.places
    session.train("mixture", judged=False).wait(60)
    assert session.contents.layout is before and scene.places is places
    assert session.adata is not None and "2 sections" in " ".join(
        session.contents.record("mixture").notes
    )
