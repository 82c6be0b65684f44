"""Routing: vehicles from one depot make every visit once; a travelling salesman is one vehicle without capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError, RecordError
from qopt.core.forms.fleet import Fleet
from qopt.core.forms.fleet import Proposal as FleetProposal
from qopt.core.forms.routes import Proposal, Routes
from qopt.core.problem import Problem
from qopt.core.solution import Solution
from qopt.models.families import _fleet_check as rich_judge
from qopt.models.families import _fleet_pool as tours
from qopt.models.families import _routing_arcs as arcs
from qopt.models.families import _routing_check as judge
from qopt.models.families import _routing_plan as rich
from qopt.models.families import _routing_pool as selection
from qopt.models.families import _routing_position as position
from qopt.models.families._routing_document import Location, RoutingInstance, Travel, Vehicle, Visit
from qopt.models.plans import entries

__all__ = ["PLUGIN", "Location", "Routing", "RoutingInstance", "Travel", "Vehicle", "Visit"]


@dataclass(frozen=True)
class Routing:
    """The family of routing problems."""

    name: str = "routing"
    differ: float = 0.05
    instance: type[RoutingInstance] = RoutingInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {
            "position": "one binary column per position and visit (per vehicle, where there are several)",
            "arcs": "one binary column per arc, with a flow that forbids rounds without the depot",
            "pool": "one binary column per route of known answers; needs a pool",
        }
    )

    def form(self, instance: RoutingInstance) -> Routes | Fleet:
        """The native form: ``routes`` where that says everything, else ``fleet``."""
        return instance.form

    def offers(self, instance: RoutingInstance) -> tuple[str, ...]:
        """Formulations of an instance: a choice among known tours is the one that every rule fits into."""
        if instance.plain:
            return tuple(self.formulations)
        return ("pool",) if tours.fits(instance.rich) else ()

    def points(self, instance: RoutingInstance) -> tuple[list[str | int], Floats | None]:
        """Ids of the form's nodes, the depot first, and their coordinates (x, y), shape (n, 2), if any."""
        return [instance.depot, *(visit.id for visit in instance.stops)], instance.points

    def choose(self, instance: RoutingInstance, purpose: str) -> str:
        """``position`` to sample, else ``arcs``; where there are rich rules, ``pool``."""
        if not instance.plain:
            return "pool"
        return "position" if purpose == "sample" else "arcs"

    def size(self, instance: RoutingInstance, formulation: str = "position") -> tuple[int, int]:
        """Columns and nonzeros without building anything; ``pool`` depends on the pool and counts as one per visit."""
        chosen = self._formulation(instance, formulation)
        if chosen == "pool":
            return (len(instance.stops), 2 * len(instance.stops)) if instance.plain else (10**9, 10**9)
        return (arcs if chosen == "arcs" else position).size(instance.routes)

    def build(
        self, instance: RoutingInstance, *, formulation: str = "auto", pool: Sequence[Any] | None = None
    ) -> Problem:
        """The instance as a Problem.

        Parameters
        ----------
        pool
            Proposals whose routes the formulation ``pool`` chooses from.

        Raises
        ------
        ModelError
            No such formulation, or ``pool`` without a pool.
        """
        chosen = self._formulation(instance, formulation)
        ids = tuple(str(visit.id) for visit in instance.stops)
        if not instance.plain:
            kinds = tuple(name for _, name in instance.crew)
            return tours.build(instance.rich, _given(pool), ids, kinds, instance.name)
        if chosen == "pool":
            return selection.build(instance.routes, _given(pool), ids, instance.name)
        if chosen == "arcs":
            return arcs.build(instance.routes, ids, str(instance.depot), instance.name)
        if position.is_tour(instance.routes):
            return position.tour(instance.routes, ids, instance.name)
        return position.fleet(instance.routes, ids, str(instance.depot), instance.name)

    def lift(
        self,
        instance: RoutingInstance,
        proposal: Any,
        *,
        formulation: str = "auto",
        pool: Sequence[Any] | None = None,
    ) -> Floats | None:
        """A proposal as columns of a formulation; None when that formulation cannot hold it."""
        if not instance.plain:
            return None if pool is None else tours.lift(instance.rich, pool, proposal)
        chosen = self._formulation(instance, formulation)
        if chosen == "pool":
            return selection.lift(instance.routes, _given(pool), proposal)
        return (arcs if chosen == "arcs" else position).lift(instance.routes, proposal)

    def lower(
        self,
        instance: RoutingInstance,
        values: Any,
        *,
        formulation: str = "auto",
        pool: Sequence[Any] | None = None,
    ) -> Any:
        """The proposal behind columns of a formulation; None when they describe none."""
        if not instance.plain:
            return tours.lower(instance.rich, _given(pool), values)
        chosen = self._formulation(instance, formulation)
        if chosen == "pool":
            return selection.lower(instance.routes, _given(pool), values)
        return (arcs if chosen == "arcs" else position).lower(instance.routes, values)

    def interpret(self, instance: RoutingInstance, solution: Solution) -> dict[str, Any]:
        """Routes with their stops, loads and costs; visits that none makes are listed as unserved.

        Raises
        ------
        ModelError
            Values that describe no routes.
        """
        proposal = solution.candidate.proposal
        if not instance.plain:
            return rich.plan_of(instance, instance.rich, proposal)
        if proposal is None:
            proposal = self._described(instance, solution)
        form, ids = instance.routes, [visit.id for visit in instance.stops]
        count = instance.vehicle.count
        routes = []
        for k, route in enumerate(proposal.routes, start=1):
            vehicle = instance.vehicle.id if count == 1 and len(proposal.routes) == 1 else f"{instance.vehicle.id}-{k}"
            routes.append(
                {
                    "vehicle": vehicle,
                    "stops": [ids[c - 1] for c in route.tolist()],
                    "load": _tidy(float(form.demand[route].sum())),
                    "cost": _tidy(selection.length(form, route)),
                }
            )
        made = {int(c) for route in proposal.routes for c in route}
        unserved = [
            {"visit": name, "reason": "no route makes this visit"} for k, name in enumerate(ids, 1) if k not in made
        ]
        return {"routes": routes, "unserved": unserved}

    def tell(self, instance: RoutingInstance, plan: Mapping[str, Any]) -> Mapping[str, Any]:
        """The plan with the reason why each of the visits that nobody makes is left out."""
        return plan if instance.plain else rich.told(instance, instance.rich, plan)

    def restore(self, instance: RoutingInstance, plan: Mapping[str, Any]) -> Proposal | FleetProposal:
        """A plan's stops as routes of the form; its loads and costs are not looked at.

        Raises
        ------
        RecordError
            No routes, or a stop that is no visit of this instance.
        """
        if not instance.plain:
            return rich.restore(instance, instance.rich, plan)
        node = {str(visit.id): k for k, visit in enumerate(instance.stops, start=1)}
        routes = []
        for k, route in enumerate(entries(plan, "routes")):
            if not isinstance(route, Mapping) or not isinstance(route.get("stops"), (list, tuple)):
                raise RecordError(f"routes[{k}] has no list of stops, got {route!r}")
            for stop in route["stops"]:
                if str(stop) not in node:
                    raise RecordError(f"routes[{k}] stops at {stop!r}, which is no visit of {instance.name}")
            routes.append(np.array([node[str(stop)] for stop in route["stops"]], dtype=np.int64))
        return Proposal(tuple(routes))

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Plans are the same whatever the order of their routes, where breaks are taken, and the direction where it
        costs nothing."""
        lines: list[Any] = []
        for route in plan["routes"]:
            if "kind" in route:
                whose = route["vehicle" if "changes" in plan else "kind"]  # it matters where a plan is changed
                lines.append(
                    (
                        str(whose),
                        tuple(str(step["id"]) for step in route["schedule"] if step["what"] != "break"),
                    )
                )
                continue
            stops = tuple(str(stop) for stop in route["stops"])
            lines.append((min(stops, stops[::-1]), round(float(route["cost"]), 6)))
        return tuple(sorted(lines))

    def decisions(self, plan: Mapping[str, Any]) -> list[Any]:
        """Every leg of every route: by which kind of vehicle, and whichever way where that is no matter of time."""
        legs: list[Any] = []
        for route in plan["routes"]:
            stops = ["", *map(str, route["stops"]), ""]
            pairs = zip(stops, stops[1:])
            legs += [(route["kind"], *pair) for pair in pairs] if "kind" in route else map(frozenset, pairs)
        return legs

    def example(self) -> RoutingInstance:
        """A bakery with two vans and six shops: each van takes the three shops on its side of the river."""
        spots = {"bakery": (0, 0), "abbey": (-4, 3), "mill": (-6, 0), "quay": (-4, -3)}
        spots |= {"school": (4, 3), "tower": (6, 0), "market": (4, -3)}
        return RoutingInstance.model_validate(
            {
                "name": "bakery-tuesday",
                "locations": [{"id": name, "x": x, "y": y} for name, (x, y) in spots.items()],
                "travel": {"euclidean": {}},
                "loads": ["crates"],
                "fleet": [{"id": "van", "count": 2, "capacity": {"crates": 12}}],
                "visits": [{"id": name, "deliver": {"crates": 4}} for name in list(spots)[1:]],
            }
        )

    def generate(self, size: int, *, seed: int) -> RoutingInstance:
        """``size`` visits in a square of side 100 with whole distances; about five to a route, one vehicle to spare."""
        rng = np.random.default_rng(seed)
        count = max(1, size)
        spot, load = rng.integers(0, 101, (count + 1, 2)), rng.integers(1, 21, count)
        capacity = int(max(load.max(), 55))
        return RoutingInstance.model_validate(
            {
                "name": f"routing-{count}-{seed}",
                "locations": [{"id": k, "x": int(x), "y": int(y)} for k, (x, y) in enumerate(spot)],
                "travel": {"euclidean": {"rounding": "nearest"}},
                "fleet": [{"count": -(-int(load.sum()) // capacity) + 1, "capacity": capacity}],
                "visits": [{"id": k, "deliver": int(d)} for k, d in enumerate(load, start=1)],
            }
        )

    def domain_check(self, instance: RoutingInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
        return judge.faults(instance, plan) if instance.plain else rich_judge.faults(instance, plan)

    def _formulation(self, instance: RoutingInstance, wanted: str) -> str:
        if wanted == "auto":
            return self.choose(instance, "sample")
        if wanted not in self.formulations:
            raise ModelError(f"routing has no formulation {wanted!r}; it has: {', '.join(self.formulations)}")
        return wanted

    def _described(self, instance: RoutingInstance, solution: Solution) -> Proposal:
        """The proposal behind a solution's values; its labels tell the formulation."""
        names = {family.name for family in solution.labels.families} if solution.labels is not None else {"x"}
        if "route" in names:
            texts = solution.labels.family("route").axes[0]
            chosen = [texts[k] for k in np.flatnonzero(np.asarray(solution.values) > 0.5)]
            return Proposal(tuple(np.array(text.split("-"), dtype=np.int64) for text in chosen))
        formulation = "arcs" if "arc" in names else "position"
        proposal = self.lower(instance, solution.values, formulation=formulation)
        if proposal is None:
            raise ModelError(f"these values of the {formulation} formulation describe no routes")
        return proposal


def _given(pool: Sequence[Any] | None) -> Sequence[Any]:
    if pool is None:
        raise ModelError("the formulation 'pool' chooses among known routes: give it a pool of proposals")
    return pool


def _tidy(value: float) -> int | float:
    return int(value) if value.is_integer() else value


PLUGIN = Routing()
