"""How much a search may use."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qopt.core.errors import ModelError


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of a run; a limit of None does not bind.

    Parameters
    ----------
    seconds
        Wall time, from the call to the answer: load, compile, search, repair and check. Imports and JIT excluded.
    work
        Counted work of the search kernels (moves proposed), the same on every machine: with it the same seed gives the
        same answer.
    reads
        Number of independent samples asked of a sampler.
    shots
        Number of measurements of a quantum backend.
    money
        Largest cost of paid backends, in the account's currency.
    target
        Stop as soon as a feasible answer at least this good is known, in the user's sense.
    """

    seconds: float | None = None
    work: int | None = None
    reads: int | None = None
    shots: int | None = None
    money: float | None = None
    target: float | None = None

    def __post_init__(self) -> None:
        for name in ("seconds", "work", "reads", "shots", "money"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ModelError(f"budget: {name} must be above 0, got {value!r}")

    @classmethod
    def of(cls, value: float | Budget | None) -> Budget:
        """A budget from a number of seconds, a Budget, or None (no limit)."""
        if value is None:
            return cls()
        if isinstance(value, Budget):
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ModelError(f"budget must be a number of seconds or a Budget, got {value!r}")
        return cls(seconds=float(value))

    def with_seconds(self, seconds: float | None) -> Budget:
        """The same budget with another wall time."""
        return replace(self, seconds=seconds)
