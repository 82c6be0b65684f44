"""Small problems with free bits, sets and squares, in the arrays that the annealing kernels take."""

from typing import Any, NamedTuple

import numpy as np

from qopt.kernels import anneal_chain, anneal_fields


class Case(NamedTuple):
    linear: Any
    matrix: Any
    free: int
    sets: list
    squares: list
    start: Any


def case(seed, free, sets=(), sides=(), whole=True, density=1.0):
    """A random problem; no weight joins bits that are never on together."""
    random = np.random.default_rng(seed)
    edges = np.cumsum([free, *sets])
    spans = list(zip(edges[:-1].tolist(), edges[1:].tolist()))
    corners = np.cumsum([edges[-1]] + [side * side for side in sides])
    squares = list(zip(corners[:-1].tolist(), sides))
    n = int(corners[-1])
    upper = np.triu(random.integers(-9, 10, (n, n)) if whole else random.normal(size=(n, n)), 1)
    upper = upper * (random.random((n, n)) < density)
    for begin, end in spans:
        upper[begin:end, begin:end] = 0
    for start, side in squares:
        for r, s, a, b in np.ndindex(side, side, side, side):
            if r == s or a == b:
                upper[start + r * side + a, start + s * side + b] = 0
    start = np.zeros(n, dtype=np.int8)
    start[:free] = random.integers(0, 2, free)
    for begin, end in spans:
        start[random.integers(begin, end)] = 1
    for corner, side in squares:
        start[corner + np.arange(side) * side + random.permutation(side)] = 1
    number = np.int32 if whole else np.float64
    linear = (random.integers(-9, 10, n) if whole else random.normal(size=n)).astype(number)
    return Case(linear, (upper + upper.T).astype(number), free, spans, squares, start)


def csr(matrix):
    """(indptr, col, weight) of a symmetric matrix."""
    row, col = np.nonzero(matrix)
    indptr = np.searchsorted(row, np.arange(len(matrix) + 1)).astype(np.int64)
    return indptr, col.astype(np.int32), np.ascontiguousarray(matrix[row, col])


def weights(matrix, dense):
    """The matrix as the kernels take it: itself in units of its divisor (one of fractions), or CSR."""
    if not dense:
        return csr(matrix)
    unit = 1 if matrix.dtype.kind == "f" else max(1, int(np.gcd.reduce(matrix.ravel())))
    return np.array([unit]), np.zeros(0, np.int32), (matrix / unit).astype(matrix.dtype)


def arrays(c, dense, random):
    """(couplings, layout, chain) of a case at its starting point."""
    parts = weights(c.matrix, dense)
    couplings = anneal_chain.Couplings(c.linear, *parts, np.array([float(min(0, c.matrix.min(initial=0)))]))
    sides = np.array([side for _, side in c.squares], dtype=np.int64)
    layout = anneal_chain.Layout(
        np.array([c.free], dtype=np.int64),
        np.array([c.free] + [end for _, end in c.sets], dtype=np.int64),
        np.array([start for start, _ in c.squares], dtype=np.int64),
        sides,
        np.concatenate([[0], np.cumsum(sides)]).astype(np.int64),
    )
    field, sign = np.empty((2, len(c.linear)), dtype=c.linear.dtype)
    anneal_fields.load(c.linear, *parts, c.start, field, sign)
    on = np.flatnonzero(c.start)
    chosen = np.array([b for b in on for begin, end in c.sets if begin <= b < end], dtype=np.int64)
    place = [(b - start) % side for b in on for start, side in c.squares if start <= b < start + side * side]
    state = np.array([random], dtype=np.uint64)
    chain = anneal_chain.Chain(field, sign, chosen, np.array(place, np.int64), state, np.zeros(5, np.int64))
    return couplings, layout, chain
