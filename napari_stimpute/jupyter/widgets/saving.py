"""Where a file, or a figure, is to be written: a line for its path, and a button."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from .controls import Button
from .loop import Home


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
        self.widget = widgets.HBox([self.path, self.button.widget])
        self.widget.layout.max_width = "520px"
        self.propose()

    def propose(self) -> None:
        """Propose a path, unless another was typed."""
        if self.path.value == self._proposed:
            self.path.value = self._proposed = self._name()

    def save(self) -> None:
        """Write to the path, or where it is proposed if none is given."""
        name = self._name()
        self._save(self._complete(self.path.value.strip() or name, name))

    def enable(self, why_not: str, help: str = "") -> None:
        """Let it be used unless there is a reason why not."""
        self.propose()
        self.button.enable(why_not, help)
        self.path.disabled = bool(why_not)
