"""Schedules, pacing, and which kernel an annealer gives its reads to."""

import itertools

import numpy as np
import pytest

from qopt.core.accepts import Accepts
from qopt.core.compiled import Compiled
from qopt.core.polynomial import Polynomial, polynomial_of
from qopt.core.rows import GroupKind
from qopt.core.watch import Watch
from qopt.kernels.anneal_chain import ENDED, SWEEP
from qopt.kernels.anneal_words import CHAINS
from qopt.solvers.search.annealer import LEAST_WORDS, Annealer, Block
from qopt.solvers.search.arm import Turn
from qopt.solvers.search.arms import replicas
from qopt.solvers.search.blocks import Blocks
from qopt.solvers.search.chains import Chains
from qopt.solvers.search.landscape import Landscape
from qopt.solvers.search.pacing import Run, counted, timed
from qopt.solvers.search.rounds import Rounds
from qopt.solvers.search.schedule import STEPS, Schedule, ordering_temperature
from qopt.testing.samplers import groups_of, random_polynomial

ONE, SQUARE = GroupKind.EXACTLY_ONE, GroupKind.PERMUTATION
ENDLESS = Watch(clock=lambda: 0.0)


def landscape_of(polynomial, groups=None):
    return Landscape.of(Compiled.of_polynomial(polynomial, groups), "test", Accepts(groups=frozenset(GroupKind)))


def torus(side, seed=1):
    """Couplings of random sign on a torus, as bits."""
    random, pairs = np.random.default_rng(seed), []
    for i, j in np.ndindex(side, side):
        pairs += [(i * side + j, ((i + 1) % side) * side + j), (i * side + j, i * side + (j + 1) % side)]
    i, j = np.array(pairs).T
    sign = random.choice((-1.0, 1.0), len(i))
    linear = -2 * (np.bincount(i, weights=sign, minlength=side**2) + np.bincount(j, weights=sign, minlength=side**2))
    return Polynomial.from_pairs(linear, i, j, 4 * sign)


LANDSCAPES = {
    "words": landscape_of(torus(12)),
    "sparse": landscape_of(random_polynomial(60, 3, density=0.05, whole=False)),
    "dense": landscape_of(random_polynomial(40, 3)),
    "groups": landscape_of(random_polynomial(20, 3), groups_of((ONE, [0, 3, 7]), (SQUARE, list(range(8, 17))))),
}


def annealer_of(name, seed=1):
    landscape = LANDSCAPES[name]
    return Annealer(landscape.structure, landscape.couplings, seed)


