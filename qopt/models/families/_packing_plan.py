"""Packings as plans that people read, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qopt.core.errors import RecordError
from qopt.core.forms.bins import Proposal
from qopt.models.plans import entries

if TYPE_CHECKING:
    from qopt.models.families._packing_document import PackingInstance


def labels(instance: PackingInstance) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Names of the types, of every copy (type by type), and of the kinds of bins."""
    ids = instance.ids
    types, copies = [], []
    for units in instance.units.copies:
        names = ["+".join(str(ids[k]) for k, _ in unit) for unit in units]
        seen: Counter[str] = Counter()
        for name in names:
            seen[name] += 1
            copies.append(f"{name}#{seen[name]}" if names.count(name) > 1 else name)
        types.append(names[0])
    return tuple(types), tuple(copies), tuple(str(kind.id) for kind in instance.bins)


def plan_of(instance: PackingInstance, proposal: Proposal) -> dict[str, Any]:
    """Bins with what is in them, what is left out, and what it costs."""
    waiting = [list(units) for units in instance.units.copies]
    ids, sizes, names = instance.ids, instance.sizes(), instance.dimensions
    number: Counter[int] = Counter()
    bins = []
    for kind, inside in zip(proposal.kind.tolist(), proposal.bins):
        held: Counter[int] = Counter()
        label = None
        for t in inside.tolist():
            unit = waiting[t].pop(0) if waiting[t] else instance.units.copies[t][-1]
            held.update(dict(unit))
            if instance.units.begun[t] >= 0:
                label = instance.begun[instance.units.begun[t]].id
        number[kind] += 1
        load = sum(count * sizes[k] for k, count in held.items())
        bins.append(
            {
                "bin": f"{instance.bins[kind].id}-{number[kind]}" if label is None else label,
                "kind": instance.bins[kind].id,
                "items": [[ids[k], count] for k, count in sorted(held.items())],
                "load": _told(load, names),
            }
        )
    left: Counter[int] = Counter()
    for units in waiting:
        for unit in units:
            left.update(dict(unit))
    used = {str(instance.bins[k].id): count for k, count in sorted(number.items())}
    room = instance.capacities()
    shares = [
        float((np.atleast_1d(_numbers(line["load"])) / np.where(room[k] > 0, room[k], 1.0)).max())
        for line, k in zip(bins, proposal.kind.tolist())
    ]
    return {
        "bins": bins,
        "unpacked": [[ids[k], count] for k, count in sorted(left.items())],
        "used": used,
        "cost": _tidy(sum(instance.bins[k].cost * count for k, count in number.items())),
        "fill": round(sum(shares) / len(shares), 4) if shares else 0.0,
    }


def _told(load: Any, names: tuple[str, ...] | None) -> Any:
    numbers = [_tidy(round(float(v), 9)) for v in load]
    if names is not None:
        return dict(zip(names, numbers))
    return numbers if len(numbers) > 1 else numbers[0]


def _numbers(load: Any) -> Any:
    return list(load.values()) if isinstance(load, Mapping) else load


def _tidy(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)


def contents(line: Any, where: str) -> dict[str, int]:
    """Copies by id of one bin of a plan; an item without a number is there once.

    Raises
    ------
    RecordError
        No list of items, or an entry that is no item with a number.
    """
    if not isinstance(line, Mapping):
        raise RecordError(f"{where} is {line!r}, which is no bin with items")
    held: Counter[str] = Counter()
    for j, entry in enumerate(entries(line, "items")):
        name, count = entry if isinstance(entry, (list, tuple)) and len(entry) == 2 else (entry, 1)
        whole = isinstance(count, int) and not isinstance(count, bool) and count >= 1
        if isinstance(name, bool) or not isinstance(name, (str, int)) or not whole:
            raise RecordError(f"{where}.items[{j}] is {entry!r}, which is no item with a number of copies")
        held[str(name)] += count
    return dict(held)


def restore(instance: PackingInstance, plan: Mapping[str, Any]) -> Proposal:
    """A plan's bins as a proposal; what must share a bin and does not is left out, so that the judge misses it.

    Raises
    ------
    RecordError
        No bins, or a bin or an item that the instance does not have.
    """
    kinds = {str(kind.id): k for k, kind in enumerate(instance.bins)}
    alone = {
        unit[0][0]: t for t, units in enumerate(instance.units.copies) for unit in units if unit == ((unit[0][0], 1),)
    }
    whole = [(t, unit) for t, units in enumerate(instance.units.copies) for unit in units if unit[0][0] not in alone]
    chosen, bins = [], []
    for k, line in enumerate(entries(plan, "bins")):
        held = contents(line, f"bins[{k}]")
        kind = str(line.get("kind", instance.bins[0].id if len(kinds) == 1 else None))
        if kind not in kinds:
            raise RecordError(f"bins[{k}] is of kind {kind!r}, which {instance.name} does not have")
        unknown = [name for name in held if name not in instance.position]
        if unknown:
            raise RecordError(f"bins[{k}] holds {unknown[0]!r}, which is no item of {instance.name}")
        numbers = {instance.position[name]: count for name, count in held.items()}
        inside = [alone[j] for j, count in numbers.items() if j in alone for _ in range(count)]
        inside += [t for t, unit in whole if all(numbers.get(j, 0) >= count for j, count in unit)]
        chosen.append(kinds[kind])
        bins.append(np.array(inside, dtype=np.int64))
    return Proposal(np.array(chosen, dtype=np.int64), tuple(bins))
