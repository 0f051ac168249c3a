"""Blocks of sparse rows equal the same rows of the dense matrix."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from napari_stimpute.nn.rows import SparseRows


def test_rows_in_any_order_equal_the_dense_rows() -> None:
    dense = np.random.default_rng(0).poisson(0.4, (7, 5)).astype(np.float32)
    dense[2] = 0
    csr = sp.csr_matrix(dense)
    rows = SparseRows(*(torch.from_numpy(a) for a in (csr.indptr, csr.indices, csr.data)))
    index = torch.tensor([6, 2, 0, 0])
    for n_values in (None, np.count_nonzero(dense[index.numpy()])):
        r, c, v = rows.take(index, n_values)
        block = torch.zeros(4, 5)
        block[r, c] = v
        assert torch.equal(block, torch.from_numpy(dense[index.numpy()]))
