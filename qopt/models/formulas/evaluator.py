"""The walk over one expression: every operation acts on all points of a frame at once."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats
from qopt.models.documents.issues import closest
from qopt.models.formulas.conditions import compared, element_in, position_in
from qopt.models.formulas.frame import Element, Frame
from qopt.models.formulas.parse import Formula
from qopt.models.formulas.symbols import IndexSet, Symbols, Table, Variables
from qopt.models.formulas.terms import Data, Products, Terms, summed

_HIGHEST_POWER = 16
_CHAIN = (ast.Add, ast.Sub, ast.Mult, ast.Div)


class Tally:
    """Counts the terms of all expressions of a model, before they are made.

    Parameters
    ----------
    most
        How many are accepted.
    """

    def __init__(self, most: int) -> None:
        self.most, self.counted = most, 0

    def foresee(self, more: int, formula: Formula, node: ast.AST) -> None:
        """Refuse ``more`` terms that would be too many, without counting them yet.

        Raises
        ------
        FormulaFault
            With the number that they would make.
        """
        total = self.counted + more
        if total > self.most:
            rule = f"the document has {total:,} terms up to here, at most {self.most:,} are accepted"
            raise formula.fault(node, rule, suggestion="put each condition right behind the loops that it needs")

    def add(self, more: int, formula: Formula, node: ast.AST) -> None:
        """Count terms that are about to be made; raises as ``foresee`` does."""
        self.foresee(more, formula, node)
        self.counted += more


class Evaluator:
    """The walk over one formula. A value is data (an array), an element of a set, a quoted text, or terms."""

    def __init__(self, formula: Formula, symbols: Symbols, tally: Tally) -> None:
        self.formula, self.symbols, self.tally = formula, symbols, tally

    # what a node must be -----------------------------------------------------------------------------------------

    def terms(self, node: ast.AST, frame: Frame) -> Terms:
        """The node as terms; data are constants."""
        value = self.value(node, frame)
        return value if isinstance(value, Terms) else Terms(frame.points, self.number(node, value))

    def data(self, node: ast.AST, frame: Frame, rule: str) -> Data:
        """The node as data; ``rule`` says what is broken when it holds a variable."""
        value = self.value(node, frame)
        if isinstance(value, Terms):
            raise self.formula.fault(node, rule, self.formula.source(node), "use parameters and numbers alone")
        return self.number(node, value)

    def number(self, node: ast.AST, value: Any) -> Data:
        """A value that is no terms, as numbers: elements of a range are numbers, those of a list are not."""
        if isinstance(value, Element):
            if value.of.start is None:
                suggestion = f"use it as an index; only a range gives numbers, {value.of.name} is a list"
                raise self.formula.fault(
                    node, "an element of a list is no number", self.formula.source(node), suggestion
                )
            return value.of.numbers[value.position]
        if isinstance(value, str):
            raise self.formula.fault(node, "a text is no number", self.formula.source(node), "use it as an index")
        return value

    def finite(self, terms: Terms) -> Terms:
        """The terms, after making sure that no coefficient has overflowed."""
        parts = [terms.constant, *(p.coefficient for p in terms.products)]
        if not all(np.all(np.isfinite(part)) for part in parts):
            rule = "a coefficient is too large to be held"
            raise self.formula.fault(self.formula.tree, rule, suggestion="change the unit")
        return terms

    # the walk ----------------------------------------------------------------------------------------------------

    def value(self, node: ast.AST, frame: Frame) -> Any:
        """The value of a node at every point."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else np.float64(cast(float, node.value))
        if isinstance(node, ast.Name):
            return self._name(node, frame)
        if isinstance(node, ast.Subscript):
            return self._indexed(node, frame)
        if isinstance(node, ast.BinOp):
            return self._power(node, frame) if isinstance(node.op, ast.Pow) else self._chain(node, frame)
        if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            value = self.value(node.operand, frame)
            factor = np.float64(-1 if isinstance(node.op, ast.USub) else 1)
            return value.scaled(factor) if isinstance(value, Terms) else self.number(node.operand, value) * factor
        if isinstance(node, ast.Call):
            return self._call(node, frame)
        suggestion = "conditions stand behind 'if'; loops stand inside sum(…)"
        raise self.formula.fault(node, "this cannot stand here", self.formula.source(node), suggestion)

    def _chain(self, node: ast.BinOp, frame: Frame) -> Any:
        """``a + b - c * d``: the left spine is walked with a loop, however long it is."""
        spine: list[ast.BinOp] = []
        left: ast.AST = node
        while isinstance(left, ast.BinOp) and isinstance(left.op, _CHAIN):
            spine.append(left)
            left = left.left
        value = self.value(left, frame)
        value = value if isinstance(value, Terms) else self.number(left, value)
        with np.errstate(all="ignore"):
            for step in reversed(spine):
                right = self.value(step.right, frame)
                right = right if isinstance(right, Terms) else self.number(step.right, right)
                value = self._operate(step, value, right)
        return value

    def _operate(self, node: ast.BinOp, left: Any, right: Any) -> Any:
        op = node.op
        if isinstance(op, ast.Div):
            if isinstance(right, Terms):
                suggestion = "multiply the rule by it, or divide by data"
                raise self.formula.fault(node.right, "a variable may not divide", "", suggestion)
            if np.any(right == 0):
                raise self.formula.fault(
                    node.right, "division by 0", self.formula.source(node.right), "leave it out: if … != 0"
                )
            return left.scaled(1 / right) if isinstance(left, Terms) else left / right
        if isinstance(op, ast.Mult):
            if isinstance(left, Terms) and isinstance(right, Terms):
                return left.times(right, self._counter(node))
            if isinstance(left, Terms):
                return left.scaled(right)
            return right.scaled(left) if isinstance(right, Terms) else left * right
        if isinstance(op, ast.Sub):
            right = right.scaled(np.float64(-1)) if isinstance(right, Terms) else -right
        if isinstance(left, Terms):
            return left.plus(right) if isinstance(right, Terms) else left.shifted(right)
        return right.shifted(left) if isinstance(right, Terms) else left + right

    def _counter(self, node: ast.AST) -> Callable[[int], None]:
        return lambda more: self.tally.add(more, self.formula, node)

    def _power(self, node: ast.BinOp, frame: Frame) -> Any:
        exponent = node.right.value if isinstance(node.right, ast.Constant) else None
        base = self.value(node.left, frame)
        if isinstance(base, Terms):
            if not isinstance(exponent, int) or not 1 <= exponent <= _HIGHEST_POWER:
                rule = f"a power of variables is a whole number from 1 to {_HIGHEST_POWER}"
                raise self.formula.fault(node.right, rule, self.formula.source(node.right), "write the product out")
            out = base
            for _ in range(exponent - 1):
                out = out.times(base, self._counter(node))
            return out
        if exponent != 0.5 and (not isinstance(exponent, int) or not 0 <= exponent <= _HIGHEST_POWER):
            rule = f"a power is a whole number from 0 to {_HIGHEST_POWER}, or 0.5"
            raise self.formula.fault(node.right, rule, self.formula.source(node.right), "compute the data beforehand")
        data = self.number(node.left, base)
        if exponent == 0.5 and np.any(data < 0):
            raise self.formula.fault(node.left, "the square root of a negative number", "", "check the data")
        with np.errstate(all="ignore"):
            return np.asarray(data, dtype=np.float64) ** exponent

    # names -------------------------------------------------------------------------------------------------------

    def _name(self, node: ast.Name, frame: Frame) -> Any:
        if node.id in frame.elements:
            return frame.elements[node.id]
        found = self.symbols.find(node.id)
        if isinstance(found, Table) and found.over and all(s.name in frame.by_set for s in found.over):
            return found.values[tuple(frame.by_set[s.name].position for s in found.over)]
        if isinstance(found, (Table, Variables)):
            if found.over:
                sets = ", ".join(s.name for s in found.over)
                suggestion = f"write {found.name}[…] with one index per set"
                raise self.formula.fault(
                    node, f"{found.name} needs an index: it is declared over {sets}", "", suggestion
                )
            return found.values[()] if isinstance(found, Table) else self._columns(node, found, (), frame)
        if found is not None:
            suggestion = f"loop over it: sum(… for i in {node.id}); its size is len({node.id})"
            raise self.formula.fault(node, "a set is no number", node.id, suggestion)
        known = [*frame.elements, *self.symbols.names()]
        raise self.formula.fault(node, "an unknown name", node.id, closest(node.id, known))

    def _indexed(self, node: ast.Subscript, frame: Frame) -> Any:
        if not isinstance(node.value, ast.Name):
            raise self.formula.fault(node, "an index stands behind a name", suggestion="write name[i,j]")
        name = node.value.id
        found = self.symbols.find(name)
        if not isinstance(found, (Table, Variables)):
            what = "an unknown name" if found is None and name not in frame.elements else "this takes no index"
            known = [n for n in self.symbols.names() if n not in self.symbols.sets]
            raise self.formula.fault(node.value, what, name, closest(name, known))
        indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if len(indices) != len(found.over):
            sets = ", ".join(s.name for s in found.over) or "no set"
            rule = f"{name} takes {len(found.over)} indices, it is declared over {sets}"
            raise self.formula.fault(node, rule, self.formula.source(node), "give one index per set")
        where = tuple(
            position_in(self.formula, index, self.value(index, frame), over) for index, over in zip(indices, found.over)
        )
        return found.values[where] if isinstance(found, Table) else self._columns(node, found, where, frame)

    def _columns(self, node: ast.AST, found: Variables, where: tuple[Any, ...], frame: Frame) -> Terms:
        self.tally.add(frame.points, self.formula, node)
        flat: Any = np.int64(found.start)
        if where:
            flat = flat + np.ravel_multi_index(tuple(np.broadcast_arrays(*where)), found.shape)
        columns = np.broadcast_to(flat, (frame.points,)).astype(np.int32).reshape(-1, 1)
        products = Products(np.arange(frame.points), columns, np.ones(frame.points))
        return Terms(frame.points, np.float64(0), (products,))

    # functions and loops -----------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, frame: Frame) -> Any:
        assert isinstance(node.func, ast.Name)
        name, first = node.func.id, node.args[0]
        if name == "len":
            return np.float64(len(self._set(first)))
        if isinstance(first, ast.GeneratorExp) and name != "abs" and len(node.args) == 1:
            inner = self.looped(first, frame.nested())
            if name == "sum":
                value = self.value(first.elt, inner)
                if isinstance(value, Terms):
                    return value.summed(inner.parent, frame.points)
                return summed(self.number(first.elt, value), inner.parent, frame.points)
            values = self.data(first.elt, inner, f"{name} is of data alone")
            return self._extreme(node, name, values, inner, frame.points)
        if name == "sum" or (name == "abs" and len(node.args) > 1):
            suggestion = "write sum(… for i in set)" if name == "sum" else "write abs(value)"
            raise self.formula.fault(node, f"{name} does not take this", self.formula.source(node), suggestion)
        arguments = [self.data(argument, frame, f"{name} is of data alone") for argument in node.args]
        if name == "abs":
            return np.abs(arguments[0])
        out = arguments[0]
        for other in arguments[1:]:
            out = np.minimum(out, other) if name == "min" else np.maximum(out, other)
        return out

    def _extreme(self, node: ast.AST, name: str, values: Data, inner: Frame, points: int) -> Floats:
        members = np.bincount(inner.parent, minlength=points)
        if np.any(members == 0):
            raise self.formula.fault(node, f"{name} of nothing", self.formula.source(node), "loosen its condition")
        full = np.broadcast_to(values, (inner.points,))
        first = np.cumsum(members) - members
        return (np.minimum if name == "min" else np.maximum).reduceat(full, first)

    def _set(self, node: ast.AST) -> IndexSet:
        """The set that a node names."""
        name = node.id if isinstance(node, ast.Name) else ""
        if name in self.symbols.sets:
            return self.symbols.sets[name]
        value = name or self.formula.source(node)
        raise self.formula.fault(node, "a set must stand here", value, closest(value, self.symbols.sets))

    def looped(self, node: ast.GeneratorExp, frame: Frame) -> Frame:
        """The points of a frame times the loops of a generator expression, where their conditions hold."""
        keep = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        loops = [(loop, self._set(loop.iter)) for loop in node.generators]
        for k, (loop, over) in enumerate(loops):
            if not isinstance(loop.target, ast.Name):
                raise self.formula.fault(loop.target, "a loop has one name", suggestion="write 'for i in set'")
            name = loop.target.id
            if name in frame.elements or self.symbols.find(name) is not None:
                raise self.formula.fault(loop.target, "this name is taken", name, "choose another for the loop")
            ahead = frame.points
            for later, its_set in loops[k:]:  # up to the next condition nothing can make it fewer
                ahead *= len(its_set)
                if later.ifs:
                    break
            self.tally.foresee(ahead, self.formula, loop.target)
            frame = frame.expanded(name, over, keep)
            for condition in loop.ifs:
                frame = frame.filtered(self._holds(condition, frame))
        return frame

    def _holds(self, node: ast.AST, frame: Frame) -> NDArray[np.bool_]:
        """Where a condition holds, shape (points,)."""
        if isinstance(node, ast.BoolOp):
            masks = [self._holds(part, frame) for part in node.values]
            return np.logical_and.reduce(masks) if isinstance(node.op, ast.And) else np.logical_or.reduce(masks)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self._holds(node.operand, frame)
        rule = "a condition may not depend on a variable"
        if not isinstance(node, ast.Compare):
            return np.broadcast_to(self.data(node, frame, rule) != 0, (frame.points,))
        mask = np.ones(frame.points, dtype=bool)
        sides = [node.left, *node.comparators]
        for op, left, right in zip(node.ops, sides, sides[1:]):
            one = self.value(left, frame)
            if isinstance(op, (ast.In, ast.NotIn)):
                inside = element_in(self.formula, left, one, self._set(right))
                mask &= ~inside if isinstance(op, ast.NotIn) else inside
                continue
            two = self.value(right, frame)
            for side, value in ((left, one), (right, two)):
                if isinstance(value, Terms):
                    raise self.formula.fault(side, rule, self.formula.source(side), "use parameters and indices alone")
            mask &= compared(self.formula, op, (left, one), (right, two))
        return mask
