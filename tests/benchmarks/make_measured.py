"""Put MEASURED.md together: headings, explanations and commands, and what each script wrote last.

    python tests/benchmarks/make_measured.py [--pieces FOLDER] [--out MEASURED.md]

A line `<!-- domains.md -->` in `measured/frame.md` stands for that file of the folder, which a
script wrote by the command above the line.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Write the page, all of whose pieces must be there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pieces", type=Path, default=HERE / "measured")
    parser.add_argument("--out", type=Path, default=HERE / "MEASURED.md")
    options = parser.parse_args()
    frame = (HERE / "measured" / "frame.md").read_text(encoding="utf-8")

    def piece(mark: re.Match[str]) -> str:
        return (options.pieces / mark[1]).read_text(encoding="utf-8").strip()

    page = re.sub(r"^<!-- (\w+\.md) -->$", piece, frame, flags=re.MULTILINE)
    options.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
