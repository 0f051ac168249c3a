"""What is typed and chosen in the window's form reaches the settings, and what is wrong is seen."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_stimpute.config import ModelConfig
from napari_stimpute.models import MODELS
from napari_stimpute.models.configs import GMMVGAEConfig
from napari_stimpute.panels.form import Form
from napari_stimpute.plugin.widgets.form import ConfigForm

pytestmark = pytest.mark.usefixtures("qapp")
CONFIGS = [info.config for info in MODELS.values()]
PRESETS = [
    pytest.param(config, preset, id=f"{config.__name__}-{preset}")
    for config in CONFIGS
    for preset in config.PRESETS
]


@pytest.fixture
def drawn(qtbot: QtBot) -> ConfigForm:
    made = ConfigForm(Form(GMMVGAEConfig, ["domain", "slide"]))
    qtbot.addWidget(made)
    return made


def entered_again(drawn: ConfigForm) -> ModelConfig:
    """The settings, after each control has passed on what it shows."""
    for name, widget in drawn.widgets.items():
        drawn.form.enter(name, widget.value)
    return drawn.form.read()


@pytest.mark.parametrize(("config", "preset"), PRESETS)
def test_controls_show_presets_unchanged(config: type[ModelConfig], preset: str) -> None:
    drawn = ConfigForm(Form(config))
    drawn.form.choose_preset(preset)
    assert entered_again(drawn) == config.checked(config.PRESETS[preset])


@pytest.mark.parametrize("config", CONFIGS)
def test_controls_show_limits_unchanged(config: type[ModelConfig]) -> None:
    drawn = ConfigForm(Form(config))
    for name, about in drawn.form.about.items():
        for value in (about.minimum, about.maximum, *about.choices):
            if value is not None:
                drawn.form.write({name: value})
                assert drawn.form.read() == entered_again(drawn)


def test_numbers_finer_than_the_step_are_shown_in_full(drawn: ConfigForm) -> None:
    values = {"learning_rate": 1.25e-5, "dropout": 0.123, "hidden_share": 0.0525}
    drawn.form.write(values)
    assert entered_again(drawn) == GMMVGAEConfig(**values)


def test_what_a_person_enters_is_read(drawn: ConfigForm, qtbot: QtBot) -> None:
    drawn.widgets["n_domains"].native.setValue(7)
    drawn.widgets["refine"].native.click()
    column = drawn.widgets["section_key"].native
    column.setCurrentIndex(column.findText("slide"))
    rate = drawn.widgets["learning_rate"].native
    rate.selectAll()
    qtbot.keyClicks(rate, "0,02")  # no need to leave the line
    expected = GMMVGAEConfig(n_domains=7, refine=True, section_key="slide", learning_rate=0.02)
    assert drawn.form.read() == expected
    assert rate.text() == "0.02"


def test_a_bad_number_is_marked_when_the_line_is_left(drawn: ConfigForm, qtbot: QtBot) -> None:
    rate = drawn.widgets["learning_rate"].native
    rate.selectAll()
    qtbot.keyClicks(rate, "fast")
    assert not drawn.words.text()
    qtbot.keyClick(rate, Qt.Key.Key_Return)
    assert "learning_rate" in drawn.words.text() and rate.styleSheet()
    assert rate.text() == "fast"
    rate.selectAll()
    qtbot.keyClicks(rate, "0.01")
    assert not drawn.words.text() and not rate.styleSheet()


def test_a_wrong_advanced_setting_is_unfolded(drawn: ConfigForm, qtbot: QtBot) -> None:
    drawn.show()
    advanced: QWidget = drawn.widgets["dropout"].native
    assert advanced.visibleRegion().isEmpty()
    drawn.form.mark("dropout", "too much")
    qtbot.waitUntil(lambda: not advanced.visibleRegion().isEmpty(), timeout=5_000)
    assert drawn.words.text() == "too much"


def test_every_control_has_its_help_and_its_label(drawn: ConfigForm) -> None:
    for field in drawn.form.fields:
        widget = drawn.widgets[field.about.name].native
        assert widget.toolTip() == field.help
        assert widget.accessibleName() == field.about.title


def test_columns_of_other_data_are_offered(drawn: ConfigForm) -> None:
    drawn.form.offer_columns(["batch"])
    assert list(drawn.widgets["section_key"].choices) == ["", "batch"]
