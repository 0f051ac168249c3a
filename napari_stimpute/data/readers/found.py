"""What a reader gives: data, sentences on what was put right, and what could be read otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import InputError, UnknownName

if TYPE_CHECKING:
    from anndata import AnnData

    from ..pyramid import Pyramid

Options = Mapping[str, str]
"""Answers to questions, by the name of the question."""


_LISTED = 8
"""So many choices of a question are listed in an error."""


@dataclass(frozen=True)
class Question:
    """What a file leaves open: which of its parts to read, or how.

    Attributes
    ----------
    name, title : for options, and for people
    choices : of each the value and its words
    answer : the value that is used; "" if nothing tells which
    help : what it decides
    """

    name: str
    title: str
    choices: tuple[tuple[str, str], ...]
    answer: str = ""
    help: str = ""

    @property
    def words(self) -> str:
        """The answer, in words."""
        return dict(self.choices).get(self.answer, self.answer)

    @classmethod
    def of(
        cls,
        name: str,
        title: str,
        choices: Sequence[tuple[str, str]],
        options: Options,
        usual: str = "",
        help: str = "",
    ) -> Question:
        """A question as its option answers it, else as is usual.

        Raises
        ------
        UnknownName : the option names none of the choices
        """
        answer = options.get(name, "") or usual
        values = [value for value, _ in choices]
        if answer and answer not in values:
            raise UnknownName.of(f"choice of {title.lower()}", answer, values)
        return cls(name, title, tuple(choices), answer, help)


class Undecided(InputError):
    """Something must be chosen before a file can be read; ``also`` says what else can be done.

    Where ``question.answer`` is not "", it is the usual choice, and may be taken without asking.
    """

    def __init__(self, question: Question, also: str = "") -> None:
        self.question = question
        self.path, self.options = "", dict[str, str]()
        """What was to be read, and what was answered before; set where it is read."""
        listed = ", ".join(
            value if value == words else f"{value} ({words})"
            for value, words in question.choices[:_LISTED]
        )
        listed += ", …" if len(question.choices) > _LISTED else ""
        how = f"--read {question.name}={question.choices[0][0]}"
        super().__init__(
            expected=f"a choice of {question.title.lower()}",
            found=f"{len(question.choices):,}: {listed}",
            remedy=f"Choose one; in the shell with {how}, for example. {also}".rstrip(),
        )


@dataclass(frozen=True)
class Opening:
    """With which choices data were opened, as `data.opening.load` takes them; "" for its own.

    ``made_by`` is the name of the function that made them; "" for data of a file, and of others.
    """

    genes: str = ""
    counts: str = ""
    made_by: str = ""
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """Of a file that is larger than memory: where the counts are, and where others could be.

    ``where`` is the place in words.
    """

    place: str
    where: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What a reader read.

    Attributes
    ----------
    adata : in memory, or its matrices still in the file, as dask arrays; images and scales as
        squidpy keeps them, in ``uns["spatial"]``
    notes : sentences on what was left out or put right
    questions : what could have been read otherwise, with the answers that were used
    pyramids : sharper levels of images, which stay in the file, by the names of their libraries
    part : where the counts in X are from, if all genes but the chosen ones stay in the file
    """

    adata: AnnData
    notes: list[str] = field(default_factory=list)
    questions: tuple[Question, ...] = ()
    pyramids: Mapping[str, Pyramid] = field(default_factory=dict)
    part: Part | None = None
