"""The choice of groups that all sections are about."""

from __future__ import annotations

import pytest

from napari_stimpute.panels.groups import Groups
from napari_stimpute.session.session import Session


@pytest.fixture
def groups(session: Session) -> Groups:
    """The groups of the session; its known domains, once data are open."""
    made = Groups(session)
    made.choose("domain")
    return made