class Ticking:
    """A clock that goes on by a step each time it is read."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


# schedules


def test_schedules_fall_from_hot_to_cold():
    for schedule in (Schedule.geometric(8.0, 0.5), Schedule.even_in_beta(8.0, 0.5)):
        temperatures = schedule.sweeps(9)
        assert temperatures[[0, -1]] == pytest.approx([8.0, 0.5])
        assert np.all(np.diff(temperatures) < 0)
        assert schedule.sweeps(0).tolist() == []
        assert schedule.sweeps(1) == [0.5]
        assert schedule.sweeps(5, begin=0.5)[0] == pytest.approx(schedule.at(np.array([0.5]))[0])
    assert Schedule.geometric(8.0, 0.5).sweeps(5) == pytest.approx([8, 4, 2, 1, 0.5])
    assert 1 / Schedule.even_in_beta(8.0, 0.5).sweeps(4) == pytest.approx(np.linspace(1 / 8, 2, 4), rel=1e-3)


def test_pilot_puts_sweeps_where_the_energy_falls():
    temperature = np.geomspace(10.0, 0.1, STEPS)
    step = 1 / (1 + np.exp(-(np.log(temperature) - np.log(2.0)) * 8))  # all of the fall is near 2
    schedule = Schedule.of_pilot(temperature, step)
    read = schedule.sweeps(1000)
    assert schedule.tuned
    assert np.mean((read > 1) & (read < 4)) > 0.6
    assert read[[0, -1]] == pytest.approx([10.0, 0.1])
    flat = Schedule.of_pilot(temperature, np.ones(STEPS))
    assert flat.sweeps(50) == pytest.approx(np.geomspace(10.0, 0.1, 50))
    rising = Schedule.of_pilot(temperature, -step)
    assert np.all(np.diff(rising.sweeps(50)) < 0)


def test_ordering_temperature_of_regular_graphs():
    """Four couplings of size J per bit: three others, so tanh(J / T)**2 is a third."""
    expected = 1 / np.arctanh(3**-0.5)
    couplings = LANDSCAPES["words"].couplings
    assert ordering_temperature(couplings) / couplings.factor == pytest.approx(expected, rel=0.02)
    n = 50
    i, j = np.triu_indices(n, 1)
    sign = np.random.default_rng(1).choice((-1.0, 1.0), len(i))
    dense = landscape_of(Polynomial.from_pairs(np.zeros(n), i, j, 4 * sign)).couplings
    assert dense.dense
    assert ordering_temperature(dense) / dense.factor == pytest.approx(1 / np.arctanh((n - 2) ** -0.5), rel=0.02)
    assert ordering_temperature(landscape_of(Polynomial(np.ones(5))).couplings) == 0.0


@pytest.mark.parametrize("name", LANDSCAPES)
def test_schedule_of_a_landscape(name):
    annealer = annealer_of(name)
    hot, cold = annealer.temperatures(ENDLESS)
    assert hot > cold > 0
    few = annealer.schedule(ENDLESS, sweeps=100)
    assert not few.tuned
    late = Watch(clock=Ticking(0.01), deadline=0.05)
    assert not annealer.schedule(late).tuned, "no time for a pilot"
    tuned = annealer.schedule(ENDLESS)
    assert tuned.tuned
    assert tuned.cold == pytest.approx(cold)
    assert tuned.hot <= hot * 1.0001
    again = annealer_of(name, seed=9).schedule(ENDLESS)
    assert np.array_equal(again.position, tuned.position), "the same for every seed"
    assert annealer.reseeded(5).schedule(ENDLESS) is tuned


# pacing


def fake_run(sweep, seconds_per_unit, clock, *, descent=3):
    """A kernel that only takes time, and the temperatures that it saw."""
    at, seen = np.zeros(5, dtype=np.int64), []
    inside = [0]

    def step(units, temperatures):
        done = 0
        while done < units and not at[ENDED]:
            if inside[0] == 0:
                seen.append(temperatures[at[SWEEP]] if at[SWEEP] < len(temperatures) else 0.0)
            some = min(units - done, sweep - inside[0])
            done += some
            inside[0] += some
            clock.now += some * seconds_per_unit
            if inside[0] == sweep:
                inside[0] = 0
                at[SWEEP] += 1
                at[ENDED] = seen[-descent:] == [0.0] * descent
        return done

    return Run(step, at, sweep), seen


def test_counted_sweeps_each_have_their_temperature():
    clock = Ticking(0.0)
    run, seen = fake_run(10, 1e-4, clock)
    temperatures = np.linspace(5.0, 1.0, 7)
    assert counted(run, temperatures, Watch(clock=clock)) == (100, True)
    assert seen == [*temperatures, 0.0, 0.0, 0.0]
    run, seen = fake_run(10_000, 1e-6, clock)
    _, complete = counted(run, temperatures, Watch(clock=clock, deadline=clock.now + 0.03))
    assert not complete
    assert 0.0 not in seen[:3]
    assert seen[-1] == 0.0, "it descends when the time is up"
    assert clock.now < 0.06


@pytest.mark.parametrize("seconds_per_unit", [1e-8, 1e-7, 3e-6])
@pytest.mark.parametrize("begin", [0.0, 0.5])
def test_timed_reads_are_cold_when_the_time_is_up(seconds_per_unit, begin):
    schedule, clock = Schedule.geometric(16.0, 1.0), Ticking(0.0)
    run, seen = fake_run(1000, seconds_per_unit, clock)
    _, complete = timed(run, schedule, begin, Watch(clock=clock, deadline=0.3))
    assert complete
    assert 0.2 < clock.now < 0.3
    hot = [t for t in seen if t > 0]
    assert hot[0] == pytest.approx(16.0 if begin == 0 else 4.0)
    assert np.all(np.diff(hot) <= 1e-12)
    assert hot[-1] < 1.2
    middle = hot[len(hot) // 2]
    assert middle == pytest.approx(4.0 if begin == 0 else 2.0, rel=0.2), "evenly over the schedule"


def test_timed_reads_keep_up_with_a_kernel_that_gets_slower():
    schedule, clock = Schedule.geometric(16.0, 1.0), Ticking(0.0)
    run, seen = fake_run(1000, 1e-7, clock)

    def slower(units, temperatures):
        done = run.step(units, temperatures)
        clock.now += done * (3e-7 if clock.now > 0.1 else 0.0)
        return done

    _, complete = timed(Run(slower, run.at, run.sweep), schedule, 0.0, Watch(clock=clock, deadline=0.3))
    assert complete
    assert clock.now < 0.3
    assert min(t for t in seen if t > 0) < 1.2


def test_timed_reads_stop_where_even_a_sweep_takes_too_long():
    clock = Ticking(0.0)
    run, _ = fake_run(10**6, 1e-6, clock)
    _, complete = timed(run, Schedule.geometric(16.0, 1.0), 0.0, Watch(clock=clock, deadline=0.1))
    assert not complete
    assert clock.now < 0.13


# which kernel


def test_kernels_by_landscape():
    assert isinstance(annealer_of("words").arranged.single, Blocks)
    assert isinstance(annealer_of("sparse").arranged.single, Blocks)
    assert isinstance(annealer_of("groups").arranged.single, Chains)
    for name in ("dense", "groups"):
        assert annealer_of(name).arranged.words is None
    assert annealer_of("words").together(LEAST_WORDS) == CHAINS
    assert annealer_of("words").together(LEAST_WORDS - 1) == 0
    assert annealer_of("sparse").together(CHAINS) == 0


@pytest.mark.parametrize("lanes", [True, False])
@pytest.mark.parametrize("name", ["words", "sparse"])
def test_ends_are_minima_with_their_energies(name, lanes):
    landscape, annealer = LANDSCAPES[name], annealer_of(name)
    for reads in (3, 40):
        starts = [(read, annealer.start(read)) for read in range(reads)]
        found = list(
            annealer.run(Block(starts, np.geomspace(6.0, 0.5, 20) * landscape.couplings.factor, lanes), ENDLESS)
        )
        points, energies = np.concatenate([e.points for e in found]), np.concatenate([e.energies for e in found])
        assert points.shape == (reads, landscape.structure.size)
        assert landscape.energies(energies) == pytest.approx(
            landscape.compiled.energies(landscape.structure.outer(points))
        )
        for point, energy in zip(points[:3], energies[:3]):
            near = point ^ np.eye(len(point), dtype=np.int8)
            around = landscape.compiled.energies(landscape.structure.outer(near))
            assert around.min() >= landscape.energies(energy) - 1e-6


def test_counted_rounds_do_not_depend_on_threads():
    """Reads that share random words are blocked by number, not by thread."""
    for threads in (1, 3):
        annealer = annealer_of("words")
        rounds = Rounds(annealer, Watch(clock=lambda: 0.0, threads=threads), [], Schedule.geometric(4.0, 0.5))
        blocks = list(itertools.chain.from_iterable(rounds.counted(700, 5)))
        assert [len(block.starts) for block in blocks] == [512, 188]
        assert [block.starts.start for block in blocks] == [0, 512]


# the arm


def turn_of(landscape, *, number=0, work=None, elite=(), watch=ENDLESS):
    return Turn(number, 7, tuple(landscape.entries(list(elite)))[:5] if len(elite) else (), work, watch)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_turns_by_work_are_the_same_again(name):
    landscape = LANDSCAPES[name]
    size = landscape.structure.moves
    for work in (1, 200 * size, 512 * 120 * size):
        ends = [replicas.fit(landscape).spend(turn_of(landscape, work=work)) for _ in range(2)]
        assert np.array_equal(ends[0].points, ends[1].points)
        assert ends[0].moves == ends[1].moves
        assert ends[0].complete
        assert landscape.energies(ends[0].energies) == pytest.approx(
            landscape.compiled.energies(landscape.structure.outer(ends[0].points))
        )
    others = [replicas.fit(landscape).spend(turn_of(landscape, number=k, work=1)).points for k in range(4)]
    if name != "groups":  # of so few points a descent alone finds the lowest
        assert any(not np.array_equal(others[0], other) for other in others)


def test_work_is_about_what_was_asked():
    landscape = LANDSCAPES["words"]
    for work in (10**5, 10**7):
        assert 0.5 * work < replicas.fit(landscape).spend(turn_of(landscape, work=work)).moves < 1.3 * work


def test_turns_begin_at_the_elite_every_now_and_then():
    """From the same few points a short warm read ends near one of them, a read from a random point does not."""
    landscape = LANDSCAPES["words"]
    arm, size = replicas.fit(landscape), landscape.structure.size
    best = arm.spend(turn_of(landscape, work=512 * 200 * size)).points[:1]
    near = 0
    for number in range(12):
        ends = arm.spend(turn_of(landscape, number=number, work=100 * size, elite=best))
        away = np.count_nonzero(ends.points != best[0], axis=1).min()
        near += min(away, size - away) < size / 5
    assert 2 <= near <= 11


@pytest.mark.parametrize("name", LANDSCAPES)
def test_turns_by_time_end_in_time(name):
    """By a clock that ticks a little each time it is read."""
    landscape = LANDSCAPES[name]
    arm = replicas.fit(landscape)
    for number in range(4):
        clock = Ticking(2e-3)
        ends = arm.spend(turn_of(landscape, number=number, watch=Watch(clock=clock, deadline=0.08)))
        assert 0.01 < clock.now < 0.13
        assert len(ends.points) >= 1
        assert ends.moves > 0


def test_turns_keep_groups():
    landscape = LANDSCAPES["groups"]
    for number in range(3):
        points = replicas.fit(landscape).spend(turn_of(landscape, number=number, work=10**4)).points
        bits = landscape.structure.outer(points)
        assert (bits[:, [0, 3, 7]].sum(axis=1) == 1).all()
        assert (bits[:, 8:17].reshape(-1, 3, 3).sum(axis=1) == 1).all()


def test_fits_what_pairs_say():
    compiled = Compiled.of_polynomial(polynomial_of(4, {(0, 1, 2): 1.0, (3,): 1.0}))
    assert replicas.fit(Landscape.of(compiled, "test", Accepts(degree=None))) is None
    assert replicas.fit(LANDSCAPES["groups"]) is not None
