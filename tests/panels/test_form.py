"""Settings survive the form, and a bad one is said beside its control."""

from __future__ import annotations

from typing import Any

import pytest

from napari_stimpute.config import ModelConfig
from napari_stimpute.errors import InvalidSetting
from napari_stimpute.models import MODELS
from napari_stimpute.models.configs import GMMVGAEConfig
from napari_stimpute.models.diffusion_config import ScDiffusionConfig
from napari_stimpute.panels.form import Field, Form

CONFIGS = [info.config for info in MODELS.values()]
PRESETS = [
    pytest.param(config, preset, id=f"{config.__name__}-{preset}")
    for config in CONFIGS
    for preset in config.PRESETS
]


@pytest.fixture
def form() -> Form:
    return Form(GMMVGAEConfig, ["domain", "slide"])


def field(form: Form, name: str) -> Field:
    return next(field for field in form.fields if field.about.name == name)


@pytest.mark.parametrize("config", CONFIGS)
def test_defaults_read_back_unchanged(config: type[ModelConfig]) -> None:
    assert Form(config).read() == config()


@pytest.mark.parametrize(("config", "preset"), PRESETS)
def test_a_preset_fills_the_form_and_stays_chosen(config: type[ModelConfig], preset: str) -> None:
    form = Form(config)
    assert form.preset.chosen == "default"
    form.choose_preset(preset)
    assert form.read() == config.checked(config.PRESETS[preset])
    assert form.preset.chosen == preset
    form.choose_preset("default")
    assert form.read() == config()


@pytest.mark.parametrize("config", CONFIGS)
def test_limits_read_back_unchanged_also_as_text(config: type[ModelConfig]) -> None:
    for shown in Form(config).fields:
        about = shown.about
        for value in (about.minimum, about.maximum, *about.choices):
            if value is not None:
                form = Form(config)
                form.write({about.name: value})
                assert getattr(form.read(), about.name) == value
                if about.kind == "number":
                    form.enter(about.name, field(form, about.name).text)
                    assert getattr(form.read(), about.name) == value


@pytest.mark.parametrize("config", CONFIGS)
def test_every_setting_says_what_it_is_and_its_limits(config: type[ModelConfig]) -> None:
    for shown in Form(config).fields:
        about = shown.about
        assert about.title and about.help in shown.help
        for limit in (about.minimum, about.maximum):
            assert limit is None or f"{limit:,g}" in shown.help


def test_a_number_of_things_is_called_so() -> None:
    assert field(Form(MODELS["pca"].config), "n_components").about.title == "Number of components"


@pytest.mark.parametrize("value", [1e-3, 3e-3, 1.25e-5, 0.1 + 0.2, 1.0])
def test_numbers_are_not_rounded(form: Form, value: float) -> None:
    form.write({"learning_rate": value})
    form.enter("learning_rate", field(form, "learning_rate").text)
    assert form.read() == GMMVGAEConfig(learning_rate=value)


@pytest.mark.parametrize(("value", "decimals"), [(0.1, 2), (0.0525, 4), (0.123, 3)])
def test_a_number_has_the_decimals_that_it_needs(form: Form, value: float, decimals: int) -> None:
    form.write({"hidden_share": value})
    assert field(form, "hidden_share").decimals == decimals


def test_a_comma_may_stand_for_the_point(form: Form) -> None:
    form.enter("learning_rate", "0,02")
    assert form.read() == GMMVGAEConfig(learning_rate=0.02)
    assert field(form, "learning_rate").text == "0.02"


def test_writing_gives_unnamed_settings_their_defaults(form: Form) -> None:
    form.write({"n_domains": 7, "edge_weight": 2.0})
    form.write({"n_domains": 5})
    assert form.read() == GMMVGAEConfig(n_domains=5)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("dropout", 1.5, "dropout to be less than or equal to 0.9"),
        ("learning_rate", "7", "learning_rate to be less than or equal to 1"),
        ("learning_rate", "fast", "learning_rate to be a number"),
    ],
)
def test_a_bad_setting_is_said_at_once_and_kept_as_entered(
    form: Form, name: str, value: Any, words: str
) -> None:
    good = field(form, name).value
    form.enter(name, value)
    assert words in field(form, name).wrong and words in form.problems
    assert field(form, name).text == str(value)
    with pytest.raises(InvalidSetting, match=name):
        form.read()
    assert words in field(form, name).wrong
    form.enter(name, good)
    assert form.problems == "" and form.read() == GMMVGAEConfig()


def test_what_is_being_typed_is_not_called_wrong(form: Form) -> None:
    form.put("learning_rate", "1e-")
    assert not form.problems and field(form, "learning_rate").text == "1e-"
    form.check("learning_rate")
    assert "a number" in form.problems
    form.put("learning_rate", "1e-2")
    assert not form.problems
    assert form.read() == GMMVGAEConfig(learning_rate=0.01)


def test_a_setting_is_marked_for_what_was_found_later(form: Form) -> None:
    assert form.mark("n_domains", "too many") and form.problems == "too many"
    assert not form.mark("n_wheels", "too few") and form.problems == "too many"
    form.write({})
    assert not form.problems


def test_columns_of_the_data_are_offered_with_none_first(form: Form) -> None:
    offered = [(e.title, e.name) for e in field(form, "section_key").entries]
    assert offered == [("as found", ""), ("domain", "domain"), ("slide", "slide")]
    form.enter("section_key", "slide")
    form.offer_columns(["slide", "batch"])
    assert form.read() == GMMVGAEConfig(section_key="slide")
    form.offer_columns(["batch"])
    assert form.read() == GMMVGAEConfig()


def test_a_column_that_is_not_offered_is_not_dropped(form: Form) -> None:
    form.write({"section_key": "batch"})
    assert form.read() == GMMVGAEConfig(section_key="batch")
    assert "batch" in [e.name for e in field(form, "section_key").entries]


def test_every_number_has_a_step_or_is_logarithmic() -> None:
    numbers = [f.about for c in CONFIGS for f in Form(c).fields if f.about.kind == "number"]
    assert all(about.step or about.log for about in numbers)


def test_a_setting_of_several_columns_offers_one_more_and_one_less() -> None:
    form = Form(ScDiffusionConfig, ["type", "dose", "batch"])
    assert offered(form) == ["", "type", "dose", "batch"]
    form.enter("condition", "type")
    assert offered(form) == ["", "type", "dose", "batch", "type, dose", "type, batch"]
    form.enter("condition", "type, dose")
    assert {"type, dose", "type, dose, batch", "type", "dose"} <= set(offered(form))
    assert form.read() == ScDiffusionConfig(condition="type, dose")


def offered(form: Form) -> list[str]:
    return [entry.name for entry in field(form, "condition").entries]
