"""Lines of ``i j value``: how text formats list a quadratic function of binary variables, in and out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Floats, Ints
from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.models.frontends._numbers import Numbers

_REMARK = {
    "#": re.compile(r"^[ \t]*#.*", re.MULTILINE),
    "c": re.compile(r"^[ \t]*c(?:[ \t].*|\r?)$", re.MULTILINE),
}
_DECLARED = re.compile(
    r"(?:[ \t]*(?:#.*)?\r?\n)*?[ \t]*#[ \t]*(?:(bits|offset|vartype)[ \t]*[ \t:=]|(ObjectiveOffset)\b)", re.ASCII
)
_SENSES = {
    "min": Sense.MINIMIZE,
    "minimize": Sense.MINIMIZE,
    "minimise": Sense.MINIMIZE,
    "max": Sense.MAXIMIZE,
    "maximize": Sense.MAXIMIZE,
    "maximise": Sense.MAXIMIZE,
}


@dataclass(frozen=True, eq=False)
class Pairs:
    """Triples in the order of a file, indices counted from 0; no pair stands twice, in either orientation."""

    row: Ints
    col: Ints
    value: Floats

    @property
    def diagonal(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Mask of the triples with twice the same index."""
        return self.row == self.col

    def doubled(self) -> Pairs:
        """The terms of ``x' Q x`` where the triples list one triangle of Q: pairs of different indices count twice."""
        return Pairs(self.row, self.col, np.where(self.diagonal, self.value, 2 * self.value))

    def halved(self) -> Pairs:
        """One triangle of Q where the triples are the terms of ``x' Q x``: the way back."""
        return Pairs(self.row, self.col, np.where(self.diagonal, self.value, self.value / 2))


def take_pairs(numbers: Numbers, count: int, n: int | None, *, base: int, what: str = "pairs") -> Pairs:
    """The next ``count`` triples.

    Parameters
    ----------
    n
        Number of variables; None: as many as are named.
    base
        Number of the first variable in the file, 0 or 1.

    Raises
    ------
    ModelError
        At the number that is wrong: too few numbers, an index that is no variable, a pair that stands twice.
    """
    at = numbers.next
    triples = numbers.take(count, 3, what=f"{count:,} {what} (i, j, value)")
    index = triples[:, :2] - base
    last = np.inf if n is None else n - 1
    bad = (index != np.rint(index)) | (index < 0) | (index > min(last, 2**31 - 2))
    if bad.any():
        k, side = (int(part[0]) for part in np.nonzero(bad))
        rule = f"variables are numbered from {base}" + ("" if n is None else f" to {n - 1 + base}")
        place = numbers.place(at + 3 * k + side)
        raise ModelError(Issue(rule, f"{triples[k, side]:g}", place))
    row, col = index.astype(np.int64).T
    key = np.minimum(row, col) << 32 | np.maximum(row, col)
    if not np.all(key[1:] > key[:-1]):
        order = np.argsort(key, kind="stable")
        twice = order[1:][np.diff(key[order]) == 0]
        if len(twice):
            k = int(twice.min())
            pair = f"{triples[k, 0]:g} {triples[k, 1]:g}"
            hint = "add the two up, or leave one out: formats disagree on what two entries mean"
            raise ModelError(Issue("this pair stands in the file twice", pair, numbers.place(at + 3 * k), hint))
    return Pairs(row, col, np.ascontiguousarray(triples[:, 2]))


def declared(text: str) -> str:
    """The format that a remark before the first number declares: ``coo``, ``qs`` or none."""
    found = _DECLARED.match(text)
    return "" if found is None else "coo" if found[1] else "qs"


