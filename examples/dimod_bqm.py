"""Two ways between qopt and dimod: sample anybody's binary quadratic model, and hand out one of qopt's own."""

import sys
from pathlib import Path

import dimod
import numpy as np

import qopt

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0

# A ring of seven magnets that all want to differ from their neighbours: one pair must stay alike.
ring = dimod.BinaryQuadraticModel.from_ising({}, {(k, (k + 1) % 7): 1.0 for k in range(7)})
batch = qopt.sample(ring, sampler="anneal", budget=seconds, seed=1)
print(f"ring: lowest energy {batch.energies[0]:g}, spins {(2 * batch.bits[0] - 1).tolist()}")

# A knapsack as a QUBO whose minimum is proven to be the optimum; any sampler of dimod can look for it.
stall = qopt.load(Path(__file__).parent / "knapsack.yaml")
compiled = qopt.compile(stall, guarantee="argmin")
bqm = compiled.to_bqm()
batch = qopt.sample(bqm, sampler="dwave_tabu", budget=seconds, seed=1)
values, valid = compiled.decode(batch.bits[:1])
verdict = qopt.solve(stall, budget=5.0 * seconds, seed=1)
print(f"stall: {compiled.num_bits} bits, {compiled.num_couplings} couplings, energy {batch.energies[0]:g}")
print(f"takes {np.rint(values[0]).astype(int).tolist()}; the best plan is worth {verdict.objective:g}")
