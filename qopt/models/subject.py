"""What is being solved: a plain Problem, or a family's instance with its problem and form made when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from qopt.core import registry
from qopt.core.arrays import Floats
from qopt.core.errors import Issue, ModelError
from qopt.core.problem import Problem, Sense
from qopt.core.solution import Candidate, Check, Solution
from qopt.models.instance import Instance, SolveSection
from qopt.models.plans import from_nonzeros, nonzeros


class Subject:
    """One thing to solve, with every way of looking at it.

    Parameters
    ----------
    problem
        A Problem, when there is no instance.
    instance
        A family's instance.
    origin
        What the caller handed in (a Pyomo model, say), for writing values back.
    """

    def __init__(self, problem: Problem | None = None, instance: Instance | None = None, origin: Any = None) -> None:
        if (problem is None) == (instance is None):
            raise ValueError("a subject is either a problem or an instance")
        self.instance = instance
        self.origin = origin
        self.family: Any = None if instance is None else registry.load("families", instance.family)
        self._problems: dict[str, Problem] = {} if problem is None else {"": problem}

    @property
    def name(self) -> str:
        """Name of the instance or problem."""
        return self.instance.name if self.instance is not None else self._problems[""].name

    @property
    def family_name(self) -> str:
        """Name of the family; empty for a plain problem."""
        return "" if self.instance is None else self.instance.family

    @property
    def settings(self) -> SolveSection:
        """The document's ``solve:`` section."""
        return SolveSection() if self.instance is None else self.instance.solve

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of the file wants the user to know."""
        return tuple(getattr(self.instance, "notes", ()))

    @property
    def formulations(self) -> tuple[str, ...]:
        """Names of the ways to write the instance as a Problem; empty for a plain problem."""
        if self.family is None:
            return ()
        offers = getattr(self.family, "offers", None)
        return tuple(self.family.formulations if offers is None else offers(self.instance))

    @cached_property
    def form(self) -> Any:
        """The native form, or None."""
        make = getattr(self.family, "form", None)
        return None if make is None else make(self.instance)

    @cached_property
    def sense(self) -> Sense:
        """Direction of the objective; every form is minimised."""
        return Sense.MINIMIZE if self.form is not None else self.problem().sense

    @property
    def integral(self) -> bool:
        """Whether two different objectives differ by at least 1."""
        return bool(self.form.integral) if self.form is not None else self.problem().integral

    def choose(self, purpose: str, wanted: str = "auto") -> str:
        """The formulation wanted, if it exists, else that for a purpose.

        Purposes are ``sample``, ``exact``, and ``explain``: to tell why nothing is feasible.
        """
        if self.family is None:
            return ""
        if wanted != "auto":
            if wanted not in self.formulations:
                known = ", ".join(self.formulations)
                raise ModelError(f"{self.family_name} has no formulation {wanted!r}; it has: {known}")
            return wanted
        pick = getattr(self.family, "choose", None)
        return str(pick(self.instance, purpose)) if pick is not None else self.formulations[0]

    def faithful(self, formulation: str) -> bool:
        """Whether a formulation's objective is the family's own, so that its optimum and its bounds count."""
        return formulation not in getattr(self.family, "approximate", ())

    def size(self, formulation: str) -> tuple[int, int]:
        """Columns and nonzeros of a formulation, without building it where the family can tell."""
        estimate = getattr(self.family, "size", None)
        if estimate is not None:
            columns, nonzeros = estimate(self.instance, formulation)
            return int(columns), int(nonzeros)
        built = self.problem(formulation)
        return built.n, len(built.objective.value) + len(built.rows.value) + len(built.groups.index)

    def problem(self, formulation: str = "auto", pool: Any = None) -> Problem:
        """The Problem in a formulation; built once, except from a pool."""
        if self.instance is None:
            return self._problems[""]
        name = self.choose("sample", formulation)
        if pool is not None:
            return self.family.build(self.instance, formulation=name, pool=pool)
        if name not in self._problems:
            self._problems[name] = self.family.build(self.instance, formulation=name)
        return self._problems[name]

    def lower(self, values: Floats, formulation: str, pool: Any = None) -> Any:
        """Column values as a proposal of the form; None when they do not describe one."""
        extra = {} if pool is None else {"pool": pool}
        return self.family.lower(self.instance, values, formulation=formulation, **extra)

    def lift(self, proposal: Any, formulation: str) -> Floats | None:
        """A proposal as column values of a formulation; None when that formulation cannot hold it."""
        values = self.family.lift(self.instance, proposal, formulation=formulation)
        return None if values is None else np.asarray(values, dtype=np.float64)

    def built(self, formulation: str) -> bool:
        """Whether the problem of this formulation exists already."""
        return formulation in self._problems

    def restore(self, plan: Mapping[str, Any]) -> Any:
        """A plan in the family's words as a proposal of the form, or as column values.

        Raises
        ------
        RecordError
            The plan does not fit the instance: says which entry.
        """
        if self.family is not None and hasattr(self.family, "restore"):
            return self.family.restore(self.instance, plan)
        return from_nonzeros(self.problem(), plan)

    def faults(self, plan: Mapping[str, Any]) -> tuple[str, ...]:
        """Every rule that a plan of ``solution`` breaks, in the family's own words; empty for a plain problem.

        The family's own judge shares no code with the forms' and the problems' judges: a second opinion.
        """
        return () if self.family is None else tuple(self.family.domain_check(self.instance, plan))

    def write_back(self, result: Any) -> None:
        """Hand the best values back to a model object that can take them (Pyomo)."""
        for name in registry.names("formats") if self.origin is not None else ():
            door = registry.load("formats", name)
            give = getattr(door, "write_back", None)
            if give is not None and door.accepts_object(self.origin):
                give(self.origin, self.problem(), result)

    def solution(self, candidate: Candidate, check: Check, problem: Problem | None) -> Solution:
        """A checked candidate with its plan and its key."""
        labels = None if problem is None else problem.columns.names
        draft = Solution(candidate, check, candidate.values, {}, labels=labels)
        if self.family is None:
            assert candidate.values is not None and problem is not None
            plan: Mapping[str, Any] = {"values": nonzeros(problem, candidate.values)}
            key: Any = candidate.values.tobytes()
        else:
            plan = self.family.interpret(self.instance, draft)
            key = self.family.key(plan)
        return Solution(candidate, check, candidate.values, plan, key, labels=labels)

    @property
    def differ(self) -> float:
        """Share of decisions in which plans differ that a person would call different ones; 0 where any will do."""
        return float(getattr(self.family, "differ", 0.0))

    def decisions(self, solution: Solution) -> Counter[Any]:
        """What a plan decides, entry by entry: in the family's words, else what its key consists of."""
        decide = getattr(self.family, "decisions", None)
        if decide is not None:
            return Counter(decide(solution.plan))
        if isinstance(solution.key, tuple):
            return Counter(solution.key)
        values = solution.values
        assert values is not None
        return Counter((column, float(values[column])) for column in np.flatnonzero(values).tolist())

    def told(self, solution: Solution) -> Solution:
        """A feasible solution with everything that its family has to say of it; for the few that are shown, since
        working out reasons takes longer than reading a plan."""
        tell = getattr(self.family, "tell", None)
        if tell is None or not solution.feasible:
            return solution
        return replace(solution, plan=tell(self.instance, solution.plan))