def remarks(text: str, mark: str = "#") -> list[re.Match[str]]:
    """The lines that begin with # or are marked with c; nothing behind the last mark is looked at."""
    last = text.rfind(mark)
    end = text.find("\n", last)
    return list(_REMARK[mark].finditer(text, 0, len(text) if end < 0 else end)) if last >= 0 else []


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with some spans as blanks, so that every other character keeps its place."""
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], " " * (stop - start)]
        end = stop
    return "".join([*parts, text[end:]])


def sparse(text: str, file: str, *, loops: str = "") -> tuple[int, Pairs]:
    """``n m``, then m triples numbered from 1; lines that begin with # are remarks.

    Parameters
    ----------
    loops
        The rule that forbids twice the same index, if one does.

    Returns
    -------
    The number of variables, and the triples.
    """
    numbers = Numbers(blanked(text, (remark.span() for remark in remarks(text))), file)
    n = numbers.count(what="the number of variables")
    count = numbers.count(what="the number of entries", least=0)
    pairs = take_pairs(numbers, count, n, base=1, what="entries")
    numbers.end(what=f"{count:,} entries")
    if loops and pairs.diagonal.any():
        k = int(np.argmax(pairs.diagonal))
        raise ModelError(Issue(loops, f"{pairs.row[k] + 1}", numbers.place(2 + 3 * k)))
    return n, pairs


def direction(sense: str | None, file: str) -> Sense:
    """The direction that an option asks for; to minimise when it is not given."""
    if sense is not None and sense not in _SENSES:
        raise ModelError(Issue("sense must be min or max", str(sense), Place(file)))
    return Sense.MINIMIZE if sense is None else _SENSES[sense]


def pair_problem(
    n: int, pairs: Pairs, *, offset: float = 0.0, sense: Sense = Sense.MINIMIZE, spin: bool = False, name: str
) -> Problem:
    """``offset + sum(value * x[i] * x[j])`` over ``x[0]``, …, ``x[n-1]``; a triple with twice the same index is the
    linear term of that variable."""
    line = pairs.diagonal
    linear = np.zeros(n)
    linear[pairs.row[line]] = pairs.value[line]
    rest = ~line
    objective = Polynomial.from_pairs(linear, pairs.row[rest], pairs.col[rest], pairs.value[rest], offset=offset)
    kind = Kind.SPIN if spin else Kind.BINARY
    columns = Columns(
        np.full(n, kind, np.int8), np.full(n, -1.0 if spin else 0.0), np.ones(n), NameTable.numbered("x", n)
    )
    return Problem.build(columns, objective, sense=sense, name=name)


def minimised(thing: Problem | Compiled, target: Path, *, spins: bool = False) -> tuple[Polynomial, bool]:
    """The polynomial to be made small that is all there is to a compiled QUBO or a plain problem.

    Parameters
    ----------
    spins
        Whether a problem all of whose variables are spins may be handed on as one.

    Returns
    -------
    The polynomial, and whether its variables are spins rather than bits.

    Raises
    ------
    UnsupportedModelError
        There is more to it: names the first thing that the format would lose.
    """
    if isinstance(thing, Compiled):
        left = _left(thing.polynomial, rows=len(thing.rows), groups=len(thing.groups))
        _refuse(left, target, "compile for a plain QUBO: accepts=qopt.QUBO")
        return _without_squares(thing.polynomial, False), False
    kinds = thing.columns.kind
    spin = bool(len(kinds)) and bool((kinds == Kind.SPIN).all())
    other = np.flatnonzero(kinds != (Kind.SPIN if spin else Kind.BINARY))
    rows = len(thing.rows) + len(thing.polynomial_rows) + len(thing.indicators)
    left = _left(thing.objective, rows=rows, groups=len(thing.groups), levels=len(thing.levels))
    if len(other):
        left = left or f"{Kind(kinds[other[0]]).name.lower()} variable {thing.columns.names[int(other[0])]}"
    elif spin and not spins:
        left = left or f"spin variable {thing.columns.names[0]}"
    _refuse(left, target, "compile it first: qopt compile FILE --to FORMAT --out OUT")
    aim = thing.objective if thing.sense is Sense.MINIMIZE else thing.objective.scaled(-1.0)
    return _without_squares(aim, spin), spin


def _without_squares(p: Polynomial, spin: bool) -> Polynomial:
    """The same with the square of a bit as the bit, and that of a spin as 1."""
    square = p.row == p.col
    if not square.any():
        return p
    rest, linear = ~square, np.array(p.linear)
    if not spin:
        np.add.at(linear, p.row[square], p.value[square])
    offset = p.offset + (float(p.value[square].sum()) if spin else 0.0)
    return Polynomial(linear, p.row[rest], p.col[rest], p.value[rest], offset=offset)


def _left(polynomial: Polynomial, *, rows: int, groups: int, levels: int = 1) -> str:
    """What a format of pairs would lose, in words; empty for nothing."""
    if len(polynomial.products):
        return f"a product of degree {polynomial.products.degree}"
    if rows or groups:
        return f"{rows + groups} constraint{'s' if rows + groups > 1 else ''}"
    return f"{levels} levels of objectives" if levels > 1 else ""


def _refuse(left: str, target: Path, suggestion: str) -> None:
    if left:
        raise UnsupportedModelError(Issue("a QUBO file cannot hold this", left, Place(str(target)), suggestion))


def triples(polynomial: Polynomial) -> Pairs:
    """Linear terms as pairs of twice the same index, and pairs; what is zero is left out. Sorted by (i, j)."""
    line = np.flatnonzero(polynomial.linear)
    row, col = np.concatenate([line, polynomial.row]), np.concatenate([line, polynomial.col])
    value = np.concatenate([polynomial.linear[line], polynomial.value])
    order = np.lexsort((col, row))
    return Pairs(row[order].astype(np.int64), col[order].astype(np.int64), value[order])


def written(values: ArrayLike) -> list[str]:
    """Numbers as texts: whole ones without a point, others so that they read back the same."""
    array = np.asarray(values, dtype=np.float64)
    if np.all(np.abs(array) < 2**53) and np.all(array == np.rint(array)):
        return list(map(str, array.astype(np.int64).tolist()))
    return [str(int(v)) if abs(v) < 2**53 and v.is_integer() else repr(v) for v in array.tolist()]


def lines(pairs: Pairs, base: int) -> str:
    """One line per triple, the last one ended too."""
    each = zip((pairs.row + base).tolist(), (pairs.col + base).tolist(), written(pairs.value))
    return "".join(f"{i} {j} {v}\n" for i, j, v in each)
