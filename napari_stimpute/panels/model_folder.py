"""Saved models: one that was trained elsewhere is opened to generate and edit, and one is kept."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StimputeError
from ..job import Job
from ..progress import Progress
from ..session.models import OPENED, key_of_opened
from ..session.session import Session
from ..words import counted
from .generators import Generators, unreadable
from .message import SILENT, Message, error, good, warning
from .panel import Panel
from .work import Work, WorkState

if TYPE_CHECKING:
    from ..models.scdiffusion.model import ScDiffusion

OPEN_HELP = (
    "Open the folder of a saved scDiffusion, such as “stimpute train” or “Save model…” wrote, "
    "beside the models that were trained here."
)
SAVE_HELP = "Write the chosen model as a folder, to be opened here or used in the shell."


@dataclass(frozen=True)
class ModelFolderState:
    """What is shown: the button that opens, why nothing can be saved, how saving went, and how an
    opened model fits the open data.
    """

    work: WorkState
    why_not_save: str
    saved: Message
    fit: Message


class ModelFolder(Panel[ModelFolderState]):
    """Opens and saves what generates; an opened model stays when other data are opened."""

    def __init__(self, session: Session, generators: Generators) -> None:
        super().__init__(session)
        self.generators = generators
        self._saved = SILENT
        self.work = Work(
            self, "open model", "Open model…", OPEN_HELP, begin=lambda: None, needs_data=False
        )
        self.connections.add(generators.changed, self._follow)
        self.follow(session.events.contents, session.events.adata, self.work.changed)
        self.refresh()

    def open(self, path: str | os.PathLike[str]) -> Job[ScDiffusion] | None:
        """Open a folder in the background, and let its model generate; what is wrong is said."""
        session = self.session

        def opening() -> Generator[Progress, None, ScDiffusion]:
            from ..models.scdiffusion.model import ScDiffusion  # torch: not before it is needed

            yield Progress("open", 0, 1, message="Opening the model")
            return ScDiffusion.load(path)

        def take(model: ScDiffusion) -> None:
            key = key_of_opened(Path(path).resolve().name, session.models)
            session.models = {**session.models, key: model}
            self.generators.choose(key)

        self._saved = SILENT
        return self.work.run(opening(), "Opening a model", take)

    def save_to(self, path: str | os.PathLike[str]) -> None:
        """Save the chosen model as a folder; how that went is said."""
        try:
            place = self.session.save_model(self.generators.key, path)
            self._saved = good(f"Model saved to {place}.")
        except StimputeError as problem:
            self._saved = error(problem)
        self.refresh()

    @property
    def name(self) -> str:
        """A name for the folder."""
        return f"{self.generators.key.removesuffix(OPENED)}_model"

    def _follow(self) -> None:
        self._saved = SILENT
        self.refresh()

    def _resolve(self) -> ModelFolderState:
        session, generators = self.session, self.generators
        why_not = "" if generators.model is not None else "Train a model first."
        return ModelFolderState(self.work.state, session.wait or why_not, self._saved, self._fit())

    def _fit(self) -> Message:
        """What an opened model learned from, and which of its genes the open data have."""
        model, session = self.generators.model, self.session
        if model is None or session.adata is None or not self.generators.key.endswith(OPENED):
            return SILENT
        n_genes, n_cells = len(model.var_names_), counted(model.trained_on_.n_obs, session.place)
        missing = unreadable(session, model)
        if missing:
            return warning(
                f"Learned from {n_cells}. {missing} It can generate cells, but not judge them by "
                "these data, nor enhance or edit these."
            )
        columns = [f"“{name}”" for name in model.table_.names if name not in session.adata.obs]
        if columns:
            return warning(
                f"Learned from {n_cells}. These data have no column {' and no '.join(columns)}, by "
                "which it tells cells apart: it can generate, but not judge, nor edit these."
            )
        n_others = session.adata.n_vars - n_genes
        others = f" {counted(n_others, 'gene')} it does not know." if n_others else ""
        return Message(
            f"Learned from {n_cells}. All of its {n_genes:,} genes are in these data, found by "
            f"name.{others}"
        )
