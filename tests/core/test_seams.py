"""Errors, budget, watch, registry: what every seam leans on."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time

import numpy as np
import pytest

import qopt
from qopt.core import errors, registry
from qopt.core.budget import Budget
from qopt.core.errors import BackendContractError, Issue, ModelError, Place, UnknownPluginError
from qopt.core.protocols import KINDS
from qopt.core.result import Bound, better_bound, closes, relative_gap
from qopt.core.watch import Watch, run_in_chunks


def test_all_is_what_the_package_offers() -> None:
    assert sorted(qopt.__all__) == sorted(set(qopt.__all__))
    assert [name for name in qopt.__all__ if getattr(qopt, name, None) is None] == []
    with pytest.raises(AttributeError, match="nonsense"):
        _ = qopt.nonsense


def test_every_leaf_error_is_also_a_standard_one() -> None:
    """``except ValueError`` and ``except QoptError`` both work; the tree in the docstring names every class."""
    found = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.QoptError)]

    for error in found:
        assert error.__name__ in (errors.__doc__ or "")
        if error is not errors.QoptError:
            assert issubclass(error, (ValueError, LookupError, RuntimeError)), error


def test_an_issue_reads_place_rule_value_suggestion() -> None:
    issue = Issue("duration must be at least 1", "0", Place("a.yaml", 3, 7, "jobs[0]"), "leave the task out")

    assert str(issue) == "a.yaml:3:7: jobs[0]: duration must be at least 1, got 0 (leave the task out)"
    assert ModelError([issue]).issues == (issue,)
    assert issue.to_dict()["line"] == 3


@pytest.mark.parametrize("value", [0, -1, True, "10"])
def test_budget_refuses_what_is_no_time(value: object) -> None:
    with pytest.raises(ModelError):
        Budget.of(value)  # type: ignore[arg-type]


def test_chunks_add_up_to_the_work_and_keep_the_deadline() -> None:
    done: list[int] = []

    def step(units: int) -> int:
        done.append(units)
        return units

    watch = Watch(clock=time.perf_counter)

    assert run_in_chunks(step, watch, work=10_000) == 10_000
    assert sum(done) == 10_000


def test_chunks_end_when_stopped_or_finished() -> None:
    watch = Watch(clock=time.perf_counter)
    assert run_in_chunks(lambda units: 3, watch) == 3
    watch.cancel("target")
    assert run_in_chunks(lambda units: units, watch) == 0
    assert watch.reason == "target"


def test_a_share_of_a_watch_never_outlives_it() -> None:
    now = [0.0]
    watch = Watch(clock=lambda: now[0], deadline=10.0)
    share = watch.within(100.0)

    assert share.deadline == 10.0
    assert watch.within(2.0).deadline == 2.0
    watch.cancel()
    assert share.expired()


def test_bounds_of_a_smaller_scope_do_not_count() -> None:
    whole, part = Bound(3.0, "highs"), Bound(9.0, "highs", scope="pool")

    assert better_bound(whole, part, qopt.Sense.MINIMIZE) is whole
    assert better_bound(whole, Bound(4.0, "exhaustive"), qopt.Sense.MINIMIZE).value == 4.0  # type: ignore[union-attr]
    assert better_bound(whole, Bound(4.0, "exhaustive"), qopt.Sense.MAXIMIZE) is whole
    with pytest.raises(ValueError, match="guess"):
        Bound(1.0, "guess")


def test_only_a_closed_gap_is_optimal() -> None:
    assert closes(55.0, 54.2, integral=True)
    assert not closes(55.0, 54.0, integral=True)
    assert not closes(55.0, 54.9999, integral=False)
    assert closes(55.0, 55.0 * (1 - 1e-12), integral=False)
    assert relative_gap(0.0, 0.0) == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_loads_and_unknown_ones_are_refused(kind: str) -> None:
    for name in registry.names(kind):
        assert registry.load(kind, name) is not None
    with pytest.raises(UnknownPluginError, match="nonesuch"):
        registry.load(kind, "nonesuch")


def test_a_hyphen_may_stand_for_an_underscore() -> None:
    assert registry.load("samplers", "dwave-sa") is registry.load("samplers", "dwave_sa")
    assert registry.named("proposers", "ruin-recreate") == "ruin_recreate"


def test_an_unknown_parameter_is_an_error() -> None:
    name = registry.names("samplers")[0]
    with pytest.raises(ModelError, match="no parameter 'swoops'"):
        registry.load("samplers", name, swoops=3)


def test_listing_plugins_imports_none() -> None:
    code = (
        "import sys; from qopt.core import registry; from qopt.core.protocols import KINDS\n"
        "[registry.names(k) for k in KINDS]\n"
        "print([m for m in sys.modules if m.startswith('qopt.') and not m.startswith('qopt.core')"
        " and m.count('.') > 2], 'numba' in sys.modules, 'highspy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.split("]")[0] == "["
    assert out.stdout.rstrip().endswith("False False")


def test_a_false_energy_is_a_broken_contract() -> None:
    from qopt.core.compiled import Compiled
    from qopt.core.polynomial import polynomial_of

    compiled = Compiled.of_polynomial(polynomial_of(2, {(0,): 1.0, (0, 1): -3.0}))

    assert compiled.verify([[1, 1]], [-2.0], "x").tolist() == [-2.0]
    with pytest.raises(BackendContractError, match="claims energy"):
        compiled.verify([[1, 1]], [-2.5], "x")
    with pytest.raises(BackendContractError, match="other than 0 and 1"):
        compiled.verify(np.array([[2, 1]]), [-2.0], "x")
