"""QOBLIB's ``.qs``: remarks with ``# ObjectiveOffset c``, then ``n m`` and m lines ``i j q`` of one triangle, from 1.

The energy ``x' Q x + c`` is minimised. Q is symmetric, and one triangle of it is listed: entries of two different
indices count twice. Source: Koch et al., Quantum Optimization Benchmarking Library (2025).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from qopt.core.compiled import Compiled
from qopt.core.problem import Problem
from qopt.models.frontends._numbers import number, place_of, plain
from qopt.models.frontends._pair_file import PairFile, Terms
from qopt.models.frontends._pairs import (
    declared,
    lines,
    minimised,
    remarks,
    sparse,
    triples,
)

_OFFSET = re.compile(r"[ \t]*#[ \t]*ObjectiveOffset[ \t:=]*(\S*)", re.ASCII)


@dataclass(frozen=True)
class Qs(PairFile):
    """Reader and writer of .qs files."""

    suffixes: tuple[str, ...] = (".qs",)
    latin1: bool = True

    def accepts(self, path: Path, text: str) -> bool:
        """Whether a remark before the first number says ObjectiveOffset, or the suffix is .qs."""
        return path.suffix.lower() in self.suffixes or declared(text) == "qs"

    def terms(self, text: str, file: str) -> Terms:
        """One triangle of Q, and the offset of a remark."""
        offset = 0.0
        for remark in remarks(text):
            found = _OFFSET.match(remark[0])
            if found is not None:
                offset = number(found[1], place_of(text, remark.start() + found.start(1), file), "ObjectiveOffset")
        n, pairs = sparse(text, file)
        return Terms(n, pairs.doubled(), offset)

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a compiled QUBO, or a problem of binary variables without constraints.

        Raises
        ------
        UnsupportedModelError
            There is more to it than a file of pairs holds.
        """
        polynomial, _ = minimised(thing, target)
        pairs = triples(polynomial).halved()
        head = f"# ObjectiveOffset {plain(polynomial.offset)}\n# Vars Non-zeros\n{polynomial.n} {len(pairs.value)}\n"
        target.write_text(head + lines(pairs, 1), encoding="utf-8")


PLUGIN = Qs()
