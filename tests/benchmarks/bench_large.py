"""What waits for no thread, on large data: the fingerprint of counts, and the list of genes.

python tests/benchmarks/bench_large.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stimpute.data.records import fingerprint
from napari_stimpute.panels.table import Column, Table
from napari_stimpute.words import percent

CELLS, PER_CELL, GENES = 20_000, 200, 20_000


def milliseconds(call: Callable[[], object]) -> float:
    """Shortest of five calls."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return 1000 * min(times)


def main() -> None:
    """Print the time of each."""
    starts = np.arange(0, CELLS * PER_CELL + 1, PER_CELL)
    places = np.tile(np.arange(PER_CELL), CELLS)
    values = np.ones(len(places), np.float32)
    counts = sp.csr_matrix((values, places, starts), (CELLS, 2_000))
    print(f"{counts.nnz:,} counts")
    print(f"  fingerprint: {milliseconds(lambda: fingerprint(counts)):.0f} ms")

    gains = np.random.default_rng(0).random(GENES)
    table = Table("Many", [Column("gain", "Gain", "", percent)])
    table.show(pd.DataFrame({"gain": gains}, index=[f"GENE{i:05d}" for i in range(GENES)]))
    print(f"{GENES:,} genes")
    print(f"  sorted by name: {milliseconds(lambda: table.sort(0)):.0f} ms")
    print(f"  sorted by a number: {milliseconds(lambda: table.sort(1)):.0f} ms")
    print(f"  filtered by a text: {milliseconds(lambda: table.filter('99')):.0f} ms")


if __name__ == "__main__":
    main()
