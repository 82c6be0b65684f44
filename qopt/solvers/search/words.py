"""Sparse free bits with small whole weights arranged for ``kernels.anneal_words``: 512 chains side by side."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qopt.core.arrays import Bits, Floats, Ints
from qopt.kernels import anneal_words
from qopt.kernels.anneal_words import CHAINS, MOST, WIDTH
from qopt.kernels.rng import streams

_ROOM = 2**23
"""Bytes that the words of all bits may take."""

_LONGER = 4  # entries at most, as a multiple of weights


class Entries(NamedTuple):
    """What ``anneal_words`` takes of a problem: bit k is at ``place[k]``, from 1 on; 0 is the ghost.

    ``unit`` is the size of an entry, ``twice`` the number that twice the energy has above minus the counted entries.
    """

    place: Ints
    indptr: Ints
    entry: NDArray[np.uint32]
    unit: int
    twice: int


class State(NamedTuple):
    """Where 512 chains stand; see ``kernels.anneal_words``."""

    x: NDArray[np.uint64]
    random: NDArray[np.uint64]
    at: Ints


def entries_of(linear: NDArray[Any], indptr: Ints, col: NDArray[np.int32], weight: NDArray[Any]) -> Entries | None:
    """The entries of whole couplings with both directions of every pair; None where a bit would have too many.

    Bits with as many entries are next to each other, so that the loops over them run as long as the ones before.
    """
    n = len(linear)
    if linear.dtype.kind != "i" or n == 0:
        return None
    row = np.repeat(np.arange(n, dtype=np.int32), np.diff(indptr))
    ghost = -(2 * linear.astype(np.int64) + np.bincount(row, weights=weight, minlength=n).astype(np.int64))
    unit = max(1, int(np.gcd(np.gcd.reduce(weight, initial=0), np.gcd.reduce(ghost, initial=0))))
    entries = (np.bincount(row, weights=np.abs(weight), minlength=n).astype(np.int64) + np.abs(ghost)) // unit
    if entries.max() > MOST or entries.sum() > _LONGER * (len(weight) + n):
        return None
    order = np.argsort(-entries, kind="stable")
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(1, n + 1)
    start = np.zeros(n + 2, dtype=np.int64)
    np.cumsum(entries[order], out=start[2:])
    entry = np.empty(start[-1], dtype=np.uint32)
    anneal_words.fill(order, place, indptr, col, weight, ghost, unit, start, entry)
    agreeing = -int(ghost[ghost < 0].sum()) - int(weight[weight < 0].sum(dtype=np.int64)) // 2
    return Entries(place, start, entry, unit, agreeing)


class Words:
    """A problem that 512 chains anneal side by side.

    Parameters
    ----------
    entries
        See ``entries_of``.
    """

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self.place, self.unit = entries.place, entries.unit

    @classmethod
    def of(cls, linear: NDArray[Any], indptr: Ints, col: NDArray[np.int32], weight: NDArray[Any]) -> Words | None:
        """None where the weights do not fit, or the bits are too many for the room."""
        if 8 * WIDTH * len(linear) > _ROOM:
            return None
        entries = entries_of(linear, indptr, col, weight)
        return None if entries is None else cls(entries)

    def state(self, *, seed: int, first: int, start: Bits | None = None) -> State:
        """Chains at random points, or at the rows of ``start`` (rows, n), each again and again.

        They draw from the streams of the seed that chains ``first`` and on have; no other chains share them.
        """
        random = np.empty(4 * WIDTH, dtype=np.uint64)
        streams(np.uint64(seed), first * 4 * WIDTH, random)
        x = np.zeros((len(self.place) + 1, WIDTH), dtype=np.uint64)
        if start is None:
            x[1:] = np.random.default_rng([seed, first]).integers(0, 2**64, (len(x) - 1, WIDTH), dtype=np.uint64)
        else:
            for k in range(WIDTH):
                rows = start[np.arange(64 * k, 64 * k + 64) % len(start)]
                x[self.place, k] = np.packbits(rows, axis=0, bitorder="little").T.copy().view(np.uint64)[:, 0]
        return State(x.ravel(), random, np.zeros(4, dtype=np.int64))

    def step(self, units: int, state: State, temperatures: Floats) -> int:
        """Propose at least ``units`` moves, whole bits of all chains; fewer are done when they have ended."""
        e = self._entries
        bits = -(-units // CHAINS)
        done: int = anneal_words.anneal(bits, e.indptr, e.entry, float(e.unit), temperatures, *state)
        return done * CHAINS

    def energies(self, state: State) -> Floats:
        """The energy of every chain (512,)."""
        e = self._entries
        planes = np.zeros((len(e.entry).bit_length(), WIDTH), dtype=np.uint64)
        anneal_words.total(e.indptr, e.entry, state.x, planes)
        digits = np.unpackbits(planes.view(np.uint8), axis=1, bitorder="little")
        counted = np.left_shift(1, np.arange(len(planes))) @ digits.astype(np.int64)
        return (e.twice - e.unit * counted) / 2.0

    def points(self, state: State, chains: Ints) -> Bits:
        """The points of some chains: (chains, n)."""
        x = state.x.reshape(-1, WIDTH)
        out = np.empty((len(chains), len(self.place)), dtype=np.int8)
        for row, k in zip(out, chains.tolist(), strict=True):
            row[:] = (x[self.place, k // 64] >> np.uint64(k % 64)) & np.uint64(1)
        return out
