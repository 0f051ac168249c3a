"""Settings, options and keys as they are typed, or read from a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ..case import FILE, IN, QUICK, RESULT, Case, Want
from ..sound import put

IMPUTE = ("impute", FILE, RESULT, "--quiet")
SETTINGS = f"{IN}/s.json"
SOUND = {"model": "pca", "settings": {"n_components": 5}}

VALUES = {
    "NaN": "NaN",
    "infinite": "Infinity",
    "minus infinite": "-Infinity",
    "10⁴⁰⁰": "1e400",
    "10³⁰": "1e30",
    "negative": "-5",
    "zero": "0",
    "a fraction": "5.5",
    "a word": '"five"',
    "null": "null",
    "a list": "[5]",
    "a mapping": '{"a": 5}',
    "4,301 digits": "9" * 4301,
    "20 digits": "9" * 20,
    "lists in lists": "[" * 200 + "]" * 200,
    "HTML": '"<script>"',
    "an escape": r'"\u001b[2J"',
    "a zero byte": r'"\u0000"',
    "half a letter": r'"\ud800"',
}
SETS = {
    "a list of them": "[1, 2]",
    "null": "null",
    "a word": '"ab"',
    "misspelt": '{"n_component": 5}',
    "HTML": '{"<script>": 5}',
    "a name of Python": '{"__class__": 5}',
    "self": '{"self": 5}',
    "cls": '{"cls": 5}',
    "values": '{"values": 5}',
    "the rules": '{"model_config": {"extra": "allow"}}',
    "half a letter": r'{"\ud800": 5}',
    "an escape": r'{"\u001b[2J": 5}',
    "twice, the last wrong": '{"n_components": 5, "n_components": -5}',
    "100,000": json.dumps({f"k{i}": i for i in range(100_000)}),
}
FILES: dict[str, bytes] = {
    "empty": b"",
    "half": b"{",
    "a list": b"[]",
    "a number": b"3",
    "a word": b'"x"',
    "null": b"null",
    "no model": b'{"settings": {}}',
    "no settings": b'{"model": "pca"}',
    "another model": b'{"model": "scziva", "settings": {}}',
    "a model of number": b'{"model": 3, "settings": {}}',
    "a model of list": b'{"model": ["pca"], "settings": {}}',
    "lists without end": b"[" * 200_000 + b"]" * 200_000,
    "mappings without end": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "of two bytes": json.dumps(SOUND).encode("utf-16"),
    "all bytes": bytes(range(256)),
    "a pickle": b"\x80\x04cos\nsystem\n.",
}
EITHER: dict[str, bytes] = {
    "a number as word": b'{"model": "pca", "settings": {"n_components": "5"}}',
    "true": b'{"model": "pca", "settings": {"n_components": true}}',
    "pairs": b'{"model": "pca", "settings": [["n_components", 5]]}',
    "a mark of order": b"\xef\xbb\xbf" + json.dumps(SOUND).encode(),
}


def cases() -> Iterator[Case]:
    for name, value in VALUES.items():
        text = f'{{"model": "pca", "settings": {{"n_components": {value}}}}}'
        yield _from_file(f"value {name}", text.encode())
    for name, value in SETS.items():
        text = f'{{"model": "pca", "settings": {value}}}'
        yield _from_file(f"settings {name}", text.encode())
    for name, held in FILES.items():
        yield _from_file(f"file {name}", held)
    for name, held in EITHER.items():
        yield _from_file(name, held, "either")
    yield _from_file("sound", json.dumps(SOUND).encode(), "taken")
    for name, path in {
        "missing": f"{IN}/no.json",
        "a folder": IN,
        "of an unknown user": "~nobody-of-that-name/x.json",
        "5,000 letters": "n" * 5000,
    }.items():
        line = (*IMPUTE, "--model", "pca", "--settings", path)
        yield Case("settings", f"a path {name}", line, put)


def _from_file(name: str, held: bytes, want: Want = "refused") -> Case:
    def make(folder: Path) -> None:
        put(folder)
        (folder / "s.json").write_bytes(held)

    return Case("settings", name, (*IMPUTE, "--model", "pca", "--settings", SETTINGS), make, want)


TYPED = (
    *("n_components", "=", "=5", "nosuch=1", "__class__=1", "model_config=1", "PRESETS=1"),
    *("<script>=1", "\x1b[2J=1", "n_components==5"),
    *(f"n_components={value}" for value in ("", "nan", "inf", "-1", "1e1", "5.0", "5.5", "0x10")),
    *(f"n_components={value}" for value in ("1_0", "²", "٥", "[5]", "None", " 5 ", "9" * 5000)),
)
TYPED_DEEP = (
    *("learning_rate=nan", "learning_rate=inf", "learning_rate=1e-400", "learning_rate=-1"),
    *("epochs=0", "epochs=1e18", "batch_size=0", "batch_size=16.5", "n_hidden=1e9"),
    *("mode=banana", "mode=", "likelihood=x", "refine=maybe", "hidden_share=0", "hidden_share=nan"),
    *("section_key=nowhere", "section_key=score", "section_key=label", "section_key=<script>"),
    *("section_key=" + "k" * 10_000, "n_domains=61", "n_domains=60", "n_domains=-1", "dropout=1"),
    "kl_weight=nan",
)
SEEDS = ("-1", "1.5", "", "²", "9" * 5000, "9" * 40, *(str(2**n) for n in (31, 32, 63, 64)))
OPTIONS = (
    *(("--device", d) for d in ("", "tpu", "cuda", "cuda:" + "9" * 20, "cuda:-1", "cpu:3", "CPU")),
    *(("--counts", place) for place in ("nowhere", "raw", "\x1b[2J", "X ")),
    *(("--model", name) for name in ("", "os:system", "PCA", "<b>")),
    *(("--preset", "nosuch"), ("--preset", ""), ("--mode", "x"), ("--n-domains", "x")),
    *(("--nosuch",), ("extra",), ("--quiet=1",), ("--set",), ("--seed",)),
)


def options() -> Iterator[Case]:
    for text in TYPED:
        line = (*IMPUTE, "--model", "pca", "--set", text)
        yield Case("options", f"--set {_short(text)}", line, put, "either")
    for text in TYPED_DEEP:
        line = (*IMPUTE, "--model", "gmm_vgae", "--preset", "tiny", "--set", text)
        yield Case("options", f"--set {_short(text)} of a network", line, put, "either")
    for seed in SEEDS:
        for model in (("mixture",), ("scziva", "--preset", "tiny")):
            line = (*IMPUTE, "--model", *model, "--seed", seed)
            yield Case("options", f"--seed {_short(seed)}, {model[0]}", line, put, "either")
    for words in OPTIONS:
        line = (*IMPUTE, "--model", "mixture", *words)
        yield Case("options", _short(" ".join(words)), line, put, "either")
    for name, line in {
        "nothing": (),
        "an unknown command": ("nosuch",),
        "no output": ("impute", FILE),
        "one word more": ("models", "x"),
    }.items():
        yield Case("options", name, line, put)


KEYS = (
    *(".", "..", "a/b", "a b", "", "-", "--x", "counts", "log", "x_umap", "x_pca", "é", "<b>"),
    *("k" * 300, "k" * 70_000, "a\n", "label", "..a", "uns", "__class__", "nan", "spatial", "0"),
)


def keys() -> Iterator[Case]:
    for key in KEYS:
        line = ("impute", FILE, RESULT, *QUICK, f"--key={key}")
        yield Case("keys", _short(key), line, put, "either")


def _short(text: str) -> str:
    return ascii(text) if len(text) < 40 else f"{text[:20]}… ({len(text):,})"
