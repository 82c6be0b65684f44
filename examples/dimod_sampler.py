"""Code written for D-Wave's annealer with its import changed: a timetable of exams that share students."""

import sys

# from dwave.samplers import SimulatedAnnealingSampler
import dimod

from qopt.adapters.dimod import AnnealSampler as SimulatedAnnealingSampler

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0

exams = ["algebra", "biology", "chemistry", "drama", "english", "french", "geology"]
slots = ["monday", "tuesday", "wednesday"]
shared = {
    ("algebra", "biology"): 12,
    ("algebra", "chemistry"): 9,
    ("biology", "chemistry"): 20,
    ("drama", "english"): 7,
}
shared |= {("english", "french"): 15, ("algebra", "english"): 3, ("chemistry", "geology"): 8, ("french", "geology"): 2}

# Students who have two exams on one day, and 40 for an exam that is not on exactly one.
bqm = dimod.BinaryQuadraticModel("BINARY")
for (first, second), students in shared.items():
    for slot in slots:
        bqm.add_quadratic((first, slot), (second, slot), students)
for exam in exams:
    bqm.add_linear_equality_constraint([((exam, slot), 1) for slot in slots], constant=-1, lagrange_multiplier=40)

sampleset = SimulatedAnnealingSampler().sample(bqm, num_reads=100, num_sweeps=200, seed=1)
best = sampleset.first
print(f"{best.energy:g} students have two exams on one day")
for slot in slots:
    print(f"{slot}: {', '.join(exam for exam in exams if best.sample[exam, slot])}")

# Beyond D-Wave's words: a limit in seconds instead of a number of reads.
timed = SimulatedAnnealingSampler().sample(bqm, time_limit=seconds, seed=1)
print(f"{len(timed)} timetables in {seconds:g} s, the best with {timed.first.energy:g}")
