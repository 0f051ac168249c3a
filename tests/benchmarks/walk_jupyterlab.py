"""Walk through the panels in a real JupyterLab, as a person clicks, and keep pictures.

    python tests/benchmarks/walk_jupyterlab.py [--out FOLDER] [--theme light|dark] [--rows 18]

Simulates a section in a temporary folder, and opens a notebook that holds ``panels("first.h5ad")``
in a Chromium without a window, 1366 pixels wide. Then: open, train, cancel, train to the end,
colour by a gene, draw around spots and keep them, markers, compare, generate, edit, save; the stop
button of JupyterLab, a new kernel, and the notebook without one. After each step what is shown is
asserted, and its seconds are printed; a step that fails leaves a picture too. By hand: it is part
of neither the tests nor ``make bench``, and takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page, sync_playwright

from napari_stimpute import simulate_section

sys.path.insert(0, str(Path(__file__).parents[1]))

from lab import QUIET, answer, jupyterlab, open_notebook, run_all, write_notebook

ROOT = Path(__file__).parents[2]
WIDE, HIGH = 1366, 1000
CANCEL_WITHIN = 2.0
"""Seconds from a click on Cancel until the panel is idle."""

AT_ONCE = 2.0
"""Seconds that another cell may take while a model is trained."""

N_GENES = 150

PANELS = """
from napari_stimpute.jupyter import panels

panels("first.h5ad")
"""
OTHER = "print(6 * 7)"


def main() -> None:
    """Walk once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="where the pictures go")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--rows", type=int, default=18, help="of spots in the section")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        out = options.out or Path(tempfile.mkdtemp(prefix="walk-"))
        out.mkdir(parents=True, exist_ok=True)
        os.environ["XDG_STATE_HOME"] = str(folder / "state")  # copies of what is not saved
        os.environ["PYTHONPATH"] = str(ROOT)  # the kernel's package is the one beside this script
        write_sections(folder, options.rows)
        write_notebook(folder / "walk.ipynb", PANELS, OTHER)
        theme = options.theme.capitalize()
        with jupyterlab(folder, theme=theme, windowing="full") as lab, sync_playwright() as driver:
            path = shutil.which("chromium") or shutil.which("google-chrome")
            browser = driver.chromium.launch(executable_path=path, args=QUIET)
            page = browser.new_page(viewport={"width": WIDE, "height": HIGH})
            Walk(page, lab, folder, out).all()
            browser.close()
    print(f"{time.monotonic() - began:6.1f} s in all; pictures are in {out}")


def write_sections(folder: Path, n_rows: int) -> None:
    """Two sections; in the second, half of the spots are treated, which raises some genes."""
    simulate_section(n_rows=15, n_genes=100).write_h5ad(folder / "first.h5ad")
    section = simulate_section(n_rows=n_rows, n_genes=N_GENES)
    is_treated = np.random.default_rng(0).random(section.n_obs) < 0.5
    section.obs["condition"] = np.where(is_treated, "treated", "control")
    counts = section.X.toarray()
    counts[np.ix_(is_treated, np.arange(0, section.n_vars, 10))] *= 3
    section.X = type(section.X)(counts)
    section.write_h5ad(folder / "second.h5ad")


