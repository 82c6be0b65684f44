"""Four parcels, two vans: who carries what, written as numpy arrays."""

import numpy as np

import qopt

parcels, vans = ["york", "hull", "leeds", "ripon"], ["small", "large"]
size = np.array([4, 3, 5, 2])
room = np.array([8, 9])
cost = np.array([[9, 12], [7, 6], [8, 10], [4, 5]])  # of each parcel in each van
same_road = np.array([[0, 3, 0, 2], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]])  # saved by pairs in one van

m = qopt.Model("vans")
x = m.binary("x", labels=[parcels, vans])
m.minimize((cost * x).sum(), name="travel")
m.minimize(-((same_road @ x) * x).sum(), name="shared roads")
m.exactly_one("once", x, axis=1)
m.add("room", size @ x <= room, why="a van holds only so much")
m.add("fair", x.sum(axis=0) >= 2, soft=3, why="drivers like to share the work")

result = qopt.solve(m, budget=5.0, seed=1, top=3)

print(f"{result.status}, bound {result.bound.value if result.bound else None}")
for plan in result.solutions:
    loads = {van: [parcel for parcel in parcels if plan[x[parcel, van]] > 0.5] for van in vans}
    parts = ", ".join(f"{name} {value:g}" for name, value in plan.check.parts.items())
    print(f"{plan.objective:g} ({parts}): {loads}, used {plan[size @ x]} of {room}")
