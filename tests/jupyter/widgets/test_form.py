"""What is entered in the notebook's form reaches the settings; a bad one is said beside it."""

from __future__ import annotations

import ipywidgets as widgets
import pytest

from napari_stimpute.config import ModelConfig
from napari_stimpute.errors import InvalidSetting
from napari_stimpute.jupyter.widgets.form import ConfigForm
from napari_stimpute.jupyter.widgets.loop import Home
from napari_stimpute.models import MODELS
from napari_stimpute.models.configs import GMMVGAEConfig
from napari_stimpute.panels.form import Form

CONFIGS = [info.config for info in MODELS.values()]


@pytest.fixture
def drawn() -> ConfigForm:
    return ConfigForm(Form(GMMVGAEConfig, ["domain", "slide"]), Home())


@pytest.mark.parametrize(
    ("config", "preset"), [(config, preset) for config in CONFIGS for preset in config.PRESETS]
)
def test_controls_show_presets_unchanged(config: type[ModelConfig], preset: str) -> None:
    drawn = ConfigForm(Form(config), Home())
    drawn.form.choose_preset(preset)
    for name, widget in drawn.widgets.items():
        drawn.form.enter(name, widget.value)
    assert drawn.form.read() == config.checked(config.PRESETS[preset])


@pytest.mark.parametrize("value", [1e-3, 3e-3, 1e-6, 0.1 + 0.2, 1.0])
def test_numbers_are_not_rounded(drawn: ConfigForm, value: float) -> None:
    drawn.form.write({"learning_rate": value})
    assert drawn.widgets["learning_rate"].value == value


def test_what_a_person_enters_is_read(drawn: ConfigForm) -> None:
    drawn.widgets["n_domains"].value = 7
    drawn.widgets["refine"].value = True
    drawn.widgets["section_key"].value = "slide"
    drawn.widgets["learning_rate"].value = 0.02
    expected = GMMVGAEConfig(n_domains=7, refine=True, section_key="slide", learning_rate=0.02)
    assert drawn.form.read() == expected


def test_every_control_has_its_title_and_its_help(drawn: ConfigForm) -> None:
    for field in drawn.form.fields:
        assert drawn.widgets[field.about.name].description == field.about.title
        assert drawn.widgets[field.about.name].tooltip == field.help


def test_advanced_settings_are_folded_away(drawn: ConfigForm) -> None:
    basic, advanced = drawn.widget.children
    assert drawn.widgets["epochs"] in basic.children
    assert isinstance(advanced, widgets.Accordion)
    assert advanced.selected_index is None
    assert drawn.widgets["dropout"] in advanced.children[0].children


def test_a_value_out_of_range_is_said_at_once_and_kept_as_typed(drawn: ConfigForm) -> None:
    drawn.widgets["dropout"].value = 1.5
    assert drawn.widgets["dropout"].value == 1.5
    assert "dropout to be less than or equal to 0.9" in drawn.words["dropout"].text
    assert drawn.advanced.selected_index == 0
    with pytest.raises(InvalidSetting, match="dropout"):
        drawn.form.read()
    drawn.widgets["dropout"].value = 0.2
    assert drawn.words["dropout"].text == ""


def test_words_are_shown_as_text_not_as_html(drawn: ConfigForm) -> None:
    drawn.form.mark("epochs", "<b>no</b>")
    assert "&lt;b&gt;" in drawn.words["epochs"].widget.value


def test_columns_of_the_data_are_offered_with_none_first(drawn: ConfigForm) -> None:
    menu = drawn.widgets["section_key"]
    assert menu.options == (("as found", ""), ("domain", "domain"), ("slide", "slide"))
    drawn.form.write({"section_key": "batch"})
    assert menu.value == "batch" and menu.options[-1] == ("batch", "batch")
    drawn.form.offer_columns(["slide"])
    assert menu.options == (("as found", ""), ("slide", "slide")) and menu.value == ""
