"""BiqMac's ``.sparse``: ``n m``, then m lines ``i j q`` of one triangle of Q, numbered from 1; minimise ``x' Q x``.

Entries of two different indices count twice. Lines that begin with # are remarks. The layout is that of a rudy graph
(``gset``), which means something else; a file with loops, or with the suffix .sparse, is of this format. Source: A.
Wiegele, Biq Mac Library (2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qopt.core.compiled import Compiled
from qopt.core.errors import Issue, ModelError, Place, UnsupportedModelError
from qopt.core.problem import Problem
from qopt.models.frontends._pair_file import PairFile, Terms
from qopt.models.frontends._pairs import (
    declared,
    lines,
    minimised,
    sparse,
    triples,
)


@dataclass(frozen=True)
class Biqmac(PairFile):
    """Reader and writer of .sparse files."""

    suffixes: tuple[str, ...] = (".sparse",)
    latin1: bool = True

    def accepts(self, path: Path, text: str) -> bool:
        """Whether the whole text is one sparse matrix: with the suffix .sparse, or with an entry on the diagonal."""
        if declared(text):
            return False
        try:
            _, pairs = sparse(text, "")
        except ModelError:
            return False
        return path.suffix.lower() in self.suffixes or bool(pairs.diagonal.any())

    def terms(self, text: str, file: str) -> Terms:
        """One triangle of Q."""
        n, pairs = sparse(text, file)
        return Terms(n, pairs.doubled())

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a compiled QUBO, or a problem of binary variables without constraints, if it has no constant.

        Raises
        ------
        UnsupportedModelError
            There is more to it than the format holds.
        """
        polynomial, _ = minimised(thing, target)
        if polynomial.offset:
            rule = "a BiqMac file cannot hold a constant"
            raise UnsupportedModelError(Issue(rule, f"{polynomial.offset:g}", Place(str(target)), "write .coo or .qs"))
        pairs = triples(polynomial).halved()
        target.write_text(f"{polynomial.n} {len(pairs.value)}\n" + lines(pairs, 1), encoding="utf-8")


PLUGIN = Biqmac()
