"""A greedy colouring, which says how many colours are enough."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from qopt.core.arrays import Indices


def greedy(n: int, first: Indices, second: Indices) -> list[int]:
    """The colour of every node, 0-based: the node that sees the most colours comes next, ties by degree.

    Source: D. Brélaz, New methods to color the vertices of a graph (1979), known as DSATUR. O((n + edges) log n).
    """
    neighbours: list[list[int]] = [[] for _ in range(n)]
    for a, b in zip(first.tolist(), second.tolist()):
        neighbours[a].append(b)
        neighbours[b].append(a)
    seen: list[set[int]] = [set() for _ in range(n)]
    colour = [-1] * n
    heap = [(0, -len(neighbours[v]), v) for v in range(n)]
    heapify(heap)
    while heap:
        saturation, _, v = heappop(heap)
        if colour[v] >= 0 or -saturation < len(seen[v]):
            continue  # an entry from before the node saw more colours
        chosen = 0
        while chosen in seen[v]:
            chosen += 1
        colour[v] = chosen
        for w in neighbours[v]:
            if colour[w] < 0 and chosen not in seen[w]:
                seen[w].add(chosen)
                heappush(heap, (-len(seen[w]), -len(neighbours[w]), w))
    return colour
