"""A slow and obvious reading of expressions, one number at a time in exact fractions.

It shares nothing with the compiler but the text: the family's own judge of plans, and the twin that tests hold the
compiler against.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

Lookup = Callable[[str, tuple[str, ...]], Fraction]
"""Value of a parameter or variable: its name, and its elements as text."""


class Reader:
    """Reads expressions.

    Parameters
    ----------
    sets
        Elements of every set: text, or whole numbers for a range.
    lookup
        Values of parameters and variables.
    """

    def __init__(self, sets: Mapping[str, list[Any]], lookup: Lookup) -> None:
        self.sets, self.lookup = sets, lookup

    def number(self, text: str, names: Mapping[str, Any] | None = None) -> Fraction:
        """Value of an expression, where ``names`` stand for elements."""
        return self._number(ast.parse(f"({text}\n)", mode="eval").body, dict(names or {}))

    def excess(self, text: str, names: Mapping[str, Any]) -> Fraction:
        """By how much a rule is broken; 0 when it holds."""
        rule: Any = ast.parse(f"({text}\n)", mode="eval").body
        sides = [self._number(node, dict(names)) for node in (rule.left, *rule.comparators)]
        worst = Fraction(0)
        for op, left, right in zip(rule.ops, sides, sides[1:]):
            over = left - right if isinstance(op, ast.LtE) else right - left
            worst = max(worst, abs(over) if isinstance(op, ast.Eq) else over)
        return worst

    def loops(self, text: str | None) -> Iterator[dict[str, Any]]:
        """Every combination of elements of ``t in towns, s in sites if …``."""
        if text is None:
            yield {}
            return
        depth, whole = 0, ""
        for char in text:
            depth += (char in "([") - (char in ")]")
            whole += " for " if char == "," and depth == 0 else char
        generator: Any = ast.parse(f"(0 for {whole}\n)", mode="eval").body
        yield from self._combinations(generator.generators, {})

    def choices(self, text: str, names: Mapping[str, Any]) -> list[Fraction]:
        """The values of ``use[s,t] for s in sites``."""
        generator: Any = ast.parse(f"({text}\n)", mode="eval").body
        return [self._number(generator.elt, inner) for inner in self._combinations(generator.generators, dict(names))]

    def _combinations(self, loops: list[Any], names: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if not loops:
            yield dict(names)
            return
        first, rest = loops[0], loops[1:]
        for element in self.sets[first.iter.id]:
            inner = {**names, first.target.id: element}
            if all(self._holds(condition, inner) for condition in first.ifs):
                yield from self._combinations(rest, inner)

    def _number(self, node: Any, names: dict[str, Any]) -> Fraction:
        value = self._value(node, names)
        return value if isinstance(value, Fraction) else Fraction(value)

    def _value(self, node: Any, names: dict[str, Any]) -> Any:
        """A fraction, or an element of a set."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else Fraction(str(node.value))
        if isinstance(node, ast.Name):
            return names[node.id] if node.id in names else self.lookup(node.id, ())
        if isinstance(node, ast.Subscript):
            indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            assert isinstance(node.value, ast.Name)
            return self.lookup(node.value.id, tuple(str(self._value(index, names)) for index in indices))
        if isinstance(node, ast.UnaryOp):
            value = self._number(node.operand, names)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp):
            return self._binary(node, names)
        return self._call(node, names)

    def _binary(self, node: ast.BinOp, names: dict[str, Any]) -> Fraction:
        left, right = self._number(node.left, names), self._number(node.right, names)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
        return left**right.numerator if right.denominator == 1 else Fraction(float(left) ** float(right))

    def _call(self, node: Any, names: dict[str, Any]) -> Fraction:
        function, first = node.func.id, node.args[0]
        if function == "len":
            return Fraction(len(self.sets[first.id]))
        if isinstance(first, ast.GeneratorExp):
            inner = self._combinations(first.generators, names)
            values = [self._number(first.elt, each) for each in inner]
        else:
            values = [self._number(argument, names) for argument in node.args]
        if function == "sum":
            return sum(values, Fraction(0))
        if function == "abs":
            return abs(values[0])
        return min(values) if function == "min" else max(values)

    def _holds(self, node: Any, names: dict[str, Any]) -> bool:
        if isinstance(node, ast.BoolOp):
            parts = [self._holds(part, names) for part in node.values]
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return not self._holds(node.operand, names)
        if not isinstance(node, ast.Compare):
            return self._number(node, names) != 0
        sides = [node.left, *node.comparators]
        return all(self._compared(op, left, right, names) for op, left, right in zip(node.ops, sides, sides[1:]))

    def _compared(self, op: Any, left: Any, right: Any, names: dict[str, Any]) -> bool:
        one = self._value(left, names)
        if isinstance(op, (ast.In, ast.NotIn)):
            inside = str(one) in [str(element) for element in self.sets[right.id]]
            return inside != isinstance(op, ast.NotIn)
        two = self._value(right, names)
        if isinstance(one, str) and isinstance(two, str) and not isinstance(op, (ast.Eq, ast.NotEq)):
            order = next(list(each) for each in self.sets.values() if one in each and two in each)
            one, two = order.index(one), order.index(two)
        if isinstance(one, str) != isinstance(two, str):
            one, two = str(one), str(two)
        if isinstance(op, ast.Eq):
            return bool(one == two)
        if isinstance(op, ast.NotEq):
            return bool(one != two)
        if isinstance(op, ast.Lt):
            return bool(one < two)
        if isinstance(op, ast.LtE):
            return bool(one <= two)
        return bool(one > two) if isinstance(op, ast.Gt) else bool(one >= two)
