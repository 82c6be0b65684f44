"""Tabu search over products of any degree: runs from children of a pool that starts as the elite."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from qopt.core.watch import Stoppable, run_in_chunks
from qopt.kernels import correlations, tabu_pool, terms_tabu
from qopt.kernels.rng import streams
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.correlations import Correlations
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.terms import Terms

POOL = 40
"""Members that the runs of a turn are children of."""

WIDEST = 4096
"""Bits of the largest landscape whose every bit is looked at in each step."""

_RUN = 2.0  # steps of a run per bit


@dataclass(frozen=True, eq=False)
class ProductTabu:
    """Short runs of one-flip tabu search; see ``kernels.tabu_pool``."""

    landscape: Landscape

    name: ClassVar[str] = "products"
    needs: ClassVar[int] = 0
    patient: ClassVar[bool] = False
    prior: ClassVar[float] = 0.9

    @cached_property
    def terms(self) -> Terms:
        """The products, over bits or over spins."""
        return Terms.of(self.landscape.compiled.polynomial, self.landscape.structure)

    @cached_property
    def correlations(self) -> Correlations | None:
        """What the products are, where tables search them much faster."""
        return Correlations.of(self.terms)

    @cached_property
    def plan(self) -> tabu_pool.Plan:
        """The lengths of a run and of the time that a bit is tabu."""
        steps = max(8, int(_RUN * self.landscape.structure.size))
        return tabu_pool.Plan(*(np.array([k]) for k in (steps, max(1, steps // 10), max(1, steps // 50))))

    def start(self, turn: Turn) -> tabu_pool.Runs:
        """The pool: the elite, and places to be taken."""
        n = self.landscape.structure.size
        pool, worth = np.zeros((POOL, n), dtype=np.int8), np.full(POOL, np.inf)
        known = self.landscape.energies(np.array([entry.energy for entry in turn.elite[:POOL]]))
        tables = self.correlations
        worth[: len(known)] = self.terms.couplings.inner(known) if tables is None else tables.squares(known)
        for k in range(len(known)):
            pool[k] = turn.elite[k].point
        random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(turn.seed), turn.number, random)
        at, energy = np.zeros(3, dtype=np.int64), np.full(2, np.inf)
        return tabu_pool.Runs(
            np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int64), np.zeros(n), pool, worth, random, at, energy
        )

    def _step(self, runs: tabu_pool.Runs) -> Stoppable:
        """A function that takes steps: so many bits looked at, about."""
        n, c, plan = self.landscape.structure.size, self.terms.couplings, self.plan
        if self.correlations is not None:
            wide = -(-(n - 1) // correlations.WIDTH) * correlations.WIDTH
            sign, total, change = (np.zeros(shape, dtype=np.int16) for shape in (n, wide, (n, wide)))
            sequence = correlations.Fields(sign, total, change)

            def look_up(units: int) -> int:
                done: int = correlations.search(units, sequence, runs, plan)
                return done

            return look_up
        arrays = self.terms.arrays
        pairs = terms_tabu.Pairs(c.linear, c.indptr, c.col, c.weight)
        field, sign, push = np.zeros((3, n), dtype=c.linear.dtype)
        products = np.zeros(len(arrays.weight), dtype=c.linear.dtype if self.terms.spins else np.int32)
        fields = terms_tabu.Fields(field, sign, push, products)

        def add_up(units: int) -> int:
            done: int = terms_tabu.search(units, pairs, arrays, fields, runs, plan)
            return done

        return add_up

    def spend(self, turn: Turn) -> Ends:
        """Search until the work is done or the watch ends; at least one step."""
        runs = self.start(turn)
        step = self._step(runs)
        moves = step(1)
        moves += run_in_chunks(step, turn.watch, work=None if turn.work is None else turn.work - moves)
        found = np.isfinite(runs.worth)
        points = np.concatenate([runs.best[None], runs.pool[found]])
        own = np.concatenate([runs.energy[tabu_pool.BEST :], runs.worth[found]])
        of = self.terms.couplings if self.correlations is None else self.correlations
        energies = self.landscape.couplings.inner(of.energies(own))
        return Ends(points, energies, moves, turn.work is not None and not turn.watch.expired())


def fit(landscape: Landscape) -> ProductTabu | None:
    """For products over free bits, without rows."""
    products = len(landscape.compiled.polynomial.products) > 0 and not len(landscape.compiled.rows)
    return ProductTabu(landscape) if products and landscape.free and landscape.structure.size <= WIDEST else None
