"""Why visits are not made: one document for each reason."""

import numpy as np
import pytest

from qopt.core.forms.fleet import Proposal, Tour
from qopt.models.families._routing_reasons import Reasons
from qopt.models.families.routing import RoutingInstance

VAN = {"id": "van", "start": "depot", "capacity": 10, "shift": [0, 100]}


def told(made, visit=0, **change):
    """The reason for a visit of an instance whose plan makes ``made`` with its one van."""
    document = {
        "name": "reasons",
        "locations": [{"id": "depot", "x": 0, "y": 0}, {"id": "a", "x": 10, "y": 0}, {"id": "b", "x": 0, "y": 20}],
        "travel": {"euclidean": {}},
        "fleet": [VAN],
        "visits": [{"id": "a", "deliver": 4}, {"id": "b", "deliver": 4, "windows": [[0, 60]]}],
        "objective": [{"minimise": "unserved"}, {"minimise": "cost"}],
    }
    instance = RoutingInstance.model_validate({**document, **change})
    tours = (Tour(0, np.array(made)),) if made else ()
    return Reasons(instance, instance.rich, Proposal(tours)).of(visit)


@pytest.mark.parametrize(
    ("visit", "van", "code"),
    [
        ({"skills": ["crane"]}, {}, "NO_VEHICLE.SKILL"),
        ({"deliver": 11}, {}, "NO_VEHICLE.CAPACITY"),
        ({"windows": [[0, 5]]}, {}, "NO_VEHICLE.TIME_WINDOW"),
        ({"service": 90}, {}, "NO_VEHICLE.SHIFT"),
        ({}, {"max": {"distance": 15}}, "NO_VEHICLE.MAX_DISTANCE"),
        ({}, {"max": {"duration": 15}}, "NO_VEHICLE.MAX_DURATION"),
        ({}, {"max": {"stops": 0}}, "NO_VEHICLE.MAX_STOPS"),
    ],
)
def test_no_vehicle_can(visit, van, code):
    change = {"visits": [{"id": "a", "deliver": 4, **visit}, {"id": "b"}], "fleet": [{**VAN, **van}]}
    answer = told([1], **change)
    assert answer["code"] == code
    assert "van" in answer["reason"]


def test_no_room_in_this_plan():
    answer = told([1], visits=[{"id": "a", "deliver": 7}, {"id": "b", "deliver": 4}])
    assert answer["code"] == "NO_ROOM.CAPACITY"
    late = [{"id": "a", "service": 60, "windows": [[0, 10]]}, {"id": "b", "windows": [[0, 25]], "service": 30}]
    assert told([1], visits=late)["code"] in ("NO_ROOM.TIME_WINDOW", "NO_ROOM.SHIFT")
    apart = told([1], rules=[{"keep_apart": ["a", "b"], "name": "rivals"}])
    assert apart["code"] == "NO_ROOM.RULE"
    assert "rivals" in apart["reason"]


def test_the_search_had_no_time_or_the_penalty_is_cheaper():
    answer = told([1])
    assert answer["code"] == "SEARCH_LIMIT"
    cheap = [{"id": "a", "optional": {"penalty": 3}, "deliver": 1}, {"id": "b"}]
    answer = told([1], visits=cheap, objective=[{"minimise": "cost"}])
    assert answer["code"] == "PENALTY_CHEAPER"
    assert answer["price"] == pytest.approx(10 + 500**0.5 - 20)


def test_both_ends_of_a_shipment_share_their_reason():
    shipment = {"id": "s", "load": 12, "pickup": {"at": "a"}, "delivery": {"at": "b"}}
    for end in (1, 2):
        answer = told([0], visit=end, visits=[{"id": "a", "deliver": 4}], shipments=[shipment])
        assert answer["code"] == "NO_VEHICLE.CAPACITY"
