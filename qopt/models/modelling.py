"""The Python API: declare variables as arrays, write the objective and the rows as numpy expressions."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Floats
from qopt.core.errors import Place
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Level, Part, Problem, Sense
from qopt.core.rows import GroupKind, Groups, Indicators, PolynomialRow, Rows
from qopt.core.solution import Solution
from qopt.models.expressions import arguments, builder
from qopt.models.expressions.arrays import Expression
from qopt.models.expressions.builder import PolynomialFamily
from qopt.models.expressions.faults import fault
from qopt.models.expressions.labels import Axes, declared
from qopt.models.expressions.space import Space
from qopt.models.expressions.terms import Terms
from qopt.models.expressions.variables import Variables


class Model:
    """A problem that is being written down.

    Variables are arrays with numpy's rules; ``minimize`` or ``maximize`` add named parts of the objective, ``add`` adds
    rows, and ``problem()`` gives the finished, unchangeable Problem. ``qopt.solve`` takes the model itself.

    Parameters
    ----------
    name
        Title of the problem.

    Examples
    --------
    >>> import numpy as np
    >>> from qopt.models.modelling import Model
    >>> m = Model("vans")
    >>> x = m.binary("x", labels=[["york", "hull"], ["v1", "v2"]])
    >>> m.minimize((np.array([[3, 5], [4, 1]]) * x).sum(), name="travel")
    >>> m.add("once", x.sum(axis=1) == 1)
    >>> m.problem().rows.names[0]
    'once[york]'
    """

    def __init__(self, name: str = "problem") -> None:
        self.name = arguments.checked_name(name, "a model")
        self._space = Space()
        self._sense: Sense | None = None
        self._levels: dict[int, dict[str, Terms]] = {}
        self._rules: dict[str, Place] = {}
        self._rows: list[Rows] = []
        self._curved: list[PolynomialFamily] = []
        self._groups: list[Groups] = []
        self._indicators: list[Indicators] = []
        self._built: Problem | None = None

    def __repr__(self) -> str:
        return f"<Model {self.name!r}: {len(self._space)} columns, rules {', '.join(self._rules) or 'none'}>"

    # variables

    def binary(self, name: str, shape: Any = None, *, labels: Any = None) -> Variables:
        """Variables that are 0 or 1.

        Parameters
        ----------
        name
            Of the family; unique in the model, without brackets.
        shape
            A number or several; a scalar by default.
        labels
            Per axis its labels (texts) or None; the shape may then be left out.

        Raises
        ------
        ModelError
            A name that exists already, or a shape or labels that are none.
        """
        return self._declare(name, shape, labels, Kind.BINARY, 0.0, 1.0)

    def spin(self, name: str, shape: Any = None, *, labels: Any = None) -> Variables:
        """Variables that are -1 or +1."""
        return self._declare(name, shape, labels, Kind.SPIN, -1.0, 1.0)

    def integer(
        self,
        name: str,
        lower: ArrayLike = 0,
        upper: ArrayLike = np.inf,
        shape: Any = None,
        *,
        labels: Any = None,
    ) -> Variables:
        """Whole numbers from ``lower`` to ``upper`` (inclusive; numbers, or arrays that broadcast to the shape)."""
        return self._declare(name, shape, labels, Kind.INTEGER, lower, upper)

    def real(
        self,
        name: str,
        lower: ArrayLike = 0,
        upper: ArrayLike = np.inf,
        shape: Any = None,
        *,
        resolution: float | None = None,
        labels: Any = None,
    ) -> Variables:
        """Numbers from ``lower`` to ``upper``.

        Parameters
        ----------
        resolution
            The step when they become bits, > 0; 1/64 of the range by default.
        """
        step = 0.0 if resolution is None else arguments.step(name, resolution)
        return self._declare(name, shape, labels, Kind.REAL, lower, upper, step)

    def categorical(self, name: str, labels: Iterable[str], shape: Any = None, *, axes: Any = None) -> Variables:
        """Choices of one of several labels each: binaries ``x[…, label]``, exactly one of them along the last axis.

        Parameters
        ----------
        labels
            What there is to choose from.
        shape, axes
            Shape of the array of choices, and the labels of its axes; one choice by default.
        """
        outer, outer_axes = declared(name, shape, axes)
        choices = arguments.choices(name, labels)
        self._rule(name)
        x = self.binary(name, (*outer, len(choices)), labels=(*outer_axes, choices))
        self.exactly_one(name, x, axis=-1)
        return x

    def _declare(
        self, name: str, shape: Any, labels: Any, kind: Kind, lower: Any, upper: Any, resolution: float = 0.0
    ) -> Variables:
        arguments.checked_name(name, "a variable")
        if name in self._space.families:
            earlier = self._space.families[name].place
            raise fault("a variable of this name exists already", repr(name), f"declared at {earlier}")
        size, axes = declared(name, shape, labels)
        low, high = (arguments.bounds(name, kind, bound, size) for bound in (lower, upper))
        family = arguments.family(name, size, axes)
        wrong = np.flatnonzero(~(low <= high).ravel())
        if len(wrong):
            k = int(wrong[0])
            raise fault(f"{family.text(k)}: lower is at most upper", f"{low.ravel()[k]:g} and {high.ravel()[k]:g}")
        self._built = None
        return Variables(self._space, family, self._space.declare(family, kind, low, high, resolution), axes, name)

    # objective

    def minimize(self, expression: Any, *, name: str = "objective", level: int = 0) -> None:
        """Add a part to what is minimised.

        Parameters
        ----------
        expression
            A scalar expression of any degree.
        name
            Of the part, unique in its level; it comes back in ``solution.check.parts``.
        level
            Parts of level 0 matter infinitely more than those of level 1, and so on.

        Raises
        ------
        ModelError
            Not a scalar, a name used twice, or a model that is maximised.
        """
        self._aim(Sense.MINIMIZE, expression, name, level)

    def maximize(self, expression: Any, *, name: str = "objective", level: int = 0) -> None:
        """Add a part to what is maximised; see ``minimize``."""
        self._aim(Sense.MAXIMIZE, expression, name, level)

    minimise, maximise = minimize, maximize

    def _aim(self, sense: Sense, expression: Any, name: str, level: int) -> None:
        arguments.checked_name(name, "a part of the objective")
        if self._sense not in (None, sense):
            suggestion = f"{self._sense} the negative of this part"
            raise fault(f"the model has parts to {self._sense} already", f"{sense} {name!r}", suggestion)
        if not isinstance(expression, Expression) or expression.size != 1:
            what = f"shape {expression.shape}" if isinstance(expression, Expression) else repr(expression)
            raise fault(f"the objective {name!r} is a scalar expression", what, "add it up with .sum()")
        terms = arguments.own(expression, self._space).terms
        parts = self._levels.setdefault(arguments.checked_level(level), {})
        if name in parts:
            raise fault("a part of this name exists already", repr(name), "give each part a name of its own: name=")
        parts[name] = terms.collected(len(self._space))
        self._sense, self._built = sense, None

    # rows

    def add(
        self,
        name: str,
        relation: Any,
        *,
        lower: Any = None,
        upper: Any = None,
        soft: Any = None,
        norm: str = "linear",
        level: int = 0,
        why: str = "",
    ) -> None:
        """Add a row, or an array of rows.

        Parameters
        ----------
        name
            Unique among rows and groups. The rows of an array are ``name[0]``, …, or by label where the axes have some.
        relation
            A comparison; or several scalar ones as a list or as a dict by label; or an expression with ``lower`` or
            ``upper`` or both.
        soft
            Price per unit of violation, >= 0, a number or an array: the row may then be broken, which makes the
            objective worse. None: the row must hold.
        norm
            How the price grows: ``linear``, ``quadratic`` (price times the square) or ``occurrence`` (once).
        level
            The objective level that the price belongs to.
        why
            The reason in the user's words; explanations print it.

        Raises
        ------
        ModelError
            Anything that is no row of this model, with the line of the call.
        """
        found = arguments.relation(name, relation, self._space, lower, upper)
        self._rule(name)
        labels = arguments.family(name, found.shape, found.axes, why)
        price = arguments.price(name, soft, norm, level, found.shape)
        crossed = np.flatnonzero(found.lower > found.upper)
        if len(crossed):
            k = int(crossed[0])
            raise fault(f"{labels.text(k)}: lower is at most upper", f"{found.lower[k]:g} and {found.upper[k]:g}")
        self._rules[name] = labels.place
        self._built = None
        if found.terms.degree > 1:
            terms = found.terms.collected(len(self._space))
            self._curved.append(PolynomialFamily(terms, found.lower, found.upper, labels, price))
        else:
            made = builder.rows(found.terms, found.lower, found.upper, labels, len(self._space), price)
            self._rows.append(made)

    def indicator(self, name: str, binary: Expression, row: Any, *, active: bool = True, why: str = "") -> None:
        """Linear rows that need to hold only where a binary has a given value.

        Parameters
        ----------
        binary
            Binary variables that broadcast to the shape of the rows.
        row
            A linear comparison, scalar or array.
        active
            The value of the binary that makes the row hold: True for 1.
        """
        found = arguments.relation(name, row, self._space)
        if found.terms.degree > 1:
            raise fault(f"the row of the indicator {name!r} is linear", f"degree {found.terms.degree}")
        if active not in (0, 1):
            raise fault(f"active of the indicator {name!r} is True or False", repr(active))
        columns = arguments.binaries(name, binary, self._space)
        try:
            column = np.broadcast_to(columns, found.shape).ravel()
        except ValueError:
            shapes = f"{columns.shape} and {found.shape}"
            raise fault(f"the binaries of the indicator {name!r} fit its rows in shape", shapes) from None
        self._rule(name)
        labels = arguments.family(name, found.shape, found.axes, why)
        rows = builder.rows(found.terms, found.lower, found.upper, labels, len(self._space))
        self._indicators.append(Indicators(column, np.full(len(column), active, dtype=np.int8), rows))
        self._rules[name] = labels.place
        self._built = None

    # groups

    def exactly_one(self, name: str, x: Expression, axis: int | None = None, *, why: str = "") -> None:
        """Exactly one of the binaries is 1: of all of them, or along an axis (one group for each other index)."""
        self._group(GroupKind.EXACTLY_ONE, name, x, axis, why)

    def at_most_one(self, name: str, x: Expression, axis: int | None = None, *, why: str = "") -> None:
        """At most one of the binaries is 1: of all of them, or along an axis (one group for each other index)."""
        self._group(GroupKind.AT_MOST_ONE, name, x, axis, why)

    def permutation(self, name: str, x: Expression, *, why: str = "") -> None:
        """A square of binaries is a permutation: exactly one 1 in each row and in each column."""
        columns = arguments.binaries(name, x, self._space)
        if columns.ndim != 2 or columns.shape[0] != columns.shape[1]:
            raise fault(f"the permutation {name!r} is over a square", f"shape {columns.shape}")
        self._gather(GroupKind.PERMUTATION, name, columns.reshape(1, -1), (), (), why)

    def _group(self, kind: GroupKind, name: str, x: Expression, axis: int | None, why: str) -> None:
        columns = arguments.binaries(name, x, self._space)
        if axis is None:
            self._gather(kind, name, columns.reshape(1, -1), (), (), why)
            return
        along = next(iter(x._axes_of(axis)))
        lines = np.moveaxis(columns, along, -1)
        axes = tuple(labels for k, labels in enumerate(x.axes) if k != along)
        shape = lines.shape[:-1]
        self._gather(kind, name, lines.reshape(prod(shape), lines.shape[-1]), shape, axes, why)

    def _gather(self, kind: GroupKind, name: str, members: Any, shape: tuple[int, ...], axes: Axes, why: str) -> None:
        self._rule(name)
        labels = arguments.family(name, shape, axes, why)
        count, size = members.shape
        if not size:
            raise fault(f"the group {name!r} has members", 0)
        ordered = np.sort(members, axis=1)
        double = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if len(double):
            raise fault(f"a group holds a variable once, {labels.text(int(double[0]))} does not")
        indptr = np.arange(count + 1) * size
        self._groups.append(Groups(np.full(count, kind), indptr, members.ravel(), NameTable((labels,))))
        self._rules[name] = labels.place
        self._built = None

    def _rule(self, name: str) -> None:
        """Refuse a name that a row or group has already."""
        arguments.checked_name(name, "a row or group")
        if name in self._rules:
            raise fault("a row or group of this name exists already", repr(name), f"added at {self._rules[name]}")

    # the finished problem

    def problem(self) -> Problem:
        """The model as a Problem; the same object until the model changes.

        Raises
        ------
        ModelError
            A level of the objective without anything in it.
        """
        if self._built is None:
            n = len(self._space)
            rows, curved = list(self._rows), list[PolynomialRow]()
            for family in self._curved:
                linear, rest = family.split(n)
                rows += linear
                curved += rest
            self._built = Problem(
                self._space.columns(),
                self._made_levels(n),
                builder.joined_rows(rows),
                builder.joined_groups(self._groups),
                tuple(curved),
                builder.joined_indicators(self._indicators),
                self._sense or Sense.MINIMIZE,
                self.name,
            )
        return self._built

    def _made_levels(self, n: int) -> tuple[Level, ...]:
        used = set(self._levels) | {family.price.level for family in self._curved if family.price is not None}
        for rows in self._rows:
            used |= set() if rows.level is None else set(rows.level.tolist())
        out = []
        for level in range(max(used, default=0) + 1):
            if level and level not in used:
                raise fault("levels of the objective have no gaps", f"level {max(used)} but nothing in level {level}")
            parts = self._levels.get(level)
            if parts is None:
                out.append(Level((Part("objective", Polynomial.zero(n)),)))
            else:
                out.append(Level(tuple(Part(name, builder.polynomial(terms, n)) for name, terms in parts.items())))
        return tuple(out)


def evaluate(expression: Expression, values: ArrayLike | Solution) -> Floats:
    """Value of an expression at a solution or at values of all columns, in the expression's shape."""
    if isinstance(values, Solution):
        if values.values is None:
            raise fault("this solution has a plan but no column values", suggestion="read .plan")
        return expression.evaluate(values.values)
    return expression.evaluate(values)
