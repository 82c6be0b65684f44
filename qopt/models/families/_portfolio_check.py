"""The judge of portfolios: every rule and every stated number anew, asset by asset, from the document alone."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from qopt.models.families._portfolio_document import PortfolioInstance


def faults(instance: PortfolioInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
    known = {str(asset.id): asset for asset in instance.assets}
    broken = [f"there is no asset {line['asset']}" for line in plan["holdings"] if str(line["asset"]) not in known]
    if broken:
        return broken
    lots: dict[str, int] = dict.fromkeys(known, 0)
    for line in plan["holdings"]:
        lots[str(line["asset"])] += line["lots"]
        if line["lots"] < 1:
            broken.append(f"{line['asset']} is listed with {line['lots']} lots")
    broken += _positions(instance, lots)
    money = _money(instance, lots)
    moved, cost, complaints = _trades(instance, plan, lots, money)
    broken += complaints
    gain = -cost
    for name, worth in money.items():
        gain += worth * _gain(instance, name)
    variance = _variance(instance, {name: worth / instance.money for name, worth in money.items()})
    broken += _limits(instance, money, cost, moved, gain, variance)
    stated = {
        "invested": (sum(money.values()), plan["invested"]),
        "costs": (cost, plan["costs"]),
        "return": (gain / instance.money, plan["return"]),
        "volatility": (sqrt(max(0.0, variance)), plan["volatility"]),
    }
    for what, (value, told) in stated.items():
        if abs(value - told) > 1e-6 * max(1.0, abs(value)):
            broken.append(f"the plan states {told:g} for {what}, it is {value:g}")
    return broken


def _money(instance: PortfolioInstance, lots: Mapping[str, int]) -> dict[str, float]:
    """What is in each asset."""
    if instance.weights == "equal":
        return {name: count * instance.money / (instance.names.max or 1) for name, count in lots.items()}
    return {str(a.id): lots[str(a.id)] * a.price * a.lot for a in instance.assets}


def _positions(instance: PortfolioInstance, lots: Mapping[str, int]) -> list[str]:
    broken = []
    for asset in instance.assets:
        count = lots[str(asset.id)]
        most = 1 if instance.weights == "equal" else asset.max
        if asset.max is not None and most is not None:
            most = min(most, asset.max)
        if most is not None and count > most:
            broken.append(f"{count} lots of {asset.id} are held, at most {most}")
        if 0 < count < asset.min:
            broken.append(f"{count} lots of {asset.id} are held, at least {asset.min} if any")
    held = sum(1 for count in lots.values() if count)
    if held < instance.names.min:
        broken.append(f"{held} assets are held, at least {instance.names.min}")
    if instance.names.max is not None and held > instance.names.max:
        broken.append(f"{held} assets are held, at most {instance.names.max}")
    return broken


def _trades(
    instance: PortfolioInstance, plan: Mapping[str, Any], lots: Mapping[str, int], money: Mapping[str, float]
) -> tuple[float, float, list[str]]:
    """Money moved, what that costs, and trades that do not lead from what was held to what is held."""
    broken: list[str] = []
    listed = {str(line["asset"]): (line["bought"], line["sold"]) for line in plan["trades"]}
    moved = cost = 0.0
    for asset in instance.assets:
        name = str(asset.id)
        bought, sold = listed.get(name, (0, 0))
        if asset.held + bought - sold != lots[name]:
            broken.append(f"{name}: {asset.held} held, {bought} bought and {sold} sold do not make {lots[name]}")
        if min(bought, sold) < 0 or (name in listed and bought + sold == 0):
            broken.append(f"{name} is listed as traded, but {bought} are bought and {sold} sold")
        unit = instance.money / (instance.names.max or 1) if instance.weights == "equal" else asset.price * asset.lot
        moved += (bought + sold) * unit
        cost += (bought + sold) * unit * instance.trading.cost + (instance.trading.fee if bought + sold else 0.0)
    return moved, cost, broken


def _limits(
    instance: PortfolioInstance,
    money: Mapping[str, float],
    cost: float,
    moved: float,
    gain: float,
    variance: float,
) -> list[str]:
    broken: list[str] = []
    budget, total = instance.money, sum(money.values())

    def above(what: str, value: float, most: float) -> None:
        if value - most > 1e-6 * max(1.0, abs(value)) or (
            float(value).is_integer() and _whole(instance) and value > most
        ):
            broken.append(f"{what} is {value:g}, at most {most:g}")

    def below(what: str, value: float, least: float) -> None:
        if least - value > 1e-6 * max(1.0, abs(value)):
            broken.append(f"{what} is {value:g}, at least {least:g}")

    if instance.weights == "lots":
        above("what is spent", total + cost, budget)
    below("what is invested", total, instance.invest_at_least * budget)
    for sector, limit in instance.sectors.items():
        inside = sum(money[str(asset.id)] for asset in instance.assets if asset.sector == sector)
        if limit.max < 1:
            above(f"what is in {sector}", inside, limit.max * budget)
        below(f"what is in {sector}", inside, limit.min * budget)
    if instance.trading.most is not None:
        above("what is bought and sold", moved, instance.trading.most * budget)
    if instance.min_return is not None:
        below("the expected return", gain, instance.min_return * budget)
    if instance.max_volatility is not None:
        above("the variance times the budget", variance * budget, instance.max_volatility**2 * budget)
    return broken


def _whole(instance: PortfolioInstance) -> bool:
    """Whether all money is counted in whole units, so that nothing is rounded."""
    prices = [asset.price for asset in instance.assets] + [instance.money]
    return (
        instance.weights == "lots" and not instance.trading.cost and all(float(price).is_integer() for price in prices)
    )


def _gain(instance: PortfolioInstance, name: str) -> float:
    """Expected return of an asset."""
    for asset in instance.assets:
        if str(asset.id) == name and asset.gain is not None:
            return asset.gain
    past = _history(instance, {name: 1.0})
    return instance.risk.periods * sum(past) / len(past)


def _history(instance: PortfolioInstance, shares: Mapping[str, float]) -> list[float]:
    """The returns that shares would have had."""
    lines = instance.risk.history or ()
    if instance.risk.prices:
        return [sum(w * (b[n] / a[n] - 1) for n, w in shares.items()) for a, b in zip(lines, lines[1:])]
    return [sum(share * line[name] for name, share in shares.items()) for line in lines]


def _variance(instance: PortfolioInstance, shares: Mapping[str, float]) -> float:
    """Variance of the return: of the portfolio's own past, from its exposures, or from the matrix."""
    risk = instance.risk
    if risk.history is not None:
        past = _history(instance, shares)
        mean = sum(past) / len(past)
        return risk.periods * sum((value - mean) ** 2 for value in past) / (len(past) - 1)
    total = 0.0
    if risk.factors is not None:
        exposed = {
            factor: sum(share * risk.exposures.get(name, {}).get(factor, 0.0) for name, share in shares.items())
            for factor in risk.factors
        }
        for a, x in exposed.items():
            for b, y in exposed.items():
                total += x * y * risk.factors[a].get(b, risk.factors.get(b, {}).get(a, 0.0))
        return total + sum(shares[str(asset.id)] ** 2 * asset.specific for asset in instance.assets)
    order = {str(asset.id): k for k, asset in enumerate(instance.assets)}
    given = risk.covariance
    for a, x in shares.items():
        for b, y in shares.items():
            if isinstance(given, dict):
                between = given.get(a, {}).get(b, given.get(b, {}).get(a, 0.0))
            else:
                between = (given or ())[order[a]][order[b]]
            total += x * y * between
    return total
