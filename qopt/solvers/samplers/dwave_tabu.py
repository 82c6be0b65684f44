"""Sampler ``dwave_tabu``: multi-start tabu search of the library dwave-samplers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

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

NAME = "dwave_tabu"
READS = 8
"""Of a run that nothing limits."""

_SLICE_MS = 250


@dataclass(frozen=True)
class DwaveTabu:
    """``TabuSampler`` in short calls; with a deadline each call is also limited in time.

    Parameters
    ----------
    reads
        At least 1; ``budget.reads`` wins. None: as many as the deadline allows, 8 without one.
    restarts
        Restarts of a read, at least 0.
    tenure
        Steps that a flipped bit stays tabu, 0..bits - 1. None: the library's min(20, bits / 4).
    """

    reads: int | None = None
    restarts: int = 10
    tenure: int | None = None

    accepts: ClassVar[Accepts] = QUBO

    def __post_init__(self) -> None:
        if self.reads is not None and not self.reads > 0:
            raise ModelError(f"sampler {NAME}: reads must be above 0, got {self.reads!r}")
        for name in ("restarts", "tenure"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ModelError(f"sampler {NAME}: {name} must be at least 0, got {value!r}")

    def sample(
        self, compiled: Compiled, *, budget: Budget, seed: int, watch: Watch, initial: Bits | None = None
    ) -> SampleBatch:
        """Sample a plain QUBO; rows of ``initial`` are the states of the first reads.

        Raises
        ------
        NotApplicableError
            Products of three or more bits, rows or groups are left.
        BackendUnavailableError
            dwave-samplers is not installed.
        """
        try:
            from dwave.samplers import TabuSampler
        except ImportError as error:
            raise BackendUnavailableError(f"sampler {NAME}", "dwave") from error
        calls = Calls(NAME, compiled, budget, seed, watch)
        calls.most_reads = 1
        empty = nothing_to_decide(NAME, compiled, budget, seed, watch)
        if empty is not None:
            return empty
        bqm = compiled.to_bqm()
        sampler: Any = TabuSampler()
        tenure = None if self.tenure is None else min(self.tenure, compiled.num_bits - 1)

        def draw(reads: int, seed: int, states: Any) -> dimod.SampleSet:
            left = calls.watch.remaining()
            return sampler.sample(
                bqm,
                num_reads=reads,
                num_restarts=self.restarts,
                tenure=tenure,
                timeout=int(max(1, min(_SLICE_MS, 1000 * left))) if np.isfinite(left) else None,
                seed=seed,
                initial_states=as_states(states),
            )

        asked = budget.reads or self.reads or (READS if calls.watch.deadline is None else None)
        calls.run(draw, asked, initial)
        return calls.batch({"restarts": self.restarts}, asked=asked)


PLUGIN = DwaveTabu()
