"""What the calls of a Model take: each argument checked once, with the rule it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.names import Labels
from qopt.core.problem import Kind
from qopt.core.rows import Norm
from qopt.models.expressions.arrays import Expression
from qopt.models.expressions.builder import Price
from qopt.models.expressions.data import numbers
from qopt.models.expressions.faults import fault, here
from qopt.models.expressions.labels import Axes
from qopt.models.expressions.relations import Relation
from qopt.models.expressions.space import Space
from qopt.models.expressions.variables import columns_of


def checked_name(name: Any, what: str) -> str:
    """A name, if it is one: a text without brackets, so that ``name[index]`` can be read."""
    if not isinstance(name, str) or not name.strip() or any(c in name for c in "[]\n"):
        raise fault(f"the name of {what} is a text without brackets", repr(name))
    return name


def checked_level(level: Any) -> int:
    """A level of the objective."""
    if isinstance(level, bool) or not isinstance(level, int | np.integer) or not 0 <= level < 100:
        raise fault("a level is a whole number from 0 to 99", repr(level))
    return int(level)


def family(name: str, shape: tuple[int, ...], axes: Axes, why: str = "") -> Labels:
    """The record of a family that is declared at the user's line."""
    return Labels(name, shape, axes if any(axes) else (), here(), why)


def choices(name: str, labels: Any) -> tuple[str, ...]:
    """The labels a categorical chooses from."""
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise fault(f"the categorical {name!r} chooses from a list of labels", repr(labels))
    found = tuple(labels)
    if not found:
        raise fault(f"the categorical {name!r} chooses from at least one label", "none")
    return found


def bounds(name: str, kind: Kind, bound: Any, shape: tuple[int, ...]) -> Floats:
    """A lower or upper bound of every variable of a family, in its shape."""
    given = np.asarray(bound)
    if given.dtype.kind not in "biuf" or np.isnan(given).any():
        raise fault(f"a bound of {name!r} is a number", f"{bound!r:.60}")
    array = given.astype(np.float64)
    finite = array[np.isfinite(array)]
    if kind is Kind.INTEGER and not np.array_equal(finite, np.rint(finite)):
        raise fault(f"a bound of the integer {name!r} is a whole number", f"{bound!r:.60}", "round it inwards")
    return _fitting(f"the bounds of {name!r} fit its shape", array, shape, "give shape= as well")


def step(name: str, resolution: Any) -> float:
    """The resolution of a real family."""
    given = numbers(resolution)
    if given.shape or given <= 0:
        raise fault(f"the resolution of {name!r} is a number above 0", f"{resolution!r:.60}")
    return float(given)


def price(name: str, soft: Any, norm: str, level: Any, shape: tuple[int, ...]) -> Price | None:
    """What a soft family costs; None for one that must hold."""
    norms = {kind.name.lower(): kind for kind in Norm}
    if norm not in norms:
        raise fault(f"the norm of {name!r} is one of {', '.join(norms)}", repr(norm))
    if soft is None:
        if norm != "linear" or level != 0:
            raise fault(f"{name!r} must hold, so it has neither norm nor level", suggestion="give its price: soft=")
        return None
    given = numbers(soft)
    if (given < 0).any():
        raise fault(f"the price of {name!r} is at least 0", f"{given.min():g}", "a reward is a part of the objective")
    spread = _fitting(f"the prices of {name!r} fit its rows in shape", given, shape)
    return Price(spread.ravel(), norms[norm], checked_level(level))


def own(expression: Expression, space: Space) -> Expression:
    """An expression of this model that has not overflowed."""
    if expression.space is not space:
        raise fault("a model takes expressions over its own variables", f"{expression!r} of another model")
    if not expression.terms.finite():
        raise fault("the expression has overflowed", repr(expression), "use smaller numbers: scale the data")
    return expression


def relation(name: str, given: Any, space: Space, lower: Any = None, upper: Any = None) -> Relation:
    """Rows over variables of this model: a comparison, several as a list or a dict, or an expression with sides."""
    sided = lower is not None or upper is not None
    if isinstance(given, Expression):
        if not sided:
            raise fault(f"{name!r} is no comparison", repr(given), "compare it, or give lower= or upper=")
        low = numbers(-np.inf if lower is None else lower, side=">=")
        high = numbers(np.inf if upper is None else upper, side="<=")
        rule = f"the sides of {name!r} fit its expression in shape"
        low, high = (_fitting(rule, side, given.shape) for side in (low, high))
        return Relation(own(given, space), low, high)
    if isinstance(given, bool | np.bool_ | np.ndarray):
        rule = f"{name!r} compares numbers, no variable is in it"
        raise fault(rule, f"{given!r:.60}", "leave it out, or check the names in the comparison")
    found = given if isinstance(given, Relation) else _listed(name, given)
    if sided:
        raise fault(f"{name!r} has its sides in the comparison already", suggestion="give the expression alone")
    if found.space is not space:
        raise fault(f"{name!r} is over variables of this model", f"{found!r} of another model")
    if not found.terms.finite() or np.isnan(found.lower).any() or np.isnan(found.upper).any():
        raise fault(f"{name!r} has overflowed", repr(found), "use smaller numbers: scale the data")
    return found


def _listed(name: str, given: Any) -> Relation:
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise fault(f"{name!r} is a comparison of expressions", f"{type(given).__name__} {given!r:.60}")
    labels = [str(label) for label in given] if isinstance(given, Mapping) else None
    relations = list(given.values()) if isinstance(given, Mapping) else list(given)
    if not relations:
        raise fault(f"{name!r} holds at least one row", "none")
    return Relation.listed(relations, labels)


def binaries(name: str, x: Any, space: Space) -> Any:
    """The columns of an array of plain binary variables of this model, in its shape."""
    columns = columns_of(own(x, space)) if isinstance(x, Expression) else None
    if columns is None:
        raise fault(f"{name!r} is over plain variables", f"{x!r:.60}", "give a binary array or a part of one")
    wrong = np.flatnonzero(space.kind[columns.ravel()] != Kind.BINARY)
    if len(wrong):
        column = int(columns.ravel()[wrong[0]])
        kind = Kind(space.kind[column]).name.lower()
        raise fault(f"{name!r} is over binary variables", f"{space.name(column)} is {kind}")
    return columns


def _fitting(rule: str, given: Floats, shape: tuple[int, ...], suggestion: str = "") -> Floats:
    try:
        return np.broadcast_to(given, shape)
    except ValueError:
        raise fault(rule, f"{given.shape} and {shape}", suggestion) from None
