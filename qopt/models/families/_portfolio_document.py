"""Portfolios as documents: assets, where their risk is known from, and what a portfolio may look like."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, Strict, model_validator

from qopt.models.documents.issues import closest
from qopt.models.families._portfolio_numbers import covariance
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name
from qopt.models.instance import Strict as Part

Id = Name | Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Amount = Annotated[float, Strict(), Field(ge=0)]
Positive = Annotated[float, Strict(), Field(gt=0)]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
Count = Annotated[int, Strict(), Field(ge=0, le=1_000_000)]
Square = tuple[tuple[Number, ...], ...] | dict[Name, dict[Name, Number]]
"""A matrix in the order of the assets, or by name and name."""


class Asset(Part):
    """Something to hold.

    Parameters
    ----------
    id
        Unique.
    return
        Expected return of one period, as a fraction; left out: the mean of the history.
    price, lot
        Price of one unit, and how many units are traded together.
    min, max
        Lots that are held if any are, and lots that may be held.
    held
        Lots that are held now; with equal weights 1 where it is held.
    sector
        For the limits of sectors.
    specific
        With factors: the variance that no factor explains.
    """

    id: Id
    gain: Number | None = Field(default=None, alias="return")
    price: Positive = 1.0
    lot: Annotated[int, Strict(), Field(ge=1)] = 1
    min: Annotated[int, Strict(), Field(ge=1, le=1_000_000)] = 1
    max: Count | None = None
    held: Count = 0
    sector: Name | None = None
    specific: Amount = 0.0

    @property
    def cost(self) -> float:
        """What one lot costs."""
        return self.price * self.lot


class Risk(Part):
    """Where the covariance of the returns comes from: a matrix, a history, or factors.

    Parameters
    ----------
    covariance
        Of the returns of one period, as fractions: rows in the order of the assets, or by name and name.
    history
        Returns of past periods: a mapping from assets to fractions for each; other keys, such as a date, are let be.
    prices
        Whether the history lists prices instead of returns.
    periods
        Past periods in one period of the plan, such as 12 for months in a year: scales mean and covariance.
    factors
        Covariance of the factors, by name and name.
    exposures
        What one unit of each factor does to each asset, by asset and factor; left out: 0.
    """

    covariance: Square | None = None
    history: tuple[dict[str, Any], ...] | None = Field(default=None, min_length=2)
    prices: bool = False
    periods: Positive = 1.0
    factors: dict[Name, dict[Name, Number]] | None = None
    exposures: dict[Name, dict[Name, Number]] = Field(default_factory=dict)


class Limits(Part):
    """At least and at most."""

    min: Share = 0.0
    max: Share = 1.0


class Names(Part):
    """How many assets are held, at least and at most."""

    min: Count = 0
    max: Count | None = None


class Trading(Part):
    """What changing the holdings costs.

    Parameters
    ----------
    cost
        Fraction of the money that is bought or sold.
    fee
        For every asset that is bought or sold.
    most
        Largest sum of what is bought and sold, as a share of the budget.
    """

    cost: Share = 0.0
    fee: Amount = 0.0
    most: Amount | None = None


def _exactly(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return {"min": value, "max": value} if whole else value


class PortfolioInstance(Instance):
    """Assets, their risk, and what a portfolio may look like. Shares, returns and volatility are parts of the budget.

    Parameters
    ----------
    weights
        ``lots``: whole lots are bought. ``equal``: assets are in or out, and those that are in weigh the same.
    objective
        ``utility``: expected return less ``aversion`` times variance, in money. ``return``: expected return, in money.
        ``risk``: variance times the budget. Costs of trading reduce the return.
    aversion
        How much return one unit of variance takes away.
    min_return
        Least expected return, after costs of trading.
    max_volatility
        Largest standard deviation of the return.
    budget
        Money to invest, what is held now included; 100 by default with equal weights.
    invest_at_least
        The rest stays in cash, without return or risk.
    names
        How many assets are held: a number, or ``min`` and ``max``.
    sectors
        Limits of the shares of sectors.
    trading
        Costs and limits of changing what is held now.
    """

    family: ClassVar[str] = "portfolio"

    problem: Literal["portfolio"] = "portfolio"
    weights: Literal["lots", "equal"] = "lots"
    assets: tuple[Asset, ...] = Field(min_length=1)
    risk: Risk
    budget: Positive | None = None
    objective: Literal["utility", "return", "risk"] = "utility"
    aversion: Amount = 1.0
    min_return: Number | None = None
    max_volatility: Amount | None = None
    invest_at_least: Share = 0.0
    names: Annotated[Names, BeforeValidator(_exactly)] = Names()
    sectors: dict[Name, Limits] = Field(default_factory=dict)
    trading: Trading = Trading()

    @model_validator(mode="after")
    def _consistent(self) -> PortfolioInstance:
        refuse("portfolio", [*_assets(self), *_limits(self)])
        refuse("portfolio", _risk(self))
        refuse("portfolio", _definite(self))
        return self

    @property
    def money(self) -> float:
        """The budget."""
        return 100.0 if self.budget is None else self.budget


def _assets(instance: PortfolioInstance) -> list[Fault]:
    faults: list[Fault] = []
    seen: set[str] = set()
    for k, asset in enumerate(instance.assets):
        if str(asset.id) in seen:
            faults.append((("assets", k, "id"), "ids must differ", asset.id))
        seen.add(str(asset.id))
        if asset.max is not None and asset.max < asset.min:
            faults.append((("assets", k, "max"), f"max is below min, which is {asset.min}", asset.max))
        if asset.gain is None and instance.risk.history is None:
            rule = "an expected return is needed: add 'return: …', or a history of returns"
            faults.append((("assets", k), rule, str(asset.id)))
        if instance.weights == "equal" and (asset.held > 1 or asset.min > 1):
            key = "held" if asset.held > 1 else "min"
            faults.append((("assets", k, key), "with equal weights an asset is in or out, 1 or 0", getattr(asset, key)))
        if asset.specific and instance.risk.factors is None:
            faults.append(
                (("assets", k, "specific"), "only a risk with factors has specific variances", asset.specific)
            )
    return faults


def _limits(instance: PortfolioInstance) -> list[Fault]:
    faults: list[Fault] = []
    names, count = instance.names, len(instance.assets)
    if instance.weights == "lots" and instance.budget is None:
        faults.append((("weights",), "lots need a budget", instance.weights))
    if instance.weights == "equal" and (not names.max or names.min != names.max):
        faults.append((("names",), "equal weights need a number of names, such as 'names: 5'", names.max))
    if names.min > (count if names.max is None else min(names.max, count)):
        most = (
            f"max, which is {names.max}" if names.max is not None and names.max < names.min else f"the {count} assets"
        )
        faults.append((("names",), f"more names are needed than {most}", names.min))
    nothing = instance.min_return is None and not instance.invest_at_least and not names.min
    if instance.objective == "risk" and nothing and not any(limit.min for limit in instance.sectors.values()):
        rule = "the least risk is to buy nothing: add min_return, invest_at_least or names"
        faults.append((("objective",), rule, instance.objective))
    known = {asset.sector for asset in instance.assets if asset.sector is not None}
    for name, limit in instance.sectors.items():
        if name not in known:
            hint = closest(name, sorted(known))
            faults.append((("sectors", name), f"no asset is in this sector{f'; {hint}' if hint else ''}", name))
        if limit.min > limit.max:
            faults.append((("sectors", name, "min"), f"min is above max, which is {limit.max:g}", limit.min))
    return faults


def _risk(instance: PortfolioInstance) -> list[Fault]:
    """Exactly one source, that speaks of every asset, and of nothing else where it has names."""
    risk, ids = instance.risk, [str(asset.id) for asset in instance.assets]
    given = [key for key in ("covariance", "history", "factors") if getattr(risk, key) is not None]
    if len(given) != 1:
        return [(("risk",), "risk needs one of covariance, history and factors", ", ".join(given) or "nothing")]
    faults: list[Fault] = []
    if risk.history is not None:
        for k, line in enumerate(risk.history):
            for name in ids:
                value = line.get(name)
                number = isinstance(value, (int, float)) and not isinstance(value, bool)
                if not number or (risk.prices and not value > 0):  # type: ignore[operator]
                    what = "a price above 0" if risk.prices else "a return"
                    at: tuple[str | int, ...] = ("risk", "history", k, name) if name in line else ("risk", "history", k)
                    faults.append((at, f"every period needs {what} of {name}", value))
        if risk.prices and len(risk.history) < 3:
            faults.append((("risk", "history"), "prices of at least three days are needed", len(risk.history)))
        return faults
    if risk.factors is not None:
        faults += _foreign(("risk", "factors"), risk.factors, list(risk.factors), "factor")
        for name, line in risk.exposures.items():
            if name not in ids:
                faults.append((("risk", "exposures", name), f"there is no such asset; {closest(name, ids)}", name))
            faults += [
                (("risk", "exposures", name, f), f"there is no such factor; {closest(f, risk.factors)}", f)
                for f in line
                if f not in risk.factors
            ]
        return faults
    if isinstance(risk.covariance, dict):
        lacking = [name for name in ids if name not in risk.covariance]
        if lacking:
            faults.append((("risk", "covariance"), "every asset needs a line", f"none of {', '.join(lacking[:3])}"))
        return faults + _foreign(("risk", "covariance"), risk.covariance, ids, "asset")
    assert risk.covariance is not None
    if len(risk.covariance) != len(ids):
        rule = f"one line for each of {len(ids)} assets is needed"
        faults.append((("risk", "covariance"), rule, len(risk.covariance)))
    for k, row in enumerate(risk.covariance):
        if len(row) != len(ids):
            rule = f"one number for each of {len(ids)} assets is needed"
            faults.append((("risk", "covariance", k), rule, len(row)))
    return faults


def _foreign(at: tuple[str, ...], given: dict[str, dict[str, float]], names: list[str], what: str) -> list[Fault]:
    faults: list[Fault] = []
    for a, line in given.items():
        if a not in names:
            faults.append(((*at, a), f"there is no such {what}; {closest(a, names)}", a))
        for b, value in line.items():
            if b not in names:
                faults.append(((*at, a, b), f"there is no such {what}; {closest(b, names)}", b))
            elif given.get(b, {}).get(a, value) != value:
                faults.append(((*at, a, b), f"the entry of {b} and {a} is another", value))
    return faults


def _definite(instance: PortfolioInstance) -> list[Fault]:
    """A covariance is symmetric, and no portfolio has a negative variance."""
    given = covariance(instance)
    skew = np.argwhere(np.abs(given - given.T) > 1e-12 * max(1.0, float(np.abs(given).max(initial=0.0))))
    where = "factors" if instance.risk.factors is not None else "covariance"
    if len(skew):
        i, j = (int(k) for k in skew[0])
        at: tuple[str | int, ...] = ("risk", where) if where == "factors" else ("risk", where, i, j)
        return [(at, "a covariance is symmetric: the mirrored entry is another", float(given[i, j]))]
    least, most = (float(value) for value in np.linalg.eigvalsh(given)[[0, -1]])
    if instance.risk.history is None and least < -1e-9 * max(abs(most), abs(least)):
        rule = "some portfolio would have a negative variance: this is no covariance"
        return [(("risk", where), rule, f"least eigenvalue {least:g}")]
    return []
