"""Checked expressions -> arrays: loops to points, sums to terms, comparisons to rules. No object is made per term."""

from __future__ import annotations

import ast

import numpy as np

from qopt.core.arrays import Floats
from qopt.models.documents.limits import DEFAULT, Limits
from qopt.models.formulas.evaluator import Evaluator, Tally
from qopt.models.formulas.frame import Frame
from qopt.models.formulas.parse import Formula
from qopt.models.formulas.symbols import Symbols
from qopt.models.formulas.terms import Terms


class Compiler:
    """Compiles the expressions of one model, counting their terms together.

    Parameters
    ----------
    symbols
        What names stand for.
    limits
        ``terms`` bounds the terms of all expressions together.
    """

    def __init__(self, symbols: Symbols, limits: Limits = DEFAULT) -> None:
        self.symbols, self.limits = symbols, limits
        self.tally = Tally(limits.terms)

    def frame(self, formula: Formula) -> Frame:
        """The points of a rule's loops (``formulas.parse.loops``)."""
        tree = formula.tree
        assert isinstance(tree, ast.GeneratorExp)
        return Evaluator(formula, self.symbols, self.tally).looped(tree, Frame())

    def terms(self, formula: Formula, frame: Frame) -> Terms:
        """An expression over variables at every point of a frame."""
        evaluator = Evaluator(formula, self.symbols, self.tally)
        return evaluator.finite(evaluator.terms(formula.tree, frame))

    def chosen(self, formula: Formula, frame: Frame) -> Terms:
        """The sum over a generator expression (``formulas.parse.choice``) at every point of a frame."""
        tree = formula.tree
        assert isinstance(tree, ast.GeneratorExp)
        evaluator = Evaluator(formula, self.symbols, self.tally)
        inner = evaluator.looped(tree, frame.nested())
        return evaluator.finite(evaluator.terms(tree.elt, inner).summed(inner.parent, frame.points))

    def data(self, formula: Formula, frame: Frame) -> Floats:
        """An expression of data alone, shape (points,)."""
        evaluator = Evaluator(formula, self.symbols, self.tally)
        value = evaluator.data(formula.tree, frame, "this may not depend on a variable")
        if not np.all(np.isfinite(value)):
            raise formula.fault(formula.tree, "the value is too large to be held", suggestion="change the unit")
        return np.broadcast_to(value, (frame.points,))

    def rule(self, formula: Formula, frame: Frame) -> tuple[Terms, Floats, Floats]:
        """A rule at every point: its terms without constants, and the lower and upper sides, shape (points,)."""
        tree = formula.tree
        if not isinstance(tree, ast.Compare):
            raise formula.fault(tree, "a rule compares two sides", suggestion="write … <= …, … >= … or … == …")
        for op in tree.ops:
            if isinstance(op, (ast.Lt, ast.Gt)):
                suggestion = "write <= or >=; for whole numbers shift by 1"
                raise formula.fault(tree, "a rule may not be strict", formula.source(tree), suggestion)
            if not isinstance(op, (ast.LtE, ast.GtE, ast.Eq)):
                raise formula.fault(tree, "a rule uses <=, >= or ==", formula.source(tree), "write one of them")
        evaluator = Evaluator(formula, self.symbols, self.tally)
        if len(tree.ops) == 1:
            left = evaluator.terms(tree.left, frame)
            right = evaluator.terms(tree.comparators[0], frame)
            found = evaluator.finite(left.plus(right.scaled(np.float64(-1))))
            side = np.broadcast_to(0.0 - found.constant, (frame.points,))
            open_side = np.full(frame.points, np.inf)
            lower = -open_side if isinstance(tree.ops[0], ast.LtE) else side
            upper = open_side if isinstance(tree.ops[0], ast.GtE) else side
            return Terms(frame.points, np.float64(0), found.products), lower, upper
        return self._between(formula, tree, evaluator, frame)

    def _between(
        self, formula: Formula, tree: ast.Compare, evaluator: Evaluator, frame: Frame
    ) -> tuple[Terms, Floats, Floats]:
        kinds = {type(op) for op in tree.ops}
        if len(tree.ops) != 2 or len(kinds) != 1 or kinds == {ast.Eq}:
            suggestion = "write 'low <= … <= high', or two rules"
            raise formula.fault(tree, "a rule has one comparison, or two that point the same way", "", suggestion)
        ends = [
            evaluator.data(node, frame, "the two outer sides may not depend on variables")
            for node in (tree.left, tree.comparators[1])
        ]
        middle = evaluator.finite(evaluator.terms(tree.comparators[0], frame))
        sides = [np.broadcast_to(end - middle.constant, (frame.points,)) for end in ends]
        lower, upper = sides if kinds == {ast.LtE} else sides[::-1]
        if np.any(lower > upper):
            raise formula.fault(tree, "the lower side is above the upper side", formula.source(tree), "swap them")
        return Terms(frame.points, np.float64(0), middle.products), lower, upper
