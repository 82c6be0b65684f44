"""qbsolv's ``.qubo``: ``p qubo 0 maxNodes nNodes nCouplers``, then nodes ``i i v`` and couplers ``i j v``, from 0.

Each pair is listed once with the whole coefficient of ``x[i] x[j]``. Lines that begin with c are remarks. The files do
not say whether to minimise or to maximise: qbsolv minimises unless told otherwise, and so does this reader (the Beasley
files of qbsolv's own tests are meant to be maximised: ``--sense max``). The format has no constant; ours is written as
the remark ``c offset V``, and read back. Source: D-Wave, qbsolv (2017).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, ModelError
from qopt.core.problem import Problem
from qopt.models.frontends._numbers import Numbers, number, place_of, plain
from qopt.models.frontends._pair_file import PairFile, Terms
from qopt.models.frontends._pairs import (
    Pairs,
    blanked,
    lines,
    minimised,
    remarks,
    take_pairs,
    triples,
)

_HEAD = re.compile(r"(?:[ \t]*(?:c(?:[ \t].*)?)?\r?\n)*[ \t]*(p[ \t]+qubo\b[^\r\n]*)", re.ASCII)
_OFFSET = re.compile(r"[ \t]*c[ \t]+offset[ \t]+(\S*)[ \t\r]*\Z", re.ASCII)


@dataclass(frozen=True)
class Qubo(PairFile):
    """Reader and writer of .qubo files."""

    suffixes: tuple[str, ...] = (".qubo",)
    latin1: bool = True

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the first line that is no remark is that of a QUBO."""
        return _HEAD.match(text) is not None

    def terms(self, text: str, file: str) -> Terms:
        """Nodes and couplers, and the offset of a remark."""
        notes = remarks(text, "c")
        head = _HEAD.match(text)
        if head is None:
            rule = "the first line that is no remark reads: p qubo 0 maxNodes nNodes nCouplers"
            raise ModelError(Issue(rule, place=place_of(text, len(text) - len(text.lstrip()), file)))
        n, nodes, couplers = _sizes(head, text, file)
        offset = 0.0
        for note in notes:
            found = _OFFSET.match(note[0])
            if found is not None:
                offset = number(found[1], place_of(text, note.start() + found.start(1), file), "offset")
        spans = sorted([note.span() for note in notes] + [head.span(1)])
        numbers = Numbers(blanked(text, spans), file)
        pairs = take_pairs(numbers, nodes + couplers, n, base=0, what="nodes and couplers")
        numbers.end(what=f"{nodes:,} nodes and {couplers:,} couplers")
        _check_kinds(pairs, nodes, numbers)
        return Terms(n, pairs, offset)

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a compiled QUBO, or a problem of binary variables without constraints, to be minimised.

        Raises
        ------
        UnsupportedModelError
            There is more to it than a file of pairs holds.
        """
        polynomial, _ = minimised(thing, target)
        nodes = np.flatnonzero(polynomial.linear)
        head = f"c offset {plain(polynomial.offset)}\n" if polynomial.offset else ""
        head += f"p qubo 0 {polynomial.n} {len(nodes)} {len(polynomial.value)}\n"
        pairs = triples(polynomial)
        line = pairs.diagonal
        parts = [Pairs(pairs.row[some], pairs.col[some], pairs.value[some]) for some in (line, ~line)]
        target.write_text(head + lines(parts[0], 0) + lines(parts[1], 0), encoding="utf-8")


def _sizes(head: re.Match[str], text: str, file: str) -> list[int]:
    """Numbers of variables, nodes and couplers."""
    words = [(word.start(), word[0]) for word in re.finditer(r"\S+", head[1])]
    if len(words) != 6:
        rule = "the line of the problem reads: p qubo 0 maxNodes nNodes nCouplers"
        raise ModelError(Issue(rule, head[1].strip(), place_of(text, head.start(1), file)))
    for start, word in words[3:]:
        if not (word.isascii() and word.isdigit() and len(word) < 10):
            raise ModelError(Issue("a whole number is needed here", word, place_of(text, head.start(1) + start, file)))
    return [int(word) for _, word in words[3:]]


def _check_kinds(pairs: Pairs, nodes: int, numbers: Numbers) -> None:
    """Nodes have one index, couplers two."""
    wrong = pairs.diagonal != (np.arange(len(pairs.row)) < nodes)
    if wrong.any():
        k = int(np.argmax(wrong))
        rule = "a node has twice the same index" if k < nodes else "a coupler has two different indices"
        raise ModelError(Issue(rule, f"{pairs.row[k]} {pairs.col[k]}", numbers.place(3 * k)))


PLUGIN = Qubo()
