"""Where a file, or a figure, is to be written: a line for its path, and a button."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from ...panels.saving import THERE, is_there
from .controls import Button
from .loop import Home
from .words import Words

IN_ROW = "1 1 320px"
"""How wide it is beside something; in a column the same would be its height."""


class SaveBox:
    """A path, which is proposed until someone types another, and the button that writes there.

    Parameters
    ----------
    name : proposes a path
    save : called with the path
    complete : adds to what was typed what is missing, by the proposed name
    """

    def __init__(
        self,
        title: str,
        name: Callable[[], str],
        save: Callable[[str], object],
        complete: Callable[[str, str], str],
        home: Home,
        help: str = "",
    ) -> None:
        self._name, self._save, self._complete = name, save, complete
        self.home, self._proposed = home, ""
        self.path = widgets.Text(
            placeholder="Path of the file", layout=widgets.Layout(width="auto")
        )
        self.path.layout.flex = "1 1 160px"
        self.button = Button(title, self.save, home, help)
        self.words, self._warned = Words("warning"), ""
        line = widgets.HBox([self.path, self.button.widget])
        self.widget = widgets.VBox([line, self.words.widget])
        self.widget.layout.max_width = "520px"
        self.propose()

    def propose(self) -> None:
        """Propose a path, unless another was typed."""
        if self.path.value == self._proposed:
            self.path.value = self._proposed = self._name()

    def save(self) -> None:
        """Write to the path, or the proposed one; over a file that is there when asked again."""
        name = self._name()
        path = self._complete(self.path.value.strip() or name, name)
        is_new = path == self._warned or not is_there(path)
        self._warned = "" if is_new else path
        self.words.say("" if is_new else THERE.format(path=path))
        if is_new:
            self._save(path)

    def enable(self, why_not: str, help: str = "") -> None:
        """Let it be used unless there is a reason why not."""
        self.propose()
        self.button.enable(why_not, help)
        self.path.disabled = bool(why_not)
