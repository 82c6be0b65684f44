"""Bins: items of several types go into bins of several kinds, so that the bins cost least.

Copies of a type cannot be told apart, so two packings that differ only by which copy lies where are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qopt.core.arrays import Bools, Floats, Ints, frozen, is_integral
from qopt.core.solution import Check, Violation

NOISE = 1e-9
"""Relative room for float error in a load; loads of whole sizes are exact."""


@dataclass(frozen=True, eq=False)
class Bins:
    """Minimise the cost of the bins that hold every copy of every type.

    Parameters
    ----------
    size
        Shape (types, dimensions), >= 0: what one copy takes.
    count
        Shape (types,), >= 1: copies.
    capacity
        Shape (kinds, dimensions), >= 0.
    cost
        Shape (kinds,), >= 0: price of a bin that holds something.
    limit
        Shape (kinds,), >= 0: most bins of a kind.
    allowed
        Shape (types, kinds): which kinds may hold a type.
    conflict
        Shape (types, types), symmetric: which types may not share a bin; on the diagonal, whose copies may not.
    """

    size: Floats
    count: Ints
    capacity: Floats
    cost: Floats
    limit: Ints
    allowed: Bools
    conflict: Bools

    def __post_init__(self) -> None:
        for name, dtype in (
            ("size", np.float64),
            ("count", np.int64),
            ("capacity", np.float64),
            ("cost", np.float64),
            ("limit", np.int64),
            ("allowed", np.bool_),
            ("conflict", np.bool_),
        ):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))
        types, kinds = len(self.count), len(self.cost)
        shapes = {
            "size": (types, self.capacity.shape[-1]),
            "capacity": (kinds, self.capacity.shape[-1]),
            "limit": (kinds,),
            "allowed": (types, kinds),
            "conflict": (types, types),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
        if not np.array_equal(self.conflict, self.conflict.T):
            raise ValueError("conflict must be symmetric")

    @property
    def types(self) -> int:
        """Number of types."""
        return len(self.count)

    @property
    def kinds(self) -> int:
        """Number of kinds of bins."""
        return len(self.cost)

    @property
    def copies(self) -> int:
        """Number of copies of all types."""
        return int(self.count.sum())

    @property
    def integral(self) -> bool:
        """Whether every cost is whole (so two objectives differ by at least 1)."""
        return is_integral(self.cost)

    @cached_property
    def weight(self) -> Floats:
        """How large each type is, shape (types,): its largest share of the roomiest bin, over dimensions."""
        room = np.where(self.capacity.max(axis=0) > 0, self.capacity.max(axis=0), 1.0)
        return frozen((self.size / room).max(axis=1, initial=0.0), np.float64)

    def fits(self, load: Floats, kind: int) -> bool:
        """Whether a load, shape (dimensions,), goes into a bin of a kind."""
        room = self.capacity[kind]
        return bool(np.all(load <= room + NOISE * np.maximum(1.0, room)))


@dataclass(frozen=True, eq=False)
class Proposal:
    """The kind of every bin and the types in it, a type once for each copy; empty bins are dropped.

    Bins are sorted, so that equal packings have equal arrays.
    """

    kind: Ints
    bins: tuple[Ints, ...]

    def __post_init__(self) -> None:
        if len(self.kind) != len(self.bins):
            raise ValueError(f"{len(self.kind)} kinds for {len(self.bins)} bins")
        filled = [(int(k), tuple(sorted(int(t) for t in b))) for k, b in zip(self.kind, self.bins) if len(b)]
        filled.sort()
        object.__setattr__(self, "kind", frozen([k for k, _ in filled], np.int64))
        object.__setattr__(self, "bins", tuple(frozen(b, np.int64) for _, b in filled))

    def key(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Equal for equal packings."""
        return tuple((int(k), tuple(b.tolist())) for k, b in zip(self.kind, self.bins))


