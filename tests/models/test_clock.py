"""Times and durations of documents."""

from datetime import datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from qopt.models.clock import Clock, Duration, Moment, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1.5h", 5400), ("2 d", 172800), ("PT1H30M", 5400), ("P1DT5S", 86405), ("pt20m", 1200)],
)
def test_durations(text, seconds):
    assert seconds_of(text) == seconds
    assert Clock(60.0).duration(text) == seconds / 60


@pytest.mark.parametrize("text", ["", "5", "P", "PT", "five", "5 weeks", "-3m", "07:30"])
def test_no_durations(text):
    assert seconds_of(text) is None
    with pytest.raises(ValidationError, match="a duration is"):
        TypeAdapter(Duration).validate_python(text)


def test_clock_texts_count_from_midnight_or_from_the_start():
    assert Clock().moment("07:30") == 450
    assert Clock(1.0).moment("00:00:05") == 5
    day = Clock(60.0, datetime(2026, 3, 10, 6))
    assert day.moment("07:30") == 90
    assert day.moment("25:00") == 19 * 60
    assert day.moment("2026-03-11T06:30") == 24 * 60 + 30
    assert day.moment(12) == 12


def test_texts_come_back():
    day = Clock(60.0, datetime(2026, 3, 10, 6))
    assert day.text(90) == "2026-03-10T07:30:00"
    assert day.moment(day.text(90.5)) == 90.5
    for value in (0.0, 450.0, 1500.0, 7.5):
        assert Clock().moment(Clock().text(value)) == value


@pytest.mark.parametrize("text", ["7", "25:61", "noon", "2026-13-01", True, None])
def test_no_times(text):
    with pytest.raises(ValidationError, match="a time is"):
        TypeAdapter(Moment).validate_python(text)


def test_timestamps_need_a_day_and_one_way_of_offsets():
    with pytest.raises(ValueError, match="horizon"):
        Clock().moment("2026-03-10T07:30")
    with pytest.raises(ValueError, match="offset"):
        Clock(60.0, datetime(2026, 3, 10)).moment("2026-03-10T07:30+01:00")
