"""One-flip tabu search over free bits by pairs and products of any degree, in runs of ``tabu_pool``.

A step looks at every bit and turns over the cheapest; gains are those of ``terms_fields``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from qopt.kernels.anneal_fields import energy_of, load, turn
from qopt.kernels.tabu_pool import BEST, NOW, choose, next_run, note, over
from qopt.kernels.terms_fields import energy_of_terms, load_terms, turn_terms


class Pairs(NamedTuple):
    """``linear`` (n,), and the weights as in ``anneal_fields``."""

    linear: Any
    indptr: Any
    col: Any
    weight: Any


class Fields(NamedTuple):
    """``field``, ``sign`` and ``push`` (n,); ``products`` is the ``state`` of ``terms_fields``."""

    field: Any
    sign: Any
    push: Any
    products: Any


@njit(cache=True, nogil=True)
def _begin(pairs, terms, fields, runs, plan):
    next_run(runs, plan)
    load(pairs.linear, pairs.indptr, pairs.col, pairs.weight, runs.best, fields.field, fields.sign)
    runs.energy[NOW] = energy_of(pairs.linear, fields.field, fields.sign)
    load_terms(terms, fields.field, fields.sign, fields.push, fields.products)
    runs.energy[NOW] += energy_of_terms(terms, fields.products)
    runs.energy[BEST] = runs.energy[NOW]


@njit(cache=True, nogil=True)
def search(units, pairs, terms, fields, runs, plan):
    """Take steps that look at ``units`` bits in all (rounded up to a step), from where the state stands."""
    field, sign, push, gain = fields.field, fields.sign, fields.push, runs.gain
    indptr, col, weight = pairs.indptr, pairs.col, pairs.weight
    n, done = len(sign), 0
    while done < units:
        if over(runs):
            _begin(pairs, terms, fields, runs, plan)
        for i in range(n):
            gain[i] = sign[i] * field[i] + push[i]
        k = choose(runs, plan)
        on = sign[k] > 0
        turn_terms(terms, field, sign, push, fields.products, k, on)
        turn(indptr, col, weight, field, k, on)
        sign[k] = -sign[k]
        note(runs, sign)
        done += n
    return done
