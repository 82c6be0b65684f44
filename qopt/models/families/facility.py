"""Facility location: which sites to open, and which of them serve whom, so that opening and serving cost least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, Strict, model_validator

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError, RecordError
from qopt.core.names import Labels, NameTable
from qopt.core.polynomial import Polynomial
from qopt.core.problem import Columns, Kind, Problem
from qopt.core.rows import GroupKind, Groups, Rows
from qopt.core.solution import Solution
from qopt.models.faults import Fault, refuse
from qopt.models.instance import Instance, Name
from qopt.models.instance import Strict as Part
from qopt.models.plans import amount, entries

Id = Name | Annotated[int, Strict()]
Amount = Annotated[float, Strict(), Field(ge=0)]


class Site(Part):
    """A place that may be opened: what that costs, and how much demand it can serve (left out: any)."""

    id: Id
    open_cost: Amount = 0.0
    capacity: Amount | None = None


class Customer(Part):
    """Somebody to be served: the demand, and what serving all of it costs from each site, in the order of the sites."""

    id: Id
    demand: Amount = 1.0
    cost: tuple[Amount, ...]


class FacilityInstance(Instance):
    """Sites and customers.

    Parameters
    ----------
    split
        Whether several sites may serve parts of one customer's demand.
    most_open
        Most sites that are opened.
    """

    family: ClassVar[str] = "facility"

    problem: Literal["facility"] = "facility"
    sites: tuple[Site, ...] = Field(min_length=1)
    customers: tuple[Customer, ...] = Field(min_length=1)
    split: bool = False
    most_open: Annotated[int, Strict(), Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> FacilityInstance:
        faults: list[Fault] = []
        parts: tuple[tuple[str, tuple[Site | Customer, ...]], ...] = (
            ("sites", self.sites),
            ("customers", self.customers),
        )
        for name, things in parts:
            seen: set[str] = set()
            for k, thing in enumerate(things):
                if str(thing.id) in seen:
                    faults.append(((name, k, "id"), "ids must differ", thing.id))
                seen.add(str(thing.id))
        for k, customer in enumerate(self.customers):
            if len(customer.cost) != len(self.sites):
                rule = f"one cost for each of {len(self.sites)} sites is needed"
                faults.append((("customers", k, "cost"), rule, len(customer.cost)))
        room = sum(np.inf if site.capacity is None else site.capacity for site in self.sites)
        if not faults and sum(c.demand for c in self.customers) > room:
            faults.append((("sites",), "all sites together cannot serve the demand", f"{room:g}"))
        refuse("facility", faults)
        return self


@dataclass(frozen=True)
class Facility:
    """The family of facility location problems."""

    name: str = "facility"
    instance: type[FacilityInstance] = FacilityInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {"serve": "open[site], and serve[customer, site]: who serves whom, or what share of it"}
    )

    def size(self, instance: FacilityInstance, formulation: str = "serve") -> tuple[int, int]:
        """Columns, and nonzeros of objective, rows and groups together."""
        sites, pairs = len(instance.sites), len(instance.sites) * len(instance.customers)
        return sites + pairs, sites + pairs + 2 * sites + 4 * pairs

    def build(self, instance: FacilityInstance, *, formulation: str = "auto", pool: Any = None) -> Problem:
        """The instance as a Problem: every customer is served once, by open sites, within their capacities.

        Raises
        ------
        ModelError
            No such formulation.
        """
        if formulation not in ("auto", *self.formulations):
            raise ModelError(f"facility has no formulation {formulation!r}; it has: {', '.join(self.formulations)}")
        m, n = len(instance.sites), len(instance.customers)
        sites, people = (tuple(str(t.id) for t in things) for things in (instance.sites, instance.customers))
        names = NameTable((Labels("open", (m,), (sites,)), Labels("serve", (n, m), (people, sites))))
        kind = np.zeros(m + n * m, np.int8)
        kind[m:] = Kind.REAL if instance.split else Kind.BINARY
        columns = Columns(kind, np.zeros(m + n * m), np.ones(m + n * m), names)
        opening, serving = np.zeros((2, m + n * m))
        opening[:m] = [site.open_cost for site in instance.sites]
        serving[m:] = np.array([customer.cost for customer in instance.customers]).ravel()
        objective = {"opening": Polynomial(opening), "serving": Polynomial(serving)}
        index = m + np.arange(n * m).reshape(n, m)
        demand = [customer.demand for customer in instance.customers]
        lines: list[tuple[dict[int, float], float, float]] = []
        families: list[Labels] = []
        if instance.split:
            lines += [({int(c): 1.0 for c in index[j]}, 1.0, 1.0) for j in range(n)]
            families.append(Labels("served", (n,), (people,), why="every customer is served"))
        lines += [({int(index[j, i]): 1.0, i: -1.0}, -np.inf, 0.0) for j in range(n) for i in range(m)]
        families.append(Labels("only open sites", (n, m), (people, sites), why="a closed site serves nobody"))
        bounded = [i for i, site in enumerate(instance.sites) if site.capacity is not None]
        for i in bounded:
            line = {int(index[j, i]): demand[j] for j in range(n) if demand[j]}
            lines.append((line | {i: -float(instance.sites[i].capacity or 0.0)}, -np.inf, 0.0))
        if bounded:
            told = tuple(sites[i] for i in bounded)
            families.append(Labels("capacity", (len(bounded),), (told,), why="a site serves what it has room for"))
        if instance.most_open is not None:
            lines.append((dict.fromkeys(range(m), 1.0), -np.inf, float(instance.most_open)))
            families.append(Labels("most open", why="no more sites than allowed"))
        groups = Groups()
        if not instance.split:
            served = NameTable((Labels("served", (n,), (people,), why="every customer is served once"),))
            kinds, members = np.full(n, GroupKind.EXACTLY_ONE), index.ravel().astype(np.int32)
            groups = Groups(kinds, np.arange(n + 1) * m, members, served)
        rows = Rows.of(lines, NameTable(tuple(families)))
        return Problem.build(columns, objective, rows=rows, groups=groups, name=instance.name)

    def interpret(self, instance: FacilityInstance, solution: Solution) -> dict[str, Any]:
        """Open sites, the share of each customer that each site serves, and what it costs."""
        assert solution.values is not None
        m = len(instance.sites)
        opened, share = solution.values[:m], solution.values[m:].reshape(-1, m)
        chosen = [site.id for site, value in zip(instance.sites, opened, strict=True) if value > 0.5]
        assignment = [
            [customer.id, instance.sites[i].id, round(float(share[j, i]), 9)]
            for j, customer in enumerate(instance.customers)
            for i in np.flatnonzero(share[j] > 1e-9).tolist()
        ]
        costs = np.array([customer.cost for customer in instance.customers])
        opening = sum(site.open_cost for site, value in zip(instance.sites, opened, strict=True) if value > 0.5)
        return {
            "open": chosen,
            "serves": assignment,
            "cost": {"opening": float(opening), "serving": float((costs * share).sum())},
        }

    def restore(self, instance: FacilityInstance, plan: Mapping[str, Any]) -> Floats:
        """A plan's open sites and shares as column values; a share left out is the whole.

        Raises
        ------
        RecordError
            No such lists, or an entry that names nobody.
        """
        site = {str(s.id): k for k, s in enumerate(instance.sites)}
        person = {str(c.id): k for k, c in enumerate(instance.customers)}
        m = len(site)
        values = np.zeros(m + m * len(person))
        for k, name in enumerate(entries(plan, "open")):
            if str(name) not in site:
                raise RecordError(f"open[{k}] is {name!r}, which is no site of {instance.name}")
            values[site[str(name)]] = 1.0
        for k, entry in enumerate(entries(plan, "serves")):
            known = isinstance(entry, (list, tuple)) and len(entry) in (2, 3)
            if not known or str(entry[0]) not in person or str(entry[1]) not in site:
                raise RecordError(f"serves[{k}] is {entry!r}, which is no customer with a site of {instance.name}")
            share = amount(entry[2], f"serves[{k}]") if len(entry) == 3 else 1.0
            values[m + person[str(entry[0])] * m + site[str(entry[1])]] += share
        return values

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Two plans are the same when the same sites serve the same shares."""
        return tuple(sorted((str(a), str(b), round(float(share), 6)) for a, b, share in plan["serves"]))

    def example(self) -> FacilityInstance:
        """Three depots for four towns: the cheap one in the middle is too small for all of them."""
        return FacilityInstance(
            name="depots-for-towns",
            sites=(
                Site(id="north", open_cost=20, capacity=60),
                Site(id="middle", open_cost=8, capacity=30),
                Site(id="south", open_cost=22, capacity=60),
            ),
            customers=(
                Customer(id="york", demand=12, cost=(3, 4, 12)),
                Customer(id="leeds", demand=20, cost=(6, 5, 11)),
                Customer(id="hull", demand=9, cost=(14, 7, 4)),
                Customer(id="lincoln", demand=15, cost=(18, 9, 3)),
            ),
        )

    def generate(self, size: int, *, seed: int) -> FacilityInstance:
        """``size`` customers and half as many sites in a square, twice the capacity needed; odd seeds may split."""
        rng = np.random.default_rng(seed)
        n, m = max(1, size), max(1, (size + 1) // 2)
        spot, demand = rng.integers(0, 50, (n + m, 2)), rng.integers(1, 20, n).astype(float)
        cost = np.abs(spot[:n, None] - spot[None, n:]).sum(axis=2).astype(float)
        capacity = max(float(demand.max()), float(np.ceil(2 * demand.sum() / m)))
        sites = tuple(Site(id=f"s{i}", open_cost=float(rng.integers(20, 60)), capacity=capacity) for i in range(m))
        people = tuple(Customer(id=f"c{j}", demand=demand[j], cost=tuple(cost[j].tolist())) for j in range(n))
        return FacilityInstance(name=f"facility-{size}-{seed}", sites=sites, customers=people, split=bool(seed % 2))

    def domain_check(self, instance: FacilityInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
        broken: list[str] = []
        sites = {site.id: site for site in instance.sites}
        served = {customer.id: 0.0 for customer in instance.customers}
        load = {site.id: 0.0 for site in instance.sites}
        people = {customer.id: customer for customer in instance.customers}
        order = {site.id: k for k, site in enumerate(instance.sites)}
        serving = 0.0
        for customer, site, share in plan["serves"]:
            if site not in plan["open"]:
                broken.append(f"{site} serves {customer}, but is closed")
            if not instance.split and share != 1:
                broken.append(f"{customer} is split")
            served[customer] += share
            load[site] += share * people[customer].demand
            serving += share * people[customer].cost[order[site]]
        broken += [f"{name} is served {share:g} times" for name, share in served.items() if abs(share - 1) > 1e-6]
        for name, amount_served in load.items():
            room = sites[name].capacity
            if room is not None and amount_served > room * (1 + 1e-6) + 1e-6:
                broken.append(f"{name} serves {amount_served:g}, its capacity is {room:g}")
        if instance.most_open is not None and len(plan["open"]) > instance.most_open:
            broken.append(f"{len(plan['open'])} sites are open, at most {instance.most_open}")
        opening = sum(sites[name].open_cost for name in plan["open"])
        for what, value in (("opening", opening), ("serving", serving)):
            if abs(value - plan["cost"][what]) > 1e-6 * max(1.0, abs(value)):
                broken.append(f"the plan states {plan['cost'][what]:g} for {what}, it is {value:g}")
        return broken


PLUGIN = Facility()
