"""Gset, rudy and MQLib graphs: ``n m``, then m lines ``i j w``, numbered from 1; the weight of a cut is maximised.

Lines that begin with # are remarks; words behind the two numbers of the first line are left out. The two sides of the
cut are the values 0 and 1 of ``x[0]``, ``x[1]``, …, so an edge adds ``w (x[i] + x[j] - 2 x[i] x[j])``. Source: G.
Rinaldi, rudy (1996); Y. Ye, Gset (2003); Dunning, Gupta and Silberholz, MQLib (2018).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Floats
from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem, Sense
from qopt.models.frontends._numbers import stem
from qopt.models.frontends._pairs import Pairs, blanked, declared, lines, minimised, sparse
from qopt.models.source import member_of, text_of

_WORDS = re.compile(r"(?:[ \t]*(?:#.*)?\r?\n)*[ \t]*\d+[ \t]+\d+[ \t]+([A-Za-z][^\r\n]*)", re.ASCII)


@dataclass(frozen=True)
class Gset:
    """Reader and writer of weighted graphs whose largest cut is wanted."""

    suffixes: tuple[str, ...] = (".txt", ".rud", ".rudy", ".mc", ".gset")
    latin1: bool = True
    writes: ClassVar[str] = "problem"

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is one graph without loops."""
        if declared(text):
            return False
        try:
            _edges(text, "")
        except ModelError:
            return False
        return True

    def members(self, text: str) -> Sequence[str]:
        """A file holds one graph."""
        return ("1",)

    def read(self, source: str | Path, *, base_dir: Path | None = None, member: str | None = None) -> Problem:
        """The largest cut as a Problem.

        Raises
        ------
        ModelError
            The first fault, with its line and column.
        """
        text, file = text_of(source, latin1=True)
        member_of(("1",), member, file)
        n, edges = _edges(text, file)
        linear = _degrees(n, edges.row, edges.col, edges.value)
        cut = Polynomial.from_pairs(linear, edges.row, edges.col, -2 * edges.value)
        columns = Columns.binaries(NameTable.numbered("x", n))
        return Problem.build(columns, {"cut": cut}, sense=Sense.MAXIMIZE, name=stem(source))

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a problem that is a largest cut.

        Raises
        ------
        UnsupportedModelError
            It is not: names the first variable whose linear term does not balance its products.
        """
        polynomial, _ = minimised(thing, target)
        weight = polynomial.value / 2
        degrees = _degrees(polynomial.n, polynomial.row, polynomial.col, weight)
        size = _degrees(polynomial.n, polynomial.row, polynomial.col, np.abs(weight))
        wrong = np.flatnonzero(np.abs(polynomial.linear + degrees) > 1e-12 * size)
        if len(wrong) or polynomial.offset:
            named = f"the linear term of variable {wrong[0]}" if len(wrong) else f"the constant {polynomial.offset:g}"
            rule = "a graph file holds the edges of a largest cut and nothing else"
            raise UnsupportedModelError(Issue(rule, named, Place(str(target)), "write .coo, .qubo or .qs"))
        edges = Pairs(polynomial.row.astype(np.int64), polynomial.col.astype(np.int64), weight)
        target.write_text(f"{polynomial.n} {len(weight)}\n" + lines(edges, 1), encoding="utf-8")


def _edges(text: str, file: str) -> tuple[int, Pairs]:
    """The number of nodes, and the edges."""
    words = _WORDS.match(text)
    rule = "an edge joins two different nodes; with entries on the diagonal this is a matrix (biqmac)"
    return sparse(text if words is None else blanked(text, [words.span(1)]), file, loops=rule)


def _degrees(n: int, row: ArrayLike, col: ArrayLike, weight: Floats) -> Floats:
    """Sum of the weights at every node."""
    ends = np.concatenate([np.asarray(row), np.asarray(col)])
    return np.bincount(ends, np.concatenate([weight, weight]), n).astype(np.float64)


PLUGIN = Gset()
