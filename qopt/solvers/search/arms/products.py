"""Tabu search over products of any degree: runs from children of a pool that starts as the elite."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from qopt.core.watch import run_in_chunks
from qopt.kernels import terms_tabu
from qopt.kernels.rng import streams
from qopt.solvers.search.arm import Ends, Turn
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.terms import Terms

POOL = 40
"""Members that the runs of a turn are children of."""

_RUN = 2.0  # steps of a run per bit
_WIDEST = 4096
"""Bits of the largest landscape whose every bit is looked at in each step."""


@dataclass(frozen=True, eq=False)
class ProductTabu:
    """Short runs of one-flip tabu search; see ``kernels.terms_tabu``."""

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
    def plan(self) -> terms_tabu.Plan:
        """The lengths of a run and of the time that a bit is tabu."""
        steps = max(8, int(_RUN * self.landscape.structure.size))
        return terms_tabu.Plan(*(np.array([k]) for k in (steps, max(1, steps // 10), max(1, steps // 50))))

    def start(self, turn: Turn) -> terms_tabu.State:
        """The pool: the elite, and places to be taken."""
        n, number = self.landscape.structure.size, self.terms.couplings.linear.dtype
        arrays = self.terms.arrays
        pool, worth = np.zeros((POOL, n), dtype=np.int8), np.full(POOL, np.inf)
        known = self.landscape.energies(np.array([entry.energy for entry in turn.elite[:POOL]]))
        worth[: len(known)] = self.terms.couplings.inner(known)
        for k in range(len(known)):
            pool[k] = turn.elite[k].point
        random = np.empty(1, dtype=np.uint64)
        streams(np.uint64(turn.seed), turn.number, random)
        field, sign, push = np.zeros((3, n), dtype=number)
        return terms_tabu.State(
            field,
            sign,
            push,
            np.zeros(len(arrays.weight), dtype=number if self.terms.spins else np.int32),
            np.zeros(n, dtype=np.int8),
            np.zeros(n, dtype=np.int64),
            pool,
            worth,
            random,
            np.zeros(3, dtype=np.int64),
            np.full(2, np.inf),
        )

    def spend(self, turn: Turn) -> Ends:
        """Search until the work is done or the watch ends; at least one step."""
        c, state = self.terms.couplings, self.start(turn)
        pairs = terms_tabu.Pairs(c.linear, c.indptr, c.col, c.weight)

        def step(units: int) -> int:
            done: int = terms_tabu.search(units, pairs, self.terms.arrays, state, self.plan)
            return done

        moves = step(1)
        moves += run_in_chunks(step, turn.watch, work=None if turn.work is None else turn.work - moves)
        found = np.isfinite(state.worth)
        points = np.concatenate([state.best[None], state.pool[found]])
        own = np.concatenate([state.energy[terms_tabu.BEST :], state.worth[found]])
        energies = self.landscape.couplings.inner(c.energies(own))
        return Ends(points, energies, moves, turn.work is not None and not turn.watch.expired())


def fit(landscape: Landscape) -> ProductTabu | None:
    """For products over free bits, without rows."""
    products = len(landscape.compiled.polynomial.products) > 0 and not len(landscape.compiled.rows)
    return ProductTabu(landscape) if products and landscape.free and landscape.structure.size <= _WIDEST else None
