"""Sampler ``exact``: every point that satisfies the groups, one after the other, and the lowest of them."""

from __future__ import annotations

from dataclasses import dataclass
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
        from qopt.solvers.search.couplings import Couplings
        from qopt.solvers.search.states import Walk

        began = watch.clock()
        watch = watch.within(budget.seconds)
        structure = Structure.of(compiled, NAME, self.accepts)
        states = structure.points
        if states > self.states:
            raise NotApplicableError(NAME, [f"has {states} points, at most {self.states} are visited"])
        couplings = Couplings.of(compiled, structure)
        keep = min(budget.reads or self.keep, states)
        walk = Walk(structure, couplings, keep)
        pool = Pool(compiled, watch, NAME, keep)

        def step(units: int) -> int:
            best = walk.energies.min()
            done = walk.step(units)
            if walk.energies.min() < best:
                k = int(np.argmin(walk.energies))
                pool.add(structure.outer(walk.points[k : k + 1]), couplings.energies(walk.energies[k : k + 1]))
            return done

        run_in_chunks(step, watch, work=budget.work)
        exhaustive = walk.ended
        points, energies = walk.found()
        pool.add(structure.outer(points), couplings.energies(energies))
        if initial is not None:
            rows = np.atleast_2d(initial)
            pool.add(rows, compiled.energies(rows))
        info = {"exhaustive": exhaustive, "points": walk.visited, "of": states}
        reason = stop_reason(watch, complete=exhaustive or not watch.expired())
        if not exhaustive and reason == "done":
            reason = "work"
        return pool.batch(seed=seed, stopped_by=reason, seconds=watch.clock() - began, info=info)


PLUGIN = Exact()
