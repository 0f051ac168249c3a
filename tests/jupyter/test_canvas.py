"""The canvas: what the browser is sent, and what it draws and answers, in a bare page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import numpy as np
import pytest
from anndata import AnnData
from playwright.sync_api import Page, sync_playwright

from napari_stimpute import Session
from napari_stimpute.jupyter.canvas.box import CanvasBox
from napari_stimpute.jupyter.canvas.spots import Spots, as_order
from napari_stimpute.jupyter.widgets.loop import Home
from napari_stimpute.scene.maps import MapOf
from napari_stimpute.scene.scene import Scene
from napari_stimpute.scene.shown import colours_of

from ..canvas_page import CanvasPage
from ..overlaid import hexagonal, overlaid, section

GROUND = """([from, to]) => {
  const c = document.querySelector("canvas"), gl = c.getContext("webgl2");
  const left = Math.floor(from * c.width), width = Math.floor((to - from) * c.width);
  const p = new Uint8Array(4 * width * c.height);
  gl.readPixels(left, 0, width, c.height, gl.RGBA, gl.UNSIGNED_BYTE, p);
  let dark = 0;
  for (let k = 0; k < p.length; k += 4) dark += Math.max(p[k], p[k + 1], p[k + 2]) < 28;
  return dark / (width * c.height);
}"""
"""Share of dark ground between two shares of the width."""

NAMES = ["<b>bold</b>", "R&D", "$x^2$", "two\nlines"]


@pytest.fixture
def scene(session: Session) -> Scene:
    return Scene(session)


@pytest.fixture
def box(scene: Scene) -> CanvasBox:
    return CanvasBox(scene, Home())


def colours(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8).reshape(-1, 4)


def at_spot(widget: Spots, number: int, size: tuple[float, float]) -> tuple[float, float]:
    """Share of the width and height at which a spot lies, all of the section being in sight."""
    points = np.frombuffer(widget.places, "<f4").reshape(-1, 2).astype(float)
    low, high, rim = points.min(axis=0), points.max(axis=0), widget.diameter
    width, height = size
    extent = high - low + 2 * rim
    span = 1.04 * max(extent[1], extent[0] * height / width)
    middle = (low + high) / 2
    x, y = (points[number] - middle) / span + np.array([width / height / 2, 0.5])
    return float(x * height / width), float(y)


# ---- what is sent -------------------------------------------------------------------------------


def test_colours_are_those_of_the_scene(box: CanvasBox, scene: Scene) -> None:
    assert scene.shown is not None
    wanted = colours_of(scene.shown, scene.ground)
    assert np.abs(colours(box.spots.widget.colours) / 255 - wanted).max() <= 0.5 / 255 + 1e-6
    assert box.spots.widget.bar["ticks"] == [list(tick) for tick in scene.shown.ticks]
    places = np.frombuffer(box.spots.widget.places, "<f4").reshape(-1, 2)
    np.testing.assert_allclose(places[:, ::-1], scene.places.points, rtol=1e-6)


def test_another_gene_sends_four_bytes_a_spot_and_no_place(
    box: CanvasBox, session: Session
) -> None:
    sent: list[str] = []
    box.spots.widget.observe(lambda change: sent.append(change["name"]))
    session.display.show_gene(session.contents.genes[7])
    assert "colours" in sent
    assert not {"places", "order", "images", "groups"} & set(sent)
    assert len(box.spots.widget.colours) == 4 * session.adata.n_obs


def test_counts_lie_beside_imputed_values_on_one_scale(session: Session) -> None:
    session.train("pca", blend=False, judged=False).wait(60)
    box = CanvasBox(Scene(session), Home())
    box.pair.value = True
    widget, (left, right) = box.spots.widget, box.scene.pair.halves()
    assert widget.names == list(box.scene.pair.names())
    assert left.limits == right.limits
    for data, half in ((widget.colours, left), (widget.beside, right)):
        wanted = colours_of(half, box.scene.ground)
        assert np.abs(colours(data) / 255 - wanted).max() <= 0.5 / 255 + 1e-6
    box.pair.value = False
    assert widget.beside == b""


def test_there_is_no_pair_before_a_run_and_it_is_said(box: CanvasBox) -> None:
    assert box.pair.disabled
    assert box.pair.tooltip == box.scene.no_pair


def test_picked_spots_lie_on_top_and_those_without_a_place_are_not_drawn() -> None:
    points = np.arange(10.0).reshape(5, 2)
    points[2] = np.nan
    picked = np.array([True, False, False, False, True])
    order = np.frombuffer(as_order(points, picked), "<u4")
    assert sorted(order) == [0, 1, 3, 4]
    assert sorted(order[-2:]) == [0, 4]


def test_a_section_column_and_its_groups(session: Session) -> None:
    n = session.adata.n_obs
    session.adata.obs["kind"] = np.array(NAMES)[np.arange(n) % 4]
    session.events.contents.emit()
    session.display.column = "kind"
    box = CanvasBox(Scene(session), Home())
    groups = box.spots.widget.groups
    assert sorted(g["name"] for g in groups) == sorted(NAMES)
    assert sum(g["count"] for g in groups) == n


def test_cells_lie_on_a_map_that_is_drawn_by_itself(
    section: AnnData, until: Callable[..., Awaitable[None]]
) -> None:
    async def main() -> None:
        cells = section.copy()
        del cells.obsm["spatial"]
        session = Session()
        session.open(cells)
        scene = Scene(session)
        scene.show_map(MapOf(kind="pca"))
        box = CanvasBox(scene, Home())
        assert "being drawn" in box.spots.widget.nothing
        await until(lambda: box.scene.places is not None)
        await asyncio.sleep(0.1)
        assert box.spots.widget.nothing == ""
        assert len(box.spots.widget.places) == 8 * cells.n_obs
        assert box.map.layout.display == "none"
        assert box.beside.widget.layout.display == "none"

    asyncio.run(main())


def test_one_of_several_sections_is_chosen_by_menu_and_button() -> None:
    session = Session()
    session.open(overlaid())
    box = CanvasBox(Scene(session), Home())
    assert box.which.layout.display is None and box.grid.value
    assert [title["text"] for title in box.spots.widget.titles] == ["B", "A"]
    box.grid.value = False
    box.spots.draw()
    assert box.section.widget.value == session.display.section == "B"
    assert len(box.spots.widget.images) == 1 and len(box.spots.widget.order) == 4 * 64
    box.section.widget.value = "A"
    box.spots.draw()
    assert [title["text"] for title in box.spots.widget.titles] == ["A"] and not box.grid.value
    session.open(section(0, hexagonal()))
    assert box.which.layout.display == "none"


# ---- in a browser -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser_page(browser_path: str) -> Iterator[Page]:
    args = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=args)
        yield browser.new_page(viewport={"width": 1100, "height": 520})
        browser.close()


@pytest.fixture
def page(browser_page: Page) -> Iterator[Page]:
    browser_page.goto("about:blank")
    complaints: list[str] = []

    def note(error: object) -> None:
        complaints.append(str(error))

    browser_page.on("pageerror", note)
    yield browser_page
    browser_page.remove_listener("pageerror", note)
    assert complaints == []


def drawn(page: Page, widget: Spots) -> tuple[CanvasPage, dict[str, float]]:
    shown = CanvasPage(page, widget)
    found = page.locator("canvas").bounding_box()
    assert found is not None
    return shown, dict(found)


@pytest.mark.slow
def test_a_spot_has_the_colour_it_was_sent_and_says_what_it_is(
    page: Page, box: CanvasBox, session: Session
) -> None:
    canvas, room = drawn(page, box.spots.widget)
    size = (room["width"], room["height"])
    for number in (0, 100, session.adata.n_obs - 1):
        x, y = at_spot(box.spots.widget, number, size)
        wanted = colours(box.spots.widget.colours)[number, :3]
        assert np.abs(np.subtract(canvas.pixel(x, y), wanted)).max() <= 2
    page.mouse.move(room["x"] + x * size[0], room["y"] + y * size[1])
    canvas.settle_until(page.locator(".tip").is_visible)
    assert session.adata.obs_names[-1] in page.locator(".tip").inner_text()
    assert box.beside.widget.ringed == session.adata.n_obs - 1


@pytest.mark.slow
def test_a_line_picks_what_lies_within_and_keys_take_it_back(
    page: Page, box: CanvasBox, session: Session
) -> None:
    canvas, room = drawn(page, box.spots.widget)
    size = (room["width"], room["height"])
    shares = np.array([at_spot(box.spots.widget, k, size) for k in range(session.adata.n_obs)])
    page.get_by_role("button", name="Pick by hand").click()
    corners = [(0.3, 0.3), (0.55, 0.3), (0.55, 0.8), (0.3, 0.8), (0.3, 0.33)]
    for k, (x, y) in enumerate(corners):
        page.mouse.move(room["x"] + x * size[0], room["y"] + y * size[1])
        if k == 0:
            page.mouse.down()
    page.mouse.up()
    canvas.settle()
    wanted = (shares > [0.3, 0.3]).all(axis=1) & (shares < [0.55, 0.8]).all(axis=1)
    assert wanted.any()
    assert session.display.picked is not None
    np.testing.assert_array_equal(session.display.picked, wanted)
    canvas.settle()
    assert f"{wanted.sum():,} of" in box.picked.text
    page.keyboard.press("Escape")
    canvas.settle()
    assert session.display.picked is None
    page.keyboard.press("Control+z")
    canvas.settle()
    np.testing.assert_array_equal(session.display.picked, wanted)


@pytest.mark.slow
def test_a_second_pane_has_all_of_it_in_sight_and_the_card_goes(
    page: Page, session: Session
) -> None:
    session.train("pca", blend=False, judged=False).wait(60)
    box = CanvasBox(Scene(session), Home())
    canvas, room = drawn(page, box.spots.widget)
    left, top = at_spot(box.spots.widget, 0, (room["width"], room["height"]))
    page.mouse.move(room["x"] + left * room["width"], room["y"] + top * room["height"])
    canvas.settle_until(page.locator(".tip").is_visible)
    session.display.picked = np.arange(session.adata.n_obs) > 3
    canvas.settle()
    assert page.locator(".tip").is_hidden()
    box.pair.value = True
    canvas.settle()
    page.get_by_role("button", name="Pick by hand").click()
    corners = [(0.005, 0.005), (0.49, 0.005), (0.49, 0.995), (0.005, 0.995), (0.005, 0.01)]
    for k, (x, y) in enumerate(corners):
        page.mouse.move(room["x"] + x * room["width"], room["y"] + y * room["height"])
        if k == 0:
            page.mouse.down()
    page.mouse.up()
    canvas.settle()
    assert session.display.picked is not None and session.display.picked.all()


@pytest.mark.slow
def test_the_wheel_zooms_where_the_mouse_is_and_both_panes_move(
    page: Page, session: Session
) -> None:
    session.train("pca", blend=False, judged=False).wait(60)
    box = CanvasBox(Scene(session), Home())
    box.pair.value = True
    canvas, room = drawn(page, box.spots.widget)
    page.mouse.move(room["x"] + 100, room["y"] + 100)
    before = int(page.locator("canvas").get_attribute("data-drawn") or 0)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(100)
    assert page.get_by_text("Click the map first").is_visible()  # a page may be scrolled past it
    assert int(page.locator("canvas").get_attribute("data-drawn") or 0) == before
    page.mouse.click(room["x"] + 100, room["y"] + 100)
    page.mouse.wheel(0, -2000)
    canvas.settle()
    left, right = (page.evaluate(GROUND, shares) for shares in ((0.0, 0.49), (0.51, 1.0)))
    assert left == pytest.approx(right, abs=0.03)  # as much ground between the spots on either side


@pytest.mark.slow
def test_the_legend_shows_names_as_text_and_hides_a_group(page: Page, session: Session) -> None:
    session.adata.obs["kind"] = np.array(NAMES)[np.arange(session.adata.n_obs) % 4]
    session.events.contents.emit()
    session.display.column = "kind"
    box = CanvasBox(Scene(session), Home())
    canvas, _room = drawn(page, box.spots.widget)
    entries = page.locator(".groups button")
    assert entries.count() == 4
    assert page.locator(".groups b").count() == 0
    entries.filter(has_text="R&D").click(modifiers=["Control"])
    canvas.settle()
    assert session.display.hidden["kind"] == {"R&D"}
    canvas.settle()
    codes = session.adata.obs["kind"].to_numpy() == "R&D"
    assert (colours(box.spots.widget.colours)[codes, 3] == 0).all()
    assert "1 of 4 hidden" in page.locator(".legend").inner_text()


@pytest.mark.slow
def test_nothing_listens_when_the_cell_is_gone(page: Page, box: CanvasBox) -> None:
    drawn(page, box.spots.widget)
    page.evaluate("() => end()")
    assert page.evaluate("() => Object.values(told).flat().length") == 0


@pytest.mark.slow
def test_each_section_has_its_name_above_it(page: Page) -> None:
    session = Session()
    session.open(overlaid())
    box = CanvasBox(Scene(session), Home())
    CanvasPage(page, box.spots.widget)
    names = page.locator(".stage svg text")
    names.nth(1).wait_for()
    assert names.all_text_contents() == ["B", "A"]
    first, second = (names.nth(k).bounding_box() for k in (0, 1))
    assert first is not None and second is not None
    assert first["x"] + first["width"] < second["x"] and first["y"] > 0
