"""Settings survive the form, and a bad one is said beside its control."""

from __future__ import annotations

import ipywidgets as widgets
import pytest

from napari_stimpute.config import ModelConfig, form_fields
from napari_stimpute.errors import InvalidSetting
from napari_stimpute.jupyter.widgets.form import NONE, ConfigForm
from napari_stimpute.models import MODELS
from napari_stimpute.models.configs import GMMVGAEConfig

CONFIGS = [info.config for info in MODELS.values()]


@pytest.mark.parametrize("config", CONFIGS)
def test_every_default_round_trips(config: type[ModelConfig]) -> None:
    assert ConfigForm(config).read() == config()


@pytest.mark.parametrize(
    ("config", "preset"), [(config, preset) for config in CONFIGS for preset in config.PRESETS]
)
def test_every_preset_round_trips(config: type[ModelConfig], preset: str) -> None:
    form = ConfigForm(config)
    form.write(config.PRESETS[preset])
    assert form.read() == config.checked(config.PRESETS[preset])


@pytest.mark.parametrize("value", [1e-3, 3e-3, 1e-6, 0.1 + 0.2, 1.0])
def test_numbers_are_not_rounded(value: float) -> None:
    form = ConfigForm(GMMVGAEConfig)
    form.write({"learning_rate": value})
    assert form.read().learning_rate == value


@pytest.mark.parametrize("config", CONFIGS)
def test_every_setting_says_what_it_is(config: type[ModelConfig]) -> None:
    form = ConfigForm(config)
    for field in form_fields(config):
        assert form.widgets[field.name].description == field.title
        assert field.help in form.widgets[field.name].tooltip


def test_writing_gives_unnamed_settings_their_defaults() -> None:
    form = ConfigForm(GMMVGAEConfig)
    form.write({"n_domains": 7, "edge_weight": 2.0})
    form.write({"n_domains": 5})
    assert form.read() == GMMVGAEConfig(n_domains=5)


def test_advanced_settings_are_folded_away() -> None:
    form = ConfigForm(GMMVGAEConfig)
    basic, advanced = form.widget.children
    assert form.widgets["epochs"] in basic.children
    assert isinstance(advanced, widgets.Accordion)
    assert advanced.selected_index is None
    assert form.widgets["dropout"] in advanced.children[0].children


def test_a_value_out_of_range_is_said_at_once_and_kept_as_typed() -> None:
    form = ConfigForm(GMMVGAEConfig)
    form.widgets["dropout"].value = 1.5
    assert form.widgets["dropout"].value == 1.5
    assert "dropout to be less than or equal to 0.9" in form.words["dropout"].text
    assert form.advanced.selected_index == 0
    with pytest.raises(InvalidSetting, match="dropout"):
        form.read()
    form.widgets["dropout"].value = 0.2
    assert form.words["dropout"].text == ""


def test_words_are_shown_as_text_not_as_html() -> None:
    form = ConfigForm(GMMVGAEConfig)
    form.mark("epochs", "<b>no</b>")
    assert "&lt;b&gt;" in form.words["epochs"].widget.value


def test_columns_of_the_data_are_offered_with_none_first() -> None:
    form = ConfigForm(GMMVGAEConfig, ["domain", "slide"])
    menu = form.widgets["section_key"]
    assert menu.options == ((NONE, ""), ("domain", "domain"), ("slide", "slide"))
    menu.value = "slide"
    form.set_columns(["slide", "batch"])
    assert form.read() == GMMVGAEConfig(section_key="slide")
    form.set_columns(["batch"])
    assert form.read() == GMMVGAEConfig()


def test_a_column_that_is_not_offered_is_not_dropped() -> None:
    form = ConfigForm(GMMVGAEConfig)
    form.write({"section_key": "slide"})
    assert form.read() == GMMVGAEConfig(section_key="slide")
