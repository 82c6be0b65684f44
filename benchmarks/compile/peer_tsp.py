"""``peer_tsp.py TOOL N``: build and compile the assignment form of a tour of N cities; prints one JSON document.

x[k, i]: city i is visited at step k. Weight 4 on both families of rows for everybody; the weight does not change the
work. ``numpy`` is the bare minimum: index arrays and a sparse matrix, no model. After Glover, Kochenberger and Du
(2019); models as in the drivers of the peers' own documentation.
"""

import json
import resource
import sys
import time
from importlib.metadata import version

import numpy as np


def distances(n):
    xy = np.random.default_rng(0).random((n, 2))
    return np.sqrt(((xy[:, None] - xy[None]) ** 2).sum(-1))


def steps(D):
    """(i, j, distance) of every two different cities."""
    n = len(D)
    return [(i, j, D[i, j]) for i in range(n) for j in range(n) if i != j]


def pyqubo(n, D):
    from pyqubo import Array, Constraint, Placeholder

    x = Array.create("c", (n, n), "BINARY")
    rules = 0.0
    for k in range(n):
        rules += Constraint((sum(x[k, i] for i in range(n)) - 1) ** 2, label=f"t{k}")
        rules += Constraint((sum(x[i, k] for i in range(n)) - 1) ** 2, label=f"c{k}")
    travel = 0.0
    for i, j, d in steps(D):
        for k in range(n):
            travel += d * x[k, i] * x[(k + 1) % n, j]
    energy = travel + Placeholder("A") * rules
    built = time.perf_counter()
    bqm = energy.compile().to_bqm(feed_dict={"A": 4.0})
    return built, lambda: (bqm.num_variables, bqm.num_interactions)


def dimod(n, D):
    import dimod

    x = {(k, i): f"x{k}_{i}" for k in range(n) for i in range(n)}
    travel = dimod.BQM("BINARY")
    travel.add_quadratic_from((x[k, i], x[(k + 1) % n, j], d) for i, j, d in steps(D) for k in range(n))
    cqm = dimod.ConstrainedQuadraticModel()
    cqm.set_objective(travel)
    for k in range(n):
        cqm.add_discrete([x[k, i] for i in range(n)], label=f"t{k}")
        cqm.add_constraint_from_iterable([(x[i, k], 1) for i in range(n)], "==", rhs=1, label=f"c{k}")
    built = time.perf_counter()
    bqm, _ = dimod.cqm_to_bqm(cqm, lagrange_multiplier=4.0)
    return built, lambda: (bqm.num_variables, bqm.num_interactions)


def qiskit(n, D):
    from qiskit_optimization import QuadraticProgram
    from qiskit_optimization.converters import QuadraticProgramToQubo

    program = QuadraticProgram()
    for k in range(n):
        for i in range(n):
            program.binary_var(f"x{k}_{i}")
    program.minimize(quadratic={(f"x{k}_{i}", f"x{(k + 1) % n}_{j}"): d for i, j, d in steps(D) for k in range(n)})
    for k in range(n):
        program.linear_constraint({f"x{k}_{i}": 1 for i in range(n)}, "==", 1)
        program.linear_constraint({f"x{i}_{k}": 1 for i in range(n)}, "==", 1)
    built = time.perf_counter()
    qubo = QuadraticProgramToQubo(penalty=4.0).convert(program)
    return built, lambda: (qubo.get_num_vars(), qubo.objective.quadratic.coefficients.nnz - qubo.get_num_vars())


def ommx(n, D):
    from ommx.v1 import DecisionVariable, Instance, Quadratic

    x = [[DecisionVariable.binary(k * n + i) for i in range(n)] for k in range(n)]
    terms = [(k * n + i, (k + 1) % n * n + j, d) for i, j, d in steps(D) for k in range(n)]
    first, second, value = zip(*terms)
    travel = Quadratic(columns=second, rows=first, values=value)  # a Python sum of terms takes 40 s at n = 60
    rows = [sum(x[k][i] for i in range(n)) == 1 for k in range(n)]
    rows += [sum(x[i][k] for i in range(n)) == 1 for k in range(n)]
    instance = Instance.from_components(
        decision_variables=[v for line in x for v in line],
        objective=travel,
        constraints=rows,
        sense=Instance.MINIMIZE,
    )
    built = time.perf_counter()
    terms, _ = instance.to_qubo(uniform_penalty_weight=4.0)
    return built, lambda: (n * n, sum(1 for i, j in terms if i != j))


def numpy(n, D):
    import scipy.sparse as sp

    every = np.arange(n)
    i, j = np.nonzero(~np.eye(n, dtype=bool))
    a, b = np.triu_indices(n, 1)
    row = [every[:, None] * n + i, every[:, None] * n + a, a[:, None] * n + every]
    col = [((every + 1) % n)[:, None] * n + j, every[:, None] * n + b, b[:, None] * n + every]
    value = [np.tile(D[i, j], n), np.full(2 * n * len(a), 8.0)]
    row, col = (np.concatenate([part.ravel() for part in parts]) for parts in (row, col))
    built = time.perf_counter()
    matrix = sp.csr_matrix((np.concatenate(value), (row, col)), shape=(n * n, n * n))
    return built, lambda: (n * n, matrix.nnz)


TOOLS = {f.__name__: f for f in (pyqubo, dimod, qiskit, ommx, numpy)}
PACKAGES = {"qiskit": "qiskit-optimization"}


def peak():
    """Most memory so far, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(make, n):
    """One document: a small tour first, so that imports and caches are warm."""
    make(6, distances(6))
    D, before, began = distances(n), peak(), time.perf_counter()
    built, size = make(n, D)
    ended, most = time.perf_counter(), peak()
    bits, couplings = size()
    return {
        "bits": bits,
        "couplings": couplings,
        "build": built - began,
        "compile": ended - built,
        "bytes_per_nonzero": (most - before) / couplings,
    }


if __name__ == "__main__":
    tool = sys.argv[1]
    found = measure(TOOLS[tool], int(sys.argv[2]))
    found["version"] = version(PACKAGES.get(tool, tool))
    json.dump(found, sys.stdout)
