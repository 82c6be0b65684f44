"""The parts of a QPLIB file in their order, as arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Ints
from qopt.core.errors import Issue, ModelError, Place
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import PolynomialRow, Rows
from qopt.models.frontends._names import table

TYPE = re.compile(r"[LDCQ][CBMIG][NBLDCQ]")
_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_REMARK = re.compile(r"[#!%].*")
_KINDS = np.array([Kind.REAL, Kind.INTEGER, Kind.BINARY])


@dataclass(frozen=True, eq=False)
class _Quadratic:
    """Products: the row each belongs to, its two variables and its coefficient."""

    row: Ints
    i: Ints
    j: Ints
    value: Floats


class QplibParser:
    """Reads a QPLIB file line by line, long lists at once.

    Parameters
    ----------
    file
        Its name, for messages.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        lines = enumerate(_REMARK.sub("", text).split("\n"), 1)
        self.lines = [(number, line) for number, line in lines if line and not line.isspace()]
        self.at = 0

    def problem(self) -> Problem:
        """The model.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        name = self._line("the name")[0][1]
        objective, variables, constraints = tuple(self._type())
        word = self._line("the direction")[0]
        if word[1].lower() not in ("minimize", "maximize"):
            self._refuse("the direction is minimize or maximize", word)
        sense = Sense(word[1].lower())
        n = self._count("the number of variables")
        m = self._count("the number of constraints") if constraints not in "NB" else 0
        pairs = self._pairs(n, 0, "quadratic terms in the objective") if objective != "L" else None
        linear = self._vector(n, "linear coefficients in the objective")
        constant = self._number("the constant of the objective")
        curves = self._pairs(n, m, "quadratic terms in the constraints") if constraints in "DCQ" else None
        entries = self._entries(n, m) if m else np.zeros((0, 3))
        infinity = self._number("the value for infinity")
        sides = [self._vector(m, f"{side} sides of the constraints") for side in ("left", "right") if m]
        lower, upper = self._bounds(n, variables)
        kind = self._kinds(n, variables, lower, upper)
        for size, what in ((n, "primal"), (m, "constraint dual"), (n, "bound dual")):
            if size:
                self._vector(size, f"{what} values of the starting point")
        names, row_names = self._names(n, "x", "variable names"), self._names(m, "c", "constraint names")
        if self.at < len(self.lines):
            self._refuse("nothing may stand behind the names", self._line("")[0])
        lower = np.where(lower <= -infinity, -np.inf, lower)
        upper = np.where(upper >= infinity, np.inf, upper)
        binary = kind == Kind.BINARY
        rows: dict[str, Any] = {}
        if m:
            low = np.where(sides[0] <= -infinity, -np.inf, sides[0])
            high = np.where(sides[1] >= infinity, np.inf, sides[1])
            rows = _rows(n, entries, curves, low, high, row_names, binary)
        i, j, value = (pairs.i, pairs.j, pairs.value) if pairs is not None else ((), (), ())
        aim = Polynomial.from_pairs(linear, i, j, value, offset=constant, binary=binary)
        columns = Columns(kind.astype(np.int8), lower, upper, names)
        return Problem.build(columns, aim, sense=sense, name=name, **rows)

    def _refuse(self, rule: str, word: tuple[int, str], suggestion: str = "") -> NoReturn:
        number = self.lines[min(self.at, len(self.lines)) - 1][0] if self.at else 1
        shown = word[1] if len(word[1]) <= 40 else word[1][:40] + "…"
        raise ModelError(Issue(rule, shown, Place(self.file, number, word[0]), suggestion))

    def _line(self, what: str) -> list[tuple[int, str]]:
        """The words of the next line with the columns where they begin."""
        if self.at >= len(self.lines):
            self._refuse(f"the file ends before {what}", (1, ""))
        self.at += 1
        return [(word.start() + 1, word[0]) for word in _WORD.finditer(self.lines[self.at - 1][1])]

    def _type(self) -> str:
        word = self._line("the type of problem")[0]
        if not TYPE.fullmatch(word[1].upper()):
            hint = "objective L D C Q, variables C B M I G, constraints N B L D C Q"
            self._refuse("the type of problem is three letters such as QBL", word, hint)
        return word[1].upper()

    def _number(self, what: str) -> float:
        words = self._line(what)
        if len(words) > 1 or not _NUMBER.fullmatch(words[0][1]):
            self._refuse(f"{what} must be one number", words[0] if len(words) == 1 else words[1])
        return float(words[0][1])

    def _count(self, what: str) -> int:
        value = self._number(what)
        if not value.is_integer() or not 0 <= value < 2**31:
            self._refuse(f"{what} must be a whole number", (1, f"{value:g}"))
        return int(value)

    def _block(self, width: int, largest: list[int], what: str) -> NDArray[Any]:
        """A count, and so many lines of indices from 1 (returned from 0) and a number; no indices stand twice."""
        count = self._count(f"the number of {what}")
        start = self.at
        chosen = self.lines[start : start + count]
        self.at = min(start + count, len(self.lines))
        if len(chosen) < count:
            self._refuse(f"the file ends before {count:,} {what}", (1, ""))
        try:
            block = np.array(" ".join(line for _, line in chosen).split(), dtype=np.float64).reshape(count, width)
            good = bool(np.isfinite(block).all()) and all(len(line.split()) == width for _, line in chosen)
        except ValueError:
            good = False
        if not good:
            self._bad_line(start, width, what)
        index = block[:, :-1] - 1
        bad = ((index != np.rint(index)) | (index < 0) | (index >= np.array(largest))).any(axis=1)
        order = np.lexsort(index.T)
        twice = np.zeros(count, dtype=bool)
        if count:
            twice[order[1:]] = (index[order[1:]] == index[order[:-1]]).all(axis=1)
        for wrong, rule in (
            (bad, f"the indices of {what} go from 1 to {', '.join(map(str, largest))}"),
            (twice, f"this entry of the {what} stands in the file twice"),
        ):
            if wrong.any():
                k = int(np.argmax(wrong))
                self.at = start + k + 1
                self._refuse(rule, (1, " ".join(chosen[k][1].split()[:-1])))
        block[:, :-1] = index
        return block

    def _bad_line(self, start: int, width: int, what: str) -> NoReturn:
        """Refuse the first line that is not ``width`` finite numbers."""
        for k, (_, line) in enumerate(self.lines[start : self.at]):
            part = line.split()
            fine = len(part) == width and all(_NUMBER.fullmatch(word) and abs(float(word)) < np.inf for word in part)
            if not fine:
                self.at = start + k + 1
                self._refuse(f"a line of the {what} holds {width} finite numbers", (1, " ".join(part)))
        raise AssertionError("every line of a refused block is fine")

    def _vector(self, size: int, what: str) -> Floats:
        """A default, and the entries that differ from it."""
        out = np.full(size, self._number(f"the default of the {what}"))
        block = self._block(2, [size], what)
        out[block[:, 0].astype(np.int64)] = block[:, 1]
        return out

    def _pairs(self, n: int, m: int, what: str) -> _Quadratic:
        """Entries of one symmetric matrix, or of one per row, as the terms of ``x' Q x / 2``."""
        start = self.at + 1
        block = self._block(4 if m else 3, [m, n, n] if m else [n, n], what)
        index = block[:, :-1].astype(np.int64)
        row = index[:, 0] if m else np.zeros(len(block), np.int64)
        i, j = index[:, -2], index[:, -1]
        key = np.stack([row, np.minimum(i, j), np.maximum(i, j)])
        order = np.lexsort(key)
        same = (key[:, order[1:]] == key[:, order[:-1]]).all(axis=0)
        if same.any():
            k = int(order[1:][same].min())
            self.at = start + k + 1
            hint = "the lower triangle alone is listed"
            self._refuse(f"this pair of the {what} stands in the file twice", (1, f"{i[k] + 1} {j[k] + 1}"), hint)
        return _Quadratic(row, i, j, np.where(i == j, block[:, -1] / 2, block[:, -1]))

    def _entries(self, n: int, m: int) -> NDArray[Any]:
        return self._block(3, [m, n], "linear terms in the constraints")

    def _bounds(self, n: int, variables: str) -> tuple[Floats, Floats]:
        if variables == "B":
            return np.zeros(n), np.ones(n)
        return self._vector(n, "lower bounds"), self._vector(n, "upper bounds")

    def _kinds(self, n: int, variables: str, lower: Floats, upper: Floats) -> NDArray[Any]:
        """The kind of every variable; bounds of binaries are narrowed to 0 and 1, whole ones of 0 and 1 are binary."""
        if variables in "MG":
            codes = self._vector(n, "variable types")
            if not np.isin(codes, (0, 1, 2)).all():
                wrong = codes[~np.isin(codes, (0, 1, 2))][0]
                self._refuse("a variable is of type 0 (real), 1 (whole) or 2 (binary)", (1, f"{wrong:g}"))
        else:
            codes = np.full(n, {"C": 0, "I": 1, "B": 2}[variables])
        kind = _KINDS[codes.astype(np.int64)]
        binary = kind == Kind.BINARY
        lower[binary], upper[binary] = np.maximum(lower[binary], 0), np.minimum(upper[binary], 1)
        narrow = (lower == 0) & (upper == 1)
        kind[binary & ~narrow] = Kind.INTEGER
        kind[(kind == Kind.INTEGER) & narrow] = Kind.BINARY
        return kind

    def _names(self, size: int, letter: str, what: str) -> NameTable:
        """Names: those of the file, ``x[k]`` (from 0) for the others."""
        count = self._count(f"the number of {what}")
        if not count:
            return NameTable.numbered(letter, size)
        names = [f"{letter}[{k}]" for k in range(size)]
        for _ in range(count):
            words = self._line(what)
            if len(words) != 2 or not words[0][1].isdecimal() or not 1 <= int(words[0][1]) <= size:
                self._refuse(f"a line of the {what} holds an index from 1 to {size} and a name", words[0])
            names[int(words[0][1]) - 1] = words[1][1]
        if len(set(names)) < size:
            self._refuse(f"two {what} are the same", (1, next(name for name in names if names.count(name) > 1)))
        return table(names)


