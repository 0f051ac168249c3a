"""Try some 1,300 broken inputs, and say which did not end in one clear sentence.

python -m campaign [--only WORD] [--every N]: prints a table by class; exit code 0 if nothing is
faulty. Inputs are always the same, and all is done in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import sys
import tempfile
from pathlib import Path

from .case import Case
from .child import import_all
from .classes import all_cases
from .driver import Driver
from .place import may_make_devices, may_mount
from .table import Table
from .verdict import judged


def main() -> int:
    """Try what is asked for."""
    parser = argparse.ArgumentParser(prog="campaign", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORD", help="cases whose name matches this")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="each Nth case of a class"
    )
    args = parser.parse_args()
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="stimpute-campaign-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        import_all()
        return tried(_chosen(args.only, args.every), folder)


def tried(cases: list[Case], folder: Path) -> int:
    """Run the cases one after the other, and print what is faulty and the table."""
    table, driver, skipped = Table(), Driver(folder), _cannot_be_set_up(folder)
    for case in cases:
        if case.needs_root in skipped:
            table.skip(case)
            continue
        outcome = driver.run(case)
        verdict = judged(case, outcome)
        table.add(case, verdict, outcome.code)
        if verdict.faults:
            words = outcome.err[-3_000:] if verdict.has_traceback else verdict.said[:300]
            told = ascii(words).replace("\\n", "\n    ")
            print(f"{case.id!a}: {'; '.join(verdict.faults)}\n    {told}", flush=True)
    print(table.text())
    return 0 if table.is_clean else 1


def _chosen(only: str, every: int) -> list[Case]:
    """Each Nth case of each class, one at least."""
    classes: dict[str, list[Case]] = {}
    for case in all_cases():
        if re.search(only, case.id):
            classes.setdefault(case.cls, []).append(case)
    return [c for cases in classes.values() for c in cases[min(every, len(cases)) // 2 :: every]]


def _cannot_be_set_up(folder: Path) -> set[str]:
    able = {
        "a disk to be mounted": may_mount(folder / "disk"),
        "a device to be made": may_make_devices(folder),
    }
    return {what for what, is_able in able.items() if not is_able}


if __name__ == "__main__":
    sys.exit(main())
