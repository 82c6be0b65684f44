"""Backend calls: shares of the budget, failures turned into fallbacks, and what the record says of a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from qopt.core.budget import Budget
from qopt.core.errors import BackendError, CompileError, NotApplicableError, QoptError
from qopt.engine.run import Run

LEAST_SECONDS = 1e-3
"""Of a stage that begins as the time runs out: its backend sees the deadline pass and says so."""


def limits(run: Run, seconds: float | None) -> Budget:
    """The run's budget with this stage's share of the time."""
    share = None if seconds is None else max(seconds, LEAST_SECONDS)
    return replace(run.settings.budget, seconds=share, target=None)


def attempt(run: Run, name: str, role: str, work: Callable[[], Any]) -> Any:
    """Run one backend call; a failure is written down, and ends the run only when no fallback is allowed."""
    try:
        return work()
    except (NotApplicableError, CompileError) as error:
        run.decide(f"{role} {name} is not used: {error}")
        run.refusals.append(error)
        return None
    except QoptError as error:
        run.failures.append(error)
        if not run.settings.fallback:
            raise
        run.fall_back(f"{role} {name} failed ({error}); the classical search goes on without it")
        return None
    except Exception as error:  # foreign code may raise anything; it is wrapped or recorded
        wrapped = BackendError(f"{role} {name} failed: {type(error).__name__}: {error}")
        run.failures.append(wrapped)
        if not run.settings.fallback:
            raise wrapped from error
        run.fall_back(f"{wrapped}; the classical search goes on without it")
        return None


def parameters(plugin: Any) -> dict[str, Any]:
    """A plug-in's parameters, for the record."""
    return {k: v for k, v in asdict(plugin).items() if not callable(v)}


def plain(budget: Budget) -> dict[str, Any]:
    """The limits of a budget that bind."""
    return {k: (round(v, 4) if isinstance(v, float) else v) for k, v in asdict(budget).items() if v is not None}
