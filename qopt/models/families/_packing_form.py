"""A packing instance as the form ``bins``: what must share a bin becomes one unit, and equal units one type."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from qopt.core.arrays import Bools, Floats
from qopt.core.forms.bins import Bins

if TYPE_CHECKING:
    from qopt.models.families._packing_document import PackingInstance

_DIGITS = 9
"""Sizes with at most so many decimals are counted in whole numbers, so that loads are exact."""

Unit = tuple[tuple[int, int], ...]
"""What is packed as one: items and how many copies of each."""


@dataclass(frozen=True)
class Units:
    """Types of the form and what they stand for.

    Parameters
    ----------
    copies
        For every type its units, one for each copy.
    begun
        The number of the begun bin that a type lies in, or -1.
    """

    copies: tuple[tuple[Unit, ...], ...]
    begun: tuple[int, ...]


def merged(instance: PackingInstance) -> list[int]:
    """For every item the first item of those that must share a bin with it."""
    root = list(range(len(instance.items)))

    def find(k: int) -> int:
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    for line in [*instance.together, *(begun.holds for begun in instance.begun)]:
        numbers = [instance.position[str(name)] for name in line]
        for k in numbers[1:]:
            first, second = sorted((find(numbers[0]), find(k)))
            root[second] = first
    return [find(k) for k in range(len(root))]


def units(instance: PackingInstance) -> Units:
    """Types: units of equal size that no rule tells apart are copies of one."""
    group = merged(instance)
    bound = {instance.position[str(n)] for line in instance.together for n in line}
    held = {instance.position[str(n)]: k for k, begun in enumerate(instance.begun) for n in begun.holds}
    shy = {instance.position[str(n)] for line in instance.apart for n in line}
    sizes = instance.sizes()
    types: dict[tuple[object, ...], list[Unit]] = {}
    begun: dict[tuple[object, ...], int] = {}
    key: tuple[object, ...]
    for k, item in enumerate(instance.items):
        if k in bound or k in held:
            if group[k] == k:
                members = [j for j in range(k, len(group)) if group[j] == k]
                types["together", k] = [tuple((j, instance.items[j].count) for j in members)]
                begun["together", k] = next((held[j] for j in members if j in held), -1)
            continue
        only = None if item.only is None else frozenset(str(name) for name in item.only)
        key = ("alone", k) if k in shy else ("equal", tuple(sizes[k].tolist()), only)
        types.setdefault(key, []).extend([((k, 1),)] * item.count)
    return Units(tuple(tuple(copies) for copies in types.values()), tuple(begun.get(key, -1) for key in types))


def form(instance: PackingInstance, told: Units) -> Bins:
    """The arrays of an instance; sizes are scaled to whole numbers, dimension by dimension, where they have few
    decimals."""
    sizes, room = _whole(instance.sizes(), instance.capacities())
    kinds = [str(kind.id) for kind in instance.bins]
    firsts = [copies[0] for copies in told.copies]
    size = np.array([sum(count * sizes[k] for k, count in unit) for unit in firsts])
    allowed = np.ones((len(firsts), len(kinds)), dtype=bool)
    for t, unit in enumerate(firsts):
        for k, _ in unit:
            only = instance.items[k].only
            if only is not None:
                allowed[t] &= np.isin(kinds, [str(name) for name in only])
        if told.begun[t] >= 0:
            allowed[t] &= np.array(kinds) == str(instance.begun[told.begun[t]].bin)
    total = sum(len(copies) for copies in told.copies)
    return Bins(
        size=size,
        count=np.array([len(copies) for copies in told.copies]),
        capacity=room,
        cost=np.array([kind.cost for kind in instance.bins]),
        limit=np.array([total if kind.count is None else min(kind.count, total) for kind in instance.bins]),
        allowed=allowed,
        conflict=_conflicts(instance, told),
    )


def _conflicts(instance: PackingInstance, told: Units) -> Bools:
    """Which types may not share a bin."""
    types = len(told.copies)
    of = {k: t for t, copies in enumerate(told.copies) for unit in copies for k, _ in unit}
    out = np.zeros((types, types), dtype=bool)
    for line in instance.apart:
        numbers = [of[instance.position[str(name)]] for name in line]
        for i, a in enumerate(numbers):
            for b in numbers[i + 1 :]:
                out[a, b] = out[b, a] = True
    begun = np.array(told.begun)
    both = (begun[:, None] >= 0) & (begun[None, :] >= 0) & ~np.eye(types, dtype=bool)
    return out | both


def _whole(sizes: Floats, room: Floats) -> tuple[Floats, Floats]:
    """Sizes and capacities in whole numbers, where the decimals that people write allow it."""
    sizes, room = sizes.copy(), room.copy()
    for d in range(sizes.shape[1]):
        exact = [Fraction(repr(float(v))) for v in (*sizes[:, d], *room[:, d])]
        scale = lcm(*(value.denominator for value in exact))
        if scale <= 10**_DIGITS and max(exact) * scale * len(sizes) < 2**53:
            numbers = np.array([float(value * scale) for value in exact])
            sizes[:, d], room[:, d] = numbers[: len(sizes)], numbers[len(sizes) :]
    return sizes, room
