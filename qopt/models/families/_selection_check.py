"""The judge of selections: every rule and every stated number anew, item by item, from the document alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from qopt.models.families._selection_document import SelectionInstance


def faults(instance: SelectionInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks, every number that it states wrongly and every reason that does not hold."""
    names = [str(item.id) for item in instance.items]
    selected = [str(name) for name in plan["selected"]]
    broken = [f"there is no item {name}" for name in selected if name not in names]
    broken += [f"{name} is selected twice" for name in set(selected) if selected.count(name) > 1]
    if broken:
        return broken
    chosen = set(selected)
    broken = rules(instance, chosen)
    value = worth(instance, chosen)
    if abs(value - plan["value"]) > 1e-6 * max(1.0, abs(value)):
        broken.append(f"the plan states a value of {plan['value']:g}, it is {value:g}")
    for name, told in plan["spent"].items():
        spent = _spent(instance, chosen, name)
        if abs(spent - told) > 1e-6 * max(1.0, abs(spent)):
            broken.append(f"the plan states {told:g} for {name}, it is {spent:g}")
    for entry in plan.get("left_out", ()):
        broken += _untrue(instance, chosen, value, entry)
    return broken


def rules(instance: SelectionInstance, chosen: Collection[str]) -> list[str]:
    """Every rule that a set of ids breaks."""
    broken: list[str] = []
    for name, most in _budgets(instance).items():
        spent = _spent(instance, chosen, name)
        whole = all(float(_cost(item, name)).is_integer() for item in instance.items)
        if spent > most + (0.0 if whole else 1e-6 * max(1.0, abs(spent))):
            broken.append(f"{spent:g} of {name} are spent, there are {most:g}")
    if len(chosen) < instance.count.min:
        broken.append(f"{len(chosen)} are selected, at least {instance.count.min}")
    if instance.count.max is not None and len(chosen) > instance.count.max:
        broken.append(f"{len(chosen)} are selected, at most {instance.count.max}")
    for grouping, limits in instance.groups.items():
        groups = {str(i.groups[grouping]) for i in instance.items if grouping in i.groups} | {*limits} - {"each"}
        for group in sorted(groups):
            limit = limits[group] if group in limits else limits.get("each")
            inside = [i for i in instance.items if str(i.id) in chosen and str(i.groups.get(grouping, "")) == group]
            inside = [i for i in inside if grouping in i.groups]
            if limit is not None and len(inside) < limit.min:
                broken.append(f"{len(inside)} of {grouping} {group} are selected, at least {limit.min}")
            if limit is not None and limit.max is not None and len(inside) > limit.max:
                broken.append(f"{len(inside)} of {grouping} {group} are selected, at most {limit.max}")
    for several in instance.incompatible:
        both = [str(name) for name in several if str(name) in chosen]
        if len(both) > 1:
            broken.append(f"{' and '.join(both)} are incompatible")
    for first, second in instance.requires:
        if str(first) in chosen and str(second) not in chosen:
            broken.append(f"{first} needs {second}")
    broken += [f"{name} must be selected" for name in instance.must if str(name) not in chosen]
    broken += [f"{name} may not be selected" for name in instance.never if str(name) in chosen]
    return broken


def worth(instance: SelectionInstance, chosen: Collection[str]) -> float:
    """Scores and synergies of a set of ids, less its redundancies."""
    total = 0.0
    for item in instance.items:
        if str(item.id) in chosen:
            total += instance.scores[str(item.id)] if item.score is None else item.score
    total += sum(bonus for a, b, bonus in instance.synergy if str(a) in chosen and str(b) in chosen)
    total -= sum(loss for a, b, loss in instance.redundancy if str(a) in chosen and str(b) in chosen)
    if instance.similarity is not None:
        alike = instance.similarity
        order = [(k, str(item.id)) for k, item in enumerate(instance.items) if str(item.id) in chosen]
        for i, a in order:
            for j, b in order:
                if i < j and isinstance(alike.matrix, dict):
                    near = alike.matrix.get(a, {}).get(b, alike.matrix.get(b, {}).get(a))
                else:
                    near = alike.matrix[i][j] if i < j else None  # type: ignore[index]
                if near is not None and near > alike.above:
                    total -= alike.weight * near
    return total


def _untrue(instance: SelectionInstance, chosen: set[str], value: float, entry: Mapping[str, Any]) -> list[str]:
    """What a reason claims and the document does not bear out: the exchange it speaks of, and its price."""
    name = str(entry["item"])
    if name in chosen:
        return [f"{name} is listed as left out, but is selected"]
    if "price" not in entry:
        return []
    changed = (chosen | {name} | {str(a) for a in entry.get("with", ())}) - {str(a) for a in entry.get("without", ())}
    against = rules(instance, changed)
    if against:
        return [f"the exchange for {name} breaks a rule: {against[0]}"]
    price = value - worth(instance, changed)
    if abs(price - entry["price"]) > 1e-6 * max(1.0, abs(price)):
        return [f"the exchange for {name} is priced at {entry['price']:g}, it costs {price:g}"]
    return []


def _budgets(instance: SelectionInstance) -> dict[str, float]:
    given = instance.budget
    if isinstance(given, dict):
        return dict(given)
    if isinstance(given, tuple):
        return {f"budget {k + 1}": size for k, size in enumerate(given)}
    return {} if given is None else {"budget": given}


def _cost(item: Any, name: str) -> float:
    if item.cost is None:
        return 0.0
    if isinstance(item.cost, dict):
        return float(item.cost.get(name, 0.0))
    return float(item.cost[int(name.split()[-1]) - 1] if isinstance(item.cost, tuple) else item.cost)


def _spent(instance: SelectionInstance, chosen: Collection[str], name: str) -> float:
    return sum(_cost(item, name) for item in instance.items if str(item.id) in chosen)
