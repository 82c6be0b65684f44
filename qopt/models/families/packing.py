"""Packing: items go into bins, within what the bins hold, so that the bins cost least or are fewest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError
from qopt.core.forms.bins import Bins, Proposal
from qopt.core.problem import Problem
from qopt.core.solution import Solution
from qopt.models.families import _packing_arcs as arcs
from qopt.models.families import _packing_assign as assign
from qopt.models.families import _packing_check as judge
from qopt.models.families import _packing_plan as plans
from qopt.models.families import _packing_pool as selection
from qopt.models.families._packing_document import Begun, BinKind, Item, PackingInstance

__all__ = ["PLUGIN", "Begun", "BinKind", "Item", "Packing", "PackingInstance"]


@dataclass(frozen=True)
class Packing:
    """The family of packing problems."""

    name: str = "packing"
    instance: type[PackingInstance] = PackingInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {
            "assign": "in[item,bin]: which item lies in which bin of a numbered row of bins",
            "arcs": "bins as paths through the levels of one dimension: a flow in which equal items are one",
            "pool": "how often each bin of known packings is used; needs a pool",
        }
    )

    def form(self, instance: PackingInstance) -> Bins:
        """The native form ``bins``."""
        return instance.form

    def offers(self, instance: PackingInstance) -> tuple[str, ...]:
        """All formulations; ``arcs`` where sizes are whole numbers in one dimension and no rules tell items apart."""
        return tuple(name for name in self.formulations if name != "arcs" or instance.graph is not None)

    def choose(self, instance: PackingInstance, purpose: str) -> str:
        """``arcs`` to solve exactly where it is offered, else ``assign``, whose rules are those of the document."""
        return "arcs" if purpose == "exact" and instance.graph is not None else "assign"

    def size(self, instance: PackingInstance, formulation: str = "assign") -> tuple[int, int]:
        """Columns and nonzeros; ``pool`` depends on the pool and counts as two per type."""
        chosen = self._formulation(instance, formulation)
        if chosen == "pool":
            return 2 * instance.form.types, 8 * instance.form.types
        if chosen == "arcs":
            assert instance.graph is not None
            return arcs.size(instance.form, instance.graph)
        return assign.size(instance.form, instance.grid)

    def build(
        self, instance: PackingInstance, *, formulation: str = "auto", pool: Sequence[Proposal] | None = None
    ) -> Problem:
        """The instance as a Problem.

        Parameters
        ----------
        pool
            Proposals whose bins the formulation ``pool`` chooses from.

        Raises
        ------
        ModelError
            No such formulation, one that this instance does not fit, or ``pool`` without a pool.
        """
        chosen = self._formulation(instance, formulation)
        types, copies, kinds = plans.labels(instance)
        if chosen == "pool":
            return selection.build(instance.form, _given(pool), types, kinds, instance.name)
        if chosen == "arcs":
            assert instance.graph is not None
            return arcs.build(instance.form, instance.graph, types, kinds, instance.name)
        first = np.cumsum(instance.form.count) - instance.form.count
        order = np.argsort(-instance.form.weight, kind="stable")
        sorted_copies = tuple(copies[first[t] + i] for t in order for i in range(instance.form.count[t]))
        return assign.build(instance.form, instance.grid, sorted_copies, kinds, instance.name)

    def lift(
        self,
        instance: PackingInstance,
        proposal: Proposal,
        *,
        formulation: str = "auto",
        pool: Sequence[Proposal] | None = None,
    ) -> Floats | None:
        """A packing as columns of a formulation; None when that formulation cannot hold it."""
        chosen = self._formulation(instance, formulation)
        if chosen == "pool":
            return selection.lift(instance.form, _given(pool), proposal)
        if chosen == "arcs":
            assert instance.graph is not None
            return arcs.lift(instance.form, instance.graph, proposal)
        return assign.lift(instance.form, instance.grid, proposal)

    def lower(
        self,
        instance: PackingInstance,
        values: Any,
        *,
        formulation: str = "auto",
        pool: Sequence[Proposal] | None = None,
    ) -> Proposal | None:
        """The packing behind columns of a formulation; None when they describe none."""
        chosen = self._formulation(instance, formulation)
        if chosen == "pool":
            return selection.lower(instance.form, _given(pool), values)
        if chosen == "arcs":
            assert instance.graph is not None
            return arcs.lower(instance.form, instance.graph, values)
        return assign.lower(instance.grid, values)

    def interpret(self, instance: PackingInstance, solution: Solution) -> dict[str, Any]:
        """Bins with what is in them and their loads, what they cost, and how full they are.

        Raises
        ------
        ModelError
            Values that describe no bins.
        """
        proposal = solution.candidate.proposal
        return plans.plan_of(instance, self._described(instance, solution) if proposal is None else proposal)

    def restore(self, instance: PackingInstance, plan: Mapping[str, Any]) -> Proposal:
        """A plan's bins as a proposal; its loads and its cost are not looked at.

        Raises
        ------
        RecordError
            No bins, or a bin or an item that the instance does not have.
        """
        return plans.restore(instance, plan)

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Plans are the same when bins of the same kinds hold the same items."""
        return tuple(
            sorted(
                (str(b["kind"]), tuple(sorted((str(name), count) for name, count in b["items"]))) for b in plan["bins"]
            )
        )

    def example(self) -> PackingInstance:
        """Two kinds of boxes: a large one and a small one hold it all; two of a kind cost more or are too small."""
        return PackingInstance(
            name="boxes-for-a-move",
            bins=(BinKind(id="small", capacity=10.0, cost=3.0), BinKind(id="large", capacity=16.0, cost=4.0)),
            items=(
                Item(id="books", size=6.0, count=2),
                Item(id="plates", size=4.0),
                Item(id="lamp", size=5.0),
                Item(id="paint", size=3.0),
            ),
            apart=(("books", "paint"),),
        )

    def generate(self, size: int, *, seed: int) -> PackingInstance:
        """``size`` items of 1 to 60 in bins of 100; odd seeds have two kinds of bins, every third keeps items apart."""
        rng = np.random.default_rng(seed)
        count = max(1, size)
        sizes = rng.integers(10, 61, count).astype(float)
        bins = [BinKind(id="bin", capacity=100.0)]
        if seed % 2:
            bins = [BinKind(id="small", capacity=70.0, cost=5.0), BinKind(id="large", capacity=100.0, cost=7.0)]
        pairs = (
            [tuple(f"i{k}" for k in sorted(rng.choice(count, 2, replace=False))) for _ in range(count // 3)]
            if count > 1
            else []
        )
        return PackingInstance(
            name=f"packing-{size}-{seed}",
            bins=tuple(bins),
            items=tuple(Item(id=f"i{k}", size=value) for k, value in enumerate(sizes.tolist())),
            apart=tuple(dict.fromkeys(pairs)) if seed % 3 == 0 else (),
        )

    def domain_check(self, instance: PackingInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
        return judge.faults(instance, plan)

    def _formulation(self, instance: PackingInstance, wanted: str) -> str:
        if wanted == "auto":
            return self.choose(instance, "sample")
        if wanted not in self.formulations:
            raise ModelError(f"packing has no formulation {wanted!r}; it has: {', '.join(self.formulations)}")
        if wanted not in self.offers(instance):
            raise ModelError(f"{instance.name} does not fit the formulation {wanted!r}: {_NO_ARCS}")
        return wanted

    def _described(self, instance: PackingInstance, solution: Solution) -> Proposal:
        """The packing behind a solution's values; its labels tell the formulation."""
        names = {family.name for family in solution.labels.families}
        if "bin" in names:
            pool = [_told(text) for text in solution.labels.family("bin").axes[0]]
            return selection.lower(instance.form, pool, solution.values)
        formulation = "arcs" if "take" in names else "assign"
        proposal = self.lower(instance, solution.values, formulation=formulation)
        if proposal is None:
            raise ModelError(f"these values of the {formulation} formulation describe no bins")
        return proposal


_NO_ARCS = "it needs whole sizes above 0 in one dimension, and no rules on which items may share a bin"


def _told(text: str) -> Proposal:
    """The bin that the name of a column of ``pool`` tells."""
    kind, _, inside = text.partition(":")
    return Proposal(np.array([int(kind)]), (np.array(inside.split("-"), dtype=np.int64),))


def _given(pool: Sequence[Proposal] | None) -> Sequence[Proposal]:
    if pool is None:
        raise ModelError("the formulation 'pool' chooses among known bins: give it a pool of proposals")
    return pool


PLUGIN = Packing()
