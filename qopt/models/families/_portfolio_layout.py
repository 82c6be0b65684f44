"""Portfolios as columns and rows: lots as whole numbers, names and trades as binaries where a rule asks for them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem, Sense
from qopt.core.rows import PolynomialRow, Rows
from qopt.models.families._portfolio_numbers import covariance, gains

if TYPE_CHECKING:
    from qopt.models.families._portfolio_document import PortfolioInstance

Line = dict[int, float]


class Lines:
    """Rows as they are written down, family by family."""

    def __init__(self) -> None:
        self.lines: list[tuple[Line, float, float]] = []
        self.families: list[Labels] = []

    def add(self, name: str, why: str, found: list[tuple[Line, float, float]], axis: tuple[str, ...] = ()) -> None:
        """Rows ``(columns, lower, upper)`` with one label each; one row needs none."""
        if found:
            self.lines += found
            shape, axes = ((len(axis),), (axis,)) if axis else ((), ())
            self.families.append(Labels(name, shape, axes, why=why))

    def rows(self) -> Rows:
        """All of them."""
        return Rows.of(self.lines, NameTable(tuple(self.families)))


class Layout:
    """The columns of an instance, and what they mean.

    ``lots`` are held now and kept (``keep``), or bought (``buy``); where trading costs nothing there is one column for
    both. ``name`` is 1 exactly where an asset is held, ``trade`` exactly where something is bought or sold.
    """

    def __init__(self, instance: PortfolioInstance) -> None:
        self.instance = instance
        assets, trading = instance.assets, instance.trading
        self.equal = instance.weights == "equal"
        self.unit = (
            np.full(len(assets), instance.money / (instance.names.max or 1))
            if self.equal
            else np.array([asset.cost for asset in assets])
        )
        self.held = np.array([asset.held for asset in assets])
        most = [1 if asset.max is None else min(1, asset.max) for asset in assets]
        if not self.equal:
            room = np.floor(instance.money / self.unit + 1e-9).astype(np.int64).tolist()
            most = [fits if asset.max is None else min(fits, asset.max) for asset, fits in zip(assets, room)]
        self.most = np.array(most, dtype=np.int64)
        self.charged = bool(trading.cost or trading.fee or trading.most is not None)
        counted = instance.names.min > 0 or instance.names.max is not None
        several = range(len(assets))
        apart = [] if self.equal or not self.charged else [i for i in several if self.held[i]]
        self.keep = {i: k for k, i in enumerate(apart)}
        self.lots = {i: k for k, i in enumerate((i for i in several if i not in self.keep), len(apart))}
        self.buy = {i: k for k, i in enumerate((i for i in apart if self.most[i] > self.held[i]), len(assets))}
        start = len(assets) + len(self.buy)
        named = [i for i in several if not self.equal and (counted or assets[i].min > 1)]
        self.name = {i: k for k, i in enumerate(named, start)}
        start += len(self.name)
        traded = [i for i in several if not self.equal and trading.fee and (self.held[i] or self.most[i])]
        self.trade = {i: k for k, i in enumerate(traded, start)}
        self.n = start + len(self.trade)

    def holding(self, i: int) -> Line:
        """Lots of an asset as a sum of columns."""
        if i in self.lots:
            return {self.lots[i]: 1.0}
        return {self.keep[i]: 1.0} | ({self.buy[i]: 1.0} if i in self.buy else {})

    def change(self, i: int) -> tuple[Line, float]:
        """Lots of an asset that are bought and sold, as a sum of columns and a constant."""
        if i in self.keep:
            return {self.keep[i]: -1.0} | ({self.buy[i]: 1.0} if i in self.buy else {}), float(self.held[i])
        sold = self.equal and self.held[i]
        return {self.lots[i]: -1.0 if sold else 1.0}, float(sold)

    @cached_property
    def costs(self) -> tuple[Line, float]:
        """Costs of trading as a sum of columns and a constant."""
        trading, line, constant = self.instance.trading, dict[int, float](), 0.0
        for i in range(len(self.unit)) if trading.cost or trading.fee else ():
            price = trading.cost * float(self.unit[i]) + (trading.fee if self.equal else 0.0)
            moved, fixed = self.change(i)
            constant += price * fixed
            for column, value in moved.items():
                line[column] = line.get(column, 0.0) + price * value
        for column in self.trade.values():
            line[column] = trading.fee
        return {column: value for column, value in line.items() if value}, constant

    def columns(self) -> Columns:
        """The columns with their bounds and names."""
        ids = [str(asset.id) for asset in self.instance.assets]
        upper, kind = np.ones(self.n), np.zeros(self.n, np.int8)
        families = []
        for title, members in (("keep", self.keep), ("hold" if self.equal else "lots", self.lots), ("buy", self.buy)):
            for i, column in members.items():
                part = self.most[i] - self.held[i] if title == "buy" else self.most[i]
                upper[column] = min(part, self.held[i]) if title == "keep" else part
                kind[column] = Kind.BINARY if upper[column] == 1 else Kind.INTEGER
            families.append((title, members))
        families += [("name", self.name), ("trade", self.trade)]
        tables = [Labels(t, (len(m),), (tuple(ids[i] for i in m),)) for t, m in families if m]
        return Columns(kind, np.zeros(self.n), upper, NameTable(tuple(tables)))

    def problem(self) -> Problem:
        """The instance as a Problem."""
        instance = self.instance
        columns = self.columns()
        money = np.zeros((len(self.unit), self.n))
        for i, unit in enumerate(self.unit.tolist()):
            for column, value in self.holding(i).items():
                money[i, column] = unit * value
        risk = self._risk(money, columns.kind == Kind.BINARY)
        minimise = instance.objective == "risk"
        objective = {"risk": risk if minimise else risk.scaled(-instance.aversion)}
        if not minimise:
            line, constant = self.costs
            gain = {"return": Polynomial(np.einsum("a,ac->c", gains(instance), money))}
            if line or constant:
                gain["trading"] = Polynomial(self._dense(line, -1.0), offset=-constant)
            objective = gain | (objective if instance.objective == "utility" else {})
        rows = self._rows(money)
        curved: tuple[PolynomialRow, ...] = ()
        if instance.max_volatility is not None:
            why = "the volatility is limited"
            most = instance.max_volatility**2 * instance.money
            curved = (PolynomialRow(risk, -np.inf, most, Labels("volatility", why=why)),)
        sense = Sense.MINIMIZE if minimise else Sense.MAXIMIZE
        return Problem.build(columns, objective, rows=rows, polynomial_rows=curved, sense=sense, name=instance.name)

    def _risk(self, money: Floats, binary: np.ndarray) -> Polynomial:
        """Variance times the budget: every column that holds money belongs to one asset."""
        asset, column = np.nonzero(money)
        worth = money[asset, column]
        pairs = covariance(self.instance)[np.ix_(asset, asset)] * np.outer(worth, worth) / self.instance.money
        row, col = np.triu_indices(len(column))
        value = np.where(row == col, 1.0, 2.0) * (pairs[row, col] + pairs[col, row]) / 2
        return Polynomial.from_pairs(np.zeros(self.n), column[row], column[col], value, binary=binary)

    def _dense(self, line: Line, factor: float = 1.0) -> Floats:
        out = np.zeros(self.n)
        out[list(line)] = [factor * value for value in line.values()]
        return out

    def _rows(self, money: Floats) -> Rows:
        """Every rule but the one on volatility."""
        instance, budget = self.instance, self.instance.money
        lines = Lines()
        add = lines.add
        spent = {int(c): float(v) for c, v in enumerate(money.sum(axis=0)) if v}
        fees, constant = self.costs
        if not self.equal:
            whole = {c: spent.get(c, 0.0) + fees.get(c, 0.0) for c in {**spent, **fees}}
            add("budget", "no more is spent than there is", [(whole, -np.inf, budget - constant)])
        if instance.invest_at_least:
            add("invested", "so much of the budget is invested", [(spent, instance.invest_at_least * budget, np.inf)])
        for sector, limit in instance.sectors.items():
            members = [i for i, asset in enumerate(instance.assets) if asset.sector == sector]
            share = {int(c): float(v) for c, v in enumerate(money[members].sum(axis=0)) if v}
            low = limit.min * budget if limit.min else -np.inf
            high = limit.max * budget if limit.max < 1 else np.inf
            if share and (low > -np.inf or high < np.inf):
                add("sector", "the share of a sector is limited", [(share, low, high)], (sector,))
        if instance.min_return is not None:
            gain = np.einsum("a,ac->c", gains(instance), money) - self._dense(fees)
            found = {int(c): float(v) for c, v in enumerate(gain) if v}
            why = "so much return is expected at least"
            add("return", why, [(found, instance.min_return * budget + constant, np.inf)])
        self._counts(lines)
        self._trades(lines)
        return lines.rows()

    def _counts(self, lines: Lines) -> None:
        """How many names, and what a name is."""
        instance = self.instance
        ids = [str(asset.id) for asset in instance.assets]
        named = self.lots if self.equal else self.name
        names = instance.names
        if names.min or names.max is not None:
            most = np.inf if names.max is None else float(names.max)
            lines.add(
                "names", "so many assets are held", [(dict.fromkeys(named.values(), 1.0), float(names.min), most)]
            )
        axis = tuple(ids[i] for i in self.name)
        few = [(self.holding(i) | {c: -float(instance.assets[i].min)}, 0.0, np.inf) for i, c in self.name.items()]
        many = [(self.holding(i) | {c: -float(self.most[i])}, -np.inf, 0.0) for i, c in self.name.items()]
        lines.add("fewest", "what is held is held in at least so many lots", few, axis)
        lines.add("most", "what is no name is not held", many, axis)

    def _trades(self, lines: Lines) -> None:
        """What a trade is, and how much may be traded."""
        instance = self.instance
        axis = tuple(str(instance.assets[i].id) for i in self.trade)
        some: list[tuple[Line, float, float]] = []
        none: list[tuple[Line, float, float]] = []
        for i, column in self.trade.items():
            moved, fixed = self.change(i)
            largest = float(self.held[i] + max(0, self.most[i] - self.held[i]))
            some.append((moved | {column: -1.0}, -fixed, np.inf))
            none.append((moved | {column: -largest}, -np.inf, -fixed))
        lines.add("trades", "a fee is paid for trades alone", some, axis)
        lines.add("fees", "a fee is paid for every trade", none, axis)
        if instance.trading.most is not None:
            turnover: Line = {}
            constant = 0.0
            for i, unit in enumerate(self.unit.tolist()):
                moved, fixed = self.change(i)
                constant += unit * fixed
                for column, value in moved.items():
                    turnover[column] = turnover.get(column, 0.0) + unit * value
            limit = instance.trading.most * instance.money - constant
            lines.add("turnover", "no more is bought and sold", [(turnover, -np.inf, limit)])

    def lift(self, lots: Floats) -> Floats:
        """Column values of lots per asset: what is held is kept as far as it goes."""
        values = np.zeros(self.n)
        for i, count in enumerate(lots.tolist()):
            if i in self.lots:
                values[self.lots[i]] = count
            else:
                kept = min(count, float(self.held[i])) if i in self.buy else count
                values[self.keep[i]] = kept
                if i in self.buy:
                    values[self.buy[i]] = count - kept
            if i in self.name:
                values[self.name[i]] = count > 0
            if i in self.trade:
                values[self.trade[i]] = count != self.held[i]
        return values
