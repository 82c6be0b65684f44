"""Landscapes and turns for tests of arms, and what every arm owes the portfolio."""

import time

import numpy as np

from qopt.core.accepts import Accepts
from qopt.core.compiled import Compiled
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.rows import GroupKind, Groups
from qopt.core.watch import Watch
from qopt.solvers.search.arm import Turn
from qopt.solvers.search.landscape import Landscape

GROUPED = Accepts(groups=frozenset(GroupKind))


def compiled_of(polynomial, groups):
    """A polynomial with groups given as (kind, bits)."""
    names = NameTable(tuple(Labels(f"g{k}") for k in range(len(groups))))
    return Compiled.of_polynomial(polynomial, Groups.of(groups, names))


def landscape_of(compiled):
    """The landscape of a Compiled."""
    return Landscape.of(compiled, "anneal", GROUPED)


def quadratic_assignment(flow, distance, linear=None):
    """sum flow[i, k] distance[p, q] x_ip x_kq over one square, as a Compiled."""
    side = len(flow)
    whole = np.kron(flow, distance)
    row, col = np.nonzero(whole)
    cost = np.zeros(side * side) if linear is None else np.asarray(linear, dtype=float).ravel()
    p = Polynomial.from_pairs(cost, row, col, whole[row, col], binary=True)
    return compiled_of(p, [(GroupKind.PERMUTATION, range(side * side))])


def turn(work=None, number=0, elite=(), seconds=None, seed=3):
    """A turn by work, by time, or neither."""
    watch = Watch(clock=time.perf_counter)
    return Turn(number, seed, tuple(elite), work, watch.within(seconds))


def owed(landscape, arm, work=2000, seconds=0.05):
    """Check what every arm owes: points inside the groups, exact energies, the same for the same work; the best energy.

    Also that it takes an elite, ends with its watch, and stops at once when told to.
    """
    first, again = arm.spend(turn(work)), arm.spend(turn(work))
    assert np.array_equal(first.points, again.points)
    assert first.complete
    assert first.moves >= work
    elite = sorted(first.entries(), key=lambda entry: entry.rank)
    by_elite = [arm.spend(turn(work, number=k, elite=elite)) for k in (1, 1, 2, 3)]
    assert np.array_equal(by_elite[0].points, by_elite[1].points)
    by_time = arm.spend(turn(None, 4, elite, seconds))
    stopped = turn(None, 5, elite)
    stopped.watch.cancel()
    for ends in (first, *by_elite, by_time, arm.spend(stopped)):
        assert len(ends.points) == len(ends.energies) > 0
        assert ends.points.dtype == np.int8
        rows = landscape.structure.outer(ends.points)
        for _, kind, members in landscape.compiled.groups.simple():
            on = rows[:, members].sum(axis=1)
            assert (on == 1).all() if kind == GroupKind.EXACTLY_ONE else (on <= 1).all()
        assert np.allclose(landscape.energies(ends.energies), landscape.compiled.energies(rows), rtol=0, atol=1e-9)
        again = landscape.structure.nearest_point(rows[0], np.random.default_rng(0))
        assert np.array_equal(again, ends.points[0])
    return min(float(landscape.energies(ends.energies).min()) for ends in (first, *by_elite))
