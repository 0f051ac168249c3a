"""Killed at any moment of a save, the old file or the new one is there, and whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from anndata.io import read_h5ad

_SAVE = """
import os, random, signal, sys, time
from anndata.io import read_h5ad
from napari_stimpute.data.save import write

source, target = sys.argv[1:]
adata = read_h5ad(source)
rng, begun = random.Random(0), time.monotonic()
write(adata, target)
whole = time.monotonic() - begun
for number in range(12):
    pid = os.fork()
    if pid == 0:
        adata.uns["number"] = number
        write(adata, target)
        os._exit(0)
    time.sleep(rng.uniform(0, 1.2) * whole)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    again = read_h5ad(target)
    assert (again.X == adata.X).all(), number
    print(os.WIFSIGNALED(status), again.uns.get("number", -1))
write(adata, target)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked and killed")
def test_a_save_that_is_killed_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    counts = np.random.default_rng(0).poisson(2.0, (1_500, 400)).astype(np.float32)
    AnnData(counts).write_h5ad(tmp_path / "in.h5ad")
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "out.h5ad"
    command = [sys.executable, "-c", _SAVE, str(tmp_path / "in.h5ad"), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    killed = [line.split()[0] == "True" for line in done.stdout.splitlines()]
    assert len(killed) == 12 and any(killed)
    assert os.listdir(target.parent) == ["out.h5ad"]  # what was left is swept by the next save
    np.testing.assert_array_equal(read_h5ad(target).X, counts)
