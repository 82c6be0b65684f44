"""A problem laid out over bits, as a certificate says it: codes, products, soft pieces, and the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from qopt.compilers._certificate_exact import Energy, Number, as_meant, entries, exactly, over_bits
from qopt.compilers._certificate_known import Known, Source, Terms
from qopt.compilers._certificate_reasons import Raw, Ref
from qopt.compilers._certificate_soft import Soft, piece
from qopt.compilers.passes.encode import Coded
from qopt.compilers.passes.lower import Draft
from qopt.core.polynomial import Polynomial
from qopt.core.rows import Norm, Rows

CODES = {
    "bit": "digits",
    "log": "digits",
    "unary": "digits",
    "bounded": "digits",
    "one_hot": "one-hot",
    "domain_wall": "wall",
}
"""What the verifier calls the codes of columns."""


class Sheet:
    """One layout of a problem over bits: what each column and number is, before any rule."""

    def __init__(self, source: Source, coded: Coded, draft: Draft, level_weights: Sequence[float]) -> None:
        self.source, self.coded, self.draft = source, coded, draft
        self.level_weights = [Fraction(w) for w in level_weights]
        self.offset = [int(v) for v in coded.offset]
        self.weight = [{b: int(w) for b, w in entries(coded.matrix, c)} for c in range(len(coded.step))]
        way = source.way
        for c, s, scale, shift in zip(way.column.tolist(), way.source.tolist(), way.scale, way.offset):
            self.offset[c] = int(shift) + int(scale) * self.offset[s]
            self.weight[c] = {b: int(scale) * w for b, w in self.weight[s].items()}
        top = coded.lower + coded.step * coded.top
        self.values = [(int(low), int(high)) for low, high in zip(coded.lower, top)]
        self.number = exactly if len(source.given.levels) == 1 else as_meant
        self.pieces = [piece(block, i, self.soft) for block in draft.priced.pieces for i in range(len(block.rows))]

    @property
    def raw(self) -> Raw:
        """The fields of the document that say how the problem lies over bits."""
        return {
            "columns": self._columns(),
            "products": [list(pair) for pair in self.draft.lifted.pairs],
            "pieces": [raw for raw, _ in self.pieces],
            "levels": [str(w) for w in self.level_weights],
        }

    def _columns(self) -> list[Any]:
        """``[offset, [[bit, weight], …], code]`` per column."""
        code = ["digits"] * len(self.offset)
        matrix = self.coded.matrix
        pairs = [[[b, w] for b, w in weight.items()] for weight in self.weight]
        for block in self.coded.blocks:
            for c in block.columns.tolist():
                code[c] = CODES[block.encoding]
                # A one-hot bit of weight 0 is a bit of the column too.
                span = slice(matrix.indptr[c], matrix.indptr[c + 1])
                pairs[c] = [[b, int(w)] for b, w in zip(matrix.indices[span].tolist(), matrix.data[span].tolist())]
        for c in self.source.way.column.tolist():
            code[c], pairs[c] = "copy", [[b, w] for b, w in self.weight[c].items()]
        return [list(entry) for entry in zip(self.offset, pairs, code)]

    # -- the objective

    @cached_property
    def objective(self) -> Energy:
        """All levels over bits, exactly, to be made small."""
        given, total = self.source.given, Energy({(): 0})
        parts = [[((), o)] * bool(o) + [((b,), w) for b, w in f.items()] for o, f in zip(self.offset, self.weight)]
        for k, (level, weight) in enumerate(zip(given.levels, self.level_weights)):
            energies = [over_bits(level.total, parts, self.number)]
            signs = [given.sense.sign] + [1] * len(self.pieces)
            energies += [energy for at, energy in (made for _, made in self.pieces) if at == k]
            for sign, energy in zip(signs, energies):
                for key, v in energy.items():
                    total[key] = total.get(key, 0) + sign * weight.numerator * v
        return {key: v for key, v in total.items() if v or not key}

    @cached_property
    def soft(self) -> list[Soft]:
        """Every soft row: reference, row, its terms over bits, price, norm and level; linear ones first."""
        given = self.source.given
        rows, out = given.rows, []
        for k in np.flatnonzero(rows.soft).tolist():
            assert rows.price is not None
            norm, level = (0 if part is None else int(part[k]) for part in (rows.norm, rows.level))
            known = self.over_bits(["row", k], "", *exact_row(rows, k))
            out.append((["row", k], known, as_meant(float(rows.price[k])), Norm(norm), level))
        for k, row in enumerate(given.polynomial_rows):
            if row.price is not None:
                known = self.curve(k)
                out.append((["curve", k], known, as_meant(float(row.price)), Norm(row.norm), row.level))
        return out

    def over_bits(self, ref: Ref, name: str, terms: Mapping[int, Number], lower: Any, upper: Any) -> Known:
        """A line over columns as one over bits."""
        out: Terms = {}
        constant: Number = 0
        least: Number = 0
        most: Number = 0
        for c, a in terms.items():
            constant += a * self.offset[c]
            ends = sorted((a * self.values[c][0], a * self.values[c][1]))
            least, most = least + ends[0], most + ends[1]
            for b, w in self.weight[c].items():
                out[b] = out.get(b, 0) + a * w
        return Known(ref, name, {b: a for b, a in out.items() if a}, constant, lower, upper, (least, most))

    def curve(self, k: int) -> Known:
        """A polynomial row over bits and product bits; a product without a bit stands under a bit that is none."""
        row = self.source.given.polynomial_rows[k]
        terms = self.curve_terms(row.polynomial)
        constant, out = terms.pop((), 0), Terms()
        for key, a in terms.items():
            bit = key[0] if len(key) == 1 else self._product_bits.get(key, -1 - len(out))
            out[bit] = out.get(bit, 0) + a
        lower, upper = (as_meant(side) if np.isfinite(side) else None for side in (row.lower, row.upper))
        least, most = (constant + sum(pick(a, 0) for a in out.values()) for pick in (min, max))
        return Known(["curve", k], row.name, out, constant, lower, upper, (least, most))

    def curve_terms(self, p: Polynomial) -> Energy:
        """A polynomial of a row over bits, its numbers as they were meant."""
        parts = [[((), o)] * bool(o) + [((b,), w) for b, w in f.items()] for o, f in zip(self.offset, self.weight)]
        return over_bits(p, parts, as_meant)

    @cached_property
    def factors(self) -> dict[int, tuple[int, ...]]:
        """The bits of columns that every product bit is the product of."""
        out: dict[int, tuple[int, ...]] = {}
        for t, (x, y) in enumerate(self.draft.lifted.pairs):
            out[self.coded.bits + t] = tuple(sorted({*out.get(x, (x,)), *out.get(y, (y,))}))
        return out

    @cached_property
    def _product_bits(self) -> dict[tuple[int, ...], int]:
        return {key: bit for bit, key in self.factors.items()}


def exact_row(rows: Rows, k: int) -> tuple[Terms, Number | None, Number | None]:
    """Terms and sides of a row as they were meant; None for an open side."""
    index, value = rows.row(k)
    lower, upper = (as_meant(float(s)) if np.isfinite(s) else None for s in (rows.lower[k], rows.upper[k]))
    return {c: as_meant(a) for c, a in zip(index.tolist(), value.tolist()) if a}, lower, upper