class Walk:
    """One walk: each method is a step, in the order of `all`."""

    def __init__(self, page: Page, lab: tuple[str, str], folder: Path, out: Path) -> None:
        self.page, self.lab, self.folder, self.out = page, lab, folder, out
        self.shown = page.locator(".jp-OutputArea")
        self.refused: list[str] = []
        self.late: list[str] = []
        self.n_pictures = 0
        page.on("console", self._hear)
        page.add_locator_handler(page.locator("dialog.jp-Dialog"), answer)

    def all(self) -> None:
        """Every step."""
        for step in (
            self.open,
            self.cancel_training,
            self.train,
            self.colour_by_gene,
            self.pick_and_keep,
            self.find_markers,
            self.compare,
            self.train_generator,
            self.generate,
            self.edit,
            self.save,
            self.stop_button,
            self.new_kernel,
            self.without_kernel,
        ):
            with self.timed(step.__name__.replace("_", " ")):
                step()
        assert not self.refused, self.refused
        assert not self.late, self.late

    # ---- steps ---------------------------------------------------------------------------------

    def open(self) -> None:
        """A wrong path is a sentence; the right one shows what was found."""
        open_notebook(self.page, *self.lab, "walk.ipynb")
        run_all(self.page, self.shown.get_by_role("tab", name="Compare"))
        self.see("What was found")
        self.keep("first")
        path = self.page.get_by_placeholder("Path of a file or a folder")
        path.fill("secnd.h5ad")
        self.press("Open")
        self.shown.get_by_role("alert").get_by_text("secnd.h5ad").wait_for()
        self.keep("no_such_file")
        path.fill("second.h5ad")
        self.press("Open")
        self.shown.get_by_text("second.h5ad").locator("visible=true").first.wait_for()
        self.shown.get_by_role("alert").first.wait_for(state="hidden")
        still = self.page.locator("[class^='stimpute-still']")
        still.get_by_text(f"{N_GENES} genes").wait_for(state="attached")
        assert still.is_hidden()  # what is read without a kernel follows, out of sight
        self.keep("opened")

    def cancel_training(self) -> None:
        """Another cell is run meanwhile; Cancel is answered soon, and keeps what there is."""
        self.tab("Train")
        self.choose("Model", "GMM-VGAE")
        self.keep("train")
        self.press("Train")
        self.see("Pretrain")
        took = self.run_other_cell()
        self.measure("another cell, while it trains", took, AT_ONCE)
        self.page.wait_for_timeout(1000)
        self.keep("training")
        self.cancel()
        self.see("Stopped early")
        self.keep("cancelled")

    def train(self) -> None:
        """To the end, with a verdict on the genes."""
        self.choose("Preset", "Tiny")
        self.press("Train")
        self.shown.get_by_text("Stopped early").first.wait_for(state="hidden")
        self.until_idle()
        assert not self.is_seen("Stopped early")
        self.shown.get_by_text("Details", exact=True).locator("visible=true").click()
        self.see("layers['gmm_vgae_imputed']")
        self.keep("trained")

    def colour_by_gene(self) -> None:
        """What is typed is drawn, imputed and as counted."""
        self.tab("Genes")
        self.see("Pick by hand")
        before = self.canvas.screenshot()
        box = self.shown.get_by_label("Gene", exact=True)
        box.fill("Layer2_b")
        began = time.monotonic()
        box.press("Enter")
        self.page.locator("canvas[aria-label*='Layer2_b']").wait_for()
        self.measure("until another gene is drawn", time.monotonic() - began, AT_ONCE)
        self.page.wait_for_timeout(500)
        assert self.canvas.screenshot() != before
        self.keep("gene")
        self.shown.get_by_label("Raw beside imputed").click()
        self.page.wait_for_timeout(700)
        self.keep("pair")
        self.shown.get_by_label("Raw beside imputed").click()

    def pick_and_keep(self) -> None:
        """A line is drawn around spots, who become a column."""
        self.press("Pick by hand")
        box = self.canvas.bounding_box()
        assert box is not None
        corners = [(0.35, 0.3), (0.6, 0.3), (0.62, 0.7), (0.33, 0.65), (0.35, 0.3)]
        places = [(box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in corners]
        mouse = self.page.mouse
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place, steps=8)
        mouse.up()
        self.see(" spots picked")
        self.press("Stop picking")
        name = self.shown.get_by_title("Name of the column that will say who was picked.")
        name.locator("visible=true").fill("core")
        self.keep("picked")
        self.press("Keep")
        self.see("Kept as “core”")
        self.choose("Colour by", "core")
        self.canvas.and_(self.page.locator("[aria-label='core']")).wait_for()
        self.page.wait_for_timeout(500)
        self.keep("kept")

    def find_markers(self) -> None:
        """Of the picked spots: a table, and a figure."""
        self.tab("Cells")
        self.choose("Groups by", "domain")
        self.press("Find markers")
        self.see("are higher in")
        self.press("Dot plot")
        self.page.get_by_alt_text("Markers by").wait_for()
        self.keep("markers")

    def compare(self) -> None:
        """Scores, and which method predicts which gene best."""
        self.tab("Compare")
        splits = self.shown.get_by_label("Splits", exact=True)
        splits.fill("1")
        splits.press("Tab")
        self.keep("compare")
        self.press("Compare")
        self.see("Done after")
        self.see("Which method predicts which gene best")
        self.keep("compared")

    def train_generator(self) -> None:
        """As the tab Generate leads to it."""
        self.tab("Generate")
        self.see("No model here generates cells yet.")
        self.keep("no_generator")
        self.press("Set up scDiffusion in Train")
        self.choose("Preset", "Tiny")
        self.shown.get_by_text("Settings", exact=True).click()
        self.choose("Conditions", "domain")
        self.choose("Conditions", "domain, condition")
        self.keep("settings")
        self.press("Train")
        self.button("Cancel").wait_for()
        self.until_idle()
        self.keep("generator")

    def generate(self) -> None:
        """Cells that are asked for, and what they are worth."""
        self.tab("Generate")
        self.shown.get_by_text("Advanced", exact=True).locator("visible=true").click()
        number = self.shown.get_by_label("Cells", exact=True).locator("visible=true")
        number.fill("60")
        number.press("Tab")
        self.keep("order")
        self.press("Generate")
        self.page.get_by_alt_text("Real and generated cells").wait_for()
        self.until_idle("Generate")
        self.keep("generated")

    def edit(self) -> None:
        """The picked spots as they might be."""
        self.tab("Edit")
        self.keep("edit")
        self.press("Edit")
        self.see("Asked of")
        self.keep("edited")

    def save(self) -> None:
        """Data and results, into a file."""
        self.tab("Data")
        self.see("in no file yet")
        self.button("Save").first.click()
        self.see("Saved to")
        assert (self.folder / "second_imputed.h5ad").exists()
        self.keep("saved")

    def stop_button(self) -> None:
        """JupyterLab's button that stops a cell: what was finished stays, and the panel answers."""
        self.tab("Train")
        self.choose("Model", "GMM-VGAE")
        self.choose("Preset", "Default")
        self.press("Train")
        self.see("Pretrain")
        self.page.locator("[data-command='notebook:interrupt-kernel']").click()
        self.page.wait_for_timeout(2000)
        self.keep("interrupted")
        self.cancel()
        self.see("The finished run stays as it was.")
        self.keep("interrupted_and_cancelled")

    def new_kernel(self) -> None:
        """The panel of a kernel that is gone says so; what was not saved is offered by the next."""
        self.choose("Model", "PCA denoiser")
        self.press("Train")
        self.see("PCA denoiser: ")
        self.page.locator("[data-command='notebook:restart-kernel']").click()
        self.shown.locator(".jupyter-widgets-disconnected").first.wait_for()
        self.page.wait_for_timeout(2000)
        said = "(panel) => getComputedStyle(panel, '::before').content"
        assert "run its cell again" in self.page.locator(".stimpute-panel").evaluate(said)
        self.keep("restarted")
        run_all(self.page, self.shown.get_by_text("Results that were not saved"))
        self.keep("offered_again")

    def without_kernel(self) -> None:
        """A saved notebook is read later: a picture in place of the panel."""
        self.page.keyboard.press("Control+s")
        self.page.wait_for_timeout(2000)
        self.page.evaluate("() => { window.jupyterapp.commands.execute('kernelmenu:shutdown') }")
        self.page.wait_for_timeout(2000)
        open_notebook(self.page, *self.lab, "walk.ipynb")
        self.see("run this cell to use them")
        picture = self.shown.get_by_alt_text("Panels of napari-stimpute")
        assert picture.evaluate("(image) => image.naturalWidth") > 100
        self.keep("reopened")

    # ---- what a person does and sees -----------------------------------------------------------

    @property
    def canvas(self) -> Locator:
        return self.shown.locator("canvas").locator("visible=true").first

    def button(self, title: str) -> Locator:
        """Buttons of a title that are seen."""
        found = self.shown.get_by_role("button", name=title, exact=True)
        return found.locator("visible=true")

    def press(self, title: str) -> None:
        self.button(title).click()

    def choose(self, menu: str, entry: str) -> None:
        """Choose the first entry of a menu that begins with this."""
        box = self.shown.get_by_label(menu, exact=True).locator("visible=true")
        options = box.locator("option")
        options.filter(has_text=entry).first.wait_for(state="attached")
        titles = [title.replace("\xa0", " ") for title in options.all_inner_texts()]
        box.select_option(index=next(i for i, t in enumerate(titles) if t.startswith(entry)))

    def tab(self, title: str) -> None:
        self.shown.get_by_role("tab", name=title).first.click()

    def see(self, text: str) -> None:
        """Wait until a text is in sight."""
        self.shown.get_by_text(text).locator("visible=true").first.wait_for()

    def is_seen(self, text: str) -> bool:
        return self.shown.get_by_text(text).locator("visible=true").count() > 0

    def until_idle(self, title: str = "Train") -> None:
        """Wait until the button of this title can be pressed again."""
        self.button(title).and_(self.page.locator(":enabled")).wait_for()

    def cancel(self) -> None:
        """Cancel, and print how long it took until the panel was idle."""
        self.press("Cancel")
        began = time.monotonic()
        self.until_idle()
        self.measure("from Cancel to idle", time.monotonic() - began, CANCEL_WITHIN)

    def run_other_cell(self) -> float:
        """Run the second cell by hand; seconds until its output is there."""
        self.page.locator(".jp-CodeCell .cm-content").last.click()
        began = time.monotonic()
        self.page.keyboard.press("Control+Enter")
        self.shown.get_by_text("42", exact=True).wait_for()
        return time.monotonic() - began

    # ---- pictures and times --------------------------------------------------------------------

    def keep(self, name: str) -> None:
        """Keep a picture of what is in sight: the panel from its top."""
        self.n_pictures += 1
        top = self.page.locator(".stimpute-panel")
        if top.count():
            top.first.evaluate("(panel) => panel.scrollIntoView()")
            self.page.wait_for_timeout(200)
        self.page.screenshot(path=self.out / f"{self.n_pictures:02d}_{name}.png")

    def measure(self, title: str, took: float, most: float) -> None:
        """Print how long something took; too long is told at the end of the walk."""
        print(f"         {title}: {1000 * took:.0f} ms (at most {1000 * most:.0f})", flush=True)
        if took > most:
            self.late.append(title)

    @contextmanager
    def timed(self, title: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self.keep("failed")
            raise
        print(f"{time.monotonic() - began:6.1f} s {title}", flush=True)

    def _hear(self, said: object) -> None:
        if said.type == "error":
            self.refused.append(said.text)


if __name__ == "__main__":
    main()
