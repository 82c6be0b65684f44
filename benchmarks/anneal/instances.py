"""Readers of the files that these benchmarks use; each gives a polynomial to be minimised."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import qopt
from qopt.core.polynomial import Polynomial


def read_gset(path: Path) -> Polynomial:
    """A max-cut graph: ``n m``, then ``i j weight`` per edge, nodes from 1. The energy is minus the cut."""
    numbers = np.array(path.read_text().split(), dtype=np.float64)
    n, edges = int(numbers[0]), numbers[2:].reshape(-1, 3)
    if len(edges) != int(numbers[1]):
        raise ValueError(f"{path}: {int(numbers[1])} edges announced, {len(edges)} found")
    i, j, weight = edges[:, 0].astype(int) - 1, edges[:, 1].astype(int) - 1, edges[:, 2]
    linear = -np.bincount(i, weights=weight, minlength=n) - np.bincount(j, weights=weight, minlength=n)
    return Polynomial.from_pairs(linear, i, j, 2 * weight)


def read_upper(path: Path) -> Polynomial:
    """A dense QUBO to be maximised: npz of ``n`` and the upper triangle of Q. The energy is minus ``x Q x``."""
    with np.load(path) as data:
        n, upper = int(data["n"]), data["upper"].astype(np.float64)
    i, j = np.triu_indices(n)
    value = np.where(i == j, -upper, -2 * upper)
    return Polynomial.from_pairs(np.zeros(n), i, j, value, binary=True)


def read(path: Path) -> Polynomial:
    """By suffix: ``.npz``, a Gset text file, or anything that ``qopt.load`` knows."""
    if path.suffix == ".npz":
        return read_upper(path)
    return read_gset(path) if path.suffix == ".txt" else qopt.compile(qopt.load(path), accepts=qopt.QUBO).polynomial
