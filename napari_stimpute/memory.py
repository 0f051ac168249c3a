"""The memory of this machine, without torch."""

from __future__ import annotations


def free_memory() -> int:
    """Bytes of this machine's memory that nobody uses."""
    import psutil  # type: ignore[import-untyped]

    return int(psutil.virtual_memory().available)
