"""What can be compared, by the name it is asked for: every model, simple methods, other tools.

Light: nothing of a model or a tool is imported here, so a menu or a help page may list them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

from ..errors import UnknownName
from ..models import MODELS
from ..models.configs import ModelInfo

Kind = Literal["simple", "model", "tool"]

MIXTURE = "mixture"
"""Registered name of the mixture of simple methods, which a model has to beat."""


@dataclass(frozen=True)
class Method:
    """One way to predict hidden molecules.

    Parameters
    ----------
    name : as it is asked for
    title : as it is shown
    kind : "simple", "model", or "tool" (of another package)
    about : one sentence for a tooltip
    model : registered model that is trained; "" for none
    settings : of the model, where they differ from its own
    blend : whether the prediction is blended with simple ones
    needs_tissue : whether coordinates are needed
    package : what pip installs, and ``module`` what is imported; "" for what is always there
    """

    name: str
    title: str
    kind: Kind
    about: str
    model: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    blend: bool = False
    needs_tissue: bool = False
    package: str = ""
    module: str = ""

    def why_not(self, has_tissue: bool = True) -> str:
        """Say in words why it cannot run here; "" if it can."""
        if self.module and find_spec(self.module) is None:
            return f"{self.title} is not installed: pip install {self.package}"
        if self.needs_tissue and not has_tissue:
            return f"{self.title} needs coordinates; these data have none."
        return ""


RAW = Method(
    "raw", "Counts as they are", "simple", "Nothing is imputed: the counts that were kept."
)
_TISSUE = Method(
    "tissue_mean",
    "Nearest in tissue",
    "simple",
    "Average over those that lie side by side.",
    model="neighbour_mean",
    settings={"neighbors": "tissue"},
    needs_tissue=True,
)
_TOOLS = (
    Method(
        "magic",
        "MAGIC",
        "tool",
        "Diffusion over a graph of similar expression (van Dijk 2018).",
        package="magic-impute",
        module="magic",
    ),
    Method(
        "scvi",
        "scVI",
        "tool",
        "Variational autoencoder with a count likelihood (Lopez 2018).",
        package="scvi-tools",
        module="scvi",
    ),
)


def methods() -> dict[str, Method]:
    """Return every method by name: the simple ones first, then models, then other tools."""
    infos = [info for info in MODELS.values() if "imputed" in info.provides]
    infos.sort(key=lambda info: info.name == MIXTURE)  # it is made of the others
    simple = [m for info in infos if not info.blends for m in _simple(info)]
    trained = [m for info in infos if info.blends for m in _trained(info)]
    return {m.name: m for m in (RAW, *simple, *trained, *_TOOLS)}


def chosen(names: Sequence[str]) -> list[Method]:
    """Return the methods of these names, each once, in the usual order.

    Raises
    ------
    UnknownName : a name that is none of theirs; the known ones are listed
    """
    known = methods()
    for name in names:
        if name not in known:
            raise UnknownName.of("method", name, known)
    return [method for method in known.values() if method.name in names]


def available(has_tissue: bool) -> list[str]:
    """Name every method that can run on such data, with what is installed."""
    return [name for name, method in methods().items() if not method.why_not(has_tissue)]


def _simple(info: ModelInfo) -> Iterator[Method]:
    needs = "spatial" in info.needs
    title = "Nearest in expression" if info.name == "neighbour_mean" else info.title
    yield Method(info.name, title, "simple", info.summary, model=info.name, needs_tissue=needs)
    if info.name == "neighbour_mean":
        yield _TISSUE


def _trained(info: ModelInfo) -> Iterator[Method]:
    needs = "spatial" in info.needs
    yield Method(
        info.name,
        info.title,
        "model",
        info.summary,
        model=info.name,
        blend=True,
        needs_tissue=needs,
    )
    yield Method(
        f"{info.name}_alone",
        f"{info.title}, model alone",
        "model",
        f"{info.title} without simple methods blended in.",
        model=info.name,
        needs_tissue=needs,
    )
