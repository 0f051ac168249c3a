"""Figures: true sizes, image coordinates, one honest scale; colours that can be told apart."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

from napari_stimpute.data.image import TissueImage
from napari_stimpute.plots import (
    NO_CATEGORY,
    Tissue,
    categorical_palette,
    domain_map,
    gene_maps,
    gene_pair,
    loss_curve,
    score_bars,
    tissue_overview,
    variable_gene_overlap,
)
from napari_stimpute.plots.saving import png_of

from .contrast import contrast

PLACES = np.array([[100.0, 50.0], [300.0, 50.0], [100.0, 250.0], [300.0, 450.0]])
VALUES = np.array([0.0, 1.0, 2.0, 4.0])


@pytest.fixture
def tissue() -> Tissue:
    pixels = np.full((60, 40, 3), 200, dtype=np.uint8)
    return Tissue(PLACES, 40.0, (TissueImage(pixels, 0.1, "s"),), 1.0)


def spots_of(figure: Figure) -> list[EllipseCollection]:
    return [c for ax in figure.axes for c in ax.collections if isinstance(c, EllipseCollection)]


def rgb(hex_color: str) -> np.ndarray:
    return np.array([int(hex_color[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def lab(color: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of sRGB, from the standard's formulas."""
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ linear / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def as_green_blind(color: np.ndarray) -> np.ndarray:
    """Deuteranopia after Viénot, Brettel and Mollon (1999), in linear RGB."""
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    red_green = 0.29275 * linear[0] + 0.70725 * linear[1]
    seen = np.array([red_green, red_green, -0.02234 * (linear[0] - linear[1]) + linear[2]])
    seen = np.clip(seen, 0, 1)
    return np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)


def smallest_difference(colors: list[np.ndarray]) -> float:
    points = np.array([lab(c) for c in colors])
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    return float(apart[np.triu_indices(len(points), 1)].min())


def test_sixty_colours_are_distinct_to_normal_eyes() -> None:
    colors = [rgb(c) for c in categorical_palette(60)]
    assert smallest_difference(colors) > 7  # 2.3 is just noticeable


def test_first_eight_colours_are_distinct_to_green_blind_eyes() -> None:
    colors = [as_green_blind(rgb(c)) for c in categorical_palette(8)]
    assert smallest_difference(colors) > 8


def test_every_colour_of_a_group_is_seen_on_black_on_white_and_on_pale_tissue() -> None:
    haematoxylin_and_eosin = 1 - 0.35 * (1 - np.array([0.87, 0.66, 0.78]))  # as figures draw it
    for ground, least in (((0, 0, 0), 3.0), ((1, 1, 1), 3.0), (haematoxylin_and_eosin, 2.4)):
        ratios = [contrast(rgb(colour), ground) for colour in categorical_palette(60)]
        assert min(ratios) >= least


def test_a_longer_palette_begins_with_the_shorter_one() -> None:
    assert categorical_palette(20)[:7] == categorical_palette(7)
    assert len(categorical_palette(75)) == 75
    assert categorical_palette(0) == []


