"""Job shop bounds from one job or one machine at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.core.accepts import AcceptsForm
from qopt.core.budget import Budget
from qopt.core.forms.shop import Shop
from qopt.core.result import Bound
from qopt.core.watch import Watch


@dataclass(frozen=True)
class OneMachine:
    """The longest job, the fullest machine, and Jackson's preemptive schedule of every machine.

    The last is never below the others (for a machine) and takes milliseconds; the bound names the simplest rule that
    reaches the value.
    """

    accepts: AcceptsForm = AcceptsForm("shop")

    def bound(self, subject: Shop, *, incumbent: float | None, budget: Budget, watch: Watch) -> Bound | None:
        """The largest of the three, always within milliseconds; the incumbent is not used."""
        found = max(
            (
                Bound(float(longest_job(subject)), "combinatorial", source="job_length"),
                Bound(float(fullest_machine(subject)), "combinatorial", source="machine_load"),
                Bound(float(jackson(subject)), "combinatorial", source="jackson_preemptive"),
            ),
            key=lambda bound: bound.value,
        )
        watch.bound(found)
        return found


def longest_job(form: Shop) -> int:
    """No schedule is shorter than a job."""
    return int((form.head + form.duration + form.tail).max(initial=0))


def fullest_machine(form: Shop) -> int:
    """Earliest start of a machine's tasks, their durations, and the least time behind any of them."""
    form = form.busy()
    longest = 0
    for m in np.unique(form.machine):
        here = form.machine == m
        longest = max(longest, int(form.head[here].min() + form.duration[here].sum() + form.tail[here].min()))
    return longest


def jackson(form: Shop) -> int:
    """Jackson's preemptive schedule of every machine, with the heads and tails of the jobs."""
    from qopt.kernels.shop_bounds import preemptive

    form = form.busy()
    longest = longest_job(form)
    for m in np.unique(form.machine):
        here = form.machine == m
        head, duration, tail = form.head[here], form.duration[here], form.tail[here]
        longest = max(longest, int(preemptive(head, duration, tail, np.empty(len(head), dtype=np.int64))))
    return longest


PLUGIN = OneMachine()
