"""Saved models that are damaged, made up, or carry code."""

from __future__ import annotations

import functools
import io
import json
import os
import pickle
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from napari_stimpute.models import model_class

from ..case import IN, Case, Want
from ..sound import G, put, section
from .files import evil

MODEL = f"{IN}/model"
PARTS = ("config.json", "record.json", "weights.pt")
Change = Callable[[Path], object]
State = dict[str, torch.Tensor]


@functools.cache
def saved(name: str) -> dict[str, bytes]:
    """The files of a trained model."""
    cls = model_class(name)
    model = cls() if name == "mixture" else cls.preset("tiny")
    with tempfile.TemporaryDirectory() as folder:
        path = model.fit(section(), seed=0, device="cpu").save(Path(folder) / "model")
        return {part: (path / part).read_bytes() for part in PARTS}


def _case(name: str, change: Change, model: str = "pca", want: Want = "refused") -> Case:
    def make(folder: Path) -> None:
        put(folder)
        (folder / "model").mkdir()
        for part, held in saved(model).items():
            (folder / "model" / part).write_bytes(held)
        change(folder / "model")

    return Case("models", f"{model}: {name}", ("use", model, MODEL), make, want)


def _holding(part: str, what: str | bytes) -> Change:
    held = what.encode() if isinstance(what, str) else what
    return lambda folder: (folder / part).write_bytes(held)


def _instead(part: str, how: Change) -> Change:
    def change(folder: Path) -> None:
        (folder / part).unlink()
        how(folder / part)

    return change


