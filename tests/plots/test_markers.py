"""Figures of markers show each gene and group where they belong."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection, PolyCollection

from napari_stimpute.plots.markers import dot_plot, violins, volcano


def dots_of(ax) -> list[PathCollection]:
    return [c for c in ax.collections if isinstance(c, PathCollection)]


def test_dots_grow_with_the_share_and_darken_with_the_level() -> None:
    shown = SimpleNamespace(
        groups=("a", "b"),
        genes=("up", "rare", "none"),
        level=np.array([[4.0, 0.1, 0.0], [2.0, 0.2, 0.0]]),
        share=np.array([[1.0, 0.2, 0.0], [0.5, 0.4, 0.0]]),
    )
    ax = dot_plot(shown).axes[0]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["up", "rare", "none"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    (dots,) = dots_of(ax)
    np.testing.assert_allclose(dots.get_array(), [1.0, 0.5, 0.0, 0.5, 1.0, 0.0])
    sizes = dots.get_sizes()
    np.testing.assert_allclose(sizes / sizes.max(), [1.0, 0.2, 0.0, 0.5, 0.4, 0.0])
    low, high = ax.get_ylim()
    assert low > high  # the first group on top


def table(**changed: list[float]) -> pd.DataFrame:
    columns = {
        "gene": ["up", "down", "flat", "weak"],
        "log2_fold_change": [3.0, -2.0, 0.0, 2.5],
        "p_adjusted": [1e-30, 1e-10, 1.0, 0.3],
    }
    return pd.DataFrame(columns | changed)


def test_genes_lie_where_change_and_p_say_and_the_significant_are_named() -> None:
    ax = volcano(table(), title="a against all other spots").axes[0]
    _, lower, higher = dots_of(ax)
    np.testing.assert_allclose(lower.get_offsets(), [[-2.0, 10.0]])
    np.testing.assert_allclose(higher.get_offsets(), [[3.0, 30.0]])
    assert [text.get_text() for text in ax.texts] == ["down", "up"]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["lower (1 gene)", "higher (1 gene)"]


@pytest.mark.parametrize("p", [[0.0] * 4, [1.0] * 4])
def test_p_of_zero_and_nothing_significant_are_drawn(p: list[float]) -> None:
    ax = volcano(table(p_adjusted=p), title="").axes[0]
    low, high = ax.get_ylim()
    offsets = np.concatenate([dots.get_offsets() for dots in dots_of(ax)])
    assert len(offsets) == 4 and ((offsets[:, 1] >= low) & (offsets[:, 1] <= high)).all()


def test_names_do_not_cover_one_another() -> None:
    many = pd.DataFrame(
        {"gene": [f"gene {i}" for i in range(8)], "log2_fold_change": 2.0, "p_adjusted": 1e-9}
    )
    assert len(volcano(many, title="").axes[0].texts) == 1


def test_each_gene_has_a_row_and_each_group_its_colour() -> None:
    generator = np.random.default_rng(0)
    codes = np.repeat([0, 1, -1], [30, 20, 10])
    values = {"one": generator.gamma(2, 1, 60), "two": generator.gamma(3, 1, 60)}
    rows = violins(values, codes, ["a", "b"], ["#ff0000", "#0000ff"]).axes
    assert [ax.get_title(loc="left") for ax in rows] == ["one", "two"]
    assert [t.get_text() for t in rows[-1].get_xticklabels()] == ["a (30)", "b (20)"]
    bodies = [c for c in rows[0].collections if isinstance(c, PolyCollection)]
    np.testing.assert_allclose([b.get_facecolor()[0, [0, 2]] for b in bodies], [[1, 0], [0, 1]])
    means = [line.get_ydata()[0] for line in rows[0].lines]
    np.testing.assert_allclose(means, [values["one"][:30].mean(), values["one"][30:50].mean()])


def test_genes_without_molecules_and_empty_groups_are_drawn() -> None:
    figure = violins({"none": np.zeros(5)}, np.zeros(5, int), ["a", "b"], ["#ff0000", "#0000ff"])
    assert len(figure.axes[0].collections) == 0
