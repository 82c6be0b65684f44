"""Every proposer and bounder of the registry keeps its seam; and the suites notice those that do not."""

from dataclasses import dataclass

import numpy as np
import pytest

from qopt.core import registry
from qopt.core.accepts import AcceptsForm
from qopt.core.batch import Proposals
from qopt.core.forms.routes import Proposal, Routes
from qopt.core.forms.shop import Shop
from qopt.core.result import Bound
from qopt.testing import proposers
from qopt.testing.forms import shortest_makespan, shortest_routes


@pytest.mark.parametrize("name", registry.names("proposers"))
def test_proposer_conforms(name):
    proposers.check_proposer(name)


@pytest.mark.parametrize("name", registry.names("bounders"))
def test_bounder_conforms(name):
    proposers.check_bounder(name)


@dataclass(frozen=True)
class Boaster:
    """Claims half the length of one route per customer, or returns a bound above the optimum."""

    accepts: AcceptsForm = AcceptsForm("routes")

    def propose(self, form, *, budget, seed, watch, pool=()):
        proposal = Proposal(tuple([c] for c in range(1, form.n)))
        length = sum(form.distance[0, 1:] + form.distance[1:, 0])
        return Proposals((proposal,), (length / 2,), "boaster", seed, "work")

    def bound(self, subject, *, incumbent, budget, watch):
        return Bound(1e6, "combinatorial")


def test_suite_notices_a_false_claim(monkeypatch):
    monkeypatch.setattr(registry, "load", lambda kind, name: Boaster())
    with pytest.raises(AssertionError, match="the judge finds"):
        proposers.check_proposer("boaster")


def test_suite_notices_a_false_bound(monkeypatch):
    monkeypatch.setattr(registry, "load", lambda kind, name: Boaster())
    with pytest.raises(AssertionError, match="the optimum is"):
        proposers.check_bounder("boaster")


def test_enumerated_routes():
    """Two customers 1 away, 1 apart: together 1 + 1 + 1 = 3; one at a time 2 + 2 = 4."""
    distance = np.ones((3, 3))
    assert shortest_routes(Routes(distance, [0, 1, 1], 2.0, 2)) == 3
    assert shortest_routes(Routes(distance, [0, 1, 1], 1.0, 2)) == 4
    assert shortest_routes(Routes(distance, [0, 1, 1], 1.0, 1)) is None


def test_enumerated_makespan():
    """Two jobs of 3 + 2 on machines 0 then 1: the second starts at 3, ends at 6 + 2 = 8."""
    assert shortest_makespan(Shop([0, 2, 4], [0, 1, 0, 1], [3, 2, 3, 2], 2)) == 8
