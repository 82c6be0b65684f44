"""Plans of the covering family, with the reason why an element is not covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.arrays import Floats, Ints

if TYPE_CHECKING:
    from qopt.models.families._covering_document import CoveringInstance


def plan_of(instance: CoveringInstance, chosen: Ints, reached: Ints) -> dict[str, Any]:
    """The plan that chooses some sets; ``reached`` are the elements that count as reached (``reach`` only)."""
    taken = np.zeros(len(instance.sets), dtype=bool)
    taken[chosen] = True
    holder, element = instance.held.set, instance.held.element
    needs = np.array([one.need for one in instance.elements])
    times = np.bincount(element[taken[holder]], minlength=len(needs))
    cost = np.array([choice.cost for choice in instance.sets])
    price = np.array([0.0 if one.unmet is None else one.unmet for one in instance.elements])
    plan: dict[str, Any] = {
        "sets": [instance.sets[s].id for s in chosen.tolist()],
        "cost": _tidy(cost[taken].sum()),
        "unmet": _tidy((price * np.maximum(0, needs - times)).sum()),
    }
    if instance.task == "pack":
        plan["value"] = _tidy(sum(instance.sets[s].value for s in chosen.tolist()))
    elif instance.task == "reach":
        plan["value"] = _tidy(sum(instance.elements[e].weight for e in reached.tolist()))
        plan["reached"] = [instance.elements[e].id for e in reached.tolist()]
    plan["uncovered"] = [
        {
            "element": instance.elements[e].id,
            "times": int(times[e]),
            "need": int(needs[e]),
            "reason": reason(instance, e, taken, times, cost),
        }
        for e in np.flatnonzero(times < (needs if instance.task != "pack" else np.minimum(needs, 1))).tolist()
    ]
    return plan


def reason(instance: CoveringInstance, e: int, taken: Any, times: Ints, cost: Floats) -> str:
    """Why an element has fewer sets than it needs: the first rule that stands in the way of the cheapest other set."""
    holder, element = instance.held.set, instance.held.element
    free = [int(s) for s in holder[element == e] if not taken[s]]
    need = instance.elements[e].need if instance.task != "pack" else 1
    if len(free) < need - times[e]:
        return "NO_SET: too few sets hold it"
    cheapest = min(free, key=lambda s: (cost[s], s))
    name, left = instance.sets[cheapest].id, None
    if instance.most_cost is not None:
        left = instance.most_cost - float(cost[taken].sum())
    if instance.most_sets is not None and int(taken.sum()) >= instance.most_sets:
        return f"MOST_SETS: {int(taken.sum())} sets are chosen already"
    if left is not None and cost[cheapest] > left + 1e-9:
        return f"MOST_COST: {name} costs {cost[cheapest]:g}, {max(left, 0.0):g} is left"
    clash = next((line for line in instance.apart if _clashes(instance, line, cheapest, taken)), None)
    if clash is not None:
        return f"APART: {name} may not be chosen beside {_clashes(instance, clash, cheapest, taken)}"
    if instance.task == "pack":
        full = [instance.elements[i].id for i in element[holder == cheapest] if times[i] >= instance.elements[i].need]
        if full:
            return f"FULL: {name} would hold {full[0]} once more"
    price = instance.elements[e].unmet
    if price is not None:
        return f"PENALTY_CHEAPER: {name} would add it for {cost[cheapest]:g}, without it costs {price:g}"
    return f"COST: {name} would add it for {cost[cheapest]:g}"


def _clashes(instance: CoveringInstance, line: tuple[Any, ...], s: int, taken: Any) -> str:
    """A chosen set that a list keeps apart from set s; empty when there is none."""
    numbers = [instance.number[str(name)] for name in line]
    others = [t for t in numbers if t != s and taken[t]] if s in numbers else []
    return str(instance.sets[others[0]].id) if others else ""


def _tidy(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)
