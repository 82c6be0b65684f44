"""NRP files: what they mean, and the published optimum of the smallest ones."""

from pathlib import Path

import numpy as np
import pytest

import qopt
from qopt.core.forms.roster import UNBOUND
from qopt.models.detect import detect, read
from qopt.models.frontends.nrp import PLUGIN

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "instances" / "rostering_nrp"
TEXT = """# remark
SECTION_HORIZON
7

SECTION_SHIFTS
E,480,
L,600,E

SECTION_STAFF
ann,E=7|L=2,2400,960,5,2,3,1
bob,E=4|L=0,2200,0,4,1,2,0

SECTION_DAYS_OFF
ann,3,5

SECTION_SHIFT_ON_REQUESTS
ann,1,L,2

SECTION_SHIFT_OFF_REQUESTS
bob,2,E,3

SECTION_COVER
0,E,1,100,1
6,L,2,90,4
"""


def test_every_section_becomes_a_rule():
    form = PLUGIN.read(TEXT).form
    assert form.shape == (2, 7, 3) and form.integral
    assert form.runs.forbidden[:, 2, 1].all() and form.runs.forbidden.sum() == 2
    limits = [getattr(form.runs, name).tolist() for name in ("most_work", "least_work", "least_rest", "most_weekends")]
    assert limits == [[5, 4], [2, 1], [3, 2], [1, 0]]
    totals = form.totals
    lines = list(zip(totals.person.tolist(), totals.least.tolist(), totals.most.tolist(), totals.amount.tolist()))
    assert lines == [
        (0, 960, 2400, [0, 480, 600]),
        (0, 0, 2, [0, 0, 1]),
        (1, 0, 2200, [0, 480, 600]),
        (1, 0, 4, [0, 1, 0]),
        (1, 0, 0, [0, 0, 1]),
    ]
    assert np.argwhere(~form.allowed[:, :, 1]).tolist() == [[0, 3], [0, 5]]
    assert form.wish[0, 1].tolist() == [2, 2, 0] and form.wish[1, 2].tolist() == [0, 3, 0]
    assert form.cover.under.tolist() == [100, 90] and form.cover.over.tolist() == [1, 4]
    assert form.cover.least.tolist() == form.cover.most.tolist() == [1, 2] and UNBOUND not in form.cover.most
    assert form.weekend.tolist() == [-1] * 5 + [0, 0]


@pytest.mark.parametrize(("name", "people"), [("Instance1", 8), ("Instance14", 32)])
def test_published_files_are_read(name, people):
    path = FOLDER / f"{name}.txt"
    if not path.exists():
        pytest.skip("the published instances are not there")
    assert detect(path)[0] == "nrp"
    assert len(read(path).staff) == people


def test_the_smallest_published_instance_is_solved():
    path = FOLDER / "Instance1.txt"
    if not path.exists():
        pytest.skip("the published instances are not there")
    result = qopt.solve(path, budget=qopt.Budget(seconds=60, target=607), seed=1)
    assert result.objective == 607
