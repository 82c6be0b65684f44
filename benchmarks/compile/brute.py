"""Every bit string of a small QUBO, by doubling: 2**18 energies in milliseconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.polynomial import Polynomial

MOST_BITS = 18


def energies(p: Polynomial) -> Floats:
    """Energy of every bit string; bit k of the index is bit k of the string.

    Raises
    ------
    ValueError
        More than ``MOST_BITS`` bits, or terms of degree 3 and above.
    """
    if p.n > MOST_BITS or len(p.products):
        raise ValueError(f"{p.n} bits of degree {p.degree}: at most {MOST_BITS} bits of degree 2 are tried")
    coupling = np.zeros((p.n, p.n))
    coupling[p.row, p.col] = p.value
    energy = np.full(1, p.offset)
    for k in range(p.n):
        field = np.full(1, p.linear[k])
        for i in range(k):
            field = np.concatenate([field, field + coupling[i, k]])
        energy = np.concatenate([energy, energy + field])
    return energy


def strings(index: Any, n: int) -> np.ndarray[Any, Any]:
    """The bit strings at the given indices, shape (len(index), n)."""
    return (np.asarray(index, dtype=np.int64)[:, None] >> np.arange(n) & 1).astype(np.int8)
