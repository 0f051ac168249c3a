"""Settings, titles and needs of the models, as forms, `--help` and tables read them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from napari_stimpute.config import FormField, form_fields
from napari_stimpute.errors import InvalidSetting, UnknownName
from napari_stimpute.models import MODELS, model_class, model_info
from napari_stimpute.models.gmm_vgae.model import GMMVGAE

FIELDS = [
    pytest.param(name, field, id=f"{name}-{field.name}")
    for name, info in MODELS.items()
    for field in form_fields(info.config)
]


def test_the_main_model_comes_first() -> None:
    assert next(iter(MODELS)) == "gmm_vgae"


def test_every_preset_is_valid_and_every_model_has_a_quick_one(name: str) -> None:
    config = MODELS[name].config
    presets: dict[str, dict[str, object]] = config.PRESETS
    assert {"default", "tiny"} <= set(presets)
    assert presets["default"] == {}
    for settings in presets.values():
        assert set(settings) <= set(config.model_fields)
        config.checked(settings)


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_a_setting_can_be_shown_in_a_form(name: str, field: FormField) -> None:
    assert field.help.strip().endswith((".", ")"))
    assert field.title[0].isupper()
    if field.kind in ("integer", "number"):
        assert field.minimum is not None and field.maximum is not None
        assert field.minimum <= field.default <= field.maximum
        assert field.step
    if field.kind == "choice":
        assert field.default in field.choices


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_limits_are_kept_and_what_lies_beyond_is_refused(name: str, field: FormField) -> None:
    config = MODELS[name].config
    if field.minimum is None or field.maximum is None:
        return
    for value in (field.minimum, field.maximum):
        config.checked({field.name: value})
    for value in (field.minimum - 1, field.maximum + 1, float("nan")):
        with pytest.raises(InvalidSetting, match=rf"Expected {field.name} to be .*Change it"):
            config.checked({field.name: value})


def test_a_choice_that_is_none_is_refused_with_those_there_are() -> None:
    words = r"mode to be 'denoise' or 'fill', but found 'smooth'"
    with pytest.raises(InvalidSetting, match=words) as caught:
        GMMVGAE(mode="smooth")
    assert caught.value.field == "mode"


def test_a_preset_gives_its_settings_and_others_on_top() -> None:
    config = GMMVGAE.preset("tiny", n_domains=7).config
    assert (config.n_domains, config.n_hidden) == (7, 32)


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"name of a preset.*'tinny'.*'tiny'"):
        GMMVGAE.preset("tinny")


def test_an_unknown_model_is_refused_with_near_names() -> None:
    with pytest.raises(UnknownName, match=r"name of a model, but found 'gmm_vgea'.*'gmm_vgae'"):
        model_class("gmm_vgea")


def test_a_config_and_single_settings_are_not_mixed() -> None:
    with pytest.raises(TypeError, match="not both"):
        GMMVGAE(model_info("gmm_vgae").config(), n_domains=3)


def test_settings_are_read_without_torch() -> None:
    code = (
        "import sys; from napari_stimpute.models import MODELS, configs;"
        "from napari_stimpute.config import form_fields;"
        "[form_fields(i.config) for i in MODELS.values()]; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
