"""One description of a model's settings, from which forms, CLI and tables are made."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self, get_args, get_origin, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticUndefined

from .errors import InvalidSetting
from .words import did_you_mean

LARGEST_SEED = 4_000_000_000
"""The libraries take seeds up to 2³², and some seeds within are a little larger."""

Group = Literal["basic", "advanced"]
Kind = Literal["integer", "number", "boolean", "choice", "text"]
_KINDS: dict[Any, Kind] = {bool: "boolean", int: "integer", float: "number", str: "text"}
Source = Literal["", "obs", "layers", "obsm"]


def setting(
    default: Any,
    help: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    step: float | None = None,
    log: bool = False,
    source: Source = "",
    advanced: bool = False,
    title: str = "",
    none: str = "none",
    several: bool = False,
) -> Any:
    """One field of a `ModelConfig`: default, range, help text and place in the form.

    ``none`` is what a menu of columns calls "", and ``several`` says whether it may name more than
    one, with commas between.
    """
    group: Group = "advanced" if advanced else "basic"
    extra: dict[str, Any] = {"step": step, "log": log, "source": source, "group": group}
    extra |= {"none": none, "several": several}
    return Field(
        default, ge=ge, le=le, description=help, title=title or None, json_schema_extra=extra
    )


_FEW = 600

FEW_STEPS = 500
"""Steps that a phase may go on for, however few the cells are."""
"""Spots, of a small section."""


@dataclass(frozen=True)
class Phase:
    """A phase of training.

    Parameters
    ----------
    setting : which says how long it is at most
    usual : epochs after which it usually stops early; see `tests/benchmarks/measure_forecast.py`
    usual_of_few : the same of fewer than 600 spots, from which there is less to learn; 0 for no
        other number
    unit : what the setting counts
    least : setting of the steps for which it goes on, however few epochs are set; "" for none
    per_cell : steps at most for each cell (or spot), but `FEW_STEPS` in any case; 0 for no limit
    """

    setting: str
    usual: int = 60
    usual_of_few: int = 0
    unit: Literal["epochs", "steps"] = "epochs"
    least: str = ""
    per_cell: float = 0.0

    def usual_epochs(self, n_obs: int) -> int:
        """Epochs as a rule, where it may stop early."""
        return self.usual_of_few if self.usual_of_few and n_obs < _FEW else self.usual

    def n_steps(self, config: ModelConfig, per_epoch: int, n_obs: int) -> int:
        """Steps at most, where an epoch of so many spots has so many."""
        n = int(getattr(config, self.setting))
        least = int(getattr(config, self.least)) if self.least else 0
        n = max(least, n if self.unit == "steps" else n * per_epoch)
        return min(n, max(FEW_STEPS, round(self.per_cell * n_obs))) if self.per_cell else n


class ModelConfig(BaseModel):
    """Settings of one model: frozen, flat and never None.

    "Choose for me" is a value (``n_domains=0``), "none" is ``""``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"default": {}}
    """Named sets of settings; those that are not named keep their defaults."""

    SEARCH: ClassVar[dict[str, tuple[Any, ...]]] = {}
    """Choices of each setting that an automatic search tries."""

    PHASES: ClassVar[dict[str, Phase]] = {}
    """Phases of training by how their names begin; none where there are no epochs."""

    @classmethod
    def checked(cls, values: Mapping[str, Any] | None = None) -> Self:
        """Build from named values; a bad one raises `InvalidSetting`, which names the field."""
        try:
            return cls(**(values or {}))
        except ValidationError as error:
            raise _in_words(cls, error) from None


@runtime_checkable
class WithSections(Protocol):
    """Settings that can tell sections of a tissue apart."""

    @property
    def section_key(self) -> str:
        """Column in obs; "" for the sections that are found in the data."""


@runtime_checkable
class WithBatches(Protocol):
    """Settings that can name batches to be merged."""

    @property
    def batch_key(self) -> str:
        """Column in obs; "" if there is nothing to merge."""


