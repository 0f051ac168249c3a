"""Errors in words: each says what was expected, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .words import did_you_mean

_FEW = 8
"""Up to how many names are listed whole."""


class StimputeError(Exception):
    """Base of every error that is meant for the person at the screen.

    Parameters
    ----------
    expected : what the program needed, as a noun phrase ("counts (whole numbers ≥ 0)")
    found : what was there instead ("values like 1.37 in X")
    remedy : the next step, as a sentence ("Choose layer 'counts'.")
    """

    def __init__(self, *, expected: str, found: str, remedy: str) -> None:
        self.expected, self.found, self.remedy = expected, found, remedy
        super().__init__(f"Expected {expected}, but found {found}. {remedy}")

    def __reduce__(self) -> tuple[Callable[..., StimputeError], tuple[object, ...]]:
        """Whole, where it goes from one process to another."""
        return _again, (type(self), str(self), self.__dict__)


class InputError(StimputeError):
    """The data that came in cannot be used as they are."""


class NotReadable(InputError):
    """The file is missing, empty, damaged, or not an AnnData file."""


class NotCounts(InputError):
    """The values are not raw counts (logged, scaled, negative, fractional, NaN or infinite)."""


class DuplicateNames(InputError):
    """Two cells or two genes carry the same name."""


class MissingKey(InputError):
    """A key that is needed (coordinates, a layer, an obs column) is not in the data."""


class NotNumbers(InputError):
    """A column of numbers holds words, or numbers that are not finite."""


class BadCoordinates(InputError):
    """Coordinates have the wrong shape, are all equal, or are not finite."""


class BadImage(InputError):
    """The tissue image or its scale factor is missing or unusable."""


class TooSmall(InputError):
    """There are too few spots, genes or molecules for what was asked."""


class UnknownName(InputError):
    """A gene, layer, model, device or column of that name does not exist."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str]) -> UnknownName:
        """Error that asks for the nearest known names, and lists all of them if they are few."""
        names = [str(k) for k in known]
        asks, listed = did_you_mean(name, names), ", ".join(repr(n) for n in names[:_FEW]) or "none"
        more = "" if len(names) <= _FEW else f" ({len(names):,} in all)"
        lists = "" if asks and more else f"Choose one of: {listed}{more}."
        return cls(
            expected=f"the name of a {kind}",
            found=f"{name!r}, which is not one",
            remedy=" ".join(filter(None, [asks, lists])),
        )


class GenesMismatch(InputError):
    """A model was fitted on other genes than these data hold."""


class InvalidSetting(StimputeError):
    """A parameter has a value outside its range; `field` names it, for the form."""

    def __init__(self, *, field: str, expected: str, found: str, remedy: str) -> None:
        self.field = field
        super().__init__(expected=f"{field} to be {expected}", found=found, remedy=remedy)


class UnsafeFile(StimputeError):
    """A saved model holds code (a pickle) instead of plain tensors."""


class NotWritable(StimputeError):
    """The output cannot be written: no permission, no space, or it would overwrite the input."""


class NoDevice(StimputeError):
    """The computing device asked for is not in this machine."""


class NoDisplay(StimputeError):
    """There is no display to open a window on."""


class NotFitted(StimputeError):
    """The model has learned nothing yet."""


class Diverged(StimputeError):
    """Training produced a value that is not a number."""


class OutOfMemory(StimputeError):
    """Even the smallest block does not fit into memory."""


class ProcessLost(StimputeError):
    """Another process that trains the same network has ended."""


class Busy(StimputeError):
    """Something is running already; one job at a time."""


def _again(kind: type[StimputeError], text: str, held: dict[str, object]) -> StimputeError:
    error = kind.__new__(kind, text)
    error.__dict__.update(held)
    return error


def in_words(error: BaseException | None) -> str:
    """What to tell a person: our own errors speak for themselves, others are named."""
    if isinstance(error, StimputeError):
        return str(error)
    if isinstance(error, MemoryError):
        return "Memory ran out."
    return f"Something unforeseen went wrong: {type(error).__name__}: {error}"
