"""VROOM problems against plain enumeration of VROOM's own rules, what is refused, and solutions that go back."""

import json
from itertools import permutations

import numpy as np
import pytest

import qopt
from qopt.core.errors import ModelError
from qopt.engine.verbs import judge_plan
from qopt.models.detect import read
from qopt.models.subject import as_subject
from qopt.report.save import save


def problem(seed, **more):
    """Three jobs and a shipment for two vehicles: capacities, skills, windows, priorities, a break, a speed."""
    rng = np.random.default_rng(seed)
    size = 6
    durations = rng.integers(20, 200, (size, size))
    np.fill_diagonal(durations, 0)
    distances = durations * 10 + rng.integers(0, 300, (size, size))
    np.fill_diagonal(distances, 0)
    jobs = [
        {
            "id": 10,
            "location_index": 1,
            "delivery": [2],
            "service": 30,
            "setup": 5,
            "priority": int(rng.integers(0, 9)),
        },
        {"id": 11, "location_index": 2, "pickup": [1], "skills": [4], "time_windows": [[0, 100], [200, 400]]},
        {"id": 12, "location_index": 3, "delivery": [2], "priority": int(rng.integers(0, 3)), "service": 40},
    ]
    ship = {
        "amount": [1],
        "pickup": {"id": 10, "location_index": 4, "service": 10},
        "delivery": {"id": 5, "location_index": 2, "time_windows": [[0, 600]]},
        "priority": 1,
    }
    vehicles = [
        {"id": 1, "start_index": 0, "end_index": 0, "capacity": [3], "skills": [4], "time_window": [0, 700]},
        {"id": 2, "start_index": 5, "capacity": [2], "max_tasks": 2, "costs": {"fixed": 30}, "speed_factor": 2.0},
    ]
    matrices = {"car": {"durations": durations.tolist(), "distances": distances.tolist()}}
    return {"jobs": jobs, "shipments": [ship], "vehicles": vehicles, "matrices": matrices} | more


def tasks_of(problem):
    """Every task: kind, id, the number of its shipment, and the object."""
    out = [("job", job["id"], None, job) for job in problem.get("jobs", ())]
    for k, ship in enumerate(problem.get("shipments", ())):
        shared = {key: ship[key] for key in ("amount", "skills", "priority") if key in ship}
        out += [(kind, ship[kind]["id"], k, ship[kind] | shared) for kind in ("pickup", "delivery")]
    return out


def route_cost(problem, vehicle, line):
    """Cost of a vehicle's tasks in order, breaks aside; None where VROOM would not allow it."""
    table = problem["matrices"]["car"]
    speed, costs = vehicle.get("speed_factor", 1.0), vehicle.get("costs", {})
    if len(line) > vehicle.get("max_tasks", 99):
        return None
    load = sum(task.get("delivery", [0])[0] for kind, _, _, task in line if kind == "job")
    now, end = vehicle.get("time_window", [0, 10**9])
    here, time, way, aboard, most = vehicle.get("start_index"), 0.0, 0.0, set(), load
    for kind, _, ship, task in line:
        if not set(task.get("skills", ())) <= set(vehicle.get("skills", ())):
            return None
        to = task["location_index"]
        moved = here is not None and here != to
        leg = table["durations"][here][to] / speed if moved else 0.0
        way += table["distances"][here][to] if moved else 0.0
        time, now = time + leg, now + leg
        fits = [w for w in task.get("time_windows", [[0, 10**9]]) if now <= w[1] + 1e-9]
        if not fits:
            return None
        now = max(now, fits[0][0]) + (task.get("setup", 0) if moved else 0) + task.get("service", 0)
        if kind == "job":
            load += task.get("pickup", [0])[0] - task.get("delivery", [0])[0]
        elif kind == "pickup":
            aboard.add(ship)
            load += task.get("amount", [0])[0]
        elif ship not in aboard:
            return None
        else:
            aboard.remove(ship)
            load -= task.get("amount", [0])[0]
        most, here = max(most, load), to
    if aboard or most > vehicle["capacity"][0]:
        return None
    if "end_index" in vehicle:
        time += table["durations"][here][vehicle["end_index"]] / speed
        now += table["durations"][here][vehicle["end_index"]] / speed
        way += table["distances"][here][vehicle["end_index"]]
    if now > end + 1e-9 or time > vehicle.get("max_travel_time", 10**9) or way > vehicle.get("max_distance", 10**9):
        return None
    return costs.get("fixed", 0) + costs.get("per_hour", 3600) / 3600 * time + costs.get("per_km", 0) / 1000 * way