def _rows(
    n: int,
    entries: NDArray[Any],
    curves: _Quadratic | None,
    lower: Floats,
    upper: Floats,
    names: NameTable,
    binary: NDArray[np.bool_],
) -> dict[str, Any]:
    """Linear rows, and those with products."""
    m = len(lower)
    row, col, value = entries[:, 0].astype(np.int64), entries[:, 1].astype(np.int64), entries[:, 2]
    order = np.lexsort((col, row))
    order = order[value[order] != 0]
    indptr = np.zeros(m + 1, dtype=np.int64)
    np.cumsum(np.bincount(row[order], minlength=m), out=indptr[1:])
    rows = Rows(indptr, col[order].astype(np.int32), value[order], lower, upper, names)
    if curves is None or not len(curves.row):
        return {"rows": rows}
    curved, straight = [], np.ones(m, dtype=bool)
    order = np.argsort(curves.row, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(curves.row[order])) + 1):
        k = int(curves.row[part[0]])
        linear = np.zeros(n)
        index, coefficient = rows.row(k)
        linear[index] = coefficient
        made = Polynomial.from_pairs(linear, curves.i[part], curves.j[part], curves.value[part], binary=binary)
        straight[k] = False
        label = names.select([k]).families[0]
        curved.append(PolynomialRow(made, float(lower[k]), float(upper[k]), label))
    return {"rows": rows.select(straight), "polynomial_rows": tuple(curved)}
