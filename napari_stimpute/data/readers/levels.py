"""Of an image in several sizes: which one is held in memory, and what stays in the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BadImage
from ...words import memory
from ..pyramid import Pyramid, nothing
from .found import Options, Question

if TYPE_CHECKING:
    import dask.array as da
    from numpy.typing import NDArray

LARGEST = 4096
"""Pixels of the longer side of an image that is held, unless a sharper level is asked for."""

_MOST_BYTES = 2**30
"""A level that takes more in memory is not offered to be held."""

_COLOURS = ({"r", "g", "b"}, {"r", "g", "b", "a"}, {"red", "green", "blue"})


@dataclass(frozen=True, eq=False)
class Levels:
    """An image in its file.

    Attributes
    ----------
    arrays : (channels, height, width) each, lazy, the sharpest first
    channels : names, where they are known
    close : lets go of the file
    title : how a sentence on it begins
    """

    arrays: tuple[da.Array, ...]
    channels: tuple[str, ...] = ()
    close: Callable[[], None] = nothing
    title: str = "The image"

    @property
    def is_colour(self) -> bool:
        """Whether its channels are those of a colour, and not of several stains."""
        n, names = self.arrays[0].shape[0], [name.lower() for name in self.channels]
        is_named, is_8_bit = set(names) in _COLOURS, bool(self.arrays[0].dtype == np.uint8)
        is_plain = names in ([], [str(i) for i in range(n)])
        return n == 1 or is_named or (is_plain and (n == 3 or (n == 4 and is_8_bit)))


@dataclass(frozen=True, eq=False)
class Held:
    """What is read of an image.

    Attributes
    ----------
    pixels : (height, width, channels), as they are in the file
    share : width of it, as a share of that of the sharpest level
    pyramid : what is sharper; None for nothing
    notes : sentences
    questions : what could be read in its place
    """

    pixels: NDArray[Any]
    share: float
    pyramid: Pyramid | None
    notes: list[str]
    questions: list[Question]


def held(image: Levels, options: Options) -> Held:
    """Load a level that is not too large, and keep the way to the sharper ones.

    Raises
    ------
    UnknownName : a level or a channel was asked for that there is not
    BadImage : its pixels are damaged
    """
    questions, notes, arrays = list[Question](), list[str](), image.arrays
    if not image.is_colour:
        names = image.channels or tuple(str(i) for i in range(arrays[0].shape[0]))
        choices = [(name, name) for name in dict.fromkeys(names)]
        help = "Which channel of the image is shown."
        question = Question.of("channel", "Channel", choices, options, names[0], help)
        questions.append(question)
        at = names.index(question.answer)
        arrays = tuple(array[at : at + 1] for array in arrays)
        is_first = "the first" if at == 0 else "one"
        notes.append(f"Of {len(names)} channels, {is_first} is shown ({question.answer}).")
    fitting = next((i for i, a in enumerate(arrays) if _longer(a) <= LARGEST), len(arrays) - 1)
    choices = [
        (str(i), f"{a.shape[2]:,} × {a.shape[1]:,} pixels, {memory(a.nbytes)}")
        for i, a in enumerate(arrays)
        if i == fitting or a.nbytes <= _MOST_BYTES
    ]
    help = "The level of the image that is held, for figures and notebooks; 0 is the sharpest."
    question = Question.of("level", "Image level", choices, options, str(fitting), help)
    questions += [question] if len(arrays) > 1 else []
    level = int(question.answer)
    chosen = arrays[level]
    step = -(-_longer(chosen) // LARGEST) if level == fitting else 1
    if step > 1:
        chosen = chosen[..., ::step, ::step]
        notes.append(f"{image.title} has no smaller level: one of {step} pixels is shown.")
    sharper = [_by_pixel(array) for array in arrays[: level + (step > 1)]]
    pyramid = Pyramid(tuple(sharper), image.close) if sharper else None
    return Held(_loaded(chosen), chosen.shape[2] / arrays[0].shape[2], pyramid, notes, questions)


def _loaded(level: da.Array) -> NDArray[Any]:
    try:
        return np.asarray(_by_pixel(level))
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise BadImage(
            expected="an image whose pixels can be read",
            found=f"damaged ones ({' '.join(str(error).split())})",
            remedy="Copy or download it again.",
        ) from error


def _longer(array: da.Array) -> int:
    return int(max(array.shape[1:]))


def _by_pixel(array: Any) -> Any:
    """(channels, height, width) as (height, width, channels)."""
    return array.transpose(1, 2, 0)