def best(problem):
    """Priorities left out, tasks left out, cost: the least of all plans, as VROOM counts."""
    tasks, vehicles = tasks_of(problem), problem["vehicles"]
    cheapest = []
    for vehicle in vehicles:
        table = {}
        for size in range(len(tasks) + 1):
            for line in permutations(range(len(tasks)), size):
                cost = route_cost(problem, vehicle, [tasks[t] for t in line]) if line else 0.0
                key = frozenset(line)
                if cost is not None and cost < table.get(key, np.inf):
                    table[key] = cost
        cheapest.append(table)
    found = []
    for one, first in cheapest[0].items():
        for two, second in cheapest[1].items():
            if not one & two:
                left = [tasks[t][3] for t in range(len(tasks)) if t not in one | two]
                found.append((sum(task.get("priority", 0) for task in left), len(left), first + second))
    return min(found)


def write(path, problem):
    path.write_text(json.dumps(problem), encoding="utf-8")
    return path


def solved(path, work=4000, **more):
    return qopt.solve(path, budget=qopt.Budget(work=work), seed=1, threads=1, **more)


CASES = {
    "plain": {},
    "costs": {"per_km": True},
    "travel time": {"max_travel_time": 350},
    "distance": {"per_hour": 0, "max_distance": 4000},
}


def varied(seed, case):
    made = problem(seed)
    first = made["vehicles"][0]
    if case == "costs":
        first["costs"] = {"fixed": 5, "per_hour": 1800, "per_km": 20}
    elif case == "travel time":
        first["max_travel_time"] = 350
    elif case == "distance":
        first |= {"max_distance": 4000, "costs": {"per_hour": 0, "per_km": 30}}
    return made


@pytest.mark.parametrize("case", ["plain", "costs", "travel time", "distance"])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_plan_is_vrooms(seed, case, tmp_path):
    made = varied(seed, case)
    result = solved(write(tmp_path / "day.json", made))
    priorities, count, cost = best(made)
    unserved, paid = result.solutions[0].levels
    assert unserved == priorities * (len(tasks_of(made)) + 1) + count
    assert paid == pytest.approx(cost)


def check(made, solution):
    """A solution of VROOM's schema against the problem, step by step."""
    assert solution["code"] == 0
    tasks = {(kind, number): task for kind, number, _, task in tasks_of(made)}
    done = []
    for route in solution["routes"]:
        vehicle = next(v for v in made["vehicles"] if v["id"] == route["vehicle"])
        steps = route["steps"]
        assert (steps[0]["type"] == "start") == ("start_index" in vehicle)
        assert (steps[-1]["type"] == "end") == ("end_index" in vehicle)
        line = [(step["type"], step["id"]) for step in steps if step["type"] in ("job", "pickup", "delivery")]
        done += line
        cost = route_cost(made, vehicle, [(kind, number, 0, tasks[kind, number]) for kind, number in line])
        assert route["cost"] == pytest.approx(cost, abs=0.51)
        table, speed = made["matrices"]["car"]["durations"], vehicle.get("speed_factor", 1.0)
        for before, step in zip(steps, steps[1:]):
            left = before["arrival"] + before["waiting_time"] + before["setup"] + before["service"]
            ride = step["arrival"] - left
            assert step["duration"] - before["duration"] == ride
            if "location_index" in before and "location_index" in step:
                a, b = before["location_index"], step["location_index"]
                assert ride == pytest.approx(table[a][b] / speed, abs=1.01)
        for step in steps:
            task = tasks.get((step["type"], step.get("id")))
            if task is not None:
                start = step["arrival"] + step["waiting_time"]
                assert any(low - 1 <= start <= high + 1 for low, high in task.get("time_windows", [[0, 10**9]]))
                assert step["service"] == task.get("service", 0)
                assert step["setup"] == task.get("setup", 0)  # the one with a set-up is alone at its place
            assert 0 <= step["load"][0] <= vehicle["capacity"][0]
        for key in ("setup", "service", "waiting_time"):
            assert route[key] == sum(step[key] for step in steps)
        assert route["duration"] == steps[-1]["duration"]
    left = [(line["type"], line["id"]) for line in solution["unassigned"]]
    assert all(line["reason"] for line in solution["unassigned"])
    assert sorted(done + left) == sorted(tasks)
    summary = solution["summary"]
    assert summary["unassigned"] == len(left)
    assert summary["priority"] == sum(tasks[key].get("priority", 0) for key in done)
    assert summary["delivery"] == [sum(route["delivery"][0] for route in solution["routes"])]
    for key in ("cost", "service", "duration"):
        assert summary[key] == sum(route[key] for route in solution["routes"])
    json.dumps(solution, allow_nan=False)


@pytest.mark.parametrize("seed", range(4))
def test_solutions_are_vrooms_and_go_back_in_as_steps(seed, tmp_path):
    made = problem(seed)
    path = write(tmp_path / "day.json", made)
    result = solved(path)
    (file,) = save(result, tmp_path / "solution.json", path, format="vroom")
    solution = json.loads(file.read_text(encoding="utf-8"))
    check(made, solution)
    verdict, faults = judge_plan(as_subject(path), solution)
    assert verdict.feasible and not faults
    assert verdict.levels == pytest.approx(result.solutions[0].levels)
    for route in solution["routes"]:
        vehicle = next(v for v in made["vehicles"] if v["id"] == route["vehicle"])
        vehicle["steps"] = [{key: step[key] for key in ("type", "id") if key in step} for step in route["steps"]]
    again = solved(write(tmp_path / "again.json", made), work=1)
    assert again.solutions[0].levels <= tuple(level + 1e-6 for level in result.solutions[0].levels)
    assert again.solutions[0].plan["kpis"]["changes"] == 0


