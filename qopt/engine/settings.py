"""What a run was asked for: the call wins over the document's ``solve:`` section, which wins over the defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qopt.core import registry
from qopt.core.budget import Budget
from qopt.core.errors import ModelError, UnknownPluginError
from qopt.engine.environment import cores
from qopt.models.instance import SolveSection

DEFAULT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Resolved settings of a run.

    Parameters
    ----------
    differ
        Least share of decisions in which ranked plans differ, 0 to 1; None: as the family says.
    samplers, proposers
        Names in the order given; empty for none; None for ``auto``.
    repair
        Whether infeasible samples are repaired and the pool recombined.
    threads
        Threads all searches together may use.
    deterministic
        Limit by counted work, so that the seed fixes the answer.
    fallback
        Whether a failing backend is replaced by the classical one.
    """

    budget: Budget
    seed: int
    top: int
    differ: float | None
    samplers: tuple[str, ...] | None
    proposers: tuple[str, ...] | None
    repair: bool
    strategy: str
    formulation: str
    guarantee: str
    threads: int
    deterministic: bool
    fallback: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the record; limits that do not bind are left out."""
        out = asdict(self)
        out["budget"] = {k: v for k, v in asdict(self.budget).items() if v is not None}
        return out


def resolve(section: SolveSection, given: dict[str, Any]) -> Settings:
    """Settings from a call's arguments (None where the caller said nothing) and the document's section.

    Raises
    ------
    ModelError
        An unknown plug-in or a value out of range.
    """

    def pick(name: str, default: Any) -> Any:
        value = given.get(name)
        if value is None:
            value = getattr(section, name, None)
        return default if value is None else value

    budget = Budget.of(pick("budget", None))
    deterministic = bool(given.get("deterministic") or budget.work is not None)
    if budget.seconds is None and budget.work is None and budget.reads is None:
        budget = budget.with_seconds(DEFAULT_SECONDS)
    seed = pick("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ModelError(f"seed must be a whole number from 0 up, got {seed!r}")
    top = pick("top", 5)
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise ModelError(f"top must be a whole number from 1 up, got {top!r}")
    differ = pick("differ", None)
    if differ is not None and (isinstance(differ, bool) or not isinstance(differ, int | float) or not 0 <= differ <= 1):
        raise ModelError(f"differ must be a share from 0 to 1, got {differ!r}")
    threads = pick("threads", cores())
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ModelError(f"threads must be a whole number from 1 up, got {threads!r}")
    strategy = pick("strategy", "auto")
    if strategy != "auto":
        raise ModelError(f"unknown strategy {strategy!r}; there is: auto")
    return Settings(
        budget=budget,
        seed=seed,
        top=top,
        differ=None if differ is None else float(differ),
        samplers=_names("samplers", pick("sampler", "auto")),
        proposers=_names("proposers", pick("proposer", "auto")),
        repair=bool(pick("repair", True)),
        strategy=strategy,
        formulation=str(pick("formulation", "auto")),
        guarantee=str(pick("guarantee", "argmin")),
        threads=threads,
        deterministic=deterministic,
        fallback=bool(pick("fallback", True)),
    )


def _names(kind: str, given: str | Sequence[str]) -> tuple[str, ...] | None:
    chosen = [part.strip() for part in given.split(",")] if isinstance(given, str) else list(given)
    if chosen == ["auto"]:
        return None
    if chosen == ["none"]:
        return ()
    try:
        return tuple(dict.fromkeys(registry.named(kind, name) for name in chosen))
    except UnknownPluginError as error:
        known = ", ".join(error.known)
        raise ModelError(f"no {error.kind} named {error.name!r}; there are: auto, none, {known}") from error
