"""Which temperatures an annealed read passes through, and how long it stays at each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qopt.core.arrays import Floats
from qopt.solvers.search.couplings import Couplings

STEPS = 40
"""Temperatures of a pilot, one sweep each."""

_SMOOTH = 5
_EVEN = 0.1  # of a read is spread evenly over the logarithm of the temperature, whatever the pilot says
_ENTRIES = 4096


@dataclass(frozen=True, eq=False)
class Schedule:
    """A falling curve of temperatures over the length of a read.

    Parameters
    ----------
    temperature
        Falling, at least two, above 0.
    position
        Where in a read each of them is reached: rising from 0 to 1, same length.
    """

    temperature: Floats
    position: Floats
    tuned: bool = False
    """Whether a pilot said so."""

    @classmethod
    def geometric(cls, hot: float, cold: float) -> Schedule:
        """The temperature falls by a constant factor."""
        return cls(np.array([hot, cold]), np.array([0.0, 1.0]))

    @classmethod
    def even_in_beta(cls, hot: float, cold: float) -> Schedule:
        """1 / temperature grows evenly."""
        position = np.linspace(0.0, 1.0, 256)
        return cls(1.0 / (1.0 / hot + position * (1.0 / cold - 1.0 / hot)), position)

    @classmethod
    def of_pilot(cls, temperature: Floats, energy: Floats) -> Schedule:
        """Constant thermodynamic speed, from the mean energies at falling temperatures that a short read passed.

        A read stays at a temperature T for as long as sqrt(dE/dT) / T says: the square root of the fluctuation that the
        heat capacity dE/dT stands for, in units of T. Source: Salamon, Nulton, Robinson, Pedersen, Ruppeiner & Liao
        (1988).
        """
        step = -np.diff(temperature)
        heat = -np.diff(np.minimum.accumulate(energy)) / step
        heat = np.convolve(np.pad(heat, _SMOOTH // 2, mode="edge"), np.full(_SMOOTH, 1 / _SMOOTH), "valid")
        length = np.sqrt(heat / (temperature[1:] * temperature[:-1])) * step
        total = length.sum()
        share = length / total if total > 0 else np.full(len(step), 1 / len(step))
        share = (1 - _EVEN) * share + _EVEN / len(step)
        position = np.concatenate([[0.0], np.cumsum(share)])
        return cls(temperature, position / position[-1], tuned=True)

    @property
    def hot(self) -> float:
        """The first temperature."""
        return float(self.temperature[0])

    @property
    def cold(self) -> float:
        """The last temperature."""
        return float(self.temperature[-1])

    def at(self, position: Floats) -> Floats:
        """The temperatures at some positions."""
        return np.exp(np.interp(position, self.position, np.log(self.temperature)))

    def sweeps(self, count: int, begin: float = 0.0) -> Floats:
        """The temperatures of that many sweeps, from a position to the end; a single sweep is a cold one."""
        return self.at(np.linspace(begin, 1.0, count)) if count > 1 else np.full(count, self.cold)


def ordering_temperature(couplings: Couplings) -> float:
    """Below which free bits with such couplings begin to freeze: where a tree with these couplings orders as a glass.

    For couplings J of spins that is where ``sum tanh(J / T)**2`` over all but one neighbour is 1 on average. Reads that
    begin hotter waste their sweeps on bits that forget them. 0 where there are no couplings. Source: Carlson, Chayes,
    Chayes, Sethna & Thouless (1990).
    """
    n = len(couplings.linear)
    if couplings.dense:
        rows = couplings.weight[np.linspace(0, n - 1, max(1, min(n, _ENTRIES // n))).astype(np.int64)]
        spins = max(1, int(couplings.indptr[0])) * np.abs(rows.astype(np.float64)) / 4
        row = np.repeat(np.arange(len(rows)), n)
    else:
        degree = np.diff(couplings.indptr)
        every = max(1, len(couplings.col) // _ENTRIES)
        chosen = np.arange(0, n, every)
        row = np.repeat(np.arange(len(chosen)), degree[chosen])
        first = couplings.indptr[chosen] - np.concatenate([[0], np.cumsum(degree[chosen])[:-1]])
        spins = np.abs(couplings.weight[first[row] + np.arange(len(row))].astype(np.float64)) / 4
    spins = spins.ravel()
    squares = np.bincount(row, weights=spins**2)
    if not squares.any():
        return 0.0
    low, high = 0.1 * np.sqrt(squares.mean()), 1.2 * np.sqrt(squares.max())
    for _ in range(14):
        middle = np.sqrt(low * high)
        t = np.tanh(spins / middle) ** 2
        each = np.bincount(row, weights=t)
        branches = (each**2 - np.bincount(row, weights=t**2)).sum() / max(each.sum(), 1e-300)
        low, high = (middle, high) if branches > 1 else (low, middle)
    return float(high)
