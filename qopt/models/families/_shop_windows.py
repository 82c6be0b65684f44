"""When the tasks of a shop may start, if its makespan is to be no worse than that of a quick schedule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Ints
from qopt.core.forms.shop import Proposal, Shop, evaluate, semi_active


@dataclass(frozen=True, eq=False)
class Windows:
    """Bounds of start times and makespan.

    Parameters
    ----------
    earliest, latest
        Shape (tasks,), inclusive.
    shortest, longest
        No makespan is below ``shortest`` (longest job, fullest machine); a schedule of makespan ``longest`` exists.
    """

    earliest: Ints
    latest: Ints
    shortest: int
    longest: int

    @classmethod
    def of(cls, form: Shop) -> Windows:
        """From list schedules by several rules: start of the job, work left, duration, and all three turned round."""
        rules = (form.head, form.tail, form.duration)
        plans = [semi_active(form, sign * rule) for rule in rules for sign in (1, -1)]
        longest = min(int(evaluate(form, plan).objective) for plan in plans)
        load = np.bincount(form.machine, form.duration, minlength=1)
        job = form.head + form.duration + form.tail
        return cls(
            earliest=form.head,
            latest=longest - form.tail - form.duration,
            shortest=int(max(load.max(initial=0), job.max(initial=0))),
            longest=longest,
        )

    def hold(self, proposal: Proposal) -> bool:
        """Whether every start lies in its window."""
        inside = (self.earliest <= proposal.start) & (proposal.start <= self.latest)
        return len(proposal.start) == len(self.earliest) and bool(inside.all())


def machine_pairs(form: Shop) -> Ints:
    """Pairs of tasks that need the same machine and are not ordered by their job, shape (pairs, 2)."""
    busy = form.duration > 0
    out = []
    for m in range(form.machines):
        here = np.flatnonzero(busy & (form.machine == m))
        a, b = np.triu_indices(len(here), 1)
        pairs = np.stack([here[a], here[b]], axis=1)
        out.append(pairs[form.job[pairs[:, 0]] != form.job[pairs[:, 1]]])
    return np.concatenate(out) if out else np.zeros((0, 2), dtype=np.int64)
