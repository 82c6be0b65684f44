"""The elite keeps the best points apart."""

import numpy as np

from qopt.solvers.search.arm import Entry
from qopt.solvers.search.elite import Elite


def test_holds_the_best_in_order_and_apart() -> None:
    """The best is always held, in order, and no two are near."""
    random = np.random.default_rng(3)
    for _ in range(50):
        elite = Elite(4, apart=2)
        seen: list[Entry] = []
        for _ in range(60):
            entry = Entry(
                random.integers(0, 2, 8, dtype=np.int8), float(random.integers(0, 20)), float(random.random() < 0.3)
            )
            elite.add(entry)
            seen.append(entry)
            held = elite.snapshot()
            assert len(held) <= 4
            assert [e.rank for e in held] == sorted(e.rank for e in held)
            assert held[0].rank == min(e.rank for e in seen)
            for a in range(len(held)):
                for b in range(a):
                    assert np.count_nonzero(held[a].point != held[b].point) >= 2


def test_a_better_neighbour_replaces_all_that_are_near() -> None:
    elite = Elite(3, apart=3)
    zero = np.zeros(6, np.int8)
    one, two = zero.copy(), zero.copy()
    one[[0, 1, 2]] = 1
    two[[3, 4, 5]] = 1
    between = zero.copy()
    between[0] = 1
    assert elite.add(Entry(zero, 5.0)) and elite.add(Entry(one, 6.0)) and elite.add(Entry(two, 7.0))
    assert not elite.add(Entry(between, 5.0))
    assert elite.add(Entry(between, 4.0))
    assert [e.energy for e in elite.snapshot()] == [4.0, 7.0]


def test_what_holds_comes_before_what_breaks() -> None:
    elite = Elite(2, apart=1)
    elite.add(Entry(np.array([1, 0], np.int8), -10.0, 1.0))
    elite.add(Entry(np.array([0, 1], np.int8), 3.0))
    assert elite.best is not None
    assert elite.best.energy == 3.0
