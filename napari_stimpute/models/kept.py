"""A trained model inside an AnnData, with the weights of its blend, in place of its values.

What lies there are the files of a model's folder (`Model.save`), so that they are checked like one
when they are read: nothing of them is ever run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from ..config import ModelConfig
from ..errors import InvalidSetting, NotReadable
from . import MODELS, model_class
from .base import Model
from .simple.weights import Blend

Keeps = Literal["values", "model"]
"""What is kept of what is imputed: all values, or the model that computes those of one gene."""

NOT_KEPT = "Values were not kept: each gene is computed from model and counts when it is asked for."
"""What the notes of a run say that keeps its model alone."""

_BLEND = "blend"


@dataclass(frozen=True, eq=False)
class KeptModel:
    """What gives a run's values: its model, and what it was blended by, None for nothing."""

    model: Model
    blend: Blend | None = None

    def packed(self) -> dict[str, Any]:
        """Bytes of the model's files by their names, and the blend's arrays, for ``uns``."""
        with TemporaryDirectory() as folder:
            saved = self.model.save(Path(folder) / "model")
            files: dict[str, Any] = {
                file.name: np.frombuffer(file.read_bytes(), np.uint8) for file in saved.iterdir()
            }
        return files if self.blend is None else files | {_BLEND: self.blend.arrays()}

    @classmethod
    def unpacked(cls, name: str, kept: Mapping[str, Any], *, device: str = "auto") -> KeptModel:
        """Bring back what `packed` gave.

        Parameters
        ----------
        name : of the model, as the record of its run has it
        kept : from ``uns``

        Raises
        ------
        NotReadable, UnsafeFile : something else, or damage
        """
        try:
            files = {part: np.asarray(kept[part], np.uint8) for part in kept if part != _BLEND}
            blend = Blend.of_arrays(dict(kept[_BLEND])) if _BLEND in kept else None
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise _damaged(f"something else ({error})") from error
        if name not in MODELS:
            raise _damaged(f"one called {name!r}")
        with TemporaryDirectory() as folder:
            for part, content in files.items():
                (Path(folder) / Path(part).name).write_bytes(content.tobytes())
            model = model_class(name).load(folder, device=device)
        model.folder = ""
        if blend is not None and len(blend.theta) != len(model.var_names_):
            raise _damaged("weights for other genes")
        return cls(model, blend)


def require_denoising(config: ModelConfig) -> None:
    """Refuse to fill zeros alone, which is done with all values at hand (`InvalidSetting`)."""
    if getattr(config, "mode", "") == "fill":
        raise InvalidSetting(
            field="mode",
            expected="denoise, where the model is kept in place of the values",
            found="fill",
            remedy="Keep the values, or impute the mean everywhere (mode denoise).",
        )


def _damaged(found: str) -> NotReadable:
    return NotReadable(
        expected="a trained model in place of imputed values, and its weights",
        found=found,
        remedy="Take the file as it was written, or train again.",
    )
