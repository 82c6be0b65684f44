"""The covering family's own judge: chosen sets beside the document, counted by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qopt.models.families._covering_document import CoveringInstance

_NOISE = 1e-9


def faults(instance: CoveringInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
    out: list[str] = []
    sets = {str(choice.id): choice for choice in instance.sets}
    chosen = [str(name) for name in plan["sets"]]
    out += [f"{name} is chosen {count} times" for name, count in Counter(chosen).items() if count > 1]
    strangers = [name for name in chosen if name not in sets]
    if strangers:
        return [*out, *(f"there is no set {name}" for name in strangers)]
    times: Counter[str] = Counter(str(name) for s in set(chosen) for name in sets[s].covers)
    for element in instance.elements:
        count = times[str(element.id)]
        if instance.task == "cover" and count < element.need and element.unmet is None:
            out.append(f"{element.id} is in {count} chosen sets, it needs {element.need}")
        elif instance.task == "partition" and count != element.need:
            out.append(f"{element.id} is in {count} chosen sets, it needs exactly {element.need}")
        elif instance.task == "pack" and count > element.need:
            out.append(f"{element.id} is in {count} chosen sets, at most {element.need} may hold it")
    for line in instance.together:
        count = sum(str(name) in chosen for name in line)
        if 0 < count < len(line):
            out.append(f"{', '.join(map(str, line))} are chosen all or none, {count} are")
    for line in instance.apart:
        both = [str(name) for name in dict.fromkeys(map(str, line)) if name in chosen]
        if len(both) > 1:
            out.append(f"{', '.join(both)} are chosen, at most one of them may be")
    cost = _sum(sets[s].cost for s in set(chosen))
    if instance.most_cost is not None and cost > Fraction(repr(instance.most_cost)) * (1 + Fraction(1, 10**9)):
        out.append(f"the chosen sets cost {float(cost):g}, at most {instance.most_cost:g}")
    if instance.most_sets is not None and len(set(chosen)) > instance.most_sets:
        out.append(f"{len(set(chosen))} sets are chosen, at most {instance.most_sets}")
    unmet = _sum(e.unmet * max(0, e.need - times[str(e.id)]) for e in instance.elements if e.unmet is not None)
    value = _sum(sets[s].value for s in set(chosen))
    if instance.task == "reach":
        reached = {str(name) for name in plan["reached"]}
        value = _sum(e.weight for e in instance.elements if str(e.id) in reached)
        for element in instance.elements:
            count = times[str(element.id)]
            if str(element.id) in reached and count < element.need:
                out.append(f"{element.id} counts as reached, it is in {count} chosen sets and needs {element.need}")
    stated = {"cost": cost, "unmet": unmet} | ({"value": value} if instance.task in ("pack", "reach") else {})
    for key, found in stated.items():
        if abs(float(found) - plan[key]) > _NOISE * max(1.0, abs(float(found))):
            out.append(f"the plan states {plan[key]:g} for {key}, it is {float(found):g}")
    for line in plan["uncovered"]:
        name = str(line["element"])
        if times[name] != line["times"]:
            out.append(f"the plan states that {name} is in {line['times']} chosen sets, it is in {times[name]}")
    return out


def _sum(values: Any) -> Fraction:
    return sum((Fraction(repr(float(value))) for value in values), Fraction(0))
