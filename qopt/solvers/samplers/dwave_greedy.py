"""Sampler ``dwave_greedy``: steepest descent from random points, of the library dwave-samplers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from qopt.core.accepts import QUBO, Accepts
from qopt.core.arrays import Bits
from qopt.core.batch import SampleBatch
from qopt.core.budget import Budget
from qopt.core.compiled import Compiled
from qopt.core.errors import BackendUnavailableError, ModelError
from qopt.core.watch import Watch
from qopt.solvers.samplers._foreign import Calls, as_states, nothing_to_decide

if TYPE_CHECKING:
    import dimod

NAME = "dwave_greedy"
READS = 256
"""Of a run that nothing limits."""


@dataclass(frozen=True)
class DwaveGreedy:
    """``SteepestDescentSampler`` in short calls.

    Parameters
    ----------
    reads
        At least 1; ``budget.reads`` wins. None: as many as the deadline allows, 256 without one.
    large_sparse
        Use the library's heap, which is faster for large sparse problems.
    """

    reads: int | None = None
    large_sparse: bool = False

    accepts: ClassVar[Accepts] = QUBO

    def __post_init__(self) -> None:
        if self.reads is not None and not self.reads > 0:
            raise ModelError(f"sampler {NAME}: reads must be above 0, got {self.reads!r}")

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Descend; rows of ``initial`` are the first starting points.

        Raises
        ------
        NotApplicableError
            Products of three or more bits, rows or groups are left.
        BackendUnavailableError
            dwave-samplers is not installed.
        """
        try:
            from dwave.samplers import SteepestDescentSampler
        except ImportError as error:
            raise BackendUnavailableError(f"sampler {NAME}", "dwave") from error
        calls = Calls(NAME, compiled, budget, seed, watch)
        empty = nothing_to_decide(NAME, compiled, budget, seed, watch)
        if empty is not None:
            return empty
        bqm = compiled.to_bqm()
        sampler = SteepestDescentSampler()

        def draw(reads: int, seed: int, states: Any) -> dimod.SampleSet:
            return sampler.sample(
                bqm,
                num_reads=reads,
                seed=seed,
                initial_states=as_states(states),
                large_sparse_opt=self.large_sparse,
            )

        asked = budget.reads or self.reads or (READS if calls.watch.deadline is None else None)
        calls.run(draw, asked, initial)
        return calls.batch({}, asked=asked)


PLUGIN = DwaveGreedy()
