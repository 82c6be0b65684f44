"""A Pyomo model goes in as it is; its variables come back with their values."""

import pyomo.environ as pyo

import qopt

need = {"york": 12, "leeds": 30, "hull": 9}
holds = {"north": 40, "south": 35}
opening = {"north": 120, "south": 90}
cost = {"north": [4, 7, 6], "south": [9, 3, 5]}
haul = {(site, town): price for site, row in cost.items() for town, price in zip(need, row)}

m = pyo.ConcreteModel("warehouses")
m.sites, m.towns = pyo.Set(initialize=list(holds)), pyo.Set(initialize=list(need))
m.open = pyo.Var(m.sites, domain=pyo.Binary)
m.use = pyo.Var(m.sites, m.towns, domain=pyo.Binary)
m.once = pyo.Constraint(m.towns, rule=lambda m, t: sum(m.use[s, t] for s in m.sites) == 1)
m.fits = pyo.Constraint(m.sites, rule=lambda m, s: sum(need[t] * m.use[s, t] for t in m.towns) <= holds[s] * m.open[s])
m.cost = pyo.Objective(
    expr=sum(opening[s] * m.open[s] for s in m.sites) + sum(haul[s, t] * need[t] * m.use[s, t] for s, t in haul)
)

result = qopt.solve(m, budget=5.0, seed=1)

print(f"{result.status}: {pyo.value(m.cost):g}")
for site in m.sites:
    towns = [town for town in m.towns if m.use[site, town].value]
    print(f"{site}: {'open' if m.open[site].value else 'shut'}, serves {', '.join(towns) or 'nobody'}")
