"""Batches: orders that are picked on the same walk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Floats, Indices, Ints, frozen
from qopt.core.forms._batches_walk import POLICIES, Walks, closed, tour, walked
from qopt.core.solution import Check, Violation

__all__ = ["POLICIES", "Batches", "Proposal", "Walks", "closed", "evaluate", "first_fit", "length", "tour"]

NOISE = 1e-9
"""Relative room for float error in a load."""


@dataclass(frozen=True, eq=False)
class Batches:
    """Minimise the length of all walks, one per batch, that pick every order.

    Parameters
    ----------
    indptr, stop
        CSR of the locations of each order, sorted and different; an order has one at least.
    load
        Shape (orders, dimensions), >= 0; there may be no dimension.
    capacity
        Shape (dimensions,).
    most
        Most orders of a batch.
    limit
        Most batches.
    walks
        Where things lie and how a picker walks.
    """

    indptr: Ints
    stop: Indices
    load: Floats
    capacity: Floats
    most: int
    limit: int
    walks: Walks

    def __post_init__(self) -> None:
        for name, dtype in (
            ("indptr", np.int64),
            ("stop", np.int32),
            ("load", np.float64),
            ("capacity", np.float64),
        ):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))
        if self.load.shape != (self.orders, len(self.capacity)):
            raise ValueError(f"load has shape {self.load.shape}, expected {(self.orders, len(self.capacity))}")
        if len(self.stop) and not 0 <= self.stop.min() <= self.stop.max() < self.walks.locations:
            raise ValueError(f"an order names a location outside 0..{self.walks.locations - 1}")

    @property
    def orders(self) -> int:
        """Number of orders."""
        return len(self.indptr) - 1

    @property
    def integral(self) -> bool:
        """Whether every walk is a whole number (so two objectives differ by at least 1)."""
        return self.walks.integral

    def stops(self, orders: Ints) -> Ints:
        """The locations of some orders, sorted and different."""
        parts = [self.stop[self.indptr[o] : self.indptr[o + 1]] for o in orders]
        return np.unique(np.concatenate(parts)).astype(np.int64) if parts else np.zeros(0, np.int64)

    def fits(self, orders: Ints) -> bool:
        """Whether some orders are few and light enough for one batch."""
        load = self.load[orders].sum(axis=0)
        return len(orders) <= self.most and bool(np.all(load <= self.capacity * (1 + NOISE) + NOISE))


@dataclass(frozen=True, eq=False)
class Proposal:
    """The orders of every batch; empty batches are dropped, and batches sorted."""

    batches: tuple[Ints, ...]

    def __post_init__(self) -> None:
        filled = sorted(tuple(sorted(int(o) for o in batch)) for batch in self.batches if len(batch))
        object.__setattr__(self, "batches", tuple(frozen(batch, np.int64) for batch in filled))

    def key(self) -> tuple[tuple[int, ...], ...]:
        """Equal for equal batches."""
        return tuple(tuple(batch.tolist()) for batch in self.batches)


def length(form: Batches, orders: Ints) -> float:
    """Length of the walk that picks some orders."""
    return walked(form.walks, form.stops(orders))


def evaluate(form: Batches, proposal: Proposal) -> Check:
    """Judge a proposal: every order in one batch, no batch too large; how far is walked."""
    violations: list[Violation] = []
    picked = np.zeros(form.orders, dtype=np.int64)
    total = 0.0
    for b, batch in enumerate(proposal.batches):
        if batch[0] < 0 or batch[-1] >= form.orders:
            raise ValueError(f"batch {b} holds {batch.tolist()}: there are orders 0..{form.orders - 1}")
        np.add.at(picked, batch, 1)
        total += length(form, batch)
        if len(batch) > form.most:
            message = f"batch {b} holds {len(batch)} orders, at most {form.most}"
            violations.append(Violation("orders", float(len(batch) - form.most), message))
        over = form.load[batch].sum(axis=0) - form.capacity
        for d in np.flatnonzero(over > NOISE * (1 + form.capacity)):
            message = f"batch {b} is too heavy by {over[d]:g} in dimension {d}"
            violations.append(Violation("capacity", float(over[d]), message))
    for o in np.flatnonzero(picked != 1):
        violations.append(Violation("picked", float(abs(picked[o] - 1)), f"order {o} is in {picked[o]} batches"))
    if len(proposal.batches) > form.limit:
        extra = len(proposal.batches) - form.limit
        violations.append(Violation("batches", float(extra), f"{len(proposal.batches)} batches, at most {form.limit}"))
    return Check(not violations, (total,), tuple(violations), {"distance": total})


def first_fit(form: Batches) -> Proposal | None:
    """Heaviest order first, each into the first batch that has the room; None where that takes too many batches."""
    room = np.where(form.capacity > 0, form.capacity, 1.0)
    weight = (form.load / room).max(axis=1, initial=0.0)
    batches: list[list[int]] = []
    for o in np.argsort(-weight, kind="stable").tolist():
        for batch in batches:
            if form.fits(np.array([*batch, o])):
                batch.append(o)
                break
        else:
            if not form.fits(np.array([o])):
                return None
            batches.append([o])
    return Proposal(tuple(np.array(b) for b in batches)) if len(batches) <= form.limit else None
