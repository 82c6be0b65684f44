"""A networkx graph goes in as it is: the two teams of a karate club between which the most friendships run."""

import networkx as nx

import qopt

G = nx.karate_club_graph()  # 34 members, 78 friendships, weighted by how much the two do together

result = qopt.solve(G, task="max_cut", budget=10.0, seed=1, top=3)

print(f"{result.status}: {result.objective:g} of {G.size(weight='weight'):g}")
sides = result.solutions[0].plan["sides"]
print("with member 0:", *(member for member in G if sides[str(member)] == sides["0"]))
assert nx.cut_size(G, [member for member in G if sides[str(member)]], weight="weight") == result.objective
