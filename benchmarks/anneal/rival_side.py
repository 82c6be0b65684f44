"""One rival on one problem, in the rivals' own environment: prints the energies that its settings reach, as JSON lines.

``python rival_side.py TOOL SECONDS SEEDS FILE.npz``: the file holds ``linear, row, col, value, offset`` of an energy
over bits to be minimised. Every setting is tried with the first seed, the best then runs with all. Runs of fixed
length are repeated until the seconds are over, the last one included.
"""

import json
import sys
import time

import numpy as np


def spins(data):
    """The same energy over spins: fields, couplings and constant."""
    linear, row, col, value = data["linear"], data["row"], data["col"], data["value"]
    n = len(linear)
    field = linear / 2 + (np.bincount(row, value, n) + np.bincount(col, value, n)) / 4
    return field, value / 4, float(data["offset"] + linear.sum() / 2 + value.sum() / 4)


def model(data):
    """A BQM over spins."""
    import dimod

    field, coupling, constant = spins(data)
    made = dimod.BinaryQuadraticModel(dimod.SPIN)
    made.add_linear_from_array(field)
    made.add_quadratic_from(zip(data["row"].tolist(), data["col"].tolist(), coupling.tolist()))
    made.offset = constant
    return made


def repeated(reads_of, seconds, seed):
    """The best of calls of 1, 2, 4, ... reads, as long as they are likely to end in time (the first always counts)."""
    best, reads, call, began, each = np.inf, 1, 0, time.perf_counter(), 0.0
    while call == 0 or reads >= 1:
        before = time.perf_counter()
        best = min(best, reads_of(seed * 1000 + call, reads))
        each, call = (time.perf_counter() - before) / reads, call + 1
        left = seconds - (time.perf_counter() - began)
        reads = min(2 * reads, int(left / each))
    return best, time.perf_counter() - began


def dwave_sa(data, seconds):
    from dwave.samplers import SimulatedAnnealingSampler

    bqm, sampler = model(data), SimulatedAnnealingSampler()
    for sweeps in (100, 1000, 10000):
        yield (
            f"sweeps {sweeps}",
            lambda seed, sweeps=sweeps: repeated(
                lambda s, k: float(sampler.sample(bqm, num_reads=k, num_sweeps=sweeps, seed=s).first.energy),
                seconds,
                seed,
            ),
        )


def dwave_tabu(data, seconds):
    from dwave.samplers import TabuSampler

    bqm, sampler = model(data), TabuSampler()
    for tenure in (None, 10, 40):

        def run(seed, tenure=tenure):
            began = time.perf_counter()
            found = sampler.sample(bqm, num_reads=1, timeout=int(1000 * seconds), tenure=tenure, seed=seed)
            return float(found.first.energy), time.perf_counter() - began

        yield f"tenure {tenure}", run


def openjij(data, seconds):
    import openjij as oj

    bqm = model(data)
    for sweeps in (100, 1000, 10000):
        sampler = oj.SASampler()
        yield (
            f"sweeps {sweeps}",
            lambda seed, sweeps=sweeps, sampler=sampler: repeated(
                lambda s, k: float(sampler.sample(bqm, num_reads=k, num_sweeps=sweeps, seed=s).first.energy),
                seconds,
                seed,
            ),
        )


def bifurcation(data, seconds):
    import simulated_bifurcation as sb
    import torch

    torch.set_num_threads(1)
    n = len(data["linear"])
    matrix = torch.zeros((n, n), dtype=torch.float32)
    matrix[torch.from_numpy(data["row"].astype(np.int64)), torch.from_numpy(data["col"].astype(np.int64))] = (
        torch.from_numpy(data["value"].astype(np.float32))
    )
    parts = matrix, torch.from_numpy(data["linear"].astype(np.float32)), float(data["offset"])

    def bifurcated(seed, steps, agents, mode, heated):
        torch.manual_seed(seed)
        words = {"mode": mode, "heated": heated, "agents": agents, "max_steps": steps}
        bits, _ = sb.minimize(*parts, domain="binary", early_stopping=False, verbose=False, **words)
        x = bits.numpy().astype(float)
        return float(data["offset"] + data["linear"] @ x + (data["value"] * x[data["row"]] * x[data["col"]]).sum())

    for agents in (8, 64):
        for mode in ("ballistic", "discrete"):
            for heated in (False, True):

                def run(seed, agents=agents, mode=mode, heated=heated):
                    """Its schedule needs all of its steps: as many as the seconds allow, told from ten."""
                    began = time.perf_counter()
                    bifurcated(seed, 2, agents, mode, heated)
                    before = time.perf_counter()
                    bifurcated(seed, 10, agents, mode, heated)
                    pace = (time.perf_counter() - before) / 10
                    began += time.perf_counter() - began
                    steps = max(10, int(seconds / pace))
                    return bifurcated(seed, steps, agents, mode, heated), time.perf_counter() - began

                yield f"{mode}{', heated' if heated else ''}, {agents} agents", run


TOOLS = {"dwave SA": dwave_sa, "dwave tabu": dwave_tabu, "OpenJij SA": openjij, "simulated bifurcation": bifurcation}


def main():
    """Try the settings, then run the best."""
    tool, seconds, seeds, path = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    with np.load(path) as data:
        settings = dict(TOOLS[tool]({name: data[name] for name in data.files}, seconds))
    first = {}
    for name, run in settings.items():
        first[name] = run(1)
        if name.startswith("sweeps") and first[name][1] > 1.2 * seconds:
            break  # a single read takes longer than there is; one of more sweeps would all the more
    best = min(first, key=lambda name: first[name][0])
    for seed in range(1, seeds + 1):
        energy, spent = first[best] if seed == 1 else settings[best](seed)
        print(json.dumps({"tool": tool, "setting": best, "seed": seed, "energy": energy, "seconds": spent}), flush=True)


if __name__ == "__main__":
    main()
