"""Start-up: what `import napari_stimpute` and `stimpute --help` cost, beside bare Python.

python tests/benchmarks/bench_import.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import napari_stimpute": ["-c", "import napari_stimpute"],
    "stimpute --help": ["-m", "napari_stimpute", "--help"],
    "stimpute models": ["-m", "napari_stimpute", "models"],
    "import torch": ["-c", "import torch"],
}


def main() -> None:
    """Print the median of five runs each."""
    for name, arguments in COMMANDS.items():
        seconds = []
        for _ in range(5):
            begun = time.monotonic()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            seconds.append(time.monotonic() - begun)
        print(f"{name:26s} {statistics.median(seconds):.2f} s")


if __name__ == "__main__":
    main()
