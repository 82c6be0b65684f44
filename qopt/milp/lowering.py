"""Problem -> mixed-integer linear model, exactly or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Kind, Problem
from qopt.core.rows import GroupKind, Norm, PolynomialRow, Rows
from qopt.milp.assembly import Assembly, Block, Source
from qopt.milp.expansion import Expanded, Substitution, expand, terms_of, unique_rows
from qopt.milp.model import Linearisation, Model
from qopt.milp.products import add_products
from qopt.milp.soft import Prices, soften

LIMIT = 20_000
"""Most products that become columns."""
_SUMMANDS = 4_000_000
_WIDEST = 2**20
_STEEPEST = 1000


def lower(
    problem: Problem,
    *,
    limit: int = LIMIT,
    levels: Sequence[int] | None = None,
    fixed: Floats | None = None,
) -> tuple[Model | None, Linearisation]:
    """The problem as a mixed-integer linear model.

    Spins become binaries (s = 2 b - 1), groups rows, indicator rows big-M rows with M from the columns' bounds, soft
    rows violation columns, products of binaries (times one bounded column at most) columns of their own; integer
    columns multiplied by other integer or real ones are written in bits first.

    Parameters
    ----------
    limit
        Most products.
    levels
        Objective levels to lower, all by default; soft rows of other levels are left out. ``()`` for feasibility alone.
    fixed
        Shape (columns,): values of fixed columns, NaN for free ones. Products of fixed columns cost nothing.

    Returns
    -------
    The model, or None when ``linearisation.exact`` is false: never a wrong model.
    """
    try:
        return _Lowering(problem, limit, tuple(range(len(problem.levels)) if levels is None else levels), fixed).run()
    except _RefusedError as refusal:
        return None, Linearisation(False, 0, str(refusal))


class _RefusedError(Exception):
    """No exact model; the message is the reason."""


class _Lowering:
    """One run of ``lower``: the steps in their order."""

    def __init__(self, problem: Problem, limit: int, levels: tuple[int, ...], fixed: Floats | None) -> None:
        self.problem, self.limit, self.levels = problem, limit, levels
        columns = problem.columns
        self.spin = columns.kind == Kind.SPIN
        low, high = np.array(columns.lower), np.array(columns.upper)
        if fixed is not None:
            given = ~np.isnan(fixed)
            low[given], high[given] = fixed[given], fixed[given]
        self.scale, self.shift = np.where(self.spin, 2.0, 1.0), np.where(self.spin, -1.0, 0.0)
        low, high = (low - self.shift) / self.scale, (high - self.shift) / self.scale
        self.low = np.where(columns.discrete, np.ceil(low), low)
        self.high = np.where(columns.discrete, np.floor(high), high)
        self.assembly = Assembly(self.low, self.high, columns.discrete.copy(), len(levels))
        self.products = 0

    def run(self) -> tuple[Model, Linearisation]:
        problem = self.problem
        self.position = np.full(len(problem.levels), -1)
        self.position[list(self.levels)] = np.arange(len(self.levels))
        chosen = [k for k, row in enumerate(problem.polynomial_rows) if _wanted(row, self.position)]
        polynomials = [problem.levels[k].total for k in self.levels]
        polynomials += [problem.polynomial_rows[k].polynomial for k in chosen]
        expanded = self._expanded(polynomials)
        column = self._product_columns(expanded)
        self._objectives(polynomials, expanded, column)
        self._polynomial_rows(np.array(chosen, dtype=np.int64), polynomials, expanded, column)
        self._linear_rows()
        self._indicator_rows()
        return self._finished(), Linearisation(True, self.products)

    def _expanded(self, polynomials: Sequence[Polynomial]) -> Expanded:
        n, columns = self.problem.n, self.problem.columns
        free = self.low < self.high
        zero = ~free & (self.shift + self.scale * self.low == 0)
        owner, factors, coefficient = terms_of(polynomials, zero)
        binary = columns.discrete & (self.low >= 0) & (self.high <= 1)
        wide = np.append(free & ~binary, False)
        crowded = factors[wide[factors].sum(axis=1) >= 2]
        whole = np.append(columns.discrete, True)
        bad = crowded[(wide[crowded] & ~whole[crowded]).sum(axis=1) >= 2]
        if len(bad):
            names = sorted({columns.names[int(c)] for c in bad[0] if c < n and wide[c]})
            raise _RefusedError(f"a product of real variables ({', '.join(names)}) has no linear model")
        in_bits = np.unique(crowded[wide[crowded] & whole[crowded]])
        indptr, atom, weight, offset = self._bits(in_bits, free)
        atoms = self.assembly.count
        self.binary = np.ones(atoms, dtype=bool)
        self.binary[:n] = binary
        substitution = Substitution(indptr, atom, weight, offset, self.binary)
        out = expand((owner, factors, coefficient), substitution, len(polynomials), limit=_SUMMANDS)
        if out is None:
            raise _RefusedError(f"its products multiply out to more than {_SUMMANDS} terms")
        unbounded = np.append(~self.binary & ~(np.isfinite(self.assembly.lower) & np.isfinite(self.assembly.upper)), 0)
        for monomial in out.factors[unbounded[out.factors].any(axis=1)][:1]:
            name = columns.names[int(monomial[unbounded[monomial].astype(bool)][0])]
            raise _RefusedError(f"variable {name} is multiplied but has no finite bounds")
        return out

    def _bits(self, in_bits: Ints, free: Bools) -> tuple[Ints, Ints, Floats, Floats]:
        """The substitution of every column; integers ``in_bits`` get bits and the row that says so."""
        n, columns = self.problem.n, self.problem.columns
        width = self.high[in_bits] - self.low[in_bits]
        for c in in_bits[~(width < _WIDEST)]:
            raise _RefusedError(f"integer variable {columns.names[int(c)]} is multiplied but its range is too wide")
        length = np.ceil(np.log2(width + 1)).astype(np.int64)
        owner = np.repeat(in_bits, length)
        rank = np.arange(len(owner)) - np.repeat(np.cumsum(length) - length, length)
        bit = self.assembly.columns(0.0, 1.0, True, len(owner))
        place = np.repeat(np.arange(len(in_bits)), length)
        self.assembly.rows(
            Block(
                np.concatenate([np.arange(len(in_bits)), place]),
                np.concatenate([in_bits, bit]),
                np.concatenate([np.ones(len(in_bits)), -(2.0**rank)]),
                self.low[in_bits],
                self.low[in_bits],
            ),
            Source.DEFINITION,
        )
        plain = free.copy()
        plain[in_bits] = False
        own = np.flatnonzero(plain)
        column = np.concatenate([own, owner])
        order = np.argsort(column, kind="stable")
        indptr = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.bincount(column, minlength=n), out=indptr[1:])
        offset = np.where(free, self.shift, self.shift + self.scale * np.where(free, 0.0, self.low))
        offset[in_bits] = self.low[in_bits]
        atom, weight = np.concatenate([own, bit]), np.concatenate([self.scale[own], 2.0**rank])
        return indptr, atom[order], weight[order], offset

    def _product_columns(self, expanded: Expanded) -> Ints:
        """A column for every monomial that occurs."""
        table, rank = unique_rows(expanded.factors)
        if len(table) > self.limit:
            raise _RefusedError(f"it has {len(table)} products, at most {self.limit} are linearised")
        objective = expanded.owner < len(self.levels)
        positive = self.problem.sense.sign * expanded.coefficient > 0
        above, below = np.zeros(len(table), dtype=bool), np.zeros(len(table), dtype=bool)
        below[rank[~objective | positive]] = True
        above[rank[~objective | ~positive]] = True
        self.products = len(table)
        column = add_products(self.assembly, table, self.binary, above, below)
        return column[rank]

    def _objectives(self, polynomials: Sequence[Polynomial], expanded: Expanded, column: Ints) -> None:
        sign = self.problem.sense.sign
        for k in range(len(self.levels)):
            p = polynomials[k]
            mine, line = expanded.owner == k, expanded.linear_owner == k
            self.assembly.cost(k, np.arange(p.n), sign * p.linear * self.scale)
            self.assembly.cost(k, column[mine], sign * expanded.coefficient[mine])
            self.assembly.cost(k, expanded.linear_atom[line], sign * expanded.linear_value[line])
            self.assembly.offsets[k] += sign * (p.offset + float(p.linear @ self.shift) + expanded.constant[k])

    def _polynomial_rows(
        self, chosen: Ints, polynomials: Sequence[Polynomial], expanded: Expanded, column: Ints
    ) -> None:
        rows = [self.problem.polynomial_rows[k] for k in chosen.tolist()]
        if not rows:
            return
        first = len(self.levels)
        mine, line = expanded.owner >= first, expanded.linear_owner >= first
        row, col, value, constant = [expanded.owner[mine] - first], [column[mine]], [expanded.coefficient[mine]], []
        row.append(expanded.linear_owner[line] - first)
        col.append(expanded.linear_atom[line])
        value.append(expanded.linear_value[line])
        for k, p in enumerate(polynomials[first:]):
            used = np.flatnonzero(p.linear)
            row.append(np.full(len(used), k))
            col.append(used)
            value.append(p.linear[used] * self.scale[used])
            constant.append(p.offset + float(p.linear @ self.shift) + expanded.constant[first + k])
        block = Block(
            np.concatenate(row),
            np.concatenate(col),
            np.concatenate(value),
            np.array([r.lower for r in rows]) - constant,
            np.array([r.upper for r in rows]) - constant,
        )
        soft = np.array([r.price is not None for r in rows])
        self.assembly.rows(block.select(~soft), Source.POLYNOMIAL, chosen[~soft])
        if soft.any():
            priced = [r for r in rows if r.price is not None]
            discrete = self.problem.columns.discrete
            whole = [
                r.polynomial.integral
                and bool(discrete[r.polynomial.columns()].all())
                and all(float(side).is_integer() for side in (r.lower, r.upper) if np.isfinite(side))
                for r in priced
            ]
            prices = Prices(
                np.array([r.price for r in priced], dtype=np.float64),
                np.array([int(r.norm) for r in priced]),
                self.position[[r.level for r in priced]],
                np.array(whole),
            )
            self._soft(block.select(soft), prices, [r.name for r in priced], Source.POLYNOMIAL, chosen[soft])

    def _block(self, rows: Rows) -> Block:
        entry = rows.row_of_entry()
        moved = np.bincount(entry, weights=rows.value * self.shift[rows.index], minlength=len(rows))
        value = rows.value * self.scale[rows.index]
        return Block(entry, rows.index.astype(np.int64), value, rows.lower - moved, rows.upper - moved)

    def _linear_rows(self) -> None:
        rows = self.problem.rows
        soft = rows.soft
        block = self._block(rows)
        self.assembly.rows(block.select(~soft), Source.ROW, np.flatnonzero(~soft))
        groups = list(self.problem.groups.simple())
        if groups:
            owner = np.repeat(np.arange(len(groups)), [len(members) for _, _, members in groups])
            index = np.concatenate([members for _, _, members in groups]).astype(np.int64)
            least = np.array([1.0 if kind is GroupKind.EXACTLY_ONE else -np.inf for _, kind, _ in groups])
            picks = Block(owner, index, np.ones(len(owner)), least, np.ones(len(groups)))
            self.assembly.rows(picks, Source.GROUP, np.array([g for g, _, _ in groups], dtype=np.int64))
        if soft.any():
            levels = np.zeros(len(rows), dtype=np.int64) if rows.level is None else rows.level.astype(np.int64)
            levels = self.position[np.minimum(levels, len(self.position) - 1)]
            assert rows.price is not None
            kept = np.flatnonzero(soft & (levels >= 0) & (np.nan_to_num(rows.price) > 0))
            chosen = rows.select(kept)
            norm = np.full(len(rows), Norm.LINEAR) if rows.norm is None else rows.norm
            fine = np.ones(len(chosen), dtype=bool)
            whole = np.isfinite(chosen.value) & (chosen.value == np.rint(chosen.value))
            fine[chosen.row_of_entry()[~(whole & self.problem.columns.discrete[chosen.index])]] = False
            for side in (chosen.lower, chosen.upper):
                fine &= ~np.isfinite(side) | (side == np.rint(side))
            prices = Prices(rows.price[kept], norm[kept].astype(np.int64), levels[kept], fine)
            self._soft(self._block(chosen), prices, chosen.names, Source.ROW, kept)

    def _soft(self, block: Block, prices: Prices, names: Sequence[str], source: Source, member: Ints) -> None:
        block, bad, why = soften(self.assembly, block, prices, most=_STEEPEST)
        if len(bad):
            raise _RefusedError(f"soft row {names[int(bad[0])]}: {why}")
        self.assembly.rows(block, source, member)

    def _indicator_rows(self) -> None:
        """``a x <= u`` where the switch is on: ``a x + M on <= u + M`` with M the most it can exceed u by."""
        indicators = self.problem.indicators
        if not len(indicators):
            return
        block = self._block(indicators.rows)
        low, high = self.assembly.reach(block)
        active = indicators.active.astype(np.float64)
        for sign, side, excess in ((1.0, block.upper, high - block.upper), (-1.0, block.lower, block.lower - low)):
            binding = excess > 0
            for k in np.flatnonzero(binding & ~np.isfinite(excess))[:1]:
                name = indicators.rows.names[int(k)]
                raise _RefusedError(f"indicator row {name}: its activity has no bound (give its variables bounds)")
            k = np.flatnonzero(binding)
            # On = z when active is 1, 1 - z when it is 0.
            slope = np.where(active[k] == 1, 1.0, -1.0) * excess[k]
            room = side[k] + sign * np.where(active[k] == 1, excess[k], 0.0)
            part = block.select(binding)
            part = Block(
                part.row,
                part.col,
                part.value,
                room if sign < 0 else np.full(len(k), -np.inf),
                room if sign > 0 else np.full(len(k), np.inf),
            )
            switched = part.with_entries(np.arange(len(k)), indicators.column[k].astype(np.int64), sign * slope)
            self.assembly.rows(switched, Source.INDICATOR, k)

    def _finished(self) -> Model:
        assembly = self.assembly
        size = [len(block) for block in assembly.blocks]
        start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        row = np.concatenate([block.row + s for block, s in zip(assembly.blocks, start)])
        col = np.concatenate([block.col for block in assembly.blocks])
        value = np.concatenate([block.value for block in assembly.blocks])
        key = row * max(assembly.count, 1) + col
        if len(key) > 1 and not np.all(key[1:] > key[:-1]):
            key, inverse = np.unique(key, return_inverse=True)
            value = np.bincount(inverse, weights=value, minlength=len(key))
        row, col = key // max(assembly.count, 1), key % max(assembly.count, 1)
        keep = value != 0
        row, col, value = row[keep], col[keep], value[keep]
        source = np.concatenate([np.full(k, s) for k, (s, _) in zip(size, assembly.sources)])
        member = np.concatenate([m for _, m in assembly.sources])
        costs = assembly.costs()
        extreme = (np.abs(value) < 1e-9) | ~(np.abs(value) < 1e15)
        for k in row[extreme][:1]:
            name = self._name(Source(source[k]), int(member[k]))
            raise _RefusedError(f"{name} has a coefficient that HiGHS cannot hold (below 1e-9 or above 1e15 in size)")
        if not (np.abs(costs) < 1e20).all():
            raise _RefusedError("the objective has a coefficient above 1e20 in size")
        indptr = np.zeros(start[-1] + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=int(start[-1])), out=indptr[1:])
        return Model(
            self.problem,
            assembly.lower,
            assembly.upper,
            assembly.integer,
            self.shift,
            self.scale,
            indptr,
            col,
            value,
            np.concatenate([block.lower for block in assembly.blocks]),
            np.concatenate([block.upper for block in assembly.blocks]),
            source,
            member,
            self.levels,
            costs,
            assembly.offsets,
        )

    def _name(self, source: Source, member: int) -> str:
        problem = self.problem
        if source == Source.POLYNOMIAL:
            return f"row {problem.polynomial_rows[member].name}"
        names = {
            Source.ROW: problem.rows.names,
            Source.GROUP: problem.groups.names,
            Source.INDICATOR: problem.indicators.rows.names,
        }.get(source)
        return "a product or a bit" if names is None else f"row {names[member]}"


def _wanted(row: PolynomialRow, position: Ints) -> bool:
    """Whether a polynomial row binds or costs anything in the chosen levels."""
    return row.price is None or (row.price > 0 and bool(position[row.level] >= 0))
