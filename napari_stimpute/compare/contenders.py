"""Set up a comparison by the names of its methods.

The shell, the viewer and the demo all compare through `comparison_of`: every registered model runs
as `Run` would run it, so that what is compared is what a button gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..config import ModelConfig
from ..data.simulate import TRUE_RATE
from ..errors import UnknownName
from ..keys import SPATIAL
from ..models import model_class, model_info
from ..progress import Progress
from ..run import Request, Run
from ..workers.workers import ALONE, Workers
from .comparison import Comparison
from .methods import Method, chosen
from .peers import PEERS
from .trial import Contender, Predicting, raw

if TYPE_CHECKING:
    from anndata import AnnData


def comparison_of(
    adata: AnnData,
    names: Sequence[str],
    *,
    seeds: Sequence[int] = (0,),
    device: str = "auto",
    preset: str = "default",
    configs: Mapping[str, ModelConfig] | None = None,
    show: Sequence[str] = (),
    workers: Workers = ALONE,
) -> Comparison:
    """Prepare a comparison; nothing runs before its `steps` are taken.

    Parameters
    ----------
    adata : counts of the modelled genes in X; a known truth is taken from its layer
    names : methods, as `methods` names them
    preset : settings of the models, where they have it; theirs else
    configs : settings of single methods, by name; they go before the preset
    show : genes whose maps are kept, and ``workers``: who works, as for `Comparison`

    Raises
    ------
    UnknownName : a method, a preset, or a gene to show that does not exist
    TooSmall : too little data to hide any
    """
    has_tissue = SPATIAL in adata.obsm
    contenders, methods = [], chosen(names)
    presets = {"default"} | {name for method in methods for name in _presets(method)}
    if preset not in presets:
        raise UnknownName.of("preset", preset, sorted(presets))
    for method in methods:
        config = (configs or {}).get(method.name) or _config(method, preset)
        contenders.append(_contender(method, config, device, method.why_not(has_tissue)))
    truth = adata.layers.get(TRUE_RATE)
    return Comparison(adata, contenders, seeds=seeds, truth=truth, show=show, workers=workers)


def _config(method: Method, preset: str) -> ModelConfig | None:
    if not method.model:
        return None
    values = {**_presets(method).get(preset, {}), **method.settings}
    return model_info(method.model).config.checked(values)


def _presets(method: Method) -> Mapping[str, Mapping[str, Any]]:
    if not method.model:
        return {}
    return model_info(method.model).config.PRESETS


def _contender(
    method: Method, config: ModelConfig | None, device: str, unavailable: str
) -> Contender:
    def trained(kept: AnnData, seed: int) -> Predicting:
        assert config is not None
        model_class(method.model)
        yield Progress("prepare", 0, 1)  # imported: what follows is the method's own time
        request = Request(method.model, config, seed, device, blend=method.blend, judged=False)
        run = Run(kept, request)
        yield from run.steps()
        assert run.results is not None and run.results.imputed is not None
        return run.results.imputed

    def tool(kept: AnnData, seed: int) -> Predicting:
        return PEERS[method.name](kept, seed, device)

    predict = trained if method.model else tool if method.package else raw
    return Contender(method, predict, unavailable)
