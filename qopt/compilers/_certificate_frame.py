"""What every bit and rule of a compile is, in the words of its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse

from qopt.compilers._certificate_exact import entries
from qopt.compilers._certificate_known import Source
from qopt.compilers._certificate_lines import references, signed
from qopt.compilers._certificate_reasons import Raw, Ref
from qopt.compilers._certificate_sheet import Sheet
from qopt.compilers.lowered import Lowered
from qopt.compilers.passes.integers import IntegerRows
from qopt.compilers.passes.lower import Draft
from qopt.compilers.passes.products import Gadget
from qopt.compilers.tighten import Tight, rows_of_groups
from qopt.core.arrays import Bools, Ints
from qopt.core.polynomial import Polynomial


@dataclass(frozen=True, eq=False)
class Trace:
    """How an energy came out of its rules.

    Parameters
    ----------
    energy
        Over its final bits.
    unfolded
        Whether product bits were replaced by what they stand for.
    gadgets
        New bits that made products shorter.
    stay, pairs
        Masks of the draft's rows: left to the backend, and those that only forbid pairs.
    pieces
        Of every piece of a split row, the number of that row among the others.
    """

    energy: Polynomial
    unfolded: bool
    gadgets: tuple[Gadget, ...]
    stay: Bools
    pairs: Bools
    pieces: Ints


class Frame:
    """What every bit and rule of a compile is."""

    def __init__(self, source: Source, tight: Tight, lowered: Lowered, trace: Trace) -> None:
        self.tight, self.rules, self.trace = tight, lowered.rules, trace
        self.sheet = Sheet(source, tight.coded, tight.draft, tight.level_weights)
        cut = tight.columns_cut
        self.cut_sheet = None if cut is None else Sheet(source, cut.coded, cut.draft, cut.level_weights)
        self.cut_lines: list[tuple[Ref, Fraction]] = []
        if self.cut_sheet is not None and cut is not None:
            self.cut_lines = references(self.cut_sheet, _every_row(cut.draft, cut.draft.rows))
        # Before the cut of rows they say what the problem says; a cut keeps their number and order.
        self.drafted = tight.draft.rows if tight.rows_cut is None else tight.rows_cut.draft.rows
        self.groups = rows_of_groups(tight.draft.groups, tight.draft.bits)
        self.lines = references(self.sheet, _every_row(tight.draft, self.drafted))
        self.penalised = np.flatnonzero(~trace.stay & ~trace.pairs).tolist()
        signs = zip(tight.draft.lifted.signs, tight.draft.lifted.rules)
        self.signs = [signed(self.sheet, k, rule.polynomial) for k, rule in signs]

    def _piece_rows(self) -> range:
        start = len(self.penalised)
        return range(start, start + len(self.trace.pieces))

    def splits(self) -> list[Raw]:
        """Rows that were cut into pieces that count."""
        made: dict[int, Raw] = {}
        for j, owner in zip(self._piece_rows(), self.trace.pieces.tolist()):
            ref, scale = self.lines[self.penalised[owner]]
            entry = made.setdefault(owner, {"row": ref, "scale": str(scale), "parts": []})
            form = entries(self.rules.forms.matrix, j)
            part = sorted([b, int(a)] for b, a in form if b < self.tight.draft.bits)
            counter = sorted([b, -int(a)] for b, a in form if b >= self.tight.draft.bits)
            entry["parts"].append([part, counter])
        return list(made.values())

    def form_lines(self) -> list[tuple[list[Any], Fraction]]:
        """Of every form of the rules the line that it says, and its factor."""
        out = [self.lines[k] for k in self.penalised]
        order = list(dict.fromkeys(self.trace.pieces.tolist()))
        seen = dict.fromkeys(order, 0)
        for owner in self.trace.pieces.tolist():
            out.append((["part", order.index(owner), seen[owner]], Fraction(1)))
            seen[owner] += 1
        products = len(self.tight.draft.lifted.pairs)
        return [*out, *((["product", t], Fraction(1)) for t in range(products))]

    def others(self) -> list[Raw]:
        """What the rules without a form are, in their order."""
        out: list[tuple[Any, Fraction, str, Any]] = [(ref, scale, "sign", None) for ref, scale in self.signs]
        rows = self.tight.draft.rows
        _, most = rows.extremes()
        for k in np.flatnonzero(self.trace.pairs).tolist():
            kept = ["high", int(rows.hi[k])] if rows.hi[k] < most[k] else ["low", int(rows.lo[k])]
            out.append((*self.lines[k], "pairs", kept))
        for block in self.tight.coded.blocks:
            if block.encoded.validity is not None:
                out.append((["chain", *block.columns.tolist()], Fraction(1), "chain", None))
        return [{"row": ref, "scale": str(scale), "shape": shape, "kept": kept} for ref, scale, shape, kept in out]

    def kept(self) -> list[Raw]:
        """What is left to the backend: rows, then groups line by line."""
        first, stay = len(self.drafted), np.flatnonzero(self.trace.stay).tolist()
        out = [self._kept(self.drafted, k, *self.lines[k]) for k in stay]
        return out + [self._kept(self.groups, k, *self.lines[first + k]) for k in range(len(self.groups))]

    @staticmethod
    def _kept(rows: IntegerRows, k: int, ref: list[Any], scale: Fraction) -> Raw:
        low = None if rows.lo[k] <= rows.low[k] else int(rows.lo[k])
        high = None if rows.hi[k] >= rows.high[k] else int(rows.hi[k])
        return {"row": ref, "scale": str(scale), "form": form_of(rows.matrix, k), "low": low, "high": high}


def _every_row(draft: Draft, rows: IntegerRows) -> IntegerRows:
    """The rows of a draft, then the lines of the groups that are left to the backend."""
    return IntegerRows.concat([rows, rows_of_groups(draft.groups, draft.bits)], draft.bits)


def form_of(matrix: sparse.csr_array, r: int) -> list[Any]:
    """``[[bit, coefficient], …]`` of a row, bits ascending."""
    return sorted([b, int(a)] for b, a in entries(matrix, r))
