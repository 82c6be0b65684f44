"""Sampler ``exact``: every point that satisfies the groups, one after the other, and the lowest of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, prod
from typing import ClassVar

import numpy as np

from qopt.core.accepts import Accepts
from qopt.core.arrays import Bits
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import ModelError, NotApplicableError
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch, run_in_chunks
from qopt.solvers._structure import Structure
from qopt.solvers.search.pool import Pool, stop_reason

NAME = "exact"


@dataclass(frozen=True)
class Exact:
    """Visits all points by a Gray code; about 10**8 points take a few seconds.

    ``info["exhaustive"]`` is True when every point was visited: then the first row is a minimiser, which is a proof. A
    run that is cut short returns the lowest rows seen so far and says False. The seed plays no part.

    Parameters
    ----------
    keep
        Lowest rows returned, at least 1; of equal energies the first visited stay. ``budget.reads`` wins.
    states
        Most points; a problem with more is refused.
    """

    keep: int = 100
    states: int = 2**28

    accepts: ClassVar[Accepts] = Accepts(
        bits=128, groups=frozenset({GroupKind.EXACTLY_ONE, GroupKind.AT_MOST_ONE, GroupKind.PERMUTATION})
    )

    def __post_init__(self) -> None:
        for name in ("keep", "states"):
            if not getattr(self, name) > 0:
                raise ModelError(f"sampler {NAME}: {name} must be above 0, got {getattr(self, name)!r}")

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Visit every point; ``initial`` rows only compete with those visited.

        Raises
        ------
        NotApplicableError
            Rows are left, the degree is above 2, two groups share a bit, or there are too many points.
        """
        from qopt.kernels import anneal_chain, anneal_fields, gray
        from qopt.solvers.search.couplings import Couplings

        began = watch.clock()
        watch = watch.within(budget.seconds)
        structure = Structure.of(compiled, NAME, self.accepts)
        radix = [2] * structure.free + np.diff(structure.set_start).tolist() + [factorial(s) for s in structure.side]
        states = prod(int(r) for r in radix)
        if states > self.states:
            raise NotApplicableError(NAME, [f"has {states} points, at most {self.states} are visited"])
        couplings = Couplings.of(compiled, structure)
        weights = (couplings.indptr, couplings.col, couplings.weight)
        point = np.zeros(structure.size, dtype=np.int8)
        point[structure.set_start[:-1]] = 1
        for start, side in zip(structure.square_start.tolist(), structure.side.tolist()):
            point[start + np.arange(side) * (side + 1)] = 1
        field, sign = np.empty((2, structure.size), dtype=couplings.linear.dtype)
        anneal_fields.load(couplings.linear, *weights, point, field, sign)
        chain = anneal_chain.Chain(
            field, sign, structure.chosen(point), structure.place(point), np.ones(1, np.uint64), np.zeros(5, np.int64)
        )
        layout = anneal_chain.Layout(
            np.array([structure.free]), structure.set_start, structure.square_start, structure.side, structure.row_start
        )
        keep = min(budget.reads or self.keep, states)
        found, points = np.full(keep, np.inf), np.zeros((keep, structure.size), dtype=np.int8)
        total = np.array([anneal_fields.energy_of(couplings.linear, field, sign), np.inf])
        gray.note(total[0], chain, found, points, total)
        count, at = np.zeros(len(radix), np.int64), np.array([1, 0])
        arrow = np.full(int(structure.side.sum()), -1, dtype=np.int64)
        inner = anneal_chain.Couplings(couplings.linear, *weights, np.array([couplings.lowest]))
        sizes = np.array(radix, dtype=np.int64)
        pool = Pool(compiled, watch, NAME, keep)

        def step(units: int) -> int:
            best = found.min()
            done: int = gray.walk(
                units, not couplings.exact, inner, layout, chain, sizes, count, arrow, found, points, total, at
            )
            if found.min() < best:
                k = int(np.argmin(found))
                pool.add(structure.outer(points[k : k + 1]), couplings.energies(found[k : k + 1]))
            return done

        run_in_chunks(step, watch, work=budget.work)
        exhaustive = bool(at[gray.ENDED])
        seen = np.isfinite(found)
        pool.add(structure.outer(points[seen]), couplings.energies(found[seen]))
        if initial is not None:
            rows = np.atleast_2d(initial)
            pool.add(rows, compiled.energies(rows))
        info = {"exhaustive": exhaustive, "points": int(at[gray.VISITED]), "of": states}
        reason = stop_reason(watch, complete=exhaustive or not watch.expired())
        if not exhaustive and reason == "done":
            reason = "work"
        return pool.batch(seed=seed, stopped_by=reason, seconds=watch.clock() - began, info=info)


PLUGIN = Exact()
