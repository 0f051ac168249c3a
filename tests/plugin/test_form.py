from __future__ import annotations

from typing import Any

import pytest

from napari_stimpute.config import form_fields
from napari_stimpute.errors import InvalidSetting
from napari_stimpute.models import MODELS
from napari_stimpute.models.configs import GMMVGAEConfig
from napari_stimpute.plugin.widgets.form import ConfigForm

pytestmark = pytest.mark.usefixtures("qapp")
CONFIGS = [info.config for info in MODELS.values()]
PRESETS = [
    pytest.param(config, values, id=f"{config.__name__}-{name}")
    for config in CONFIGS
    for name, values in config.PRESETS.items()
]


@pytest.mark.parametrize("config", CONFIGS)
def test_defaults_read_back_unchanged(config: Any) -> None:
    assert ConfigForm(config).read() == config()


@pytest.mark.parametrize(("config", "values"), PRESETS)
def test_presets_read_back_unchanged(config: Any, values: dict[str, Any]) -> None:
    form = ConfigForm(config)
    form.write(values)
    assert form.read() == config(**values)


@pytest.mark.parametrize("config", CONFIGS)
def test_limits_read_back_unchanged(config: Any) -> None:
    for field in form_fields(config):
        for value in (field.minimum, field.maximum, *field.choices):
            if value is not None:
                form = ConfigForm(config)
                form.write({field.name: value})
                assert getattr(form.read(), field.name) == value


def test_numbers_finer_than_the_step_survive() -> None:
    form = ConfigForm(GMMVGAEConfig)
    values = {"learning_rate": 1.25e-5, "dropout": 0.123, "hidden_share": 0.0525}
    form.write(values)
    assert form.read() == GMMVGAEConfig(**values)


def test_every_float_has_a_step_or_is_logarithmic() -> None:
    numbers = [f for config in CONFIGS for f in form_fields(config) if f.kind == "number"]
    assert all(field.step or field.log for field in numbers)


def test_every_setting_has_a_tooltip() -> None:
    form = ConfigForm(GMMVGAEConfig)
    assert all(widget.native.toolTip() for widget in form.widgets.values())


def test_columns_of_the_data_are_offered() -> None:
    form = ConfigForm(GMMVGAEConfig)
    form.set_columns(["section", "batch"])
    form.widgets["section_key"].value = "batch"
    assert form.read().section_key == "batch"  # type: ignore[attr-defined]
    form.set_columns(["other"])
    assert form.read().section_key == ""  # type: ignore[attr-defined]


def test_a_bad_number_is_marked_in_words() -> None:
    form = ConfigForm(GMMVGAEConfig)
    form.widgets["learning_rate"].value = "fast"
    with pytest.raises(InvalidSetting):
        form.read()
    assert "learning_rate" in form.words.text()
    assert form.widgets["learning_rate"].native.styleSheet()
    form.widgets["learning_rate"].value = "0.01"
    form.read()
    assert not form.words.text()
    assert not form.widgets["learning_rate"].native.styleSheet()


def test_a_number_out_of_range_is_marked_in_words() -> None:
    form = ConfigForm(GMMVGAEConfig)
    form.widgets["learning_rate"].value = "7"
    with pytest.raises(InvalidSetting):
        form.read()
    assert "less than or equal to 1" in form.words.text()
