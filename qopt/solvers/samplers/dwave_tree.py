"""Sampler ``dwave_tree``: exact minimisation along a tree decomposition, of the library dwave-samplers."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from qopt.core.accepts import QUBO, Accepts
from qopt.core.arrays import Bits
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import BackendUnavailableError, ModelError, NotApplicableError
from qopt.core.polynomial import Polynomial
from qopt.core.watch import Watch
from qopt.solvers.samplers._foreign import Calls

if TYPE_CHECKING:
    import dimod

NAME = "dwave_tree"


@dataclass(frozen=True)
class DwaveTree:
    """``TreeDecompositionSolver``: the lowest rows of a QUBO whose graph is nearly a tree.

    Time and memory grow with ``2**width`` of the elimination order found by least degree. One call that cannot be
    interrupted; what it takes beyond the deadline is in ``info["overshoot"]``.

    Parameters
    ----------
    reads
        Lowest rows returned, at least 1; ``budget.reads`` wins.
    max_treewidth
        Wider problems are refused; 1..25.
    """

    reads: int = 16
    max_treewidth: int = 18

    accepts: ClassVar[Accepts] = QUBO

    def __post_init__(self) -> None:
        if not self.reads > 0:
            raise ModelError(f"sampler {NAME}: reads must be above 0, got {self.reads!r}")
        if not 1 <= self.max_treewidth <= 25:
            raise ModelError(f"sampler {NAME}: max_treewidth must be in 1..25, got {self.max_treewidth!r}")

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Solve; the seed plays no part, rows of ``initial`` only compete.

        Raises
        ------
        NotApplicableError
            The treewidth is too large, or products of three or more bits, rows or groups are left.
        BackendUnavailableError
            dwave-samplers is not installed.
        """
        try:
            from dwave.samplers import TreeDecompositionSolver
        except ImportError as error:
            raise BackendUnavailableError(f"sampler {NAME}", "dwave") from error
        calls = Calls(NAME, compiled, budget, seed, watch)
        n = compiled.num_bits
        used = np.flatnonzero(np.isin(np.arange(n), compiled.polynomial.columns()))
        order, width = elimination_order(compiled.polynomial, self.max_treewidth)
        if order is None:
            reason = f"has a treewidth above {self.max_treewidth} by the least-degree order"
            raise NotApplicableError(NAME, [reason])
        asked = budget.reads or self.reads
        rows = min(asked, 2 ** min(len(used), 10))

        def draw(reads: int, seed: int, states: Any) -> dimod.SampleSet:
            import dimod

            bits = np.zeros((1, n), dtype=np.int8)
            if len(used):
                bqm = compiled.to_bqm()
                for k in np.setdiff1d(np.arange(n), used).tolist():
                    bqm.remove_variable(k)
                found = TreeDecompositionSolver().sample(bqm, num_reads=reads, elimination_order=order)
                bits = np.zeros((len(found), n), dtype=np.int8)
                bits[:, list(found.variables)] = found.record.sample
            return dimod.SampleSet.from_samples((bits, range(n)), dimod.BINARY, energy=compiled.energies(bits))

        calls.call(draw, rows)
        if initial is not None:
            given = np.atleast_2d(initial)
            calls.pool.add(given, compiled.energies(given))
        return calls.batch({"reads": asked, "treewidth": width, "exhaustive": True}, asked=asked, complete=True)


def elimination_order(polynomial: Polynomial, limit: int) -> tuple[list[Hashable] | None, int]:
    """The bits with a nonzero coefficient by least degree, and the width; None once the width is above ``limit``."""
    around: dict[int, set[int]] = {int(k): set() for k in polynomial.columns()}
    if len(polynomial.value) > limit * len(around):
        return None, limit + 1
    for i, j in zip(polynomial.row.tolist(), polynomial.col.tolist()):
        if i != j:
            around[i].add(j)
            around[j].add(i)
    heap = [(len(near), k) for k, near in around.items()]
    heapq.heapify(heap)
    order: list[Hashable] = []
    width = 0
    while heap:
        degree, k = heapq.heappop(heap)
        if k not in around or degree != len(around[k]):
            continue
        if degree > limit:
            return None, degree
        width = max(width, degree)
        near = around.pop(k)
        for other in near:
            around[other] |= near
            around[other] -= {k, other}
            heapq.heappush(heap, (len(around[other]), other))
        order.append(k)
    return order, width


PLUGIN = DwaveTree()
