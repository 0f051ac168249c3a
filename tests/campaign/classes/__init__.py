"""All cases, class by class."""

from __future__ import annotations

from ..case import Case
from . import (
    damage,
    files,
    generation,
    genes,
    huge,
    images,
    models,
    names,
    outputs,
    platforms,
    records,
    regions,
    settings,
    sparse,
    stops,
    stores,
    structure,
    studies,
    tables,
    values,
)

MAKERS = (
    *(files.cases, files.paths, damage.cut, damage.flipped, structure.cases, structure.links),
    *(sparse.cases, values.cases, values.sizes, tables.cases, tables.places, huge.cases),
    *(images.cases, names.cases, names.pages, records.cases, settings.cases, settings.options),
    *(settings.keys, genes.cases, outputs.cases, models.cases, studies.cases),
    *(stops.folders, stops.stops, generation.train, generation.generate, generation.enhance),
    *(generation.finetune, generation.edit, regions.cases, stores.cases),
    *(platforms.cases, platforms.tables, platforms.chips),
)


def all_cases() -> list[Case]:
    """Every case, always the same and in the same order."""
    return [case for make in MAKERS for case in make()]
