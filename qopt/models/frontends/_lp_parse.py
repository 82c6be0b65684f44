"""The grammar of CPLEX LP files, from tokens into a Draft."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qopt.core.problem import Sense
from qopt.models.frontends._draft import Draft, Row
from qopt.models.frontends._lp_text import LpText, Section, Token
from qopt.models.frontends._quadratic import Quadratic

_INFINITY = ("inf", "infinity")
_LEAST, _MOST = (">", ">=", "=>"), ("<", "<=", "=<")


def parse(text: str, file: str, name: str) -> Draft:
    """The model of an LP file.

    Raises
    ------
    ModelError
        The first fault, with its line and column.
    """
    lp = LpText(text, file)
    draft = Draft(file, name)
    parser = _Parser(lp, draft)
    for section in lp.sections():
        getattr(parser, f"{section.kind}_section")(section)
    parser.finish()
    return draft


class _Parser:
    """Reads one section after another."""

    def __init__(self, lp: LpText, draft: Draft) -> None:
        self.lp, self.draft = lp, draft
        self.tokens: Sequence[Token] = ()
        self.at = 0
        self.given: set[int] = set()
        self.negative: dict[int, Token] = {}
        self.binary: set[int] = set()

    def sense_section(self, section: Section) -> None:
        """``Maximize  name: expression``."""
        self._open(section)
        self.draft.sense = Sense.MAXIMIZE if section.header.lower().startswith("max") else Sense.MINIMIZE
        self._label()
        self.draft.objective = self._expression(halved=True)
        if (token := self._peek()) is not None:
            self.lp.refuse("the objective is a sum of terms", token.text, token.start)

    def rows_section(self, section: Section) -> None:
        """``name: expression <= number``, ranges and conditions ``name: b = 1 -> expression <= number``."""
        self._open(section)
        while (token := self._peek()) is not None:
            place = self.lp.place(token.start)
            name = self._label() or f"c{len(self.draft.rows) + 1}"
            function, lower, upper = self._relation(token)
            switch = None
            after = self._peek()
            if after is not None and after.text == "->":
                self.at += 1
                switch = self._condition(function, lower, upper, token)
                function, lower, upper = self._relation(after)
            low, high = -np.inf if lower is None else lower, np.inf if upper is None else upper
            self.draft.add(Row(name, function, low, high, place, switch))

    def bounds_section(self, section: Section) -> None:
        """``lower <= name <= upper``, ``name = value``, ``name free``."""
        self._open(section)
        draft = self.draft
        while (token := self._peek()) is not None:
            after = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
            if token.kind == "name" and after is not None and after.text.lower() == "free" and not after.first:
                k = draft.column(token.text)
                draft.lower[k], draft.upper[k] = -np.inf, np.inf
                self.given.add(k)
                self.at += 2
                continue
            function, lower, upper = self._relation(token, line=True)
            terms = function.linear
            if len(terms) != 1 or terms[0][1] != 1.0 or function.pairs:
                self.lp.refuse("a bound names one variable, without a coefficient", token.text, token.start)
            k = terms[0][0]
            if lower is not None:
                draft.lower[k] = lower
                self.given.add(k)
            if upper is not None:
                draft.upper[k] = upper
                if upper < 0:
                    self.negative[k] = token

    def generals_section(self, section: Section) -> None:
        """Names of whole variables."""
        for k in self._listed(section):
            self.draft.integer[k] = True

    def binaries_section(self, section: Section) -> None:
        """Names of variables that are 0 or 1."""
        self.binary.update(self._listed(section))

    def finish(self) -> None:
        """What can only be said at the end: the bounds of binaries, and upper bounds below the silent 0."""
        draft = self.draft
        for k, token in self.negative.items():
            if k not in self.given and draft.upper[k] < 0:
                rule = "an upper bound below 0 needs a lower bound beside it: readers disagree on the silent one"
                self.lp.refuse(rule, token.text, token.start, "write -inf <= name <= value")
        for k in self.binary:
            draft.integer[k] = True
            draft.lower[k], draft.upper[k] = max(draft.lower[k], 0.0), min(draft.upper[k], 1.0)

    def _open(self, section: Section) -> None:
        self.tokens, self.at = self.lp.tokens(section), 0

    def _peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _is(self, text: str, ahead: int = 0) -> bool:
        k = self.at + ahead
        return k < len(self.tokens) and self.tokens[k].text == text

    def _label(self) -> str:
        """The name and colon that stand here, or nothing."""
        token = self._peek()
        if token is None or token.kind != "name" or not self._is(":", 1):
            return ""
        self.at += 2
        return token.text

    def _listed(self, section: Section) -> list[int]:
        self._open(section)
        for token in self.tokens:
            if token.kind != "name":
                self.lp.refuse("this section lists names of variables", token.text, token.start)
        return [self.draft.column(token.text) for token in self.tokens]

    def _relation(self, first: Token, *, line: bool = False) -> tuple[Quadratic, float | None, float | None]:
        """``expression <= number``, either way round, or ``number <= expression <= number``.

        Parameters
        ----------
        line
            Whether all of it stands on one line.

        Returns
        -------
        The function without its constant, and its sides; None for one that is not there.
        """
        parts = [self._expression(line=line)]
        signs: list[Token] = []
        while (
            (token := self._peek()) is not None and token.kind == "relation" and token.text != "->" and len(signs) < 2
        ):
            self.at += 1
            signs.append(token)
            before = parts[-1]
            parts.append(self._expression(line=line or bool(before.linear or before.pairs)))
        if not signs:
            token = self._peek() or first
            self.lp.refuse("a constraint needs <=, >= or =", token.text, token.start)
        if len(signs) == 2:
            if _direction(signs[0]) != _direction(signs[1]) or _direction(signs[0]) == "=":
                self.lp.refuse("both signs of a range point the same way", signs[1].text, signs[1].start)
            ends = [self._number(part, sign) for part, sign in zip(parts[::2], signs)]
            lower, upper = ends if _direction(signs[0]) == "<" else ends[::-1]
            return self._moved(parts[1], lower, upper, first)
        left, right = parts
        if not (right.linear or right.pairs):
            function, side, way = left, right.constant, _direction(signs[0])
        elif not (left.linear or left.pairs):
            function, side, way = right, left.constant, {"<": ">", ">": "<"}.get(_direction(signs[0]), "=")
        else:
            function = Quadratic(
                left.constant - right.constant,
                left.linear + [(c, -v) for c, v in right.linear],
                left.pairs + [(i, j, -v) for i, j, v in right.pairs],
            )
            side, way = 0.0, _direction(signs[0])
        return self._moved(function, None if way == "<" else side, None if way == ">" else side, first)

    def _moved(
        self, function: Quadratic, lower: float | None, upper: float | None, first: Token
    ) -> tuple[Quadratic, float | None, float | None]:
        """The constant of the function moved to its sides."""
        sides = [None if side is None else side - function.constant for side in (lower, upper)]
        if not np.isfinite(function.constant) or any(side != side for side in sides):
            self.lp.refuse("infinity stands alone on its side", first.text, first.start)
        return Quadratic(0.0, function.linear, function.pairs), sides[0], sides[1]

    def _number(self, part: Quadratic, sign: Token) -> float:
        if part.linear or part.pairs:
            self.lp.refuse("a range stands between two numbers", sign.text, sign.start)
        return part.constant

    def _condition(
        self, function: Quadratic, lower: float | None, upper: float | None, token: Token
    ) -> tuple[int, int]:
        terms = function.linear
        if len(terms) != 1 or terms[0][1] != 1.0 or function.pairs or lower != upper or lower not in (0.0, 1.0):
            self.lp.refuse("a condition reads: variable = 0 -> or variable = 1 ->", token.text, token.start)
        return terms[0][0], int(lower == 1.0)

    def _expression(self, *, line: bool = False, halved: bool = False) -> Quadratic:
        """A sum of terms, as far as it goes.

        Parameters
        ----------
        line
            Whether it ends with its line.
        halved
            Whether square brackets end with ``] / 2``.
        """
        out = Quadratic()
        terms = 0
        while (token := self._peek()) is not None:
            starts = token.kind in ("number", "name") or token.text == "["
            if token.kind == "relation" or (token.kind == "name" and self._is(":", 1)):
                break
            if terms and token.first and (line or starts):
                break
            if terms and starts:
                self.lp.refuse("+ or - is missing before this term", token.text, token.start)
            self._term(out, line, halved)
            terms += 1
        return out

    def _term(self, out: Quadratic, line: bool, halved: bool) -> None:
        sign = 1.0
        while self._is("+") or self._is("-"):
            sign = -sign if self._is("-") else sign
            self.at += 1
        token = self._peek()
        if token is None or (token.kind not in ("number", "name") and token.text != "["):
            shown = token or self.tokens[self.at - 1]
            self.lp.refuse("a number, a variable or [ is needed here", shown.text, shown.start)
        if token.text == "[":
            self._brackets(out, sign, halved)
            return
        value = self._coefficient(token)
        after = self._peek()
        if value is None:
            value = 1.0
        elif after is None or after.kind != "name" or self._is(":", 1) or (after.first and line):
            out.constant += sign * value
            return
        elif after.text.lower() in _INFINITY:
            self.lp.refuse("+ or - is missing before this term", after.text, after.start)
        else:
            token = after
        self.at += 1
        if token.text.lower() in _INFINITY:
            out.constant += sign * np.inf
            return
        out.linear.append((self.draft.column(token.text), sign * value))
        if self._is("*") or self._is("^"):
            self.lp.refuse("products stand in square brackets", self.tokens[self.at].text, self.tokens[self.at].start)

    def _coefficient(self, token: Token) -> float | None:
        """The number that stands here, with the * behind it; None when there is none."""
        if token.kind != "number":
            return None
        value = float(token.text)
        if not abs(value) < np.inf:
            self.lp.refuse("a finite number is needed here", token.text, token.start)
        self.at += 1
        if self._is("*"):
            self.at += 1
            if (after := self._peek()) is None or after.kind != "name":
                self.lp.refuse("a variable is needed behind *", "", token.start)
        return value

    def _brackets(self, out: Quadratic, sign: float, halved: bool) -> None:
        """``[ 2 x ^ 2 - 3 x * y ]``, in the objective with ``/ 2`` behind it."""
        opening = self.tokens[self.at]
        self.at += 1
        pairs: list[tuple[int, int, float]] = []
        while not self._is("]"):
            token = self._peek()
            if token is None:
                self.lp.refuse("this bracket is not closed", "[", opening.start)
            if pairs and token.text not in ("+", "-"):
                self.lp.refuse("+ or - is missing before this term", token.text, token.start)
            pairs.append(self._product())
        self.at += 1
        if halved != (self._is("/") and self._is("2", 1)):
            rule = "square brackets of the objective end with ] / 2" if halved else "only an objective has ] / 2"
            self.lp.refuse(rule, "[", opening.start)
        self.at += 2 if halved else 0
        sign = sign / 2 if halved else sign
        out.pairs += [(i, j, sign * v) for i, j, v in pairs]

    def _product(self) -> tuple[int, int, float]:
        sign = 1.0
        while self._is("+") or self._is("-"):
            sign = -sign if self._is("-") else sign
            self.at += 1
        token = self._peek()
        value = None if token is None else self._coefficient(token)
        token = self._peek()
        if token is None or token.kind != "name":
            shown = token or self.tokens[-1]
            self.lp.refuse("a product of two variables is needed here", shown.text, shown.start)
        i = self.draft.column(token.text)
        self.at += 1
        coefficient = sign * (1.0 if value is None else value)
        if self._is("^") and self._is("2", 1):
            self.at += 2
            return i, i, coefficient
        other = self.tokens[self.at + 1] if self._is("*") and self.at + 1 < len(self.tokens) else None
        if other is None or other.kind != "name":
            self.lp.refuse("inside square brackets stand squares x ^ 2 and products x * y", token.text, token.start)
        j = self.draft.column(other.text)
        self.at += 2
        return i, j, coefficient


def _direction(sign: Token) -> str:
    return "<" if sign.text in _MOST else ">" if sign.text in _LEAST else "="
