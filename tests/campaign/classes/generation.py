"""What is asked of scDiffusion: to be trained, to generate, enhance, be taught and edit."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from napari_stimpute import ScDiffusion

from ..case import FILE, IN, OUT, RESULT, Case, Want
from ..sound import G, N, content, put, section
from .models import BROKEN_PARTS, MODEL, OF_NETWORKS, PARTS, RECORDS, changed_record, weights

MADE = f"{OUT}/made"
QUICK = {"epochs": 1, "least_steps": 1, "diffusion_steps": 1, "n_clusters": 2}
SHORT = ("--preset", "tiny", *(f"--set={k}={v}" for k, v in QUICK.items()), "--quiet")
GENERATE = ("generate", MODEL, RESULT, "-n", "5", "--steps", "2", "--quiet")
ENHANCE = ("enhance", FILE, RESULT, "--model-dir", MODEL, "--quiet")
FINETUNE = ("finetune", MODEL, FILE, MADE, "--steps", "2", "--quiet")
EDIT = ("edit", FILE, RESULT, "--model-dir", MODEL, "--quiet")
PICKED = ("--cells", "label=a")
Change = Callable[[AnnData], object]
Lay = Callable[[Path], object]


@functools.cache
def trained() -> dict[str, bytes]:
    """The files of a model that hardly learned, of labels and of a number per cell."""
    model = ScDiffusion.preset("tiny", condition="label,score", **QUICK)
    with tempfile.TemporaryDirectory() as folder:
        path = model.fit(section(), seed=0, device="cpu").save(Path(folder) / "model")
        return {part: (path / part).read_bytes() for part in PARTS}


def _put_model(folder: Path) -> None:
    put(folder)
    (folder / "model").mkdir()
    for part, held in trained().items():
        (folder / "model" / part).write_bytes(held)


def _but(change: Change) -> Callable[[Path], None]:
    """The sound file with something changed, beside the model."""

    def make(folder: Path) -> None:
        _put_model(folder)
        adata = section()
        change(adata)
        adata.write_h5ad(folder / "in.h5ad")

    return make


def _obs(**columns: object) -> Change:
    def change(adata: AnnData) -> None:
        for name, values in columns.items():
            adata.obs[name] = values

    return change


def _x(how: Callable[[np.ndarray], np.ndarray]) -> Change:
    def change(adata: AnnData) -> None:
        adata.X = sp.csr_matrix(how(adata.X.toarray()).astype(np.float32))

    return change


def _named(how: Callable[[int], str]) -> Change:
    def change(adata: AnnData) -> None:
        adata.var_names = [how(i) for i in range(G)]

    return change


def _peaks(adata: AnnData) -> None:
    _x(lambda x: x > x.mean())(adata)
    _named(lambda i: f"chr1:{1000 * i}-{1000 * i + 500}")(adata)


NO_COUNTS: dict[str, Change] = {
    "of logarithms": _x(lambda x: np.log1p(x)),
    "of negative numbers": _x(lambda x: x - 2),
    "of NaN": _x(lambda x: np.where(x > 3, np.nan, x)),
    "of zeros": _x(lambda x: x * 0),
}
NO_GENES: dict[str, Change] = {
    "without a common gene": _named(lambda i: f"other {i}"),
    "of peaks": _peaks,
    "with half of the genes": _named(lambda i: f"gene {i}" if i < G // 2 else f"other {i}"),
}
DATA = NO_COUNTS | NO_GENES
OTHER_FILES: dict[str, Callable[[Path], object]] = {
    "missing": lambda folder: (folder / "in.h5ad").unlink(),
    "cut": lambda folder: (folder / "in.h5ad").write_bytes(content()[:9_000]),
    "a text": lambda folder: (folder / "in.h5ad").write_text("label"),
}


def _spoilt(how: Callable[[Path], object]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        _put_model(folder)
        how(folder)

    return make


def _mine(out: Path) -> None:
    (out / "made").mkdir()
    (out / "made" / "config.json").write_text('{"mine": true}')
    (out / "made" / "thesis.txt").write_text("three years of work")


def _file(name: str) -> Lay:
    return lambda out: (out / name).write_text("mine")


def _folder(name: str, mode: int = 0o755) -> Lay:
    return lambda out: (out / name).mkdir(mode)


RESULTS: dict[str, tuple[str, Lay | None]] = {
    "the input": (FILE, None),
    "the model": (MODEL, None),
    "within the model": (f"{MODEL}/out.txt", None),
    "a folder": (RESULT, _folder("out.h5ad")),
    "in a missing folder": (f"{OUT}/a/out.h5ad", None),
    "below a file": (f"{OUT}/file/out.h5ad", _file("file")),
    "of another ending": (f"{OUT}/out.csv", None),
    "of no name": ("", None),
}
FOLDERS: dict[str, tuple[str, Lay | None]] = {
    "the input": (FILE, None),
    "the input's folder": (IN, None),
    "a file": (MADE, _file("made")),
    "somebody's work": (MADE, _mine),
    "below a file": (f"{OUT}/file/made", _file("file")),
    "here": (".", None),
    "of 300 letters": (f"{OUT}/{'n' * 300}", None),
}


def _case(
    name: str,
    line: tuple[str, ...],
    want: Want = "refused",
    make: Callable[[Path], object] = _put_model,
    lay: Lay | None = None,
    **more: Any,
) -> Case:
    return Case(line[0], name, line, make, want, lay or (lambda out: None), **more)


def _outputs(
    line: tuple[str, ...], usual: str, places: dict[str, tuple[str, Lay | None]]
) -> Iterator[Case]:
    for name, (path, lay) in places.items():
        yield _case(f"to {name}", tuple(path if w == usual else w for w in line), lay=lay)
    locked = tuple(f"{OUT}/ro/{Path(usual).name}" if w == usual else w for w in line)
    yield _case("to a folder to read only", locked, lay=_folder("ro", 0o555), is_nobody=True)


def _data(line: tuple[str, ...], changes: dict[str, Change]) -> Iterator[Case]:
    for name, change in changes.items():
        yield _case(f"data {name}", line, make=_but(change))
    for name, how in OTHER_FILES.items():
        yield _case(f"data {name}", line, make=_spoilt(how))


def _stopped(line: tuple[str, ...]) -> Iterator[Case]:
    for share in (0.2, 0.5, 0.8):
        yield _case(f"Ctrl-C at {share:.0%}", line, "either", stop=("SIGINT", share))


# ---- train -------------------------------------------------------------------------------------

LABELS: dict[str, tuple[str, Change, Want]] = {
    "nowhere": ("nowhere", _obs(), "refused"),
    "one nowhere": ("label,nowhere", _obs(), "refused"),
    "of one cell": ("kind", _obs(kind=["a"] * (N - 1) + ["b"]), "either"),
    "another in each cell": ("kind", _obs(kind=[f"k{i}" for i in range(N)]), "either"),
    "one for all": ("kind", _obs(kind="a"), "either"),
    "empty": ("kind", _obs(kind=pd.Categorical([None] * N)), "either"),
    "numbers that are missing": ("dose", _obs(dose=np.nan), "either"),
    "numbers without end": ("dose", _obs(dose=[np.inf] * 3 + [1.0] * (N - 3)), "either"),
    "one number for all": ("dose", _obs(dose=3.0), "either"),
    "10³⁰⁰": ("dose", _obs(dose=np.linspace(-1e300, 1e300, N)), "either"),
    "said twice": ("label,label", _obs(), "either"),
    "commas": (",,", _obs(), "either"),
    "HTML": ("<b>", _obs(), "refused"),
    "an escape": ("\x1b[2J", _obs(), "refused"),
    "of 10,000 letters": ("k" * 10_000, _obs(), "refused"),
}


def train() -> Iterator[Case]:
    line = ("train", FILE, MADE, *SHORT, "--condition", "label")
    yield _case("sound", line, "taken")
    for name, (column, change, want) in LABELS.items():
        yield _case(f"condition {name}", (*line[:-1], column), want, _but(change))
    yield from _data(line, NO_COUNTS)
    yield from _outputs(line, MADE, FOLDERS)
    yield from _stopped(line)


# ---- generate ----------------------------------------------------------------------------------

OPTIONS: dict[str, tuple[str, ...]] = {
    "-n": ("0", "-1", "1e3", "", "nan", str(10**12), str(10**30), "9" * 5000),
    "--guidance": ("nan", "inf", "-inf", "-1", "11", "1000", "x", ""),
    "--steps": ("0", "-1", "1.5", "x", str(10**30)),
    "--seed": ("-1", "x", str(2**64)),
    "--sampler": ("euler", ""),
    "--condition": (
        *("label", "label=", "=a", "label=c", "label=A", "label=1", "kind=a", "score=nan"),
        *("score=inf", "score=x", "score=1e400", "label=a,label=b", "<b>=a", "label=\x1b[2J"),
    ),
    "--against": (f"{IN}/no.h5ad", IN, MODEL, f"{MODEL}/weights.pt"),
    "--device": ("tpu", "cuda:9"),
}


def generate() -> Iterator[Case]:
    yield _case("sound", (*GENERATE, "--condition", "label=a,score=0.5"), "taken")
    yield _case("guidance 0", (*GENERATE, "--guidance", "0"), "taken")
    for option, values in OPTIONS.items():
        for value in values:
            yield _case(f"{option} {ascii(value)[:30]}", (*GENERATE, f"{option}={value}"))
    yield _case("-n of more than memory holds", (*GENERATE, "-n", str(3 * 10**8)))
    places = {name: place for name, place in RESULTS.items() if name != "the input"}
    yield from _outputs(GENERATE, RESULT, places)
    yield _case("to what it is judged against", (*_to(FILE), "--against", FILE))
    for name, change in DATA.items():
        yield _case(f"against data {name}", (*GENERATE, "--against", FILE), "either", _but(change))
    yield from _models(GENERATE)
    yield from _stopped((*GENERATE[:4], "400", *GENERATE[5:]))


def _to(path: str) -> tuple[str, ...]:
    return (*GENERATE[:2], path, *GENERATE[3:])


def _models(line: tuple[str, ...]) -> Iterator[Case]:
    """A model that is not whole, or not the one that was trained."""
    for part in PARTS:
        for name, how in BROKEN_PARTS.items():
            yield _model(f"{part} {name}", line, how(part))
    for name, how in OF_NETWORKS.items():
        yield _model(f"weights {name}", line, weights(how))
    for name, changes in RECORDS.items():
        yield _model(f"record with {name}", line, changed_record(changes))
    other = tuple(FILE if word == MODEL else word for word in line)
    yield _case("a file for a model", other)


def _model(name: str, line: tuple[str, ...], how: Callable[[Path], object]) -> Case:
    return _case(name, line, make=_spoilt(lambda folder: how(folder / "model")))


# ---- enhance, finetune -------------------------------------------------------------------------

WISHES: dict[str, tuple[str, ...]] = {
    "--raise": (
        *("label", "label=a", "label=a:x", "label=a:-5", "label=a:0", "label=a:5", "label=c:50"),
        *("kind=a:50", "score=1:50", f"label=a:{10**12}", "label=a:" + "9" * 5000, "=:5", ""),
    ),
    "--depth": ("0", "-1", "0.5", "nan", "inf", "x", "1e30", "1e300"),
}


def enhance() -> Iterator[Case]:
    yield _case("sound", (*ENHANCE, "--depth", "2"), "taken")
    for option, values in WISHES.items():
        for value in values:
            yield _case(f"{option} {value[:20]}", (*ENHANCE, f"{option}={value}"))
    yield _case("nothing asked", ENHANCE)
    yield _case("two things asked", (*ENHANCE, "--denoise", "--depth", "2"))
    line = (*ENHANCE, "--denoise")
    yield from _data(line, NO_COUNTS | {"without a common gene": NO_GENES["without a common gene"]})
    yield _case("data of peaks", line, make=_but(_peaks))
    yield _case("no condition column", (*ENHANCE, "--raise", "label=a:30"), make=_but(_unlabelled))
    yield from _outputs(line, RESULT, RESULTS)
    yield _model("weights NaN", line, weights(OF_NETWORKS["NaN"]))
    yield _model("weights.pt cut", line, BROKEN_PARTS["cut"]("weights.pt"))
    yield from _stopped(line)


def _unlabelled(adata: AnnData) -> None:
    del adata.obs["label"]


NEW: dict[str, tuple[Change, Want]] = {
    "without the condition column": (_unlabelled, "either"),
    "with no label": (_obs(label=pd.Categorical([None] * N)), "either"),
    "with numbers for labels": (_obs(label=np.arange(N)), "either"),
    "with words for numbers": (_obs(score="high"), "either"),
    "with missing numbers": (_obs(score=np.nan), "either"),
}


def finetune() -> Iterator[Case]:
    yield _case("sound", FINETUNE, "taken")
    yield from _data(FINETUNE, DATA)
    forced = (*FINETUNE, "--force")
    for name in ("without a common gene", "of peaks"):
        yield _case(f"data {name}, by force", forced, make=_but(DATA[name]))
    for name, (change, want) in NEW.items():
        yield _case(f"data {name}", FINETUNE, want, _but(change))
    for value in ("0", "-1", "x"):
        yield _case(f"--steps {value}", (*FINETUNE, f"--steps={value}"))
    yield from _outputs(FINETUNE, MADE, FOLDERS)
    yield _model("weights NaN", FINETUNE, weights(OF_NETWORKS["NaN"]))
    yield _model("weights.pt cut", FINETUNE, BROKEN_PARTS["cut"]("weights.pt"))
    yield from _stopped((*FINETUNE, "--steps", "40"))


def _list_cells(folder: Path) -> None:
    (folder / "names.txt").write_text("\n".join(section().obs_names))


# ---- edit --------------------------------------------------------------------------------------

ASKED: dict[str, tuple[str, ...]] = {
    "nothing": PICKED,
    "both": (*PICKED, "--to", "label=b", "--genes", "gene 1=0"),
    "no cells": ("--to", "label=b"),
    "cells of no column": ("--cells", "kind=a", "--to", "label=b"),
    "cells of no label": ("--cells", "label=c", "--to", "label=b"),
    "cells of two labels": ("--cells", "label=a", "--cells", "label=b", "--to", "label=b"),
    "cells of a missing file": ("--cells", f"{IN}/no.txt", "--to", "label=b"),
    "cells of a folder": ("--cells", IN, "--to", "label=b"),
    "cells of a binary file": ("--cells", f"{MODEL}/weights.pt", "--genes", "gene 1=0"),
    "cells of other names": ("--cells", f"{MODEL}/config.json", "--genes", "gene 1=0"),
    **{
        f"--to {ascii(to)[:20]}": (*PICKED, f"--to={to}")
        for to in ("b", "=b", "label=", "label=c", "kind=b", "score=nan", "score=x", "<b>=b")
    },
    **{
        f"--genes {ascii(genes)[:30]}": (*PICKED, f"--genes={genes}")
        for genes in (
            *("gene 1", "=0", "nope=0", "gene 1=", "gene 1=x", "gene 1=nan", "gene 1=inf"),
            *("gene 1=-1", "gene 1=1e300", "gene 1=1e30x", "<b>=0", "gene 1=\x1b[2J"),
        )
    },
}
HOW: dict[str, tuple[str, ...]] = {
    "--strength": ("-1", "2.1", "1000", "nan", "inf", "x", ""),
    "--method": ("banana", "", "genes"),
    "--groups": ("nowhere", "<b>"),
    "--seed": ("-1", "x"),
    "--counts": ("nowhere",),
}


def edit() -> Iterator[Case]:
    knocked = (*EDIT, *PICKED, "--genes", "gene 1=0")
    to = (*EDIT, *PICKED, "--to", "label=b")
    all_cells = (*EDIT, "--cells", f"{IN}/names.txt", "--genes", "gene 1=0")
    yield _case("sound", all_cells, "taken", _spoilt(_list_cells))
    for name, asked in ASKED.items():
        yield _case(name, (*EDIT, *asked))
    for option, values in HOW.items():
        for value in values:
            yield _case(f"{option} {value!a}", (*to, f"{option}={value}"))
    yield _case("to a label of one cell", to, make=_but(_obs(label=["a"] * (N - 1) + ["b"])))
    yield _case("no condition column", (*EDIT, "--cells", "score=1", "--to", "label=b"))
    yield from _data(knocked, NO_COUNTS | {k: NO_GENES[k] for k in ("without a common gene",)})
    yield _case("data of peaks", knocked, make=_but(_peaks))
    yield from _outputs(knocked, RESULT, RESULTS)
    yield _model("weights NaN", knocked, weights(OF_NETWORKS["NaN"]))
    yield _model("weights.pt cut", knocked, BROKEN_PARTS["cut"]("weights.pt"))
    yield from _stopped(knocked)
