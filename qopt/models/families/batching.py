"""Order batching: which orders are picked on the same walk through the warehouse, so that the walks are short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qopt.core.arrays import Floats
from qopt.core.errors import ModelError
from qopt.core.forms.batches import Batches, Proposal
from qopt.core.problem import Problem
from qopt.core.solution import Solution
from qopt.models.families import _batching_check as judge
from qopt.models.families import _batching_pairs as pairs
from qopt.models.families import _batching_plan as plans
from qopt.models.families import _batching_select as selection
from qopt.models.families._batching_document import Aisles, BatchingInstance, Order, Table, Trolley

__all__ = ["PLUGIN", "Aisles", "Batching", "BatchingInstance", "Order", "Table", "Trolley"]


@dataclass(frozen=True)
class Batching:
    """The family of order batching problems.

    Parameters
    ----------
    approximate
        Formulations that propose, but whose objective is not how far is walked.
    """

    name: str = "batching"
    instance: type[BatchingInstance] = BatchingInstance
    formulations: Mapping[str, str] = field(
        default_factory=lambda: {
            "select": f"one binary column per batch that may be, where they are at most {selection.MOST:,}",
            "pairs": "in[order,batch], and what two orders save by being together: close to how far is walked",
            "pool": "one binary column per batch of known answers; needs a pool",
        }
    )
    approximate: frozenset[str] = frozenset({"pairs"})

    def form(self, instance: BatchingInstance) -> Batches:
        """The native form ``batches``."""
        return instance.form

    def offers(self, instance: BatchingInstance) -> tuple[str, ...]:
        """All formulations; ``select`` where the batches can be listed."""
        return tuple(name for name in self.formulations if name != "select" or instance.columns is not None)

    def choose(self, instance: BatchingInstance, purpose: str) -> str:
        """``select`` where it is offered, and has few columns if it is sampled; else ``pairs`` to sample, and nothing
        to solve exactly: ``pool``."""
        listed = instance.columns
        if purpose == "exact":
            return "pool" if listed is None else "select"
        return "select" if listed is not None and len(listed.batches) <= _FEW else "pairs"

    def size(self, instance: BatchingInstance, formulation: str = "pairs") -> tuple[int, int]:
        """Columns and nonzeros; ``pool`` depends on the pool and cannot be solved without one."""
        chosen = self._formulation(instance, formulation)
        if chosen == "pool":
            return 10**9, 10**9
        if chosen == "pairs":
            return pairs.size(instance.form, instance.pairs)
        assert instance.columns is not None
        batches = instance.columns.batches
        return len(batches), 2 * len(batches) + sum(map(len, batches))

    def build(
        self, instance: BatchingInstance, *, formulation: str = "auto", pool: Sequence[Proposal] | None = None
    ) -> Problem:
        """The instance as a Problem.

        Parameters
        ----------
        pool
            Proposals whose batches the formulation ``pool`` chooses from.

        Raises
        ------
        ModelError
            No such formulation, one that this instance is too large for, or ``pool`` without a pool.
        """
        chosen = self._formulation(instance, formulation)
        orders = tuple(str(order.id) for order in instance.orders)
        if chosen == "pairs":
            return pairs.build(instance.form, instance.pairs, orders, instance.name)
        return selection.build(instance.form, self._columns(instance, chosen, pool), orders, instance.name)

    def lift(
        self,
        instance: BatchingInstance,
        proposal: Proposal,
        *,
        formulation: str = "auto",
        pool: Sequence[Proposal] | None = None,
    ) -> Floats | None:
        """Batches as columns of a formulation; None when that formulation cannot hold them."""
        chosen = self._formulation(instance, formulation)
        if chosen == "pairs":
            return pairs.lift(instance.form, instance.pairs, proposal)
        return selection.lift(self._columns(instance, chosen, pool), proposal)

    def lower(
        self,
        instance: BatchingInstance,
        values: Any,
        *,
        formulation: str = "auto",
        pool: Sequence[Proposal] | None = None,
    ) -> Proposal:
        """The batches behind columns of a formulation."""
        chosen = self._formulation(instance, formulation)
        if chosen == "pairs":
            return pairs.lower(instance.pairs, values)
        return selection.lower(self._columns(instance, chosen, pool).batches, values)

    def interpret(self, instance: BatchingInstance, solution: Solution) -> dict[str, Any]:
        """Batches with their orders, loads, and walks past the picks in order."""
        proposal = solution.candidate.proposal
        return plans.plan_of(instance, self._described(instance, solution) if proposal is None else proposal)

    def restore(self, instance: BatchingInstance, plan: Mapping[str, Any]) -> Proposal:
        """A plan's batches as a proposal; its walks and lengths are not looked at.

        Raises
        ------
        RecordError
            No batches, or an order that the instance does not have.
        """
        return plans.restore(instance, plan)

    def key(self, plan: Mapping[str, Any]) -> Any:
        """Plans are the same when the same orders are together."""
        return tuple(sorted(tuple(sorted(str(name) for name in line["orders"])) for line in plan["batches"]))

    def example(self) -> BatchingInstance:
        """Five orders in four aisles, two or three to a trolley: those of the left aisles go together."""
        return BatchingInstance(
            name="morning-picks",
            aisles=Aisles(count=4, length=20.0, pitch=5.0),
            trolley=Trolley(capacity=6.0, orders=3),
            orders=(
                Order(id="A1", picks=((0, 12.0), (1, 3.0))),
                Order(id="A2", picks=((3, 18.0),)),
                Order(id="A3", picks=((0, 5.0), (1, 16.0))),
                Order(id="A4", picks=((2, 9.0), (3, 4.0))),
                Order(id="A5", picks=((1, 10.0),)),
            ),
        )

    def generate(self, size: int, *, seed: int) -> BatchingInstance:
        """``size`` orders of one to six picks in ten aisles of 50; the rule of the walk follows the seed."""
        rng = np.random.default_rng(seed)
        orders = []
        for k in range(max(1, size)):
            spots = rng.integers(0, (10, 51), (int(rng.integers(1, 7)), 2)).tolist()
            orders.append({"id": f"o{k}", "picks": [[a, float(p)] for a, p in spots]})
        return BatchingInstance.model_validate(
            {
                "name": f"batching-{size}-{seed}",
                "aisles": {
                    "count": 10,
                    "length": 50.0,
                    "pitch": 5.0,
                    "depot": int(rng.integers(0, 10)),
                    "walk": ("s_shape", "return", "largest_gap")[seed % 3],
                },
                "trolley": {"capacity": 15.0},
                "orders": orders,
            }
        )

    def domain_check(self, instance: BatchingInstance, plan: Mapping[str, Any]) -> list[str]:
        """Every rule that a plan breaks and every number it states wrongly, one sentence each."""
        return judge.faults(instance, plan)

    def _formulation(self, instance: BatchingInstance, wanted: str) -> str:
        if wanted == "auto":
            return self.choose(instance, "sample")
        if wanted not in self.formulations:
            raise ModelError(f"batching has no formulation {wanted!r}; it has: {', '.join(self.formulations)}")
        if wanted == "select" and instance.columns is None:
            raise ModelError(f"{instance.name} has more than {selection.MOST:,} batches: too many for 'select'")
        return wanted

    def _columns(
        self, instance: BatchingInstance, formulation: str, pool: Sequence[Proposal] | None
    ) -> selection.Columns:
        if formulation == "select":
            assert instance.columns is not None
            return instance.columns
        if pool is None:
            raise ModelError("the formulation 'pool' chooses among known batches: give it a pool of proposals")
        return selection.known(instance.form, pool)

    def _described(self, instance: BatchingInstance, solution: Solution) -> Proposal:
        """The batches behind a solution's values; its labels tell the formulation."""
        names = {family.name for family in solution.labels.families}
        if "batch" in names:
            texts = solution.labels.family("batch").axes[0]
            return selection.lower([[int(o) for o in text.split("-")] for text in texts], solution.values)
        return pairs.lower(instance.pairs, solution.values)


_FEW = 1_000
"""Most columns of ``select`` that a sampler is given: ``pairs`` needs fewer bits."""


PLUGIN = Batching()
