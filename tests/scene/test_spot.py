"""What is said of one spot."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.spot import in_short, second_measurement, spot_rows
from napari_stimpute.session.contents import COUNTS
from napari_stimpute.session.session import Session
from napari_stimpute.trust.intervals import interval
from napari_stimpute.trust.zeros import zero_map

from ..judged import older


@pytest.fixture
def scene(session: Session, judged: AnnData) -> Scene:
    """The judged run's values of a gene that was counted in about half of the spots."""
    session.open(judged)
    session.display.source = "mine"
    share = np.asarray((judged.X > 0).mean(axis=0)).ravel()
    session.display.gene = str(judged.var_names[int(np.argmin(np.abs(share - 0.5)))])
    return Scene(session)


def test_name_values_and_labels_of_a_spot_are_listed(scene: Scene) -> None:
    session = scene.session
    session.display.source = COUNTS
    rows = dict(spot_rows(scene, 7))
    assert rows["Spot"] == session.adata.obs_names[7]
    assert rows["Counts"] == f"{session.expression(source=COUNTS)[7]:.4g}"
    assert rows["Imputed: Mine"] == f"{session.expression(source='mine')[7]:.4g}"
    assert rows["domain"] == str(session.adata.obs["domain"].iloc[7])
    session.display.column = "array_row"
    assert "domain" not in dict(spot_rows(scene, 7))
    assert dict(spot_rows(scene, 7))["array_row"] == str(session.adata.obs["array_row"].iloc[7])


def test_a_spot_says_what_a_second_measurement_would_give(scene: Scene) -> None:
    session = scene.session
    ends = interval(session.adata, "mine", session.display.gene)
    assert ends is not None
    place = int(np.argmax(ends[1] - ends[0]))
    raw = session.expression(source=COUNTS)[place]
    text = second_measurement(scene, place)
    assert text.startswith(f"raw {raw:.0f} · imputed ")
    assert text.endswith(f" · a second measurement: {ends[0][place]:.0f}–{ends[1][place]:.0f}")
    rows = dict(spot_rows(scene, place))
    assert "Counts" not in rows and "Imputed: Mine" not in rows  # they are said already


def test_it_follows_the_gene(scene: Scene) -> None:
    for gene in scene.session.adata.var_names[:6]:
        scene.session.display.gene = str(gene)
        raw = scene.session.expression(source=COUNTS)[5]
        assert second_measurement(scene, 5).startswith(f"raw {raw:.0f} ·")


def test_a_zero_says_what_it_hides_while_zeros_are_shown(scene: Scene) -> None:
    session = scene.session
    found = zero_map(session.adata, "mine", session.display.gene)
    assert found is not None
    place = int(np.flatnonzero(np.isfinite(found.probability))[0])
    assert "Zero" not in dict(spot_rows(scene, place))
    session.display.aspect = "zeros"
    assert f"{100 * found.probability[place]:.0f} %" in dict(spot_rows(scene, place))["Zero"]
    counted = int(np.flatnonzero(session.expression(source=COUNTS))[0])
    assert "Zero" not in dict(spot_rows(scene, counted))


def test_of_a_run_that_was_not_judged_no_second_measurement_is_known(
    session: Session, judged: AnnData
) -> None:
    session.open(older(judged))
    session.display.source = "mine"
    scene = Scene(session)
    assert second_measurement(scene, 3) == ""
    assert "Imputed: Mine" in dict(spot_rows(scene, 3))


def test_without_data_nothing_is_listed(session: Session) -> None:
    assert spot_rows(Scene(session), 0) == []


def test_a_spot_has_its_name_and_value_or_label_in_short(scene: Scene) -> None:
    session, name = scene.session, str(scene.session.adata.obs_names[2])
    assert in_short(scene, None, 2) == name
    assert in_short(scene, scene.shown, 2) == f"{name}: {session.expression()[2]:.4g}"
    session.display.column = "domain"
    assert in_short(scene, scene.shown, 2) == f"{name}: {session.adata.obs['domain'].iloc[2]}"
    session.write_column("time", np.where(np.arange(session.adata.n_obs) < 5, np.nan, 1.0))
    session.display.column = "time"
    assert in_short(scene, scene.shown, 2) == f"{name}: no number"
    assert in_short(scene, scene.shown, 6).endswith(": 1")
