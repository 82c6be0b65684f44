"""Portfolio: what to hold of which asset, weighing return against risk, in whole lots or with equal weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError, RecordError
from qopt.core.problem import Problem
from qopt.core.solution import Solution
from qopt.models.families import _portfolio_check as judge
from qopt.models.families._portfolio_document import PortfolioInstance
from qopt.models.families._portfolio_layout import Layout
from qopt.models.families._portfolio_numbers import covariance, gains
from qopt.models.plans import amount, entries

__all__ = ["PLUGIN", "Portfolio", "PortfolioInstance"]


@dataclass(frozen=True)
class Portfolio:
    """The family of portfolios (Markowitz, 1952), with lots, numbers of names, sectors and costs of trading."""

    name: str = "portfolio"
    instance: type[PortfolioInstance] = PortfolioInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {
            "holdings": "one column per asset: lots held, or whether it is held; risk is quadratic"
        }
    )

    def size(self, instance: PortfolioInstance, formulation: str = "holdings") -> tuple[int, int]:
        """Columns, and nonzeros of objective and rows together (about)."""
        n = Layout(instance).n
        return n, n * (n + 1) // 2 + 6 * n

    def build(self, instance: PortfolioInstance, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem, in money.

        Raises
        ------
        ModelError
            No such formulation.
        """
        if formulation not in ("auto", *self.formulations):
            raise ModelError(f"portfolio has no formulation {formulation!r}; it has: {', '.join(self.formulations)}")
        return Layout(instance).problem()

    def interpret(self, instance: PortfolioInstance, solution: Solution) -> dict[str, Any]:
        """What is held, bought and sold, and what return and volatility that promises, as parts of the budget."""
        assert solution.values is not None
        return self._plan(instance, solution.values)

    def tell(self, instance: PortfolioInstance, plan: Mapping[str, Any]) -> dict[str, Any]:
        """The plan; what it buys and sells at once, which the rules do not forbid, is not traded at all."""
        if any(line["bought"] and line["sold"] for line in plan["trades"]):
            return self._plan(instance, self.restore(instance, plan))
        return dict(plan)

    def _plan(self, instance: PortfolioInstance, values: Floats) -> dict[str, Any]:
        layout, x = Layout(instance), np.rint(values)
        ids = [asset.id for asset in instance.assets]
        lots = [int(sum(value * x[c] for c, value in layout.holding(i).items())) for i in range(len(ids))]
        held = [bool(x[layout.name[i]]) if i in layout.name else count > 0 for i, count in enumerate(lots)]
        money = layout.unit * lots
        line, cost = layout.costs
        cost += sum(price * x[c] for c, price in line.items())
        trades = []
        for i, name in enumerate(ids):
            now, sold = int(layout.held[i]), 0
            bought = max(0, lots[i] - now)
            sold = max(0, now - lots[i])
            if i in layout.keep:
                sold = now - int(x[layout.keep[i]])
                bought = int(x[layout.buy[i]]) if i in layout.buy else 0
            if x[layout.trade[i]] if i in layout.trade else bought or sold:
                trades.append({"asset": name, "bought": bought, "sold": sold})
        sectors = dict.fromkeys((a.sector for a in instance.assets if a.sector is not None), 0.0)
        for asset, worth in zip(instance.assets, money.tolist()):
            if asset.sector is not None:
                sectors[asset.sector] += worth / instance.money
        gain = float(np.einsum("a,a->", gains(instance), money)) - cost
        variance = float(np.einsum("a,ab,b->", money, covariance(instance), money)) / instance.money**2
        return {
            "holdings": [
                {"asset": name, "lots": count, "money": round(worth, 6), "share": round(worth / instance.money, 9)}
                for name, count, worth, listed in zip(ids, lots, money.tolist(), held)
                if listed
            ],
            "trades": trades,
            "invested": float(money.sum()),
            "cash": float(instance.money - money.sum() - (0.0 if layout.equal else cost)),
            "costs": float(cost),
            "return": gain / instance.money,
            "volatility": sqrt(max(0.0, variance)),
            "sectors": {name: round(share, 9) for name, share in sectors.items()},
        }

    def restore(self, instance: PortfolioInstance, plan: Mapping[str, Any]) -> Floats:
        """A plan's holdings as column values.

        Raises
        ------
        RecordError
            No list of holdings, or an entry that names no asset and no number of lots.
        """
        position = {str(asset.id): k for k, asset in enumerate(instance.assets)}
        lots = np.zeros(len(position))
        for k, entry in enumerate(entries(plan, "holdings")):
            known = isinstance(entry, Mapping) and str(entry.get("asset")) in position
            if not known:
                raise RecordError(f"holdings[{k}] is {entry!r}, which names no asset of {instance.name}")
            lots[position[str(entry["asset"])]] += amount(entry.get("lots", 1), f"holdings[{k}]")
        return Layout(instance).lift(lots)

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Two plans are the same when they hold the same lots."""
        return tuple(sorted((str(line["asset"]), line["lots"]) for line in plan["holdings"]))

    def example(self) -> PortfolioInstance:
        """Four assets: the bond is dull and safe, the two chip makers move together, gold moves against them."""
        return PortfolioInstance.model_validate(
            {
                "name": "first-savings",
                "budget": 10_000,
                "assets": [
                    {"id": "bond", "return": 0.03, "price": 500, "sector": "bonds"},
                    {"id": "chips", "return": 0.12, "price": 800, "sector": "tech"},
                    {"id": "fabs", "return": 0.11, "price": 700, "sector": "tech"},
                    {"id": "gold", "return": 0.05, "price": 900, "max": 4},
                ],
                "risk": {
                    "covariance": [
                        [0.0016, 0.0, 0.0, 0.0002],
                        [0.0, 0.09, 0.066, -0.006],
                        [0.0, 0.066, 0.0784, -0.005],
                        [0.0002, -0.006, -0.005, 0.0225],
                    ]
                },
                "aversion": 1.5,
                "names": {"max": 3},
                "sectors": {"tech": {"max": 0.6}},
            }
        )

    def generate(self, size: int, *, seed: int) -> PortfolioInstance:
        """``size`` assets; by seed a matrix, a history or factors, lots or equal weights, with or without trading."""
        rng = np.random.default_rng(seed)
        n = max(1, size)
        source, equal = ("covariance", "history", "factors")[seed % 3], seed % 4 == 3
        gain = np.round(rng.uniform(0.01, 0.15, n), 3).tolist()
        ids = [f"a{k}" for k in range(n)]
        assets: list[dict[str, Any]] = [
            {"id": name, "return": value, "sector": ("east", "west")[k % 2]}
            for k, (name, value) in enumerate(zip(ids, gain))
        ]
        past = np.round(rng.normal(gain, 0.2, (n + 8, n)) + rng.normal(0, 0.1, (n + 8, 1)), 3)
        risk: dict[str, Any] = {"history": [dict(zip(ids, line)) for line in past.tolist()]}
        if source == "covariance":
            risk = {"covariance": (np.round(np.cov(past.T).reshape(n, n), 5) + 1e-4 * np.eye(n)).tolist()}
        elif source == "factors":
            exposures = np.round(rng.normal(1, 0.5, (n, 2)), 2).tolist()
            risk = {
                "factors": {"market": {"market": 0.03}, "rates": {"rates": 0.01, "market": 0.002}},
                "exposures": {name: dict(zip(("market", "rates"), line)) for name, line in zip(ids, exposures)},
            }
            for asset, own in zip(assets, np.round(rng.uniform(0.01, 0.05, n), 3).tolist()):
                asset["specific"] = own
        document: dict[str, Any] = {"name": f"portfolio-{size}-{seed}", "assets": assets, "risk": risk}
        if equal:
            return PortfolioInstance.model_validate(document | {"weights": "equal", "names": max(1, n // 3)})
        for asset, price in zip(assets, rng.integers(5, 40, n).tolist()):
            asset["price"] = price
        document |= {"budget": 120, "names": {"max": max(1, n // 2)}, "sectors": {"east": {"max": 0.7}}}
        if seed % 2 == 0:
            assets[0]["held"] = 2
            document["trading"] = {"cost": 0.01, "fee": 1, "most": 1.2}
        return PortfolioInstance.model_validate(document)

    def domain_check(self, instance: PortfolioInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
        return judge.faults(instance, plan)


PLUGIN = Portfolio()
