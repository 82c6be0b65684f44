"""Amounts in one dimension or in several: a number, numbers by position, or numbers by name."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from qopt.models.faults import refuse


def _amounts(value: Any) -> Any:
    """Refuse what is no amount at its own place, so that the union below never has to list every shape it tried."""
    parts: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    if isinstance(value, dict):
        parts = [((str(name),), part) for name, part in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [((k,), part) for k, part in enumerate(value)]
    rule = "a finite number of at least 0 is needed"
    wrong = [
        (where, rule, part)
        for where, part in parts
        if isinstance(part, bool) or not isinstance(part, (int, float)) or not 0 <= part < float("inf")
    ]
    refuse("amounts", wrong)
    return value


Amount = Annotated[float, Field(ge=0)]
Amounts = Annotated[
    Amount | tuple[Amount, ...] | dict[Annotated[str, Field(min_length=1, max_length=200)], Amount],
    BeforeValidator(_amounts),
]
"""One dimension, several by position, or several by name."""


def dimensions(capacity: float | tuple[float, ...] | dict[str, float]) -> tuple[str, ...] | None:
    """Names of the dimensions of a capacity; None where they have none."""
    return tuple(capacity) if isinstance(capacity, dict) else None


def flat(amounts: float | tuple[float, ...] | dict[str, float], names: tuple[str, ...] | None) -> list[float]:
    """Amounts as a list in the order of ``names``; a name left out is 0."""
    if isinstance(amounts, dict):
        return [amounts.get(name, 0.0) for name in names or ()]
    return list(amounts) if isinstance(amounts, tuple) else [amounts]


def mismatch(given: Any, capacity: Any, what: str) -> str:
    """Why amounts called ``what`` do not have the shape of a capacity; empty when they have."""
    if isinstance(capacity, dict):
        if not isinstance(given, dict):
            return f"{what} needs names, as capacity has: {', '.join(capacity)}"
        unknown = [name for name in given if name not in capacity]
        return f"capacity has no {', '.join(unknown)}; it has: {', '.join(capacity)}" if unknown else ""
    if isinstance(capacity, tuple):
        fits = isinstance(given, tuple) and len(given) == len(capacity)
        return "" if fits else f"{what} needs a list of {len(capacity)} numbers, as capacity has"
    return "" if isinstance(given, float) else f"{what} needs one number, as capacity has"
