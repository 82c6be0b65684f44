"""Lift a QUBO back: groups and products that were lowered to penalties become groups and products again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qopt.core.arrays import Bits, Floats, Ints, frozen
from qopt.core.compiled import Compiled
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.rows import GroupKind, Groups
from qopt.reduce.lift_groups import lines_of, proven_groups
from qopt.reduce.lift_products import without_products


@dataclass(frozen=True, eq=False)
class Lifted:
    """A Compiled with the structure that its polynomial hid, and the way back.

    Some minimiser of the original satisfies the groups and the products, so the least energies are the same. Every
    point of it that satisfies its groups restores to a point of the original of the same energy.

    Parameters
    ----------
    compiled
        Over the bits that are left: without the bits that are products of others, without pairs inside its groups, and
        with products of more than two bits where these were gadgets. The given one where nothing was found.
    kept
        Shape (compiled.num_bits,): the original bit behind each, ascending.
    bits
        Number of bits of the original.
    taken, indptr, factor
        The bits taken out, ascending, and in CSR the bits that are left whose product each of them is.
    counts
        How many ``sets``, ``squares`` and ``products`` were found; only what was.
    """

    compiled: Compiled
    kept: Ints
    bits: int
    taken: Ints
    indptr: Ints
    factor: Ints
    counts: Mapping[str, int]

    @property
    def changed(self) -> bool:
        """Whether anything was found."""
        return bool(self.counts)

    def restore(self, bits: ArrayLike) -> Bits:
        """Rows of the original's bits, from rows of what is left: (rows, left) -> (rows, bits)."""
        given = np.atleast_2d(np.asarray(bits, dtype=np.int8))
        if given.shape[1] != len(self.kept):
            raise ValueError(f"rows have {given.shape[1]} bits, {len(self.kept)} are left")
        out = np.zeros((len(given), self.bits), dtype=np.int8)
        out[:, self.kept] = given
        if len(self.taken):
            out[:, self.taken] = np.minimum.reduceat(given[:, self.factor], self.indptr[:-1], axis=1)
        return out

    def restrict(self, bits: ArrayLike) -> Bits:
        """Rows of what is left, from rows of the original: the bits that are kept, as they are."""
        return np.ascontiguousarray(np.atleast_2d(np.asarray(bits, dtype=np.int8))[:, self.kept])


def lift_compiled(compiled: Compiled, *, products: bool = True) -> Lifted:
    """Find groups and products that are hidden in the polynomial of a Compiled, and lift them out of it.

    Only what is proven harmless to the minimiser is lifted: see ``lift_groups`` and ``lift_products`` for the rules.
    Bits of groups, rows and products that are there already stay as they are.

    Parameters
    ----------
    products
        Whether to lift bits that are products of others; the result then may have a degree above 2.

    Examples
    --------
    >>> from qopt.core.polynomial import polynomial_of
    >>> hidden = polynomial_of(3, {(0,): -3, (1,): -4, (2,): -2, (0, 1): 8, (0, 2): 8, (1, 2): 8})
    >>> lifted = lift_compiled(Compiled.of_polynomial(hidden))
    >>> [(kind.name, bits.tolist()) for _, kind, bits in lifted.compiled.groups.simple()]
    [('EXACTLY_ONE', [0, 1, 2])]
    """
    p, n = compiled.polynomial, compiled.num_bits
    stays = np.zeros(n, dtype=bool)
    for used in (compiled.groups.index, compiled.rows.index, p.products.index):
        stays[used] = True
    if np.any(p.row == p.col) or not len(p.value) or stays.all():
        return _result(compiled, p, Groups(), {})
    lines = lines_of(p, stays)
    groups = proven_groups(p, lines) if lines.members else Groups()
    grouped = stays.copy()
    grouped[groups.index] = True
    left, factors = _without_penalties(p, groups) if len(groups) else p, dict[int, tuple[int, ...]]()
    if products:
        left, factors = without_products(left, grouped)
    return _result(compiled, left, groups, factors)


def _result(compiled: Compiled, p: Polynomial, groups: Groups, factors: Mapping[int, tuple[int, ...]]) -> Lifted:
    """What was found, with the polynomial over all bits that is left of it."""
    n = compiled.num_bits
    taken = np.array(sorted(factors), dtype=np.int64)
    kept = np.setdiff1d(np.arange(n), taken)
    place = np.zeros(n, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    found = [place[np.array(factors[z])] for z in taken.tolist()]
    squares = int(np.count_nonzero(groups.kind == GroupKind.PERMUTATION))
    numbers = {"sets": len(groups) - squares, "squares": squares, "products": len(factors)}
    lifted = Lifted(
        compiled,
        frozen(kept, np.int64),
        n,
        frozen(taken, np.int64),
        frozen(np.concatenate([[0], np.cumsum([len(f) for f in found])]), np.int64),
        frozen(np.concatenate([np.zeros(0, dtype=np.int64), *found]), np.int64),
        {name: number for name, number in numbers.items() if number},
    )
    return replace(lifted, compiled=_smaller(compiled, p, groups, lifted, place)) if lifted.changed else lifted


def _smaller(compiled: Compiled, p: Polynomial, groups: Groups, lifted: Lifted, place: NDArray[Any]) -> Compiled:
    """The Compiled over the bits that are left; energies of the points inside its groups stay what they were."""
    products = replace(p.products, index=place[p.products.index].astype(np.int32))
    left = Polynomial(p.linear[lifted.kept], place[p.row], place[p.col], p.value, products, p.offset)
    given = compiled.groups
    both = Groups(
        np.concatenate([given.kind, groups.kind]),
        np.concatenate([given.indptr, given.indptr[-1] + groups.indptr[1:]]),
        place[np.concatenate([given.index, groups.index])],
        NameTable(given.names.families + groups.names.families),
    )
    encoder, restore = compiled._encoder, compiled._restore

    def encode(values: Floats) -> NDArray[Any]:
        assert encoder is not None
        bits = lifted.restrict(encoder(values))
        return bits[0] if np.ndim(values) == 1 else bits

    return replace(
        compiled,
        polynomial=left,
        groups=both,
        rows=replace(compiled.rows, index=place[compiled.rows.index]),
        guarantee="none" if compiled.guarantee == "none" else "argmin",
        certificate=None,
        _encoder=None if encoder is None else encode,
        _restore=lifted.restore if restore is None else lambda bits: restore(lifted.restore(bits)),
    )


def _without_penalties(p: Polynomial, groups: Groups) -> Polynomial:
    """The polynomial without pairs inside the lines of groups, and without what each line always costs."""
    linear, offset = p.linear.copy(), p.offset
    line, other = np.full((2, p.n), -1, dtype=np.int64)
    for number, (_, _, bits) in enumerate(groups.simple()):
        taken = line[bits] >= 0
        (other if taken.any() else line)[bits] = number
        always = linear[bits].min()
        linear[bits] -= always
        offset += float(always)
    inside = ((line[p.row] >= 0) & (line[p.row] == line[p.col])) | (
        (other[p.row] >= 0) & (other[p.row] == other[p.col])
    )
    keep = ~inside
    return Polynomial(linear, p.row[keep], p.col[keep], p.value[keep], p.products, offset)
