"""A plan of a generic model judged in exact fractions, without the compiler."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from qopt.models.families._model_document import Constraint, ModelDocument, Parameter, Range
from qopt.models.formulas.obvious import Reader

_TOLERANCE = Fraction(1, 10**6)


class Judge:
    """A plan's values beside the document that they answer.

    Parameters
    ----------
    plan
        ``{"values": {family: [[index…, value], …]}}``; what is not listed is 0.
    """

    def __init__(self, document: ModelDocument, plan: Mapping[str, Any]) -> None:
        self.document = document
        self.sets: dict[str, list[Any]] = {
            name: list(range(given.range[0], given.range[1] + 1)) if isinstance(given, Range) else list(given)
            for name, given in document.sets.items()
        }
        self.values = {
            name: {tuple(str(k) for k in line[:-1]): Fraction(line[-1]) for line in lines}
            for name, lines in plan["values"].items()
        }
        self.reader = Reader(self.sets, self._lookup)

    def _lookup(self, name: str, index: tuple[str, ...]) -> Fraction:
        if name in self.document.parameters:
            given = self.document.parameters[name]
            if not isinstance(given, Parameter):
                return Fraction(given)
            assert given.values is not None
            where = tuple([str(e) for e in self.sets[s]].index(k) for s, k in zip(given.over, index))
            return Fraction(float(np.asarray(given.values.raw)[where]))
        self.document.variables[name]
        return self.values.get(name, {}).get(index, Fraction(0))

    def broken(self) -> list[str]:
        """Every hard rule and every domain that the plan breaks, one sentence each."""
        out = [*self._domains()]
        for name, given in self.document.constraints.items():
            rule = Constraint(that=given) if isinstance(given, str) else given
            if rule.soft is None:
                for names, over in self._violations(rule):
                    if over > _TOLERANCE:
                        member = f"[{','.join(str(v) for v in names.values())}]" if names else ""
                        out.append(
                            f"{name}{member} is broken by {float(over):g}" + (f": {rule.why}" if rule.why else "")
                        )
        return out

    def objectives(self) -> list[Fraction]:
        """Every level of the objective, prices of soft rules included."""
        levels = self.document.levels()
        totals = [
            sum((self.reader.number(text) for _, text, _ in level.parts("objective")), Fraction(0)) for level in levels
        ] or [Fraction(0)]
        worse = -1 if levels and levels[0].maximised else 1
        for given in self.document.constraints.values():
            if isinstance(given, str) or given.soft is None:
                continue
            for names, over in self._violations(given):
                price = Fraction(given.soft) if isinstance(given.soft, float) else self.reader.number(given.soft, names)
                amount = (
                    over**2 if given.norm == "quadratic" else Fraction(over > 0) if given.norm == "occurrence" else over
                )
                totals[given.level - 1] += worse * price * amount
        return totals

    def _violations(self, rule: Constraint) -> list[tuple[dict[str, Any], Fraction]]:
        out = []
        for names in self.reader.loops(rule.for_):
            if rule.that is not None:
                out.append((names, self.reader.excess(rule.that, names)))
                continue
            chosen = sum(self.reader.choices(rule.one_of or rule.at_most_one_of or "", names), Fraction(0))
            out.append((names, abs(chosen - 1) if rule.one_of is not None else max(chosen - 1, Fraction(0))))
        return out

    def _domains(self) -> list[str]:
        out = []
        for name in self.values:
            if name not in self.document.variables:
                out.append(f"the plan names {name}, which is no variable")
        for name, given in self.document.variables.items():
            members = [tuple(str(k) for k in index) for index in product(*(self.sets[s] for s in given.over))]
            known = set(members)
            out += [f"{name} has no index {index}" for index in self.values.get(name, {}) if index not in known]
            for index in members:
                value = self._lookup(name, index)
                text = f"{name}[{','.join(index)}]" if index else name
                whole = value.denominator == 1
                if given.type == "binary" and value not in (0, 1):
                    out.append(f"{text} is {float(value):g}, it must be 0 or 1")
                if given.type == "spin" and value not in (-1, 1):
                    out.append(f"{text} is {float(value):g}, it must be -1 or 1")
                if given.type == "integer" and not whole:
                    out.append(f"{text} is {float(value):g}, it must be whole")
                out += self._outside(text, given, index, value)
        return out

    def _outside(self, text: str, given: Any, index: tuple[str, ...], value: Fraction) -> list[str]:
        low = given.lower if given.lower is not None else None if given.type == "spin" else 0.0
        bounds = [(low, 1, "below"), (given.upper, -1, "above")]
        out = []
        for bound, sign, word in bounds:
            if bound is None:
                continue
            limit = Fraction(bound) if isinstance(bound, float) else self._bound(bound, given, index)
            if sign * (limit - value) > _TOLERANCE:
                out.append(f"{text} is {float(value):g}, {word} its bound {float(limit):g}")
        return out

    def _bound(self, text: str, given: Any, index: tuple[str, ...]) -> Fraction:
        """A bound of one member: data over its sets stand without an index."""
        place = dict(zip(given.over, index))

        def lookup(name: str, at: tuple[str, ...]) -> Fraction:
            found = self.document.parameters[name]
            bare = not at and isinstance(found, Parameter)
            return self._lookup(name, tuple(place[s] for s in found.over) if bare else at)  # type: ignore[union-attr]

        return Reader(self.sets, lookup).number(text)
