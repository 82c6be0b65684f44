"""A document goes in as it is, and can be changed on the way: would two larger vans do?"""

import sys
from pathlib import Path

import qopt

budget = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
bakery = qopt.load(Path(__file__).parent / "bakery-vans.yaml")

for count, crates in ((3, 16), (2, 24)):
    vans = bakery.fleet[0].model_copy(update={"count": count, "capacity": crates})
    result = qopt.solve(bakery.model_copy(update={"fleet": (vans,)}), budget=budget, seed=1, top=3)
    print(f"{count} vans of {crates} crates: {result.objective:.2f} km ({result.status}, gap {result.gap:.1%})")
    for route in result.solutions[0].plan["routes"]:
        print(f"  {route['vehicle']}: {' → '.join(route['stops'])}")
