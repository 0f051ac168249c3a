"""One fit of one trial of a search: in a thread of its own, so that it can be given up at once."""

from __future__ import annotations

import threading
import time
from contextlib import closing

from ..background import Background, give_back_memory
from ..config import ModelConfig
from ..errors import StimputeError
from ..models import model_class
from ..models.base import Model, is_out_of_memory
from ..models.protocols import Clusters, Embeds, Imputes, expected_counts
from ..progress import StopEarly
from ..trust.recovery import deviance_explained
from .score import Fitted, Ground, modularity, silhouette

_PATIENCE = 0.8  # seconds that a cancel waits for a fit that does not answer


class FitFailed(Exception):
    """A fit that failed, and why, in words."""


class Fit:
    """Fits a model to the kept counts, and measures what it gives.

    Parameters
    ----------
    ground : what it is measured on
    model : registered name
    config : settings; expected counts are scored, also where zeros are to be filled
    seed : of the fit
    """

    def __init__(
        self, ground: Ground, model: str, config: ModelConfig, seed: int, device: str
    ) -> None:
        self.began = time.monotonic()
        self._ground, self._seed, self._device = ground, seed, device
        self._stop = threading.Event()
        self._work = Background(lambda: self._run(model_class(model)(config)))

    def is_over(self, within: float) -> bool:
        """Wait for the end at most so long."""
        return self._work.is_over(within)

    def end(self) -> None:
        """Ask it to stop, if it still runs; one that does not answer is left to itself."""
        self._stop.set()
        self._work.is_over(_PATIENCE)

    def result(self) -> Fitted:
        """What it gave, once it is over without `failure`."""
        return self._work.value()

    def failure(self) -> str:
        """Why it failed, in words; "" if it did not. What it held is given back."""
        error = self._work.error
        if error is None:
            return ""
        error.with_traceback(None)  # its frames hold the model and its arrays
        give_back_memory()
        if isinstance(error, StimputeError):
            return str(error)
        if is_out_of_memory(error):
            return "Memory ran out."
        return f"{type(error).__name__}: {str(error)[:300]}"

    def _run(self, model: Model) -> Fitted:
        kept = self._ground.kept
        with closing(model.fit_steps(kept, seed=self._seed, device=self._device)) as steps:
            for _ in steps:
                self._raise_if_stopped()
        molecules = apart = within = clusters = None
        if isinstance(model, Imputes):
            prediction = expected_counts(model, kept)
            self._raise_if_stopped()
            molecules = deviance_explained(kept.X, self._ground.hidden, prediction)
            del prediction
        self._raise_if_stopped()
        if isinstance(model, Clusters):
            clusters = model.cluster(kept)
            within = modularity(self._ground.graph, clusters)
            self._raise_if_stopped()
            if isinstance(model, Embeds):
                apart = silhouette(model.embed(kept), clusters, self._ground.cells)
        return Fitted(molecules, apart, within, clusters, time.monotonic() - self.began)

    def _raise_if_stopped(self) -> None:
        if self._stop.is_set():
            raise StopEarly
