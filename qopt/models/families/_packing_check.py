"""The packing family's own judge: it reads a plan beside the document, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qopt.models.families._packing_document import PackingInstance

_NOISE = Fraction(1, 10**9)


def faults(instance: PackingInstance, plan: Mapping[str, Any]) -> list[str]:
    """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
    out: list[str] = []
    kinds = {str(kind.id): kind for kind in instance.bins}
    items = {str(name): item for name, item in zip(instance.ids, instance.items)}
    packed: Counter[str] = Counter()
    where: dict[str, set[str]] = {name: set() for name in items}
    used: Counter[str] = Counter()
    cost = Fraction(0)
    named: Counter[str] = Counter(str(line["bin"]) for line in plan["bins"])
    out += [f"{count} bins are called {name}" for name, count in named.items() if count > 1]
    for line in plan["bins"]:
        name, kind = str(line["bin"]), kinds.get(str(line["kind"]))
        if kind is None:
            out.append(f"{name} is of kind {line['kind']}, which does not exist")
            continue
        held = {str(item): int(count) for item, count in line["items"]}
        strangers = [item for item in held if item not in items]
        if strangers:
            out.append(f"{name} holds {strangers[0]}, which does not exist")
            continue
        used[str(kind.id)] += 1
        cost += Fraction(repr(float(kind.cost)))
        packed.update(held)
        for item in held:
            where[item].add(name)
            only = items[item].only
            if only is not None and str(kind.id) not in {str(k) for k in only}:
                out.append(f"{item} lies in {name}, it may lie in {', '.join(map(str, only))} only")
        load = _load(held, items)
        out += [f"{name} {text}" for text in _overfull(load, _amounts(kind.capacity))]
        if any(abs(value - _amounts(line["load"]).get(d, Fraction(0))) > _NOISE for d, value in load.items()):
            out.append(f"{name} does not hold the load that the plan states")
        out += [f"{name} holds {a} and {b}, which are kept apart" for a, b in _meetings(instance, held)]
    for item, one in items.items():
        if packed[item] != one.count:
            bound = [str(n) for line in instance.together if item in map(str, line) for n in line if str(n) != item]
            why = f"; it must share a bin with {', '.join(bound)}" if bound else ""
            out.append(f"{item} is packed {packed[item]} times, there are {one.count}{why}")
    out += _separated(instance, where, plan)
    for name, count in used.items():
        most = kinds[name].count
        if most is not None and count > most:
            out.append(f"{count} bins of kind {name} are used, there are {most}")
    if abs(cost - Fraction(repr(float(plan["cost"])))) > _NOISE * (1 + cost):
        out.append(f"the plan states a cost of {plan['cost']}, its bins cost {float(cost):g}")
    return out


def _amounts(given: Any) -> dict[Any, Fraction]:
    """Amounts by dimension: by name, or by position."""
    pairs = (
        given.items()
        if isinstance(given, Mapping)
        else enumerate(given if isinstance(given, (list, tuple)) else [given])
    )
    return {d: Fraction(repr(float(value))) for d, value in pairs}


def _load(held: Mapping[str, int], items: Mapping[str, Any]) -> dict[Any, Fraction]:
    """What some copies take, by dimension."""
    load: dict[Any, Fraction] = {}
    for item, count in held.items():
        for d, value in _amounts(items[item].size).items():
            load[d] = load.get(d, Fraction(0)) + count * value
    return load


def _overfull(load: Mapping[Any, Fraction], room: Mapping[Any, Fraction]) -> Iterator[str]:
    for d, value in load.items():
        if value > room[d] * (1 + _NOISE):
            of = f" of {d}" if isinstance(d, str) else f" in dimension {d}" if len(room) > 1 else ""
            yield f"holds {float(value):g}{of}, its capacity is {float(room[d]):g}"


def _meetings(instance: PackingInstance, held: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Pairs in one bin that a list keeps apart."""
    seen = set()
    for line in instance.apart:
        for a, b in combinations([str(name) for name in line], 2):
            pair = (a, b) if a <= b else (b, a)
            if pair not in seen and a in held and b in held and (a != b or held[a] > 1):
                seen.add(pair)
                yield pair


def _separated(instance: PackingInstance, where: Mapping[str, set[str]], plan: Mapping[str, Any]) -> Iterator[str]:
    """Items that must share a bin and do not, and begun bins that do not hold what they hold."""
    for line in instance.together:
        if len(set().union(*(where[str(name)] for name in line))) > 1:
            yield f"{', '.join(map(str, line))} lie in several bins, they must share one"
    for begun in instance.begun:
        bins = [line for line in plan["bins"] if str(line["bin"]) == str(begun.id)]
        if [str(line["kind"]) for line in bins] != [str(begun.bin)]:
            yield f"there is no {begun.id} of kind {begun.bin}, which is begun"
        for name in begun.holds:
            if where[str(name)] != {str(begun.id)}:
                yield f"{name} lies in {', '.join(sorted(where[str(name)])) or 'no bin'}, not in {begun.id}"
