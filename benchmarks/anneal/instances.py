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


def spins(n: int, pairs: np.ndarray, weight: np.ndarray) -> Polynomial:
    """The sum of ``weight * s_i * s_j`` over pairs (m, 2) of spins ``s = 2 x - 1``."""
    i, j = pairs.T
    linear = -2.0 * (np.bincount(i, weights=weight, minlength=n) + np.bincount(j, weights=weight, minlength=n))
    return Polynomial.from_pairs(linear, i, j, 4.0 * weight, offset=float(weight.sum()))


def torus(side: int, seed: int) -> Polynomial:
    """Signs of a random generator on the pairs of a square grid that is closed both ways."""
    random = np.random.default_rng(seed)
    i, j = np.divmod(np.arange(side * side), side)
    below, beside = ((i + 1) % side) * side + j, i * side + (j + 1) % side
    pairs = np.stack([np.repeat(np.arange(side * side), 2), np.stack([below, beside], axis=1).ravel()], axis=1)
    return spins(side * side, pairs, random.choice([-1, 1], len(pairs)).astype(np.float64))


def random_graph(n: int, density: float, seed: int) -> Polynomial:
    """As many pairs as a graph of that density has, drawn without regard to each other, all of weight 1."""
    random, edges = np.random.default_rng(seed), set()
    while len(edges) < int(density * n * (n - 1) / 2):
        a, b = random.integers(0, n, 2)
        if a != b:
            edges.add((min(a, b), max(a, b)))
    return spins(n, np.array(sorted(edges)), np.ones(len(edges)))


def read(path: Path) -> Polynomial:
    """By suffix: ``.npz``, a Gset text file, or anything that ``qopt.load`` knows."""
    if path.suffix == ".npz":
        return read_upper(path)
    return read_gset(path) if path.suffix == ".txt" else qopt.compile(qopt.load(path), accepts=qopt.QUBO).polynomial
