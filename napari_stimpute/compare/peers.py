"""Other people's tools on the same hold-out: MAGIC and scVI, where they are installed.

Each is run as documented, on the kept counts only, and gives its prediction back as the value of a
generator of `Progress` that can be closed. The first step is yielded once the tool is imported, so
that whoever measures time can begin there. Imports happen when a tool is run, never before.

MAGIC: van Dijk et al., Cell 2018, package magic-impute. scVI: Lopez et al., Nat. Methods 2018,
package scvi-tools.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from ..background import Background
from ..data.counts import counts_of
from ..devices import resolve_device
from ..errors import InputError
from ..models.simple.magic import diffused
from ..progress import Progress
from .trial import Array, Predicting

if TYPE_CHECKING:
    from anndata import AnnData

_FEW_CELLS = 1500
"""Below this, scVI may take its own default of 400 epochs."""

_CALLBACKS = "lightning.pytorch.callbacks"
_FRUITLESS = 45
"""Epochs without gain after which scVI stops, as it does by itself."""

_ACCELERATORS = {"cpu": "cpu", "cuda": "gpu", "mps": "mps"}
_POLL = 0.2  # seconds between two looks at the epoch
_PATIENCE = 2.0  # seconds that a stop waits for the end of a batch
_CHATTY = r"docrep|lightning|mudata|scvi|torchmetrics"
"""Modules whose advice is for programmers, not for those who compare methods."""


def magic(kept: AnnData, seed: int, device: str = "auto") -> Predicting:
    """Diffuse square roots of proportions over a graph of similar spots, and square them back.

    Parameters
    ----------
    kept : counts in X
    device : not used; MAGIC knows only the processor

    Returns
    -------
    (n_obs, n_vars), proportions; zeros for a spot without counts

    Raises
    ------
    InputError : the package is not installed
    """
    _imported("magic", "MAGIC", "magic-impute")
    yield Progress("prepare", 0, 1)
    return diffused(counts_of(kept, "X"), seed)


def scvi(kept: AnnData, seed: int, device: str = "auto") -> Predicting:
    """Fit scVI with a negative binomial and early stopping; mean of ten posterior samples.

    Parameters
    ----------
    kept : counts in X
    device : "auto", "cpu", "cuda" or "mps"

    Returns
    -------
    (n_obs, n_vars), proportions

    Raises
    ------
    InputError : the package is not installed
    """
    tool = _imported("scvi", "scVI", "scvi-tools")
    yield Progress("prepare", 0, 1)
    epochs = 400 if kept.n_obs < _FEW_CELLS else 150
    epoch, stop = [0], threading.Event()

    def fitting() -> Array:
        for name in ("lightning", "lightning.fabric", "lightning.pytorch", "pytorch_lightning"):
            logging.getLogger(name).setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module=_CHATTY)
        tool.settings.seed, tool.settings.verbosity = seed, logging.WARNING
        return _scvi_fit(tool, kept, epochs, resolve_device(device), _watch(epoch, stop))

    work = Background(fitting)
    try:
        while not work.is_over(within=_POLL):
            yield Progress("train", epoch[0], epochs, epoch=epoch[0])
        return work.value()
    finally:
        stop.set()
        work.is_over(within=_PATIENCE)


PEERS: dict[str, Callable[[AnnData, int, str], Predicting]] = {"magic": magic, "scvi": scvi}
"""How to run each tool, by the name of its method."""


def _scvi_fit(tool: Any, kept: AnnData, epochs: int, device: str, watch: Any) -> Array:
    from anndata import AnnData

    cells = AnnData(_without_empty_spots(counts_of(kept, "X")))
    tool.model.SCVI.setup_anndata(cells)
    model = tool.model.SCVI(cells, gene_likelihood="nb")
    # not scVI's own, which prints to the shell
    stopping = import_module(_CALLBACKS).EarlyStopping("elbo_validation", patience=_FRUITLESS)
    model.train(
        max_epochs=epochs,
        batch_size=min(128, max(16, cells.n_obs // 3)),
        train_size=0.9,
        check_val_every_n_epoch=1,
        enable_progress_bar=False,
        callbacks=[stopping, watch],
        accelerator=_ACCELERATORS[device.partition(":")[0]],
        plan_kwargs={"n_epochs_kl_warmup": max(1, epochs // 4)},
    )
    return np.asarray(
        model.get_normalized_expression(n_samples=10, return_mean=True, return_numpy=True)
    )


def _watch(epoch: list[int], stop: threading.Event) -> Any:
    """A callback that reports the epoch, and ends the training between two batches."""

    def look(trainer: Any, *_batch: Any) -> None:
        epoch[0] = int(trainer.current_epoch) + 1
        trainer.should_stop = trainer.should_stop or stop.is_set()

    return import_module(_CALLBACKS).LambdaCallback(on_train_batch_end=look)


def _without_empty_spots(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Give a spot without counts one molecule of the commonest gene: scVI takes logs of depths."""
    empty = np.flatnonzero(np.diff(counts.indptr) == 0)
    if not len(empty):
        return counts
    gene = int(np.asarray(counts.sum(axis=0)).argmax())
    ones = sp.csr_matrix(
        (np.ones(len(empty), np.float32), (empty, np.full(len(empty), gene))), counts.shape
    )
    return sp.csr_matrix(counts + ones)


def _imported(module: str, title: str, package: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise InputError(
            expected=f"{title} (package {package})",
            found="that it is not installed",
            remedy=f"Install it: pip install {package}.",
        ) from None
