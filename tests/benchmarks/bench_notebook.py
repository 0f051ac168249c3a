"""Another gene on the notebook's canvas: time in the kernel, bytes sent, time in the browser.

    python tests/benchmarks/bench_notebook.py [--spots 10000,100000,1000000] [--repeats 5]

Beside it in the same run: a picture by matplotlib, drawn anew and sent as PNG, and jupyter-scatter
where it can be imported (``pip install jupyter-scatter``; said where not). The browser is a
Chromium without a window, whose WebGL is drawn by the processor: with a graphics card it is faster.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

GENES = 20

MEASURE = """async (state) => {
  const begun = performance.now();
  take(state);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (const canvas of document.querySelectorAll("canvas")) {
    const gl = canvas.getContext("webgl2") ?? canvas.getContext("webgl");
    gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // until it is drawn
  }
  return performance.now() - begun;
}"""

WHOLE_MODEL = """() => {
  const own = {}, { get, on, off } = model;
  const set = (name, value) =>
    Object.assign(own, typeof name === "string" ? { [name]: value } : name);
  Object.assign(model, { set, on, once: on, save_changes: () => {} });
  model.get = (name) => (name in own ? own[name] : get(name));
  model.off = (name, act) => name && off(name, act);
}"""
"""What a widget that keeps state of its own expects of a model."""


def main() -> None:
    """Measure each size with each of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spots", default="10000,100000,1000000")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    args = ["--no-sandbox", "--disable-quic"]
    print("| spots | drawn by | kernel ms | kB sent | browser ms |\n|---|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=args)
        for n in (int(text) for text in options.spots.split(",")):
            for name, measure in (
                ("this canvas", canvas),
                ("jupyter-scatter", jupyter_scatter),
                ("matplotlib", picture),
            ):
                page = browser.new_page(viewport={"width": 1100, "height": 520})
                found = measure(page, n, options.repeats)
                page.close()
                told = " | ".join(f"{x:,.0f}" for x in found) or "not installed | – | –"
                print(f"| {n:,} | {name} | {told} |", flush=True)


def canvas(page: Any, n: int, repeats: int) -> list[float]:
    """The product's own: colours of a gene that is in memory, as in the window."""
    from canvas_page import CanvasPage, sent

    from napari_stimpute import Session
    from napari_stimpute.data.simulate import simulate_tissue
    from napari_stimpute.jupyter.canvas.box import CanvasBox
    from napari_stimpute.jupyter.widgets.loop import Home
    from napari_stimpute.scene.scene import Scene

    session = Session()
    session.open(simulate_tissue(n, GENES, seed=0))
    view = CanvasBox(Scene(session), Home()).spots
    widget = view.widget
    CanvasPage(page, widget)
    genes = iter(session.contents.genes[1:])

    def switch() -> dict[str, Any]:
        before = dict(widget.get_state())
        session.display.show_gene(next(genes))
        view.draw()  # at once: as in a kernel, it waits for its turn of the loop
        return {k: v for k, v in widget.get_state().items() if v is not before[k]}

    return measured(page, switch, repeats, sent)


def jupyter_scatter(page: Any, n: int, repeats: int) -> list[float]:
    """Its usual way to colour by another column."""
    try:
        import jscatter
    except ImportError:
        return []
    import numpy as np
    import pandas as pd
    from canvas_page import CanvasPage, sent

    rng = np.random.default_rng(0)
    columns = {f"g{k}": rng.poisson(1.0, n).astype(float) for k in range(repeats + 2)}
    frame = pd.DataFrame({"x": rng.normal(size=n), "y": rng.normal(size=n), **columns})
    plot = jscatter.Scatter(data=frame, x="x", y="y", color_by="g0")
    widget, names = plot.widget, iter(list(columns)[1:])
    CanvasPage(page, widget, prepare=WHOLE_MODEL)
    page.wait_for_timeout(3000)

    def switch() -> dict[str, Any]:
        before = dict(widget.get_state())
        plot.color(by=next(names))
        return {k: v for k, v in widget.get_state().items() if v is not before[k]}

    return measured(page, switch, repeats, sent)


def picture(page: Any, n: int, repeats: int) -> list[float]:
    """A PNG of all spots, which cannot be moved; the browser shows it."""
    import numpy as np
    from matplotlib.figure import Figure

    rng = np.random.default_rng(0)
    points = rng.normal(size=(n, 2))
    page.set_content("<img id=place>")
    from base64 import b64encode

    kernel, size, shown = [], [], []
    for _repeat in range(repeats):
        begun = time.perf_counter()
        figure = Figure(figsize=(8, 4.4), dpi=100)
        axes = figure.subplots()
        axes.scatter(*points.T, c=rng.poisson(1.0, n), s=2)
        file = BytesIO()
        figure.savefig(file, format="png")
        kernel.append(1e3 * (time.perf_counter() - begun))
        size.append(len(file.getvalue()) / 1e3)
        took = page.evaluate(
            """async (data) => {
              const begun = performance.now(), image = document.getElementById("place");
              image.src = "data:image/png;base64," + data;
              await image.decode();
              return performance.now() - begun;
            }""",
            b64encode(file.getvalue()).decode(),
        )
        shown.append(took)
    return [median(kernel), median(size), median(shown)]


def measured(
    page: Any, switch: Callable[[], dict[str, Any]], repeats: int, sent: Callable[[Any], Any]
) -> list[float]:
    """Medians: milliseconds in the kernel, kB, milliseconds in the browser."""
    rows = []
    for _repeat in range(repeats):
        begun = time.perf_counter()
        changed = switch()
        kernel = 1e3 * (time.perf_counter() - begun)
        rows.append((kernel, size_of(changed) / 1e3, page.evaluate(MEASURE, sent(changed))))
    return [median(column) for column in zip(*rows, strict=True)]


def size_of(value: Any) -> int:
    """Bytes of what is sent, nested or not."""
    if isinstance(value, memoryview):
        return value.nbytes
    if isinstance(value, dict):
        return sum(size_of(v) for v in value.values())
    if isinstance(value, list | tuple):
        return sum(size_of(v) for v in value)
    return len(value) if isinstance(value, bytes) else len(str(value))


if __name__ == "__main__":
    main()
