"""Text -> a syntax tree of Python's own parser that holds nothing but what the language knows.

    expression   names, numbers, + - * / **, sum(… for i in set if …), min, max, abs, len, name[i, j + 1]
    condition    comparisons, and, or, not, i in set
    rule         expression <= expression, data <= expression <= data, also == and >=
    loops        t in towns, s in sites if condition

The tree is walked with a list of allowed nodes before anything looks at it; no part of it is ever run as Python.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from qopt.models.documents.limits import Limits
from qopt.models.formulas.faults import FormulaFault
from qopt.models.formulas.tokens import scan

_KNOWN = "known: numbers, names, name[i,j], + - * / **, sum, min, max, abs, len"
FUNCTIONS = ("sum", "min", "max", "abs", "len")

_ALLOWED = (
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.Call,
    ast.GeneratorExp,
    ast.comprehension,
    ast.Name,
    ast.Constant,
    ast.Subscript,
    ast.Tuple,
)
_OPERATORS = (
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd),
    *(ast.Not, ast.And, ast.Or, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
)
_MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)  # nodes without a place of their own
_LEFT = (ast.Add, ast.Sub, ast.Mult, ast.Div)


@dataclass(frozen=True, eq=False)
class Formula:
    """A checked expression.

    Parameters
    ----------
    text
        As the user wrote it.
    tree
        Its syntax tree; for loops and for ``one_of`` the generator expression they stand for.
    origin
        For each character of the parsed text, its offset in ``text``.
    """

    text: str
    tree: ast.expr
    _lines: tuple[str, ...]
    _starts: tuple[int, ...]
    _origin: tuple[int, ...]

    def offset(self, node: ast.AST) -> int:
        """Where a node begins in ``text``, in characters from 0."""
        return self._at(getattr(node, "lineno", 1), getattr(node, "col_offset", 0))

    def source(self, node: ast.AST) -> str:
        """The text of a node, shortened, for messages."""
        end = self._at(getattr(node, "end_lineno", 1), getattr(node, "end_col_offset", 0))
        word = " ".join(self.text[self.offset(node) : max(end, self.offset(node) + 1)].split())
        return word if len(word) <= 60 else word[:57] + "…"

    def _at(self, line: int, column: int) -> int:
        """The offset in ``text`` of a place as the parser counts: lines from 1, columns in bytes of UTF-8."""
        before = self._lines[line - 1].encode()[:column].decode()
        at = self._starts[line - 1] + len(before)
        return self._origin[min(at, len(self._origin) - 1)]

    def fault(self, node: ast.AST, rule: str, value: str = "", suggestion: str = "") -> FormulaFault:
        """A fault at a node."""
        return FormulaFault(rule, value, suggestion, self.offset(node))


def expression(text: str, limits: Limits) -> Formula:
    """A sum, a rule or a condition."""
    scan(text, limits)
    return _parse(text, "(", text, range(len(text)), "\n)", limits)


def loops(text: str, limits: Limits) -> Formula:
    """``t in towns, s in sites if …`` as the generator expression ``0 for t in towns for s in sites if …``."""
    scan(text, limits)
    parts, origin = [], []
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        piece = " for " if char == "," and depth == 0 else char
        parts.append(piece)
        origin += [at] * len(piece)
    return _parse(text, "(0 for ", "".join(parts), origin, "\n)", limits)


def choice(text: str, limits: Limits) -> Formula:
    """``use[s,t] for s in sites`` as a generator expression."""
    formula = expression(text, limits)
    if not isinstance(formula.tree, ast.GeneratorExp):
        raise FormulaFault("must be of the form 'x[i] for i in set'", suggestion="add 'for … in …'")
    return formula


def _parse(text: str, before: str, body: str, origin: Sequence[int], after: str, limits: Limits) -> Formula:
    whole = before + body + after
    last = max(len(text) - 1, 0)
    where = (0,) * len(before) + tuple(origin) + (last + 1,) * len(after)
    lines = tuple(whole.split("\n"))
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as "is not callable": the walk below says it better
            tree = ast.parse(whole.replace("\r", " ").replace("\f", " "), mode="eval").body
    except SyntaxError as error:
        row = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
        at = min(starts[row] + max((error.offset or 1) - 1, 0), len(where) - 1)
        raise FormulaFault("something is missing or misplaced here", *_hint(text), offset=where[at]) from None
    except (RecursionError, MemoryError, ValueError):
        rule = f"the expression is nested more than {limits.depth} deep"
        raise FormulaFault(rule, suggestion="split it into several") from None
    formula = Formula(text, tree, lines, tuple(starts), where)
    _check(formula, limits)
    return formula


def _hint(text: str) -> tuple[str, str]:
    words = text.split()
    if "for" in words and "," in text:
        return "", "write 'for s in sites for t in towns', one 'for' per set"
    return "", "check operators, commas and brackets"


def _check(formula: Formula, limits: Limits) -> None:
    """Walk the tree without recursion: allowed nodes alone, not too deep (``scan`` has bounded their number).

    A chain such as ``a + b + c`` is one level deep however long it is.
    """
    waiting: list[tuple[ast.AST, int]] = [(formula.tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, _MARKS):
            continue
        if not isinstance(node, _ALLOWED):
            raise formula.fault(node, "expressions do not know this", formula.source(node), _KNOWN)
        if depth > limits.depth:
            rule = f"the expression is nested {depth} deep, at most {limits.depth} is accepted"
            raise formula.fault(node, rule, suggestion="split it into several")
        if isinstance(node, ast.Call):
            _check_call(formula, node)
        spine = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, _LEFT) else None
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _MARKS) and not isinstance(child, (*_OPERATORS, ast.expr_context)):
                raise formula.fault(node, "an operator that expressions do not know", formula.source(node), _KNOWN)
            same = child is spine and isinstance(child, ast.BinOp)
            waiting.append((child, depth if same else depth + 1))


def _check_call(formula: Formula, node: ast.Call) -> None:
    known = ", ".join(FUNCTIONS)
    if not isinstance(node.func, ast.Name):
        raise formula.fault(node, "this cannot be called", suggestion="write * between two brackets")
    if node.func.id not in FUNCTIONS:
        suggestion = f"write {node.func.id}[…] for an index; functions: {known}"
        raise formula.fault(node, "there is no such function", node.func.id, suggestion)
    if node.keywords or not node.args:
        raise formula.fault(
            node,
            f"{node.func.id} needs a value in its brackets",
            suggestion="sum(… for i in set), min(a, b), abs(a), len(set)",
        )
