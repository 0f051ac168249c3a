"""What sections look like: controls, and beside them what they are for, then an answer."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets

from .controls import beside
from .words import Hint, show


class Section:
    """Controls on the left; on the right a sentence, whose room an answer takes.

    Parameters
    ----------
    explained : what it is for, said until there is an answer
    below : what of the answer needs the room of both, such as a figure
    """

    def __init__(
        self,
        explained: str,
        controls: Sequence[widgets.DOMWidget],
        answer: Sequence[widgets.DOMWidget],
        below: Sequence[widgets.DOMWidget] = (),
    ) -> None:
        self.explained, self.answer = Hint(explained), widgets.VBox(answer)
        self.below = widgets.VBox(below)
        right = widgets.VBox([self.explained.widget, self.answer])
        self.widget = widgets.VBox([beside(widgets.VBox(controls), right), self.below])
        self.show_answer(has_answer=False)

    def show_answer(self, *, has_answer: bool) -> None:
        """Show the answer in place of the sentence."""
        show(self.explained.widget, not has_answer)
        show(self.answer, has_answer)
        show(self.below, has_answer)
