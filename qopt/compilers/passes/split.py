"""Long rows split into short ones that meet in counters: far fewer couplings for a few more bits. Equivalent.

A row over n bits couples every two of them. Cut into pieces of about ``piece`` bits, each piece counts itself,
``sum of the piece = least + counter``, and the row adds up the counters: n * piece couplings instead of n**2 / 2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from qopt.compilers.encodings import log
from qopt.compilers.passes.assemble import widened
from qopt.compilers.passes.fill import BitMatrix, FillNumbers
from qopt.compilers.passes.integers import IntegerRows
from qopt.core.arrays import Ints
from qopt.core.names import Labels, NameTable


def split_rows(rows: IntegerRows, start: int, piece: int | None) -> tuple[IntegerRows, FillNumbers, Ints]:
    """Cut rows of more than three pieces (none when ``piece`` is None); counters take bits from ``start`` on.

    Returns
    -------
    The rows in their order, over the bits and the counters, with the rows of the pieces behind them; how to fill the
    counters in; and the row that each piece is of. A row that sums to at most one, at least all but one, or the like,
    stays whole: it needs no slack and its couplings tell more than a counter would.
    """
    size = np.diff(rows.matrix.indptr)
    room = np.minimum(rows.hi, rows.high) - np.maximum(rows.lo, rows.low)
    long = np.flatnonzero((size > 3 * piece) & (room != 1)) if piece else np.empty(0, np.int64)
    if not piece or not len(long):
        nothing = FillNumbers(rows.matrix[long], np.empty(0, np.int64), np.empty(0, np.int64), start, _digits)
        return replace(rows, matrix=widened(rows.matrix, start)), nothing, long
    total: list[dict[str, Any]] = []
    data, index = [], []
    bit = start
    for k in range(len(rows)):
        span = slice(rows.matrix.indptr[k], rows.matrix.indptr[k + 1])
        data.append(rows.matrix.data[span])
        index.append(rows.matrix.indices[span].astype(np.int64))
    lo, hi, low, high = (np.array(getattr(rows, name)) for name in ("lo", "hi", "low", "high"))
    for k in long.tolist():
        parts = np.array_split(np.arange(len(data[k])), int(np.ceil(len(data[k]) / piece)))
        weights, bits, constant = [], [], 0
        for number, part in enumerate(parts):
            a = data[k][part]
            least, most = int(np.minimum(a, 0).sum()), int(np.maximum(a, 0).sum())
            _, weight = log.digits(np.array([most - least]))
            counter = bit + np.arange(len(weight))
            bit += len(weight)
            total.append(
                {"a": a, "x": index[k][part], "w": weight, "c": counter, "least": least, "row": k, "of": number}
            )
            weights.append(weight)
            bits.append(counter)
            constant += least
        data[k], index[k] = np.concatenate(weights), np.concatenate(bits)
        for side in (lo, hi, low, high):
            side[k] -= constant
    rows_now = IntegerRows(
        _matrix(data, index, bit), lo, hi, low, high, rows.origin + rows.unit * (rows.lo - lo), rows.unit, rows.names
    )
    pieces = _pieces(rows, total, bit)
    fill = FillNumbers(
        _matrix([t["a"] for t in total], [t["x"] for t in total], start),
        -np.array([t["least"] for t in total], dtype=np.int64),
        np.array([int(t["w"].sum()) for t in total], dtype=np.int64),
        start,
        _digits,
    )
    owner = np.array([t["row"] for t in total], dtype=np.int64)
    return IntegerRows.concat([rows_now, pieces], bit), fill, owner


def _digits(values: Ints, top: Ints) -> BitMatrix:
    return log.code(values, top)


def _pieces(rows: IntegerRows, total: list[dict[str, Any]], bits: int) -> IntegerRows:
    """``sum of the piece - counter = least``."""
    data = [np.concatenate([t["a"], -t["w"]]) for t in total]
    index = [np.concatenate([t["x"], t["c"]]) for t in total]
    least = np.array([t["least"] for t in total], dtype=np.int64)
    low = np.array([int(np.minimum(a, 0).sum()) for a in data], dtype=np.int64)
    high = np.array([int(np.maximum(a, 0).sum()) for a in data], dtype=np.int64)
    families = []
    for t in total:
        family, position = rows.names.locate(t["row"])
        families.append(Labels(f"{family.text(position)} part {t['of']}", (), (), family.place, family.why))
    owner = np.array([t["row"] for t in total], dtype=np.int64)
    unit = rows.unit[owner]
    return IntegerRows(
        _matrix(data, index, bits), least, least, low, high, 0.0 * unit, unit, NameTable(tuple(families))
    )


def _matrix(data: list[Ints], index: list[Ints], bits: int) -> sparse.csr_array:
    indptr = np.concatenate([[0], np.cumsum([len(part) for part in data], dtype=np.int64)])
    values = np.concatenate([np.empty(0, np.int64), *data])
    places = np.concatenate([np.empty(0, np.int64), *index])
    return sparse.csr_array((values, places, indptr), shape=(len(data), bits))
