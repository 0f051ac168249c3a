"""What a file leaves open: what is read of it, or must be chosen before it can be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..data.readers.found import Question
from ..session.session import Session
from .menu import Choice, Entry, Menu

CHOOSE, OPEN_IT, LEAVE_IT = "Choose first", "Open it", "Leave it"
"""Title of what must be chosen, and the buttons below it."""

READING = "Reading. What is open stays until that is done."
CANCELLING = "Cancelled: this ends once the file is read, and what is open stays."
CANCEL, CANCEL_HELP = "Cancel", "Do not open it; what was open stays."
"""Said while a file is read, and the button beside it."""


@dataclass(frozen=True)
class Asked:
    """A question before a file can be opened: about what, its title, and the menu."""

    sentence: str
    title: str
    menu: Menu


class Reading:
    """Keeps what is being read otherwise of the open file, and what is chosen of one that waits."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._chosen = dict[str, str]()
        self._first = Choice()
        self._asks: Question | None = None

    def forget(self) -> None:
        """Nothing is read otherwise any more: what is open is what was chosen."""
        self._chosen = {}

    def choose(self, name: str, value: str) -> dict[str, str]:
        """Choose something else of the open file; how it is to be read then.

        What was answered after it is asked anew: other bins may have no such image.
        """
        self._chosen = {name: value}
        card = self._session.card
        if card is None:
            return {}
        names = [q.name for q in card.questions]
        before = names[: names.index(name)]
        answered = {n: card.how.options[n] for n in before if n in card.how.options}
        return {**answered, name: value}

    def menus(self, wait: str) -> tuple[tuple[str, str, Menu], ...]:
        """Name, title and menu of each thing that could be read otherwise."""
        card = self._session.card
        if card is None or not self._session.path:
            return ()
        return tuple(
            (q.name, q.title, _menu(q, self._chosen.get(q.name, q.answer), wait))
            for q in card.questions
            if len(q.choices) > 1
        )

    # ---- what waits ----------------------------------------------------------------------------

    @property
    def asked(self) -> Asked | None:
        """What must be chosen before a file can be opened; None where nothing waits."""
        undecided = self._session.undecided
        if undecided is None:
            return None
        question = undecided.question
        if question is not self._asks:
            self._asks, self._first = question, Choice(question.help)
            self._first.offer(_menu(question, question.answer).entries, question.answer)
        sentence = f"{Path(undecided.path).name} can be read in {len(question.choices):,} ways."
        return Asked(sentence, question.title, self._first.menu())

    def answer(self, value: str) -> None:
        """Choose in what is asked."""
        self._first.choose(value)

    @property
    def answers(self) -> dict[str, str]:
        """How the file that waits is to be read."""
        undecided = self._session.undecided
        if undecided is None:
            return {}
        return {**undecided.options, undecided.question.name: self._first.name}


def _menu(question: Question, chosen: str, wait: str = "") -> Menu:
    lines = tuple(Entry(words, value) for value, words in question.choices)
    return Menu(lines, chosen, question.help, wait)
