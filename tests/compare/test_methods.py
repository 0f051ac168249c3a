"""What can be compared is found by itself, and says why it cannot run."""

from __future__ import annotations

import pytest

from napari_stimpute.compare import methods as module
from napari_stimpute.compare.methods import Method, available, chosen, methods
from napari_stimpute.errors import UnknownName
from napari_stimpute.models import MODELS


def test_every_model_that_imputes_takes_part() -> None:
    trained = {method.model for method in methods().values() if method.model}
    assert trained == {info.name for info in MODELS.values() if "imputed" in info.provides}


def test_a_model_takes_part_blended_and_alone() -> None:
    known = methods()
    assert known["gmm_vgae"].blend and not known["gmm_vgae_alone"].blend
    assert known["gmm_vgae_alone"].title == "GMM-VGAE, model alone"
    assert not any(m.blend for m in known.values() if m.kind == "simple")


def test_simple_methods_come_first_and_other_tools_last() -> None:
    kinds = [method.kind for method in methods().values()]
    assert kinds == sorted(kinds, key=["simple", "model", "tool"].index)
    assert next(iter(methods())) == "raw"


def test_without_coordinates_what_needs_them_stays_out() -> None:
    left_out = set(available(has_tissue=True)) - set(available(has_tissue=False))
    assert {"tissue_mean", "gmm_vgae", "gmm_vgae_alone"} <= left_out
    assert "neighbour_mean" not in left_out
    text = methods()["gmm_vgae"].why_not(has_tissue=False)
    assert text == "GMM-VGAE needs coordinates; these data have none."


def test_what_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert methods()["magic"].why_not() == "MAGIC is not installed: pip install magic-impute"
    assert methods()["scvi"].why_not() == "scVI is not installed: pip install scvi-tools"
    assert not {"magic", "scvi"} & set(available(has_tissue=True))


def test_what_is_installed_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: object())
    assert {"magic", "scvi"} <= set(available(has_tissue=False))


def test_methods_are_chosen_once_each_in_their_usual_order() -> None:
    assert [m.name for m in chosen(["pca", "raw", "pca"])] == ["raw", "pca"]


def test_an_unknown_method_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"'nope', which is not one.*'gmm_vgae'|'raw'"):
        chosen(["nope"])


def test_a_method_of_ours_can_always_run() -> None:
    assert Method("x", "X", "simple", "").why_not() == ""
