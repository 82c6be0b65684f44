"""The problem: what is decided, what is wanted, what must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qopt.core.arrays import Floats, frozen, is_integral
from qopt.core.names import NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.rows import Groups, Indicators, Norm, PolynomialRow, Rows


class Kind(IntEnum):
    """What values a column takes."""

    BINARY = 0  # 0 or 1
    SPIN = 1  # -1 or +1
    INTEGER = 2  # whole numbers from lower to upper
    REAL = 3  # any number from lower to upper; compiled to bits at ``resolution``


class Sense(StrEnum):
    """Direction of the objective."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"

    @property
    def sign(self) -> int:
        """+1 to minimise, -1 to maximise: ``sign * objective`` is always to be made small."""
        return 1 if self is Sense.MINIMIZE else -1


@dataclass(frozen=True, eq=False)
class Columns:
    """The decision columns.

    Parameters
    ----------
    kind
        Shape (n,), of ``Kind``.
    lower, upper
        Shape (n,), inclusive; infinities allowed for integer and real columns. 0, 1 for binary; -1, 1 for spin.
    resolution
        Shape (n,), > 0 for real columns (the step when they become bits), 0 elsewhere. None: no real columns, or a
        step of 1/64 of the range for them.
    names
        One name per column; families as declared, C order inside each.
    """

    kind: NDArray[np.int8]
    lower: Floats
    upper: Floats
    names: NameTable
    resolution: Floats | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", frozen(self.kind, np.int8))
        object.__setattr__(self, "lower", frozen(self.lower, np.float64))
        object.__setattr__(self, "upper", frozen(self.upper, np.float64))
        if self.resolution is not None:
            object.__setattr__(self, "resolution", frozen(self.resolution, np.float64))
        if not len(self.kind) == len(self.lower) == len(self.upper) == len(self.names):
            raise ValueError(
                f"columns disagree in number: {len(self.kind)} kinds, {len(self.lower)} lower, "
                f"{len(self.upper)} upper, {len(self.names)} names"
            )

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def binaries(cls, names: NameTable) -> Columns:
        """All-binary columns of the given names."""
        n = len(names)
        return cls(np.zeros(n, np.int8), np.zeros(n), np.ones(n), names)

    @cached_property
    def discrete(self) -> NDArray[np.bool_]:
        """Mask of the columns that take whole numbers."""
        return self.kind != Kind.REAL

    @cached_property
    def binary(self) -> NDArray[np.bool_]:
        """Mask of the binary columns."""
        return self.kind == Kind.BINARY

    def steps(self) -> Floats:
        """Resolution of every column: 1 for integers, 2 for spins, the declared step or range/64 for reals."""
        out = np.where(self.kind == Kind.SPIN, 2.0, 1.0)
        real = self.kind == Kind.REAL
        if real.any():
            default = np.maximum((self.upper - self.lower) / 64, 1e-9)
            given = default if self.resolution is None else np.where(self.resolution > 0, self.resolution, default)
            out = np.where(real, given, out)
        return out


@dataclass(frozen=True, eq=False)
class Part:
    """One named part of the objective, such as *travel*; parts of a level are added up."""

    name: str
    polynomial: Polynomial


