"""Find a gene by typing part of its name; however many there are, few are offered at once."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from ...panels.gene_search import GeneSearch
from .controls import control
from .loop import Home


class GeneBox:
    """A line in which one types: matches are offered meanwhile, Enter takes the first of them.

    Parameters
    ----------
    search : asked for what finds genes now
    choose : called with the gene that is meant, or with what is like none
    """

    def __init__(
        self,
        title: str,
        search: Callable[[], GeneSearch],
        choose: Callable[[str], object],
        home: Home,
    ) -> None:
        self.home, self._search, self._choose, self._shown = home, search, choose, ""
        self._offered_by: GeneSearch | None = None
        self.widget = control(widgets.Combobox, title, placeholder="Type part of a name")
        self.widget.tooltip = "Type part of a name; Enter takes the first gene that is like it."
        home.observe(self.widget, self._follow)
        self.widget.on_msg(self._hear)

    def show_gene(self, gene: str) -> None:
        """Show what was chosen elsewhere; what is being typed stays until then."""
        with self.home.quiet():
            if self._offered_by is not self._search():
                self._offer("")
            if gene != self._shown:
                self._shown, self.widget.value = gene, self._search().title(gene)

    def clear(self) -> None:
        """Let another one be typed."""
        with self.home.quiet():
            self.widget.value = self._shown = ""

    def _follow(self) -> None:
        """A name that is typed in full, or picked from the list, is chosen; others are offered."""
        typed, search = self.widget.value.strip(), self._search()
        if typed in search or (typed and not self._offer(typed)):
            self._choose(search.meant(typed) if typed in search else typed)

    def _offer(self, typed: str) -> tuple[str, ...]:
        self._offered_by = self._search()
        self.widget.options = matches = tuple(self._offered_by.matches(typed))
        return matches

    def _hear(self, _widget: object, content: dict[str, object], _buffers: object) -> None:
        if content.get("event") == "submit" and self.widget.value.strip():
            self.home.run(lambda: self._choose(self._search().meant(self.widget.value)))
