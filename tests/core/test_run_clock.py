"""The clock of runs stands still while any pause is open, and goes on where it stood."""

from __future__ import annotations

import pytest

from qopt.core import clock
from qopt.core.clock import Clock


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds = [100.0]
    monkeypatch.setattr(clock.time, "perf_counter", lambda: seconds[0])
    return seconds


def test_it_goes_with_the_wall_clock(wall: list[float]) -> None:
    now = Clock()
    before = now()
    wall[0] += 3.0

    assert now() - before == 3.0
    assert now.paused == 0.0


def test_pauses_that_nest_and_overlap_are_left_out_once(wall: list[float]) -> None:
    now = Clock()
    before = now()
    wall[0] += 1.0
    now.pause()
    wall[0] += 2.0
    now.pause()
    wall[0] += 4.0
    assert now.still
    assert now() - before == 1.0
    assert now.paused == 6.0
    now.resume()
    wall[0] += 8.0
    now.resume()
    wall[0] += 16.0

    assert not now.still
    assert now() - before == 17.0
    assert now.paused == 14.0


def test_compiling_a_kernel_is_no_part_of_a_run() -> None:
    import numba
    from numba.core import event

    import qopt.kernels  # noqa: F401  (it listens for compilations)

    began: list[float] = []

    class First(event.Listener):
        def on_start(self, event: event.Event) -> None:
            began.append(clock.now())

        def on_end(self, event: event.Event) -> None:
            began.append(clock.now())

    paused = clock.now.paused
    with event.install_listener("numba:compile", First()):
        assert numba.njit(lambda x: x * 2.0)(3.0) == 6.0
    assert len(began) == 2
    assert clock.now.paused > paused
    assert not clock.now.still
