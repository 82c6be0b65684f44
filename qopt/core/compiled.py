"""A problem lowered as far as one backend needs: bits, energies, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from qopt.core.arrays import Bools, Floats, Indices, frozen
from qopt.core.errors import BackendContractError
from qopt.core.ising import ising
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Problem
from qopt.core.rows import GroupKind, Groups, Rows

if TYPE_CHECKING:
    import dimod


@dataclass(frozen=True, eq=False)
class Encoded:
    """How a block of columns becomes bits: ``value[c] = offset[c] + sum(weight[e] for its entries e with bit set)``.

    Every encoding is affine in its bits, so substitution into any polynomial is sparse linear algebra.

    Parameters
    ----------
    bits
        Number of bits the block uses, numbered 0..bits-1 inside the block.
    indptr, bit, weight
        CSR over the block's columns: the bits and weights of each.
    offset
        Shape (columns,).
    groups
        Groups over the block's bits without which a code means nothing (one-hot), if any.
    validity
        A polynomial over the block's bits, 0 on valid codes and >= 1 on the others (domain wall, unary); None if all
        codes are valid or the groups say it.
    reach
        Shape (columns,): from any invalid code of that column, a valid one is at most ``reach * validity`` flips away.
    """

    bits: int
    indptr: np.ndarray[Any, Any]
    bit: Indices
    weight: Floats
    offset: Floats
    groups: Groups = field(default_factory=Groups)
    validity: Polynomial | None = None
    reach: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "indptr", frozen(self.indptr, np.int64))
        object.__setattr__(self, "bit", frozen(self.bit, np.int32))
        object.__setattr__(self, "weight", frozen(self.weight, np.float64))
        object.__setattr__(self, "offset", frozen(self.offset, np.float64))

    def values(self, bits: ArrayLike) -> Floats:
        """Values of the block's columns for each row of the block's bits: (rows, bits) -> (rows, columns)."""
        b = np.atleast_2d(np.asarray(bits, dtype=np.float64))
        owner = np.repeat(np.arange(len(self.offset)), np.diff(self.indptr))
        out = np.tile(self.offset, (len(b), 1))
        for k in range(len(b)):
            out[k] += np.bincount(owner, weights=self.weight * b[k][self.bit], minlength=len(self.offset))
        return out

    def valid(self, bits: ArrayLike) -> Bools:
        """Which rows hold only valid codes, shape (rows,)."""
        b = np.atleast_2d(np.asarray(bits))
        ok = np.ones(len(b), dtype=bool)
        for _, kind, members in self.groups.simple():
            count = b[:, members].sum(axis=1)
            ok &= count == 1 if kind == GroupKind.EXACTLY_ONE else count <= 1
        if self.validity is not None:
            ok &= self.validity.evaluate(b) < 0.5
        return ok


@dataclass(frozen=True, eq=False)
class Block:
    """Which bits stand for which columns.

    Parameters
    ----------
    encoding
        Name of the encoding, or ``slack`` / ``ancilla`` for bits that stand for no column.
    columns
        The columns, in order; empty for slack and ancillas.
    start
        First bit of the block.
    encoded
        How; its bit numbers are relative to ``start``.
    """

    encoding: str
    columns: Indices
    start: int
    encoded: Encoded

    @property
    def bits(self) -> slice:
        """The block's bits."""
        return slice(self.start, self.start + self.encoded.bits)


@dataclass(frozen=True, eq=False)
class Penalty:
    """One penalised rule: ``weight * polynomial`` was added, and the polynomial is 0 exactly when the rule holds."""

    name: str
    weight: float
    form: str
    slack_bits: int = 0


