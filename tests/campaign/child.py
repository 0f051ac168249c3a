"""What the process of one case does, in place of the program itself."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import dask

FINITE = "all values are finite"
LOADED = "the model was loaded"


def import_all() -> None:
    """Import what any case may need, once, before processes are forked from this one."""
    import matplotlib.figure
    import optuna
    import scanpy
    import sklearn.neighbors
    import torch

    import napari_stimpute.cli
    import napari_stimpute.compare.page
    import napari_stimpute.data.card
    import napari_stimpute.data.save
    import napari_stimpute.run
    import napari_stimpute.scene.scene
    import napari_stimpute.session.session
    import napari_stimpute.trust.judgement
    import napari_stimpute.tune.search
    from napari_stimpute.models import MODELS, model_class

    for name in MODELS:
        model_class(name)
    torch.set_num_threads(1)
    _ = (matplotlib, optuna, scanpy, sklearn, napari_stimpute)


def work(line: list[str]) -> int:
    """Run a command line; returns the exit code."""
    warnings.resetwarnings()
    warnings.simplefilter("default")
    dask.config.set(scheduler="synchronous")  # a fork leaves dask's threads behind, and waits
    if line[:1] == ["open"]:
        return _open(line[1])
    if line[:1] == ["use"]:
        return _use(*line[1:])
    from napari_stimpute.cli import main

    sys.argv = ["stimpute", *line]
    return main()


def _open(path: str) -> int:
    """What a window asks of a session once a file is open."""
    from napari_stimpute.errors import StimputeError, in_words
    from napari_stimpute.scene.scene import Scene
    from napari_stimpute.session.session import Session

    session = Session()
    scene = Scene(session)
    try:
        session.open(path)
    except StimputeError as error:
        print(f"stimpute: {in_words(error)}", file=sys.stderr)
        return 1
    assert session.card is not None
    session.card.text()
    contents = session.contents
    looks = [
        *(lambda s=source.name: session.expression(source=s) for source in contents.sources),
        *(lambda s=source.name: session.limits(source=s) for source in contents.sources),
        *(lambda s=source.name: scene.shown_for(s) for source in contents.sources),
        *(lambda c=column: session.labels(c) for column in contents.columns),
        *(lambda c=column: session.numbers(c) for column in contents.number_columns),
        lambda: contents.layout,
    ]
    for look in looks:
        try:
            look()
        except StimputeError as error:
            print(f"stimpute: {in_words(error)}", file=sys.stderr)
    return 0


def _use(name: str, path: str) -> int:
    """What is asked of a saved model: load, impute, embed, cluster, save again."""
    import numpy as np

    from napari_stimpute.errors import StimputeError, in_words
    from napari_stimpute.models import model_class

    from .sound import section

    adata = section()
    try:
        model = model_class(name).load(path)
        print(LOADED, flush=True)
        found = model.impute(adata)
        for more in ("embed", "cluster"):
            if hasattr(model, more):
                getattr(model, more)(adata)
        model.save("again")
        if np.isfinite(found).all():
            print(FINITE)
    except StimputeError as error:
        print(f"stimpute: {in_words(error)}", file=sys.stderr)
        return 1
    return 0


def faults_of_result(result: Path, given: Path, secret: bytes) -> list[str]:
    """Look at a written file: it can be read anywhere, and holds what was given, and no more."""
    import numpy as np
    from anndata.io import read_h5ad

    warnings.simplefilter("ignore")
    try:
        found = read_h5ad(result)
    except Exception as error:  # noqa: BLE001  whatever it is, it cannot be read
        return [f"a result that cannot be read ({type(error).__name__}: {str(error)[:60]})"]
    faults = []
    if secret and secret in _all_text(result):
        faults.append("PRIVATE CONTENT COPIED")
    for name, layer in found.layers.items():
        if name and name.endswith("_imputed") and not np.isfinite(layer).all():
            faults.append(f"a result with NaN in {name}")
    try:
        before = read_h5ad(given)
    except Exception:  # noqa: BLE001  the product reads more than AnnData does
        return faults
    if list(map(str, found.obs_names)) != list(map(str, before.obs_names)):
        faults.append("a result of other cells")
    if _molecules(before) and not _molecules(before) & _molecules(found):
        faults.append("a result with other counts")
    return faults


def _molecules(adata: object) -> set[int]:
    """Sums of the matrices that hold counts."""
    import numpy as np
    import scipy.sparse as sp

    matrices = [adata.X, *adata.layers.values(), *([adata.raw.X] if adata.raw else [])]  # type: ignore[attr-defined]
    values = [m.data if sp.issparse(m) else m for m in matrices if m is not None]
    sums = [float(np.sum(array)) for array in values]
    return {round(total) for total in sums if np.isfinite(total) and total == round(total)}


def _all_text(path: Path) -> bytes:
    """Every text in a file, one after the other."""
    import h5py
    import numpy as np

    found: list[bytes] = []

    def look(_: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "SO":
            values = np.ravel(item[()])
            found.extend(v if isinstance(v, bytes) else str(v).encode() for v in values)

    with h5py.File(path, "r") as file:
        file.visititems(look)
    return b"".join(found)
