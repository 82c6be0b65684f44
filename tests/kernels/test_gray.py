"""The Gray code over free bits, sets and squares visits every point once, each one move from the last."""

import itertools
from math import factorial

import numpy as np
import pytest
from anneal_cases import arrays, case
from naive_anneal import energy

from qopt.kernels import anneal_fields, gray

CASES = {
    "free": case(1, 7),
    "sets": case(2, 0, sets=(3, 2, 4)),
    "square of 1": case(3, 2, sides=(1,)),
    "square of 2": case(4, 0, sides=(2,)),
    "square of 5": case(5, 0, sides=(5,)),
    "all": case(6, 3, sets=(3, 1), sides=(3, 2)),
    "all, fractions": case(7, 3, sets=(3, 1), sides=(3, 2), whole=False),
}


def all_points(c):
    """Every point that satisfies the sets and squares, by brute force over parts."""
    parts = [list(itertools.product((0, 1), repeat=c.free))]
    parts += [np.eye(end - begin, dtype=int).tolist() for begin, end in c.sets]
    for _, side in c.squares:
        parts.append([np.eye(side, dtype=int)[list(p)].ravel().tolist() for p in itertools.permutations(range(side))])
    return [tuple(bit for part in point for bit in part) for point in itertools.product(*parts)]


def first_point(c):
    """All free bits off, the first bit of each set, the diagonal of each square."""
    start = np.zeros(len(c.linear), dtype=np.int8)
    start[[begin for begin, _ in c.sets]] = 1
    for corner, side in c.squares:
        start[corner + np.arange(side) * (side + 1)] = 1
    return c._replace(start=start)


def walk(c, dense, keep, chunk, renew=False):
    """All points in the order visited, and the kernel's final state."""
    c = first_point(c)
    couplings, layout, chain = arrays(c, dense, 1)
    radix = [2] * c.free + [e - b for b, e in c.sets] + [factorial(side) for _, side in c.squares]
    found, points = np.full(keep, np.inf), np.zeros((keep, len(c.linear)), np.int8)
    total = np.array([anneal_fields.energy_of(c.linear, chain.field, chain.sign), np.inf])
    gray.note(total[0], chain, found, points, total)
    count, at = np.zeros(len(radix), np.int64), np.array([1, 0])
    arrow = np.full(sum(side for _, side in c.squares), -1, dtype=np.int64)
    seen = [tuple((chain.sign < 0).astype(int).tolist())]
    state = (couplings, layout, chain, np.array(radix), count, arrow, found, points, total, at)
    while gray.walk(chunk, renew, *state) == chunk:
        seen.append(tuple((chain.sign < 0).astype(int).tolist()))
    return seen, found, points, at


@pytest.mark.parametrize("name", CASES)
def test_visits_every_point_once(name):
    c = CASES[name]
    seen, found, points, at = walk(c, dense=True, keep=5, chunk=1)
    expected = all_points(c)
    assert sorted(seen) == sorted(expected)
    assert at[gray.ENDED] == 1
    assert at[gray.VISITED] == len(expected)
    for before, after in zip(seen, seen[1:]):
        assert sum(a != b for a, b in zip(before, after)) in (1, 2, 4)
    energies = sorted(energy(c.linear, c.matrix, p) for p in expected)[:5]
    assert np.allclose(sorted(found)[: len(energies)], energies)
    for value, point in zip(found, points):
        assert not np.isfinite(value) or np.isclose(value, energy(c.linear, c.matrix, point))


def test_chunks_and_layout_do_not_matter():
    c = CASES["all"]
    runs = [walk(c, dense, keep=4, chunk=chunk) for dense in (True, False) for chunk in (3, 10**6)]
    for _, found, points, _ in runs[1:]:
        assert np.array_equal(found, runs[0][1])
        assert np.array_equal(points, runs[0][2])


def test_fields_are_renewed():
    """Over 2**17 points of large and small fractions the energies stay those of the points."""
    c = case(8, 17, whole=False)
    c = c._replace(matrix=c.matrix * 1e6)
    _, found, points, _ = walk(c, dense=True, keep=3, chunk=10**6, renew=True)
    exact = [energy(c.linear, c.matrix, p) for p in points]
    assert np.allclose(found, exact, rtol=1e-12, atol=1e-6)


def test_plain_changes_close_the_cycle():
    for side in range(2, 6):
        place, arrow = np.arange(side), np.full(side, -1)
        steps = 0
        while (row := gray.mobile_row(place, arrow)) >= 0:
            to = row + arrow[place[row]]
            place[[row, to]] = place[[to, row]]
            steps += 1
        place[[0, 1]] = place[[1, 0]]
        assert steps == factorial(side) - 1
        assert place.tolist() == list(range(side))
