"""Who wins: the call, then the document, then the defaults."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from qopt.core.budget import Budget
from qopt.core.errors import ModelError
from qopt.core.names import NameTable
from qopt.core.problem import Columns, Problem
from qopt.engine.calls import LEAST_SECONDS, limits
from qopt.engine.run import Run
from qopt.engine.settings import DEFAULT_SECONDS, resolve
from qopt.models.instance import SolveSection
from qopt.models.subject import Subject


def test_the_call_wins_over_the_document_and_it_over_the_defaults() -> None:
    section = SolveSection(budget=20.0, top=7, sampler="random")
    settings = resolve(section, {"top": 3, "budget": None, "sampler": None})

    assert settings.budget.seconds == 20.0
    assert settings.top == 3
    assert settings.samplers == ("random",)
    assert settings.seed == 0
    assert resolve(SolveSection(), {}).budget.seconds == DEFAULT_SECONDS


def test_a_share_is_a_number_or_a_text() -> None:
    assert SolveSection(differ="5%").differ == SolveSection(differ=0.05).differ == 0.05
    assert resolve(SolveSection(differ="5 %"), {}).differ == 0.05
    assert resolve(SolveSection(differ="5%"), {"differ": 0}).differ == 0.0
    assert resolve(SolveSection(), {}).differ is None
    for wrong in ("5 percent", 1.5, -0.1, "101%"):
        with pytest.raises(ValidationError, match=r"share|less than or equal|greater than or equal"):
            SolveSection(differ=wrong)
    with pytest.raises(ModelError, match="share from 0 to 1, got 2"):
        resolve(SolveSection(), {"differ": 2})


def test_auto_none_and_lists_of_names() -> None:
    assert resolve(SolveSection(), {"sampler": "auto"}).samplers is None
    assert resolve(SolveSection(), {"sampler": "none"}).samplers == ()
    assert resolve(SolveSection(), {"sampler": "random, exact"}).samplers == ("random", "exact")
    assert resolve(SolveSection(), {"sampler": ["exact", "exact"]}).samplers == ("exact",)
    assert resolve(SolveSection(), {"sampler": "dwave-sa, dwave_sa"}).samplers == ("dwave_sa",)


def test_work_makes_a_run_deterministic_and_sets_no_clock() -> None:
    settings = resolve(SolveSection(), {"budget": Budget(work=1000)})

    assert settings.deterministic
    assert settings.budget.seconds is None


@pytest.mark.parametrize(
    "given",
    [
        {"sampler": "nonesuch"},
        {"proposer": "anneal"},
        {"top": 0},
        {"seed": -1},
        {"threads": 0},
        {"budget": 0},
        {"strategy": "clever"},
        {"seed": 1.5},
    ],
)
def test_wrong_settings_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        resolve(SolveSection(), dict(given))


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", 20.0), ("1.5m", 90.0), ("2h", 7200.0), ("250ms", 0.25), (3, 3.0)]
)
def test_durations_of_a_document(text: object, seconds: float) -> None:
    assert SolveSection.model_validate({"budget": text}).budget == seconds


def test_a_duration_without_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="a duration is"):
        SolveSection.model_validate({"budget": "soon"})


@pytest.mark.parametrize("left", [0.0, -1.0, 2.5, None])
def test_a_stage_that_begins_too_late_has_a_limit_all_the_same(left: float | None) -> None:
    problem = Problem.build(Columns.binaries(NameTable.numbered("x", 1)))
    settings = resolve(SolveSection(), {"budget": Budget(seconds=3.0, reads=7)})
    run = Run(Subject(problem=problem), settings, began=0.0, progress=None)
    given = limits(run, left)
    assert given.reads == 7
    assert given.seconds == (None if left is None else max(left, LEAST_SECONDS))
