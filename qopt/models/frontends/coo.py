"""COO text of a QUBO or Ising model: ``# bits n``, ``# offset c``, then lines ``i j value``, numbered from 0.

The energy ``c + sum(value * x[i] * x[j])`` is minimised; ``i i value`` is a linear term. Numbers are the shortest
decimals that read back to the same double. A line ``# vartype=SPIN`` makes the variables spins; other lines that begin
with # are remarks. What ``dimod.serialization.coo`` writes with its vartype header is of this format.
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
    blanked,
    declared,
    lines,
    minimised,
    remarks,
    take_pairs,
    triples,
)

_KEY = re.compile(r"[ \t]*#[ \t]*(bits|offset|vartype)[ \t]*[ \t:=][ \t]*(\S*)[ \t\r]*\Z", re.ASCII)


@dataclass(frozen=True)
class Coo(PairFile):
    """Reader and writer of COO text."""

    suffixes: tuple[str, ...] = (".coo",)

    def accepts(self, path: Path, text: str) -> bool:
        """Whether a remark before the first number says bits, offset or vartype, or the suffix is .coo."""
        return path.suffix.lower() in self.suffixes or declared(text) == "coo"

    def terms(self, text: str, file: str) -> Terms:
        """The terms, and what the remarks say of them."""
        facts, spans = _header(text, file)
        numbers = Numbers(blanked(text, spans), file)
        count, rest = divmod(len(numbers.values), 3)
        if rest:
            raise ModelError(Issue("a line holds i, j and a value", "", numbers.place(3 * count)))
        pairs = take_pairs(numbers, count, facts.bits, base=0)
        bits = facts.bits
        if bits is None:
            bits = int(max(np.max(pairs.row, initial=-1), np.max(pairs.col, initial=-1))) + 1
        return Terms(bits, pairs, facts.offset, facts.spin)

    def write(self, thing: Problem | Compiled, target: Path) -> None:
        """Write a compiled QUBO, or a problem of binary variables (or of spins) without constraints.

        Raises
        ------
        UnsupportedModelError
            There is more to it than a file of pairs holds.
        """
        polynomial, spin = minimised(thing, target, spins=True)
        head = f"# vartype={'SPIN' if spin else 'BINARY'}\n# bits {polynomial.n}\n# offset {plain(polynomial.offset)}\n"
        target.write_text(head + lines(triples(polynomial), 0), encoding="utf-8")


@dataclass
class _Facts:
    bits: int | None = None
    offset: float = 0.0
    spin: bool = False


def _header(text: str, file: str) -> tuple[_Facts, list[tuple[int, int]]]:
    """What the remarks say, and where they stand."""
    facts, spans, seen = _Facts(), [], set()
    for remark in remarks(text):
        spans.append(remark.span())
        found = _KEY.match(remark[0])
        if found is None:
            continue
        key, word = found[1], found[2]
        place = place_of(text, remark.start() + found.start(2), file)
        if key in seen:
            raise ModelError(Issue(f"{key} stands in the file twice", word, place))
        seen.add(key)
        if key == "bits":
            if not (word.isascii() and word.isdigit() and len(word) < 10):
                raise ModelError(Issue("bits must be a whole number", word, place))
            facts.bits = int(word)
        elif key == "offset":
            facts.offset = number(word, place, "offset")
        elif word.upper() not in ("SPIN", "BINARY"):
            raise ModelError(Issue("vartype must be BINARY or SPIN", word, place))
        else:
            facts.spin = word.upper() == "SPIN"
    return facts, spans


PLUGIN = Coo()
