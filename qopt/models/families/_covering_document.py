"""The document of the covering family: elements with needs, sets with costs and members, and limits on the choice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, Strict, model_validator

from qopt.core.arrays import Ints
from qopt.models.documents.issues import closest
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name
from qopt.models.instance import Strict as Part

Id = Name | Annotated[int, Strict()]
Amount = Annotated[float, Strict(), Field(ge=0)]
Task = Literal["cover", "partition", "pack", "reach"]
Count = Annotated[int, Strict(), Field(ge=1, le=1_000_000)]


class Element(Part):
    """Something to be covered.

    Parameters
    ----------
    need
        How many chosen sets must hold it (``pack``: may hold it at most).
    weight
        What it is worth to cover it; ``reach`` maximises that.
    unmet
        Price of every set that it lacks, instead of having to have it; ``cover`` only.
    """

    id: Id
    need: Count = 1
    weight: Amount = 1.0
    unmet: Amount | None = None


def _element(value: object) -> object:
    """An element may be written as its id alone."""
    return {"id": value} if isinstance(value, (str, int)) and not isinstance(value, bool) else value


class Choice(Part):
    """A set that may be chosen.

    Parameters
    ----------
    cost
        What choosing it costs.
    value
        What choosing it is worth; ``pack`` maximises that.
    covers
        The elements that it holds.
    """

    id: Id
    cost: Amount = 1.0
    value: Amount = 1.0
    covers: tuple[Id, ...] = ()


@dataclass(frozen=True, eq=False)
class Members:
    """Which set holds which element: the numbers of both, shape (memberships,) each, sorted by element."""

    set: Ints
    element: Ints


class CoveringInstance(Instance):
    """Sets are chosen so that what they hold is covered.

    Parameters
    ----------
    task
        ``cover``: every element by as many sets as it needs, at least cost. ``partition``: by exactly so many.
        ``pack``: by at most so many, for the greatest value. ``reach``: the greatest weight of elements that have what
        they need, within the limits.
    elements
        A list of ids, or of mappings.
    together
        Lists of sets that are chosen all or none.
    apart
        Lists of sets of which at most one is chosen.
    most_cost, most_sets
        Most that the chosen sets may cost together, and most sets.
    """

    family: ClassVar[str] = "covering"

    problem: Literal["covering"] = "covering"
    task: Task = "cover"
    elements: tuple[Annotated[Element, BeforeValidator(_element)], ...] = Field(min_length=1)
    sets: tuple[Choice, ...] = Field(min_length=1)
    together: tuple[Annotated[tuple[Id, ...], Field(min_length=2)], ...] = ()
    apart: tuple[Annotated[tuple[Id, ...], Field(min_length=2)], ...] = ()
    most_cost: Amount | None = None
    most_sets: Count | None = None

    @model_validator(mode="after")
    def _consistent(self) -> CoveringInstance:
        refuse("covering", [*self._twice(), *self._unknown()])
        refuse("covering", [*self._short(), *self._pointless()])
        return self

    @cached_property
    def held(self) -> Members:
        """Which set holds which element."""
        place = {str(element.id): e for e, element in enumerate(self.elements)}
        pairs = sorted((place[str(name)], s) for s, choice in enumerate(self.sets) for name in choice.covers)
        table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return Members(table[:, 1], table[:, 0])

    @cached_property
    def number(self) -> dict[str, int]:
        """The number of each set by its id."""
        return {str(choice.id): s for s, choice in enumerate(self.sets)}

    def _twice(self) -> list[Fault]:
        """Ids and members that occur more than once."""
        faults: list[Fault] = []
        for key in ("elements", "sets"):
            seen: set[str] = set()
            for k, thing in enumerate(getattr(self, key)):
                if str(thing.id) in seen:
                    faults.append(((key, k, "id"), "an id may occur once", thing.id))
                seen.add(str(thing.id))
        for s, choice in enumerate(self.sets):
            names = [str(name) for name in choice.covers]
            faults += [
                (("sets", s, "covers", j), "a set holds an element once", name)
                for j, name in enumerate(names)
                if name in names[:j]
            ]
        return faults

    def _unknown(self) -> list[Fault]:
        """References to nothing."""
        elements, sets = ([str(thing.id) for thing in things] for things in (self.elements, self.sets))
        known_elements, known_sets = set(elements), set(sets)
        faults: list[Fault] = []

        def look(where: tuple[str | int, ...], name: str | int, what: str, known: list[str], index: set[str]) -> None:
            if str(name) not in index:
                faults.append((where, f"there is no such {what}; {closest(str(name), known)}", name))

        for s, choice in enumerate(self.sets):
            for j, name in enumerate(choice.covers):
                look(("sets", s, "covers", j), name, "element", elements, known_elements)
        for key in ("together", "apart"):
            for k, line in enumerate(getattr(self, key)):
                for j, name in enumerate(line):
                    look((key, k, j), name, "set", sets, known_sets)
        return faults

    def _short(self) -> list[Fault]:
        """Elements that not even all sets together cover."""
        if self.task not in ("cover", "partition"):
            return []
        times = np.bincount(self.held.element, minlength=len(self.elements)).tolist()
        faults: list[Fault] = []
        for e, (element, count) in enumerate(zip(self.elements, times)):
            if count < element.need and element.unmet is None:
                where: tuple[str | int, ...] = ("elements", e)
                rule = f"{f'only {count}' if count else 'none'} of the sets in the document hold it"
                faults.append((where, f"{rule}, it needs {element.need}", element.id))
        return faults

    def _pointless(self) -> list[Fault]:
        """Keys that the task does not know."""
        faults: list[Fault] = []
        for e, element in enumerate(self.elements):
            if element.unmet is not None and self.task != "cover":
                rule = "only what is to be covered may be left unmet at a price (task: cover)"
                faults.append((("elements", e, "unmet"), rule, element.unmet))
        if self.task == "reach" and self.most_cost is None and self.most_sets is None:
            faults.append((("task",), "reach needs a limit: most_cost or most_sets", self.task))
        return faults
