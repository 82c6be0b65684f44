"""Distances against the formulas written out, and the values TSPLIB's document gives."""

import math

import numpy as np
import pytest

from qopt.models import travel


@pytest.mark.parametrize(
    ("rounding", "expected"), [("none", math.sqrt(6.5)), ("nearest", 3.0), ("up", 3.0), ("down", 2.0)]
)
def test_rounding(rounding, expected):
    """From (0, 0) to (2.5, 0.5) it is the root of 6.5, 2.5495."""
    distance = travel.euclidean([(0, 0), (2.5, 0.5)], rounding)
    assert np.array_equal(distance, [[0, expected], [expected, 0]])


def test_a_half_is_rounded_up():
    assert travel.euclidean([(0, 0), (2.5, 0), (4, 0)], "nearest").tolist() == [[0, 3, 4], [3, 0, 2], [4, 2, 0]]


def test_att_rounds_the_tenth_up():
    """Squared length 90: root of 9 is 3, exact, so 3; squared length 91: 3.02, so 4."""
    assert travel.pseudo_euclidean([(0, 0), (9, 3)])[0, 1] == 3
    assert travel.pseudo_euclidean([(0, 0), (9.5, math.sqrt(0.75))])[0, 1] == 4


def test_geographic_first_leg_of_burma14():
    """burma14: nodes 1 and 2 are 153 km apart, 1 and 14 398, 2 and 14 376; its optimal tour is 3323 long."""
    points = [(16.47, 96.10), (16.47, 94.44), (20.09, 94.55)]
    assert travel.geographic(points).tolist() == [[0, 153, 398], [153, 0, 376], [398, 376, 0]]
