"""One rival on one file, in the rivals' own environment: prints the value of its plan, or ``none``.

``python rival_side.py TOOL FILE SECONDS SEED VEHICLES``: tools are pyvrp, ortools (routes) and cpsat (job shops and
flexible ones, with two workers); 0 vehicles: as many as there are customers. Routes are of ``.vrp`` files, distances
rounded, or of Solomon's files, distances and times cut to one decimal.
"""

import math
import sys
from pathlib import Path


def pyvrp(path, seconds, seed, vehicles):
    import pyvrp
    from pyvrp.stop import MaxRuntime

    windows = path.endswith(".txt")
    if windows:
        data = modelled(pyvrp, path)
    else:
        data = pyvrp.read(path, round_func="round")
    if vehicles:
        kind = data.vehicle_types()[0].replace(num_available=vehicles)
        data = data.replace(vehicle_types=[kind])
    found = pyvrp.solve(data, stop=MaxRuntime(seconds), seed=seed, display=False)
    return found.cost() / (10 if windows else 1) if found.is_feasible() else None


def solomon(path):
    """Vehicles, capacity, and rows of number, x, y, demand, ready, due, service."""
    lines = [line.split() for line in Path(path).read_text().splitlines() if line.strip()]
    at = next(k for k, line in enumerate(lines) if line[0] == "NUMBER")
    vehicles, capacity = map(int, lines[at + 1])
    return vehicles, capacity, [list(map(float, line)) for line in lines[at + 2 :] if line[0].isdigit()]


def modelled(pyvrp, path):
    """One of Solomon's files as PyVRP's model, in tenths."""
    vehicles, capacity, rows = solomon(path)
    model = pyvrp.Model()
    places = []
    for k, (_, x, y, demand, ready, due, service) in enumerate(rows):
        words = {"tw_early": int(10 * ready), "tw_late": int(10 * due)}
        if k:
            words |= {"delivery": int(demand), "service_duration": int(10 * service)}
        place = model.add_location(10 * x, 10 * y)
        places.append(place)
        (model.add_client if k else model.add_depot)(place, **words)
    model.add_vehicle_type(vehicles, capacity=capacity, tw_late=int(10 * rows[0][5]))
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            if i != j:
                length = math.floor(10 * math.dist(a[1:3], b[1:3]))
                model.add_edge(places[i], places[j], distance=length, duration=length)
    return model.data()


def ortools(path, seconds, seed, vehicles):
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    windows = None
    if path.endswith(".txt"):
        fleet, capacity, rows = solomon(path)
        scale, vehicles = 10, vehicles or fleet
        places, demand = [(row[1], row[2]) for row in rows], [int(row[3]) for row in rows]
        windows = [(int(10 * row[4]), int(10 * row[5]), int(10 * row[6])) for row in rows]
        matrix = [[math.floor(10 * math.dist(a, b)) for b in places] for a in places]
    else:
        import pyvrp

        data = pyvrp.read(path, round_func="round")
        scale, capacity = 1, int(data.vehicle_types()[0].capacity[0])
        demand = [0] + [int(client.delivery[0]) for client in data.clients()]
        matrix, vehicles = data.distance_matrix(0).tolist(), vehicles or len(demand) - 1
    manager = pywrapcp.RoutingIndexManager(len(matrix), vehicles, 0)
    model = pywrapcp.RoutingModel(manager)
    way = model.RegisterTransitCallback(lambda a, b: matrix[manager.IndexToNode(a)][manager.IndexToNode(b)])
    model.SetArcCostEvaluatorOfAllVehicles(way)
    load = model.RegisterUnaryTransitCallback(lambda a: demand[manager.IndexToNode(a)])
    model.AddDimension(load, 0, capacity, True, "load")
    if windows:

        def took(a, b):
            i, j = manager.IndexToNode(a), manager.IndexToNode(b)
            return matrix[i][j] + windows[i][2]

        horizon = windows[0][1]
        model.AddDimension(model.RegisterTransitCallback(took), horizon, horizon, False, "time")
        clock = model.GetDimensionOrDie("time")
        for node in range(1, len(matrix)):
            clock.CumulVar(manager.NodeToIndex(node)).SetRange(*windows[node][:2])
    words = pywrapcp.DefaultRoutingSearchParameters()
    words.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    words.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.SAVINGS
    words.time_limit.FromMilliseconds(int(1000 * seconds))
    found = model.SolveWithParameters(words)
    return found.ObjectiveValue() / scale if found else None


def cpsat(path, seconds, seed, vehicles):
    """Jobs as lists of tasks, these as lists of (machine, time): one for a job shop, several for a flexible one."""
    from ortools.sat.python import cp_model

    lines = [
        list(map(int, line.split()))
        for line in Path(path).read_text().splitlines()
        if line.strip() and line.split()[0].isdigit()
    ]
    read = flexible if "flexible" in path else plain
    jobs = [read(row) for row in lines[1 : lines[0][0] + 1]]
    horizon = sum(max(time for _, time in task) for job in jobs for task in job)
    model, machines, ends = cp_model.CpModel(), {}, []
    for job in jobs:
        before = 0
        for task in job:
            start, end = model.new_int_var(0, horizon, ""), model.new_int_var(0, horizon, "")
            model.add(start >= before)
            chosen = [model.new_bool_var("") for _ in task]
            model.add_exactly_one(chosen)
            for (machine, time), here in zip(task, chosen):
                done = model.new_optional_fixed_size_interval_var(start, time, here, "")
                model.add(end == start + time).only_enforce_if(here)
                machines.setdefault(machine, []).append(done)
            before = end
        ends.append(before)
    for intervals in machines.values():
        model.add_no_overlap(intervals)
    last = model.new_int_var(0, horizon, "")
    model.add_max_equality(last, ends)
    model.minimize(last)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    solver.parameters.random_seed = seed
    status = solver.solve(model)
    return solver.objective_value if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def plain(row):
    return [[pair] for pair in zip(row[::2], row[1::2])]


def flexible(row):
    tasks, at = [], 1
    for _ in range(row[0]):
        ways = row[at + 1 : at + 1 + 2 * row[at]]
        tasks.append(list(zip(ways[::2], ways[1::2])))
        at += 1 + 2 * row[at]
    return tasks


if __name__ == "__main__":
    tool, path, seconds, seed, vehicles = sys.argv[1:]
    value = {"pyvrp": pyvrp, "ortools": ortools, "cpsat": cpsat}[tool](path, float(seconds), int(seed), int(vehicles))
    print("none" if value is None else value)
