"""What every model is: settings in, a fit that can be watched and stopped, arrays out."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch

from .. import keys
from ..config import ModelConfig, WithBlocks
from ..data.counts import find_counts, read_counts
from ..data.genes import check_unique_names
from ..devices import resolve_device
from ..errors import (
    Diverged,
    GenesMismatch,
    InvalidSetting,
    MissingKey,
    NotFitted,
    NotReadable,
    OutOfMemory,
    TooSmall,
    UnknownName,
)
from ..nn import ranks
from ..nn.checkpoint import EVERY, Checkpoint
from ..progress import Progress, StopEarly, drain
from .blocks import sized_for
from .configs import MODELS, model_info
from .storage import Config, Past, check_unaltered, load_folder, not_a_model, save_folder
from .unfinished import checkpoint_in, identity_of

if TYPE_CHECKING:
    from anndata import AnnData

_SMALLEST_BLOCK = 16
_OTHER_TENSORS = "other tensors in weights.pt than such a model has"
_NO_MEMORY = ("out of memory", "allocate memory", "alloc_failed")
"""What torch says on the CPU, on MPS and in cuBLAS, where it has no error class of its own."""


Expecting = Callable[[Sequence[str] | None], Iterator[np.ndarray]]
"""From genes, None for all, to blocks of their expected counts, (block, n_genes) each."""


class Model(ABC):
    """A model that learns from an AnnData and gives arrays back; the AnnData is never changed.

    Attributes that end in ``_`` exist after `fit`: ``var_names_`` (modelled genes), ``history_``
    (one dict per reported epoch), ``completed_`` (False after a cancel), ``device_`` (where it
    computes), ``seed_`` and ``notes_`` (what was decided from the data, as sentences).
    """

    name: ClassVar[str]
    folder: str = ""
    """Where it was loaded from; "" for one that was fitted here."""
    var_names_: list[str]
    history_: list[dict[str, Any]]
    notes_: list[str]
    completed_: bool
    device_: str
    seed_: int
    _keeps: Callable[[str], Checkpoint] | None = None
    _checkpoint: Checkpoint | None = None
    sizes_steps: bool = True
    """Whether steps take more spots on a GPU, where their number was left at its default."""
    kept: Path | None = None
    """File in which its training stands, if it was to be kept."""

    def __init__(self, config: ModelConfig | None = None, **settings: Any) -> None:
        cls = model_info(self.name).config
        if config is not None and settings:
            raise TypeError("give a config or single settings, not both")
        self.config: Any = config if config is not None else cls.checked(settings)

    @classmethod
    def preset(cls, preset: str, **settings: Any) -> Self:
        """Build with a named set of settings ("default", "tiny", "paper"), some overridden."""
        presets: dict[str, dict[str, Any]] = model_info(cls.name).config.PRESETS
        if preset not in presets:
            raise UnknownName.of("preset", preset, presets)
        return cls(**(presets[preset] | settings))

    @property
    def title(self) -> str:
        """Name for people."""
        return model_info(self.name).title

    @property
    def is_fitted(self) -> bool:
        """Whether `fit` has run, to its end or not."""
        return hasattr(self, "var_names_")

    @property
    def last_metrics(self) -> dict[str, float]:
        """The last value of everything that training reported, where it is finite."""
        metrics: dict[str, float] = {}
        for row in self.history_:
            metrics |= {k: float(v) for k, v in row.items() if k not in ("phase", "step")}
        return {k: v for k, v in metrics.items() if np.isfinite(v)}

    def check(self, adata: AnnData) -> None:
        """Raise in words if these data cannot be used (no counts, no coordinates, too small)."""
        check_unique_names(adata)
        find_counts(adata)
        if "spatial" in model_info(self.name).needs and keys.SPATIAL not in adata.obsm:
            raise MissingKey(
                expected="coordinates in obsm['spatial']",
                found=f"obsm with {sorted(adata.obsm) or 'nothing'}",
                remedy=f"Add them, or choose another model; {self.title} needs a tissue.",
            )
        if adata.n_obs < 2 or adata.n_vars < 2:
            raise TooSmall(
                expected="at least two spots (or cells) and two genes",
                found=f"{adata.n_obs} × {adata.n_vars}",
                remedy="There is nothing to learn from a single one; open more data.",
            )
        size = self.config.batch_size if isinstance(self.config, WithBlocks) else adata.n_obs
        most = min(adata.n_obs, size)
        if ranks.n_ranks() > most:
            raise TooSmall(
                expected=f"a spot or cell of every step for each of {ranks.n_ranks()} processes",
                found=f"{most:,} in a step",
                remedy=f"Choose at most {most:,} processes (--processes).",
            )

    def keeping(self, path: str | os.PathLike[str], *, every: float = EVERY) -> Self:
        """Itself, keeping where training stands in a file, from which the same training goes on.

        `model.keeping("model.training").fit(adata)` writes about every so many seconds; removing
        the file (``kept``) when all is well is left to whoever named it. In a folder each training
        has a file of its own. One that is damaged, or of other data, settings, versions or another
        seed, is not used, and a note says so.
        """
        self._keeps = partial(checkpoint_in, Path(path), every=every)
        return self

    def fit(self, adata: AnnData, *, seed: int = 0, device: str = "auto") -> Self:
        """Learn from `adata`; the same seed gives the same numbers on the same device.

        On a GPU but for the last digits of sums, unless `torch.use_deterministic_algorithms` is on.
        """
        drain(self.fit_steps(adata, seed=seed, device=device))
        return self

    def fit_steps(
        self, adata: AnnData, *, seed: int = 0, device: str = "auto"
    ) -> Generator[Progress, None, None]:
        """Learn step by step. Closing the generator stops, and keeps the best so far."""
        self.check(adata)
        require(seed >= 0, "seed", "a whole number ≥ 0", str(seed), "Choose another seed.")
        self.device_ = ranks.own_device(resolve_device(device))
        counts = read_counts(adata)
        if self.is_fitted:  # what is interrupted now is no mixture of two fits
            del self.var_names_
        self.seed_, self.completed_ = seed, False
        self.history_, self.notes_ = [], []
        if ranks.n_ranks() > 1:
            self.notes_.append(f"Trained by {ranks.n_ranks()} processes together.")
        if self.sizes_steps:
            self._size_steps(adata.n_obs)
        yield from self._take_up(adata, counts.matrix)
        steps = self._learn(adata, counts.matrix, [str(name) for name in counts.var.index])
        try:
            for progress in steps:
                if progress.metrics:
                    self._remember(progress)
                yield progress
            self.completed_ = True
        except (MemoryError, RuntimeError) as error:
            if ranks.n_ranks() == 1 or not is_out_of_memory(error):
                raise
            raise OutOfMemory(  # who begins anew with smaller blocks must do so alone
                expected="memory for the spots of a step in every process",
                found="too little in one of them",
                remedy="Choose smaller blocks (batch_size), or fewer processes.",
            ) from error
        finally:
            steps.close()
            kept, self._checkpoint = self._checkpoint, None
            if kept is not None and kept.lost:
                self.notes_.append(f"Where training stood could not be kept: {kept.lost}.")

    def _size_steps(self, n_obs: int) -> None:
        """Take as many spots in a step as the device computes well; `config` holds what is used."""
        sized: Any = sized_for(self.config, self.device_, n_obs)
        if sized is not self.config:
            self.config = sized
            self.notes_.append(
                f"Each step took {sized.batch_size:,} spots or cells, as this GPU computes them "
                "well; give batch_size to choose another number."
            )

    def _take_up(self, adata: AnnData, counts: sp.csr_matrix) -> Iterator[Progress]:
        """Go on with what was kept of the same training, if it is to be kept at all."""
        if self._keeps is None:
            return
        known = identity_of(adata, counts, self.config, seed=self.seed_, device=self.device_)
        kept = self._checkpoint = self._keeps(known)
        self.history_, self.kept = kept.history, kept.path
        if kept.unused:
            self.notes_.append(f"{kept.path} {kept.unused}: training began anew.")
        if kept.stand is not None:
            self.notes_.append(f"Training went on from {kept.stand.in_words}.")
            yield Progress("prepare", 0, 1, message=f"Going on from {kept.stand.in_words}")

    @contextmanager
    def _concluding(self, names: list[str], conclude: Callable[[bool], None]) -> Iterator[None]:
        """Around the training: conclude however it ends, in the first of several processes.

        Parameters
        ----------
        names : modelled genes, set once there is something to use
        conclude : called with whether the training was cut short
        """

        def finish(is_cut: bool) -> None:
            if ranks.is_first():
                conclude(is_cut)
                self.var_names_ = names

        try:
            yield
        except (GeneratorExit, StopEarly, Diverged):
            finish(is_cut=True)
            raise
        finish(is_cut=False)

    def counted(self, counts: sp.csr_matrix, names: list[str]) -> sp.csr_matrix:
        """Counts (n_obs, n_vars) of these features as the model takes them: as they are."""
        return counts

    @abstractmethod
    def _learn(
        self, adata: AnnData, counts: sp.csr_matrix, names: list[str]
    ) -> Generator[Progress, None, None]:
        """Fit to `counts` (n_obs, n_vars); sets ``var_names_`` once there is something to use."""

    @abstractmethod
    def _state(self) -> dict[str, torch.Tensor]:
        """Learned tensors, by name."""

    @abstractmethod
    def _restore(self, state: dict[str, torch.Tensor]) -> None:
        """Take learned tensors (on the CPU) back; networks go to ``device_``."""

    def _remember(self, progress: Progress) -> None:
        row = {"phase": progress.phase, "step": progress.step, **progress.metrics}
        last = self.history_[-1] if self.history_ else {}
        if any(last.get(k) != v for k, v in row.items() if k != "step"):
            self.history_.append(row)

    def _aligned_counts(self, adata: AnnData) -> sp.csr_matrix:
        """Counts of the fitted genes, in the fitted order; other orders are realigned by name."""
        self._require_fit()
        counts = read_counts(adata)
        names = counts.var.index
        if list(names) == self.var_names_:
            return counts.matrix
        places = names.get_indexer(pd.Index(self.var_names_))
        missing = [g for g, p in zip(self.var_names_, places, strict=True) if p < 0]
        if missing:
            raise GenesMismatch(
                expected=f"the {len(self.var_names_):,} genes this {self.title} was fitted on",
                found=f"data without {len(missing):,} of them, for example {missing[:3]}",
                remedy="Use data with these genes, or fit the model again.",
            )
        return counts.matrix[:, places].sorted_indices()  # so that sums run in the fitted order

    def _columns(self, genes: Sequence[str] | None) -> np.ndarray:
        """Positions of `genes` among the fitted genes; None means all."""
        self._require_fit()
        if genes is None:
            return np.arange(len(self.var_names_))
        place = {g: i for i, g in enumerate(self.var_names_)}
        for gene in genes:
            if gene not in place:
                raise UnknownName.of("modelled gene", gene, place)
        return np.array([place[g] for g in genes], dtype=int)

    def _require_fit(self) -> None:
        if not self.is_fitted:
            raise NotFitted(
                expected=f"a fitted {self.title}",
                found="one that has learned nothing yet",
                remedy="Call fit(adata) first, or load a saved model.",
            )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save as a folder: ``config.json``, ``record.json``, ``weights.pt`` (plain tensors).

        Whole or not at all; the folder of a saved model is replaced, nothing else (`NotWritable`).
        """
        self._require_fit()
        past = Past(**{field: getattr(self, f"{field}_") for field in Past.model_fields})
        config = Config(model=self.name, config=self.config.model_dump())
        return save_folder(path, config, past, self._state())

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "auto") -> Self:
        """Load a saved model onto a device, wherever it was fitted; ``device_`` is that one then.

        Opening never runs code: a pickle is refused (`UnsafeFile`), and so is what is damaged, or
        of other shapes or values than a saved model's (`NotReadable`).
        """
        here, folder = resolve_device(device), Path(path)
        config, past, state = load_folder(path)
        if config.model != cls.name:
            title = model_info(config.model).title if config.model in MODELS else config.model
            raise NotReadable(
                expected=f"a saved {model_info(cls.name).title} at {folder}",
                found=f"one of {title}",
                remedy="Choose the folder of another model.",
            )
        model = cls(model_info(cls.name).config.checked(config.config))
        model.folder = str(folder.resolve())
        vars(model).update({f"{field}_": value for field, value in past} | {"device_": here})
        try:
            model._restore(state)
            again = {name: tensor.cpu() for name, tensor in model._state().items()}
        except (KeyError, RuntimeError, ValueError, IndexError, TypeError) as error:
            if is_out_of_memory(error):
                raise OutOfMemory(
                    expected=f"memory for the networks of {folder} on {here}",
                    found="too little",
                    remedy='Load it on the CPU: device="cpu".',
                ) from error
            raise not_a_model(folder, _OTHER_TENSORS) from error
        if again.keys() != state.keys() or not all(map(_is_same, again.values(), state.values())):
            raise not_a_model(folder, _OTHER_TENSORS)
        check_unaltered(folder, config, state)
        return model


def require(condition: bool, field: str, expected: str, found: str, remedy: str) -> None:
    """Raise `InvalidSetting` for a setting that does not fit the data at hand."""
    if not condition:
        raise InvalidSetting(field=field, expected=expected, found=found, remedy=remedy)


def in_blocks(
    n: int, size: int, compute: Callable[[slice], np.ndarray], notes: list[str]
) -> Iterator[np.ndarray]:
    """Results for rows 0…n in blocks; a block that does not fit into memory is halved, and said."""
    start = 0
    while start < n:
        try:
            yield compute(slice(start, min(start + size, n)))
            start += size
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if size <= _SMALLEST_BLOCK:
                raise OutOfMemory(
                    expected=f"memory for {size} spots at a time",
                    found="too little",
                    remedy="Choose fewer genes, or the CPU if a GPU was used.",
                ) from error
            notes.append(
                f"Memory ran out with {size:,} spots at a time; went on with {size // 2:,}."
            )
            size //= 2


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on the CPU or a GPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _NO_MEMORY)


def _is_same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)
