"""Lines of Python in the making: what they import, the data they open, and runs made here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path

import numpy as np

import napari_stimpute

from ... import keys
from ...config import ModelConfig
from ...data.records import RunRecord
from ...devices import DETERMINISTIC, resolve_device
from ...models import model_info
from ...session.session import Session
from ...words import counted
from ..message import Message, good, warning

COPY, COPY_HELP = "Copy code", "Lines of Python that do what is set here."
"""Title of the button, and what it gives."""

_WIDTH = 88
"""Letters of a line at most, where it can be broken."""


@dataclass(frozen=True)
class Code:
    """Lines that run as they are; none where ``why_not`` says why."""

    text: str = ""
    why_not: str = ""

    @property
    def said(self) -> Message:
        """What is said once they are copied."""
        return warning(self.why_not) if self.why_not else good(f"Copied: {self._size}.")

    @property
    def shown(self) -> Message:
        """What is said above them where they are to be copied by hand."""
        how = f"{self._size}: click into them, select all (Ctrl+A), and copy (Ctrl+C)."
        return warning(self.why_not) if self.why_not else good(how)

    @property
    def _size(self) -> str:
        lines = [line for line in self.text.splitlines() if line]
        return f"{counted(len(lines), 'line')} of Python"


@dataclass(frozen=True)
class Name:
    """A piece of code, which is written as it is."""

    text: str


ADATA, MODEL = Name("adata"), Name("model")


class Script:
    """Gathers lines about what a session has open; `code` puts imports and data before them.

    Parameters
    ----------
    why_not : why there is nothing to write, in words; "" where there is
    """

    def __init__(self, session: Session, why_not: str = "") -> None:
        self.session = session
        self._why_not = "Open data first." if session.adata is None else why_not
        self._used, self._lines = set[str](), list[str]()
        self._runs = set[str]()
        self._genes: str | None = None
        self._counts: str | None = None

    # ---- lines ---------------------------------------------------------------------------------

    def call(self, function: str, *args: object, **settings: object) -> Name:
        """A call, with values as Python writes them; what is public is imported."""
        named = [f"{name}={self.literal(value)}" for name, value in settings.items()]
        return Name(_call(self._named(function), [*map(self.literal, args), *named]))

    def drained(self, steps: str, *args: object, **settings: object) -> Name:
        """A call whose steps are all taken."""
        return self.call("drain", self.call(steps, *args, **settings))

    def add(self, line: Name | str, to: str = "") -> None:
        """Write a line; a value goes ``to`` a name."""
        text = line.text if isinstance(line, Name) else line
        self._lines.append(f"{to} = {text}" if to else text)

    def literal(self, value: object) -> str:
        """A value as Python writes it, whatever signs its names hold."""
        if isinstance(value, Name):
            return value.text
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, str):
            text = repr(value)
            return text if '"' in text or "\\'" in text else f'"{text[1:-1]}"'
        if isinstance(value, Mapping):
            inner = (f"{self.literal(k)}: {self.literal(v)}" for k, v in value.items())
            return f"{{{', '.join(inner)}}}"
        if isinstance(value, list | tuple):
            return f"[{', '.join(map(self.literal, value))}]"
        if isinstance(value, ModelConfig) or is_dataclass(value):
            return self.call(type(value).__name__, **settings_of(value)).text
        return repr(value)

    def _named(self, function: str) -> str:
        root = function.partition(".")[0]
        if root in napari_stimpute.__all__:
            self._used.add(root)
        return function

    # ---- what they are about -------------------------------------------------------------------

    def open_with(self, genes: str, counts: str) -> None:
        """Open the data with these choices, whatever those were with which they are open."""
        self._genes, self._counts = genes, counts

    def run(self, key: str) -> None:
        """Train a run that the file does not hold, as it was trained here."""
        if key in self.session.models and key in self.session.contents.records:
            self._runs.add(key)

    def column(self, name: str) -> None:
        """Have a column of obs: that of a run, or of the file."""
        runs = {keys.cluster(key): key for key in self.session.contents.records}
        if name in runs:
            self.run(runs[name])
        elif name in self.session.unsaved:
            self._why_not = self._why_not or (
                f"“{name}” was made here and is in no file yet: save the data, in the tab Data, "
                "and open what was saved."
            )

    def model(self, key: str) -> None:
        """Have a fitted model, as `MODEL`: that of a folder, or trained as it was here."""
        found = self.session.models.get(key)
        if found is None:
            self._why_not = self._why_not or "Train a model first."
        elif found.folder:
            self.add(self.call(f"{type(found).__name__}.load", found.folder), MODEL.text)
        else:
            self.run(key)
            self.add(f"model = session.models[{self.literal(key)}]")

    def train(self, model: str, config: ModelConfig, **options: object) -> Name:
        """A call that trains; ``options`` are those of `Session.train`, its defaults left out."""
        usual = {"seed": 0, "device": "auto", "key": "", "blend": True, "judged": True}
        usual |= {"keeps": "values", "deterministic": False}
        others = {name: value for name, value in options.items() if value != usual[name]}
        settings = [config] if settings_of(config) else []
        return Name(f"{self.call('session.train', model, *settings, **others).text}.join()")

    def code(self) -> Code:
        """All lines, with what they need before them."""
        if self._why_not:
            return Code(why_not=self._why_not)
        opening = self._opening()
        records = self.session.contents.records
        trained = [self._again(records[key]).text for key in records if key in self._runs]
        asks = any(re.search(r"\badata\b", line) for line in self._lines)
        here = ["adata = session.adata"] if asks else []
        names = ", ".join(sorted(self._used))
        lines = [*opening, *trained, *here, *self._lines]
        imported = _from(names)
        return Code("\n".join([imported, "", *lines, ""]))

    def _opening(self) -> list[str]:
        session, card = self.session, self.session.card
        assert card is not None
        how, lines = card.how, list[str]()
        genes = how.genes if self._genes is None else self._genes
        counts = how.counts if self._counts is None else self._counts
        source: object = session.path
        if not session.path and how.made_by in napari_stimpute.__all__:
            source = self.call(how.made_by)
        elif not session.path:
            source, lines = ADATA, ["adata = ...  # your AnnData"]
        if not session.path and counts == "raw":
            counts = ""  # of the data that are worked on, not of those that came
        chosen: dict[str, object] = {"genes": _whole(genes), "also": list(session.also)}
        chosen |= {"counts": counts, "options": dict(how.options)}
        lines.append(f"session = {self.call('Session').text}")
        chosen = {name: value for name, value in chosen.items() if value}
        return [*lines, self.call("session.open", source, **chosen).text]

    def _again(self, record: RunRecord) -> Name:
        """The call that trained a run."""
        trust, info = record.trust, model_info(record.model)
        blended = trust is not None and bool(trust.parts)
        return self.train(
            record.model,
            info.config.checked(record.config),
            seed=record.seed,
            device="auto" if record.device == resolve_device() else record.device,
            key="" if record.key == record.model else record.key,
            blend=blended or not info.blends,
            judged=trust is not None and bool(trust.verdicts),
            keeps="model" if record.key in self.session.contents.kept else "values",
            deterministic=DETERMINISTIC in record.notes,
        )


def settings_of(value: object) -> dict[str, object]:
    """Settings of a config or a dataclass that differ from the defaults, by name."""
    if isinstance(value, ModelConfig):
        return {name: getattr(value, name) for name in value.model_dump(exclude_defaults=True)}
    assert is_dataclass(value)
    found = dict[str, object]()
    for field in fields(value):
        usual = field.default_factory() if field.default_factory is not MISSING else field.default
        if getattr(value, field.name) != usual:
            found[field.name] = getattr(value, field.name)
    return found


def _call(function: str, parts: Iterable[str]) -> str:
    """A call in one line, or with a line for each of its parts."""
    given = list(parts)
    one = f"{function}({', '.join(given)})"
    if len(one) <= _WIDTH or not given:
        return one
    inner = "".join(f"    {part.replace(chr(10), chr(10) + '    ')},\n" for part in given)
    return f"{function}(\n{inner})"


def _from(names: str) -> str:
    one = f"from napari_stimpute import {names}"
    if len(one) <= _WIDTH:
        return one
    inner = "".join(f"    {name},\n" for name in names.split(", "))
    return f"from napari_stimpute import (\n{inner})"


def _whole(genes: str) -> str:
    """A choice of genes; a file of names is found from wherever the lines run."""
    path = Path(genes).expanduser()
    return str(path.resolve()) if genes and path.is_file() else genes