def evaluate(form: Bins, proposal: Proposal) -> Check:
    """Judge a packing: every copy once, no bin too full, nothing beside what it may not meet; what the bins cost."""
    violations: list[Violation] = []
    placed = np.zeros(form.types, dtype=np.int64)
    for b, (kind, inside) in enumerate(zip(proposal.kind.tolist(), proposal.bins)):
        if inside[0] < 0 or inside[-1] >= form.types or not 0 <= kind < form.kinds:
            raise ValueError(f"bin {b} is of kind {kind} and holds {inside.tolist()}: out of range")
        held = np.bincount(inside, minlength=form.types)
        placed += held
        violations += _faults_of(form, b, kind, held)
    for t in np.flatnonzero(placed != form.count):
        message = f"type {t} lies in bins {placed[t]} times, there are {form.count[t]}"
        violations.append(Violation("items", float(abs(placed[t] - form.count[t])), message))
    used = np.bincount(proposal.kind, minlength=form.kinds)
    for k in np.flatnonzero(used > form.limit):
        message = f"{used[k]} bins of kind {k}, there are {form.limit[k]}"
        violations.append(Violation("bins", float(used[k] - form.limit[k]), message))
    cost = float(used @ form.cost)
    return Check(not violations, (cost,), tuple(violations), {"bins": cost})


def _faults_of(form: Bins, b: int, kind: int, held: Ints) -> list[Violation]:
    """What is wrong with one bin that holds ``held`` copies of each type."""
    out = []
    load = held @ form.size
    if not form.fits(load, kind):
        over = float((load - form.capacity[kind]).max())
        out.append(Violation("capacity", over, f"bin {b} is too full by {over:g}"))
    inside = np.flatnonzero(held)
    wrong = inside[~form.allowed[inside, kind]]
    out += [Violation("kind", 1.0, f"bin {b} is of a kind that may not hold type {t}") for t in wrong]
    for i, t in enumerate(inside):
        meets = [int(u) for u in inside[i + 1 :] if form.conflict[t, u]]
        meets += [int(t)] if form.conflict[t, t] and held[t] > 1 else []
        out += [Violation("conflict", 1.0, f"bin {b} holds types {t} and {u} together") for u in meets]
    return out


def first_fit(form: Bins, order: Sequence[int] | Ints | None = None) -> Proposal | None:
    """First fit: copy after copy goes into the first bin that takes it; else a new bin of the kind that costs least
    for the room it gives.

    Parameters
    ----------
    order
        Types in the order in which all their copies are packed; default: largest first (first fit decreasing).

    Returns
    -------
    A feasible packing, or None where a copy fits nowhere.
    """
    chosen = np.argsort(-form.weight, kind="stable") if order is None else order
    room = np.minimum(form.capacity / np.maximum(form.capacity.max(axis=0), 1e-300), 1.0).mean(axis=1)
    by_price = np.argsort(form.cost / np.maximum(room, 1e-12), kind="stable").tolist()
    left = form.limit.copy()
    kind: list[int] = []
    load: list[Floats] = []
    inside: list[list[int]] = []
    for t in (int(t) for t in chosen):
        start = 0
        for _ in range(form.count[t]):
            for b in range(start, len(kind)):
                if _takes(form, kind[b], load[b], inside[b], t):
                    break
            else:
                new = [k for k in by_price if left[k] > 0 and form.allowed[t, k] and form.fits(form.size[t], k)]
                if not new:
                    return None
                b = len(kind)
                left[new[0]] -= 1
                kind.append(new[0])
                load.append(np.zeros(form.size.shape[1]))
                inside.append([])
            load[b] = load[b] + form.size[t]
            inside[b].append(t)
            start = b  # further copies of the type fit no earlier bin either
    return Proposal(np.array(kind, dtype=np.int64), tuple(np.array(b) for b in inside))


def _takes(form: Bins, kind: int, load: Floats, inside: Sequence[int], t: int) -> bool:
    return (
        bool(form.allowed[t, kind])
        and form.fits(load + form.size[t], kind)
        and not form.conflict[t][list(inside)].any()
    )
