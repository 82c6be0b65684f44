"""Arrays of polynomials as structures of arrays: no Python object per term, every operation a few numpy calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Floats, Ints
from qopt.core.problem import Kind
from qopt.models.expressions.faults import fault

LIMIT = 200_000_000
"""Most terms that one operation may make; more is refused before anything is allocated."""


@dataclass(frozen=True, slots=True, eq=False)
class Monomials:
    """Terms of one degree: ``coefficient[t] * prod(x[column[t, :]])``, added to element ``element[t]`` of an array.

    Parameters
    ----------
    element
        Shape (t,), int64, in any order.
    column
        Shape (t, degree), int32; ascending along a row where degree > 1.
    coefficient
        Shape (t,).
    """

    element: Ints
    column: NDArray[np.int32]
    coefficient: Floats
    _grouped: tuple[Monomials | None, Ints] | None = field(default=None, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.element)

    @property
    def degree(self) -> int:
        """Number of factors of every term."""
        return self.column.shape[1]

    def take(self, chosen: NDArray[Any]) -> Monomials:
        """The terms of a mask or of an index list, in that order."""
        return Monomials(self.element[chosen], self.column[chosen], self.coefficient[chosen])

    def grouped(self, size: int) -> tuple[Monomials, Ints]:
        """The terms in the order of their elements, and the pointer (size + 1,) to each element's terms; made once."""
        if self._grouped is None:
            element = self.element
            ascending = bool(np.all(element[1:] >= element[:-1]))
            pointer = np.zeros(size + 1, dtype=np.int64)
            np.cumsum(np.bincount(element, minlength=size), out=pointer[1:])
            ordered = None if ascending else self.take(np.argsort(element, kind="stable"))
            object.__setattr__(self, "_grouped", (ordered, pointer))
        assert self._grouped is not None
        ordered, pointer = self._grouped
        return self if ordered is None else ordered, pointer

    def collected(self, columns: int) -> Monomials:
        """Like terms added up and zeros dropped, sorted by element, then by columns (``columns`` is their number)."""
        key = self.element
        for factor in range(self.degree):
            if len(key) and int(key.max()) >= 2**62 // max(columns, 1):
                key = np.unique(key, return_inverse=True)[1]
            key = key * columns + self.column[:, factor]
        merged = self
        if not np.all(key[1:] > key[:-1]):
            order = np.argsort(key, kind="stable")
            key = key[order]
            first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
            ordered = self.take(order)
            total = np.add.reduceat(ordered.coefficient, first)
            merged = Monomials(ordered.element[first], ordered.column[first], total)
        return merged._without_zeros()

    def simplified(self, kind: NDArray[np.int8]) -> list[Monomials]:
        """The same with ``b * b = b`` for binary and ``s * s = 1`` for spin columns, by resulting degree (perhaps 0).

        Parameters
        ----------
        kind
            Shape (columns,), of ``core.problem.Kind``.
        """
        column = np.sort(self.column, axis=1)
        repeated = column[:, 1:] == column[:, :-1]
        touched = repeated.any(axis=1)
        plain = Monomials(self.element, column, self.coefficient)
        if not touched.any():
            return [plain]
        out = [plain.take(~touched)]
        some, column, repeated = plain.take(touched), column[touched], repeated[touched]
        place = np.zeros(column.shape, dtype=np.int64)  # position inside a run of equal columns
        for k in range(1, self.degree):
            place[:, k] = np.where(repeated[:, k - 1], place[:, k - 1] + 1, 0)
        last = np.ones(column.shape, dtype=bool)
        last[:, :-1] = ~repeated
        kinds = kind[column]
        keep = np.where(kinds == Kind.BINARY, place == 0, (kinds != Kind.SPIN) | (last & (place % 2 == 0)))
        left = keep.sum(axis=1)
        for degree in range(self.degree + 1):
            chosen = left == degree
            if chosen.any():
                factors = column[chosen][keep[chosen]].reshape(int(chosen.sum()), degree)
                out.append(Monomials(some.element[chosen], factors, some.coefficient[chosen]))
        return out

    def _without_zeros(self) -> Monomials:
        nonzero = self.coefficient != 0.0
        return self if nonzero.all() else self.take(nonzero)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """``size`` polynomials: a constant for each, and the terms of all of them by degree.

    Parameters
    ----------
    constant
        Shape (size,).
    blocks
        Terms of degree 1, 2, …: ascending in degree, each degree at most once, no block empty. Like terms may occur
        more than once until ``collected``.
    """

    constant: Floats
    blocks: tuple[Monomials, ...] = ()

    @property
    def size(self) -> int:
        """Number of polynomials."""
        return len(self.constant)

    @property
    def degree(self) -> int:
        """The largest degree of any of them."""
        return self.blocks[-1].degree if self.blocks else 0

    @property
    def count(self) -> int:
        """Number of stored terms, constants left out."""
        return sum(len(block) for block in self.blocks)

    @classmethod
    def of_columns(cls, columns: NDArray[np.int32]) -> Terms:
        """One variable per element."""
        n = len(columns)
        block = Monomials(np.arange(n, dtype=np.int64), columns.reshape(n, 1), np.ones(n))
        return cls(np.zeros(n), (block,) if n else ())

    @classmethod
    def total(cls, parts: Sequence[Terms]) -> Terms:
        """Elementwise sum of parts of the same size."""
        if len(parts) == 1:
            return parts[0]
        constant = parts[0].constant.copy()
        for part in parts[1:]:
            constant += part.constant
        return cls(constant, _by_degree(block for part in parts for block in part.blocks))

    @classmethod
    def chained(cls, parts: Sequence[Terms]) -> Terms:
        """The polynomials of all parts, one part behind the other."""
        start, moved = 0, []
        for part in parts:
            moved += [Monomials(block.element + start, block.column, block.coefficient) for block in part.blocks]
            start += part.size
        return cls(np.concatenate([part.constant for part in parts]), _by_degree(moved))

    def shifted(self, amount: Floats) -> Terms:
        """With ``amount`` (size,) added to the constants."""
        return Terms(self.constant + amount, self.blocks)

    @np.errstate(over="ignore", invalid="ignore")
    def scaled(self, factor: Floats) -> Terms:
        """Each polynomial times its factor, shape (size,); terms that become 0 are dropped."""
        blocks = []
        for block in self.blocks:
            value = block.coefficient * factor[block.element]
            blocks.append(Monomials(block.element, block.column, value)._without_zeros())
        return Terms(self.constant * factor, tuple(block for block in blocks if len(block)))

    def gather(self, source: Ints) -> Terms:
        """The polynomials at the positions ``source``, which may repeat."""
        blocks = []
        for block in self.blocks:
            ordered, pointer = block.grouped(self.size)
            counts = pointer[source + 1] - pointer[source]
            _within_limit(int(counts.sum()))
            entry = _spans(pointer[source], counts)
            element = np.repeat(np.arange(len(source)), counts)
            blocks.append(Monomials(element, ordered.column[entry], ordered.coefficient[entry]))
        return Terms(self.constant[source], tuple(block for block in blocks if len(block)))

    def scatter(self, target: Ints, size: int) -> Terms:
        """Sums: polynomial e is added to polynomial ``target[e]`` of ``size``."""
        constant: Any = np.bincount(target, weights=self.constant, minlength=size)
        blocks = (Monomials(target[block.element], block.column, block.coefficient) for block in self.blocks)
        return Terms(constant, tuple(blocks))

    @np.errstate(over="ignore", invalid="ignore")
    def through(self, matrix: Floats) -> Terms:
        """Rows of K polynomials times a matrix of data: ``(rows, K) @ (K, M) -> (rows, M)``, flattened."""
        inner, width = matrix.shape
        where, which = np.nonzero(matrix)
        data = matrix[where, which]
        pointer = np.zeros(inner + 1, dtype=np.int64)
        np.cumsum(np.bincount(where, minlength=inner), out=pointer[1:])
        blocks = []
        for block in self.blocks:
            row, k = np.divmod(block.element, inner)
            counts = np.diff(pointer)[k]
            _within_limit(int(counts.sum()))
            entry = _spans(pointer[:-1][k], counts)
            element = np.repeat(row * width, counts) + which[entry]
            value = np.repeat(block.coefficient, counts) * data[entry]
            blocks.append(Monomials(element, np.repeat(block.column, counts, axis=0), value))
        constant: Floats = (self.constant.reshape(-1, inner) @ matrix).ravel()
        return Terms(constant, tuple(block for block in blocks if len(block)))

    def split(self) -> Iterator[Terms]:
        """Every polynomial by itself."""
        grouped = [block.grouped(self.size) for block in self.blocks]
        for e in range(self.size):
            blocks = []
            for block, pointer in grouped:
                own = block.take(np.arange(pointer[e], pointer[e + 1]))
                if len(own):
                    blocks.append(Monomials(np.zeros_like(own.element), own.column, own.coefficient))
            yield Terms(self.constant[[e]], tuple(blocks))

    @np.errstate(over="ignore", invalid="ignore")
    def times(self, other: Terms, kind: NDArray[np.int8]) -> Terms:
        """Elementwise product with as many other polynomials, simplified by the kinds of the columns."""
        plain = [*self.scaled(other.constant).blocks, *other.scaled(self.constant).blocks]
        constant = self.constant * other.constant
        right = [block.grouped(self.size) for block in other.blocks]
        for block in self.blocks:
            left, _ = block.grouped(self.size)
            for ordered, pointer in right:
                counts = np.diff(pointer)[left.element]
                _within_limit(int(counts.sum()))
                entry = _spans(pointer[:-1][left.element], counts)
                column = np.concatenate([np.repeat(left.column, counts, axis=0), ordered.column[entry]], axis=1)
                value = np.repeat(left.coefficient, counts) * ordered.coefficient[entry]
                made = Monomials(np.repeat(left.element, counts), column, value)
                like = len(left) > self.size and len(ordered) > self.size
                for piece in made.simplified(kind):
                    piece = piece.collected(len(kind)) if like else piece
                    if piece.degree == 0:
                        constant = constant + np.bincount(piece.element, piece.coefficient, minlength=self.size)
                    elif len(piece):
                        plain.append(piece)
        return Terms(constant, _by_degree(plain))

    def collected(self, columns: int) -> Terms:
        """Like terms added up, zeros dropped, every block sorted by element and columns."""
        blocks = (block.collected(columns) for block in self.blocks)
        return Terms(self.constant, tuple(block for block in blocks if len(block)))

    def finite(self) -> bool:
        """Whether nothing has overflowed: products pass an overflow on, and the model refuses it with its place."""
        parts = (self.constant, *(block.coefficient for block in self.blocks))
        return all(bool(np.isfinite(part).all()) for part in parts)

    def evaluate(self, values: Floats) -> Floats:
        """The value of every polynomial at one point: (columns,) -> (size,)."""
        out = self.constant.copy()
        for block in self.blocks:
            weights = block.coefficient * values[block.column].prod(axis=1)
            out += np.bincount(block.element, weights, minlength=self.size)
        return out


def _by_degree(blocks: Iterable[Monomials]) -> tuple[Monomials, ...]:
    """Blocks of equal degree joined, in ascending order."""
    found: dict[int, list[Monomials]] = {}
    for block in blocks:
        found.setdefault(block.degree, []).append(block)
    return tuple(_joined(found[degree]) for degree in sorted(found))


def _joined(blocks: list[Monomials]) -> Monomials:
    if len(blocks) == 1:
        return blocks[0]
    return Monomials(
        np.concatenate([block.element for block in blocks]),
        np.concatenate([block.column for block in blocks]),
        np.concatenate([block.coefficient for block in blocks]),
    )


def _spans(start: Ints, count: Ints) -> Ints:
    """The ranges ``start[k] .. start[k] + count[k] - 1`` one behind the other."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(start - (ends - count), count) + np.arange(total)


def _within_limit(terms: int) -> None:
    if terms > LIMIT:
        suggestion = "sum or slice before multiplying, or put the inner sum into a variable of its own with a row"
        raise fault(f"one operation may make at most {LIMIT:,} terms", f"{terms:,}", suggestion)