def as_subject(thing: Any, **options: Any) -> Subject:
    """A subject from a path, an instance, a Model, a Problem, or an object that a front end takes (Pyomo, dimod, …).

    Parameters
    ----------
    options
        For files: ``format``, ``member`` and the reader's own options. For objects of other libraries: the options of
        their door, such as ``task`` of a networkx graph.

    Raises
    ------
    ModelError
        Nothing of the kind, a broken file, or an option that does not exist.
    """
    if isinstance(thing, Subject):
        return thing
    if isinstance(thing, (str, Path)):
        from qopt.models.detect import read

        return as_subject(read(Path(thing), **options))
    if isinstance(thing, Problem):
        _check_options(options, (), "a Problem")
        return Subject(problem=thing)
    if isinstance(thing, Instance):
        _check_options(options, (), "a family instance")
        return Subject(instance=thing)
    if callable(getattr(thing, "problem", None)) and type(thing).__module__.startswith("qopt."):
        _check_options(options, (), "a Model")
        return Subject(problem=thing.problem(), origin=thing)
    for name in registry.names("formats"):
        door = registry.load("formats", name)
        if getattr(door, "objects", False) and door.accepts_object(thing):
            from qopt.models.detect import options_of

            given = {key: value for key, value in options.items() if value is not None}
            _check_options(given, options_of(door), f"a {name} object")
            made = door.read(thing, **given)
            return Subject(problem=made, origin=thing) if isinstance(made, Problem) else Subject(instance=made)
    raise ModelError(
        f"qopt cannot read a {type(thing).__module__}.{type(thing).__name__}; give a path, a Problem, a Model, "
        "a family instance, or a model of Pyomo, dimod, qiskit-optimization or networkx"
    )


def _check_options(options: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    unknown = sorted(set(options) - set(known))
    if unknown:
        has = f"it has: {', '.join(known)}" if known else "only files and objects of other libraries have options"
        raise ModelError([Issue(f"{what} has no such option; {has}", key) for key in unknown])