@runtime_checkable
class WithBlocks(Protocol):
    """Settings of what is learned block by block."""

    @property
    def batch_size(self) -> int:
        """Spots in a block; fewer need less memory."""


@runtime_checkable
class WithThreshold(Protocol):
    """Settings that say how sure a zero must be before it is filled."""

    @property
    def fill_threshold(self) -> float:
        """Least probability that it is technical."""


class WithMode(Protocol):
    """Settings that say whether values are expected counts, or counts with zeros filled."""

    @property
    def mode(self) -> str:
        """Either "denoise" or "fill"."""


class WithCommunities(Protocol):
    """Settings that say whether genes are to be grouped."""

    @property
    def communities(self) -> bool:
        """Whether they are."""


@dataclass(frozen=True)
class FormField:
    """What a form needs to know of one setting."""

    name: str
    title: str
    kind: Kind
    default: Any
    minimum: float | None
    maximum: float | None
    step: float | None
    log: bool
    choices: tuple[str, ...]
    source: Source
    none: str
    several: bool
    help: str
    group: Group


def check_seed(seed: int) -> None:
    """Refuse a seed that the libraries do not take (`InvalidSetting`)."""
    if not 0 <= seed <= LARGEST_SEED:
        raise InvalidSetting(
            field="seed",
            expected=f"a whole number from 0 to {LARGEST_SEED:,}",
            found=f"{seed}",
            remedy="Choose another.",
        )


def form_fields(config: type[ModelConfig]) -> tuple[FormField, ...]:
    """Describe every setting of a config class, basic ones first, in order of definition."""
    fields = [_form_field(name, info) for name, info in config.model_fields.items()]
    return tuple(sorted(fields, key=lambda f: f.group == "advanced"))


def _form_field(name: str, info: Any) -> FormField:
    extra = info.json_schema_extra or {}
    limits = {type(m).__name__: m for m in info.metadata}
    choices = tuple(get_args(info.annotation)) if get_origin(info.annotation) is Literal else ()
    if info.default is PydanticUndefined or isinstance(info.annotation, types.UnionType):
        raise TypeError(f"{name}: a setting needs a default and one type")
    return FormField(
        name=name,
        title=info.title or _title(name),
        kind="choice" if choices else _KINDS[info.annotation],
        default=info.default,
        minimum=limits["Ge"].ge if "Ge" in limits else None,
        maximum=limits["Le"].le if "Le" in limits else None,
        step=extra.get("step"),
        log=bool(extra.get("log")),
        choices=choices,
        source=extra.get("source", ""),
        none=extra.get("none", ""),
        several=bool(extra.get("several")),
        help=info.description or "",
        group=extra.get("group", "basic"),
    )


def _title(name: str) -> str:
    """What a person calls a setting: n_domains is the number of them."""
    words = f"number of {name.removeprefix('n_')}" if name.startswith("n_") else name
    return words.replace("_", " ").capitalize()


def _in_words(config: type[ModelConfig], error: ValidationError) -> InvalidSetting:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "its settings"
    if first["type"] == "extra_forbidden" or not first["loc"]:  # or a name that is no text
        known = config.model_fields
        lists = f"Its settings are: {', '.join(known)}."
        return InvalidSetting(
            field=name,
            expected=f"a setting of {config.__name__}",
            found="a name it does not have",
            remedy=" ".join(filter(None, [did_you_mean(name, known), lists])),
        )
    wanted = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    kind, _, fault = first["type"].partition("_")
    if kind in _WORDS and fault.startswith(("type", "parsing", "from", "unicode")):
        wanted = _WORDS[kind]
    given, field = first["input"], config.model_fields[name]
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    asks = did_you_mean(given, choices) if isinstance(given, str) else ""
    remedy = asks or "Change it and try again."
    found = repr(given)
    found = found if len(found) <= _LONGEST else f"{found[:_LONGEST]}…"
    return InvalidSetting(field=name, expected=wanted, found=found, remedy=remedy)


_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "string": "a text"}
"""What a value of each kind is called, by the word with which pydantic begins a fault of it."""
_LONGEST = 200
"""Letters of a value that are repeated."""
