"""Which model is preselected for the open data, and in which order all are offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .. import keys
from ..models import MODELS, model_info

if TYPE_CHECKING:
    from anndata import AnnData

    from ..models.base import Model

USUAL = "mixture"
"""The model that fits any data: quick, and usually as good as those that take longer."""

OPENED = " (opened)"
"""Ends the key of a model that came from a folder; no run has a key with a space."""

_TISSUE, _CELLS = ("gmm_vgae",), ("scziva", "scamzi", "scimta", "scdiffusion")


def why_not(name: str, adata: AnnData | None) -> str:
    """Why a model cannot be trained on these data, in words; "" where it can, and without data."""
    info = model_info(name)
    if adata is not None and "spatial" in info.needs and keys.SPATIAL not in adata.obsm:
        return f"{info.title} needs coordinates; these data have none."
    return ""


def from_folders(models: Mapping[str, Model]) -> dict[str, Model]:
    """Models that came from a folder: they stay when other data are opened."""
    return {key: model for key, model in models.items() if key.endswith(OPENED)}


def key_of_opened(folder: str, models: Mapping[str, Model]) -> str:
    """Key for a model from a folder of this name, beside those there are."""
    return keys.free(folder, {key.removesuffix(OPENED) for key in from_folders(models)}) + OPENED


class Preselection:
    """A model that someone chose stays where it can be trained, and comes back where it can be."""

    def __init__(self) -> None:
        self._last, self._chosen = USUAL, ""

    def of(self, model: str, adata: AnnData) -> str:
        """The model for data that were opened while `model` was set."""
        if model != self._last:
            self._chosen = model
        chosen = self._chosen or USUAL
        self._last = USUAL if why_not(chosen, adata) else chosen
        return self._last


def fitting_first(adata: AnnData | None) -> list[str]:
    """Every model by name: the usual one, those made for such data, the others."""
    is_tissue = adata is None or keys.SPATIAL in adata.obsm
    made_for = (*_TISSUE, *_CELLS) if is_tissue else _CELLS
    return list(dict.fromkeys((USUAL, *made_for, *MODELS)))


def titled(name: str) -> str:
    """A model's title, and in a few words what it is good for."""
    info = model_info(name)
    return f"{info.title} · {info.good_for}" if info.good_for else info.title