def test_palette_needs_no_matplotlib() -> None:
    code = (
        "import sys; from napari_stimpute.plots import categorical_palette as p; p(9);"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_no_figure_touches_pyplot(tissue: Tissue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    png_of(gene_pair(tissue, VALUES, VALUES, limits=(0, 4), gene="A"))
    assert "matplotlib.pyplot" not in sys.modules


def test_raw_and_imputed_share_one_scale_and_one_colour_bar_with_its_unit(tissue: Tissue) -> None:
    figure = gene_pair(tissue, VALUES, VALUES / 2, limits=(0.0, 3.0), gene="Mbp")
    raw, imputed = spots_of(figure)
    assert raw.get_clim() == imputed.get_clim() == (0.0, 3.0)
    bars = [ax for ax in figure.axes if ax.get_label() == "<colorbar>"]
    assert len(bars) == 1
    assert bars[0].get_ylabel() == "counts per spot"
    assert figure.get_suptitle() == "Mbp"


def test_colour_bar_points_up_when_values_lie_above_it(tissue: Tissue) -> None:
    def extend(top: float) -> str:
        spots = spots_of(gene_pair(tissue, VALUES, VALUES, limits=(0.0, top), gene="A"))
        assert spots[-1].colorbar is not None
        return spots[-1].colorbar.extend

    assert extend(3.0) == "max"
    assert extend(4.0) == "neither"


def test_spots_have_their_true_size_in_coordinate_units(tissue: Tissue) -> None:
    figure = tissue_overview(tissue, VALUES)
    (spots,) = spots_of(figure)
    np.testing.assert_array_equal(spots.get_widths(), 40.0)
    FigureCanvasAgg(figure).draw()  # widths become pixels by the scale of the coordinates
    scales = [of.get_affine().get_matrix() for of in (spots.get_transform(), spots.axes.transData)]
    np.testing.assert_allclose(scales[0][:2, :2], scales[1][:2, :2])


def test_tissue_is_drawn_as_an_image_lies(tissue: Tissue) -> None:
    for ax in gene_pair(tissue, VALUES, VALUES, limits=(0, 4), gene="A").axes[:2]:
        bottom, top = ax.get_ylim()
        assert bottom > top  # y grows downwards
        assert ax.get_aspect() == 1.0
        left, right = ax.get_xlim()
        assert left < 80 and right > 320  # whole spots lie inside


def test_image_lies_under_the_spots_in_their_units(tissue: Tissue) -> None:
    (image,) = tissue_overview(tissue, VALUES).axes[0].images
    assert image.get_extent() == [0, 400, 600, 0]  # 40 × 60 pixels at 0.1 pixels a unit


def test_a_tissue_without_image_is_drawn_plain() -> None:
    figure = tissue_overview(Tissue(PLACES, 40.0), VALUES)
    assert not any(ax.images for ax in figure.axes[:1])
    assert png_of(figure).startswith(b"\x89PNG")


def test_scale_bar_has_a_round_length_and_only_where_it_is_known(tissue: Tissue) -> None:
    texts = [
        t.get_text()
        for t in gene_maps(tissue, {"A": VALUES}, limits=(0, 4), title="A").axes[0].texts
    ]
    assert texts == ["50 µm"]
    plain = Tissue(PLACES, 40.0)
    assert not gene_maps(plain, {"A": VALUES}, limits=(0, 4), title="A").axes[0].texts


def test_high_values_are_drawn_over_low_ones(tissue: Tissue) -> None:
    (spots,) = spots_of(gene_maps(tissue, {"A": VALUES[::-1].copy()}, limits=(0, 4), title="A"))
    array = spots.get_array()
    assert array is not None
    assert list(array) == sorted(array)
    np.testing.assert_array_equal(spots.get_offsets()[-1], PLACES[0])


def test_legend_of_domains_matches_the_spots(tissue: Tissue) -> None:
    codes = np.array([1, 0, 0, -1])
    figure = domain_map(tissue, {"Found": (codes, ["one", "two"], ["#0072b2", "#e69f00"])})
    (spots,) = spots_of(figure)
    drawn = [tuple(np.round(c[:3], 3)) for c in spots.get_facecolor()]
    assert drawn == [
        tuple(np.round(rgb(c), 3)) for c in ("#e69f00", "#0072b2", "#0072b2", NO_CATEGORY)
    ]
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [t.get_text() for t in legend.get_texts()] == ["one  (2)", "two  (1)", "none  (1)"]


def test_loss_curve_draws_each_measure_and_names_the_phases() -> None:
    history = [{"phase": "pretrain", "step": s, "loss": 9.0 / s} for s in range(1, 20)]
    history += [{"phase": "mixture", "step": s, "loss": 1.0, "validation": 2.0} for s in (20, 21)]
    figure = loss_curve(history)
    top, bottom = figure.axes
    assert [len(line.get_xdata()) for ax in (top, bottom) for line in ax.lines] == [21, 2]
    assert [t.get_text() for t in top.texts] == ["pretrain", "mixture"]
    assert png_of(figure)


def test_names_of_phases_do_not_lie_upon_one_another() -> None:
    phases = ("own counts alone", "own counts and neighbours'", "neighbours' counts")
    names = [*(f"pretrain ({phase})" for phase in phases), "mixture"]
    history = [
        {"phase": name, "step": 48 * place + step, "loss": 1.0, "validation": 1.0}
        for place, name in enumerate(names)
        for step in range(1, 49)
    ]
    figure = loss_curve(history)
    figure.canvas.draw()
    drawn = [text.get_window_extent() for ax in figure.axes for text in ax.texts]
    assert len(drawn) == 4
    assert not any(a.overlaps(b) for a, b in itertools.combinations(drawn, 2))


@pytest.mark.parametrize("history", [[], [{"phase": "fit", "step": 1, "genes": 3.0}]])
def test_a_model_that_measures_nothing_is_said_to(history: list[dict[str, object]]) -> None:
    (ax,) = loss_curve(history).axes
    assert ax.texts[0].get_text() == "Nothing was measured while learning"


def test_one_single_step_can_be_drawn() -> None:
    assert png_of(loss_curve([{"phase": "fit", "step": 1, "loss": 3.0}]))


def test_bars_name_the_reference_and_every_value() -> None:
    figure = score_bars(
        {"A": 0.2, "B": -0.04, "C": 0.0}, reference="the mean", label="gain", best="A"
    )
    (ax,) = figure.axes
    assert [t.get_text() for t in ax.texts] == ["0.200", "−0.040", "0.000"]
    assert "0: level with the mean" in ax.get_xlabel()


def test_overlap_counts_what_came_and_went() -> None:
    figure = variable_gene_overlap(["a", "b", "c"], ["c", "a", "x"], 12)
    labels = [t.get_text() for t in figure.legends[0].get_texts()]
    assert labels == ["in both (2)", "only before (1)", "only after (1)"]
    assert figure.axes[0].get_title(loc="left") == "3 most variable of 12 genes"
    assert png_of(figure)


def test_one_spot_and_one_gene_can_be_drawn() -> None:
    alone = Tissue(np.array([[5.0, 5.0]]), 1.0)
    assert png_of(gene_pair(alone, np.zeros(1), np.zeros(1), limits=(0.0, 1.0), gene="A"))
    assert png_of(tissue_overview(alone, np.zeros(1)))
    assert png_of(variable_gene_overlap(["a"], ["a"], 1))


@pytest.mark.parametrize("name", [r"A$\frac{1$B", "a$b$c", "$x^$"])
def test_a_name_with_dollars_is_drawn_as_it_is(name: str) -> None:
    figure = gene_pair(
        Tissue(PLACES, 50.0), np.arange(4.0), np.arange(4.0), limits=(0, 3), gene=name
    )
    assert png_of(figure).startswith(b"\x89PNG")
    texts = [t for t in figure.findobj(lambda a: hasattr(a, "get_parse_math")) if t.get_text()]
    assert not any(text.get_parse_math() for text in texts)
