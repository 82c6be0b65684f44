"""Columns become bits: every column an affine function of its own bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from qopt.core import registry
from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.compiled import Block, Encoded
from qopt.core.errors import CompileError
from qopt.core.problem import Columns, Kind
from qopt.reduce.steps import Way

MOST_BITS = 2**26
"""No encoding may ask for more bits than this in all; a refusal, not an exhausted memory."""


@dataclass(frozen=True, eq=False)
class Coded:
    """The columns as bits: ``x = matrix @ b + offset``, in whole steps ``x = lower + step * (counts @ b + shift)``.

    Parameters
    ----------
    blocks
        Which bits are which columns, ``start`` ascending.
    bits
        Number of bits of all blocks.
    lower, step, top
        Shape (columns,): column c takes ``lower + step * k`` for k = 0..top.
    matrix, offset
        CSR (columns, bits) in float64, and (columns,).
    plain
        Shape (columns,): the bit that *is* the binary column, or -1.
    notes
        What was lost, one sentence each (discretised reals).
    """

    blocks: tuple[Block, ...]
    bits: int
    lower: Floats
    step: Floats
    top: Ints
    matrix: sparse.csr_array
    offset: Floats
    plain: Ints
    real: Bools
    notes: tuple[str, ...] = ()

    @cached_property
    def identity(self) -> bool:
        """Whether bit k is column k, for all k."""
        return self.bits == len(self.plain) and bool(np.array_equal(self.plain, np.arange(self.bits)))

    @cached_property
    def counts(self) -> sparse.csr_array:
        """Steps per bit, int64 CSR (columns, bits)."""
        owner = np.repeat(np.arange(len(self.step)), np.diff(self.matrix.indptr))
        steps = np.rint(self.matrix.data / self.step[owner]).astype(np.int64)
        return sparse.csr_array((steps, self.matrix.indices, self.matrix.indptr), shape=self.matrix.shape)

    @cached_property
    def shift(self) -> Ints:
        """Steps above ``lower`` with all bits clear."""
        return np.rint((self.offset - self.lower) / self.step).astype(np.int64)


def encode(columns: Columns, encoding: str | Mapping[str, str] = "auto") -> Coded:
    """Choose an encoding for every column and lay the bits out.

    A column of one value takes no bit, one of two values (binary, spin, integer with two values) takes one bit; these
    lie first, in column order, so that an all-binary problem keeps its numbering. Wider columns follow by encoding.

    Parameters
    ----------
    encoding
        Name of the encoding of the wider columns, or one name per family of columns. ``auto`` is ``log``: fewest bits,
        no validity rule, and on three values the same as ``unary``.

    Raises
    ------
    CompileError
        A column without finite bounds, without any value, or with more than ``MOST_BITS`` bits.
    """
    lower, step, top, notes = _grid(columns)
    n = len(columns)
    narrow = np.flatnonzero(top <= 1)
    blocks, start = [], 0
    chosen = _choices(columns, encoding, top)
    for name, members in [("bit", narrow), *chosen.items()]:
        if not len(members):
            continue
        _check_bits(name, columns, members, top)
        upper = lower[members] + step[members] * top[members]
        plugin = registry.load("encodings", "log" if name == "bit" else name)
        encoded: Encoded = plugin.encode(lower[members], upper, resolution=step[members])
        blocks.append(Block(name, members.astype(np.int32), start, encoded))
        start += encoded.bits
    row = [np.repeat(b.columns, np.diff(b.encoded.indptr)) for b in blocks]
    col = [b.encoded.bit + np.int32(b.start) for b in blocks]
    data = [b.encoded.weight for b in blocks]
    offset = np.zeros(n)
    for b in blocks:
        offset[b.columns] = b.encoded.offset
    entries = tuple(np.concatenate(part) if part else np.empty(0, np.int32) for part in (data, row, col))
    matrix = sparse.coo_array((entries[0].astype(np.float64), entries[1:]), shape=(n, start)).tocsr()
    plain = np.full(n, -1, dtype=np.int64)
    binary = narrow[columns.binary[narrow] & (top[narrow] == 1)]
    plain[binary] = matrix.indices[matrix.indptr[binary]]
    return Coded(tuple(blocks), start, lower, step, top, matrix, offset, plain, columns.kind == Kind.REAL, tuple(notes))


def restored(blocks: tuple[Block, ...], way: Way) -> tuple[Block, ...]:
    """The blocks with replaced columns read off the bit of the column that stands for them."""
    if not len(way):
        return blocks
    made = []
    for block in blocks:
        place = {int(c): k for k, c in enumerate(block.columns)}
        here = [k for k, c in enumerate(way.column.tolist()) if c in place]
        if not here:
            made.append(block)
            continue
        e = block.encoded
        spans = [(e.bit[a:b], e.weight[a:b]) for a, b in zip(e.indptr[:-1], e.indptr[1:])]
        offset = np.array(e.offset)
        for k in here:
            column, source = place[int(way.column[k])], place[int(way.source[k])]
            spans[column] = (spans[source][0], way.scale[k] * spans[source][1])
            offset[column] = way.offset[k] + way.scale[k] * e.offset[source]
        indptr = np.concatenate([[0], np.cumsum([len(bit) for bit, _ in spans])])
        bit, weight = (np.concatenate(part) for part in zip(*spans))
        made.append(replace(block, encoded=replace(e, indptr=indptr, bit=bit, weight=weight, offset=offset)))
    return tuple(made)


def _grid(columns: Columns) -> tuple[Floats, Floats, Ints, list[str]]:
    """First value, step and number of steps of every column."""
    real = columns.kind == Kind.REAL
    for c in np.flatnonzero(~(np.isfinite(columns.lower) & np.isfinite(columns.upper)))[:1].tolist():
        side = "upper" if np.isfinite(columns.lower[c]) else "lower"
        raise CompileError(
            f"variable {columns.names[c]} has no {side} bound, so no number of bits holds it (give it one)"
        )
    lower = np.where(real, columns.lower, np.ceil(columns.lower))
    upper = np.where(real, columns.upper, np.floor(columns.upper))
    for c in np.flatnonzero(upper < lower)[:1].tolist():
        raise CompileError(
            f"variable {columns.names[c]} can take no value: between {columns.lower[c]:g} and {columns.upper[c]:g}"
        )
    step, span = columns.steps(), upper - lower
    steps = span / step
    # A real column whose range is no multiple of its resolution gets the next finer step that reaches both ends.
    top = np.where(real & (np.abs(steps - np.rint(steps)) > 1e-9), np.ceil(steps), np.rint(steps))
    step = np.where(real & (top > 0), span / np.maximum(top, 1), step)
    wide = top >= 2**53
    for c in np.flatnonzero(wide)[:1].tolist():
        raise CompileError(f"variable {columns.names[c]} takes {top[c] + 1:g} values, more than 2**53")
    notes = []
    if real.any():
        families = dict.fromkeys(columns.names.locate(c)[0].name for c in np.flatnonzero(real)[:1000])
        finest = step[real].min()
        notes.append(
            f"{int(real.sum())} real variables ({', '.join(families)}) stand on a grid of step {finest:g} or coarser,"
            " so nothing is proven of them"
        )
    return lower, step, top.astype(np.int64), notes


def _choices(columns: Columns, encoding: str | Mapping[str, str], top: Ints) -> dict[str, Ints]:
    """The wider columns by encoding."""
    wide = np.flatnonzero(top > 1)
    if isinstance(encoding, str):
        return {"log" if encoding == "auto" else encoding: wide}
    unknown = set(encoding) - {family.name for family in columns.names.families}
    if unknown:
        raise CompileError(f"encoding names {', '.join(sorted(unknown))}, which is no family of variables")
    out: dict[str, list[int]] = {}
    for c in wide.tolist():
        name = encoding.get(columns.names.locate(c)[0].name, "auto")
        out.setdefault("log" if name == "auto" else name, []).append(c)
    return {name: np.array(members, dtype=np.int64) for name, members in out.items()}


def _check_bits(name: str, columns: Columns, members: Ints, top: Ints) -> None:
    """Refuse encodings of one bit per value where the values are too many to lay out."""
    if name in ("bit", "log"):
        return
    needed = int(top[members].astype(np.float64).sum())
    if needed > MOST_BITS:
        worst = int(members[np.argmax(top[members])])
        raise CompileError(
            f"encoding {name} needs {needed} bits, at most {MOST_BITS} are laid out; {columns.names[worst]} takes"
            f" {int(top[worst]) + 1} values (encoding='log' needs few)"
        )
