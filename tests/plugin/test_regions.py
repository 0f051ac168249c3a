"""Buttons that read and write regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from napari_stimpute.plugin.panel import StimputePanel


def test_regions_are_written_and_read_by_buttons(
    opened: StimputePanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, session = opened.genes.regions, opened.session
    file = str(tmp_path / "edge")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (file, ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (f"{file}.geojson", ""))
    assert not box.save.isEnabled() and "Pick some first" in box.save.toolTip()
    picked = np.arange(session.adata.n_obs) < 30
    opened.view.scene.picks.pick(picked)
    assert box.save.isEnabled()
    box.save.click()
    session.job.wait(60)
    assert "edge.geojson" in box.words.text()
    opened.view.scene.picks.clear()
    box.read.click()
    session.job.wait(60)
    np.testing.assert_array_equal(session.display.picked, picked)
    assert "named in “regions”" in box.words.text()