def test_breaks_have_several_windows_and_keep_their_ids(tmp_path):
    made = problem(1)
    made["vehicles"][0]["breaks"] = [{"id": 10, "service": 100, "time_windows": [[0, 5], [300, 310]]}]
    made["vehicles"][0]["time_window"] = [10, 900]
    path = write(tmp_path / "day.json", made)
    (file,) = save(solved(path), tmp_path / "out.vroom", path)
    route = next(r for r in json.loads(file.read_text(encoding="utf-8"))["routes"] if r["vehicle"] == 1)
    (rest,) = (step for step in route["steps"] if step["type"] == "break")
    assert (rest["id"], rest["service"]) == (10, 100)
    start = rest["arrival"] + rest["waiting_time"]
    assert 300 <= start <= 310


def test_coordinates_need_a_speed(tmp_path):
    made = {
        "vehicles": [{"id": 1, "start": [2.35, 48.71], "end": [2.35, 48.71], "speed_factor": 2, "max_distance": 90000}],
        "jobs": [{"id": 1, "location": [1.98, 48.70]}, {"id": 2, "location": [2.03, 48.61], "description": "the yard"}],
    }
    path = write(tmp_path / "day.json", made)
    with pytest.raises(ModelError, match="--speed KMH"):
        read(path)
    with pytest.raises(ModelError, match="above 0"):
        read(path, speed="fast")
    instance = read(path, speed=60)
    plan = solved(instance).solutions[0].plan
    (route,) = plan["routes"]
    assert route["cost"] == pytest.approx(route["distance"] / 120 * 3600)
    assert route["distance"] <= 90
    assert instance.stops[1].label == "the yard"
    (file,) = save(plan, tmp_path / "out.vroom", instance)
    step = next(s for s in json.loads(file.read_text("utf-8"))["routes"][0]["steps"] if s.get("id") == 2)
    assert (step["location"], step["description"]) == ([2.03, 48.61], "the yard")
    with pytest.raises(ModelError, match="leave --speed out"):
        read(write(tmp_path / "m.json", problem(0)), speed=50)


def changed(**change):
    made = problem(0)
    for path, value in change.items():
        part, *keys = path.split("__")
        where = made[part]
        for key in keys[:-1]:
            where = where[int(key)] if key.isdigit() else where[key]
        where[keys[-1]] = value
    return made


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        ({"vehicles__0__max_distance": 9}, "vehicles[0].max_distance", "cannot carry this unless"),
        ({"vehicles__0__costs": {"per_task_hour": 5}}, "vehicles[0].costs.per_task_hour", "cannot carry"),
        ({"vehicles__0__breaks": [{"id": 1, "max_load": [1]}]}, "vehicles[0].breaks[0].max_load", "cannot carry"),
        ({"vehicles__0__steps": [{"type": "start", "service_at": 9}]}, "steps[0].service_at", "cannot carry"),
        ({"vehicles__0__type": "bike", "jobs__0__service_per_type": {"bike": 9}}, "service_per_type", "same time"),
        ({"vehicles__0__costs": {"per_km": 5}, "matrices__car__distances": None}, "vehicles[0].costs", "distances"),
        ({"vehicles__1__id": 1}, "vehicles[1].id", "must differ"),
        ({"jobs__1__id": 10}, "jobs[1].id", "ids of jobs must differ"),
        ({"jobs__1__location_index": 6}, "jobs[1].location_index", "rows 0 to 5"),
        ({"jobs__1__colour": "red"}, "jobs[1]", "unknown key"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(change, where, words, tmp_path):
    with pytest.raises(ModelError) as caught:
        read(write(tmp_path / "day.json", changed(**change)))
    assert any(where in str(issue.place) and words in issue.rule for issue in caught.value.issues), caught.value


def test_documents_of_other_origin_become_solutions_too(tmp_path):
    subject = as_subject(small())
    (file,) = save(solved(subject), tmp_path / "out.vroom", subject)
    solution = json.loads(file.read_text(encoding="utf-8"))
    names = [step["description"] for route in solution["routes"] for step in route["steps"] if "id" in step]
    assert sorted(names) == ["mill", "quay"]
    assert {step["id"] for route in solution["routes"] for step in route["steps"] if "id" in step} == {0, 1}


def small():
    from qopt.models.families.routing import RoutingInstance

    spots = {"hub": (0, 0), "mill": (3, 4), "quay": (6, 8)}
    places = [{"id": name, "x": x, "y": y} for name, (x, y) in spots.items()]
    return RoutingInstance.model_validate({"name": "small", "locations": places, "travel": {"euclidean": {}}})
