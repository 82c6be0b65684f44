"""The run record: everything needed to replay or audit a run, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = 1


@dataclass(slots=True)
class Call:
    """One call of a backend.

    Parameters
    ----------
    backend, role
        Name, and ``sampler``, ``proposer``, ``repairer``, ``bounder`` or ``exact``.
    parameters, seed, limits
        What it was given.
    seconds
        Wall time inside the backend.
    stopped_by
        What ended it.
    returned
        How many answers it gave.
    info
        The backend's own facts: sweeps, shots, qubits, depth, cost, …
    """

    backend: str
    role: str
    seconds: float = 0.0
    seed: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    stopped_by: str = ""
    returned: int = 0
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Funnel:
    """How answers thinned out on the way: the line that tells whether the sampler or the repair did the work.

    ``best_before_repair`` and ``best_after_repair`` are objectives in the user's sense, None when nothing was feasible.
    ``by_origin`` maps an origin and backend such as ``sampled:anneal`` to feasible distinct plans and the best of them.
    """

    sampled: int = 0
    distinct: int = 0
    decoded: int = 0
    feasible_before_repair: int = 0
    feasible_after_repair: int = 0
    best_before_repair: float | None = None
    best_after_repair: float | None = None
    by_origin: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class RunRecord:
    """One run. Filled in by the engine while it runs, then only read.

    Field names are the field's plain terms; ``schema`` comes first and a reader of schema n reads every schema <= n.
    """

    schema: int = SCHEMA
    run_id: str = ""
    problem: str = ""
    problem_hash: str = ""
    structure_hash: str = ""
    family: str = ""
    formulation: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    started: str = ""
    seed: int = 0
    reproducible: bool = True
    compiled: dict[str, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    funnel: Funnel = field(default_factory=Funnel)
    incumbents: list[dict[str, Any]] = field(default_factory=list)
    bounds: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    decisions: list[str] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    solutions: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return asdict(self)
