"""What the moves of ``activities_chain`` would cost at a point, prices included: temperatures are told from them."""

from __future__ import annotations

from numba import njit

from qopt.kernels.activities import exchange_price, flip_price, shift_price
from qopt.kernels.activities_chain import exchange_gain, joint, pair_of_row
from qopt.kernels.rng import below


@njit(cache=True, nogil=True)
def singles(problem, state, stride, out):
    """Write what every ``stride``-th flip or shift costs, or swap in a square, to ``out``; returns how many.

    Moves are numbered in the order of a sweep. The chain is left as it is.
    """
    layout, field, sign, ledger = problem.layout, state.field, state.sign, state.ledger
    c, r, terms = problem.couplings, problem.rows, problem.terms
    indptr, col, weight, deep = c.indptr, c.col, c.weight, len(terms.weight) > 0
    at, row, value = r.at, r.row, r.value
    count, number = 0, 0
    for k in range(layout.free[0]):
        if number % stride == 0 and count < len(out):
            out[count] = sign[k] * field[k] + state.push[k]
            out[count] += flip_price(at, row, value, ledger, k, sign[k])
            count += 1
        number += 1
    for k in range(len(layout.set_start) - 1):
        on = state.chosen[k]
        for b in range(layout.set_start[k], layout.set_start[k + 1]):
            if b != on and number % stride == 0 and count < len(out):
                out[count] = field[b] - field[on]
                out[count] += shift_price(at, row, value, ledger, on, b)
                count += 1
            number += b != on
    for q in range(len(layout.side)):
        first, start, side = layout.row_start[q], layout.square_start[q], layout.side[q]
        for above in range(side):
            for under in range(above + 1, side):
                if number % stride == 0 and count < len(out):
                    a, b = state.place[first + above], state.place[first + under]
                    off_a, off_b = start + above * side + a, start + under * side + b
                    on_a, on_b = start + above * side + b, start + under * side + a
                    out[count] = exchange_gain(
                        indptr, col, weight, terms, deep, field, sign, off_a, off_b, on_a, on_b, False
                    )
                    out[count] += exchange_price(at, row, value, ledger, off_a, off_b, on_a, on_b)
                    count += 1
                number += 1
    return count


@njit(cache=True, nogil=True)
def trades(problem, state, out):
    """Write what as many random trades of bits and of sets cost to ``out``; returns how many were no misses."""
    layout, field, sign, ledger, random = problem.layout, state.field, state.sign, state.ledger, state.random
    c, r, terms = problem.couplings, problem.rows, problem.terms
    indptr, col, weight, deep = c.indptr, c.col, c.weight, len(terms.weight) > 0
    at, row, value, free, edge, chosen = r.at, r.row, r.value, layout.free[0], layout.set_start, state.chosen
    sets = len(edge) - 1
    count = 0
    for number in range(len(out)):
        if free and (number % 2 or sets < 2):
            off, on = pair_of_row(at, row, r.start, r.bit, sign, free, random)
            if off >= 0:
                out[count] = field[on] - field[off] - joint(indptr, col, weight, terms, deep, sign, off, on)
                out[count] += shift_price(at, row, value, ledger, off, on)
                count += 1
        elif sets > 1:
            k, other = below(random, sets), below(random, sets)
            a, b = chosen[k] - edge[k], chosen[other] - edge[other]
            if a != b and edge[k + 1] - edge[k] == edge[other + 1] - edge[other]:
                off_a, off_b, on_a, on_b = chosen[k], chosen[other], edge[k] + b, edge[other] + a
                out[count] = exchange_gain(
                    indptr, col, weight, terms, deep, field, sign, off_a, off_b, on_a, on_b, True
                )
                out[count] += exchange_price(at, row, value, ledger, off_a, off_b, on_a, on_b)
                count += 1
    return count
