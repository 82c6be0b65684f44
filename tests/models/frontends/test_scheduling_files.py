"""FJSP, Patterson, PSPLIB and Taillard files: what they become, and the stored sets of the literature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qopt.core.errors import ModelError, UnsupportedModelError
from qopt.core.forms.project import FOREVER, Project, evaluate
from qopt.core.forms.shop import Shop
from qopt.models.detect import detect, read
from qopt.models.families._project_serial import serial
from qopt.models.families.shop import PLUGIN as FAMILY
from qopt.models.frontends import fjsp, psplib, rcp, taillard

INSTANCES = Path(__file__).resolve().parents[3].parent / "shared" / "instances"


def test_a_flexible_shop_and_back(tmp_path: Path) -> None:
    text = "2 2 1.5\n2 2 1 3 2 4 1 2 2\n1 1 2 5\n"
    instance = fjsp.PLUGIN.read(text)
    form = instance.form
    assert isinstance(form, Project)
    assert form.modes.start.tolist() == [0, 2, 3, 4] and form.modes.duration.tolist() == [3, 4, 2, 5]
    assert form.modes.resource.tolist() == [0, 1, 1, 1] and form.resources.capacity.tolist() == [1, 1]
    assert form.lags.before.tolist() == [0] and form.lags.most.tolist() == [FOREVER]
    fjsp.PLUGIN.write(instance, tmp_path / "a.fjs")
    assert (tmp_path / "a.fjs").read_text() == "2 2\n2 2 1 3 2 4 1 2 2\n1 1 2 5\n"
    with pytest.raises(UnsupportedModelError, match="an FJSP file holds"):
        fjsp.PLUGIN.write(FAMILY.example(), tmp_path / "b.fjs")


def test_a_flexible_shop_with_one_way_each_is_a_job_shop() -> None:
    assert isinstance(fjsp.PLUGIN.read("1 2\n2 1 1 3 1 2 4\n").form, Shop)


def test_one_project_in_two_layouts() -> None:
    small = "4 2\n3 1\n0 0 0 2 2 3\n4 3 0 1 4\n2 1 1 1 4\n0 0 0 0\n"
    instance = rcp.PLUGIN.read(small)
    form = instance.form
    assert form.modes.duration.tolist() == [0, 4, 2, 0] and form.resources.capacity.tolist() == [3, 1]
    assert list(zip(form.lags.before.tolist(), form.lags.after.tolist())) == [(0, 1), (0, 2), (1, 3), (2, 3)]
    assert form.modes.uses(2) == [(0, 1), (1, 1)]
    lines = ["*" * 20, "jobs (incl. supersource/sink ):  4", "  - renewable  :  2   R", "*" * 20]
    lines += [
        "PRECEDENCE RELATIONS:",
        "jobnr. #modes #successors successors",
        "1 1 2 2 3",
        "2 1 1 4",
        "3 1 1 4",
        "4 1 0",
    ]
    lines += ["*" * 20, "REQUESTS/DURATIONS:", "jobnr. mode duration R 1 R 2", "-" * 20]
    lines += ["1 1 0 0 0", "2 1 4 3 0", "3 1 2 1 1", "4 1 0 0 0", "*" * 20, "RESOURCEAVAILABILITIES:", "R 1 R 2", "3 1"]
    assert psplib.PLUGIN.read("\n".join(lines) + "\n") == instance


def test_modes_are_ways_and_equal_ones_are_one() -> None:
    given = "1 1 0 0", "2 1 4 3", "  2 2 5", "  3 2 5", "3 1 0 0"
    head = ["jobs (incl. supersource/sink ):  3", " - renewable : 1 R", "*****", "PRECEDENCE RELATIONS:", "heads"]
    head += ["1 1 1 2", "2 3 1 3", "3 1 0", "*****", "REQUESTS/DURATIONS:", "heads", "-----", *given, "*****"]
    instance = psplib.PLUGIN.read("\n".join([*head, "RESOURCEAVAILABILITIES:", "R 1", "5", ""]))
    assert [(way.time, way.uses) for way in instance.jobs[0].tasks[1].ways] == [(4, {"R1": 3}), (2, {"R1": 5})]


def test_taillards_job_and_flow_shops() -> None:
    head = "Nb of jobs, Nb of Machines, Time seed\n2 2 5\n"
    job = taillard.PLUGIN.read(head + "Times\n4 5\n7 8\nMachines\n1 2\n2 1\n")
    assert job.names == ((0, 0, 1), (0, 1, 2), (1, 0, 2), (1, 1, 1))
    assert job.form.duration.tolist() == [4, 5, 7, 8]
    flow = taillard.PLUGIN.read(head.replace("2 2", "3 2") + "processing times :\n1 2 3\n4 5 6\n")
    assert flow.names[:2] == ((0, 0, 1), (0, 1, 2)) and flow.form.duration.tolist() == [1, 4, 2, 5, 3, 6]
    with pytest.raises(ModelError, match="holds 2 problems"):
        taillard.PLUGIN.read((head + "processing times:\n1 2\n4 5\n") * 2)
    text = head + "Times\n4 5\n7 8\nMachines\n1 2\n2 1\n"
    assert taillard.PLUGIN.read(text * 2, member="2").name == "unnamed-2"


@pytest.mark.skipif(not INSTANCES.exists(), reason="the stored instances are not here")
@pytest.mark.parametrize(
    ("path", "name"),
    [(p, "fjsp") for p in sorted(INSTANCES.glob("flexible_jobshop/*.txt"))]
    + [(p, "rcp") for p in sorted(INSTANCES.glob("rcpsp/*.rcp"))]
    + [(p, "psplib") for p in sorted(INSTANCES.glob("rcpsp/*.sm"))],
    ids=lambda value: value.stem if isinstance(value, Path) else value,
)
def test_stored_files_are_known_and_can_be_scheduled(path: Path, name: str) -> None:
    assert detect(path)[0] == name
    instance = read(path)
    schedule = serial(instance.project)
    assert schedule is not None
    check = evaluate(instance.project, schedule)
    assert check.feasible and check.objective >= instance.project.modes.duration.max()


@pytest.mark.skipif(not INSTANCES.exists(), reason="the stored instances are not here")
def test_the_same_project_in_both_layouts() -> None:
    first, second = (read(INSTANCES / "rcpsp" / name).project for name in ("j30_1_1.rcp", "j301_1.sm"))
    for name in ("start", "duration", "use_start", "resource", "amount"):
        assert np.array_equal(getattr(first.modes, name), getattr(second.modes, name))
    assert np.array_equal(first.lags.after, second.lags.after)