BROKEN_PARTS: dict[str, Callable[[str], Change]] = {
    "missing": lambda part: _instead(part, lambda path: None),
    "a folder": lambda part: _instead(part, lambda path: path.mkdir()),
    "a link to nowhere": lambda part: _instead(part, lambda path: path.symlink_to("nowhere")),
    "a link to nothing": lambda part: _instead(part, lambda path: path.symlink_to("/dev/null")),
    "empty": lambda part: _holding(part, b""),
    "all bytes": lambda part: _holding(part, bytes(range(256))),
    "cut": lambda part: lambda f: os.truncate(f / part, (f / part).stat().st_size // 2),
}
CONFIGS = {
    "a list": "[]",
    "null": "null",
    "a number": "3",
    "a word": '"x"',
    "lists without end": "[" * 100_000,
    "NaN": '{"model": "pca", "config": {"n_components": NaN}}',
    "a list of settings": '{"model": "pca", "config": [1]}',
    "null for settings": '{"model": "pca", "config": null}',
    "an unknown setting": '{"model": "pca", "config": {"nosuch": 1}}',
    "settings in settings": '{"model": "pca", "config": {"config": {"n_components": 5}}}',
    "self": '{"model": "pca", "config": {"self": 1}}',
    "a huge number": '{"model": "pca", "config": {"n_components": 1e30}}',
    "another model": '{"model": "os:system", "config": {}}',
    "no model": '{"config": {}}',
}
RECORDS: dict[str, Any] = {
    "a word for genes": {"var_names": "abc"},
    "a number for genes": {"var_names": 3},
    "null for genes": {"var_names": None},
    "fewer genes": {"var_names": ["gene 1", "gene 2"]},
    "more genes": {"var_names": [f"gene {i}" for i in range(G + 1)]},
    "one gene again and again": {"var_names": ["gene 1"] * G},
    "numbers as genes": {"var_names": list(range(G))},
    "lists as genes": {"var_names": [[f"gene {i}"] for i in range(G)]},
    "a word for a seed": {"seed": "x"},
    "a negative seed": {"seed": -5},
    "no seed": {"seed": None},
}
RECORDS_EITHER: dict[str, Any] = {
    "a device that is not": {"device": "cuda:77"},
    "a number for a device": {"device": 3},
    "a number for notes": {"notes": 3},
    "a number for a history": {"history": 3},
    "a word for completed": {"completed": "no"},
    "HTML in notes": {"notes": ["<script>alert(1)</script>", "\x1b[2J"]},
}


def changed_record(changes: dict[str, Any]) -> Change:
    """Write other things into the record."""

    def change(folder: Path) -> None:
        record = folder / "record.json"
        record.write_text(json.dumps(json.loads(record.read_text()) | changes))

    return change


def weights(how: Callable[[State], Any]) -> Change:
    """Write other weights."""

    def change(folder: Path) -> None:
        state = torch.load(folder / "weights.pt", weights_only=True)
        torch.save(how(state), folder / "weights.pt")

    return change


def _each(how: Callable[[torch.Tensor], Any]) -> Callable[[State], Any]:
    return lambda state: {name: how(tensor) for name, tensor in state.items()}


def _floats(how: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[State], Any]:
    return _each(lambda t: how(t) if t.is_floating_point() else t)


def _wholes(how: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[State], Any]:
    return _each(lambda t: t if t.is_floating_point() else how(t))


def _named(name: str, value: int) -> Callable[[State], Any]:
    """Fill the tensor of that name; models without it lose all they have."""
    return lambda state: (
        state | {name: torch.full_like(state[name], value)} if name in state else {}
    )


WEIGHTS: dict[str, Callable[[State], Any]] = {
    "of another name": lambda state: {"x": torch.zeros(1)},
    "a list": lambda state: [torch.zeros(2)],
    "one tensor": lambda state: torch.zeros(3),
    "a number": lambda state: 3,
    "without the mean": lambda state: {k: v for k, v in state.items() if k != "mean"},
    "numbers for tensors": _each(lambda t: 3),
    "words for tensors": _each(lambda t: "x"),
    "nothing for tensors": _each(lambda t: None),
    "NaN": _floats(lambda t: t * torch.nan),
    "infinite": _floats(lambda t: t * 0 + torch.inf),
    "transposed": _each(lambda t: t.T.contiguous() if t.ndim == 2 else t),
    "each one shorter": _each(lambda t: t[:-1]),
    "single numbers": _each(lambda t: t.flatten()[0]),
    "of two coarse bytes": _each(lambda t: t.bfloat16()),
    "complex": _each(lambda t: t.to(torch.complex64)),
    "whole numbers": _each(lambda t: t.long()),
    "without values": _each(lambda t: t.to("meta")),
    "of 10¹² repeated": lambda state: state | {"mean": torch.zeros(1).expand(10**12)},
    "empty": _each(lambda t: t[:0]),
    "nested": lambda state: {"a": state},
    "numbered": lambda state: dict(enumerate(state.values())),
}
WEIGHTS_EITHER: dict[str, Callable[[State], Any]] = {
    "one more": lambda state: state | {"extra": torch.zeros(2)},
    "with gradients": _floats(lambda t: t.requires_grad_()),
    "of two bytes": _each(lambda t: t.half()),
    "sparse": _each(lambda t: t.to_sparse()),
}
OF_NETWORKS: dict[str, Callable[[State], Any]] = {
    "NaN": _floats(lambda t: t * torch.nan),
    "without the first": lambda state: dict(list(state.items())[1:]),
    "without the last": lambda state: dict(list(state.items())[:-1]),
    "each one shorter": _each(lambda t: t[:-1] if t.ndim else t),
    "single numbers": _each(lambda t: t.flatten()[:1]),
    "whole numbers": _each(lambda t: t.long()),
    "whole numbers of 10⁹": _wholes(
        lambda t: t * 0 + 10**9 if t.dtype.itemsize > 1 else t * 0 + 255
    ),
    "whole numbers below zero": _wholes(lambda t: t * 0 - 7 if t.dtype.is_signed else t * 0 + 254),
    "labels of 10⁹": _named("clusters.labels", 10**9),
    "10⁹ clusters": _named("clusters.n", 10**9),
    "10⁹ steps": _named("domains.hops", 10**9),
    "titles of zeros": _named("titles", 0),
    "batches of zeros": _named("batches", 0),
    "communities of 10⁹": _named("communities", 10**9),
    "of another name": lambda state: {"x": torch.zeros(1)},
    "empty": _each(lambda t: t[:0] if t.ndim else t),
}


def cases() -> Iterator[Case]:
    for part in PARTS:
        for name, how in BROKEN_PARTS.items():
            yield _case(f"{part} {name}", how(part))
    for name, text in CONFIGS.items():
        yield _case(f"config {name}", _holding("config.json", text))
    for name, changes in RECORDS.items():
        yield _case(f"record with {name}", changed_record(changes))
    for name, changes in RECORDS_EITHER.items():
        yield _case(f"record with {name}", changed_record(changes), want="either")
    yield _case("record a list", _holding("record.json", "[1]"))
    for name, how in WEIGHTS.items():
        yield _case(f"weights {name}", weights(how))
    for name, how in WEIGHTS_EITHER.items():
        yield _case(f"weights {name}", weights(how), want="either")
    for model in ("gmm_vgae", "scziva", "scamzi", "scimta", "scdiffusion", "mixture"):
        for name, how in OF_NETWORKS.items():
            yield _case(f"weights {name}", weights(how), model)
        yield _case("sound", lambda folder: None, model, "taken")
    yield from _with_code()
    yield from _places()


class _Evil:
    """An object that runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def _with_code() -> Iterator[Case]:
    dangers: dict[str, Change] = {
        "a pickle": lambda f: (f / "weights.pt").write_bytes(pickle.dumps(_Evil(evil(f.parent)))),
        "an old pickle": lambda f: (f / "weights.pt").write_bytes(
            f"cposix\nsystem\n(S'{evil(f.parent)}'\ntR.".encode()
        ),
        "a tensor that acts": lambda f: torch.save(
            {"mean": _Evil(evil(f.parent))}, f / "weights.pt"
        ),
        "a whole network": lambda f: torch.save(torch.nn.Linear(2, 2), f / "weights.pt"),
        "a zip that slips": _slip,
        "a zip that swells": _swell,
    }
    for name, change in dangers.items():
        yield _case(f"weights {name}", change)
    module = _holding("__init__.py", "raise SystemExit('ran')")
    yield _case("beside a module", module, want="taken")


def _slip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "weights.pt", "a") as packed:
        packed.writestr("../../../slipped.txt", "x")


def _swell(folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO((folder / "weights.pt").read_bytes())) as packed:
        held = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(folder / "weights.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, what in held.items():
            packed.writestr(name, b"\0" * 50_000_000 if "/data/" in name else what)


def _places() -> Iterator[Case]:
    for name, path in {
        "missing": f"{IN}/nowhere",
        "a file": f"{IN}/in.h5ad",
        "a folder of other things": IN,
        "of 5,000 letters": f"{IN}/{'n' * 5000}",
    }.items():
        yield Case("models", f"at a place that is {name}", ("use", "pca", path), put)
    sound = _case("said to be gmm_vgae", lambda folder: None)
    yield Case("models", sound.name, ("use", "gmm_vgae", MODEL), sound.make)
