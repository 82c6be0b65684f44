"""From a shop system's CSV export to what drivers carry: calendars, a table, a map, a page; and again at nine o'clock.

    python plan_day.py [SECONDS] [FOLDER]

The export has the words of the shop system, semicolons, decimal commas and empty cells; see README.md.
"""

import csv
import json
import sys
from pathlib import Path

import qopt
from qopt.models.subject import as_subject
from qopt.report.html import page

HERE = Path(__file__).resolve().parent
DAY = "2026-03-10"
DEPOT = {"id": "bakery", "lat": 53.9590, "lon": -1.0815}
DRIVERS = [("van-1", "Asha"), ("van-2", "Ben"), ("van-3", "Carla")]


def number(text):
    """A number as the shop system writes it."""
    return float(text.replace(",", "."))


def orders(name):
    """Locations and visits of an export."""
    with (HERE / name).open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file, delimiter=";"))
    locations = [
        {"id": line["Order"], "label": line["Address"], "lat": number(line["Lat"]), "lon": number(line["Lon"])}
        for line in lines
    ]
    visits = [
        {
            "id": line["Order"],
            "label": line["Customer"],
            "deliver": {"crates": number(line["Crates"]), "kg": number(line["Weight kg"])},
            "service": 4 + number(line["Crates"]),
            **({"windows": [[line["From"], line["Until"]]]} if line["From"] else {}),
            **({"skills": ["chilled"]} if line["Chilled"] == "yes" else {}),
        }
        for line in lines
    ]
    return locations, visits


def document(*exports):
    """The day as a routing document: everything that the exports do not say stands here."""
    parts = [orders(name) for name in exports]
    shift = {"shift": ["06:15", "13:00"], "capacity": {"crates": 40, "kg": 420}, "max": {"stops": 10}}
    cost = {"fixed": 45, "per_km": 0.4, "per_hour": 17}
    rest = {"breaks": [{"duration": 20, "between": ["08:45", "11:00"]}]}
    return {
        "qopt": 1,
        "problem": "routing",
        "name": f"bakery-{DAY}",
        "units": {"time": "min", "distance": "km"},
        "horizon": {"start": f"{DAY}T06:00", "end": f"{DAY}T14:00", "timezone": "Europe/London"},
        "locations": [DEPOT, *(place for locations, _ in parts for place in locations)],
        "travel": {"haversine": {"speed": 28, "detour": 1.35}},
        "loads": ["crates", "kg"],
        "fleet": [
            {"id": van, "label": driver, "start": "bakery", "cost": cost, "skills": ["chilled"], **shift, **rest}
            for van, driver in DRIVERS
        ],
        "visits": [visit for _, visits in parts for visit in visits],
        "objective": [{"minimise": "unserved"}, {"minimise": "cost"}],
    }


def solve(name, day, folder, budget):
    """Solve a document and write everything that people need beside it."""
    file = folder / f"{name}-day.json"
    file.write_text(json.dumps(day, indent=1), encoding="utf-8")
    subject = as_subject(file)
    result = qopt.solve(subject, budget=budget, seed=1)
    plan = result.solutions[0].plan
    for suffix in ("csv", "ics", "geojson"):
        qopt.save(result, folder / f"{name}.{suffix}", subject)
    (folder / f"{name}.html").write_text(page(result, subject), encoding="utf-8")
    (folder / f"{name}.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")
    print(f"{name}: {len(plan['routes'])} vans, {len(plan['unserved'])} orders left, {plan['kpis']['cost']:.2f} in all")
    return plan


def main(budget=5.0, folder="out"):
    """Plan the morning; at nine two more orders have come and one is off, and what is done stays done."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    solve("morning", document("orders.csv"), out, budget)
    later = document("orders.csv", "late-orders.csv")
    later["visits"] = [visit for visit in later["visits"] if visit["id"] != "4726"]
    later["plan"] = {"from": "morning.json", "pinned": {"before": "09:00"}, "change_cost": 6}
    for change in solve("nine", later, out, budget)["changes"]:
        print(f"  {change['visit']}: {change['from'] or 'new'} -> {change['to'] or 'off'}")
    print(f"written: {', '.join(sorted(path.name for path in out.iterdir()))}")


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((float, str), sys.argv[1:])))
