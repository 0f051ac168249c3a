"""Computing devices and their free memory, in words."""

from __future__ import annotations

from dataclasses import dataclass

_GIB = 2**30


@dataclass(frozen=True)
class Device:
    """A device as torch names it, and what to tell a person."""

    name: str
    title: str


def devices() -> list[Device]:
    """List what this machine can compute on, the choice of the program first. Imports torch."""
    import torch

    found = [Device("cpu", f"CPU · {_free_memory()}")]
    for number in range(torch.cuda.device_count()):
        free, _total = torch.cuda.mem_get_info(number)
        name = torch.cuda.get_device_name(number)
        found.append(Device(f"cuda:{number}", f"{name} · {free / _GIB:.0f} GB free"))
    if torch.backends.mps.is_available():
        found.append(Device("mps", f"Apple GPU · shares {_free_memory()}"))
    best = found[-1] if len(found) > 1 else found[0]
    return [Device("auto", f"Automatic ({best.title})"), *found]


def _free_memory() -> str:
    import psutil  # type: ignore[import-untyped]

    return f"{psutil.virtual_memory().available / _GIB:.0f} GB free"
