"""Every family against the contract of its seam."""

from __future__ import annotations

import dataclasses

import pytest

from qopt.core import registry
from qopt.models.families.knapsack import PLUGIN as KNAPSACK
from qopt.models.families.knapsack import Knapsack
from qopt.testing.families import check_answers, check_documents, check_family, check_instances


@pytest.mark.parametrize("name", registry.names("families"))
def test_a_family_keeps_its_contract(name):
    check_family(name)


@dataclasses.dataclass(frozen=True)
class Blind(Knapsack):
    """A judge that sees nothing."""

    def domain_check(self, instance, plan):
        return []


@dataclasses.dataclass(frozen=True)
class Restless(Knapsack):
    """A generator that ignores its seed."""

    def generate(self, size, *, seed):
        return super().generate(size, seed=1)


@dataclasses.dataclass(frozen=True)
class Wrong(Knapsack):
    """A plan that states other items than the values say."""

    def interpret(self, instance, solution):
        plan = super().interpret(instance, solution)
        return plan | {"items": plan["items"][1:]}


@pytest.mark.parametrize(
    ("family", "what"),
    [
        (Blind(), lambda: check_answers("knapsack", KNAPSACK.example())),
        (Restless(), lambda: check_instances("knapsack")),
        (Wrong(), lambda: check_answers("knapsack", KNAPSACK.example())),
    ],
)
def test_the_suite_sees_a_family_that_breaks_its_contract(family, what, monkeypatch):
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda kind, name: family if kind == "families" else load(kind, name))
    with pytest.raises(AssertionError):
        what()


def test_documents_of_every_family_are_checked_too():
    check_documents("model")
