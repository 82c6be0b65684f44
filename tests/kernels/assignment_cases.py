"""Small quadratic assignments, and what they cost by the book."""

import numpy as np

from qopt.kernels.swap_fields import Square

TABLE = -np.log((np.arange(4096) + 0.5) / 4096).astype(np.float32)


def factors(seed, side, directed, whole=True):
    """Flow and distance of one or two parts, the second one changing its sign when turned round."""
    random = np.random.default_rng(seed)
    made = []
    for part in range(1 + directed):
        for _ in range(2):
            a = random.integers(-5, 10, (side, side)) if whole else random.normal(size=(side, side))
            a = np.triu(a, 1)
            made.append(a + a.T if part == 0 else a - a.T)
    return np.array(made[0::2]), np.array(made[1::2])


def square(seed, side, directed=False, whole=True):
    """A Square of random integers, or of fractions."""
    flow, distance = factors(seed, side, directed, whole)
    random = np.random.default_rng([seed, 1])
    linear = random.integers(-20, 20, (side, side)) if whole else random.normal(size=(side, side))
    return Square(*(np.ascontiguousarray(a, dtype=np.int32 if whole else np.float64) for a in (linear, flow, distance)))


def energy(square, place):
    """Energy of a permutation, pair by pair."""
    n = len(place)
    total = float(sum(square.linear[i, place[i]] for i in range(n)))
    for i in range(n):
        for k in range(i + 1, n):
            for flow, distance in zip(square.flow, square.distance):
                total += float(flow[i, k]) * float(distance[place[i], place[k]])
    return total


def swapped(place, r, s):
    """The permutation with two rows swapped."""
    out = np.array(place)
    out[[r, s]] = out[[s, r]]
    return out


def weights_of(flow, distance):
    """Weights of all pairs of bits (side**2, side**2): symmetric, nothing inside the lines of the square."""
    side = flow.shape[1]
    total = np.zeros((side * side, side * side), dtype=np.asarray(flow).dtype)
    for f, d in zip(flow, distance):
        total += np.kron(f, d)
    return total
