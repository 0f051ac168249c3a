"""Spots drawn by the browser's graphics card: four bytes a spot are sent for each change of colour.

Measured against matplotlib pictures and jupyter-scatter by ``tests/benchmarks/bench_notebook.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

_HERE = Path(__file__).parent


def _sent(kind: type[traitlets.TraitType[Any, Any]], *default: Any) -> Any:
    return kind(*default).tag(sync=True)


class Spots(anywidget.AnyWidget):
    """What the browser draws; it answers with messages (``kind``: lasso, hover, clear, undo, …).

    Arrays travel as bytes: ``places`` float32 (n, 2), x and y (down); ``order`` uint32, the numbers
    of the spots that have a place, the last on top; ``colours`` uint8 (n, 4), and ``beside`` those
    of a second pane, empty where there is one.
    """

    _esm = _HERE / "spots.js"
    _css = _HERE / "spots.css"

    places = _sent(traitlets.Bytes, b"")
    order = _sent(traitlets.Bytes, b"")
    colours = _sent(traitlets.Bytes, b"")
    beside = _sent(traitlets.Bytes, b"")
    images = _sent(traitlets.List)
    """Of each image its encoded ``pixels``, and ``x``, ``y``, ``width``, ``height``."""
    image_opacity = _sent(traitlets.Float, 1.0)
    ground = _sent(traitlets.List, traitlets.Float(), [0.06, 0.07, 0.08])
    diameter = _sent(traitlets.Float, 1.0)
    outline = _sent(traitlets.Float, 0.0)
    are_square = _sent(traitlets.Bool, False)
    microns = _sent(traitlets.Float, 0.0)
    """Of a unit of the places; 0 where it is not known."""
    ringed = _sent(traitlets.Int, -1)
    names = _sent(traitlets.List, traitlets.Unicode(), [])
    """What stands above each pane."""
    titles = _sent(traitlets.List)
    """Of each of several sections its name, ``text``, and where that stands, ``x`` and ``y``."""
    nothing = _sent(traitlets.Unicode, "")
    """Why nothing is drawn."""
    bar = _sent(traitlets.Dict, {})
    groups = _sent(traitlets.List)
    legend_title = _sent(traitlets.Unicode, "")
    legend_help = _sent(traitlets.Unicode, "")
    note = _sent(traitlets.Unicode, "")
    pick_help = _sent(traitlets.Unicode, "")
    height = _sent(traitlets.Int, 440)


def as_places(points: NDArray[np.floating]) -> bytes:
    """(n, 2), y (down) and x, as the browser reads them."""
    return np.ascontiguousarray(points[:, ::-1], dtype="<f4").tobytes()


def as_order(points: NDArray[np.floating], picked: NDArray[np.bool_] | None) -> bytes:
    """Spots that have a place, by chance, so that no group lies on another; who is picked last."""
    order = np.random.default_rng(0).permutation(len(points))
    order = order[np.isfinite(points).all(axis=1)[order]]
    if picked is not None:
        order = np.concatenate([order[~picked[order]], order[picked[order]]])
    return order.astype("<u4").tobytes()


def as_colours(colours: NDArray[np.float32]) -> bytes:
    """(n, 4), 0–1, as the browser reads them."""
    return (colours * 255 + 0.5).astype(np.uint8).tobytes()
