"""Every wrong use of the Python API is refused at the user's line, with the rule, the value and advice."""

import linecache
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qopt.core.errors import ModelError
from qopt.models.modelling import Model


def stage() -> SimpleNamespace:
    m, other = Model("first"), Model("second")
    return SimpleNamespace(
        m=m,
        x=m.binary("x", labels=[["york", "hull"], ["v1", "v2", "v3"]]),
        y=m.binary("y", (2, 3)),
        k=m.integer("k", 0, 9, 4),
        s=m.spin("s"),
        foreign=other.binary("z", 4),
    )


BROKEN: dict[str, tuple[Callable[[Any], Any], str]] = {
    # declarations
    "a name twice": (lambda e: e.m.binary("x"), r"exists already, got 'x' \(declared at .*test_modelling_errors.py:\d"),
    "a name with brackets": (lambda e: e.m.binary("x[1]"), "text without brackets"),
    "an empty name": (lambda e: e.m.binary(" "), "text without brackets"),
    "a name that is no text": (lambda e: e.m.binary(3), "text without brackets, got 3"),
    "a negative shape": (lambda e: e.m.binary("a", (2, -1)), r"whole numbers from 0, got \(2, -1\)"),
    "a broken shape": (lambda e: e.m.binary("a", 2.5), "whole numbers from 0, got 2.5"),
    "bounds crossed": (lambda e: e.m.integer("a", [0, 5], 3, 2), r"a\[1\]: lower is at most upper, got 5 and 3"),
    "a bound that is no number": (lambda e: e.m.integer("a", "0"), "bound of 'a' is a number"),
    "a NaN bound": (lambda e: e.m.real("a", np.nan), "bound of 'a' is a number"),
    "a fractional integer": (lambda e: e.m.integer("a", 0, 2.5), r"whole number, got 2.5 \(round it inwards\)"),
    "bounds that do not fit": (lambda e: e.m.integer("a", [0, 1], 3, 3), r"\(2,\) and \(3,\)"),
    "bounds without a shape": (lambda e: e.m.integer("a", [0, 1], 3), "give shape= as well"),
    "a resolution of 0": (lambda e: e.m.real("a", 0, 1, resolution=0), "above 0, got 0"),
    "labels as a text": (lambda e: e.m.binary("a", labels="abc"), "labels of 'a' are given per axis"),
    "labels that are numbers": (lambda e: e.m.binary("a", labels=[[1, 2]]), "is no text, got 1"),
    "labels twice": (lambda e: e.m.binary("a", labels=["u", "v", "u"]), "a label twice, got 'u'"),
    "labels that do not fit": (lambda e: e.m.binary("a", 3, labels=["u", "v"]), "length 3 but 2 labels"),
    "labels for too many axes": (lambda e: e.m.binary("a", 2, labels=[["u", "v"], None]), "1 axes but labels for 2"),
    "an axis without a length": (lambda e: e.m.binary("a", labels=[["u"], None]), "give shape= as well"),
    "an empty categorical": (lambda e: e.m.categorical("a", []), "at least one label"),
    "a categorical of a text": (lambda e: e.m.categorical("a", "red"), "list of labels, got 'red'"),
    # indexing
    "an unknown label": (lambda e: e.x["yrok"], r"axis 0 of variable x has no such label, got 'yrok' .*mean 'york'"),
    "a label far from all": (lambda e: e.x[:, "zebra"], "there are: v1, v2, v3"),
    "a label on a plain axis": (lambda e: e.y["york"], "axis 0 of variable y has no labels"),
    "a slice by labels": (lambda e: e.x["york":"hull"], "list the labels"),
    "a number out of range": (lambda e: e.y[2], r"shape \(2, 3\) has no such index.*got"),
    "too many indices": (lambda e: e.y[0, 0, 0], "has no such index"),
    "a mask that does not fit": (lambda e: e.k[np.array([True, False])], "has no such index"),
    "a fraction as index": (lambda e: e.k[0.5], "has no such index"),
    # arithmetic
    "shapes that do not fit": (lambda e: e.y + e.k, r"fit in shape, got \(2, 3\) and \(4,\)"),
    "data along the wrong axis": (lambda e: np.ones(2) * e.y, r"write b\[:, None\]"),
    "inner lengths": (lambda e: e.y @ np.ones(2), r"inner lengths of @ differ, got shapes \(2, 3\) and \(2,\)"),
    "inner lengths, data left": (lambda e: np.ones(3) @ e.y, r"shapes \(3,\) and \(2, 3\)"),
    "@ with a number": (lambda e: e.y @ 2, r"use \* with a number"),
    "NaN as data": (lambda e: e.k * np.array([1, 2, np.nan, 4]), r"finite numbers, got nan at \[2\]"),
    "infinity as data": (lambda e: e.k + np.inf, "finite numbers, got inf"),
    "a whole number too large": (lambda e: e.k * (2**60), r"2\*\*53"),
    "text as data": (lambda e: e.k * "2", "numbers are needed"),
    "None as data": (lambda e: e.k + None, "numbers are needed here, got NoneType"),
    "a list of expressions": (lambda e: e.k + [e.k[0], e.k[1], 0, 0], "np.stack"),
    "division by zero": (lambda e: e.k / [1, 0, 1, 1], r"division by zero, got at \[1\]"),
    "division by a variable": (lambda e: e.k[0] / e.k[1], "divided by numbers"),
    "a number by a variable": (lambda e: 1 / e.k, "no divisor"),
    "a fractional power": (lambda e: e.k**0.5, "whole number from 1, got 0.5"),
    "a variable as exponent": (lambda e: 2**e.k, "no exponent"),
    "abs": (lambda e: abs(e.k), "add a variable t"),
    "another model's variable": (lambda e: e.k + e.foreign, "same model, got variable k and variable z"),
    "an axis that is not there": (lambda e: e.y.sum(axis=2), "has 2 axes, got axis=2"),
    "an axis twice": (lambda e: e.y.sum(axis=(0, 0)), "named once"),
    "an unknown numpy function": (lambda e: np.median(e.k), "takes no expressions, got median"),
    "a reshape that does not fit": (lambda e: e.k.reshape(3), "cannot be rearranged"),
    "arrays of two models joined": (lambda e: np.concatenate([e.k, e.foreign]), "same model"),
    # comparisons
    "a chained comparison": (lambda e: 1 <= e.k[0] <= 3, "lower=a, upper=b"),
    "and": (lambda e: e.k[0] <= 1 and e.k[1] <= 1, "no truth value"),
    "if on an expression": (lambda e: 1 if e.k[0] else 2, "no truth value"),
    "&": (lambda e: (e.k[0] <= 1) & (e.k[1] <= 1), "rows hold together"),
    "not equal": (lambda e: e.k != 3, "<=, >= or ==, got !="),
    "strictly less": (lambda e: e.k < 3, "a <= b - 1"),
    "strictly more": (lambda e: e.k > 3, r"a >= b \+ 1"),
    "a comparison compared": (lambda e: (e.k <= 3) <= 4, "not compared again"),
    "a comparison as a number": (lambda e: 2 * (e.k <= 3), "use soft="),
    "a comparison added": (lambda e: e.k + (e.k <= 3), "use soft="),
    "an impossible side": (lambda e: e.k <= -np.inf, "finite numbers, got -inf"),
    "equal to infinity": (lambda e: e.k == np.inf, "finite numbers, got inf"),
    "membership": (lambda e: e.k[3] in [e.k[0]], "no truth value"),
    # objective
    "an objective that is an array": (lambda e: e.m.minimize(e.k), r"scalar expression, got shape \(4,\) \(add it up"),
    "an objective that is a number": (lambda e: e.m.minimize(3), "scalar expression, got 3"),
    "mixed senses": (
        lambda e: (e.m.minimize(e.s), e.m.maximize(e.s, name="b")),
        "minimize already.*minimize the negative",
    ),
    "a part twice": (lambda e: (e.m.minimize(e.s), e.m.minimize(e.s)), "name of its own: name="),
    "an objective of another model": (lambda e: e.m.minimize(e.foreign.sum()), "own variables"),
    "a broken level": (lambda e: e.m.minimize(e.s, level=-1), "from 0 to 99, got -1"),
    "a gap in the levels": (lambda e: (e.m.minimize(e.s, level=2), e.m.problem()), "nothing in level 1"),
    "an overflow": (lambda e: e.m.minimize((e.k.sum() * 1e200) ** 2), "overflowed"),
    # rows
    "a constant row": (lambda e: e.m.add("a", 1 <= 2), "no variable is in it, got True"),
    "a constant array row": (lambda e: e.m.add("a", np.ones(2) <= 2), "no variable is in it"),
    "a row without comparison": (lambda e: e.m.add("a", e.k), "compare it, or give lower= or upper="),
    "a row that is a text": (lambda e: e.m.add("a", "k <= 3"), "comparison of expressions, got str 'k <= 3'"),
    "a row that is None": (lambda e: e.m.add("a", None), "comparison of expressions, got NoneType"),
    "an empty list of rows": (lambda e: e.m.add("a", []), "at least one row"),
    "a list with a constant": (lambda e: e.m.add("a", [e.s <= 1, True]), "entry 1 is a scalar comparison, got True"),
    "a dict with an array": (lambda e: e.m.add("a", {"u": e.k <= 1}), "entry 'u' is a scalar comparison"),
    "a row of another model": (lambda e: e.m.add("a", e.foreign <= 1), "variables of this model"),
    "rows of two models": (lambda e: e.m.add("a", [e.s <= 1, e.foreign[0] <= 1]), "same model"),
    "a row twice": (lambda e: (e.m.add("a", e.s <= 1), e.m.add("a", e.s <= 1)), r"got 'a' \(added at .*:\d"),
    "sides twice": (lambda e: e.m.add("a", e.k <= 1, lower=0), "sides in the comparison already"),
    "sides crossed": (lambda e: e.m.add("a", e.k, lower=3, upper=[4, 4, 2, 4]), r"a\[2\]: lower is at most upper"),
    "sides that do not fit": (lambda e: e.m.add("a", e.k, lower=[1, 2]), r"\(2,\) and \(4,\)"),
    "a negative price": (lambda e: e.m.add("a", e.k <= 1, soft=-2), "at least 0, got -2"),
    "an infinite price": (lambda e: e.m.add("a", e.k <= 1, soft=np.inf), "finite numbers, got inf"),
    "prices that do not fit": (lambda e: e.m.add("a", e.k <= 1, soft=[1, 2]), r"\(2,\) and \(4,\)"),
    "an unknown norm": (lambda e: e.m.add("a", e.k <= 1, soft=1, norm="cubic"), "linear, quadratic, occurrence"),
    "a norm without a price": (lambda e: e.m.add("a", e.k <= 1, norm="quadratic"), "give its price: soft="),
    # groups and indicators
    "a group of integers": (lambda e: e.m.exactly_one("a", e.k), r"binary variables, got k\[0\] is integer"),
    "a group of expressions": (lambda e: e.m.exactly_one("a", 2 * e.x), "plain variables"),
    "a group of numbers": (lambda e: e.m.at_most_one("a", [1, 2]), r"plain variables, got \[1, 2\]"),
    "a group that repeats": (lambda e: e.m.at_most_one("a", e.y[:, [0, 0]], axis=1), r"a\[0\] does not"),
    "an empty group": (lambda e: e.m.exactly_one("a", e.y[:, :0], axis=1), "has members, got 0"),
    "a group along no axis": (lambda e: e.m.exactly_one("a", e.y, axis=2), "has 2 axes"),
    "a permutation that is no square": (lambda e: e.m.permutation("a", e.y), r"over a square, got shape \(2, 3\)"),
    "an indicator that is no binary": (
        lambda e: e.m.indicator("a", e.s, e.k[0] <= 1),
        "binary variables, got s is spin",
    ),
    "an indicator of squares": (lambda e: e.m.indicator("a", e.x[0, 0], e.k**2 <= 4), "is linear, got degree 2"),
    "an indicator that does not fit": (lambda e: e.m.indicator("a", e.x, e.k <= 1), r"\(2, 3\) and \(4,\)"),
    "an indicator of a third value": (lambda e: e.m.indicator("a", e.x[0, 0], e.k <= 1, active=2), "True or False"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_wrong_use_is_refused_at_its_line(what: str) -> None:
    use, message = BROKEN[what]
    with pytest.raises(ModelError, match=message) as caught:
        use(stage())
    (issue,) = caught.value.issues
    assert issue.place.file == __file__
    assert "lambda e:" in linecache.getline(__file__, issue.place.line)


def test_the_numbers_of_a_message_are_at_hand() -> None:
    with pytest.raises(ModelError) as caught:
        stage().x["yrok"]
    facts = caught.value.issues[0].to_dict()
    assert (facts["value"], facts["suggestion"]) == ("'yrok'", "did you mean 'york'?")