@dataclass(frozen=True, eq=False)
class Compiled:
    """A problem as something a sampler can search. Energies are to be minimised.

    Parameters
    ----------
    problem
        The original; decoded values are always judged against it.
    polynomial
        Energy over the bits: objective (sign turned so that small is good) plus every penalty.
    groups, rows
        What the backend said it keeps by itself, over bits. For a plain QUBO both are empty. Rows left here are *not*
        in the polynomial.
    blocks
        Which bits are which columns; slack and ancillas last. Where a Compiled was reduced (``reduce.polynomial``)
        these are the bits before; ``decode`` restores them first.
    penalties
        One entry per rule that became a penalty.
    guarantee
        What is proven of the polynomial's minimiser: ``total``, ``argmin``, ``top:…`` or ``none``.
    certificate
        The proof, when there is one.
    notes
        Sentences worth telling: downgrades, rounding, bits spared.
    """

    problem: Problem
    polynomial: Polynomial
    groups: Groups
    rows: Rows
    blocks: tuple[Block, ...]
    penalties: tuple[Penalty, ...] = ()
    guarantee: str = "none"
    certificate: Any = None
    notes: tuple[str, ...] = ()
    stats: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_polynomial(cls, polynomial: Polynomial, groups: Groups | None = None) -> Compiled:
        """The polynomial itself, bit k standing for a binary column ``x[k]``: minimise it subject to the groups.

        Nothing is lowered, so nothing needs a penalty and the guarantee is ``total``.
        """
        groups = Groups() if groups is None else groups
        n = polynomial.n
        columns = Columns.binaries(NameTable.numbered("x", n))
        each = np.arange(n, dtype=np.int32)
        identity = Encoded(n, np.arange(n + 1), each, np.ones(n), np.zeros(n))
        return cls(
            problem=Problem.build(columns, polynomial, groups=groups),
            polynomial=polynomial,
            groups=groups,
            rows=Rows(),
            blocks=(Block("identity", each, 0, identity),),
            guarantee="total",
        )

    @property
    def num_bits(self) -> int:
        """Number of bits."""
        return self.polynomial.n

    @property
    def num_couplings(self) -> int:
        """Number of nonzero pairs and products."""
        return len(self.polynomial.value) + len(self.polynomial.products)

    def decode(self, bits: ArrayLike) -> tuple[Floats, Bools]:
        """Values of the problem's columns, and which rows held only valid codes.

        Parameters
        ----------
        bits
            Zeros and ones, shape (rows, num_bits). Slack and ancilla bits are dropped.

        Returns
        -------
        values (rows, columns) in column order, valid (rows,). An invalid row decodes to the nearest sensible value and
        is left for the check and the repair.
        """
        b = np.atleast_2d(np.asarray(bits))
        if b.shape[1] != self.num_bits:
            raise BackendContractError(f"rows of {b.shape[1]} bits, expected {self.num_bits}")
        if self._restore is not None:
            b = self._restore(b)
        values = np.zeros((len(b), self.problem.n))
        valid = np.ones(len(b), dtype=bool)
        for block in self.blocks:
            if len(block.columns):
                part = b[:, block.bits]
                values[:, block.columns] = block.encoded.values(part)
                valid &= block.encoded.valid(part)
        return values, valid

    def energies(self, bits: ArrayLike) -> Floats:
        """Energy of each row, offset included, shape (rows,)."""
        return self.polynomial.evaluate(bits)

    def verify(self, bits: ArrayLike, claimed: ArrayLike, backend: str) -> Floats:
        """The true energies of a batch; raises BackendContractError when a claim is off by more than float noise."""
        b = np.atleast_2d(np.asarray(bits))
        if b.size and not np.isin(b, (0, 1)).all():
            raise BackendContractError(f"{backend}: bits other than 0 and 1")
        true = self.energies(b)
        scale = np.maximum(1.0, np.abs(true)) + np.abs(self.polynomial.linear).sum() * 1e-3
        wrong = np.abs(true - np.asarray(claimed, dtype=np.float64)) > 1e-6 * scale
        if wrong.any():
            k = int(np.flatnonzero(wrong)[0])
            raise BackendContractError(
                f"{backend}: row {k} claims energy {np.asarray(claimed)[k]!r}, its bits have {true[k]!r}"
            )
        return true

    def encode(self, values: ArrayLike) -> np.ndarray[Any, Any] | None:
        """Bits of a point of the problem, slack filled in; None when this compile cannot (no encoder was kept)."""
        return None if self._encoder is None else self._encoder(np.asarray(values, dtype=np.float64))

    _encoder: Callable[[Floats], np.ndarray[Any, Any]] | None = None
    _restore: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]] | None = None

    def to_bqm(self) -> dimod.BinaryQuadraticModel:
        """The same as a dimod BQM over variables 0..num_bits-1 (binary). Needs a polynomial of degree 2."""
        import dimod

        p = self._qubo("a BQM")
        return dimod.BinaryQuadraticModel.from_numpy_vectors(
            p.linear, (p.row, p.col, p.value), p.offset, dimod.BINARY, variable_order=list(range(p.n))
        )

    def to_ising(self) -> tuple[Floats, tuple[Indices, Indices, Floats], float]:
        """The same over spins s = 2 b - 1: fields h, couplings ``(row, col, J)`` with row < col, and the offset."""
        return ising(self._qubo("an Ising model"))

    def _qubo(self, target: str) -> Polynomial:
        """The polynomial, where nothing else is left that ``target`` would lose."""
        if len(self.polynomial.products) or len(self.rows) or len(self.groups):
            raise BackendContractError(
                f"only a plain QUBO becomes {target}: compile with accepts=qopt.QUBO"
                f" (left: {len(self.polynomial.products)} products, {len(self.rows)} rows, {len(self.groups)} groups)"
            )
        return self.polynomial
