"""Other tools are run as documented, can be stopped, and their absence is said in words.

The tools themselves are not among our dependencies: a stand-in with their interface takes their
place here, and `tests/benchmarks/measure_imputation.py` runs the real ones.
"""

from __future__ import annotations

import sys
import threading
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute.compare.peers import PEERS, magic, scvi
from napari_stimpute.errors import InputError
from napari_stimpute.progress import drain

COUNTS = np.array([[4, 0, 12], [0, 0, 0], [1, 1, 2], [0, 9, 0]], np.float32)


@pytest.fixture
def kept() -> AnnData:
    return AnnData(sp.csr_matrix(COUNTS))


class Smoother:
    """Gives back what it is given: MAGIC without diffusion."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def fit_transform(self, values: np.ndarray, genes: str) -> np.ndarray:
        assert genes == "all_genes"
        return values


class Autoencoder:
    """Trains until it is told to stop, and predicts what it was given."""

    trained = threading.Event()
    is_patient = False
    """Whether it trains on when all its epochs are done."""

    def __init__(self, cells: AnnData, gene_likelihood: str) -> None:
        assert gene_likelihood == "nb"
        self.cells = cells

    @staticmethod
    def setup_anndata(cells: AnnData) -> None:
        assert (np.asarray(cells.X.sum(axis=1)) > 0).all()  # scVI takes the log of depths

    def train(self, *, max_epochs: int, callbacks: list[Any], **settings: Any) -> None:
        trainer = SimpleNamespace(current_epoch=0, should_stop=False)
        last = 100 * max_epochs if self.is_patient else max_epochs
        while trainer.current_epoch < last and not trainer.should_stop:
            callbacks[-1].on_train_batch_end(trainer, None)
            trainer.current_epoch += 1
            time.sleep(0.002)
        self.trained.set()

    def get_normalized_expression(self, **how: Any) -> np.ndarray:
        return self.cells.X.toarray()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both tools, as far as they are used."""

    def put(name: str, **content: Any) -> None:
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)

    put("magic", MAGIC=Smoother)
    put("scvi", settings=SimpleNamespace(), model=SimpleNamespace(SCVI=Autoencoder))
    put("lightning")
    put("lightning.pytorch")
    put(
        "lightning.pytorch.callbacks",
        EarlyStopping=lambda monitor, patience: None,
        LambdaCallback=lambda **hooks: SimpleNamespace(**hooks),
    )


@pytest.mark.parametrize(("name", "package"), [("magic", "magic-impute"), ("scvi", "scvi-tools")])
def test_a_tool_that_is_not_installed_says_how_to_get_it(
    name: str, package: str, kept: AnnData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(module: str) -> None:
        raise ModuleNotFoundError(name=module)

    monkeypatch.setattr("napari_stimpute.compare.peers.import_module", absent)
    with pytest.raises(InputError, match=f"pip install {package}"):
        drain(PEERS[name](kept, 0, "cpu"))


def test_magic_works_on_roots_of_proportions_and_squares_them_back(
    kept: AnnData, installed: None
) -> None:
    prediction = drain(magic(kept, 3))
    depth = COUNTS.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(prediction, COUNTS / np.maximum(depth, 1), rtol=1e-6)


def test_scvi_is_given_no_spot_without_counts(kept: AnnData, installed: None) -> None:
    prediction = drain(scvi(kept, 3, "cpu"))
    np.testing.assert_array_equal(prediction[[0, 2, 3]], COUNTS[[0, 2, 3]])
    np.testing.assert_array_equal(prediction[1], [0, 0, 1])  # one of the commonest gene


def test_scvi_tells_its_epochs(kept: AnnData, installed: None) -> None:
    epochs = [p.step for p in scvi(kept, 3, "cpu")]
    assert epochs == sorted(epochs) and epochs[-1] > 0


def test_scvi_stops_within_a_batch(
    kept: AnnData, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Autoencoder, "is_patient", True)
    Autoencoder.trained.clear()
    steps = scvi(kept, 3, "cpu")
    next(steps)
    next(steps)
    steps.close()
    assert Autoencoder.trained.wait(30)
