"""Read an output folder of Space Ranger for Visium HD: the bins of one size, as spots.

Format: "Visium HD outputs" in the documentation of Space Ranger. Each folder ``square_008um`` holds
what a Visium folder does.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ...errors import NotReadable
from ...words import memory
from . import spaceranger
from .found import Found, Options, Question, Undecided
from .reading import not_readable

_BIN = re.compile(r"square_(\d+)um")
_USUAL = "8"


def read(path: Path, options: Options) -> Found:
    """Read the bins of the size that is chosen.

    Raises
    ------
    Undecided : there are several sizes, and none was chosen; 8 µm are usual
    NotReadable : as for Visium
    """
    bins = _bins(path)
    usual = _USUAL if _USUAL in bins else min(bins, key=int)
    choices = [(size, f"{size} µm{_size_of(folder)}") for size, folder in bins.items()]
    question = Question.of("bin", "Bin size", choices, options, usual, "Width of a bin.")
    if len(bins) > 1 and not options.get("bin"):
        raise Undecided(question)
    others = {name: answer for name, answer in options.items() if name != "bin"}
    found = spaceranger.read(bins[question.answer], others)
    return replace(found, questions=(question, *found.questions))


def _bins(path: Path) -> dict[str, Path]:
    """Folders of bins by their size in µm, the smallest first."""
    places = (path / "outs" / "binned_outputs", path / "binned_outputs", path)
    folders = [f for place in places if place.is_dir() for f in place.iterdir() if f.is_dir()]
    found = {str(int(m[1])): f for f in folders if (m := _BIN.fullmatch(f.name))}
    if not found:
        raise _no_bins(path)
    return dict(sorted(found.items(), key=lambda pair: int(pair[0])))


def _no_bins(path: Path) -> NotReadable:
    return not_readable(
        path,
        "no folder like binned_outputs/square_008um",
        "Choose the folder that Space Ranger wrote, with its binned_outputs.",
        "a Visium HD output folder of Space Ranger",
    )


def _size_of(folder: Path) -> str:
    """How many bins there are, and what their counts take in memory; "" if that is not told."""
    import h5py

    file = spaceranger.matrix_path(folder, "filtered")
    if file is None or not file.is_file():
        return ""
    try:
        with h5py.File(file, "r") as content:
            _n_genes, n_bins = content["matrix/shape"][:]
            n_values = content["matrix/data"].shape[0]
    except (OSError, KeyError, ValueError):
        return ""  # the reader says what is wrong with it, if it is chosen
    return f": {n_bins:,} bins, about {memory(8 * (n_values + n_bins))}"