@dataclass(frozen=True, eq=False)
class Level:
    """One level of the objective: the sum of its parts. Earlier levels matter infinitely more than later ones."""

    parts: tuple[Part, ...]

    @cached_property
    def total(self) -> Polynomial:
        """The level as one polynomial (prices of soft rows not included)."""
        return Polynomial.sum([part.polynomial for part in self.parts])


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimise or maximise ordered levels of a polynomial over rows, groups and column domains.

        level_1, then level_2, …      each: sum of parts - or + the prices of violated soft rows
        lower <= A x <= upper         rows (hard), polynomial rows, indicator rows
        groups                        exactly-one, at-most-one, permutation over binary columns

    Indices of ``columns`` are the column order of every array downstream. Units are the user's; nothing is rescaled.
    Objects never change. Soft rows make an objective worse in its own sense: a price is added when minimising and
    subtracted when maximising.

    Parameters
    ----------
    levels
        At least one; all have the same ``sense``.
    """

    columns: Columns
    levels: tuple[Level, ...]
    rows: Rows = field(default_factory=Rows)
    groups: Groups = field(default_factory=Groups)
    polynomial_rows: tuple[PolynomialRow, ...] = ()
    indicators: Indicators = field(default_factory=Indicators)
    sense: Sense = Sense.MINIMIZE
    name: str = "problem"

    def __post_init__(self) -> None:
        n = self.n
        if not self.levels:
            raise ValueError("a problem needs at least one objective level (Polynomial.zero(n) for none)")
        for level in self.levels:
            for part in level.parts:
                if part.polynomial.n != n:
                    raise ValueError(f"part {part.name!r} has {part.polynomial.n} columns, the problem has {n}")
        for what, used in (
            ("row", self.rows.index),
            ("group", self.groups.index),
            ("indicator row", self.indicators.rows.index),
        ):
            if len(used) and not 0 <= used.min() <= used.max() < n:
                raise ValueError(f"a {what} names a column outside 0..{n - 1}")
        if len(self.groups.index) and not self.columns.binary[self.groups.index].all():
            raise ValueError("a group holds a column that is not binary")

    @classmethod
    def build(
        cls,
        columns: Columns,
        objective: Polynomial | Mapping[str, Polynomial] | None = None,
        **rest: object,
    ) -> Problem:
        """A problem with one level: one polynomial, or named parts."""
        if objective is None:
            objective = Polynomial.zero(len(columns))
        parts = objective if isinstance(objective, Mapping) else {"objective": objective}
        return cls(columns, (Level(tuple(Part(k, v) for k, v in parts.items())),), **rest)  # type: ignore[arg-type]

    @property
    def n(self) -> int:
        """Number of columns."""
        return len(self.columns)

    @property
    def objective(self) -> Polynomial:
        """The first level as one polynomial."""
        return self.levels[0].total

    @cached_property
    def integral(self) -> bool:
        """Whether every level is integral on every point of the domain (so two objectives differ by at least 1)."""
        used = np.zeros(self.n, dtype=bool)
        for level in self.levels:
            used[level.total.columns()] = True
        if not self.columns.discrete[used].all():
            return False
        if not all(level.total.integral for level in self.levels):
            return False
        return not self.has_soft or self._soft_integral()

    @cached_property
    def has_soft(self) -> bool:
        """Whether any row is soft."""
        return bool(self.rows.soft.any()) or any(r.price is not None for r in self.polynomial_rows)

    @cached_property
    def _soft_rows(self) -> tuple[Rows, dict[tuple[str, int], list[int]], NDArray[np.int8]]:
        """The soft linear rows, which of them belong to each (family, level), and their norms."""
        soft = np.flatnonzero(self.rows.soft)
        chosen = self.rows.select(soft)
        levels = np.zeros(len(soft), np.int32) if chosen.level is None else chosen.level
        norms = np.zeros(len(soft), np.int8) if chosen.norm is None else chosen.norm
        owners: dict[tuple[str, int], list[int]] = {}
        for position, k in enumerate(soft.tolist()):
            key = (self.rows.names.locate(k)[0].name, int(levels[position]))
            owners.setdefault(key, []).append(position)
        return chosen, owners, norms

    def _soft_integral(self) -> bool:
        soft = self.rows.soft
        if self.rows.price is not None and soft.any():
            chosen = self.rows.select(soft)
            sides = np.concatenate([chosen.lower[np.isfinite(chosen.lower)], chosen.upper[np.isfinite(chosen.upper)]])
            if not (is_integral(chosen.value) and is_integral(sides) and is_integral(self.rows.price[soft])):
                return False
            if not self.columns.discrete[chosen.index].all():
                return False
        for row in self.polynomial_rows:
            if row.price is None:
                continue
            if not (row.polynomial.integral and float(row.price).is_integer()):
                return False
            if not self.columns.discrete[row.polynomial.columns()].all():
                return False
            if not all(float(side).is_integer() for side in (row.lower, row.upper) if np.isfinite(side)):
                return False
        return True

    def objectives(self, points: ArrayLike) -> Floats:
        """Every level at each row of ``points``, soft prices included: (rows, n) -> (rows, levels)."""
        x = np.atleast_2d(np.asarray(points, dtype=np.float64))
        out = np.stack([level.total.evaluate(x) for level in self.levels], axis=1)
        for _, level, prices in self.soft_prices(x):
            out[:, level] += self.sense.sign * prices
        return out

    def parts(self, point: ArrayLike) -> dict[str, float]:
        """Every named part of the objective at one point, soft rows as ``soft.NAME`` (NAME is the row's family)."""
        x = np.atleast_2d(np.asarray(point, dtype=np.float64))
        out: dict[str, float] = {}
        for level in self.levels:
            for part in level.parts:
                out[part.name] = out.get(part.name, 0.0) + float(part.polynomial.evaluate(x)[0])
        for family, _, prices in self.soft_prices(x):
            out[f"soft.{family}"] = out.get(f"soft.{family}", 0.0) + float(prices[0])
        return out

    def soft_prices(self, points: NDArray[np.float64]) -> list[tuple[str, int, Floats]]:
        """What soft rows cost at each point: ``(family, level, prices (rows,))`` per family and level."""
        out: list[tuple[str, int, Floats]] = []
        if self.has_soft and self.rows.soft.any():
            chosen, owners, norms = self._soft_rows
            over = violation(chosen.activity(points), chosen.lower, chosen.upper)
            cost = np.where(norms == Norm.QUADRATIC, over**2, np.where(norms == Norm.OCCURRENCE, over > 1e-9, over))
            cost = cost * chosen.price
            for (family, level), members in owners.items():
                out.append((family, level, cost[:, members].sum(axis=1)))
        for row in self.polynomial_rows:
            if row.price is not None:
                over = violation(row.polynomial.evaluate(points), np.float64(row.lower), np.float64(row.upper))
                if row.norm == Norm.QUADRATIC:
                    over = over**2
                elif row.norm == Norm.OCCURRENCE:
                    over = (over > 1e-9).astype(np.float64)
                out.append((row.labels.name, row.level, row.price * over))
        return out


def violation(activity: Floats, lower: Floats | np.float64, upper: Floats | np.float64) -> Floats:
    """How far an activity lies outside its sides; 0 inside."""
    return np.maximum(np.maximum(lower - activity, activity - upper), 0.0)
