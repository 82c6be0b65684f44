"""Every repairer of the registry keeps its seam; and the suite itself notices those that do not."""

from dataclasses import dataclass

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.solution import Candidate, Origin
from qopt.testing import repairers


@pytest.mark.parametrize("name", registry.names("repairers"))
def test_conforms(name):
    repairers.check_repairer(name)


@dataclass(frozen=True)
class Careless:
    """Hands infeasible candidates back as repaired."""

    def repair(self, subject, candidates, *, pool=(), budget, seed, watch):
        if watch.expired():
            return []
        return [Candidate(Origin.REPAIRED, "careless", c.values, parent=c) for c in candidates]


def test_suite_notices_an_infeasible_answer(monkeypatch):
    monkeypatch.setattr(registry, "load", lambda kind, name: Careless())
    with pytest.raises(AssertionError, match="infeasible"):
        repairers.check_repairer("careless")


def test_judge_knows_a_feasible_point_of_the_mixture():
    point = [1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1]
    problem = repairers.mixture()
    assert repairers.feasible(problem, point)
    for flip in (0, 5):
        other = np.array(point)
        other[flip] = 1 - other[flip]
        assert not repairers.feasible(problem, other.tolist())
