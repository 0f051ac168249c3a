from __future__ import annotations

from typing import Literal

import pytest
from pydantic import ValidationError

from napari_stimpute.config import ModelConfig, form_fields, setting
from napari_stimpute.errors import InvalidSetting


class Settings(ModelConfig):
    """One setting of each kind."""

    rate: float = setting(
        0.1, "How fast.", ge=0.001, le=1.0, step=0.01, log=True, advanced=True, title="Step size"
    )
    n_parts: int = setting(4, "How many.", ge=1, le=9, step=1)
    is_quick: bool = setting(False, "Whether to hurry.")
    mode: Literal["one", "two"] = setting("one", "Which way.")
    column: str = setting("", "A column.", source="obs")


def test_a_form_gets_all_it_needs_basic_settings_first() -> None:
    fields = form_fields(Settings)
    assert [f.name for f in fields] == ["n_parts", "is_quick", "mode", "column", "rate"]
    assert [f.kind for f in fields] == ["integer", "boolean", "choice", "text", "number"]
    assert [f.group for f in fields] == ["basic"] * 4 + ["advanced"]
    n_parts, is_quick, mode, column, rate = fields
    assert (n_parts.minimum, n_parts.maximum, n_parts.step, n_parts.default) == (1, 9, 1, 4)
    assert (n_parts.title, n_parts.help) == ("Number of parts", "How many.")
    assert (is_quick.minimum, is_quick.maximum, is_quick.choices) == (None, None, ())
    assert mode.choices == ("one", "two")
    assert column.source == "obs"
    assert (rate.title, rate.log) == ("Step size", True)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().n_parts = 5


def test_values_typed_in_a_shell_take_the_setting_s_type() -> None:
    typed = {"n_parts": "7", "is_quick": "true", "rate": "1e-2", "mode": "two", "column": "layer"}
    expected = Settings(n_parts=7, is_quick=True, rate=0.01, mode="two", column="layer")
    assert Settings.checked(typed) == expected


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"n_parts": 12}, "n_parts to be less than or equal to 9, but found 12."),
        ({"n_parts": 2.5}, "n_parts to be a whole number, but found 2.5."),
        ({"n_parts": "many"}, "n_parts to be a whole number, but found 'many'."),
        ({"rate": float("nan")}, "rate to be less than or equal to 1, but found nan."),
        ({"rate": float("inf")}, "rate to be less than or equal to 1, but found inf."),
        ({"is_quick": "perhaps"}, "is_quick to be true or false, but found 'perhaps'."),
        ({"mode": "three"}, "mode to be 'one' or 'two', but found 'three'."),
        ({"column": None}, "column to be a text, but found None."),
        ({"n_parts": "9" * 5000}, "n_parts to be a whole number, but found '9{199}…."),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_what_would_do(
    values: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidSetting, match=f"Expected {words} Change it") as caught:
        Settings.checked(values)
    assert caught.value.field == next(iter(values))


def test_a_setting_that_does_not_exist_is_refused_with_those_that_do() -> None:
    words = r"parts to be a setting of Settings.*does not have\. Did you mean 'n_parts'\?"
    with pytest.raises(InvalidSetting, match=words):
        Settings.checked({"parts": 3})
    with pytest.raises(InvalidSetting, match="its settings to be a setting of Settings"):
        Settings.checked({"\ud800": 3})


def test_a_setting_that_may_be_none_is_a_mistake_in_the_model() -> None:
    class Loose(ModelConfig):
        number: int | None = setting(None, "Perhaps a number.")

    with pytest.raises(TypeError, match="number: a setting needs a default and one type"):
        form_fields(Loose)


def test_no_settings_are_an_empty_form() -> None:
    assert form_fields(ModelConfig) == ()
