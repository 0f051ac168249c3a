"""What can be computed on, with its free memory; a device by its name."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import NoDevice, OutOfMemory, UnknownName
from .memory import free_memory

DEVICES = ("auto", "cpu", "cuda", "mps")

DETERMINISTIC = (
    "Computed by deterministic algorithms: the same seed gives the same numbers on the same device."
)
"""What is noted of a run that was: on a GPU, others differ in the last digits of sums."""

_GIB = 2**30


@dataclass(frozen=True)
class Device:
    """A device as torch names it, and what to tell a person.

    ``free`` are the bytes of its own memory that nobody uses; 0 where it has none of its own.
    """

    name: str
    title: str
    free: int = 0


def devices() -> list[Device]:
    """List what this machine can compute on, the choice of the program first. Imports torch."""
    import torch

    found = [Device("cpu", f"CPU · {_free_in_words()}")]
    for number in range(torch.cuda.device_count()):
        free, _total = torch.cuda.mem_get_info(number)
        name = torch.cuda.get_device_name(number)
        found.append(Device(f"cuda:{number}", f"{name} · {free / _GIB:.0f} GB free", free))
    if torch.backends.mps.is_available():
        found.append(Device("mps", f"Apple GPU · shares {_free_in_words()}"))
    best = found[min(1, len(found) - 1)]
    return [Device("auto", f"Automatic ({best.title})", best.free), *found]


def require_memory(n_obs: int, n_vars: int) -> None:
    """Refuse work whose values cannot fit, before it is begun: the system would end the program.

    The values of all spots and genes, 4 bytes each, are the least that is needed; more is usual.

    Raises
    ------
    OutOfMemory : not even these fit
    """
    needed, free = 4 * n_obs * n_vars, free_memory()
    if needed > free:
        raise OutOfMemory(
            expected=f"at least {needed / _GIB:.1f} GB of free memory for the values of "
            f"{n_obs:,} × {n_vars:,} (spots or cells × genes)",
            found=f"{free / _GIB:.1f} GB",
            remedy="Open the data with fewer genes, such as the 1,000 most variable (hvg:1000).",
        )


def _free_in_words() -> str:
    return f"{free_memory() / _GIB:.0f} GB free"


def resolve_device(device: str = "auto") -> str:
    """Turn "auto" into the best device of this machine, and refuse one that is not there."""
    import torch

    kind, _, number = device.partition(":")
    if kind not in DEVICES:
        raise UnknownName.of("device", device, DEVICES)
    have = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if kind == "auto":
        return "cuda" if have["cuda"] else "mps" if have["mps"] else "cpu"
    n_devices = {"cuda": torch.cuda.device_count()}.get(kind, 1)
    if not have[kind] or not (number == "" or (number.isdecimal() and int(number) < n_devices)):
        raise NoDevice(
            expected=f"a {kind.upper()} device" + (f" number {number}" if number else ""),
            found="none in this machine, or torch was installed without it",
            remedy="Choose 'auto' or 'cpu'.",
        )
    return device
