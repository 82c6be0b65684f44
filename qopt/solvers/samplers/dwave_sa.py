"""Sampler ``dwave_sa``: simulated annealing of the library dwave-samplers."""

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

NAME = "dwave_sa"
READS = 32
"""Of a run that nothing limits."""

_TRIAL_SWEEPS = 8


@dataclass(frozen=True)
class DwaveAnneal:
    """``SimulatedAnnealingSampler`` in short calls.

    Parameters
    ----------
    reads
        At least 1; ``budget.reads`` wins. None: as many as the deadline allows, 32 without one.
    sweeps
        Per read, at least 1; fewer where a read would not fit before the deadline.
    beta_min, beta_max
        Inverse temperatures of the first and last sweep, in 1 / energy of the Ising form. None: the library's choice.
    schedule
        ``geometric`` or ``linear``.
    """

    reads: int | None = None
    sweeps: int = 1000
    beta_min: float | None = None
    beta_max: float | None = None
    schedule: str = "geometric"

    accepts: ClassVar[Accepts] = QUBO

    def __post_init__(self) -> None:
        for name in ("reads", "sweeps", "beta_min", "beta_max"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ModelError(f"sampler {NAME}: {name} must be above 0, got {value!r}")
        if (self.beta_min is None) != (self.beta_max is None):
            raise ModelError(f"sampler {NAME}: beta_min and beta_max go together, got one of them")
        if self.schedule not in ("geometric", "linear"):
            raise ModelError(f"sampler {NAME}: schedule must be geometric or linear, got {self.schedule!r}")

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
            from dwave.samplers import SimulatedAnnealingSampler
        except ImportError as error:
            raise BackendUnavailableError(f"sampler {NAME}", "dwave") from error
        calls = Calls(NAME, compiled, budget, seed, watch)
        empty = nothing_to_decide(NAME, compiled, budget, seed, watch)
        if empty is not None:
            return empty
        bqm = compiled.to_bqm()
        sampler: Any = SimulatedAnnealingSampler()
        sweeps = self.sweeps
        betas = self._betas(compiled)

        def draw(reads: int, seed: int, states: Any) -> dimod.SampleSet:
            return sampler.sample(
                bqm,
                num_reads=reads,
                num_sweeps=sweeps,
                seed=seed,
                beta_range=betas,
                beta_schedule_type=self.schedule,
                initial_states=as_states(states),
            )

        if calls.watch.deadline is not None and sweeps > _TRIAL_SWEEPS:
            sweeps = _TRIAL_SWEEPS
            seconds = calls.call(draw, 1)
            possible = 0.5 * _TRIAL_SWEEPS * calls.watch.remaining() / max(seconds, 1e-6)
            sweeps = int(max(1, min(self.sweeps, possible)))
            calls.forget()
        asked = budget.reads or self.reads or (READS if calls.watch.deadline is None else None)
        calls.run(draw, asked, initial)
        return calls.batch({"sweeps": sweeps}, asked=asked)

    def _betas(self, compiled: Compiled) -> tuple[float, float] | None:
        """The range asked for; the library's own (None), which it cannot choose when every coefficient is 0."""
        if self.beta_min is not None and self.beta_max is not None:
            return self.beta_min, self.beta_max
        return None if np.any(compiled.polynomial.linear) or compiled.num_couplings else (0.1, 1.0)


PLUGIN = DwaveAnneal()
